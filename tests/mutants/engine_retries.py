"""Messages that failed before: which are due, where they are found, what becomes of their rows."""

from tests.mutants import Mutant

_RETRYING = "connector/retrying.py"
_MODELS = "connector/models.py"
_RETRYING_TESTS = "tests/unit/test_retrying.py"

MUTANTS = [
    Mutant(
        _RETRYING,
        "if place not in self.tried and error.next_attempt_at is not None and not error.is_due(now)",
        "if place not in self.tried and error.next_attempt_at is not None",
        f"{_RETRYING_TESTS}::test_what_waits_and_what_a_sweep_leaves_out",
    ),
    Mutant(
        _RETRYING,
        "if place not in self.tried and error.next_attempt_at is not None and not error.is_due(now)",
        "if place not in self.tried and not error.is_due(now)",
        f"{_RETRYING_TESTS}::test_what_waits_and_what_a_sweep_leaves_out",
    ),
    Mutant(
        _RETRYING,
        "if place not in self.tried and not error.is_due(now)}",
        "if place not in self.tried}",
        f"{_RETRYING_TESTS}::test_what_waits_and_what_a_sweep_leaves_out",
    ),
    Mutant(
        _RETRYING,
        "if place in tally.outcomes and place not in tally.failures",
        "if place in tally.outcomes",
        f"{_RETRYING_TESTS}::test_a_row_whose_message_got_its_outcome_is_resolved",
    ),
    Mutant(
        _RETRYING,
        "asked[error.event] = asked.get(error.event, True) and error.id in tried",
        "asked[error.event] = True",
        f"{_RETRYING_TESTS}::test_a_request_for_an_event_is_answered_once_all_its_rows_were_tried",
    ),
    Mutant(
        _RETRYING,
        "if error is not None:\n            return error.key",
        "if False:\n            return error.key",
        f"{_RETRYING_TESTS}::test_a_failure_under_another_id_belongs_to_its_row",
    ),
    Mutant(
        _RETRYING,
        "if course is not None and course.lane is not None:",
        "if course is not None:",
        f"{_RETRYING_TESTS}::test_rows_of_a_mailbox_that_is_not_read_stay_as_they_are",
    ),
    Mutant(
        _RETRYING,
        "header = _elsewhere(source, mailbox, user, error) or answer",
        "header = answer",
        f"{_RETRYING_TESTS}::test_one_received_at_another_time_is_better_than_none",
    ),
    Mutant(
        _RETRYING,
        "near = [header for header in candidates if header.received_at == error.received_at]",
        "near = []",
        f"{_RETRYING_TESTS}::test_one_that_is_gone_is_found_by_its_message_id_the_one_received_then_first",
    ),
    Mutant(
        _RETRYING,
        "    if not error.internet_message_id:\n        return None\n",
        "",
        f"{_RETRYING_TESTS}::test_one_that_is_nowhere_is_given_up",
    ),
    Mutant(
        _RETRYING,
        "code=MessageGoneError.code,",
        "code=None,",
        f"{_RETRYING_TESTS}::test_one_that_is_nowhere_is_given_up",
    ),
    Mutant(
        _RETRYING,
        "transient = isinstance(unread, MailboxOutageError)",
        "transient = False",
        f"{_RETRYING_TESTS}::test_where_the_message_id_cannot_be_asked_the_attempt_failed",
    ),
    Mutant(
        _MODELS,
        "return self.requested or (self.next_attempt_at",
        "return (self.next_attempt_at",
        f"{_RETRYING_TESTS}::test_a_row_is_due_when_its_time_has_come_or_a_person_asks",
    ),
    Mutant(
        _MODELS,
        "self.next_attempt_at <= now)",
        "True)",
        f"{_RETRYING_TESTS}::test_a_row_is_due_when_its_time_has_come_or_a_person_asks",
    ),
]
