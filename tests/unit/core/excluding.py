"""A mailbox, and what the rules decide of a mail in it."""

from typing import Any

from connector.core.deciding.address import normalise
from connector.core.deciding.exclude import MailboxView, compile_rules, decide
from connector.model.mail import Decision, Header
from connector.model.org import Exclusion
from connector.model.values import RecordId
from tests.support import builders
from tests.support.builders import internal

ADA = RecordId("005000000000001AAA")
BOB = RecordId("005000000000002AAA")
BOX = MailboxView(
    id=RecordId("a0M000000000001AAA"),
    user=ADA,
    addresses=frozenset({normalise("adviser@firm.example"), normalise("ada@firm.example")}),
)
PERSONAL = "Personal Address"


def decision(mail: Header, *rules: Exclusion, box: MailboxView = BOX, **more: Any) -> Decision:
    arguments: dict[str, Any] = {
        "folder_reason": None,
        "bcc_by_group": None,
        "linked": frozenset(BOX.addresses),
        "settings": builders.settings(),
        **more,
    }
    return decide(mail, box, compile_rules((internal(), *rules)), **arguments)
