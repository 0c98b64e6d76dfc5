"""Matches, and the mail that they make."""

from typing import Any

from connector.core.deciding.match import Match
from connector.core.writing.body import Body
from connector.core.writing.records import build
from connector.model.mail import Direction, Header, Party, Role
from connector.model.org import ClientObject, Hit, Org
from connector.model.records import DesiredEmail
from connector.model.values import NormalAddress, RecordId
from tests.support.builders import NOW, header, settings

KEY = "0123456789abcdef0123456789abcdef"
OWNER = RecordId("005000000000001AAA")
AUDIT = {
    "CreatedDate": NOW,
    "CreatedById": OWNER,
    "LastModifiedDate": NOW,
    "LastModifiedById": OWNER,
}
ORG = Org(id="00D000000000001EAA")


def contact(number: int, account: int | None = None) -> Hit:
    owned = None if account is None else account_id(account)
    return Hit(object=ClientObject.CONTACT, id=RecordId(f"003{number:012d}AAA"), account=owned)


def account(number: int) -> Hit:
    return Hit(object=ClientObject.ACCOUNT, id=account_id(number))


def account_id(number: int) -> RecordId:
    return RecordId(f"001{number:012d}AAA")


def match(address: str, *hits: Hit, role: Role = Role.TO, name: str = "") -> Match:
    return Match(
        party=Party(address=NormalAddress(address), name=name, role=role),
        contacts=tuple(hit for hit in hits if hit.object == ClientObject.CONTACT),
        accounts=tuple(hit for hit in hits if hit.object == ClientObject.ACCOUNT),
    )


def desired(*matches: Match, copies: tuple[Header, ...] = (), org: Org = ORG, **fields: Any) -> DesiredEmail:
    copies = copies or (header(subject="Your portfolio"),)
    plain: dict[str, Any] = {
        "copies": copies,
        "key": KEY,
        "chosen": copies[0],
        "body": Body("<p>Hello</p>"),
        "matches": matches,
        "settings": settings(unmatched_retention_days=30),
        "org": org,
        "owner": OWNER,
        "event_key": "2026-03-02T12:00:00Z-1",
        "sent_at": NOW,
        "created_at": NOW,
        "direction": Direction.INBOUND,
    }
    return build(**{**plain, **fields})


# -- owner and direction ----------------------------------------------------------------------------------------------

ADA, BEN, CAS = (RecordId(f"00500000000000{number}AAA") for number in range(1, 4))
