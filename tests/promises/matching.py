"""Which clients a mail belongs to."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="Addresses are compared in lower case (DESIGN §6)",
        where="connector.core.deciding.address:_normalised",
        change=("_unwrap(without_unseen(address)).lower()", "_unwrap(without_unseen(address))"),
        caught_by="tests/unit/core/test_address.py::test_an_address_has_one_spelling",
    ),
    Promise(
        says="An address in another script and its ASCII form are one (DESIGN §6)",
        where="connector.core.deciding.address:_normalised",
        change=(
            'return NormalAddress(f"{local}@{_ascii_domain(domain)}" if at else bare)',
            "return NormalAddress(bare)",
        ),
        caught_by="tests/unit/core/test_address.py::test_an_address_has_one_spelling",
    ),
    Promise(
        says="With Match_Ties__c Oldest, one record of each address counts (DESIGN §6)",
        where="connector.core.deciding.match:_resolve",
        change=("if ties is MatchTies.OLDEST:", "if False:"),
        caught_by="tests/unit/core/test_match.py::test_oldest_keeps_one_record_of_an_address_and_prefers_a_person",
    ),
    Promise(
        says="A linked mailbox is never a client, in re-matching too (DESIGN §6)",
        where="connector.core.writing.rematch:external",
        change=("if party.address not in linked\n        and", "if"),
        caught_by="tests/unit/core/test_rematch.py::test_colleagues_mailboxes_and_excluded_addresses_are_no_clients",
    ),
    Promise(
        says="The first run of a day looks a day further back for changed clients (DESIGN §6)",
        where="connector.core.writing.rematch:watch_for",
        change=("since=through - LOOK_BACK, today=today", "since=through, today=today"),
        caught_by="tests/unit/core/test_rematch.py::test_the_first_run_of_a_day_looks_a_day_further_back",
    ),
    Promise(
        says="What a person removed is not related again (DESIGN §3, Remove)",
        where="connector.engine.rematch:Rematching.relate",
        change=("ordered = sorted(emails - changes.removed)", "ordered = sorted(emails)"),
        caught_by="tests/unit/engine/test_maintenance.py::test_what_a_person_removed_is_not_related",
    ),
    Promise(
        says="Re-matching ends where a sync with all records would (DESIGN §2.6)",
        where="connector.core.writing.plan:_is_there",
        change=("any(other.account == account for other in same) if account else bool(same)", "bool(same)"),
        caught_by="tests/unit/core/test_plan.py::test_re_matching_ends_where_a_sync_with_all_records_would",
    ),
    Promise(
        says="A Contact that moved to another Account shows its mail there and in the old one (DESIGN §6)",
        where="connector.core.writing.rematch:desired",
        change=("rows = (*rows, *_further_accounts(parent, rows, stored))", "rows = (*rows,)"),
        caught_by="tests/unit/core/test_rematch_accounts.py::test_a_contact_in_another_account_keeps_it_and_the_new_one_has_a_row_of_its_own",
    ),
    Promise(
        says="Mail that becomes Matched gets its Tasks (DESIGN §6)",
        where="connector.core.writing.rematch:desired",
        change=("tasks=tasks(parent, matches, org) if settings.create_tasks else (),", "tasks=(),"),
        caught_by="tests/unit/core/test_rematch.py::test_it_converges_to_what_a_sync_with_the_final_clients_stores",
    ),
]
