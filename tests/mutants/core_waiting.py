"""When something is tried again, how far a reading is, and whether all goes well."""

from tests.mutants import Mutant

_RETRY = "connector/core/retry.py"
_PROGRESS = "connector/core/progress.py"
_HEALTH = "connector/core/health.py"
_RETRY_TESTS = "tests/unit/core/test_retry.py"
_PROGRESS_TESTS = "tests/unit/core/test_progress.py"
_HEALTH_TESTS = "tests/unit/core/test_health.py"

MUTANTS = [
    Mutant(_RETRY, "{408, 429, 503, 509}", "{408, 503, 509}", f"{_RETRY_TESTS}::test_a_passing_failure_is_tried_again"),
    Mutant(_RETRY, "{500, 502, 504}", "{500, 502}", f"{_RETRY_TESTS}::test_a_passing_failure_is_tried_again"),
    Mutant(
        _RETRY,
        'return "" if idempotent else "it may have taken effect"',
        'return ""',
        f"{_RETRY_TESTS}::test_a_lost_connection_is_repeated_only_where_that_does_no_harm",
    ),
    Mutant(
        _RETRY, "if attempt >= policy.max_attempts:", "if False:", f"{_RETRY_TESTS}::test_waits_double_and_attempts_end"
    ),
    Mutant(
        _RETRY,
        "if asked > left:",
        "if False:",
        f"{_RETRY_TESTS}::test_a_wait_that_the_time_left_does_not_hold_is_not_begun",
    ),
    Mutant(
        _RETRY,
        "return Wait(min(asked * (1 + _SPREAD * jitter), left))",
        "return Wait(min(asked, left))",
        f"{_RETRY_TESTS}::test_what_the_service_asks_for_is_stretched_so_that_not_all_come_back_at_once",
    ),
    Mutant(
        _RETRY,
        "    if left <= 0:\n",
        "    if False:\n",
        f"{_RETRY_TESTS}::test_a_wait_that_the_time_left_does_not_hold_is_not_begun",
    ),
    Mutant(
        _RETRY,
        "_LONGEST_BACKOFF)\n    return",
        "600.0)\n    return",
        f"{_RETRY_TESTS}::test_a_wait_of_our_own_choice_is_a_minute_at_most",
    ),
    Mutant(
        _RETRY,
        "return Wait(min(backoff * (1 + jitter) / 2, left))",
        "return Wait(min(backoff, left))",
        f"{_RETRY_TESTS}::test_jitter_takes_off_up_to_half",
    ),
    Mutant(_RETRY, "return float(value) or None", "return None", f"{_RETRY_TESTS}::test_retry_after_in_all_its_forms"),
    Mutant(
        _RETRY,
        "return seconds if seconds > 0 else None",
        "return seconds",
        f"{_RETRY_TESTS}::test_retry_after_in_all_its_forms",
    ),
    Mutant(
        _RETRY,
        "    if attempts > len(_LADDER):\n        return None\n",
        "    attempts = min(attempts, len(_LADDER))\n",
        f"{_RETRY_TESTS}::test_the_ladder_of_a_failed_message",
    ),
    Mutant(
        _RETRY,
        "timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6)",
        "timedelta(hours=1), timedelta(minutes=15), timedelta(hours=6)",
        f"{_RETRY_TESTS}::test_the_ladder_of_a_failed_message",
    ),
    Mutant(
        _RETRY,
        'sha256(f"{mailbox}\\n{message}".encode())',
        "sha256(message.encode())",
        f"{_RETRY_TESTS}::test_error_keys_name_one_message_of_one_mailbox",
    ),
    Mutant(
        _RETRY,
        "    if attempts < 1:\n        raise",
        "    if False:\n        raise",
        f"{_RETRY_TESTS}::test_the_ladder_of_a_failed_message",
    ),
    Mutant(
        _PROGRESS,
        "return self.messages / self.seconds if self.seconds > 0 else 0.0",
        "return self.messages / self.seconds",
        f"{_PROGRESS_TESTS}::test_what_is_not_known_or_no_help_is_left_out",
    ),
    Mutant(
        _PROGRESS,
        "        if self.planned <= self.windows:\n            return 0.0\n",
        "",
        f"{_PROGRESS_TESTS}::test_all_mailboxes_together",
    ),
    Mutant(
        _PROGRESS,
        "max(part.expected or 0, part.messages)",
        "part.expected or 0",
        f"{_PROGRESS_TESTS}::test_all_mailboxes_together",
    ),
    Mutant(
        _HEALTH,
        "if stale and not detail:",
        "if stale:",
        f"{_HEALTH_TESTS}::test_its_status_is_what_the_next_run_will_find",
    ),
    Mutant(
        _HEALTH,
        "since = box.last_success or box.live_from or box.created_at",
        "since = box.last_success",
        f"{_HEALTH_TESTS}::test_a_mailbox_is_well",
    ),
    Mutant(_HEALTH, "and now - touched <= AT_WORK", "", f"{_HEALTH_TESTS}::test_while_a_run_is_at_work_nobody_is_late"),
    Mutant(
        _HEALTH,
        "return 2 * interval + MARGIN",
        "return interval",
        f"{_HEALTH_TESTS}::test_while_a_run_is_at_work_nobody_is_late",
    ),
    Mutant(
        _HEALTH,
        "if box.status in (None, MailboxStatus.NOT_LINKED):",
        "if False:",
        f"{_HEALTH_TESTS}::test_its_status_is_what_the_next_run_will_find",
    ),
    Mutant(
        _HEALTH,
        "if checkpoint.backfill_done(box):\n        return 100",
        "if False:\n        return 100",
        f"{_HEALTH_TESTS}::test_how_far_a_backfill_is",
    ),
    Mutant(
        _HEALTH,
        "return 0 if linked else None",
        "return 0",
        f"{_HEALTH_TESTS}::test_a_mailbox_that_will_not_begin_has_no_backfill",
    ),
]
