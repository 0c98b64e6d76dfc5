"""Generated mail of a small firm: ordinary mail and everything that is odd about mail, in several mailboxes."""

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from connector.model.mail import Header, Recipient
from connector.model.org import ClientObject, Exclusion, Hit, MatchTies, SyncSettings
from connector.model.values import RecordId
from connector.operations.explain import Explanation, explain
from tests.support import builders
from tests.support.builders import at, exclusion, internal
from tests.support.fakes import INBOX, JUNK
from tests.support.firm import CLIENT, STRANGER, Firm

OWNERS = ("ada", "bob")
ADDRESSES = (
    "ada@firm.example",
    "bob@firm.example",
    "boss@mail.firm.example",
    CLIENT,
    " Client@CLIENT.example ",
    "spouse@client.example",
    "two@shared.example",
    STRANGER,
    "news@list.example",
    "mum@private.example",
    "/O=FIRM/OU=EX/CN=RECIPIENTS/CN=ADA",
    "client@münchen.example",
    "",
)
_USERS = {name: RecordId(f"005{number:012d}AAA") for number, name in enumerate(OWNERS, start=1)}
RULES = (
    exclusion("*@list.example"),
    exclusion("spouse@client.example"),
    exclusion("*@private.example", "Personal Address", user=_USERS["ada"]),
    exclusion("client@client.example", "Personal Address", user=_USERS["bob"]),
    exclusion("who@*", removed_at=at(days=-10)),
    internal("shared.example", removed_at=at(days=-3)),
)

people = st.builds(Recipient, name=st.sampled_from(("", "A Name")), address=st.sampled_from(ADDRESSES))
_one = st.one_of(st.none(), people)
_some = st.lists(people, max_size=3).map(tuple)
#: a plain mail of a client to the owner of the mailbox is as likely as all oddities together
_to_owner = st.booleans()


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    """A message of a mailbox, by the arguments of `Firm.mail`."""
    owner, days = draw(st.sampled_from(OWNERS)), draw(st.sampled_from((1 / 24, 0.5, 1.0, 5.0, 19.0, 21.0, 27.0, 200.0)))
    to = draw(_some)
    if draw(_to_owner):
        to = (Recipient(address=f"{owner}@firm.example"), *to)
    received = at(days=-days)
    sent = draw(st.sampled_from((received, received, received, None, at(days=900), at(days=-20_000))))
    return {
        "name": owner,
        "from_": draw(st.one_of(st.sampled_from((CLIENT, STRANGER, "ada@firm.example")), _one)),
        "sender": draw(st.one_of(st.none(), _one)),
        "to": to,
        "cc": draw(_some),
        "bcc": draw(st.one_of(st.just(()), _some)),
        "message_id": draw(st.sampled_from(("<a@x.example>", "<b@x.example>", "<no-at-sign>", "", "", None))),
        "received_at": received,
        "sent_at": sent,
        "folder": draw(st.sampled_from((INBOX, INBOX, INBOX, JUNK))),
        "is_draft": draw(st.sampled_from((False,) * 7 + (True,))),
        "categories": draw(st.sampled_from(((),) * 4 + (("Red",), ("  do NOT sync ", "Red")))),
        "subject": draw(st.sampled_from(("", "Hello", "A\nB"))),
    }


@dataclass
class Case:
    """A firm before its first run: settings, rules and mail."""

    settings: SyncSettings
    rules: list[Exclusion]
    mail: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)

    def firm(self) -> Firm:
        """It, furnished anew: with the same mail, by the same ids."""
        firm = Firm()
        firm.org.settings = self.settings
        firm.org.exclusions += self.rules
        shared = Hit(object=ClientObject.ACCOUNT, id=RecordId("001000000000009AAA"))
        firm.org.client(shared, "two@shared.example", "client@xn--mnchen-3ya.example")
        self.headers = [firm.mail(id=f"m{number}", **mail) for number, mail in enumerate(self.mail)]
        return firm


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any firm."""
    settings = builders.settings(
        keep_unmatched=draw(st.booleans()),
        sync_bcc=draw(st.booleans()),
        match_ties=draw(st.sampled_from(MatchTies)),
        backfill_months=1,
        unmatched_retention_days=20,
    )
    rules = draw(st.lists(st.sampled_from(RULES), unique_by=lambda rule: rule.id))
    mail = draw(st.lists(messages(), min_size=1, max_size=12))
    numbered = [
        {**one, "message_id": f"<{n}@x.example>"} if one["message_id"] == "" else one for n, one in enumerate(mail)
    ]
    return Case(settings=settings, rules=rules, mail=numbered)


def explained(firm: Firm, header: Header) -> Explanation:
    """What `explain` says of a message."""
    box = firm.org.mailboxes[header.mailbox]
    return explain(firm.org, firm.tenant, firm.org, upn=box.user_principal_name, message=header.id)


def placed(header: Header) -> tuple[RecordId, str]:
    """Where a message lies."""
    return header.mailbox, header.id


def without_address(recipient: Recipient) -> Recipient:
    """A name alone."""
    return replace(recipient, address="")
