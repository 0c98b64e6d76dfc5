"""Which mailbox is stopped by what, how that is said, and what is put in order beside mail."""

from tests.mutants import Mutant

COURSES, HEALTH, CHORES = "connector/courses.py", "connector/core/health.py", "connector/salesforce/chores.py"
CHECK, GRID = "connector/cli/check.py", "connector/core/grid.py"
_SETUP, _CHORES = "tests/acceptance/test_scenarios_setup.py", "tests/unit/salesforce/test_chores.py"
_BAD_RULE = f"{_SETUP}::test_a_bad_rule_of_one_user_stops_that_user_and_says_so_everywhere"

MUTANTS = [
    Mutant(COURSES, "course.fail(broken)", "course.unlink(str(broken))", _BAD_RULE),
    Mutant(HEALTH, "return MailboxStatus.FAILING, broken", "return MailboxStatus.NOT_LINKED, broken", _BAD_RULE),
    Mutant(CHECK, "elif box.user in broken:", "elif False:", _BAD_RULE),
    Mutant(
        COURSES,
        "course.fail(_told_of(error, course.mailbox))",
        "course.fail(error)",
        f"{_SETUP}::test_every_kind_of_row_in_one_run",
    ),
    Mutant(
        COURSES,
        "if (self.before.status, self.before.status_detail) != (MailboxStatus.NOT_LINKED, reason):",
        "if True:",
        f"{_SETUP}::test_a_mailbox_that_is_not_linked_is_said_once",
    ),
    Mutant(
        GRID,
        'verb = "are" if len(missing) > 1 else "is"',
        'verb = "is"',
        "tests/unit/core/test_grid.py::test_a_frequency_without_its_time_is_refused",
    ),
    Mutant(
        CHORES,
        'None if rule["Active__c"] else rule["LastModifiedDate"]',
        'rule["LastModifiedDate"]',
        f"{_CHORES}::test_a_rule_that_is_active_again_loses_it",
    ),
    Mutant(
        CHORES,
        'if not rule["IsDeleted"] and bool',
        "if bool",
        f"{_CHORES}::test_a_deleted_rule_is_copied_and_not_stamped",
    ),
    Mutant(
        CHORES,
        '(not rule["Active__c"] and rule["Removed_At__c"])',
        'rule["Removed_At__c"]',
        f"{_CHORES}::test_a_copy_ends_when_its_rule_did",
    ),
    Mutant(
        CHORES,
        '(rule["User__c"] or rule["CreatedById"]) if personal else None',
        'rule["User__c"]',
        f"{_CHORES}::test_a_personal_rule_keeps_its_user",
    ),
    Mutant(
        CHORES,
        'rule["IsDeleted"] and original not in copied:',
        'rule["IsDeleted"]:',
        f"{_CHORES}::test_there_is_one_copy_of_each_and_of_a_deleted_copy_another",
    ),
    Mutant(
        CHORES,
        'original = rule["Tombstone_Of__c"] or rule["Id"]',
        'original = rule["Id"]',
        f"{_CHORES}::test_there_is_one_copy_of_each_and_of_a_deleted_copy_another",
    ),
]
