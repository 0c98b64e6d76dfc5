"""What must stay private, and what is refused rather than guessed."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="A global pattern that cannot be understood stops the run (DESIGN §5)",
        where="connector.core.deciding.pattern:address_pattern",
        change=("if _REFUSED.search(text):", "if False:"),
        caught_by="tests/unit/core/test_patterns.py::test_an_address_pattern_that_cannot_be_understood_stops_the_run_and_names_the_record",
    ),
    Promise(
        says="A broken personal rule stops its user's mailboxes only (DESIGN §5)",
        where="connector.core.deciding.exclude:compile_rules",
        change=("if rule.user is None or rule.type is not ExclusionType.PERSONAL_ADDRESS:", "if True:"),
        caught_by="tests/unit/core/test_patterns.py::test_a_broken_personal_pattern_stops_only_its_user",
    ),
    Promise(
        says="With Keep_Unmatched__c on and no Internal Domain nothing is read (DESIGN §5)",
        where="connector.engine.run:Run._sync",
        change=("        _require_internal_domain(settings, rules)\n", ""),
        caught_by="tests/unit/engine/test_run.py::test_without_an_internal_domain_unmatched_mail_is_not_kept_at_all",
    ),
    Promise(
        says="Only mailboxes of holders of Microsoft_365_Sync_User are read (DESIGN §5)",
        where="connector.engine.mailboxes:not_linked_reason",
        change=("if box.user not in setup.sync_users:", "if False:"),
        caught_by="tests/unit/engine/test_mailboxes.py::test_a_mailbox_that_is_not_linked_says_why",
    ),
    Promise(
        says="Beyond Licensed_Users__c the newest links are not read (DESIGN §5)",
        where="connector.engine.mailboxes:not_linked_reason",
        change=("if seats is not None and box.user not in seats:", "if False:"),
        caught_by="tests/unit/engine/test_mailboxes.py::test_rows_created_first_keep_their_seats",
    ),
    Promise(
        says="An assignment that has expired gives no right (DESIGN §4)",
        where="connector.salesforce.parse:is_in_force",
        change=("(expires is None or expires > now)", "True"),
        caught_by="tests/unit/salesforce/test_parse.py::test_an_assignment_that_ran_out_or_is_inactive_does_not_count",
    ),
    Promise(
        says="A rule that was deleted still applies to older mail (DESIGN §3)",
        where="connector.salesforce.parse:exclusion",
        change=("if removed is None and (deleted or not active):", "if removed is None and not active:"),
        caught_by="tests/unit/salesforce/test_parse.py::test_a_rule_that_was_cleared_or_deleted_was_removed_when_it_was_last_modified",
    ),
    Promise(
        says="A deleted rule is kept as a copy with its user (DESIGN §3)",
        where="connector.salesforce.housekeeping:tombstones",
        change=(
            '(rule["User__c"] or rule["CreatedById"]) if personal else None',
            '(rule["User__c"] or rule["CreatedById"])',
        ),
        caught_by="tests/unit/salesforce/test_housekeeping.py::test_a_deleted_rule_is_copied_and_not_stamped",
    ),
    Promise(
        says="A hidden setting is not taken for its default (DESIGN §4)",
        where="connector.salesforce.parse:Fields.value",
        change=("if name not in self.record:", "if False:"),
        caught_by="tests/unit/salesforce/test_setup.py::test_a_hidden_setting_is_not_its_default",
    ),
    Promise(
        says="A refused token is dropped, and asked for once more (issue 15)",
        where="connector.http.transport:ServiceClient.request",
        change=("        self._token.drop(token)\n", ""),
        caught_by="tests/unit/http/test_transport.py::test_a_refused_token_is_dropped_and_the_request_sent_once_more",
    ),
    Promise(
        says="A maintenance page with status 200 is no answer (issue 15)",
        where="connector.http.attempts:Attempt._send",
        change=('if not self._any_body and not how.get("stream"):\n                require_json(answer)', "pass"),
        caught_by="tests/unit/http/test_transport.py::test_a_good_status_with_a_body_that_is_not_json_is_tried_again",
    ),
    Promise(
        says="What is logged names no person and no query (issue 15)",
        where="connector.http.answers:template",
        change=('"{id}" if _ID.fullmatch(part) else part for part', "part for part"),
        caught_by="tests/unit/http/test_transport.py::test_what_is_logged_names_no_person_and_no_query",
    ),
    Promise(
        says="Fields that the connector cannot see are named before anything is read (DESIGN §3)",
        where="connector.salesforce.rights:require_writing",
        change=("    if hidden:\n", "    if False:\n"),
        caught_by="tests/unit/salesforce/test_rights.py::test_missing_fields_are_all_named",
    ),
    Promise(
        says="A file that stands elsewhere too is not deleted with a removed mail (DESIGN §3, Remove)",
        where="connector.core.writing.blanking:only_of",
        change=(
            "if all(entity in ours or entity.startswith(_USER) for entity in linked)",
            "if any(entity in ours or entity.startswith(_USER) for entity in linked)",
        ),
        caught_by="tests/unit/core/test_blanking.py::test_a_file_of_these_mails_and_its_owner_alone_goes_with_them",
    ),
    Promise(
        says="What fails before it is decided on is told by its ids alone (DESIGN §3; issue 13, scope 3)",
        where="connector.engine.decider:failure_of",
        change=('header.subject if is_client else ""', "header.subject"),
        caught_by="tests/unit/engine/test_decider.py::test_what_fails_before_it_is_decided_on_is_told_by_its_ids_alone",
    ),
    Promise(
        says="A mail that a person deleted stays away, though a bin forgets (DESIGN §3; issue 13, scope 6)",
        where="connector.engine.retention:clear",
        change=("    if changes.deleted:\n", "    if False:\n"),
        caught_by="tests/acceptance/test_remade.py::test_a_mail_that_a_person_deleted_never_comes_back_though_the_bin_forgets_it",
    ),
]
