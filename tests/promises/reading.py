"""How mail is read so that none is missed: windows, walks, the second road, timestamps."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says=("Links are followed to the end, and a full page without a link is not taken for the end (DESIGN §2.2)"),
        where="connector.core.reading.walk:_Walk._round",
        change=("return _Stop.CUT_OFF if len(page.headers) >= top else _Stop.ENDED", "return _Stop.ENDED"),
        caught_by="tests/unit/core/test_walk.py::test_a_second_that_holds_more_than_a_page_is_read_alone_in_large_pages",
    ),
    Promise(
        says="A window is walked only when a second round brings nothing new (DESIGN §2.2)",
        where="connector.core.reading.walk:_Walk.run",
        change=("quiet, needed = -1, 1", "quiet, needed = 0, 1"),
        caught_by="tests/unit/core/test_walk.py::test_an_idle_window_takes_two_requests",
    ),
    Promise(
        says="A mailbox that has left a link out has to be quiet twice (issue 15: stop at a short page)",
        where="connector.core.reading.walk:_Walk.run",
        change=("needed = 2 if self.rounds > 1 and len(self.seen) > known else needed", "needed = 1"),
        caught_by="tests/unit/core/test_walk.py::test_a_mailbox_that_has_lost_a_link_must_be_quiet_twice",
    ),
    Promise(
        says="A second that holds more than a page is its own window, read in the largest pages (DESIGN §2.2)",
        where="connector.core.reading.walk:_Walk._one_second",
        change=("second + _SECOND, LARGEST_PAGE)", "second + _SECOND, self.top)"),
        caught_by="tests/unit/core/test_walk.py::test_a_second_that_holds_more_than_a_page_is_read_alone_in_large_pages",
    ),
    Promise(
        says=(
            "A window of more than 2,000 messages is closed early, so memory does not grow with a mailbox (DESIGN §2.9)"
        ),
        where="connector.core.reading.walk:_Walk._round",
        change=("if self._may_split(end - start) and len(self.seen) > self.split_at:", "if False:"),
        caught_by="tests/unit/core/test_walk.py::test_too_many_messages_close_the_window_early_at_a_whole_second",
    ),
    Promise(
        says="A list whose links lead in a circle ends, as an error of its mailbox (DESIGN §4)",
        where="connector.core.reading.walk:_Walk._round",
        change=("            if link in links:\n", "            if False:\n"),
        caught_by="tests/unit/core/test_walk.py::test_a_link_that_leads_back_is_an_error_of_the_mailbox",
    ),
    Promise(
        says="Mail that may still be on its way is left to the next window (DESIGN §4, settle_seconds)",
        where="connector.core.reading.walk:_Walk._take",
        change=("if received < self.end:\n", "if True:\n"),
        caught_by="tests/unit/core/test_walk.py::test_no_request_is_turned_round_when_a_clock_goes_back",
    ),
    Promise(
        says=("A window ends settle_seconds before the answer of Graph, whatever the clock here says (DESIGN §4)"),
        where="connector.core.reading.walk:_Walk._take",
        change=(
            "self.end = min(self.end, whole_second(page.served_at - self.settle))",
            "self.end = min(self.end, whole_second(page.served_at))",
        ),
        caught_by="tests/unit/core/test_walk.py::test_the_earliest_answer_counts",
    ),
    Promise(
        says="Live windows overlap what was read before, so that late mail is found (issue 15: no overlap)",
        where="connector.core.reading.windows:live_window",
        change=("start = through - max(overlap, settle)", "start = through"),
        caught_by="tests/unit/core/test_windows.py::test_a_live_window_overlaps_and_lets_mail_settle",
    ),
    Promise(
        says=("The run that begins a mailbox leaves what is newer to the next one, once and for all (DESIGN §4)"),
        where="connector.core.reading.windows:live_window",
        change=("return None if first_run or start >= end else", "return None if start >= end else"),
        caught_by="tests/unit/core/test_windows.py::test_the_run_that_begins_a_mailbox_reads_nothing_live",
    ),
    Promise(
        says="A timestamp stops at the first window that was not closed (DESIGN §2.9)",
        where="connector.core.reading.windows:frontier",
        change=("        if begins > start:\n            break\n", ""),
        caught_by="tests/unit/core/test_windows.py::test_a_hole_holds_the_timestamp",
    ),
    Promise(
        says="A backfill goes on where it was interrupted (DESIGN §2.1)",
        where="connector.core.reading.windows:_backfill_start",
        change=(
            ("return whole_second(max(mailbox.backfill_from, mailbox.backfill_through or mailbox.backfill_from))"),
            "return whole_second(mailbox.backfill_from)",
        ),
        caught_by="tests/unit/core/test_windows.py::test_setting_backfill_from_earlier_and_emptying_backfill_through_reads_again_from_there",
    ),
    Promise(
        says="A sweep is due 24 hours after the end of the last, not in every run (DESIGN §2.3)",
        where="connector.core.reading.sweep:sweep_range",
        change=("now < swept + EVERY", "now < swept"),
        caught_by="tests/unit/core/test_sweep.py::test_a_sweep_is_due_24_hours_after_the_end_of_the_last",
    ),
    Promise(
        says="When a backfill ends, all of it is swept once (DESIGN §2.3)",
        where="connector.core.reading.sweep:sweep_range",
        change=("if swept is not None and backfill_done(mailbox):", "if swept is not None:"),
        caught_by="tests/unit/core/test_sweep.py::test_all_of_it_is_swept_once_when_a_backfill_ends",
    ),
    Promise(
        says="Swept_Through__c is where the slowest folder is (DESIGN §2.3)",
        where="connector.core.reading.sweep:swept_through",
        change=("return min((frontier(", "return max((frontier("),
        caught_by="tests/unit/core/test_sweep.py::test_swept_through_is_where_the_slowest_folder_is",
    ),
    Promise(
        says="No time is left out between two sweeps, however long the pause (DESIGN §2.3)",
        where="connector.core.reading.sweep:sweep_range",
        change=("min(back, whole_second(swept))", "back"),
        caught_by="tests/unit/core/test_sweep.py::test_no_time_is_left_out_between_two_sweeps",
    ),
    Promise(
        says="A list that keeps failing is read in parts, and one bad item holds up nothing else (issue 13, scope 2)",
        where="connector.core.reading.ladder:_Ladder.run",
        change=("if part.end - part.start > _SECOND:", "if False:"),
        caught_by="tests/unit/core/test_ladder.py::test_one_bad_message_is_listed_by_its_id_and_all_others_are_read",
    ),
    Promise(
        says="An outage in the middle of a window is not taken for damage of its mail (DESIGN §4, issue 13)",
        where="connector.core.reading.ladder:_Ladder._second",
        change=("            yield from self._require_answers()\n", "            pass\n"),
        caught_by="tests/unit/core/test_ladder.py::test_an_outage_over_a_few_seconds_names_none_of_them",
    ),
]
