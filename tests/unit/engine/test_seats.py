"""Who is read at all: the link, its user, the permission set, and the seats, which are kept by age."""

import pytest

from connector.engine.mailboxes import not_linked_reason, seated_users
from connector.model.org import Mailbox, Org, Setup
from connector.model.values import RecordId
from tests.support.builders import NOW, at, mailbox, settings

ADA, BEN, CAS = (RecordId(f"005{number:012d}AAA") for number in (1, 2, 3))


def box(user: RecordId, *, days: float, **fields: object) -> Mailbox:
    return mailbox(id=RecordId(f"a0M{user[14:15]}{abs(days):011.0f}AAA"), user=user, created_at=at(days=days), **fields)


def setup(*boxes: Mailbox, licensed: int | None = None) -> Setup:
    return Setup(
        now=NOW,
        settings=settings(licensed_users=licensed),
        org=Org(id="00D"),
        exclusions=(),
        mailboxes=boxes,
        sync_users=frozenset({ADA, BEN, CAS}),
        integration_user=RecordId("005000000000099AAA"),
    )


def test_a_mailbox_of_a_user_who_left_is_not_read() -> None:
    left = box(ADA, days=-1, user_active=False)
    reason = not_linked_reason(left, setup(left), None)
    assert reason is not None
    assert "not active in Salesforce" in reason


@pytest.mark.parametrize(("seats", "seated"), [(1, {CAS}), (2, {CAS, ADA}), (3, {CAS, ADA, BEN})])
def test_seats_go_by_the_age_of_the_row_not_by_the_user(seats: int, seated: set[RecordId]) -> None:
    of = setup(box(ADA, days=-2), box(BEN, days=-1), box(CAS, days=-3), licensed=seats)
    assert seated_users(of) == seated


def test_a_user_has_the_seat_of_the_first_of_several_rows() -> None:
    of = setup(box(ADA, days=-3), box(BEN, days=-2), box(ADA, days=-1), licensed=1)
    assert seated_users(of) == {ADA}
