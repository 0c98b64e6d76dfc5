"""What records of settings, exclusions, mailboxes and rights mean."""

from tests.mutants import Mutant

_PARSE = "connector/salesforce/parse.py"
_PARSE_TESTS = "tests/unit/salesforce/test_parse.py"
_ADMIN_TESTS = "tests/unit/salesforce/test_admin.py"

MUTANTS = [
    Mutant(
        _PARSE,
        'row.count("Unmatched_Retention_Days__c", 30, least=1, most=_MOST_DAYS)',
        'row.count("Unmatched_Retention_Days__c", 30, least=0, most=_MOST_DAYS)',
        f"{_PARSE_TESTS}::test_a_number_out_of_its_range_is_named",
    ),
    Mutant(
        _PARSE,
        'row.count("Unmatched_Retention_Days__c", 30,',
        'row.count("Unmatched_Retention_Days__c", 31,',
        f"{_PARSE_TESTS}::test_what_is_empty_in_the_settings_has_its_default",
    ),
    Mutant(
        _PARSE,
        'row.count("Backfill_Months__c", 6,',
        'row.count("Backfill_Months__c", 7,',
        f"{_PARSE_TESTS}::test_what_is_empty_in_the_settings_has_its_default",
    ),
    Mutant(
        _PARSE,
        'row.count("Licensed_Users__c", None)',
        'row.count("Licensed_Users__c", 0)',
        f"{_PARSE_TESTS}::test_what_is_empty_in_the_settings_has_its_default",
    ),
    Mutant(_PARSE, "if frequency not in FREQUENCIES:", "if False:", f"{_ADMIN_TESTS}::test_an_odd_setting_is_named"),
    Mutant(
        _PARSE, "if name not in self.record:", "if False:", f"{_ADMIN_TESTS}::test_a_hidden_setting_is_not_its_default"
    ),
    Mutant(
        _PARSE,
        '(row.id_of("User__c") or row.id_of("CreatedById")) if personal else None',
        'row.id_of("User__c") if personal else None',
        f"{_PARSE_TESTS}::test_a_personal_rule_without_user_is_its_creators_and_no_other_rule_has_a_user",
    ),
    Mutant(
        _PARSE,
        'row.value("IsActive") is not False and',
        "",
        f"{_PARSE_TESTS}::test_an_assignment_that_ran_out_or_is_inactive_does_not_count",
    ),
    Mutant(
        _PARSE,
        "(expires is None or expires > now)",
        "True",
        f"{_PARSE_TESTS}::test_an_assignment_that_ran_out_or_is_inactive_does_not_count",
    ),
    Mutant(
        _PARSE,
        'or bool(event.get("Retry_Requested__c"))\n',
        "\n",
        f"{_PARSE_TESTS}::test_a_retry_is_asked_for_on_the_row_or_on_its_event",
    ),
    Mutant(
        _PARSE,
        "if user is not None and not isinstance(related, Mapping):",
        "if False:",
        f"{_ADMIN_TESTS}::test_a_user_that_cannot_be_seen_is_not_an_inactive_one",
    ),
    Mutant(
        _PARSE,
        'row.text("Opt_Out_Categories__c").split(";")',
        'row.text("Opt_Out_Categories__c").split(",")',
        f"{_PARSE_TESTS}::test_categories_are_separated_by_semicolons",
    ),
    Mutant(
        _PARSE,
        "if not whole or number < least or (most is not None and number > most):",
        "if not whole:",
        f"{_PARSE_TESTS}::test_a_number_out_of_its_range_is_named",
    ),
    Mutant(
        _PARSE,
        "if removed is None and (deleted or not active):",
        "if removed is None and not active:",
        f"{_PARSE_TESTS}::test_a_rule_that_was_cleared_or_deleted_was_removed_when_it_was_last_modified",
    ),
    Mutant(
        _PARSE,
        "if removed is None and (deleted or not active):",
        "if removed is None and deleted:",
        f"{_PARSE_TESTS}::test_a_rule_that_was_cleared_or_deleted_was_removed_when_it_was_last_modified",
    ),
    Mutant(
        _PARSE,
        "if removed is None and (deleted or not active):",
        "if deleted or not active:",
        f"{_PARSE_TESTS}::test_the_time_that_was_stamped_stays",
    ),
    Mutant(
        _PARSE,
        'removed = None if active else row.instant("Removed_At__c")',
        'removed = row.instant("Removed_At__c")',
        f"{_PARSE_TESTS}::test_a_rule_that_is_active_again_applies_again",
    ),
]
