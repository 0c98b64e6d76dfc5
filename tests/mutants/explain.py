"""What `explain` and a dry run say, and mail that follows the Accounts of its clients."""

from tests.mutants import Mutant

EXPLAINING, FORESEEING = "connector/explaining.py", "connector/foreseeing.py"
REMATCH, STOCK, CHANGES = (
    "connector/core/rematch.py",
    "connector/salesforce/stock.py",
    "connector/salesforce/changes.py",
)
_TOLD, _MOVED, _ASKED, _ADDED, _CRASHES = (
    "tests/unit/test_explaining.py::test_",
    "tests/unit/core/test_rematch_accounts.py::test_",
    "tests/unit/salesforce/test_stock_accounts.py::test_",
    "tests/property/test_rematch.py::test_",
    "tests/unit/test_upkeep_crashes.py::test_after_a_crash_at_any_call_the_next_run_completes_the_work",
)
_CHUNKS = f"{_TOLD}a_dry_run_counts_a_copy_of_an_earlier_chunk_as_stored"

MUTANTS = [
    # a dry run
    Mutant(FORESEEING, "if mail.stored is None and foresight is not None:", "if False:", _CHUNKS),
    Mutant(FORESEEING, "address=match.party.address, contact=hit.id)", "address=match.party.address)", _CHUNKS),
    Mutant(
        FORESEEING,
        "if outcome is Outcome.FAILED and place in tally.failures:",
        "if False:",
        f"{_TOLD}a_folder_that_cannot_be_had_is_a_failure_before_any_run",
    ),
    # copies in other mailboxes
    Mutant(
        EXPLAINING,
        "told = self._told(header, lane, [own, *copies]) if copies else told",
        "del copies",
        f"{_TOLD}one_of_two_copies_is_stored",
    ),
    Mutant(
        EXPLAINING,
        " and _is_listed(other, copy) is listed",
        "",
        f"{_TOLD}a_copy_of_before_the_backfill_does_not_count",
    ),
    Mutant(
        EXPLAINING,
        "_TOGETHER = (Outcome.UNMATCHED_DROPPED, ",
        "_TOGETHER = (",
        f"{_TOLD}what_another_copy_knows_makes_a_mail_matched",
    ),
    Mutant(
        EXPLAINING,
        "    if mid:\n        yield from source.find_by_message_id(box, user, mid)\n        return\n",
        "    if mid:\n        yield from source.find_by_message_id(box, user, mid)\n    return\n",
        f"{_TOLD}one_of_two_copies_is_stored",
    ),
    # stored mail
    Mutant(
        EXPLAINING,
        "if foreseen.outcome is Outcome.DUPLICATE and stored is not None and is_of(stored, header):",
        "if foreseen.outcome is Outcome.DUPLICATE and stored is not None:",
        f"{_TOLD}one_of_two_copies_is_stored",
    ),
    Mutant(
        EXPLAINING,
        "if foreseen.outcome is Outcome.DUPLICATE and stored is not None and is_of(stored, header):",
        "if False:",
        f"{_TOLD}what_the_mail_was_related_to_before_is_among_the_matches",
    ),
    Mutant(
        EXPLAINING,
        "stored = told.mail.stored if told.mail is not None else self._stored(header)",
        "stored = told.mail.stored if told.mail is not None else None",
        f"{_TOLD}a_rule_made_since_counts_but_the_record_is_told",
    ),
    Mutant(
        EXPLAINING,
        "say = stored_all_the_same if is_of(stored, header) else stored_from_another",
        "say = stored_from_another",
        f"{_TOLD}a_rule_made_since_counts_but_the_record_is_told",
    ),
    # failed mail
    Mutant(
        EXPLAINING,
        "if foreseen.outcome in _STORING and error is not None and _is_lacking(stored, error):",
        "if error is not None and _is_lacking(stored, error):",
        f"{_TOLD}a_rule_made_since_comes_before_the_failure",
    ),
    Mutant(
        EXPLAINING,
        "return stored is None or (error.email == stored.id and error.text.startswith(_ROW_REFUSED))",
        "return stored is None",
        f"{_TOLD}a_mail_that_lacks_rows_failed_though_its_record_is_there",
    ),
    Mutant(
        EXPLAINING,
        " and error.text.startswith(_ROW_REFUSED))",
        ")",
        f"{_TOLD}a_mail_that_lacks_a_file_only_is_stored",
    ),
    # what no run reads
    Mutant(
        EXPLAINING,
        "yield not_read(header.received_at, course.mailbox.backfill_from)",
        "yield not_read(header.received_at, None)",
        f"{_TOLD}mail_behind_the_backfill",
    ),
    Mutant(
        EXPLAINING,
        "return (newest is not None and received >= newest) or any(",
        "return any(",
        f"{_TOLD}mail_of_just_now_is_read_by_the_next_run",
    ),
    Mutant(
        EXPLAINING,
        "guarded = settings.keep_unmatched and not self._rules.has_internal_domain",
        "guarded = False",
        f"{_TOLD}why_nothing_is_read_at_all",
    ),
    # names
    Mutant(
        EXPLAINING,
        "named = [course for course in known if normalise(course.mailbox.user_principal_name) == wanted]",
        "named = list[Course]()",
        f"{_TOLD}a_mailbox_by_its_name_before_another_by_its_address",
    ),
    Mutant(
        EXPLAINING,
        "for name in dict.fromkeys((f\"<{text.strip('<>')}>\", text)):",
        "for name in (f\"<{text.strip('<>')}>\",):",
        f"{_TOLD}a_message_id_that_has_no_brackets_in_the_mailbox",
    ),
    # the Account of a Contact
    Mutant(
        REMATCH,
        "rows = (*rows, *_further_accounts(parent, rows, stored))",
        "rows = (*rows,)",
        f"{_MOVED}a_contact_in_another_account_keeps_it_and_the_new_one_has_a_row_of_its_own",
    ),
    Mutant(
        REMATCH,
        "if account is None or account in listed or there is None:",
        "if account is None or there is None:",
        f"{_MOVED}no_account_is_lost_and_the_last_of_each_contact_is_listed_once",
    ),
    Mutant(
        REMATCH,
        "if there.account is None and there.key == row.key:",
        "if there.account is None:",
        f"{_MOVED}what_a_person_related_keeps_its_row_as_it_is",
    ),
    Mutant(
        STOCK,
        "            if record in accounts\n",
        "            if record in ()\n",
        f"{_ASKED}rows_that_name_another_account_or_none_are_asked_for",
    ),
    Mutant(
        STOCK,
        "if any((email, account) not in listed for account in wanted):",
        "if wanted:",
        f"{_ASKED}a_mail_that_lists_the_account_on_another_row_lacks_nothing",
    ),
    Mutant(
        STOCK,
        " for email in lacking if email not in found})",
        " for email in lacking})",
        f"{_ASKED}a_mail_is_asked_for_once",
    ),
    Mutant(
        CHANGES,
        "self._there |= {(address, contact, None), (address, contact, account)}",
        "self._there |= {(address, contact, None), (address, contact, RecordId('001000000000001AAA'))}",
        f"{_ASKED}in_the_second_of_the_last_run_it_was_seen_only_with_its_account",
    ),
    # whose exclusions count
    Mutant(
        REMATCH,
        "at, users = mail.received_at, _users(mail.stored, linked) | ({user} - {None})",
        "at, users = mail.received_at, {user} - {None}",
        f"{_ADDED}what_one_user_excludes_comes_with_the_copy_of_another",
    ),
    # a crash
    Mutant(
        "connector/rematching.py",
        "rows = [(*todo.inserts, *todo.updates) for _, _, todo in planned]",
        "rows = [(*todo.updates, *todo.inserts) for _, _, todo in planned]",
        _CRASHES,
    ),
]
