"""The pool of the writers: full requests, each Account in one request at a time, and what does not fill one last."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.codes import Outcome
from connector.core.deciding.match import Match
from connector.core.writing.pack import MAX_BYTES, RequestFill
from connector.engine.decider import Mail
from connector.engine.writers import MOST_BYTES, MOST_MAILS, MailWriter, WritePool
from connector.errors import MessageError, OrgFaultError
from connector.model.mail import Party, Role
from connector.model.org import ClientObject, Hit
from connector.model.records import Row, RowError, RowResult
from connector.model.run import EventRecord
from connector.model.values import NormalAddress, RecordId
from tests.support.builders import stored
from tests.support.fake_org import FakeOrg
from tests.support.fakes import FakeTenant
from tests.unit.engine.contexts import context_of
from tests.unit.engine.filing import OWNER, SETTINGS, Filing, attached, copy_in

OBJECTS = ("Email__c", "Email_Participant__c", "Email_Participant__c", "Task")
EMAIL = RecordId("a0E000000000001AAA")


def contact(name: str, account: str | None = None) -> Match:
    """A participant that is a Contact, with its Account."""
    hit = Hit(object=ClientObject.CONTACT, id=RecordId(name), account=None if account is None else RecordId(account))
    return Match(party=Party(address=NormalAddress(name), name="", role=Role.FROM), contacts=(hit,))


def mail(number: int, *matches: Match, size: int = 1_000, objects: Sequence[str] = OBJECTS) -> Mail:
    """A completed mail with the usual rows."""
    made = Mail([copy_in(number)], f"{number:032d}", None, matches, OWNER)
    made.rows = tuple(
        Row(object=name, key_field="Key__c", key=f"{number}:{place}", fields={}) for place, name in enumerate(objects)
    )
    made.size = size
    return made


def of_account(number: int, account: str, **how: int) -> Mail:
    return mail(number, contact(f"contact {number}", account), **how)


def pool_of(*mails: Mail) -> WritePool:
    pool = WritePool()
    pool.put(mails)
    return pool


def keys(mails: Sequence[Mail]) -> list[str]:
    return [each.key for each in mails]


# -- a request's worth ------------------------------------------------------------------------------------------------


def test_nothing_is_taken_before_it_fills_a_request_unless_nothing_more_comes() -> None:
    mails = [of_account(number, f"account {number:03d}") for number in range(200)]  # fills one to the last row
    pool = pool_of(*mails)
    assert pool.take(partly=False) == []
    assert keys(pool.take(partly=True)) == keys(mails)
    assert not pool


def test_a_request_is_as_full_as_it_can_be_and_the_rest_goes_on() -> None:
    mails = [of_account(number, f"account {number:03d}") for number in range(450)]
    pool = pool_of(*mails)
    taken = [pool.take(partly=False), pool.take(partly=False), pool.take(partly=False), pool.take(partly=True)]
    assert [len(each) for each in taken] == [200, 200, 0, 50]
    assert keys([each for request in taken for each in request]) == keys(mails)


def test_mails_go_in_the_order_of_their_accounts() -> None:
    accounts = ["C", "A", "B", "A", "C"]
    pool = pool_of(*(of_account(number, account) for number, account in enumerate(accounts)))
    assert [each.sort_key[0] for each in pool.take(partly=True)] == ["A", "A", "B", "C", "C"]


def test_a_request_is_closed_by_its_bytes() -> None:
    third = MAX_BYTES // 3
    pool = pool_of(*(of_account(number, f"account {number}", size=third) for number in range(5)))
    assert [len(pool.take(partly=False)), len(pool.take(partly=False)), len(pool.take(partly=True))] == [3, 0, 2]


def test_a_mail_that_is_more_than_a_request_goes_alone() -> None:
    """The writer below divides it; nothing is packed beside it."""
    pool = pool_of(of_account(1, "A", size=MAX_BYTES + 1), of_account(2, "B"))
    assert keys(pool.take(partly=False)) == keys([mail(1)])
    assert keys(pool.take(partly=True)) == keys([mail(2)])


# -- whose Accounts ---------------------------------------------------------------------------------------------------


def test_an_account_that_is_being_written_is_in_no_second_request() -> None:
    pool = pool_of(of_account(1, "A"))
    first = pool.take(partly=True)
    pool.put([of_account(2, "A"), of_account(3, "B")])
    assert keys(pool.take(partly=True)) == keys([mail(3)])
    assert pool.take(partly=True) == []
    assert pool
    pool.written(first)
    assert keys(pool.take(partly=True)) == keys([mail(2)])


def test_every_account_and_contact_of_a_mail_is_locked_not_the_first_alone() -> None:
    pool = pool_of(mail(1, contact("ann", "A"), contact("bea", "B"), contact("cid")))
    first = pool.take(partly=True)
    pool.put([of_account(2, "B"), mail(3, contact("cid")), mail(4, contact("dan", "D"))])
    assert keys(pool.take(partly=True)) == keys([mail(4)])
    pool.written(first)
    assert sorted(keys(pool.take(partly=True))) == keys([mail(2), mail(3)])


def test_mail_of_nobody_locks_nothing() -> None:
    pool = pool_of(mail(1))
    assert len(pool.take(partly=True)) == 1
    pool.put([mail(2)])
    assert len(pool.take(partly=True)) == 1


def test_what_is_free_and_fills_no_request_waits_though_the_pool_holds_more_than_one() -> None:
    pool = pool_of(of_account(0, "A"))
    first = pool.take(partly=True)
    pool.put([of_account(number, "A") for number in range(1, 300)])
    pool.put([of_account(300, "B")])
    assert pool.take(partly=False) == []
    pool.written(first)
    assert len(pool.take(partly=False)) == 200


# -- how much may wait ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "size"), [(MOST_MAILS, 10), (10, MOST_BYTES // 10)])
def test_it_has_room_until_so_many_mails_or_bytes_wait(number: int, size: int) -> None:
    mails = [of_account(each, f"account {each:04d}", size=size) for each in range(number)]
    pool = pool_of(*mails[:-1])
    assert pool.has_room
    pool.put(mails[-1:])
    assert not pool.has_room
    assert pool.take(partly=True)
    assert pool.has_room


@settings(deadline=None, max_examples=60)
@given(
    accounts=st.lists(st.lists(st.integers(0, 12), max_size=3), min_size=1, max_size=80),
    size=st.sampled_from([1_000, MAX_BYTES // 7, MAX_BYTES // 2]),
    writers=st.integers(1, 4),
    order=st.randoms(use_true_random=False),
)
def test_whatever_the_order_each_mail_goes_once_and_no_two_requests_share_a_lock(
    accounts: list[list[int]], size: int, writers: int, order: Random
) -> None:
    waiting = [
        mail(number, *(contact(f"of {each}", f"account {each}") for each in own), size=size)
        for number, own in enumerate(accounts)
    ]
    expected, pool = sorted(keys(waiting)), WritePool()
    under_way: list[list[Mail]] = []
    written: list[Mail] = []
    while waiting or pool or under_way:
        if waiting:
            count = order.randrange(len(waiting)) + 1
            pool.put(waiting[:count])
            del waiting[:count]
        while len(under_way) < writers and (taken := pool.take(partly=not waiting)):
            locks = set().union(*(each.locks for each in taken))
            assert all(locks.isdisjoint(each.locks) for request in under_way for each in request)
            fill = RequestFill()
            for each in taken:
                fill.take(each.rows, each.size)
            assert not fill.is_over
            under_way.append(taken)
        if under_way:
            done = under_way.pop(order.randrange(len(under_way)))
            pool.written(done)
            written += done
    assert sorted(keys(written)) == expected


# -- outcomes ---------------------------------------------------------------------------------------------------------


class Sink:
    """RecordSink: answers as it is told, else every row is new."""

    def __init__(self, filing: Filing) -> None:
        self.files = filing.shelf
        self.written: list[list[str]] = []
        self.refused: dict[str, RowError] = {}
        self.existing: set[str] = set()
        self.fault: OrgFaultError | None = None

    def write(self, mails: Sequence[Sequence[Row]], *, event: EventRecord) -> list[list[RowResult]]:
        assert event.key == "run-1"
        if self.fault is not None:
            raise self.fault
        self.written += [[row.key for row in rows] for rows in mails]
        return [[self._result(row) for row in rows] for rows in mails]

    def _result(self, row: Row) -> RowResult:
        error = self.refused.get(row.key)
        return RowResult(row=row, id=None if error else EMAIL, existed=row.key in self.existing, error=error)


class Writing:
    """A writer, its sink and what it counts."""

    def __init__(self) -> None:
        self.filing = Filing()
        self.sink, self.ledger = Sink(self.filing), self.filing.ledger
        org = FakeOrg()
        org.settings = SETTINGS
        self.files = self.filing.store()
        context = context_of(org.read(), source=FakeTenant(), directory=org, ledger=self.ledger)
        self.returned: list[Mail] = []
        self.writer = MailWriter(
            context, self.sink, self.files, lambda: EventRecord(key="run-1", fields={}), again=self.returned.append
        )

    def outcomes(self) -> dict[Outcome, int]:
        return {outcome: number for outcome, number in self.ledger.by_outcome().items() if number}


@pytest.fixture
def writing() -> Writing:
    return Writing()


def test_what_failed_or_needs_no_row_has_its_outcome_without_a_request(writing: Writing) -> None:
    failed, complete, other = of_account(1, "A"), of_account(2, "A"), of_account(3, "A")
    failed.error, complete.rows = MessageError("odd", code="GRAPH_400"), ()
    complete.stored = stored()
    assert writing.writer.settle([failed, complete, other]) == [other]
    assert writing.outcomes() == {Outcome.FAILED: 1, Outcome.DUPLICATE: 1}
    assert writing.sink.written == []


def test_a_mail_is_matched_its_further_copies_are_duplicates_and_its_rows_are_let_go(writing: Writing) -> None:
    one, unmatched = of_account(1, "A"), mail(2)
    one.copies.append(copy_in(7))
    writing.writer.write([one, unmatched])
    assert writing.outcomes() == {Outcome.MATCHED: 1, Outcome.DUPLICATE: 1, Outcome.UNMATCHED_KEPT: 1}
    assert (writing.ledger.emails, writing.ledger.participants, writing.ledger.tasks) == (2, 4, 2)
    assert one.rows == unmatched.rows == ()


def test_a_mail_that_another_run_wrote_meanwhile_is_a_duplicate(writing: Writing) -> None:
    writing.sink.existing = {"1:0"}
    writing.writer.write([of_account(1, "A")])
    assert writing.outcomes() == {Outcome.DUPLICATE: 1}


def test_a_row_that_is_refused_fails_its_mail_alone_and_names_the_record_that_stands(writing: Writing) -> None:
    writing.sink.refused = {"1:3": RowError(code="CUSTOM_VALIDATION", message="No.")}
    writing.writer.write([of_account(1, "A"), of_account(2, "A")])
    assert writing.outcomes() == {Outcome.FAILED: 1, Outcome.MATCHED: 1}
    [failure] = writing.ledger.failures_now().values()
    assert (failure.code, failure.email) == ("CUSTOM_VALIDATION", EMAIL)
    assert failure.text.startswith("Task: No.")


def test_what_was_written_before_the_org_failed_is_counted(writing: Writing) -> None:
    row = of_account(1, "A").rows[0]
    writing.sink.fault = OrgFaultError("away")
    writing.sink.fault.written = [RowResult(row=row, id=EMAIL)]
    with pytest.raises(OrgFaultError):
        writing.writer.write([of_account(1, "A")])
    assert (writing.ledger.emails, writing.outcomes()) == (1, {})


def test_the_files_of_a_mail_begin_once_its_rows_are_there(writing: Writing) -> None:
    one = of_account(1, "A")
    one.listed = (attached("a.pdf"),)
    refused = of_account(2, "A")
    refused.listed, writing.sink.refused = one.listed, {"2:0": RowError(code="X", message="No.")}
    with writing.files:
        writing.writer.write([one, refused])
        writing.files.finish()
    [file] = writing.filing.shelf.files.values()
    assert (file.email, file.name) == (EMAIL, "a.pdf")


RULE = RowError(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="No.", by_rule=True)
GONE = RowError(code="ENTITY_IS_DELETED", message="weg", named_is_gone=True, by_rule=True)


def test_a_refusal_stays_open_until_a_row_of_its_object_is_taken(writing: Writing) -> None:
    """It may be the first of many, by which the org shows a fault of its own: no window of it is closed before."""
    writing.sink.refused = {"2:3": RULE}
    writing.writer.write([of_account(1, "A"), of_account(2, "A")])
    assert writing.outcomes() == {Outcome.MATCHED: 1}
    writing.writer.write([mail(3, objects=OBJECTS[:3])])
    assert writing.outcomes() == {Outcome.MATCHED: 1, Outcome.UNMATCHED_KEPT: 1}
    writing.writer.write([of_account(4, "A")])
    assert writing.outcomes() == {Outcome.MATCHED: 2, Outcome.UNMATCHED_KEPT: 1, Outcome.FAILED: 1}


def test_what_was_refused_last_fails_at_the_end_and_comes_again_each_day(writing: Writing) -> None:
    writing.sink.refused = {"1:3": RULE}
    writing.writer.write([of_account(1, "A")])
    writing.writer.finish()
    assert writing.outcomes() == {Outcome.FAILED: 1}
    [failure] = writing.ledger.failures_now().values()
    assert (failure.by_rule, failure.transient) == (True, False)


@pytest.mark.parametrize("row", ["1:1", "1:3"])
def test_a_mail_whose_client_was_deleted_meanwhile_is_matched_again_once(writing: Writing, row: str) -> None:
    writing.sink.refused = {row: GONE}
    one = of_account(1, "A")
    rows = one.rows
    writing.writer.write([one])
    assert (writing.returned, writing.outcomes()) == ([one], {})
    one.rows = rows
    writing.writer.write([one])
    writing.writer.finish()
    assert (writing.returned, writing.outcomes()) == ([one], {Outcome.FAILED: 1})


def test_a_mail_that_was_matched_again_is_no_duplicate_of_itself(writing: Writing) -> None:
    writing.sink.refused = {"1:1": GONE}
    writing.writer.write([of_account(1, "A")])
    again = mail(1, objects=OBJECTS[1:2])
    again.stored, writing.sink.refused = stored(key=again.key), {}
    writing.writer.write([again])
    assert writing.outcomes() == {Outcome.UNMATCHED_KEPT: 1}
