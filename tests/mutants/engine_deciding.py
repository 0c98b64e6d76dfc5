"""What a run asks before it decides, and what it makes of the answers."""

from tests.mutants import Mutant

_DECIDING = "connector/deciding.py"
_DECIDING_TESTS = "tests/unit/test_deciding.py"
_OUTCOMES_TESTS = "tests/unit/test_outcomes.py"

MUTANTS = [
    Mutant(
        _DECIDING,
        "reason = None if header.is_draft else self._folder_reason(header.folder, lane)",
        "reason = self._folder_reason(header.folder, lane)",
        f"{_DECIDING_TESTS}::test_a_draft_needs_no_folder",
    ),
    Mutant(
        _DECIDING,
        "if place not in self._no_folder:",
        "if True:",
        f"{_DECIDING_TESTS}::test_a_folder_that_cannot_be_had_fails_its_mail_alone_and_is_asked_for_once",
    ),
    Mutant(
        _DECIDING,
        "            if address not in self._asked_users:\n",
        "            if True:\n",
        f"{_OUTCOMES_TESTS}::test_one_group_among_colleagues_is_enough_and_nobody_is_asked_for_twice",
    ),
    Mutant(
        _DECIDING,
        "return True if False in answers else (None if None in answers or not answers else False)",
        "return None",
        f"{_OUTCOMES_TESTS}::test_a_mail_to_an_internal_address_without_user_came_by_a_group",
    ),
    Mutant(
        _DECIDING,
        "return True if False in answers else (None if None in answers or not answers else False)",
        "return True if False in answers or None in answers else False",
        f"{_OUTCOMES_TESTS}::test_where_the_directory_cannot_be_asked_it_is_bcc",
    ),
    Mutant(
        _DECIDING,
        "if place in seen or not self._tally.is_new(header):",
        "if place in seen:",
        f"{_OUTCOMES_TESTS}::test_a_message_that_failed_before_in_this_run_is_decided_again",
    ),
    Mutant(
        _DECIDING,
        "        except ConnectorError:\n            raise\n",
        "",
        f"{_DECIDING_TESTS}::test_a_folder_that_cannot_be_had_fails_its_mail_alone_and_is_asked_for_once",
    ),
    Mutant(
        _DECIDING,
        "copies=sorted(copies, key=lambda candidate: not is_own(candidate))",
        "copies=copies",
        f"{_OUTCOMES_TESTS}::test_the_senders_own_copy_is_chosen",
    ),
    Mutant(
        _DECIDING,
        "index = identity.StoredIndex(sorted(stored, key=lambda email: email.is_deleted))",
        "index = identity.StoredIndex(sorted(stored, key=lambda email: not email.is_deleted))",
        f"{_OUTCOMES_TESTS}::test_a_row_in_use_comes_before_one_in_the_recycle_bin",
    ),
    Mutant(
        _DECIDING,
        "{address: user for address, user in linked.items() if user in setup.sync_users}",
        "dict(linked)",
        f"{_OUTCOMES_TESTS}::test_the_owner_is_the_linked_sender_unless_the_permission_set_is_gone",
    ),
    Mutant(
        _DECIDING,
        "fallback = next((c.lane.mailbox.user for c in copies if c.lane.mailbox.user), self._setup.integration_user)",
        "fallback = self._setup.integration_user",
        f"{_OUTCOMES_TESTS}::test_a_mail_that_names_no_linked_mailbox_belongs_to_the_one_that_was_read",
    ),
    Mutant(
        _DECIDING,
        'if stored is not None and (stored.is_deleted or stored.match_status == "Removed"):',
        "if stored is not None and stored.is_deleted:",
        f"{_OUTCOMES_TESTS}::test_what_was_removed_is_never_stored_again",
    ),
    Mutant(
        _DECIDING,
        'if stored is not None and (stored.is_deleted or stored.match_status == "Removed"):',
        'if stored is not None and stored.match_status == "Removed":',
        f"{_OUTCOMES_TESTS}::test_what_was_removed_is_never_stored_again",
    ),
    Mutant(
        _DECIDING,
        "        if not self._settings.keep_unmatched:\n            return False\n",
        "",
        f"{_OUTCOMES_TESTS}::test_unmatched_mail_is_dropped_unless_it_is_kept",
    ),
    Mutant(
        _DECIDING,
        "return expires >= records.org_date",
        "return expires > records.org_date",
        f"{_OUTCOMES_TESTS}::test_unmatched_mail_past_its_retention_is_dropped",
    ),
    Mutant(
        _DECIDING,
        "return expires >= records.org_date(self._setup.now, self._setup.org)",
        "return True",
        f"{_OUTCOMES_TESTS}::test_unmatched_mail_past_its_retention_is_dropped",
    ),
    Mutant(
        _DECIDING,
        "related = mail.matched or hand_set",
        "related = mail.matched",
        f"{_OUTCOMES_TESTS}::test_a_relation_set_by_hand_keeps_a_mail_that_matches_nobody",
    ),
    Mutant(
        _DECIDING,
        "resolve(parties, hits, self._settings.match_ties)",
        "resolve(parties, hits, type(self._settings.match_ties).ALL)",
        f"{_OUTCOMES_TESTS}::test_of_several_records_with_one_address_all_or_the_oldest",
    ),
    Mutant(
        _DECIDING,
        "remedy=TRIED_AGAIN, transient=True)\n        raise",
        "remedy=TRIED_AGAIN, transient=False)\n        raise",
        f"{_DECIDING_TESTS}::test_a_folder_that_cannot_be_had_fails_its_mail_alone_and_is_asked_for_once",
    ),
    Mutant(
        _DECIDING,
        "return address in self._linked or self._rules",
        "return self._rules",
        f"{_OUTCOMES_TESTS}::test_linked_mailboxes_and_internal_domains_are_ours",
    ),
]
