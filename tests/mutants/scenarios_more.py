"""Addresses and users that a mailbox is given later, attempts of a retry, and Tasks that Contacts share."""

from tests.mutants import Mutant

COURSES, DECIDING, STORING = "connector/courses.py", "connector/deciding.py", "connector/storing.py"
RETRYING, STATE, PLAN = "connector/retrying.py", "connector/salesforce/state.py", "connector/core/plan.py"
TASKS, DIRECTORY, STOCK = (f"connector/salesforce/{name}.py" for name in ("tasks", "directory", "stock"))
_MORE = "tests/acceptance/test_scenarios_more.py"
_OUTCOMES, _COURSES_TESTS = "tests/unit/test_outcomes.py", "tests/unit/test_courses.py"
_PLAN_TESTS, _TASKS_TESTS = "tests/unit/core/test_plan_shared_tasks.py", "tests/unit/salesforce/test_tasks.py"
_SINCE = f"{_OUTCOMES}::test_addresses_that_came_since_are_asked_for_once_and_only_of_what_may_be_a_bcc"
_ADDED = f"{_COURSES_TESTS}::test_addresses_that_a_mailbox_was_given_since_are_added_when_it_is_swept"
_SWEPT = f"{_COURSES_TESTS}::test_a_row_with_graph_id_costs_no_request_until_it_is_swept"
_ATTEMPTS = f"{_MORE}::test_a_retry_waits_for_its_mailbox_and_counts_the_attempt_that_settles_it"
_SHARED = f"{_MORE}::test_a_shared_task_names_the_contacts_that_come_later"
_BEHIND = f"{_PLAN_TESTS}::test_contacts_that_came_since_are_named_behind_the_others"
_WHO = f"{_TASKS_TESTS}::test_with_shared_activities_whom_it_names_is_known_and_that_of_who_id_comes_first"
_TODAY = "tests/contract/test_graph_mail.py::test_the_addresses_that_a_user_has_today"

MUTANTS = [
    Mutant(
        "connector/graph/mail.py",
        'return parse.directory_user(response.body, "").addresses if response.status == 200 else None',
        'return parse.directory_user(response.body, "").addresses',
        _TODAY,
    ),
    Mutant(DECIDING, "addresses=view.addresses | today", "addresses=view.addresses", _SINCE),
    Mutant(DECIDING, "self._asked_addresses.add(view.id)", "pass", _SINCE),
    Mutant(DECIDING, "if may_be_bcc(header, view, self._settings, folder_reason=reason):", "if True:", _SINCE),
    Mutant(COURSES, "aliases=(*box.aliases, *new)", "aliases=new", _ADDED),
    Mutant(COURSES, "if normalise(address) not in known)", "if True)", _ADDED),
    Mutant(COURSES, "if sweep is not None and not resolved:", "if not resolved:", _SWEPT),
    Mutant(
        COURSES,
        "if sweep is not None and not resolved:",
        "if False:",
        f"{_MORE}::test_an_alias_that_came_later_is_a_colleague_once_it_is_swept",
    ),
    Mutant(
        COURSES,
        "source.addresses(user) or ()",
        "source.addresses(user)",
        f"{_COURSES_TESTS}::test_a_directory_that_does_not_tell_leaves_the_addresses_alone",
    ),
    Mutant(
        STORING,
        "owner=mail.stored.owner if mail.stored is not None else mail.owner,",
        "owner=mail.owner,",
        f"{_MORE}::test_a_mailbox_of_another_user_adds_to_its_mail_as_the_first",
    ),
    Mutant(
        RETRYING, "status=ErrorStatus.RESOLVED, attempts=error.attempts + 1", "status=ErrorStatus.RESOLVED", _ATTEMPTS
    ),
    Mutant(
        RETRYING,
        "attempts=error.attempts + 1,\n        code",
        "code",
        "tests/unit/test_retrying.py::test_one_that_is_nowhere_is_given_up",
    ),
    Mutant(STATE, "if error.attempts is not None:", "if False:", _ATTEMPTS),
    Mutant(PLAN, "*updates, *_tasks(desired.tasks, stored))", "*updates)", _BEHIND),
    Mutant(
        PLAN,
        '(*there.contacts, *row.fields.get("TaskWhoIds", ()))',
        '(*row.fields.get("TaskWhoIds", ()), *there.contacts)',
        _BEHIND,
    ),
    Mutant(PLAN, "[:MOST_CONTACTS]", "", f"{_PLAN_TESTS}::test_it_names_fifty_at_most"),
    Mutant(
        PLAN,
        "if len(named) > len(there.contacts):",
        "if True:",
        f"{_PLAN_TESTS}::test_nobody_is_taken_off_and_nothing_is_written_in_vain",
    ),
    Mutant(TASKS, 'names = (record["WhoId"], *', "names = (None, *", _WHO),
    Mutant(
        TASKS,
        'if record.get("IsArchived") is False:',
        'if "IsArchived" in record:',
        f"{_TASKS_TESTS}::test_an_archived_task_is_there_and_stays_as_it_is",
    ),
    Mutant(
        TASKS,
        "if not email or not key:",
        "if False:",
        f"{_TASKS_TESTS}::test_a_task_that_is_no_mail_s_does_not_count",
    ),
    Mutant(DIRECTORY, "select(shared=self.shared_activities)", "select(shared=False)", _SHARED),
    Mutant(STOCK, "select(shared=self._directory.shared_activities)", "select(shared=False)", _SHARED),
]
