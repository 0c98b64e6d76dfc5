"""Deciding ahead of the writing, closing windows, and the budget of calls."""

from tests.mutants import Mutant

_PIPELINE = "connector/pipeline.py"
_TEST = "tests/unit/test_pipeline.py::"

MUTANTS = [
    Mutant(
        _PIPELINE,
        "lambda candidate: _known_by(candidate.header) in under_way",
        "lambda candidate: False",
        _TEST + "test_what_may_be_a_copy_of_a_mail_under_way_is_decided_on_once_that_is_written",
    ),
    Mutant(
        _PIPELINE,
        "self._under_way.subtract(_known_by(mail.chosen) for mail in batch.mails)",
        "self._under_way.clear()",
        _TEST + "test_what_was_written_is_no_longer_under_way_and_the_rest_is",
    ),
    Mutant(
        _PIPELINE,
        "if not self._tally.has_outcome(_place(candidate))]",
        "if True]",
        _TEST + "test_a_message_listed_again_while_it_is_under_way_has_one_outcome",
    ),
    Mutant(
        _PIPELINE,
        "in known)",
        "in ())",
        _TEST + "test_a_copy_of_what_waits_joins_it",
    ),
    Mutant(
        _PIPELINE,
        "self._decider.match(_each_once([*candidates, *copies]))",
        "self._decider.match([*candidates, *copies])",
        _TEST + "test_a_copy_of_what_waits_joins_it",
    ),
    Mutant(
        _PIPELINE,
        "whole = len(mails) if last else len(mails) - len(mails) % BATCH",
        "whole = len(mails)",
        _TEST + "test_what_does_not_fill_a_batch_waits_and_is_not_looked_up_again",
    ),
    Mutant(
        _PIPELINE,
        "if not taken and (not (self._waiting or self._put_off) or not self._all_written()):",
        "if not taken:",
        _TEST + "test_what_may_be_a_copy_of_a_mail_under_way_is_decided_on_once_that_is_written",
    ),
    Mutant(
        _PIPELINE,
        "len(self._ready) <= WAITING",
        "True",
        _TEST + "test_the_next_chunk_is_read_when_at_most_one_batch_waits_to_be_taken",
    ),
    Mutant(
        _PIPELINE,
        "readings if at == 0 else ()",
        "readings",
        _TEST + "test_windows_are_told_with_the_first_batch_of_their_chunk",
    ),
    Mutant(
        _PIPELINE,
        "            self._failure = error\n",
        "            pass\n",
        _TEST + "test_what_ends_the_deciding_is_raised_where_batches_are_taken",
    ),
    Mutant(
        "connector/sync.py",
        "            if not all(map(self._report.tally.has_outcome, window.places)):",
        "            if False:",
        "tests/unit/test_sync.py::test_a_window_is_not_closed_before_the_mail_that_waits_for_the_next_chunk",
    ),
    Mutant(
        "connector/salesforce/budget.py",
        "used * 100 >= limit * self._percent",
        "used * 100 > limit * self._percent",
        "tests/unit/salesforce/test_budget.py::test_the_share_is_used_up_where_it_is_reached",
    ),
    Mutant(
        "connector/salesforce/client.py",
        "        if not in_any_case:\n            self._require_room()",
        "        pass",
        "tests/acceptance/test_budget.py::test_a_run_stops_where_the_share_is_used_up_says_so_and_the_next_goes_on",
    ),
    Mutant(
        "connector/salesforce/state.py",
        "all_or_none=True, in_any_case=True)",
        "all_or_none=True)",
        "tests/acceptance/test_budget.py::test_a_run_stops_where_the_share_is_used_up_says_so_and_the_next_goes_on",
    ),
    Mutant(
        "connector/storing.py",
        "                for result in fault.written:\n                    self._tally.count(result)\n",
        "",
        "tests/acceptance/test_told.py::test_what_was_stored_before_the_org_refused_all_is_counted_by_an_event_of_its_own",
    ),
    Mutant(
        "connector/salesforce/state.py",
        "    if not gave_up:\n        return text\n",
        "    return text\n",
        "tests/acceptance/test_retry.py::test_the_ladder_ends_with_the_fifth_failure",
    ),
    Mutant(
        "connector/cli/sync.py",
        "and not report.tried:",
        "and report.tried:",
        "tests/acceptance/test_told.py::test_an_event_that_has_nothing_to_retry_is_said",
    ),
    Mutant(
        "connector/wiring.py",
        "report.cut = share is not None and share.cut",
        "report.cut = False",
        "tests/acceptance/test_backfill.py::test_a_sync_that_has_minutes_reads_no_longer_and_the_next_goes_on",
    ),
]
