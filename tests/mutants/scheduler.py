"""When runs are due, what the scheduler does next, how it stops, and what `status` calls well."""

from tests.mutants import Mutant

GRID, AGENDA, HEALTH = "connector/core/grid.py", "connector/core/agenda.py", "connector/core/health.py"
DAEMON, TIMETABLE = "connector/daemon.py", "connector/salesforce/timetable.py"
_GRID, _AGENDA, _HEALTH = (
    "tests/unit/core/test_grid.py",
    "tests/unit/core/test_agenda.py",
    "tests/unit/core/test_health.py",
)
_DAEMON = "tests/unit/test_daemon.py"

MUTANTS = [
    Mutant(
        GRID,
        "zone=zone, twice=True, interval",
        "zone=zone, interval",
        f"{_GRID}::test_a_repeated_hour_is_walked_twice_by_minutes_and_once_by_hours_and_days",
    ),
    Mutant(
        GRID,
        "    if not twice:\n        return (first,)\n",
        "",
        f"{_GRID}::test_a_repeated_hour_is_walked_twice_by_minutes_and_once_by_hours_and_days",
    ),
    Mutant(
        GRID,
        "    if first.astimezone(wall.tzinfo) != wall:\n"
        "        return (_gap_end(wall, wall.replace(fold=1).astimezone(UTC), first),)\n",
        "",
        f"{_GRID}::test_what_clocks_leap_over_runs_at_the_first_instant_after_it",
    ),
    Mutant(GRID, "return sorted(found)", "return list(found)", f"{_GRID}::test_the_grid_of_a_plain_day"),
    Mutant(
        GRID,
        "if start < instant <= end}",
        "if start <= instant <= end}",
        f"{_GRID}::test_due_when_a_time_of_the_grid_lies_after_the_last_run",
    ),
    Mutant(
        GRID,
        "last_run is None or (last_run",
        "last_run is not None and (last_run",
        f"{_GRID}::test_several_missed_times_count_once_and_what_never_ran_is_due",
    ),
    Mutant(
        GRID,
        "zone=zone, weekday=DAYS.index(day_of_week), interval",
        "zone=zone, interval",
        f"{_GRID}::test_daily_and_weekly_are_at_their_time_in_the_zone_of_the_org",
    ),
    Mutant(
        GRID,
        '("Day of Week", weekly and day_of_week not in DAYS)',
        '("Day of Week", False)',
        f"{_GRID}::test_a_frequency_without_its_time_is_refused",
    ),
    Mutant(
        AGENDA,
        "if not self.timing.active:",
        "if False:",
        f"{_AGENDA}::test_nothing_at_all_runs_where_the_sync_is_off",
    ),
    Mutant(
        AGENDA,
        "if self.timing.licensed_users == 0:",
        "if False:",
        f"{_AGENDA}::test_nothing_at_all_runs_where_the_sync_is_off",
    ),
    Mutant(
        AGENDA,
        "if timing.sync_now and not self._refused_now:",
        "if False:",
        f"{_AGENDA}::test_sync_now_comes_first_and_a_retry_before_a_slice",
    ),
    Mutant(
        AGENDA,
        "if timing.sync_now and not self._refused_now:",
        "if timing.sync_now:",
        f"{_AGENDA}::test_a_run_that_could_not_begin_is_not_due_again_before_the_grid",
    ),
    Mutant(
        AGENDA,
        "if look.requests - self._tried_requests:",
        "if look.requests:",
        f"{_AGENDA}::test_a_request_is_tried_once_and_again_when_it_is_made_anew",
    ),
    Mutant(
        AGENDA,
        "look.backfills - self._tried_backfills)",
        "look.backfills)",
        f"{_AGENDA}::test_a_backfill_that_does_not_advance_waits_for_the_grid",
    ),
    Mutant(
        AGENDA,
        "if not self._held and (self._cut or",
        "if not self._held and (",
        f"{_AGENDA}::test_a_backfill_goes_on_as_long_as_it_advances",
    ),
    Mutant(
        AGENDA,
        "if not self._held and (self._cut",
        "if (self._cut",
        f"{_AGENDA}::test_after_a_failed_run_only_the_grid_starts_the_next",
    ),
    Mutant(
        AGENDA,
        "        self._missed = now\n",
        "",
        f"{_AGENDA}::test_each_time_of_the_grid_that_passes_in_an_outage_is_a_failed_run",
    ),
    Mutant(
        AGENDA,
        "news, self._told = text != self._told, text",
        "news, self._told = bool(text), text",
        f"{_AGENDA}::test_why_nothing_runs_is_news_once_until_it_changes",
    ),
    Mutant(
        AGENDA,
        "return min(longest, max(left, min(1.0, longest)))",
        "return longest",
        f"{_AGENDA}::test_it_looks_once_a_minute_and_at_the_time_of_the_grid",
    ),
    Mutant(
        DAEMON,
        "if job in (Job.MANUAL, Job.SCHEDULED):",
        "if job is Job.MANUAL:",
        f"{_DAEMON}::test_the_first_run_is_at_once_and_the_others_on_the_grid",
    ),
    Mutant(
        DAEMON,
        "if job in (Job.MANUAL, Job.SCHEDULED):",
        "if True:",
        f"{_DAEMON}::test_slices_follow_each_other_until_the_backfill_is_done",
    ),
    Mutant(
        DAEMON,
        "        if str(error) != self._trouble:\n",
        "        if True:\n",
        f"{_DAEMON}::test_an_outage_of_salesforce_is_told_by_the_first_look_that_gets_through",
    ),
    Mutant(
        DAEMON,
        "        except Exception as error:\n",
        "        except OSError as error:\n",
        f"{_DAEMON}::test_a_fault_of_our_own_does_not_end_the_scheduler",
    ),
    Mutant(
        DAEMON,
        "if done.failure is not None and not done.logged and",
        "if done.failure is not None and",
        f"{_DAEMON}::test_a_failed_run_is_tried_again_at_the_next_due_time",
    ),
    Mutant(
        DAEMON,
        "            self._note(rest.error)\n",
        "",
        f"{_DAEMON}::test_a_frequency_without_a_time_is_said_once_and_is_one_event",
    ),
    Mutant(
        DAEMON,
        "        self._halt.check()\n",
        "",
        f"{_DAEMON}::test_a_slice_is_abandoned_when_somebody_asks_to_stop",
    ),
    Mutant(
        DAEMON,
        "            if self.is_asked:\n                tell()\n",
        "",
        f"{_DAEMON}::test_those_who_want_to_know_are_told_once_even_if_they_come_late",
    ),
    Mutant(
        "connector/journal.py",
        "            if stopped:\n                return\n",
        "",
        f"{_DAEMON}::test_a_stopped_run_is_an_interrupted_event_and_no_failure",
    ),
    Mutant(
        "connector/courses.py",
        " and not any(window.road == checkpoint.LIVE for window in self.lane.windows)",
        "",
        f"{_DAEMON}::test_a_mailbox_whose_live_mail_was_not_read_to_its_end_has_no_new_success",
    ),
    Mutant(
        TIMETABLE,
        'fields["Sync_Now_Requested__c"] = False',
        "pass",
        "tests/acceptance/test_run.py::test_a_day_at_work",
    ),
    Mutant(
        HEALTH,
        "well=not stale and status",
        "well=status",
        f"{_HEALTH}::test_a_mailbox_is_well",
    ),
    Mutant(
        HEALTH,
        " and status not in (MailboxStatus.FAILING, MailboxStatus.UNAVAILABLE)",
        "",
        f"{_HEALTH}::test_a_mailbox_is_well",
    ),
    Mutant(HEALTH, "100 * read // whole", "round(100 * read / whole)", f"{_HEALTH}::test_how_far_a_backfill_is"),
    Mutant(
        HEALTH,
        "box.last_success > last.started_at",
        "box.last_success >= last.started_at",
        f"{_HEALTH}::test_a_failure_counts_until_a_mailbox_was_read",
    ),
]
