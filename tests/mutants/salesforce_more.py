"""What clients that were new to the Salesforce sandbox found missing or too lenient, each without its rule."""

from tests.mutants import Mutant

_SANDBOX = "connector/sandbox/salesforce/"
_UNIT = "tests/unit/sandbox/"


def _mutant(file: str, text: str, replacement: str, test: str) -> Mutant:
    return Mutant(_SANDBOX + file, text, replacement, _UNIT + test)


def _batch(text: str, replacement: str, test: str) -> Mutant:
    return _mutant("composite_batch.py", text, replacement, f"test_salesforce_batch.py::{test}")


def _viewed(file: str, text: str, replacement: str, test: str) -> Mutant:
    return _mutant(file, text, replacement, f"test_salesforce_viewed.py::{test}")


def _columns(text: str, replacement: str, test: str) -> Mutant:
    return _mutant("query_columns.py", text, replacement, f"test_salesforce_query_columns.py::{test}")


_MALFORMED = "test_a_malformed_batch_is_refused_before_anything_runs"

MUTANTS = [
    # Composite Batch
    _batch("if float(call.version) < FIRST_VERSION:", "if False:", "test_it_came_with_version_34"),
    _batch(
        "call.org.state.daily_api_used += len(items) - 1",
        "call.org.state.daily_api_used += 0",
        "test_each_sub_request_counts_as_a_call",
    ),
    _batch("if failed and halt_on_error", "if failed", "test_what_was_written_stays_when_a_later_one_fails"),
    _batch("if failed and halt_on_error", "if False", "test_the_rest_is_halted_where_that_is_asked_for"),
    _batch("answer.status >= 400", "answer.status >= 500", "test_what_was_written_stays_when_a_later_one_fails"),
    _batch(
        'method = item["method"].upper()',
        'method = item["method"]',
        "test_addresses_begin_with_the_version_or_are_whole",
    ),
    _batch("if segments[0] not in _HELD or", "if", "test_a_wrong_sub_request_fails_alone"),
    _batch(' or segments[-1] == "VersionData":', ":", "test_a_wrong_sub_request_fails_alone"),
    _batch(
        'if unknown is not None:\n        raise bad_json(f\'Unrecognized field "{unknown}" in a batch',
        'if False:\n        raise bad_json(f\'Unrecognized field "{unknown}" in a batch',
        _MALFORMED,
    ),
    _batch("if not isinstance(halt_on_error, bool):", "if False:", _MALFORMED),
    _batch("if len(items) > MAX_SUBREQUESTS:", "if False:", "test_25_sub_requests_are_the_most"),
    _batch(
        'if unknown is not None:\n        raise bad_json(f\'Unrecognized field "{unknown}" in a subrequest',
        'if False:\n        raise bad_json(f\'Unrecognized field "{unknown}" in a subrequest',
        _MALFORMED,
    ),
    _batch('if item["method"].upper() not in _METHODS:', "if False:", _MALFORMED),
    _batch('if item.get("binaryPartName") is not None or', "if", "test_other_versions_and_binary_parts_are_refused"),
    _batch(
        "if not FIRST_VERSION <= version <= float(call.version):",
        "if False:",
        "test_other_versions_and_binary_parts_are_refused",
    ),
    _batch(
        'False if body.get("haltOnError") is None else body["haltOnError"]',
        'body.get("haltOnError", False)',
        "test_null_is_no_word_on_halting",
    ),
    # FOR VIEW, FOR REFERENCE
    _viewed("queries.py", "    viewed.mark(call, result)\n", "", "test_for_view_dates_the_records_and_lists_them"),
    _viewed("queries.py", 'if call.flag("columns"):', "if False:", "test_to_read_in_another_way_does_not_mark"),
    _viewed(
        "viewed.py", 'found.purpose not in ("VIEW", "REFERENCE")', "False", "test_to_read_in_another_way_does_not_mark"
    ),
    _viewed("viewed.py", "or found.sobject in _NEVER", "", "test_tasks_are_never_on_the_list"),
    _viewed(
        "viewed.py",
        'now if found.purpose == "VIEW" else None',
        "now",
        "test_for_reference_leaves_the_date_of_the_view_alone",
    ),
    _viewed(
        "viewed.py", 'COALESCE(?3, "LastViewedDate")', "?3", "test_for_reference_leaves_the_date_of_the_view_alone"
    ),
    _viewed("viewed.py", "        see(call, found.ids)\n", "", "test_for_view_dates_the_records_and_lists_them"),
    _viewed(
        "soql/scope.py", "WHERE {mine})", 'WHERE record_id = {alias}.\\"Id\\")', "test_the_dates_are_each_users_own"
    ),
    # Column metadata
    _columns("key=parent.reference, ", "", "test_parents_are_join_columns_of_one_column"),
    _columns(
        "ordered = sorted(columns, key=lambda column: places[_key(column, depth)])",
        "ordered = list(columns)",
        "test_parents_are_join_columns_of_one_column",
    ),
    _columns("custom=_is_custom(parent.relationship), ", "", "test_custom_fields_and_relationships_say_so"),
    _columns("shown=first.call, aggregate=True", "shown=first.call", "test_groups_and_aggregates"),
    _columns("own = field if not aggregate else None", "own = field", "test_groups_and_aggregates"),
    _columns('"groupBy": found.grouped', '"groupBy": False', "test_groups_and_aggregates"),
    _columns('column.name == "Id" and not column.parents', 'column.name == "Nope"', "test_fields"),
    _columns(
        "custom=_is_custom(first.name), aggregate=True",
        "custom=_is_custom(first.name)",
        "test_a_child_subquery_is_an_aggregate_with_join_columns",
    ),
    _mutant(
        "queries.py",
        'columns.lower() not in ("false", "true")',
        "False",
        "test_salesforce_org.py::test_what_answers_no_records_is_refused",
    ),
    # What the clients met
    _mutant(
        "soql/semijoin.py",
        "if bound is None or bound.parents:",
        "if bound is None:",
        "test_soql_refusals.py::test_refused",
    ),
    _mutant(
        "soql/semijoin.py",
        "if bound is None or bound.parents:",
        "if bound is None or len(bound.path.names) > 1:",
        "test_soql_filters.py::test_what_a_semi_join_selects_may_stand_behind_its_objects_name",
    ),
    _mutant(
        "sobject_collections.py",
        'False if body.get("allOrNone") is None else body["allOrNone"]',
        'body.get("allOrNone", False)',
        "test_salesforce_collections.py::test_null_is_no_word_on_all_or_none",
    ),
    _mutant(
        "composite.py",
        "isinstance(body.get(name), bool | None)",
        "isinstance(body.get(name, False), bool)",
        "test_salesforce_composite.py::test_null_is_no_word_on_flags",
    ),
    _mutant(
        "auth.py",
        'if form.get("grant_type") != _JWT_GRANT:',
        "if True:",
        "test_salesforce_auth.py::test_the_answer_to_client_credentials_is_signed_and_that_to_an_assertion_is_not",
    ),
    _mutant(
        "auth.py",
        "(identity + issued_at).encode()",
        "identity.encode()",
        "test_salesforce_auth.py::test_the_answer_to_client_credentials_is_signed_and_that_to_an_assertion_is_not",
    ),
    _mutant(
        "records.py",
        "if _FIELD.fullmatch(name) is None:",
        "if False:",
        "test_salesforce_rows.py::test_the_fields_of_a_row_are_names_and_nothing_else_of_soql",
    ),
    _mutant(
        "sobject_collections.py",
        "*field_names(sobject, fields)",
        "*(item.strip() for item in fields)",
        "test_salesforce_rows.py::test_the_fields_of_a_row_are_names_and_nothing_else_of_soql",
    ),
    _mutant(
        "rest.py",
        "spelt(segments[3:])",
        "segments[3:]",
        "test_salesforce_files.py::test_the_path_of_a_file_has_no_case",
    ),
    _mutant(
        "subrequests.py",
        'spelt(tuple(unquote(part) for part in path.rstrip("/").split("/")))',
        'tuple(unquote(part) for part in path.rstrip("/").split("/"))',
        "test_salesforce_files.py::test_the_path_of_a_file_has_no_case",
    ),
]
