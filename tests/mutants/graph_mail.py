"""The mail side of the Graph sandbox: users, folders, messages, change tracking, writing, $batch."""

from tests.mutants import Mutant

_GRAPH = "connector/sandbox/graph/"
_TESTS = "tests/unit/sandbox/test_graph_"

MUTANTS = [
    Mutant(
        f"{_GRAPH}message_fields.py",
        "if wanted and named[: len(wanted)] != wanted and not goes_on:",
        "if wanted and not set(wanted) <= set(named):",
        f"{_TESTS}messages.py::test_what_the_list_refuses",
    ),
    Mutant(
        f"{_GRAPH}message_fields.py",
        'frozenset({"eq", "ne", "gt", "ge", "lt", "le", "not", "or", "any", "startswith", "contains"})',
        'frozenset({"eq", "ne", "gt", "ge", "lt", "le", "not", "or", "any", "startswith", "contains", "in"})',
        f"{_TESTS}messages.py::test_what_the_list_refuses",
    ),
    Mutant(
        f"{_GRAPH}message_json.py",
        "return Shape(options.select, with_attachments=True, of_attachments=found[-1])",
        "return Shape(options.select, with_attachments=True)",
        f"{_TESTS}attachments.py::test_an_expansion_may_leave_the_contents_out",
    ),
    Mutant(
        f"{_GRAPH}message_search.py",
        "    for member, shown, code in _REFUSED:\n        if getattr(options, member) is not None:",
        "    for member, shown, code in _REFUSED:\n        if False:",
        f"{_TESTS}messages.py::test_what_the_list_refuses",
    ),
    Mutant(
        f"{_GRAPH}message_search.py",
        '"ORDER BY m.sent DESC, m.number DESC"',
        '"ORDER BY m.number"',
        f"{_TESTS}search.py::test_words_in_mail_newest_first",
    ),
    Mutant(
        f"{_GRAPH}call.py",
        "if len(self.keys[: len(self.keys) + position]) > 1:",
        "if len(self.keys[: len(self.keys) + position]) > 9:",
        f"{_TESTS}attachments.py::test_an_attachment_is_reached_through_the_folder_of_its_message_only",
    ),
    Mutant(
        f"{_GRAPH}search_folders.py",
        'below = definition["includeNestedFolders"] and item.parent in inside',
        "below = item.parent in inside",
        f"{_TESTS}folders.py::test_a_search_folder_shows_what_lies_elsewhere",
    ),
    Mutant(
        f"{_GRAPH}user_search.py",
        "if where.operators & _ADVANCED and not is_advanced:",
        "if False:",
        f"{_TESTS}users.py::test_advanced_filters",
    ),
    Mutant(
        f"{_GRAPH}user_search.py",
        "        if not eventual:",
        "        if False:",
        f"{_TESTS}search.py::test_a_directory_search_needs_eventual_consistency",
    ),
    Mutant(
        f"{_GRAPH}user_search.py",
        "if order and not plain and not is_advanced:",
        "if False:",
        f"{_TESTS}users.py::test_orders_of_the_directory",
    ),
    Mutant(
        f"{_GRAPH}words.py",
        "word.startswith(part)",
        "part in word",
        f"{_TESTS}search.py::test_words_begin_where_the_directory_says",
    ),
    Mutant(
        f"{_GRAPH}urls.py",
        '("GET", f"{_MESSAGES}/delta", messages_untracked, _MAIL),',
        '("GET", f"{_MESSAGES}/delta", messages.list_of_mailbox, _MAIL),',
        f"{_TESTS}paths.py::test_delta_of_messages_is_no_thing_of_the_mailbox",
    ),
    Mutant(
        f"{_GRAPH}urls.py",
        '("DELETE", one, writing.delete, _WRITE),',
        '("DELETE", one, writing.delete, _MAIL),',
        f"{_TESTS}writing.py::test_an_app_that_only_reads_changes_nothing",
    ),
    Mutant(
        f"{_GRAPH}service.py",
        "        with self._store.transaction():\n            return found.handler(call)",
        "        return found.handler(call)",
        f"{_TESTS}writing.py::test_a_change_that_fails_leaves_nothing_behind",
    ),
    Mutant(
        f"{_GRAPH}bodies.py",
        '            raise errors.unknown_in_body(name, "message")',
        "            continue",
        f"{_TESTS}writing.py::test_bodies_that_are_refused",
    ),
    Mutant(
        f"{_GRAPH}writing.py",
        "not (is_draft and name in OF_DRAFTS)",
        "name not in OF_DRAFTS",
        f"{_TESTS}writing.py::test_a_received_message_takes_some_changes_only",
    ),
    Mutant(
        f"{_GRAPH}writing.py",
        'bin_name = "deleteditems" if above is None else "recoverableitemsdeletions"',
        'bin_name = "deleteditems"',
        f"{_TESTS}writing.py::test_deleting_goes_by_way_of_deleted_and_recoverable_items",
    ),
    Mutant(
        f"{_GRAPH}changes.py",
        "UPDATE attachments SET rest_id=? WHERE number=?",
        "UPDATE attachments SET rest_id=rest_id WHERE ?<>'' AND number=?",
        f"{_TESTS}writing.py::test_a_move_as_the_documentation_writes_it",
    ),
    Mutant(
        f"{_GRAPH}changes.py",
        "(folder.number, folder.listed, rest_id, mint.change_key(counter), counter, counter, number)",
        "(folder.number, folder.listed, rest_id, mint.change_key(counter), None, None, number)",
        f"{_TESTS}delta.py::test_a_move_is_a_new_item_in_the_other_folder",
    ),
    Mutant(
        f"{_GRAPH}changes.py",
        '"UPDATE messages SET changed=?, change_key=?, modified=? WHERE number=?"',
        '"UPDATE messages SET entered=?, change_key=?, modified=? WHERE number=?"',
        f"{_TESTS}delta.py::test_a_later_round_gives_what_has_changed",
    ),
    Mutant(
        f"{_GRAPH}message_delta.py",
        "    if call.preferences.immutable_ids:  # whoever came back has still the same id",
        "    if False:",
        f"{_TESTS}delta.py::test_what_went_and_came_back_is_removed_by_its_old_id_only",
    ),
    Mutant(
        f"{_GRAPH}message_delta.py",
        'gone = "r.folder=? AND r.counter>? AND r.counter<=? AND r.entered<=?"',
        'gone = "r.folder=? AND r.counter>? AND r.counter<=? AND ? IS NOT NULL"',
        f"{_TESTS}delta.py::test_what_came_and_went_between_two_rounds_is_not_told",
    ),
    Mutant(
        f"{_GRAPH}message_delta.py",
        'most = MOST_WITH_FILTER if asked["since"] else None',
        "most = None",
        f"{_TESTS}delta.py::test_a_filter_gives_no_more_than_5000_without_a_word",
    ),
    Mutant(
        f"{_GRAPH}message_delta.py",
        '(asked["top"] is None or not shown)',
        "True",
        f"{_TESTS}delta.py::test_top_caps_the_whole_round",
    ),
    Mutant(
        f"{_GRAPH}message_delta.py",
        'if asked["change"] and state.base:',
        "if False:",
        f"{_TESTS}delta.py::test_one_type_of_change",
    ),
    Mutant(
        f"{_GRAPH}sync_state.py",
        "if max(known, default=0) - generation >= KEPT_GENERATIONS:",
        "if False:",
        f"{_TESTS}delta.py::test_a_link_can_be_used_again_until_four_newer_ones_have_been_given",
    ),
    Mutant(
        f"{_GRAPH}sync_state.py",
        "if position == state.until:",
        "if False:",
        f"{_TESTS}delta.py::test_a_round_without_news_gives_the_same_link",
    ),
    Mutant(
        f"{_GRAPH}sync_state.py",
        "if now.replace(tzinfo=None) - datetime.fromisoformat(issued) > LIFE:",
        "if False:",
        f"{_TESTS}delta.py::test_a_link_does_not_live_for_ever",
    ),
    Mutant(
        f"{_GRAPH}sync_state.py",
        '"SELECT options FROM syncs WHERE number=? AND mailbox=? AND folder=?", (sync, mailbox, folder)',
        '"SELECT options FROM syncs WHERE number=? AND mailbox=? AND ? IS NOT NULL", (sync, mailbox, folder)',
        f"{_TESTS}delta.py::test_a_link_of_another_folder_or_of_a_state_before_a_reset",
    ),
    Mutant(
        f"{_GRAPH}folder_delta.py",
        "return state.base < counters[folder.number] <= state.until",
        "return counters[folder.number] <= state.until",
        f"{_TESTS}folders.py::test_later_rounds_of_delta_tell_what_has_changed",
    ),
    Mutant(
        f"{_GRAPH}folder_writing.py",
        "    if folder.well_known is not None:",
        "    if False:",
        f"{_TESTS}folders.py::test_standard_folders_stay_as_they_are",
    ),
    Mutant(
        f"{_GRAPH}sending.py",
        "    if not recipients or not all(recipients):",
        "    if False:",
        f"{_TESTS}sending.py::test_mail_that_cannot_be_sent",
    ),
    Mutant(
        f"{_GRAPH}sending.py",
        'changes.move(call.store, mailbox, number, call.store.well_known(mailbox, "sentitems"))',
        "changes.touch(call.store, mailbox, number, now)",
        f"{_TESTS}sending.py::test_a_sent_draft_keeps_its_immutable_id",
    ),
    Mutant(
        f"{_GRAPH}translation.py",
        "chosen = immutable if target in _IMMUTABLE else rest",
        "chosen = rest",
        f"{_TESTS}translation.py::test_it_is_as_the_documentation_writes_it",
    ),
    Mutant(
        f"{_GRAPH}batch.py",
        "if (writes or has_body) and not (has_body and has_type):",
        "if has_body and not has_type:",
        f"{_TESTS}batch.py::test_a_malformed_batch_is_refused_as_a_whole",
    ),
    Mutant(
        f"{_GRAPH}batch.py",
        "if any(statuses[name] >= 400 for name in needed):",
        "if False:",
        f"{_TESTS}batch.py::test_what_depends_on_a_failure_fails",
    ),
]
