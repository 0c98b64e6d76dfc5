"""What becomes of rows: requests in halves, rows mended, and what the integration user must be allowed."""

from tests.mutants import Mutant

_WRITER = "connector/salesforce/writer.py"
_OUTCOMES = "connector/salesforce/outcomes.py"
_RIGHTS = "connector/salesforce/rights.py"
_WRITER_TESTS = "tests/unit/salesforce/test_writer.py"
_RIGHTS_TESTS = "tests/unit/salesforce/test_rights.py"

MUTANTS = [
    Mutant(
        _WRITER,
        '"allOrNone": False',
        '"allOrNone": True',
        f"{_WRITER_TESTS}::test_one_call_carries_the_event_and_three_collections",
    ),
    Mutant(
        _WRITER,
        "except NoAnswerError:\n"
        '            if not self._halve(request, queue, "timeout"):\n'
        "                raise\n"
        "            return []",
        "except NoAnswerError:\n            raise",
        f"{_WRITER_TESTS}::test_a_timeout_halves_and_everything_arrives_once",
    ),
    Mutant(
        _WRITER,
        '        if not self._halve(rest, queue, "overload"):\n            return found\n',
        "        return found\n",
        f"{_WRITER_TESTS}::test_too_much_at_once_is_halved_until_it_fits",
    ),
    Mutant(
        _WRITER,
        "rest = _only(request, {id(item) for item, outcome in found if not outcome.done})",
        "rest = request",
        f"{_WRITER_TESTS}::test_what_was_taken_is_not_sent_again_with_the_halves",
    ),
    Mutant(
        _WRITER,
        "            if row is not None:\n                mended_before.add(place)\n",
        "            if row is not None:\n",
        f"{_WRITER_TESTS}::test_a_body_that_stays_too_long_fails_with_the_orgs_words",
    ),
    Mutant(
        _WRITER,
        "            elif is_locked(outcome):\n                again[place] = outcome.row\n",
        "",
        f"{_WRITER_TESTS}::test_one_row_too_much_fails_as_passing",
    ),
    Mutant(
        _WRITER,
        "if waits_for_parent(outcome) and Parents.key_of(outcome) in parents:",
        "if False:",
        f"{_WRITER_TESTS}::test_a_body_that_is_refused_as_too_long_is_halved_once",
    ),
    Mutant(
        _WRITER,
        "_result(parents.settled(outcomes[mail, index]))",
        "_result(outcomes[mail, index])",
        f"{_WRITER_TESTS}::test_a_bad_row_fails_alone_and_its_children_share_its_reason",
    ),
    Mutant(
        _WRITER,
        "self._watch.see(outcomes.values())",
        "pass",
        f"{_WRITER_TESTS}::test_fifty_refusals_for_one_reason_are_the_orgs_fault",
    ),
    Mutant(
        _WRITER,
        '{"id": row.id} if row.id is not None else {row.key_field: row.key}',
        "{row.key_field: row.key}",
        f"{_WRITER_TESTS}::test_updates_are_sent_by_id_without_their_key",
    ),
    Mutant(
        _WRITER,
        '"PATCH" if collection.is_update else "POST"',
        '"POST"',
        f"{_WRITER_TESTS}::test_updates_are_sent_by_id_without_their_key",
    ),
    Mutant(
        _WRITER,
        "        if is_overload(outcomes[0]):\n            return outcomes\n",
        "",
        f"{_WRITER_TESTS}::test_a_collection_that_is_too_much_as_a_whole_fails_row_by_row_in_the_end",
    ),
    Mutant(
        _WRITER,
        "asks = [event_ask(self._client, event)]",
        "asks = [event_ask(self._client, event)] * 2",
        f"{_WRITER_TESTS}::test_one_call_carries_the_event_and_three_collections",
    ),
    Mutant(
        _OUTCOMES,
        "existed=not sent_again",
        "existed=True",
        f"{_WRITER_TESTS}::test_rows_of_a_lost_answer_are_this_runs_own",
    ),
    Mutant(
        _OUTCOMES,
        "id=full_id(found[1]) if found else None",
        "id=None",
        f"{_WRITER_TESTS}::test_rows_of_a_lost_answer_are_this_runs_own",
    ),
    Mutant(
        _OUTCOMES,
        'if code == "DUPLICATE_VALUE" and _EXISTS in message:',
        "if False:",
        f"{_WRITER_TESTS}::test_rows_of_a_lost_answer_are_this_runs_own",
    ),
    Mutant(
        _OUTCOMES,
        "or (code == _TRIGGER and any(limit in text for limit in _LIMITS))",
        "",
        f"{_WRITER_TESTS}::test_too_much_at_once_is_halved_until_it_fits",
    ),
    Mutant(
        _OUTCOMES,
        "code in _OVERLOAD or",
        "",
        f"{_WRITER_TESTS}::test_a_collection_that_is_too_much_as_a_whole_fails_row_by_row_in_the_end",
    ),
    Mutant(
        _OUTCOMES,
        'row.object == "Task" and row.fields.get("OwnerId") != integration_user:',
        'row.fields.get("OwnerId") != integration_user:',
        f"{_WRITER_TESTS}::test_a_mail_is_given_to_nobody_else",
    ),
    Mutant(
        _OUTCOMES,
        'and any("Body__c" in name for name in error.fields):',
        "and True:",
        f"{_WRITER_TESTS}::test_another_long_field_is_not_mended",
    ),
    Mutant(
        _OUTCOMES,
        "return outcome if parent is None or parent.done else replace(outcome, error=parent.error)",
        "return outcome if parent is None else replace(outcome, error=parent.error)",
        f"{_WRITER_TESTS}::test_a_child_of_a_mail_that_vanished_after_it_was_taken_keeps_its_own_reason",
    ),
    Mutant(
        _OUTCOMES,
        "half = halve(Body(html, truncated=True))",
        "half = Body(html, truncated=True)",
        f"{_WRITER_TESTS}::test_a_body_that_is_refused_as_too_long_is_halved_once",
    ),
    Mutant(_RIGHTS, "    if hidden:\n", "    if False:\n", f"{_RIGHTS_TESTS}::test_missing_fields_are_all_named"),
    Mutant(
        _RIGHTS,
        "    if undated:\n",
        "    if False:\n",
        f"{_RIGHTS_TESTS}::test_audit_fields_have_a_remedy_of_their_own",
    ),
    Mutant(_RIGHTS, "    if barred:\n", "    if False:\n", f"{_RIGHTS_TESTS}::test_an_object_that_may_not_be_written"),
    Mutant(
        _RIGHTS,
        'if not any(row.get("PermissionsViewSetup") for row in rows):',
        "if False:",
        f"{_RIGHTS_TESTS}::test_what_is_hidden_is_not_absent",
    ),
    Mutant(
        _RIGHTS,
        'if row.get("PermissionSet") and is_in_force(row, now)]',
        'if row.get("PermissionSet")]',
        f"{_RIGHTS_TESTS}::test_grants_add_up_and_expire",
    ),
]
