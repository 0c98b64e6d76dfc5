"""What has to be written to make what is stored what is desired: only additions."""

from tests.mutants import Mutant

_PLAN = "connector/core/plan.py"
_PLAN_TESTS = "tests/unit/core/test_plan.py"

MUTANTS = [
    Mutant(
        _PLAN,
        'if stored.is_deleted or stored.match_status == "Removed":',
        "if stored.is_deleted:",
        f"{_PLAN_TESTS}::test_a_mail_that_was_removed_is_left_alone",
    ),
    Mutant(
        _PLAN,
        'if stored.is_deleted or stored.match_status == "Removed":',
        'if stored.match_status == "Removed":',
        f"{_PLAN_TESTS}::test_a_mail_that_was_removed_is_left_alone",
    ),
    Mutant(
        _PLAN,
        "if desired.email.key != stored.key:",
        "if False:",
        f"{_PLAN_TESTS}::test_a_mail_built_with_another_key_is_refused",
    ),
    Mutant(
        _PLAN,
        "if task.key not in stored.task_keys]",
        "if True]",
        f"{_PLAN_TESTS}::test_the_same_mail_again_is_nothing_to_do",
    ),
    Mutant(
        _PLAN,
        'stored.fields[name] in (None, "") and value',
        "value",
        f"{_PLAN_TESTS}::test_a_field_that_was_not_read_is_not_filled",
    ),
    Mutant(
        _PLAN,
        "if name in stored.fields and stored.fields[name]",
        "if stored.fields.get(name)",
        f"{_PLAN_TESTS}::test_a_field_that_was_not_read_is_not_filled",
    ),
    Mutant(
        _PLAN,
        'and value not in (None, ""):',
        "and True:",
        f"{_PLAN_TESTS}::test_a_contact_that_has_its_account_since_lists_it",
    ),
    Mutant(
        _PLAN,
        '    if "Body__c" in fields:\n'
        '        fields["Body_Truncated__c"] = desired.email.fields["Body_Truncated__c"]\n',
        "",
        f"{_PLAN_TESTS}::test_a_body_that_is_missing_is_filled_with_what_is_true_of_it",
    ),
    Mutant(
        _PLAN,
        "desired.matched or any(row.contact or row.account for row in stored.participants)",
        "desired.matched",
        f"{_PLAN_TESTS}::test_a_relation_set_by_hand_makes_a_mail_matched_and_is_kept",
    ),
    Mutant(
        _PLAN,
        "desired.matched or any(row.contact or row.account for row in stored.participants)",
        "any(row.contact or row.account for row in stored.participants)",
        f"{_PLAN_TESTS}::test_an_address_that_is_a_client_now_takes_its_row_over",
    ),
    Mutant(
        _PLAN,
        'if related and stored.match_status == "Unmatched":',
        "if related:",
        f"{_PLAN_TESTS}::test_a_contact_that_has_its_account_since_lists_it",
    ),
    Mutant(
        _PLAN,
        '{"Match_Status__c": "Matched", "Expires_On__c": None}',
        '{"Match_Status__c": "Matched"}',
        f"{_PLAN_TESTS}::test_a_relation_set_by_hand_makes_a_mail_matched_and_is_kept",
    ),
    Mutant(
        _PLAN,
        "listed = {row.account for row in stored if row.account}",
        "listed = set()",
        f"{_PLAN_TESTS}::test_copies_in_either_order_give_the_same_rows",
    ),
    Mutant(
        _PLAN,
        'and here.account is None and here.contact == fields.get("Contact__c"):',
        "and here.account is None:",
        f"{_PLAN_TESTS}::test_a_contact_changed_or_taken_off_by_hand_stays_so",
    ),
    Mutant(
        _PLAN,
        "and here.account is None and here.contact",
        "and here.contact",
        f"{_PLAN_TESTS}::test_an_account_changed_by_hand_stays_so",
    ),
    Mutant(
        _PLAN,
        "        elif _is_there(row, stored):\n            continue\n",
        "",
        f"{_PLAN_TESTS}::test_an_account_set_by_hand_is_not_set_twice",
    ),
    Mutant(
        _PLAN,
        "any(other.account == account for other in same) if account else bool(same)",
        "bool(same)",
        f"{_PLAN_TESTS}::test_re_matching_ends_where_a_sync_with_all_records_would",
    ),
    Mutant(
        _PLAN,
        "elif (old := _take(free, row)) is not None:",
        "elif (old := None) is not None:",
        f"{_PLAN_TESTS}::test_an_address_that_is_a_client_now_takes_its_row_over",
    ),
    Mutant(
        _PLAN,
        "{row.key_field: row.key, **lookups}",
        "lookups",
        f"{_PLAN_TESTS}::test_an_address_that_is_a_client_now_takes_its_row_over",
    ),
    Mutant(
        _PLAN,
        'stored.address.casefold() == str(row.fields.get("Address__c", "")).casefold()',
        'stored.address == row.fields.get("Address__c")',
        f"{_PLAN_TESTS}::test_an_address_is_known_again_whatever_its_case",
    ),
    Mutant(_PLAN, '"Bcc__c",\n', "", f"{_PLAN_TESTS}::test_empty_fields_are_filled_and_others_are_kept"),
]
