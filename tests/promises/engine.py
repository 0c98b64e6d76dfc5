"""How one run reads, writes and files: who waits for whom, and what may be in one request."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="Windows partition the range: no second is left out between two (DESIGN §2.2)",
        where="connector.core.reading.cutter:WindowCutter.next",
        change=("replace(first, start=end))", "replace(first, start=end + _SECOND))"),
        caught_by="tests/property/test_windows.py::test_windows_partition_the_range_whatever_the_walks_return",
    ),
    Promise(
        says="What is left of a window that was closed early is read next (DESIGN §2.2)",
        where="connector.core.reading.cutter:WindowCutter.learn",
        change=("if rest is not None:", "if False:"),
        caught_by="tests/unit/core/test_cutter.py::test_what_was_not_walked_of_a_window_is_handed_out_next",
    ),
    Promise(
        says="Graph's count is a hint: -1 says nothing (DESIGN §2.2)",
        where="connector.core.reading.cutter:WindowCutter.hint",
        change=("count is not None and count >= 0", "count is not None"),
        caught_by="tests/unit/core/test_cutter.py::test_a_count_that_says_nothing_leaves_the_first_window_a_week_long",
    ),
    Promise(
        says="A short page is not the end of a list (issue 15: stop at a short page)",
        where="connector.core.reading.walk:_Walk._round",
        change=("if link is None:", "if link is None or len(page.headers) < top:"),
        caught_by="tests/unit/core/test_walk.py::test_links_are_followed_to_their_end_through_short_and_empty_pages",
    ),
    Promise(
        says="A link is followed as Graph gave it, never computed (issue 15: $skip trusted)",
        where="connector.graph.mail:GraphMail._start_page",
        change=("if url is not None:", "if False:"),
        caught_by="tests/unit/graph/test_mail.py::test_the_page_behind_a_link_is_that_of_the_link",
    ),
    Promise(
        says="Ids are immutable ones, so that a move does not make a new mail (DESIGN §2.2)",
        where="connector.graph.client:IMMUTABLE",
        change=("ImmutableId", "Id"),
        caught_by="tests/unit/graph/test_client.py::test_a_get_asks_for_immutable_ids_and_tells_when_it_was_served",
    ),
    Promise(
        says="Lists bring headers only (DESIGN §2.4)",
        where="connector.graph.queries:list_request",
        change=("$select={fields}&", ""),
        caught_by="tests/unit/graph/test_mail.py::test_a_list_is_asked_for_in_order_of_received_time_and_with_headers_only",
    ),
    Promise(
        says="A mailbox is asked so often at a time and no more (DESIGN §2.4, requests_per_mailbox)",
        where="connector.graph.dispatch:RequestDispatcher._claim",
        change=(">= self._per_mailbox:", "> self._per_mailbox:"),
        caught_by="tests/unit/graph/test_dispatch_errors.py::test_many_threads_are_all_answered_within_all_limits",
    ),
    Promise(
        says="Bodies go by four, which is what Graph carries out at a time (DESIGN §2.4)",
        where="connector.graph.dispatch:AT_ONCE",
        change=("AT_ONCE = 4", "AT_ONCE = 20"),
        caught_by="tests/unit/graph/test_dispatch.py::test_bodies_go_by_four_or_more_where_many_could_go",
    ),
    Promise(
        says="A file never takes the last free place of a mailbox (DESIGN §2.4)",
        where="connector.graph.dispatch:RequestDispatcher._claim_for_file",
        change=("max(self._per_mailbox, 2)", "self._per_mailbox + 1"),
        caught_by="tests/unit/graph/test_dispatch.py::test_two_files_at_a_time_where_a_mailbox_has_three_places",
    ),
    Promise(
        says="Bodies come before lists and files last (DESIGN §2.4)",
        where="connector.graph.dispatch:RequestDispatcher._next",
        change=("for rank in Rank:", "for rank in reversed(Rank):"),
        caught_by="tests/unit/graph/test_dispatch.py::test_bodies_come_before_lists_and_files_last_whatever_the_order_they_came_in",
    ),
    Promise(
        says="What is missing in a $batch is asked for again, alone (DESIGN §4)",
        where="connector.graph.dispatch:RequestDispatcher._work",
        change=("if answer is None:", "if False:"),
        caught_by="tests/unit/graph/test_dispatch_errors.py::test_what_is_missing_in_a_bundle_is_asked_for_again_alone",
    ),
    Promise(
        says="What did not come in time with others is asked for alone: a slow mailbox stops no run (DESIGN §4)",
        where="connector.graph.dispatch:RequestDispatcher._sent_together",
        change=("return [None] * len(requests)", "raise"),
        caught_by="tests/unit/graph/test_timeouts.py::test_one_slow_message_takes_no_other_with_it",
    ),
    Promise(
        says="One Account is in one request at a time (DESIGN §2.7)",
        where="connector.engine.writers:WritePool.take",
        change=("if self._busy.isdisjoint(mail.locks):", "if True:"),
        caught_by="tests/unit/engine/test_writers.py::test_an_account_that_is_being_written_is_in_no_second_request",
    ),
    Promise(
        says="A request is full before it goes (DESIGN §2.7)",
        where="connector.engine.writers:WritePool.take",
        change=("if not taken or not (full or partly):", "if not taken:"),
        caught_by="tests/unit/engine/test_writers.py::test_what_is_free_and_fills_no_request_waits_though_the_pool_holds_more_than_one",
    ),
    Promise(
        says=("The outer allOrNone is false, or one bad row would undo them all (issue 15: outer allOrNone true)"),
        where="connector.salesforce.writer:SalesforceWriter._send",
        change=("patient=False)", "patient=False, all_or_none=True)"),
        caught_by="tests/unit/salesforce/test_writer.py::test_one_call_carries_the_event_and_three_collections",
    ),
    Promise(
        says="A duplicate of our own key means that the row is there (DESIGN §2.7)",
        where="connector.salesforce.results:_read",
        change=("if error.code == DUPLICATE and", "if False and"),
        caught_by="tests/unit/salesforce/test_writer.py::test_a_row_that_is_there_existed_and_gives_its_full_id",
    ),
    Promise(
        says="A child that fails only because its parent did shares its parent's outcome (DESIGN §2.7)",
        where="connector.salesforce.results:Parents.settled",
        change=("if parent is None or not self.is_missing(result) else", "if True else"),
        caught_by="tests/unit/salesforce/test_writer.py::test_a_bad_row_fails_alone_and_its_children_share_its_reason",
    ),
    Promise(
        says="Fifty refusals for one reason are the org's fault, and stop the run (DESIGN §4)",
        where="connector.salesforce.limits:OrgFaultWatch.see",
        change=("self._refused[name, error.code] >= ENOUGH", "False"),
        caught_by="tests/unit/salesforce/test_writer.py::test_fifty_refusals_for_one_reason_are_the_orgs_fault",
    ),
    Promise(
        says=(
            "A timestamp is written together with the failures of its window, or not at all (issue 15: "
            "checkpoint first)"
        ),
        where="connector.salesforce.run_log:SalesforceRunLog._send",
        change=("all_or_none=True", "all_or_none=False"),
        caught_by="tests/unit/salesforce/test_run_log.py::test_failures_go_before_timestamps_and_all_of_it_holds_or_nothing",
    ),
    Promise(
        says="A window is closed when the last of its messages has its outcome (issue 15: checkpoint first)",
        where="connector.engine.outcomes:OutcomeLedger._close",
        change=("window.waiting == 0 and ", ""),
        caught_by="tests/unit/engine/test_outcomes.py::test_a_window_is_closed_when_the_last_of_its_messages_has_its_outcome_a_failure_being_one",
    ),
    Promise(
        says="A window waits for the files of its mails (issue 15: a file lost behind a closed window)",
        where="connector.engine.outcomes:OutcomeLedger.hold",
        change=("window.waiting += 1", "window.waiting += 0"),
        caught_by="tests/unit/engine/test_outcomes.py::test_files_on_their_way_hold_the_windows_of_their_mail_until_they_are_released",
    ),
    Promise(
        says="Files hold the windows of all copies of their mail (DESIGN §2.9)",
        where="connector.engine.attachments:AttachmentStore.take",
        change=("for candidate in case.copies:", "for candidate in case.copies[:1]:"),
        caught_by="tests/unit/engine/test_small_files.py::test_files_of_all_copies_hold_the_windows_of_all_copies",
    ),
    Promise(
        says="A message has one outcome, the first, unless it failed (DESIGN §2.8)",
        where="connector.engine.outcomes:OutcomeLedger._settle",
        change=("elif self.has_seen(mailbox, message):", "elif False:"),
        caught_by="tests/unit/engine/test_outcomes.py::test_the_first_outcome_stands",
    ),
    Promise(
        says=("A second road asks for the headers of what the first has not shown, and of nothing else (DESIGN §2.3)"),
        where="connector.engine.reader:Reader._walked",
        change=(" if listed.id not in queue.seen]", "]"),
        caught_by="tests/unit/engine/test_reader_roads.py::test_headers_are_asked_for_of_what_the_first_road_has_not_shown_and_of_nothing_else",
    ),
    Promise(
        says="An error of a mailbox ends that mailbox only (DESIGN §4)",
        where="connector.engine.reader:Reader._start",
        change=("if isinstance(answer, MailboxError):", "if False:"),
        caught_by="tests/unit/engine/test_reader_errors.py::test_an_error_of_a_mailbox_ends_that_mailbox_only",
    ),
    Promise(
        says="Reading pauses while much is read and not taken, so memory is bounded (DESIGN §2.9)",
        where="connector.engine.reader:Reader._next",
        change=("if state.headers + state.reserved >= self._high_water:", "if False:"),
        caught_by="tests/unit/engine/test_reader.py::test_nothing_is_begun_while_as_much_is_read_as_may_lie_there",
    ),
    Promise(
        says="A sweep begins after all else of its mailbox (DESIGN §2.3)",
        where="connector.engine.reader:Reader._next",
        change=("queue.sweep_waits and not queue.has_windows and not queue.active", "queue.sweep_waits"),
        caught_by="tests/unit/engine/test_reader_roads.py::test_a_sweep_begins_after_all_else_of_its_mailbox",
    ),
    Promise(
        says=("What may be a copy of a mail under way is decided on once that is written (DESIGN §5, duplicate)"),
        where="connector.engine.pipeline:Pipeline._decide",
        change=("lambda candidate: _known_by(candidate.header) in under_way", "lambda candidate: False"),
        caught_by="tests/unit/engine/test_pipeline.py::test_what_may_be_a_copy_of_a_mail_under_way_is_decided_on_once_that_is_written",
    ),
    Promise(
        says="What a person removed, or deleted, never returns (issue 15: a deleted Email returns)",
        where="connector.core.writing.plan:plan",
        change=("if stored.is_deleted or stored.match_status == MatchStatus.REMOVED:", "if False:"),
        caught_by="tests/unit/core/test_plan.py::test_a_mail_that_was_removed_is_left_alone",
    ),
    Promise(
        says="Of a removed mail nothing is left that it said (DESIGN §3, Remove)",
        where="connector.core.writing.blanking:BLANK",
        change=("if name not in MAIL.names(Use.KEPT)", "if name in ()"),
        caught_by="tests/unit/core/test_blanking.py::test_every_field_is_either_kept_or_blanked",
    ),
    Promise(
        says="Exclusions that cannot be read stop the run (issue 15: exclusions read as empty on error)",
        where="connector.salesforce.setup:SalesforceSetup._answers",
        change=("if answer.status >= 300 and not (", 'if answer.status >= 300 and name != "exclusions" and not ('),
        caught_by="tests/unit/salesforce/test_setup.py::test_an_object_that_is_not_there_is_named_and_never_taken_for_empty",
    ),
    Promise(
        says="now is that of Salesforce's answer (issue 15: local clock for now)",
        where="connector.salesforce.setup:SalesforceSetup.read",
        change=("now = self._client.now", "now = datetime.now().astimezone()"),
        caught_by="tests/unit/salesforce/test_setup.py::test_what_is_read",
    ),
    Promise(
        says=(
            "What Graph reports as removed is left out, and nothing is deleted for it (issue 15: delete on @removed)"
        ),
        where="connector.graph.parse:listed_folder",
        change=('None if isinstance(item, Mapping) and "@removed" in item else folder(item)', "folder(item)"),
        caught_by="tests/unit/graph/test_mail.py::test_folders_that_were_removed_are_none",
    ),
]
