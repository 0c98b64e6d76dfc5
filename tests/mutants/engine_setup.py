"""What records of settings, exclusions, mailboxes and rights mean."""

from tests.mutants import Mutant

_PARSE = "connector/salesforce/parse.py"
_ADMIN_TESTS = "tests/unit/salesforce/test_admin.py"

MUTANTS = [
    Mutant(
        _PARSE,
        'row.count("Unmatched_Retention_Days__c", 30, least=1, most=_MOST_DAYS)',
        'row.count("Unmatched_Retention_Days__c", 30, least=0, most=_MOST_DAYS)',
        f"{_ADMIN_TESTS}::test_an_odd_setting_is_named",
    ),
    Mutant(
        _PARSE,
        'row.count("Backfill_Months__c", 6,',
        'row.count("Backfill_Months__c", 7,',
        f"{_ADMIN_TESTS}::test_what_is_read",
    ),
    Mutant(_PARSE, "if frequency not in FREQUENCIES:", "if False:", f"{_ADMIN_TESTS}::test_an_odd_setting_is_named"),
    Mutant(
        _PARSE, "if name not in self.record:", "if False:", f"{_ADMIN_TESTS}::test_a_hidden_setting_is_not_its_default"
    ),
    Mutant(_PARSE, 'row.value("IsActive") is not False and', "", f"{_ADMIN_TESTS}::test_assignments_that_count"),
]
