"""When a window counts as read to its end."""

from tests.mutants import Mutant

_WALK = "connector/core/walk.py"
_WALK_TESTS = "tests/unit/core/test_walk.py"

MUTANTS = [
    Mutant(
        _WALK, "quiet, needed = -1, 1", "quiet, needed = 0, 1", f"{_WALK_TESTS}::test_an_idle_window_takes_two_requests"
    ),
    Mutant(
        _WALK,
        "position, quiet, needed = position + _SECOND, 0, 2",
        "position, quiet, needed = position + _SECOND, 0, 1",
        f"{_WALK_TESTS}::test_so_must_a_crowded_second_and_what_comes_after_it",
    ),
    Mutant(
        _WALK,
        "needed = 2 if self.rounds > 1 and len(self.seen) > known else needed",
        "needed = 1",
        f"{_WALK_TESTS}::test_a_mailbox_that_has_lost_a_link_must_be_quiet_twice",
    ),
    Mutant(
        _WALK,
        "return _Stop.CUT_OFF if len(page.headers) >= top else _Stop.ENDED",
        "return _Stop.ENDED",
        f"{_WALK_TESTS}::test_a_second_that_holds_more_than_a_page_is_read_alone_in_large_pages",
    ),
    Mutant(
        _WALK,
        "            if link in links:\n",
        "            if False:\n",
        f"{_WALK_TESTS}::test_a_link_that_leads_back_is_an_error_of_the_mailbox",
    ),
    Mutant(
        _WALK,
        "if self.pages > _MOST_PAGES:",
        "if False:",
        f"{_WALK_TESTS}::test_a_list_that_never_ends_is_an_error_of_the_mailbox",
    ),
    Mutant(
        _WALK,
        "if self._may_split(end - start) and len(self.seen) > self.split_at:",
        "if False:",
        f"{_WALK_TESTS}::test_too_many_messages_close_the_window_early_at_a_whole_second",
    ),
    Mutant(
        _WALK,
        "self.end = min(self.end, whole_second(page.served_at - self.settle))",
        "self.end = min(self.end, whole_second(page.served_at))",
        f"{_WALK_TESTS}::test_the_earliest_answer_counts",
    ),
    Mutant(
        _WALK,
        "self.end = min(self.end, whole_second(page.served_at - self.settle))",
        "pass",
        f"{_WALK_TESTS}::test_the_earliest_answer_counts",
    ),
    Mutant(
        _WALK,
        "self.end = min(self.end, whole_second(page.served_at - self.settle))",
        "self.end = whole_second(min(self.window.end, page.served_at - self.settle))",
        f"{_WALK_TESTS}::test_the_window_ends_settle_before_the_answer",
    ),
    Mutant(
        _WALK,
        "if self.window.start <= received < self.window.end:",
        "if True:",
        f"{_WALK_TESTS}::test_messages_outside_what_was_asked_for_are_left_out",
    ),
    Mutant(
        _WALK,
        "if received < self.end:\n",
        "if True:\n",
        f"{_WALK_TESTS}::test_no_request_is_turned_round_when_a_clock_goes_back",
    ),
    Mutant(
        _WALK,
        "self.split is None and length > _SECOND",
        "self.split is None",
        f"{_WALK_TESTS}::test_a_second_that_holds_more_than_the_largest_page_needs_its_links",
    ),
    Mutant(
        _WALK,
        "self.split is None and length > _SECOND",
        "length > _SECOND",
        f"{_WALK_TESTS}::test_a_window_is_split_once",
    ),
    Mutant(
        _WALK,
        "self.split = max(self.reached, self.window.start + _SECOND)",
        "self.split = self.reached + _SECOND",
        f"{_WALK_TESTS}::test_too_many_messages_close_the_window_early_at_a_whole_second",
    ),
    Mutant(
        _WALK,
        "self.split = max(self.reached, self.window.start + _SECOND)",
        "self.split = self.reached",
        f"{_WALK_TESTS}::test_a_first_second_that_is_too_much_alone_is_read_whole",
    ),
    Mutant(
        _WALK,
        "if self.end <= self.window.start:\n            return",
        "if False:\n            return",
        f"{_WALK_TESTS}::test_a_window_of_which_nothing_has_settled_is_not_walked",
    ),
    Mutant(
        _WALK,
        "for header in self.seen.values() if header.received_at < self.end]\n        rest",
        "for header in self.seen.values()]\n        rest",
        f"{_WALK_TESTS}::test_what_has_not_settled_is_not_given_back_as_rest",
    ),
    Mutant(
        _WALK,
        "self.split == self.end < self.window.end:",
        "self.split < self.window.end:",
        f"{_WALK_TESTS}::test_what_has_not_settled_is_not_given_back_as_rest",
    ),
    Mutant(
        _WALK,
        "if stuck >= _PATIENCE:",
        "if False:",
        f"{_WALK_TESTS}::test_a_second_that_holds_more_than_the_largest_page_needs_its_links",
    ),
    Mutant(
        _WALK,
        "while quiet < 2:",
        "while quiet < 1:",
        f"{_WALK_TESTS}::test_so_must_a_crowded_second_and_what_comes_after_it",
    ),
    Mutant(
        _WALK,
        "second + _SECOND, LARGEST_PAGE)",
        "second + _SECOND, self.top)",
        f"{_WALK_TESTS}::test_a_second_that_holds_more_than_a_page_is_read_alone_in_large_pages",
    ),
    Mutant(
        _WALK,
        "key=lambda header: header.received_at)),\n            rounds",
        "key=lambda header: header.id)),\n            rounds",
        f"{_WALK_TESTS}::test_links_are_followed_to_their_end_through_short_and_empty_pages",
    ),
    Mutant(
        _WALK,
        "if stop is _Stop.CUT_OFF and self.reached <= position:",
        "if False:",
        f"{_WALK_TESTS}::test_a_second_that_holds_more_than_a_page_is_read_alone_in_large_pages",
    ),
    Mutant(
        _WALK,
        "quiet < needed and self.end > self.window.start",
        "quiet < needed",
        f"{_WALK_TESTS}::test_a_window_of_which_nothing_has_settled_is_not_walked",
    ),
]
