"""Which windows are read, and how far a mailbox's timestamps move."""

from tests.mutants import Mutant

_CHECKPOINT = "connector/core/checkpoint.py"
_CHECKPOINT_TESTS = "tests/unit/core/test_checkpoint.py"

MUTANTS = [
    Mutant(
        _CHECKPOINT,
        "mailbox.live_from or min(now, mailbox.live_through or now)",
        "now",
        f"{_CHECKPOINT_TESTS}::test_what_an_admin_has_set_stays",
    ),
    Mutant(
        _CHECKPOINT,
        "min(now, mailbox.live_through or now)",
        "now",
        f"{_CHECKPOINT_TESTS}::test_what_an_admin_has_set_stays",
    ),
    Mutant(
        _CHECKPOINT,
        "_months_before(now, backfill_months)",
        "now - timedelta(days=30 * backfill_months)",
        f"{_CHECKPOINT_TESTS}::test_a_mailbox_begins_once",
    ),
    Mutant(
        _CHECKPOINT,
        "for name, value in wanted.items() if getattr(mailbox, _FIELDS[name]) is None}",
        "for name, value in wanted.items()}",
        f"{_CHECKPOINT_TESTS}::test_a_mailbox_begins_once",
    ),
    Mutant(
        _CHECKPOINT,
        "end = whole_second(mailbox.live_through), whole_second(now - settle)",
        "end = whole_second(mailbox.live_through), whole_second(now)",
        f"{_CHECKPOINT_TESTS}::test_a_live_window_overlaps_and_lets_mail_settle",
    ),
    Mutant(
        _CHECKPOINT,
        "start = through - max(overlap, settle)",
        "start = through - overlap",
        f"{_CHECKPOINT_TESTS}::test_the_overlap_is_never_shorter_than_settling",
    ),
    Mutant(
        _CHECKPOINT,
        "start = through - max(overlap, settle)",
        "start = through",
        f"{_CHECKPOINT_TESTS}::test_a_live_window_overlaps_and_lets_mail_settle",
    ),
    Mutant(
        _CHECKPOINT,
        "        start = max(start, whole_second(min(mailbox.backfill_from or start, mailbox.live_from)))\n",
        "        pass\n",
        f"{_CHECKPOINT_TESTS}::test_live_reads_nothing_before_backfill_from",
    ),
    Mutant(
        _CHECKPOINT,
        "return None if first_run or start >= end else",
        "return None if start >= end else",
        f"{_CHECKPOINT_TESTS}::test_the_run_that_begins_a_mailbox_reads_nothing_live",
    ),
    Mutant(
        _CHECKPOINT,
        "end = min(start + longest, window.end)",
        "end = window.end",
        f"{_CHECKPOINT_TESTS}::test_after_a_long_pause_live_mail_is_read_in_days",
    ),
    Mutant(
        _CHECKPOINT,
        "        if begins > start:\n            break\n",
        "",
        f"{_CHECKPOINT_TESTS}::test_a_hole_holds_the_timestamp",
    ),
    Mutant(_CHECKPOINT, "in sorted(closed):", "in closed:", f"{_CHECKPOINT_TESTS}::test_a_hole_holds_the_timestamp"),
    Mutant(
        _CHECKPOINT,
        "if window.mailbox == mailbox.id]",
        "if True]",
        f"{_CHECKPOINT_TESTS}::test_other_mailboxes_and_other_roads_move_nothing",
    ),
    Mutant(
        _CHECKPOINT,
        "if through > mailbox.live_through:",
        "if through != mailbox.live_through or windows:",
        f"{_CHECKPOINT_TESTS}::test_closed_windows_move_their_own_timestamp_only",
    ),
    Mutant(
        _CHECKPOINT,
        "if window.road == road)",
        "if True)",
        f"{_CHECKPOINT_TESTS}::test_other_mailboxes_and_other_roads_move_nothing",
    ),
    Mutant(
        _CHECKPOINT,
        "    if reached >= end:\n"
        "        reached = max(reached, whole_second(mailbox.live_from))\n"
        "    elif reached == start:",
        "    if reached == start:",
        f"{_CHECKPOINT_TESTS}::test_without_backfill_there_are_no_windows_and_it_is_done_at_once",
    ),
    Mutant(
        _CHECKPOINT,
        "elif reached == start:\n        return None",
        "elif False:\n        return None",
        f"{_CHECKPOINT_TESTS}::test_closed_windows_move_their_own_timestamp_only",
    ),
    Mutant(
        _CHECKPOINT,
        "whole_second(min(mailbox.live_from, now - settle))",
        "whole_second(mailbox.live_from)",
        f"{_CHECKPOINT_TESTS}::test_a_backfill_goes_from_the_oldest_day_to_live_from",
    ),
    Mutant(
        _CHECKPOINT,
        "return whole_second(max(mailbox.backfill_from, mailbox.backfill_through or mailbox.backfill_from))",
        "return whole_second(mailbox.backfill_through or mailbox.backfill_from)",
        f"{_CHECKPOINT_TESTS}::test_a_backfill_never_starts_before_backfill_from",
    ),
    Mutant(
        _CHECKPOINT,
        "return whole_second(max(mailbox.backfill_from, mailbox.backfill_through or mailbox.backfill_from))",
        "return whole_second(mailbox.backfill_from)",
        f"{_CHECKPOINT_TESTS}::test_setting_backfill_from_earlier_and_emptying_backfill_through_reads_again_from_there",
    ),
    Mutant(
        _CHECKPOINT,
        "    if year < _EARLIEST.year:\n        return _EARLIEST\n",
        "",
        f"{_CHECKPOINT_TESTS}::test_months_are_calendar_months",
    ),
    Mutant(
        _CHECKPOINT,
        "day=min(instant.day, monthrange(year, month + 1)[1])",
        "day=min(instant.day, 28)",
        f"{_CHECKPOINT_TESTS}::test_months_are_calendar_months",
    ),
    Mutant(
        _CHECKPOINT,
        "yield from slices(Window(mailbox=mailbox.id, start=start, end=end, road=BACKFILL))",
        "yield Window(mailbox=mailbox.id, start=start, end=end, road=BACKFILL)",
        f"{_CHECKPOINT_TESTS}::test_a_backfill_resumes_where_it_was",
    ),
]
