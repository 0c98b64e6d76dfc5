"""Error rows and their attempts, events, outcomes, and timestamps last."""

from tests.mutants import Mutant

_STATE = "connector/salesforce/state.py"
_SYNC = "connector/sync.py"
_JOURNAL = "connector/journal.py"
_STORING = "connector/storing.py"
_STATE_TESTS = "tests/unit/salesforce/test_state.py"
_SYNC_TESTS = "tests/unit/test_sync.py"
_OUTCOMES_TESTS = "tests/unit/test_outcomes.py"

MUTANTS = [
    Mutant(
        _STATE,
        "attempts = self._attempts.get(key, 0) + 1",
        "attempts = 1",
        f"{_STATE_TESTS}::test_a_passing_failure_is_tried_again_ever_later_and_the_fifth_is_the_last",
    ),
    Mutant(
        _STATE,
        "return next_attempt(attempts, self._client.now) if failure.transient else None",
        "return next_attempt(attempts, self._client.now)",
        f"{_STATE_TESTS}::test_a_lasting_failure_stays_failed_and_has_no_next_time",
    ),
    Mutant(
        _STATE,
        "gave_up = failure.transient and again is None",
        "gave_up = False",
        f"{_STATE_TESTS}::test_a_passing_failure_is_tried_again_ever_later_and_the_fifth_is_the_last",
    ),
    Mutant(
        _STATE,
        "gave_up = failure.transient and again is None",
        "gave_up = again is None",
        f"{_STATE_TESTS}::test_a_lasting_failure_stays_failed_and_has_no_next_time",
    ),
    Mutant(
        _STATE,
        "if event is not None and key not in self._attempts:",
        "if event is not None:",
        f"{_STATE_TESTS}::test_an_error_row_is_of_the_run_in_which_it_failed_first",
    ),
    Mutant(
        _STATE,
        "return failure.error_key or error_key",
        "return error_key",
        f"{_STATE_TESTS}::test_a_message_found_under_another_id_keeps_its_row",
    ),
    Mutant(
        _STATE,
        "all_or_none=True",
        "all_or_none=False",
        f"{_STATE_TESTS}::test_failures_go_before_timestamps_and_all_of_it_holds_or_nothing",
    ),
    Mutant(
        _STATE,
        "if matched_through is not None and start + MAX_HEAVY >= len(collections):",
        "if matched_through is not None and start == 0:",
        f"{_STATE_TESTS}::test_a_thousand_rows_go_in_five_collections_and_matched_through_with_the_last",
    ),
    Mutant(
        _STATE,
        '"Next_Attempt_At__c": None}\n',
        "}\n",
        f"{_STATE_TESTS}::test_what_is_done_with_has_no_next_time_and_a_request_is_taken_back",
    ),
    Mutant(
        _STATE,
        '{"id": event, "Retry_Requested__c": False}',
        '{"id": event}',
        f"{_STATE_TESTS}::test_what_is_done_with_has_no_next_time_and_a_request_is_taken_back",
    ),
    Mutant(
        _STATE,
        "for start in range(0, len(rows), MAX_ROWS):",
        "for start in range(0, len(rows), 10 * MAX_ROWS):",
        f"{_STATE_TESTS}::test_a_thousand_rows_go_in_five_collections_and_matched_through_with_the_last",
    ),
    Mutant(
        _STATE,
        "            *(self._errors_ask(event, part) for part in _parts(errors)),\n",
        "",
        f"{_STATE_TESTS}::test_a_passing_failure_is_tried_again_ever_later_and_the_fifth_is_the_last",
    ),
    Mutant(
        _SYNC,
        "        _require_internal_domain(settings, rules)\n",
        "",
        f"{_SYNC_TESTS}::test_without_an_internal_domain_unmatched_mail_is_not_kept_at_all",
    ),
    Mutant(
        _SYNC, "elif not settings.active:", "elif False:", f"{_SYNC_TESTS}::test_nothing_is_read_where_the_sync_is_off"
    ),
    Mutant(
        _SYNC,
        "elif settings.licensed_users == 0:",
        "elif False:",
        f"{_SYNC_TESTS}::test_nothing_is_read_where_the_sync_is_off",
    ),
    Mutant(
        _SYNC,
        "all(isinstance(error, MailboxOutageError) for error in errors)",
        "False",
        f"{_SYNC_TESTS}::test_one_mailbox_in_an_outage_is_its_own_affair_all_of_them_are_the_run_s",
    ),
    Mutant(
        _SYNC,
        "if errors and len(errors) == len(read) and",
        "if errors and",
        f"{_SYNC_TESTS}::test_one_mailbox_in_an_outage_is_its_own_affair_all_of_them_are_the_run_s",
    ),
    Mutant(
        _SYNC,
        "        if not self._dry_run:\n            self._save(courses, setup, last=True)",
        "        self._save(courses, setup, last=True)",
        f"{_SYNC_TESTS}::test_a_dry_run_writes_nothing",
    ),
    Mutant(
        _JOURNAL,
        'zero = {**failed.fields, "Emails_Synced__c": 0, "Emails_Failed__c": 0}',
        "zero = failed.fields",
        f"{_SYNC_TESTS}::test_what_was_stored_before_a_failure_keeps_an_event_of_its_own",
    ),
    Mutant(
        _JOURNAL,
        'key = f"{self._key}-failure" if self._report.tally.stored else self._key',
        "key = self._key",
        f"{_SYNC_TESTS}::test_what_was_stored_before_a_failure_keeps_an_event_of_its_own",
    ),
    Mutant(
        _JOURNAL,
        "status = EventStatus.COMPLETED_WITH_ERRORS if failed else EventStatus.SUCCEEDED",
        "status = EventStatus.SUCCEEDED",
        f"{_SYNC_TESTS}::test_a_message_that_fails_is_logged_and_the_rest_goes_on",
    ),
    Mutant(
        _JOURNAL,
        "return self._has_event or tally.stored > 0 or bool(tally.failed or self._report.remarks) or turned",
        "return True",
        f"{_SYNC_TESTS}::test_a_second_run_stores_nothing_and_is_no_event",
    ),
    Mutant(
        _JOURNAL,
        "or bool(tally.failed or self._report.remarks) or turned",
        "or bool(tally.failed or self._report.remarks)",
        f"{_SYNC_TESTS}::test_a_mailbox_that_fails_again_without_mail_is_an_event_of_its_own",
    ),
    Mutant(
        _JOURNAL,
        "            mailboxes=updates,\n            settled",
        "            mailboxes=[],\n            settled",
        f"{_SYNC_TESTS}::test_a_mailbox_that_cannot_be_read_is_an_event_when_that_begins_and_ends",
    ),
    Mutant(
        _JOURNAL,
        "            failures=failures,\n            mailboxes=updates",
        "            failures=[],\n            mailboxes=updates",
        f"{_SYNC_TESTS}::test_a_message_that_fails_is_logged_and_the_rest_goes_on",
    ),
    Mutant(
        _STORING,
        "outcome = Outcome.DUPLICATE if existed or number else first",
        "outcome = Outcome.DUPLICATE if existed else first",
        f"{_SYNC_TESTS}::test_every_message_has_one_outcome",
    ),
    Mutant(
        _STORING,
        "outcome = Outcome.DUPLICATE if existed or number else first",
        "outcome = first",
        f"{_SYNC_TESTS}::test_every_message_has_one_outcome",
    ),
    Mutant(
        _STORING,
        "first = Outcome.MATCHED if mail.matched else Outcome.UNMATCHED_KEPT",
        "first = Outcome.MATCHED",
        f"{_OUTCOMES_TESTS}::test_what_matches_nobody_is_stored_as_unmatched_and_told_so",
    ),
    Mutant(
        _STORING,
        "                    self._refuse(mail, *refused, results)\n",
        "                    self._settle(mail, existed=False)\n",
        f"{_SYNC_TESTS}::test_a_row_that_the_org_refuses_fails_its_mail_alone",
    ),
    Mutant(
        _STORING,
        "                    if number + 1 < len(mail.copies):\n",
        "                    if False:\n",
        f"{_OUTCOMES_TESTS}::test_a_body_that_the_chosen_copy_has_lost_comes_from_the_next",
    ),
]
