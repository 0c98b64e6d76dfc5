"""Stored mail that follows its clients, mail that a person removes, mail that is kept for its time."""

from tests.mutants import Mutant

REMATCH, REMOVAL, PLAN = "connector/core/rematch.py", "connector/core/removal.py", "connector/core/plan.py"
CHANGES, STOCK, DIRECTORY = (
    "connector/salesforce/changes.py",
    "connector/salesforce/stock.py",
    "connector/salesforce/directory.py",
)
TAKING, UPKEEP, REMATCHING, CLEARING = (
    "connector/salesforce/removal.py",
    "connector/upkeep.py",
    "connector/rematching.py",
    "connector/clearing.py",
)
_CORE, _GONE, _STOCK = (
    "tests/unit/core/test_rematch.py",
    "tests/unit/core/test_removal.py",
    "tests/unit/salesforce/test_stock.py",
)
_RELATED, _REMOVED, _RETENTION = (
    "tests/acceptance/test_rematch.py",
    "tests/acceptance/test_removed.py",
    "tests/acceptance/test_retention.py",
)
_CONVERGES = f"{_CORE}::test_it_converges_to_what_a_sync_with_the_final_clients_stores"
_NO_CLIENTS = f"{_CORE}::test_colleagues_mailboxes_and_excluded_addresses_are_no_clients"

MUTANTS = [
    # what is looked for
    Mutant(
        REMATCH,
        "since=through - LOOK_BACK, today=today",
        "since=through, today=today",
        f"{_CORE}::test_the_first_run_of_a_day_looks_a_day_further_back",
    ),
    Mutant(
        REMATCH,
        "if org_date(through, org) < today:",
        "if through.date() < today:",
        f"{_CORE}::test_the_day_is_that_of_the_org",
    ),
    Mutant(
        CHANGES,
        "        if watch.since is not None:\n            clients =",
        "        if watch.since is not None and watch.today is None:\n            clients =",
        f"{_STOCK}::test_the_first_run_of_a_day_looks_for_all_that_is_left_over",
    ),
    Mutant(
        CHANGES,
        "if watch is None or watch.since is None or watch.today is not None:",
        "if watch is None or watch.since is None:",
        f"{_STOCK}::test_the_first_run_of_a_day_looks_for_all_that_is_left_over",
    ),
    Mutant(
        CHANGES,
        "if (address, record, self._found.accounts.get(record)) not in self._there",
        "if True",
        f"{_STOCK}::test_what_changed_in_the_second_of_the_last_run_counts_unless_it_was_seen",
    ),
    Mutant(
        CHANGES,
        "if changed >= since:",
        "if changed > since:",
        f"{_STOCK}::test_what_changed_in_the_second_of_the_last_run_counts_unless_it_was_seen",
    ),
    Mutant(
        DIRECTORY,
        "        self._watch.pending = False\n",
        "",
        f"{_STOCK}::test_changes_ride_along_with_the_first_look_up_in_one_call",
    ),
    Mutant(
        DIRECTORY,
        "            self._watch.keep_client(record, hits)\n",
        "",
        f"{_STOCK}::test_who_was_only_looked_up_did_not_change",
    ),
    Mutant(
        STOCK,
        "    if len(records) != 1:\n        return same\n",
        "",
        f"{_STOCK}::test_rows_that_have_the_record_already_are_not_asked_for",
    ),
    Mutant(
        STOCK,
        "\"SELECT Email__c FROM Email_Participant__c WHERE Email__r.Match_Status__c != 'Removed' AND \"",
        '"SELECT Email__c FROM Email_Participant__c WHERE "',
        f"{_STOCK}::test_rows_that_have_the_record_already_are_not_asked_for",
    ),
    # who may be related, and where it leads
    Mutant(REMATCH, "if party.address not in linked\n        and", "if", _NO_CLIENTS),
    Mutant(REMATCH, "        and not rules.internal_domain(party.address, at)\n", "", _NO_CLIENTS),
    Mutant(REMATCH, "        and not rules.external(party.address, at)\n", "", _NO_CLIENTS),
    Mutant(
        REMATCH,
        "        and not (users and all(rules.personal(one, party.address, at) for one in users))\n",
        "",
        _NO_CLIENTS,
    ),
    Mutant(REMATCH, "tasks=tasks(parent, matches, org),", "tasks=(),", _CONVERGES),
    Mutant(
        REMATCH,
        "key=lambda party: _ROLES[party.role]",
        "key=lambda party: party.address",
        f"{_CORE}::test_each_address_is_a_party_once_in_the_order_of_roles",
    ),
    Mutant(
        PLAN,
        'fields |= {"Match_Status__c": "Matched", "Expires_On__c": None}',
        'fields |= {"Match_Status__c": "Matched"}',
        f"{_RELATED}::test_a_new_contact_gets_the_mail_that_is_there",
    ),
    Mutant(
        REMATCHING,
        "emails = {*changes.related, *(",
        "emails = {*(",
        f"{_RELATED}::test_what_a_person_related_makes_the_mail_matched_and_is_kept",
    ),
    Mutant(
        REMATCHING,
        "        self.tally.failures[box.id, message] = Failure(",
        "        _ = Failure(",
        f"{_RELATED}::test_a_row_that_the_org_refuses_is_an_error_row_and_a_retry_relates_it",
    ),
    Mutant(
        "connector/sync.py",
        "if self._stock is None or self._dry_run or self._retries_only:",
        "if self._stock is None or self._retries_only:",
        f"{_RELATED}::test_a_dry_run_relates_nothing",
    ),
    Mutant(
        UPKEEP,
        "            self.matched_through = self.settings.id, self.setup.now\n",
        "            self.matched_through = None\n",
        f"{_RELATED}::test_a_new_contact_gets_the_mail_that_is_there",
    ),
    # removed
    Mutant(REMOVAL, '            "Preview__c",\n', "", f"{_GONE}::test_every_field_is_either_kept_or_blanked"),
    Mutant(
        REMOVAL,
        "if all(entity in ours or entity.startswith(_USER) for entity in linked)",
        "if any(entity in ours or entity.startswith(_USER) for entity in linked)",
        f"{_GONE}::test_a_file_of_these_mails_and_its_owner_alone_goes_with_them",
    ),
    Mutant(
        TAKING,
        '            ("ContentDocumentLink", unlinked),\n',
        "",
        f"{_REMOVED}::test_a_file_that_stands_elsewhere_too_is_only_taken_off",
    ),
    Mutant(
        TAKING,
        "left = [email for email in emails if email not in failed]",
        "left = [*emails]",
        f"{_REMOVED}::test_what_the_org_refuses_is_told_and_tried_again_the_next_day[DELETE]",
    ),
    Mutant(
        TAKING,
        "        self._watch.see(outcomes)\n",
        "",
        f"{_STOCK}::test_an_org_that_refuses_every_mail_is_at_fault",
    ),
    Mutant(
        TAKING,
        "return None if code in _GONE else RowError",
        "return RowError",
        f"{_STOCK}::test_what_somebody_else_deleted_is_deleted",
    ),
    # kept for its time
    Mutant(
        TAKING,
        'still = [str(row["Id"]) for row in expired]',
        "still = [*part]",
        f"{_STOCK}::test_only_what_is_still_to_be_deleted_is",
    ),
    Mutant(
        CHANGES,
        "Expires_On__c < {today} AND IsDeleted",
        "Expires_On__c <= {today} AND IsDeleted",
        f"{_STOCK}::test_the_first_run_of_a_day_looks_for_all_that_is_left_over",
    ),
    Mutant(
        TAKING,
        'failed = self._delete(owners, "ContentDocument")\n            # a',
        "failed: dict[str, RowError] = {}\n            # a",
        f"{_RETENTION}::test_what_is_past_its_day_is_deleted_with_its_files_and_the_rest_is_kept",
    ),
    Mutant(
        CLEARING,
        'remarks += _remarks("deleted", refused)',
        "pass",
        f"{_RETENTION}::test_a_mail_that_the_org_will_not_delete_is_told",
    ),
]
