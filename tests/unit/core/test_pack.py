import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.writing.pack import PackedRequest, PackRow, RequestFill, halves, pack
from connector.model.records import Row
from connector.model.values import RecordId

EMAIL, PARTICIPANT, TASK = "Email__c", "Email_Participant__c", "Task"
ORDER = (EMAIL, PARTICIPANT, TASK)


def row(mail: int, name: str, number: int = 0, *, update: bool = False, size: int = 500) -> PackRow:
    record = RecordId(f"a0E{mail:06d}{number:06d}AAA") if update else None
    return PackRow(
        mail=mail,
        size=size,
        row=Row(object=name, key_field="Key__c", key=f"{mail}:{name}:{number}", fields={}, id=record),
    )


def mail(number: int, participants: int = 2, tasks: int = 1, *, size: int = 500) -> list[PackRow]:
    children = [row(number, PARTICIPANT, n) for n in range(participants)] + [row(number, TASK, n) for n in range(tasks)]
    return [row(number, EMAIL, size=size), *children]


def sent(requests: list[PackedRequest]) -> list[PackRow]:
    return [row for request in requests for row in request.rows]


def test_two_hundred_mails_of_the_usual_mix_are_one_request() -> None:
    mails = [mail(number, participants=2, tasks=2 if number % 5 == 0 else 1) for number in range(1_000)]
    requests = pack(mails)
    assert len(requests) == 5
    shape = [(c.object, c.is_update, len(c.rows)) for c in requests[0].collections]
    assert shape == [
        (EMAIL, False, 200),
        (PARTICIPANT, False, 200),
        (PARTICIPANT, False, 200),
        (TASK, False, 200),
        (TASK, False, 40),
    ]


def test_a_mail_that_does_not_fit_waits_for_the_next_request() -> None:
    first, second = pack([mail(0, 3, 1), mail(1, 3, 1)], max_collections=3, max_rows=4)
    assert {row.mail for row in first.rows} == {0}
    assert {row.mail for row in second.rows} == {1}


def test_a_mail_with_too_many_children_goes_on_in_the_next_request() -> None:
    requests = pack([mail(0, participants=1_100, tasks=300)])
    assert [[(c.object, len(c.rows)) for c in request.collections] for request in requests] == [
        [(EMAIL, 1), *[(PARTICIPANT, 200)] * 4],
        [(PARTICIPANT, 200), (PARTICIPANT, 100), (TASK, 200), (TASK, 100)],
    ]


def test_a_request_is_closed_at_its_size_and_a_row_beyond_it_goes_alone() -> None:
    mails = [mail(0, 0, 0, size=60), mail(1, 0, 0, size=60), mail(2, 0, 0, size=500), mail(3, 0, 0, size=10)]
    assert [[row.mail for row in request.rows] for request in pack(mails, max_bytes=100)] == [[0], [1], [2], [3]]


def test_updates_fill_what_inserts_leave() -> None:
    mails = [mail(number) for number in range(10)] + [[row(number, EMAIL, update=True)] for number in range(10, 20)]
    (request,) = pack(mails[::-1])
    assert [(c.object, c.is_update, len(c.rows)) for c in request.collections] == [
        (EMAIL, False, 10),
        (PARTICIPANT, False, 20),
        (TASK, False, 10),
        (EMAIL, True, 10),
    ]


def test_inserts_go_before_updates() -> None:
    first, second = pack([[row(0, EMAIL, update=True)], mail(1, 0, 0)], max_collections=1)
    assert [row.mail for row in sent([first, second])] == [1, 0]


def test_nothing_is_packed_into_nothing() -> None:
    assert pack([]) == []
    assert pack([[], []]) == []
    with pytest.raises(ValueError, match="room for a row"):
        pack([mail(0)], max_rows=0)


mixes = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 6), st.integers(0, 2), st.integers(1, 300)), max_size=25
).map(
    lambda shapes: [
        mail(number, participants, tasks, size=size)
        + [row(number, name, 100 + n, update=True) for n in range(updates) for name in (PARTICIPANT, EMAIL)]
        for number, (participants, tasks, updates, size) in enumerate(shapes)
    ]
)
limits = st.fixed_dictionaries(
    {"max_collections": st.integers(1, 5), "max_rows": st.integers(1, 8), "max_bytes": st.integers(1, 8_000)}
)


@given(mixes, limits)
def test_nothing_is_lost_or_doubled_and_every_limit_holds(mails: list[list[PackRow]], most: dict[str, int]) -> None:
    requests = pack(mails, **most)
    everything = [row for rows in mails for row in rows]
    assert sorted(map(id, sent(requests))) == sorted(map(id, everything))
    for request in requests:
        assert 0 < len(request.collections) <= most["max_collections"]
        assert request.size <= most["max_bytes"] or len(request.rows) == 1
        for collection in request.collections:
            assert 0 < len(collection.rows) <= most["max_rows"]
            assert {(row.row.object, row.is_update) for row in collection.rows} == {
                (collection.object, collection.is_update)
            }


def assert_parents_first(rows: list[PackRow]) -> None:
    position = {id(row): index for index, row in enumerate(rows)}
    inserts = [row for row in rows if not row.is_update]
    parents = {row.mail: position[id(row)] for row in inserts if row.row.object == EMAIL}
    for child in inserts:
        if child.row.object != EMAIL:
            assert parents[child.mail] < position[id(child)]


@given(mixes, limits)
def test_no_child_goes_before_its_parent(mails: list[list[PackRow]], most: dict[str, int]) -> None:
    assert_parents_first(sent(pack([rows[::-1] for rows in mails], **most)))


@given(mixes)
def test_halves_hold_the_same_rows_in_a_good_order(mails: list[list[PackRow]]) -> None:
    for request in pack(mails, max_rows=7):
        first, second = halves(request)
        assert sorted(map(id, (*first.rows, *second.rows))) == sorted(map(id, request.rows))
        assert bool(second) == (len(request.rows) > 1)
        assert first
        for half in (first, second):
            assert len(half.collections) <= len(request.collections)
            assert all(len(collection.rows) <= 7 for collection in half.collections)
        here = [row for row in sent([first, second]) if any(r.row.object == EMAIL for r in request.rows)]
        whole = {row.mail for row in here if row.row.object == EMAIL and not row.is_update}
        assert_parents_first([row for row in here if row.mail in whole])
        # down to single rows in the end, so that halving always stops
        while second:
            first, second = halves(first)
        assert len(first.rows) == 1


def test_halves_split_between_mails() -> None:
    (request,) = pack([mail(0, 4, 1), mail(1), mail(2)])
    first, second = halves(request)
    assert [{row.mail for row in half.rows} for half in (first, second)] == [{0}, {1, 2}]


# -- how full a request is ------------------------------------------------------------------------------------------


def rows(packed: list[PackRow]) -> list[Row]:
    return [each.row for each in packed]


def test_a_fill_takes_as_many_collections_of_two_hundred_rows_as_a_request_has() -> None:
    fill = RequestFill()
    for number in range(200):  # one Collection of each object
        fill.take(rows(mail(number, participants=1, tasks=1)), 10)
    assert fill.fits(rows(mail(200, participants=0, tasks=0)), 10)  # a second one of Email__c
    assert fill.fits(rows(mail(200, participants=1, tasks=0)), 10)  # and of participants
    assert not fill.fits(rows(mail(200, participants=1, tasks=1)), 10)  # and a sixth
    assert not fill.is_over
    fill.take(rows(mail(200, participants=1, tasks=1)), 10)
    assert fill.is_over


def test_a_fill_keeps_inserts_and_updates_apart() -> None:
    fill = RequestFill(max_collections=1)
    fill.take([row(0, EMAIL).row], 10)
    assert fill.fits([row(1, EMAIL).row], 10)
    assert not fill.fits([row(1, EMAIL, update=True).row], 10)


def test_a_fill_is_over_beyond_its_bytes_and_not_at_them() -> None:
    fill = RequestFill(max_bytes=100)
    assert fill.fits([row(0, EMAIL).row], 100)
    assert not fill.fits([row(0, EMAIL).row], 101)
    fill.take([row(0, EMAIL).row], 100)
    assert not fill.is_over
    assert not fill.fits([row(1, EMAIL).row], 1)
    fill.take([row(1, EMAIL).row], 1)
    assert fill.is_over


def test_whether_rows_fit_changes_nothing() -> None:
    fill = RequestFill(max_rows=1, max_collections=1)
    assert fill.fits([row(0, EMAIL).row], 10)
    assert fill.fits([row(0, EMAIL).row], 10)
    assert (fill.counts, fill.size) == ({}, 0)
