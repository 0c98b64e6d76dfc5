"""Which mailboxes a run reads, how they are read, and what is counted."""

from tests.mutants import Mutant

_READING = "connector/reading.py"
_TALLY = "connector/tally.py"
_READING_TESTS = "tests/unit/test_reading.py"
_TALLY_TESTS = "tests/unit/test_tally.py"

MUTANTS = [
    Mutant(
        _READING,
        "if self._state.headers < self._high_water:",
        "if True:",
        f"{_READING_TESTS}::test_reading_pauses_while_the_pile_is_high",
    ),
    Mutant(
        _READING,
        "                        self._lanes.rotate(-1)\n",
        "                        self._lanes.rotate(-1 if not lane.windows else 0)\n",
        f"{_READING_TESTS}::test_windows_of_a_lane_come_in_order_and_lanes_take_turns",
    ),
    Mutant(
        _READING,
        "                lane.windows.appendleft(walked.rest)\n",
        "                pass\n",
        f"{_READING_TESTS}::test_a_window_that_holds_too_much_is_read_in_parts",
    ),
    Mutant(
        _READING,
        "            lane.error = lane.error or error\n            lane.clear()\n",
        "            lane.error = lane.error or error\n",
        f"{_READING_TESTS}::test_an_error_of_a_mailbox_ends_its_lane_only",
    ),
    Mutant(
        _READING,
        "                if found:\n                    self._need_tree(lane)\n",
        "                self._need_tree(lane)\n",
        f"{_READING_TESTS}::test_no_tree_for_a_mailbox_without_messages_or_with_drafts_only",
    ),
    Mutant(
        _READING,
        "found = found or any(not header.is_draft for header in page.headers)",
        "found = found or bool(page.headers)",
        f"{_READING_TESTS}::test_no_tree_for_a_mailbox_without_messages_or_with_drafts_only",
    ),
    Mutant(
        _READING,
        "self._state.abandoned = self._state.abandoned or abandon",
        "pass",
        f"{_READING_TESTS}::test_an_abandoned_walk_ends_after_its_page",
    ),
    Mutant(
        _TALLY,
        "if mailbox in (None, owner))",
        "if True)",
        f"{_TALLY_TESTS}::test_outcomes_add_up_to_what_was_listed_in_all_and_by_mailbox",
    ),
]
