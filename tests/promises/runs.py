"""When runs are due, what is logged, and what is tried again."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="Minutes of the grid are walked in both passes of a repeated hour (DESIGN §4, frequency)",
        where="connector.core.scheduling.frequency:frequency_of",
        change=("zone=zone, twice=True, interval", "zone=zone, interval"),
        caught_by="tests/unit/core/test_frequency.py::test_a_repeated_hour_is_walked_twice_by_minutes_and_once_by_hours_and_days",
    ),
    Promise(
        says="A time inside a gap runs at the first instant after it (DESIGN §4, frequency)",
        where="connector.core.scheduling.frequency:_instants",
        change=(
            (
                "    if first.astimezone(wall.tzinfo) != wall:\n"
                "        return (_gap_end(wall, wall.replace(fold=1).astimezone(UTC), first),)\n"
            ),
            "",
        ),
        caught_by="tests/unit/core/test_frequency.py::test_what_clocks_leap_over_runs_at_the_first_instant_after_it",
    ),
    Promise(
        says="A run at the time of the grid is that run (DESIGN §4, frequency)",
        where="connector.core.scheduling.frequency:Frequency.between",
        change=("if start < instant <= end}", "if start <= instant <= end}"),
        caught_by="tests/unit/core/test_frequency.py::test_due_when_a_time_of_the_grid_lies_after_the_last_run",
    ),
    Promise(
        says="Sync now starts a run at the next look (DESIGN §4)",
        where="connector.core.scheduling.policy:SchedulerPolicy.decide",
        change=("if timing.sync_now and not self._refused_now:", "if False:"),
        caught_by="tests/unit/core/test_policy.py::test_sync_now_comes_first_and_a_retry_before_a_slice",
    ),
    Promise(
        says="A fault of our own does not end the scheduler (DESIGN §4)",
        where="connector.engine.scheduler:Scheduler._do",
        change=("        except Exception as error:\n", "        except OSError as error:\n"),
        caught_by="tests/unit/engine/test_scheduler.py::test_a_fault_of_our_own_does_not_end_the_scheduler",
    ),
    Promise(
        says="A 429 is tried again (DESIGN §4)",
        where="connector.core.scheduling.retry:_NOT_TAKEN",
        change=("{408, 429, 503, 509}", "{408, 503, 509}"),
        caught_by="tests/unit/core/test_retry.py::test_a_passing_failure_is_tried_again",
    ),
    Promise(
        says="What may have taken effect is not sent again blindly (issue 15: retry without dedupe)",
        where="connector.core.scheduling.retry:_refusal",
        change=('return "" if idempotent else "it may have taken effect"', 'return ""'),
        caught_by="tests/unit/core/test_retry.py::test_a_lost_connection_is_repeated_only_where_that_does_no_harm",
    ),
    Promise(
        says="Attempts end after max_attempts (DESIGN §8, http)",
        where="connector.core.scheduling.retry:decide",
        change=("if attempt >= policy.max_attempts:", "if False:"),
        caught_by="tests/unit/core/test_retry.py::test_waits_double_and_attempts_end",
    ),
    Promise(
        says="Retry-After is obeyed in all its forms (DESIGN §4)",
        where="connector.core.scheduling.retry:seconds_of",
        change=("return float(value) or None", "return None"),
        caught_by="tests/unit/core/test_retry.py::test_retry_after_in_all_its_forms",
    ),
    Promise(
        says="A failed message is tried after 15 minutes, 1, 6 and 24 hours (DESIGN §4, retries)",
        where="connector.core.scheduling.retry:_LADDER",
        change=(
            "timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6)",
            "timedelta(hours=1), timedelta(minutes=15), timedelta(hours=6)",
        ),
        caught_by="tests/unit/core/test_retry.py::test_the_ladder_of_a_failed_message",
    ),
    Promise(
        says="The fifth failure is the last (DESIGN §4, retries)",
        where="connector.core.scheduling.retry:next_attempt",
        change=(
            "    if attempts > len(_LADDER):\n        return None\n",
            "    attempts = min(attempts, len(_LADDER))\n",
        ),
        caught_by="tests/unit/core/test_retry.py::test_the_ladder_of_a_failed_message",
    ),
    Promise(
        says="A permanent failure stays Failed until somebody asks (DESIGN §4, retries)",
        where="connector.salesforce.run_log:SalesforceRunLog._next_attempt",
        change=(
            "return next_daily_attempt(self._client.now) if failure.by_rule else None",
            "return next_daily_attempt(self._client.now)",
        ),
        caught_by="tests/unit/salesforce/test_run_log.py::test_a_lasting_failure_stays_failed_and_has_no_next_time",
    ),
    Promise(
        says="A retry that meets 404 looks by Message-ID in that mailbox (DESIGN §4, retries)",
        where="connector.engine.retries:_elsewhere",
        change=("near = [header for header in candidates if header.received_at == error.received_at]", "near = []"),
        caught_by="tests/unit/engine/test_retries.py::test_one_that_is_gone_is_found_by_its_message_id_the_one_received_then_first",
    ),
    Promise(
        says="What is nowhere is given up with code GONE (DESIGN §4, retries)",
        where="connector.engine.retries:_gone",
        change=("code=MessageGoneError.code,", "code=None,"),
        caught_by="tests/unit/engine/test_retries.py::test_one_that_is_nowhere_is_given_up",
    ),
    Promise(
        says="Retry_Requested__c of an event asks for all its rows (DESIGN §3)",
        where="connector.salesforce.parse:logged_error",
        change=('or bool(event.get("Retry_Requested__c"))\n', "\n"),
        caught_by="tests/unit/salesforce/test_parse.py::test_a_retry_is_asked_for_on_the_row_or_on_its_event",
    ),
    Promise(
        says="One mailbox in an outage is its own affair, all of them are the run's (DESIGN §4)",
        where="connector.engine.run:Run._note_failed",
        change=("all(isinstance(error, MailboxOutageError) for error in errors)", "False"),
        caught_by="tests/unit/engine/test_run.py::test_one_mailbox_in_an_outage_is_its_own_affair_all_of_them_are_the_run_s",
    ),
    Promise(
        says="A failure has a row of its own with 0 synced and 0 failed (DESIGN §4, log states)",
        where="connector.engine.recorder:RunRecorder.save_failure",
        change=(
            'zero = {**failed.fields, "Emails_Synced__c": 0, "Emails_Failed__c": 0, "Emails_Matched__c": 0}',
            "zero = failed.fields",
        ),
        caught_by="tests/unit/engine/test_run.py::test_what_was_stored_before_a_failure_keeps_an_event_of_its_own",
    ),
    Promise(
        says="A run with a failed message is Completed with Errors (DESIGN §4, log states)",
        where="connector.engine.recorder:RunRecorder.save",
        change=(
            "status = EventStatus.COMPLETED_WITH_ERRORS if failed else EventStatus.SUCCEEDED",
            "status = EventStatus.SUCCEEDED",
        ),
        caught_by="tests/unit/engine/test_run.py::test_a_message_that_fails_is_logged_and_the_rest_goes_on",
    ),
    Promise(
        says="A run without news has no event (DESIGN §4, log states)",
        where="connector.engine.recorder:RunRecorder.save",
        change=("self._has_event = self._has_event or news", "self._has_event = False"),
        caught_by="tests/unit/engine/test_recorder.py::test_a_run_without_news_has_no_event_and_once_it_has_one_it_keeps_it",
    ),
    Promise(
        says="An event that was not touched for 30 minutes becomes Interrupted (DESIGN §4)",
        where="connector.salesforce.housekeeping:Housekeeping.question",
        change=("soql.instant(self._client.now - AT_WORK)", "soql.instant(self._client.now)"),
        caught_by="tests/unit/salesforce/test_housekeeping.py::test_an_event_that_was_not_touched_for_long_is_interrupted",
    ),
    Promise(
        says="A failing mailbox is an event when that begins and when it ends (DESIGN §4, log states)",
        where="connector.engine.mailboxes:MailboxRun.turned",
        change=(
            "return (self.before.status in failing) != (self.mailbox.status in failing)",
            "return self.mailbox.status in failing",
        ),
        caught_by="tests/unit/engine/test_mailbox_rows.py::test_a_failure_shows_and_is_an_event_when_it_begins_and_ends_only",
    ),
]
