"""When a sweep is due, what it covers, when it counts as done, and what it leaves alone."""

from tests.mutants import Mutant

SWEEP, CHECKPOINT, COURSES = "connector/core/sweep.py", "connector/core/checkpoint.py", "connector/courses.py"
READING, MAIL, SYNC = "connector/reading.py", "connector/graph/mail.py", "connector/sync.py"
_CORE, _RUN, _READING = "tests/unit/core/test_sweep.py", "tests/unit/test_sweeping.py", "tests/unit/test_reading.py"
_PROGRESS, _CONTRACT = "tests/unit/core/test_progress.py", "tests/contract/test_graph_second_road.py"
_ACCEPTANCE = "tests/acceptance/test_sweep.py"

MUTANTS = [
    Mutant(
        SWEEP,
        "now < swept + EVERY",
        "now < swept",
        f"{_CORE}::test_a_sweep_is_due_24_hours_after_the_end_of_the_last",
    ),
    Mutant(
        SWEEP,
        "instant.astimezone(zone).date()",
        "instant.date()",
        f"{_CORE}::test_a_week_begins_at_local_midnight_when_clocks_change",
    ),
    Mutant(
        SWEEP,
        "day - timedelta(days=day.weekday())",
        "day",
        f"{_CORE}::test_the_first_of_a_calendar_week_covers_sweep_days",
    ),
    Mutant(
        SWEEP,
        "timedelta(days=sweep_days) if weekly else DAILY",
        "timedelta(days=sweep_days)",
        f"{_CORE}::test_a_sweep_is_due_24_hours_after_the_end_of_the_last",
    ),
    Mutant(
        SWEEP,
        " and not asked:",
        ":",
        f"{_CORE}::test_one_that_was_asked_for_covers_sweep_days_due_or_not",
    ),
    Mutant(
        SWEEP,
        "start = max(start, min(",
        "start = (min(",
        f"{_CORE}::test_nothing_before_backfill_from_is_swept",
    ),
    Mutant(
        SWEEP,
        "if swept is not None and backfill_done(mailbox):",
        "if swept is not None:",
        f"{_CORE}::test_all_of_it_is_swept_once_when_a_backfill_ends",
    ),
    Mutant(
        SWEEP,
        " and not unread_reason(tree, folder.id)",
        "",
        f"{_CORE}::test_folders_that_are_never_read_and_empty_ones_are_not_swept",
    ),
    Mutant(
        SWEEP,
        "if folder.items != 0 and",
        "if",
        f"{_CORE}::test_folders_that_are_never_read_and_empty_ones_are_not_swept",
    ),
    Mutant(
        SWEEP,
        "return min((frontier(",
        "return max((frontier(",
        f"{_CORE}::test_swept_through_is_where_the_slowest_folder_is",
    ),
    Mutant(
        SWEEP,
        "window.road == SWEEP and window.mailbox == range_.mailbox and ",
        "",
        f"{_CORE}::test_only_windows_of_this_sweep_count",
    ),
    Mutant(
        CHECKPOINT,
        'fields if mailbox.swept_through is None else {**fields, "Swept_Through__c": None}',
        "fields",
        f"{_RUN}::test_a_backfill_that_is_asked_for_again_is_swept_again_however_many_runs_it_takes",
    ),
    Mutant(
        CHECKPOINT,
        'fields["Swept_Through__c"] = live_from',
        "pass",
        f"{_CORE}::test_with_no_backfill_there_is_nothing_to_sweep_at_first",
    ),
    Mutant(
        COURSES,
        "through > max(sweep.range.start, self.mailbox.swept_through or sweep.range.start)",
        "through >= sweep.range.end",
        f"{_RUN}::test_a_sweep_that_is_cut_short_goes_on_where_it_was",
    ),
    Mutant(
        SWEEP,
        "min(back, whole_second(swept))",
        "back",
        f"{_CORE}::test_no_time_is_left_out_between_two_sweeps",
    ),
    Mutant(
        SWEEP,
        "sorted(large, key=lambda window: window.start)",
        "large",
        f"{_CORE}::test_every_window_brings_swept_through_on_as_far_as_can_be",
    ),
    Mutant(
        READING,
        "if lane.sweep_waits and not lane.windows and not lane.active:",
        "if lane.sweep_waits and not lane.windows:",
        f"{_RUN}::test_it_comes_after_all_else_of_its_mailbox",
    ),
    Mutant(
        READING,
        "len(walked.headers) if window.road != SWEEP else 0",
        "len(walked.headers)",
        f"{_READING}::test_a_lane_that_has_only_a_sweep_is_read",
    ),
    Mutant(
        READING,
        "lane.expected = None  # what ails the mailbox, its pages will tell",
        "raise",
        f"{_READING}::test_a_backfill_is_counted_once_and_what_ails_the_count_is_no_error",
    ),
    Mutant(
        MAIL,
        "if folder is not None and _is_gone(response):",
        "if False:",
        f"{_CONTRACT}::test_a_folder_that_is_not_there_holds_nothing_and_a_mailbox_that_is_not_is_told",
    ),
    Mutant(
        MAIL,
        "if isinstance(found, int) and found >= 0 else None",
        "if isinstance(found, int) else None",
        f"{_CONTRACT}::test_the_count_is_shown_where_graph_says_one",
    ),
    Mutant(
        SYNC,
        "waiting = self._retries.logged(setup.now) | self._report.tally.failures_now().keys()",
        "waiting = self._retries.logged(setup.now)",
        f"{_RUN}::test_what_this_run_failed_to_store_is_not_tried_twice",
    ),
    Mutant(
        "connector/salesforce/admin.py",
        "self._scope = _DUE + _SWEPT.format(days=sweep_days + 1)",
        "self._scope = _DUE",
        f"{_ACCEPTANCE}::test_a_sweep_leaves_what_was_given_up_to_a_person",
    ),
    Mutant(
        "connector/wiring.py",
        "EventKind.SWEEP if self.sweep else",
        "",
        f"{_ACCEPTANCE}::test_a_sweep_can_be_asked_for",
    ),
    Mutant(
        "connector/core/progress.py",
        "self.expected is not None and self.expected >= self.messages",
        "self.expected is not None",
        f"{_PROGRESS}::test_what_is_not_known_or_no_help_is_left_out",
    ),
]
