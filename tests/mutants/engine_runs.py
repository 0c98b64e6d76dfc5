"""Error rows and their attempts, events, outcomes, and timestamps last."""

from tests.mutants import Mutant

_STATE = "connector/salesforce/state.py"
_STATE_TESTS = "tests/unit/salesforce/test_state.py"

MUTANTS = [
    Mutant(
        _STATE,
        "attempts = self._attempts.get(key, 0) + 1",
        "attempts = 1",
        f"{_STATE_TESTS}::test_a_passing_failure_is_tried_again_ever_later_and_the_fifth_is_the_last",
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
]
