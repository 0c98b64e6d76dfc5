"""What Graph refuses and how it misbehaves, so does the sandbox (DESIGN §10)."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="An app whose scope in Exchange is narrow reads no other mailbox (DESIGN §10)",
        where="m365sandbox.graph.access:Access._demand_of_app",
        change=("(mailbox is None or name in app.mailboxes)", "True"),
        caught_by="tests/unit/graph/test_access.py::test_a_scope_in_exchange_reaches_its_mailboxes_only",
    ),
    Promise(
        says="A shared mailbox needs the shared scope and full access (DESIGN §10)",
        where="m365sandbox.graph.access:_demand_of_person",
        change=("    if not caller.has_full_access_to(mailbox):\n        raise not_shared()\n", ""),
        caught_by="tests/unit/graph/test_access.py::test_shared_mailboxes_need_the_shared_scope_and_full_access",
    ),
    Promise(
        says="A secret that has run out does not sign in (DESIGN §10)",
        where="m365sandbox.entra.clients:prove",
        change=("    if app.secret_has_expired:\n        raise errors.expired_secret(app.client_id)\n", ""),
        caught_by="tests/unit/entra/test_applications.py::test_a_secret_can_run_out",
    ),
    Promise(
        says="A $batch holds twenty requests at most (DESIGN §10)",
        where="m365sandbox.graph.batch:sub_requests",
        change=("if len(found) > MOST_REQUESTS:", "if False:"),
        caught_by="tests/unit/graph/test_batch.py::test_a_malformed_batch_is_refused_as_a_whole",
    ),
    Promise(
        says="A mailbox allows so many requests at a time (DESIGN §10, perMailboxConcurrency)",
        where="m365sandbox.graph.throttle:Throttle.enter",
        change=("if most is not None and self._busy[key] >= most:", "if False:"),
        caught_by="tests/unit/graph/test_batch.py::test_more_of_one_mailbox_than_allowed_at_once",
    ),
    Promise(
        says="Pages may be short and empty with a link behind them (DESIGN §10, pages short)",
        where="m365sandbox.graph.odata.paging:Pager.page",
        change=('if self._tenant.pages == "short":', "if False:"),
        caught_by="tests/unit/graph/messages/test_messages.py::test_short_pages_are_short_and_empty_with_links_between",
    ),
    Promise(
        says="A link is missing now and then (DESIGN §10, pages linkless)",
        where="m365sandbox.graph.odata.paging:Pager.leaves_link_out",
        change=("return len(self._links) % LINK_LEFT_OUT == 0", "return False"),
        caught_by="tests/unit/graph/messages/test_messages.py::test_links_are_missing_now_and_then",
    ),
    Promise(
        says="$skip in a link counts hidden items (DESIGN §10)",
        where="m365sandbox.graph.odata.paging:Pager.page",
        change=("end + end // HIDDEN_AFTER", "end"),
        caught_by="tests/unit/graph/messages/test_messages.py::test_the_link_counts_hidden_items_and_keeps_the_options",
    ),
    Promise(
        says="Bcc stays with the sender (DESIGN §10)",
        where="m365sandbox.graph.delivery.incoming:_filled",
        change=('[one for one in headers if str(one.get("name")).lower() != "bcc"]', "headers"),
        caught_by="tests/unit/mail/test_delivered.py::test_bcc_stays_with_the_sender",
    ),
    Promise(
        says="What the weather refused is let through when it comes again (DESIGN §10, weather)",
        where="m365sandbox.weather:Weather._drawn",
        change=(
            "        if key in self._spared:\n            self._spared.discard(key)\n            return None\n",
            "",
        ),
        caught_by="tests/unit/server/test_weather.py::test_what_was_refused_is_let_through_when_it_comes_again",
    ),
]
