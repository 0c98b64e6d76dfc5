"""Insert, afterwards only add; the row is the unit of success."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="The same mail again is nothing to do (DESIGN §2.6)",
        where="connector.core.writing.plan:_new_tasks",
        change=("if row.key in stored.task_keys or", "if"),
        caught_by="tests/unit/core/test_plan.py::test_the_same_mail_again_is_nothing_to_do",
    ),
    Promise(
        says="A field that has a value is never overwritten (DESIGN §2.6)",
        where="connector.core.writing.plan:_email",
        change=('stored.fields[name] in (None, "") and value', "value"),
        caught_by="tests/unit/core/test_plan.py::test_a_field_that_was_not_read_is_not_filled",
    ),
    Promise(
        says="A relation that a person set makes a mail Matched (DESIGN §6)",
        where="connector.core.writing.plan:_email",
        change=("desired.matched or any(row.contact or row.account for row in stored.participants)", "desired.matched"),
        caught_by="tests/unit/core/test_plan.py::test_a_relation_set_by_hand_makes_a_mail_matched_and_is_kept",
    ),
    Promise(
        says="An unknown address that becomes a client takes its row over (DESIGN §6)",
        where="connector.core.writing.plan:_participants",
        change=("elif (old := _take(free, row)) is not None:", "elif (old := None) is not None:"),
        caught_by="tests/unit/core/test_plan.py::test_an_address_that_is_a_client_now_takes_its_row_over",
    ),
    Promise(
        says="Email__c goes before its children (DESIGN §2.7)",
        where="connector.core.writing.pack:_ORDER",
        change=(
            '_ORDER = ("Email__c", "Email_Participant__c", "Task")',
            '_ORDER = ("Task", "Email_Participant__c", "Email__c")',
        ),
        caught_by="tests/unit/core/test_pack.py::test_updates_fill_what_inserts_leave",
    ),
    Promise(
        says="A request is closed at 8 MB of JSON (DESIGN §2.7)",
        where="connector.core.writing.pack:RequestFill.fits",
        change=("> self.max_bytes:\n            return False", "> self.max_bytes:\n            pass"),
        caught_by="tests/unit/core/test_pack.py::test_a_request_is_closed_at_its_size_and_a_row_beyond_it_goes_alone",
    ),
    Promise(
        says="Too much at once is halved until it fits (DESIGN §2.7)",
        where="connector.salesforce.writer:SalesforceWriter._sent",
        change=(
            '        if not self._halve(rest, queue, "overload"):\n            return found\n',
            "        return found\n",
        ),
        caught_by="tests/unit/salesforce/test_writer.py::test_too_much_at_once_is_halved_until_it_fits",
    ),
    Promise(
        says="One error on every row of a Collection halves the request (DESIGN §2.7)",
        where="connector.salesforce.results:refusal_of",
        change=("code in _OVERLOAD or", ""),
        caught_by="tests/unit/salesforce/test_writer.py::test_a_collection_that_is_too_much_as_a_whole_fails_row_by_row_in_the_end",
    ),
    Promise(
        says="Updates go by id, so that a key stays as it is (DESIGN §2.7)",
        where="connector.salesforce.writer:SalesforceWriter._record",
        change=('{"id": row.id} if row.id is not None else {row.key_field: row.key}', "{row.key_field: row.key}"),
        caught_by="tests/unit/salesforce/test_writer.py::test_updates_are_sent_by_id_without_their_key",
    ),
    Promise(
        says="Rows of a lost answer that are found there are this run's own (DESIGN §2.7)",
        where="connector.salesforce.results:_read",
        change=("existed=not sent_again", "existed=True"),
        caught_by="tests/unit/salesforce/test_writer.py::test_rows_of_a_lost_answer_are_this_runs_own",
    ),
    Promise(
        says="A body that is refused as too long is halved once (DESIGN §7, body)",
        where="connector.salesforce.results:mended",
        change=("half = halve(Body(html, truncated=True))", "half = Body(html, truncated=True)"),
        caught_by="tests/unit/salesforce/test_writer.py::test_a_body_that_is_refused_as_too_long_is_halved_once",
    ),
    Promise(
        says="The run stops where the share of daily calls is used up (DESIGN §8, daily_call_budget_percent)",
        where="connector.salesforce.limits:Budget.require_room",
        change=("self._used(self._percent)", "self._used(self._percent + 1)"),
        caught_by="tests/unit/salesforce/test_limits.py::test_live_mail_waits_at_95_percent_or_at_a_larger_share",
    ),
]
