"""A window whose list keeps failing: what can be read of it is read, what cannot is named, and reading goes on."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.reading.ladder import MOST_SECONDS, climb, named_second, second_name
from connector.core.reading.walk import PageRequest, Walked
from connector.errors import BrokenListError
from connector.model.mail import Header, Listed, Page
from connector.model.values import MessageId
from tests.support.builders import at
from tests.unit.core.walking import SETTLE, Server, mails, window

BROKEN = BrokenListError("500 InternalServerError")
#: an hour has 12 levels of halves; each takes a failure and the two rounds of the half that can be read
FEW = 100


class Damaged(Server):
    """A list that fails wherever its window holds a bad message; `nameless`: also where ids alone are asked for."""

    bad: frozenset[str] = frozenset()
    nameless: frozenset[str] = frozenset()
    #: pages that are larger time out
    largest: int = 10_000
    is_out: Callable[[int], bool] = lambda _: False

    def serve(self, request: PageRequest) -> Page:
        found = {each.header.id for each in self.items if request.start <= each.header.received_at < request.end}
        broken = self.nameless if request.ids_only else self.bad | self.nameless
        if found & broken or request.top > self.largest or type(self).is_out(len(self.requests)):
            self.requests.append(request)
            raise BROKEN
        page = super().serve(request)
        if not request.ids_only:
            return page
        listed = (Listed(id=each.id, received_at=each.received_at) for each in page.headers)
        return Page(headers=tuple(listed), link=page.link, served_at=page.served_at)


def read(server: Damaged, end: float = 3600) -> Walked:
    pages = climb(window(end=end), settle=SETTLE)
    request = next(pages)
    try:
        while True:
            try:
                page = server.serve(request)
            except BrokenListError as error:
                request = pages.throw(error)
            else:
                request = pages.send(page)
    except StopIteration as done:
        walked: Walked = done.value
        return walked


def damaged(items: list[float], *, bad: set[str] | None = None, nameless: set[str] | None = None) -> Damaged:
    server = Damaged(mails(*items))
    server.bad, server.nameless = frozenset(bad or ()), frozenset(nameless or ())
    return server


def test_a_window_that_can_be_read_is_walked_as_ever() -> None:
    server = damaged([1, 2])
    assert len(read(server).headers) == 2
    assert len(server.requests) == 2
    assert not any(request.once or request.ids_only for request in server.requests)


def test_pages_that_are_too_large_are_made_smaller() -> None:
    server = damaged([*range(0, 300, 3)])
    server.largest = 50
    walked = read(server)
    assert (len(walked.headers), walked.window, walked.unread) == (100, window(), ())


def test_one_bad_message_is_listed_by_its_id_and_all_others_are_read() -> None:
    server = damaged([10, 20, 1000, 1000, 3000], bad={"m2"})
    walked = read(server)
    assert walked.window == window()
    assert {each.id for each in walked.headers if isinstance(each, Header)} == {"m0", "m1", "m4"}
    assert {each.id for each in walked.headers if isinstance(each, Listed)} == {"m2", "m3"}  # of that second
    assert walked.unread == ()
    assert len(server.requests) < FEW


def test_what_cannot_even_be_listed_is_named_by_its_second() -> None:
    walked = read(damaged([10, 1000, 3000], nameless={"m1"}))
    assert {each.id for each in walked.headers} == {"m0", "m2"}
    [unread] = walked.unread
    assert (unread.received_at, named_second(unread.id), unread.error.transient) == (at(1000), at(1000), True)
    assert walked.window == window()


def test_each_request_of_the_ladder_is_sent_once() -> None:
    server = damaged([1000], bad={"m0"})
    read(server)
    assert {request.once for request in server.requests[1:]} == {True}


def test_a_mailbox_that_does_not_answer_at_all_is_out_and_costs_two_more_requests() -> None:
    server = damaged([10])
    with pytest.raises(BrokenListError):
        _out(server, lambda _: True)
    assert len(server.requests) == 3


@pytest.mark.parametrize("begins", range(3, 40, 3))
def test_an_outage_that_begins_meanwhile_is_no_damage(begins: int) -> None:
    """Nothing is named that may be whole, and the window is not closed."""
    server = damaged([10, 1000, 3000], bad={"m1"})
    try:
        walked = _out(server, lambda number: number >= begins)
    except BrokenListError:
        return
    assert walked.unread == ()
    assert {each.id for each in walked.headers} == {"m0", "m1", "m2"}


@pytest.mark.parametrize("begins", range(3, 30))
def test_an_outage_over_a_few_seconds_names_none_of_them(begins: int) -> None:
    server = damaged([1, 3, 5], bad={"m1"})
    try:
        walked = _out(server, lambda number: number >= begins, end=10)
    except BrokenListError:
        return
    assert walked.unread == ()


def test_damage_without_end_is_that_of_the_mailbox() -> None:
    server = damaged([*range(0, 4 * MOST_SECONDS, 2)], nameless={f"m{n}" for n in range(2 * MOST_SECONDS)})
    with pytest.raises(BrokenListError):
        read(server, end=4 * MOST_SECONDS + 10)


@given(
    st.lists(st.integers(0, 599), min_size=1, max_size=12),
    st.sets(st.integers(0, 11), max_size=3),
    st.sets(st.integers(0, 11), max_size=6),
)
def test_whatever_is_bad_all_else_is_read_and_all_that_is_bad_is_told(
    seconds: list[int], bad: set[int], nameless: set[int]
) -> None:
    server = damaged(
        [float(second) for second in seconds], bad={f"m{n}" for n in bad}, nameless={f"m{n}" for n in nameless}
    )
    walked = read(server, end=600)
    assert walked.window == window(end=600)
    told = {each.id for each in walked.headers}
    named = {unread.received_at for unread in walked.unread}
    for item in server.items:
        assert item.header.id in told or item.header.received_at in named
    lost = {seconds[n] for n in nameless if n < len(seconds)}
    assert named == {at(second) for second in lost}


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)))
def test_a_second_has_a_name_that_no_message_has(moment: datetime) -> None:
    second = (at() + timedelta(0)).replace(year=moment.year, month=moment.month, day=min(moment.day, 28))
    assert named_second(second_name(second)) == second.replace(microsecond=0)
    assert named_second(MessageId("AAMkAGI2")) is None
    assert named_second("received:tomorrow") is None


def _out(server: Damaged, when: Callable[[int], bool], end: float = 3600) -> Walked:
    class Out(Damaged):
        is_out = staticmethod(when)

    server.__class__ = Out
    return read(server, end)
