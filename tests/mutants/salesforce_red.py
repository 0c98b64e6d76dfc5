"""What outside judges of the Salesforce sandbox found missing, each without its rule."""

from tests.mutants import Mutant

_SANDBOX = "connector/sandbox/salesforce/"
_UNIT = "tests/unit/sandbox/"


def _mutant(file: str, text: str, replacement: str, test: str) -> Mutant:
    return Mutant(_SANDBOX + file, text, replacement, _UNIT + test)


MUTANTS = [
    _mutant("soql/semijoin.py", "if sobject.name in _NOT_WITHIN:", "if False:", "test_soql_reference.py::test_refuses"),
    _mutant(
        "soql/semijoin.py",
        "return field.is_id and field.junction is None",
        "return field.is_id",
        "test_soql_reference.py::test_refuses",
    ),
    _mutant(
        "soql/scope.py",
        "if found is None or not found.answered:",
        "if found is None or not found.has_column:",
        "test_salesforce_mail.py::test_the_people_of_a_mail_are_queried_as_lists_of_ids",
    ),
    _mutant(
        "soql/scope.py",
        'AND "IsDeleted" = 0 AND {rows.condition}',
        "AND {rows.condition}",
        "test_salesforce_mail.py::test_the_people_of_a_mail_are_queried_as_lists_of_ids",
    ),
    _mutant(
        "soql/scope.py",
        "nullif(json_group_array(related), '[]')",
        "json_group_array(related)",
        "test_salesforce_mail.py::test_the_people_of_a_mail_are_queried_as_lists_of_ids",
    ),
    _mutant(
        "standard/activities.py",
        "'\"IsWhat\" = 0'",
        "'\"IsWhat\" = 1'",
        "test_salesforce_tasks.py::test_with_shared_activities_a_task_has_several",
    ),
    _mutant(
        "soql/plan.py",
        'raise SoqlError("INVALID_FIELD", f"duplicate field selected: {key}")',
        'raise self._context.refuse(expression.position, "INVALID_FIELD", f"duplicate field selected: {key}")',
        "test_soql_refusals.py::test_a_field_selected_twice_is_told_without_its_place",
    ),
    _mutant(
        "subrequests.py",
        "if segments[0] in _NOT_HELD or (",
        "if (",
        "test_salesforce_composite.py::test_resources_that_composite_does_not_hold_are_refused",
    ),
    _mutant(
        "upsert.py",
        "if field.external_id and not field.unique and not sees_all:",
        "if False:",
        "test_salesforce_rights.py::test_an_upsert_by_a_key_that_is_not_unique_needs_view_all_data",
    ),
    _mutant(
        "upsert.py",
        "if field.external_id and not field.unique and not sees_all:",
        "if field.external_id and not sees_all:",
        "test_salesforce_rights.py::test_an_upsert_by_a_key_that_is_not_unique_needs_view_all_data",
    ),
    _mutant(
        "resources.py",
        'if not call.rights.has("ViewSetup"):',
        "if False:",
        "test_salesforce_rights.py::test_limits_of_the_org_need_view_setup",
    ),
    _mutant(
        "composite_graph.py",
        'return (node["method"], parts[0]',
        'return ("", parts[0]',
        "test_salesforce_composite_graph.py::test_versions_verbs_and_objects_make_fifteen_different_nodes_at_most",
    ),
    _mutant(
        "platform_rules.py",
        "_USERNAME.fullmatch(str(username)) is None",
        "False",
        "test_salesforce_platform_rules.py::test_a_user_name_is_an_address_and_stands_once",
    ),
    _mutant(
        "platform_rules.py",
        "if zone and zone not in available_timezones():",
        "if False:",
        "test_salesforce_platform_rules.py::test_a_user_lives_in_a_zone_that_there_is",
    ),
    _mutant(
        "platform_rules.py",
        'if draft.values.get("PermissionSetId") in owned:',
        "if False:",
        "test_salesforce_platform_rules.py::test_what_a_profile_owns_is_not_assigned",
    ),
    _mutant(
        "platform_rules.py",
        "if above == draft.record_id:",
        "if False:",
        "test_salesforce_platform_rules.py::test_no_record_stands_above_itself",
    ),
    _mutant(
        "platform_rules.py",
        "if pair in linked:",
        "if False:",
        "test_salesforce_platform_rules.py::test_a_file_is_linked_with_a_record_once",
    ),
    _mutant(
        "platform_rules.py",
        "        linked.add(pair)\n",
        "",
        "test_salesforce_platform_rules.py::test_a_file_is_linked_with_a_record_once",
    ),
    _mutant(
        "uniqueness.py",
        'if sobject.name == "User" and field.name == "Username":',
        "if False:",
        "test_salesforce_platform_rules.py::test_a_user_name_is_an_address_and_stands_once",
    ),
    _mutant(
        "queries.py",
        "    _refuse_other_answers(call)\n    soql",
        "    soql",
        "test_salesforce_org.py::test_what_answers_no_records_is_refused",
    ),
    _mutant(
        "checks.py",
        "if value is None or isinstance(value, bool):",
        "if value is None:",
        "test_salesforce_values.py::test_a_value_of_the_wrong_type_is_named_as_json_has_it",
    ),
    _mutant(
        "sosl/expression.py",
        "yield from [phrase] if phrase.words else []",
        "yield phrase",
        "test_sosl.py::test_a_malformed_search_says_why",
    ),
    _mutant(
        "sosl/expression.py",
        "if letters < _SHORTEST and all(",
        "if not tokens and all(",
        "test_sosl.py::test_a_malformed_search_says_why",
    ),
]
