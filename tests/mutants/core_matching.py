"""Which folders are read, and whose mail it is."""

from tests.mutants import Mutant

_FOLDERS = "connector/core/folders.py"
_MATCH = "connector/core/match.py"
_FOLDERS_TESTS = "tests/unit/core/test_folders.py"
_MATCH_TESTS = "tests/unit/core/test_match.py"

MUTANTS = [
    Mutant(
        _FOLDERS,
        '"junkemail": "Junk Email",\n',
        "",
        f"{_FOLDERS_TESTS}::test_a_folder_is_known_by_its_well_known_name_not_by_its_display_name",
    ),
    Mutant(
        _FOLDERS,
        '"outbox": "Outbox",\n',
        "",
        f"{_FOLDERS_TESTS}::test_some_folders_are_not_read_nor_what_is_below_them",
    ),
    Mutant(
        _FOLDERS,
        '"drafts": "Drafts",\n',
        "",
        f"{_FOLDERS_TESTS}::test_some_folders_are_not_read_nor_what_is_below_them",
    ),
    Mutant(
        _FOLDERS,
        '"conversationhistory": "Conversation History",\n',
        "",
        f"{_FOLDERS_TESTS}::test_some_folders_are_not_read_nor_what_is_below_them",
    ),
    Mutant(
        _FOLDERS,
        '"syncissues": "Sync Issues",\n',
        "",
        f"{_FOLDERS_TESTS}::test_some_folders_are_not_read_nor_what_is_below_them",
    ),
    Mutant(
        _FOLDERS,
        '        if above.hidden:\n            return "a hidden folder"\n',
        "",
        f"{_FOLDERS_TESTS}::test_hidden_folders_and_what_is_below_them_are_not_read",
    ),
    Mutant(
        _FOLDERS,
        'return "not below the root of the mailbox"',
        "return None",
        f"{_FOLDERS_TESTS}::test_what_is_not_below_the_root_is_not_read",
    ),
    Mutant(
        _FOLDERS,
        "here is not None and here not in seen",
        "here is not None and len(seen) < 1",
        f"{_FOLDERS_TESTS}::test_ordinary_folders_are_read",
    ),
    Mutant(
        _FOLDERS,
        "raise UnknownFolderError(here)",
        "return",
        f"{_FOLDERS_TESTS}::test_a_folder_or_parent_that_is_not_in_the_tree_is_asked_for",
    ),
    Mutant(
        _FOLDERS,
        '(above.well_known or "").lower()',
        '(above.name or "").lower()',
        f"{_FOLDERS_TESTS}::test_the_root_itself_is_read",
    ),
    Mutant(
        _MATCH,
        'hit.object == "Account" and hit.id not in own',
        'hit.object == "Account"',
        f"{_MATCH_TESTS}::test_the_account_of_a_contact_with_the_same_address_is_the_same_hit",
    ),
    Mutant(
        _MATCH,
        "sorted({hit.id: hit for hit in hits}.values(), key=_age)",
        "sorted(hits, key=_age)",
        f"{_MATCH_TESTS}::test_a_record_that_two_of_its_fields_led_to_counts_once",
    ),
    Mutant(
        _MATCH,
        "key=_age)",
        "key=lambda hit: hit.id)",
        f"{_MATCH_TESTS}::test_all_records_with_an_address_match_oldest_first",
    ),
    Mutant(
        _MATCH,
        "if ties is MatchTies.OLDEST:",
        "if False:",
        f"{_MATCH_TESTS}::test_oldest_keeps_one_record_of_an_address_and_prefers_a_person",
    ),
    Mutant(
        _MATCH,
        "() if contacts else accounts[:1]",
        "accounts[:1]",
        f"{_MATCH_TESTS}::test_oldest_keeps_one_record_of_an_address_and_prefers_a_person",
    ),
    Mutant(
        _MATCH,
        "return hit.created_at or _NEVER, hit.id",
        "return hit.created_at or datetime.min.replace(tzinfo=UTC), hit.id",
        f"{_MATCH_TESTS}::test_all_records_with_an_address_match_oldest_first",
    ),
]
