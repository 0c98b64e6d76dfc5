"""Mailboxes, and the plan of a run over them."""

from typing import Any

from connector.core.deciding.exclude import compile_rules
from connector.engine.mailboxes import (
    MailboxRun,
    ReadLimits,
    plan_mailboxes,
)
from connector.model.org import DirectoryUser, Mailbox, Org, Setup
from connector.model.values import GraphUserId, RecordId
from tests.support.builders import NOW, at, mailbox, settings
from tests.support.fakes import FakeTenant

PACE = ReadLimits(workers=4)
#: timestamps of a mailbox that no sweep is due for
SWEPT: dict[str, Any] = dict.fromkeys(("backfill_from", "backfill_through", "live_from", "swept_through"), at(hours=-1))


def box(number: int, **fields: Any) -> Mailbox:
    """Row `number` with a user, a UPN and an age of its own: the higher the number, the newer."""
    return mailbox(
        **{
            "id": RecordId(f"a0M{number:012d}AAA"),
            "name": f"Adviser {number}",
            "email": f"adviser{number}@firm.example",
            "user_principal_name": f"adviser{number}@firm.example",
            "graph_user_id": GraphUserId(f"user-{number}"),
            "user": RecordId(f"005{number:012d}AAA"),
            "aliases": (),
            "created_at": at(days=number - 100),
            **fields,
        }
    )


def setup(*boxes: Mailbox, licensed: int | None = None, holders: "set[RecordId] | None" = None) -> Setup:
    users = {each.user for each in boxes if each.user is not None}
    return Setup(
        now=NOW,
        settings=settings(licensed_users=licensed),
        org=Org(id="00D"),
        exclusions=(),
        mailboxes=boxes,
        sync_users=frozenset(users if holders is None else holders),
        integration_user=RecordId("005000000000099AAA"),
    )


def plan(
    of: Setup, *, only: "tuple[str, ...]" = (), tenant: "FakeTenant | None" = None, rules: tuple[Any, ...] = ()
) -> dict[RecordId, MailboxRun]:
    assert of.settings is not None
    source = tenant or FakeTenant()
    return plan_mailboxes(of, of.settings, compile_rules(rules), only=only, source=source, pace=PACE)


# -- resolving --------------------------------------------------------------------------------


def user(number: int, **fields: Any) -> DirectoryUser:
    defaults: dict[str, Any] = {
        "id": GraphUserId(f"user-{number}"),
        "user_principal_name": f"adviser{number}@firm.example",
        "mail": f"adviser{number}@firm.example",
        "addresses": (f"adviser{number}@firm.example", f"alias{number}@firm.example"),
        "purpose": "user",
    }
    return DirectoryUser(**{**defaults, **fields})
