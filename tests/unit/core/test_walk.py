import pytest

from connector.core.reading.walk import LARGEST_PAGE, PageRequest, Walked, walk
from connector.errors import MailboxError
from connector.model.mail import Page
from tests.support.builders import at, header
from tests.unit.core.walking import (
    LONG_AFTER,
    SETTLE,
    Item,
    Server,
    drive,
    ids,
    mails,
    read,
    window,
)

# --- the closing rule


def test_an_idle_window_takes_two_requests() -> None:
    server = Server([])
    walked = read(server)
    assert (walked.window, walked.headers, walked.rounds, walked.rest) == (window(), (), 2, None)
    assert [(each.start, each.link, each.first_round) for each in server.requests] == [
        (at(0), None, True),
        (at(0), None, False),
    ]


def test_a_quiet_window_is_confirmed_from_its_last_second() -> None:
    server = Server(mails(5, 10))
    walked = read(server)
    assert ids(walked.headers) == ["m0", "m1"]
    assert [each.start for each in server.requests] == [at(0), at(10)]
    assert {(each.end, each.top) for each in server.requests} == {(at(3600), 3)}


def test_links_are_followed_to_their_end_through_short_and_empty_pages() -> None:
    items = mails(*range(12))
    for item in items[:3] + items[4:9]:
        item.hidden = True
    assert ids(read(Server(items)).headers) == ["m3", "m9", "m10", "m11"]


def test_an_empty_page_without_link_is_asked_for_again() -> None:
    items = mails(1, 2, 3, 4)
    for item in items[:3]:
        item.hidden = True
    server = Server(items, drops=lambda server: len(server.requests) == 1)
    assert ids(read(server).headers) == ["m3"]


def test_a_full_page_without_link_is_never_the_end() -> None:
    """Every link is missing, for ever; pages of three, and never more than two in one second."""
    server = Server(mails(1, 1, 2, 2, 3, 3, 4, 4, 5), drops=lambda _: True)
    assert len(read(server).headers) == 9


def test_a_second_that_holds_more_than_a_page_is_read_alone_in_large_pages() -> None:
    server = Server(mails(1, *[7] * 300, 8, 9), drops=lambda _: True)
    walked = read(server, top=250)
    assert len(walked.headers) == 303
    alone = [each for each in server.requests if (each.start, each.end) == (at(7), at(8))]
    assert {each.top for each in alone} == {LARGEST_PAGE}


def test_a_second_that_holds_more_than_the_largest_page_needs_its_links() -> None:
    items = mails(*[7] * 2500, 8)
    now_and_then = Server(items, drops=lambda server: len(server.requests) % 3 == 2)
    assert len(read(now_and_then, top=250).headers) == 2501
    with pytest.raises(MailboxError, match="more than 1000 messages were received at 2026-03-02T12:00:07Z"):
        read(Server(items, drops=lambda _: True), top=250)


def test_a_mailbox_that_has_lost_a_link_must_be_quiet_twice() -> None:
    """The second round finds more than the first, so the third, which finds nothing new, is not believed."""
    items = mails(1, 2, 3, 4, 5)
    items[1].hidden = items[3].hidden = True
    dropped = iter([True, False, True, True, False])
    assert ids(read(Server(items, drops=lambda _: next(dropped, False)), top=2).headers) == ["m0", "m2", "m4"]


def test_so_must_a_crowded_second_and_what_comes_after_it() -> None:
    items = mails(*[7] * 1500)
    items[500].hidden = True
    dropped = iter([True, True, True, True, False])
    assert len(read(Server(items, drops=lambda _: next(dropped, False)), top=250).headers) == 1499

    items = mails(*[7] * 4, 8, 9, 10, 11)
    items[4].hidden = items[5].hidden = items[6].hidden = True
    dropped = iter([True, True, True, False])
    assert len(read(Server(items, drops=lambda _: next(dropped, False)), top=3).headers) == 5


def test_what_a_message_looks_like_last_is_what_counts() -> None:
    old, new = header(id="x", received_at=at(1), folder="inbox"), header(id="x", received_at=at(1), folder="junk")
    answers = iter([old, new])
    walked = drive(
        walk(window(), settle=SETTLE),
        lambda _: Page(headers=(next(answers),), link=None, served_at=LONG_AFTER),
    )
    assert walked.headers == (new,)


def test_ids_that_differ_in_case_only_are_two_messages() -> None:
    items = [Item(header(id=id, received_at=at(1))) for id in ("AAa", "AAA")]
    assert len(read(Server(items)).headers) == 2


def test_messages_outside_what_was_asked_for_are_left_out() -> None:
    inside, before, at_end = (header(received_at=at(second)) for second in (0, -1, 3600))
    page = Page(headers=(before, inside, at_end), link=None, served_at=LONG_AFTER)
    assert drive(walk(window(), settle=SETTLE), lambda _: page).headers == (inside,)


# --- guards


def test_a_link_that_leads_back_is_an_error_of_the_mailbox() -> None:
    with pytest.raises(MailboxError, match="links back") as error:
        drive(walk(window(), settle=SETTLE), lambda _: Page(headers=(), link="again", served_at=LONG_AFTER))
    assert "a0M000000000001AAA" in str(error.value)


def test_a_list_that_never_ends_is_an_error_of_the_mailbox() -> None:
    numbers = iter(range(10**6))
    with pytest.raises(MailboxError, match="did not end"):
        drive(
            walk(window(), settle=SETTLE),
            lambda _: Page(headers=(), link=f"page {next(numbers)}", served_at=LONG_AFTER),
        )


# --- settling


def test_the_window_ends_settle_before_the_answer() -> None:
    walked = read(Server(mails(5, 100, 200), now=at(180.5)))
    assert walked.window == window(0, 121)  # the first answer comes a second later, at 181.5
    assert ids(walked.headers) == ["m0", "m1"]
    assert walked.rest is None


def test_the_earliest_answer_counts() -> None:
    """Answers come from several servers, whose clocks differ."""
    clocks = iter([at(400), at(300)])
    item = header(received_at=at(235))
    walked = drive(
        walk(window(), settle=SETTLE),
        lambda _: Page(headers=(item,), link=None, served_at=next(clocks)),
    )
    assert walked.window == window(0, 240)
    assert walked.headers == (item,)


def test_a_window_of_which_nothing_has_settled_is_not_walked() -> None:
    server = Server(mails(5), now=at(30))
    assert read(server) == Walked(window=None, headers=(), rounds=1, rest=None)
    assert len(server.requests) == 1


def test_mail_that_has_not_settled_does_not_keep_the_walk_going() -> None:
    """A message a second, for ever: the window still closes in two requests."""
    items = mails(5, *range(100, 400))
    for item in items[1:]:
        item.visible_from = item.header.received_at
    server = Server(items, now=at(150))
    walked = read(server, top=250)
    assert len(server.requests) == 2
    assert walked.window
    assert walked.window.end == at(91)


def test_no_request_is_turned_round_when_a_clock_goes_back() -> None:
    clocks = iter([at(400), at(300), at(310)])
    server = Server(mails(1, 300, 301), drops=lambda _: True)

    def serve(request: PageRequest) -> Page:
        page = server.serve(request)
        return Page(headers=page.headers, link=page.link, served_at=next(clocks))

    assert ids(drive(walk(window(), top=2, settle=SETTLE), serve).headers) == ["m0"]
    assert [(each.start, each.end) for each in server.requests] == [
        (at(0), at(3600)),
        (at(300), at(340)),
        (at(1), at(240)),
    ]


# --- splitting


def test_too_many_messages_close_the_window_early_at_a_whole_second() -> None:
    walked = read(Server(mails(*range(100))), top=10, split_at=20)
    assert walked.window == window(0, 29)
    assert walked.rest == window(29, 3600)
    assert len(walked.headers) == 29


def test_a_window_with_just_so_many_is_not_split() -> None:
    walked = read(Server(mails(*range(20))), top=10, split_at=20)
    assert walked.rest is None
    assert len(walked.headers) == 20


def test_the_second_at_which_it_is_split_is_not_torn_apart() -> None:
    walked = read(Server(mails(1, 2, 3, *[4] * 30, 5)), top=10, split_at=5)
    assert walked.window == window(0, 4)
    assert walked.rest == window(4, 3600)


def test_a_window_is_split_once() -> None:
    """Its last second is over a page, so confirming it follows links again; that is no reason to split again."""
    walked = read(Server(mails(*range(10), *[20] * 19, *range(25, 60))), top=10, split_at=20)
    assert (walked.window, walked.rest) == (window(0, 25), window(25, 3600))
    assert len(walked.headers) == 29


def test_a_first_second_that_is_too_much_alone_is_read_whole() -> None:
    walked = read(Server(mails(*[0] * 55, 1, 2)), top=10, split_at=20)
    assert walked.window == window(0, 1)
    assert walked.rest == window(1, 3600)
    assert len(walked.headers) == 55
    only = read(Server(mails(*[0] * 55)), window(0, 1), top=10, split_at=20)
    assert (only.window, only.rest, len(only.headers)) == (window(0, 1), None, 55)


def test_what_has_not_settled_is_not_given_back_as_rest() -> None:
    """The window then ends before the split: a rest would leave a hole between."""
    clocks = iter([at(400)] * 3 + [at(65)] * 9)
    server = Server(mails(*range(50)))

    def serve(request: PageRequest) -> Page:
        page = server.serve(request)
        return Page(headers=page.headers, link=page.link, served_at=next(clocks))

    walked = drive(walk(window(), top=10, settle=SETTLE, split_at=20), serve)
    assert (walked.window, walked.rest) == (window(0, 5), None)
    assert len(walked.headers) == 5
