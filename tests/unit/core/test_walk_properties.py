"""Whatever a server does within its promises, every message of a closed window is found once."""

from datetime import datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.model.mail import Header
from connector.model.run import Window
from tests.support.builders import at, header
from tests.unit.core.walking import (
    SETTLE,
    Item,
    Server,
    ids,
    mails,
    now_and_then,
    read,
    window,
)

ITEMS = st.lists(
    st.tuples(
        st.integers(0, 12).map(lambda n: n * n) | st.integers(0, 5),  # second
        st.booleans(),  # hidden
        st.integers(0, 60),  # seconds until it shows
    ),
    max_size=30,
)


def whole(server: Server, asked: Window, top: int, split_at: int) -> tuple[list[Header], datetime]:
    """Walk the window and all its rests; what was found, and up to where."""
    found: list[Header] = []
    through, rest = asked.start, asked
    while True:
        walked = read(server, rest, top=top, split_at=split_at)
        if walked.window is None:
            assert not walked.headers
            return found, through
        assert walked.window.start == through
        assert walked.window.end <= asked.end
        assert all(walked.window.start <= each.received_at < walked.window.end for each in walked.headers)
        assert [each.received_at for each in walked.headers] == sorted(each.received_at for each in walked.headers)
        found += walked.headers
        through = walked.window.end
        if walked.rest is None:
            return found, through
        assert (walked.rest.start, walked.rest.end) == (through, asked.end)
        rest = walked.rest


#: a window that is closed inside its first second, and a link that is missing in the round that follows
CROWDED = [(4, False, 0), (4, False, 0), (4, False, 0), (4, True, 0), (4, False, 0)]


@settings(deadline=None, max_examples=400)
@example([(0, True, 0)] * 3 + [(9, False, 0)] * 5 + CROWDED, 1, 2, [True, True], 64)
@given(ITEMS, st.integers(1, 6), st.integers(1, 40), st.lists(st.booleans(), max_size=12), st.integers(0, 300))
def test_every_message_of_a_closed_window_is_found_once(
    raw: list[tuple[int, bool, int]], top: int, split_at: int, drops: list[bool], clock: int
) -> None:
    """Hidden items, missing links, crowded seconds, mail up to a minute late, an end that has not settled."""
    items = mails(*(second for second, _, _ in raw))
    for item, (_, hidden, delay) in zip(items, raw, strict=True):
        item.hidden = hidden
        item.visible_from = item.header.received_at + timedelta(seconds=delay)
    server = Server(items, now=at(clock), drops=now_and_then(drops))
    found, through = whole(server, window(0, 145), top, split_at)
    expected = [item.header.id for item in items if not item.hidden and item.header.received_at < through]
    assert sorted(ids(found)) == sorted(expected)
    assert through >= min(at(145), max(at(0), at(clock + 1) - SETTLE))


@settings(deadline=None, max_examples=200)
@given(
    ITEMS,
    st.lists(st.integers(0, 12), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 144), st.integers(0, 12)), max_size=4),
    st.integers(1, 6),
)
def test_mail_that_goes_or_comes_under_way_hides_at_most_as_many_as_went(
    raw: list[tuple[int, bool, int]], gone: list[int], late: list[tuple[int, int]], top: int
) -> None:
    """Links count items, so a deletion can hide one message; an arrival only shows some twice."""
    items = mails(*(second for second, _, _ in raw))
    for item, page in zip(items, gone, strict=False):
        item.gone_at_page = page
    server = Server(items)
    for number, (second, page) in enumerate(late):
        shows = server.now + timedelta(seconds=page)
        server.items.append(Item(header(received_at=at(second), id=f"late{number}"), visible_from=shows))
    found, through = whole(server, window(0, 145), top, 2000)
    assert through == at(145)
    assert len(set(ids(found))) == len(found)
    staying = {item.header.id for item in items if item.gone_at_page is None and "late" not in item.header.id}
    assert len(staying - set(ids(found))) <= len([item for item in items if item.gone_at_page is not None])
