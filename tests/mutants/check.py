"""What `check` calls green, amber and red; who is read; how a person signs in."""

from tests.mutants import Mutant

CHECKING, COURSES = "connector/core/checking.py", "connector/courses.py"
REHEARSAL, TOKEN_FILE = "connector/salesforce/rehearsal.py", "connector/graph/token_file.py"
PRINCIPAL, MAIL = "connector/graph/principal.py", "connector/graph/mail.py"
_UNIT, _COURSES = "tests/unit/core/test_checking.py", "tests/unit/test_courses.py"
_CHECK, _LOGIN = "tests/acceptance/test_check.py", "tests/acceptance/test_login.py"

MUTANTS = [
    Mutant(CHECKING, "Light.RED if abs(off) >= SKEW_RED else Light.AMBER", "Light.AMBER", f"{_UNIT}::test_clocks"),
    Mutant(CHECKING, "if abs(off) < SKEW_AMBER:", "if off < SKEW_AMBER:", f"{_UNIT}::test_clocks"),
    Mutant(
        CHECKING,
        "    if records > 1:\n",
        "    if False:\n",
        f"{_UNIT}::test_settings_records_that_are_missing_or_too_many",
    ),
    Mutant(CHECKING, "    if look.resting is not None:\n", "    if False:\n", f"{_UNIT}::test_settings"),
    Mutant(
        CHECKING,
        "if chosen.keep_unmatched and not internal_domains(setup.exclusions):",
        "if False:",
        f"{_UNIT}::test_keeping_unmatched_mail_without_an_internal_domain_is_red",
    ),
    Mutant(
        CHECKING,
        "rule.type is ExclusionType.INTERNAL_DOMAIN and rule.removed_at is None:",
        "rule.type is ExclusionType.INTERNAL_DOMAIN:",
        f"{_UNIT}::test_keeping_unmatched_mail_without_an_internal_domain_is_red",
    ),
    Mutant(
        CHECKING,
        "if chosen.keep_unmatched and chosen.unmatched_retention_days < 1:",
        "if False:",
        f"{_UNIT}::test_settings",
    ),
    Mutant(
        CHECKING, "if chosen.attachment_max_mb <= 0:", "if chosen.attachment_max_mb < 0:", f"{_UNIT}::test_settings"
    ),
    Mutant(
        CHECKING,
        "elif chosen.attachment_max_mb > LARGEST_MESSAGE_MB:",
        "elif chosen.attachment_max_mb > LARGEST_FILE_MB:",
        f"{_UNIT}::test_settings",
    ),
    Mutant(CHECKING, "if not 0 <= chosen.backfill_months <= MOST_MONTHS:", "if False:", f"{_UNIT}::test_settings"),
    Mutant(
        CHECKING,
        "if chosen.licensed_users and len(linked) > chosen.licensed_users:",
        "if False:",
        f"{_UNIT}::test_more_links_than_seats",
    ),
    Mutant(
        CHECKING,
        " and not domain.endswith(_OF_MICROSOFT)",
        "",
        f"{_UNIT}::test_domains_are_proposed_of_names_and_addresses",
    ),
    Mutant(
        CHECKING,
        'return domain == above or domain.endswith(f".{above}")',
        "return domain.endswith(above)",
        f"{_UNIT}::test_domains",
    ),
    Mutant(CHECKING, "    if used >= budget:\n", "    if used > budget:\n", f"{_UNIT}::test_api_calls"),
    Mutant(CHECKING, "if left <= 0 < limit:", "if left < 0 < limit:", f"{_UNIT}::test_storage"),
    Mutant(
        CHECKING,
        "left * 100 < limit * STORAGE_LEFT",
        "left < STORAGE_LEFT",
        f"{_UNIT}::test_an_org_without_a_limit_is_not_full",
    ),
    Mutant(CHECKING, '    if not found.get("Contact"):\n', "    if False:\n", f"{_UNIT}::test_fields_and_records"),
    Mutant(CHECKING, "    if left < EXPIRES_SOON:\n", "    if False:\n", f"{_UNIT}::test_credentials"),
    Mutant(
        CHECKING,
        "status = Light.AMBER if box.active else Light.GREEN",
        "status = Light.AMBER",
        f"{_UNIT}::test_a_mailbox_that_is_not_read",
    ),
    Mutant(
        COURSES,
        "if named and named not in own and named in",
        "if False and named in",
        f"{_COURSES}::test_an_alias_is_no_user_principal_name",
    ),
    Mutant(
        COURSES,
        'user.purpose == "shared" if user.purpose else box.shared',
        'user.purpose == "shared"',
        f"{_COURSES}::test_a_kind_that_may_not_be_asked_stays_as_it_is",
    ),
    Mutant(
        REHEARSAL,
        "all_or_none=True",
        "all_or_none=False",
        f"{_CHECK}::test_all_is_well_and_nothing_is_left",
    ),
    Mutant(
        REHEARSAL,
        "        if out & set(step.needs):\n",
        "        if False:\n",
        f"{_CHECK}::test_what_the_org_refuses_to_write_is_named_and_the_rest_is_tried_all_the_same",
    ),
    Mutant(
        TOKEN_FILE,
        'if os.name == "posix" and stat',
        "if False and stat",
        f"{_LOGIN}::test_what_login_refuses",
    ),
    Mutant(
        PRINCIPAL,
        "        if cache.has_state_changed:\n",
        "        if False:\n",
        f"{_LOGIN}::test_a_refresh_token_is_replaced_and_one_that_was_revoked_asks_for_a_person",
    ),
    Mutant(
        PRINCIPAL,
        ", force_refresh=self._stale)",
        ")",
        f"{_LOGIN}::test_a_refresh_token_is_replaced_and_one_that_was_revoked_asks_for_a_person",
    ),
    Mutant(
        MAIL,
        '        if response.status == 403:\n            return ""\n',
        "",
        f"{_LOGIN}::test_a_person_signs_in_once_and_mail_is_read_as_that_person",
    ),
    Mutant(
        MAIL,
        "            if self._person is None:\n                raise\n",
        "            raise\n",
        f"{_LOGIN}::test_a_person_who_may_not_read_the_directory_reads_the_own_mail",
    ),
]
