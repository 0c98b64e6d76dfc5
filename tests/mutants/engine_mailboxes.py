"""Which mailboxes a run reads, how they are read, and what is counted."""

from tests.mutants import Mutant

_COURSES = "connector/courses.py"
_READING = "connector/reading.py"
_TALLY = "connector/tally.py"
_COURSES_TESTS = "tests/unit/test_courses.py"
_SEATS_TESTS = "tests/unit/test_seats.py"
_READING_TESTS = "tests/unit/test_reading.py"
_TALLY_TESTS = "tests/unit/test_tally.py"

MUTANTS = [
    Mutant(
        _COURSES, "if not box.active:", "if False:", f"{_COURSES_TESTS}::test_a_mailbox_that_is_not_linked_says_why"
    ),
    Mutant(
        _COURSES,
        "if not box.user_active:",
        "if False:",
        f"{_SEATS_TESTS}::test_a_mailbox_of_a_user_who_left_is_not_read",
    ),
    Mutant(
        _COURSES,
        "if box.user not in setup.sync_users:",
        "if False:",
        f"{_COURSES_TESTS}::test_a_mailbox_that_is_not_linked_says_why",
    ),
    Mutant(
        _COURSES,
        "if seats is not None and box.user not in seats:",
        "if False:",
        f"{_COURSES_TESTS}::test_rows_created_first_keep_their_seats",
    ),
    Mutant(
        _COURSES,
        "key=lambda user: first[user])[:limit]",
        "key=lambda user: user)[:limit]",
        f"{_SEATS_TESTS}::test_seats_go_by_the_age_of_the_row_not_by_the_user",
    ),
    Mutant(
        _COURSES,
        "first[box.user] = min(first.get(box.user, place), place)",
        "first[box.user] = max(first.get(box.user, place), place)",
        f"{_SEATS_TESTS}::test_a_user_has_the_seat_of_the_first_of_several_rows",
    ),
    Mutant(
        _COURSES,
        "if box.active and box.user is not None and box.user in setup.sync_users:",
        "if box.user is not None and box.user in setup.sync_users:",
        f"{_COURSES_TESTS}::test_a_row_that_is_not_linked_takes_no_seat",
    ),
    Mutant(
        _COURSES,
        "if box.active and box.user is not None and box.user in setup.sync_users:",
        "if box.active and box.user is not None:",
        f"{_COURSES_TESTS}::test_a_user_without_the_permission_set_takes_no_seat",
    ),
    Mutant(
        _COURSES,
        "        elif broken is not None:\n            course.fail(broken)\n",
        "",
        f"{_COURSES_TESTS}::test_a_personal_rule_that_cannot_be_understood_stops_its_user_only",
    ),
    Mutant(
        _COURSES,
        "status = MailboxStatus.UNAVAILABLE if unavailable else MailboxStatus.FAILING",
        "status = MailboxStatus.FAILING",
        f"{_COURSES_TESTS}::test_a_row_that_names_nobody_is_unavailable_and_the_others_go_on",
    ),
    Mutant(
        _COURSES,
        "names = [name for name in (box.user_principal_name.strip(), box.email.strip()) if name]",
        "names = [name for name in (box.user_principal_name.strip(),) if name]",
        f"{_COURSES_TESTS}::test_an_alias_is_no_user_principal_name",
    ),
    Mutant(
        _COURSES,
        'course.extra = {"Aliases__c": "\\n".join(user.addresses)}',
        "course.extra = {}",
        f"{_COURSES_TESTS}::test_a_row_without_graph_id_is_resolved_and_what_was_found_is_written",
    ),
    Mutant(
        _COURSES,
        "return (self.before.status in failing) != (self.mailbox.status in failing)",
        "return self.mailbox.status in failing",
        f"{_COURSES_TESTS}::test_a_failure_shows_and_is_an_event_when_it_begins_and_ends_only",
    ),
    Mutant(
        _COURSES,
        "if not any(name in own for own in names.values()):",
        "if False:",
        f"{_COURSES_TESTS}::test_only_with_a_name_that_no_row_has_is_a_usage_error",
    ),
    Mutant(
        _COURSES,
        "if box.user is not None:\n            for address",
        "if box.user is not None and box.active:\n            for address",
        f"{_COURSES_TESTS}::test_linked_addresses_are_those_of_every_row_with_a_user_read_or_not",
    ),
    Mutant(
        _COURSES,
        "(box.email, box.user_principal_name, *box.aliases):\n                if address:\n                    linked",
        "(box.email, box.user_principal_name):\n                if address:\n                    linked",
        f"{_COURSES_TESTS}::test_what_was_just_resolved_counts_too",
    ),
    Mutant(
        _COURSES,
        'status=MailboxStatus.READY, status_detail=""',
        'status_detail=""',
        f"{_COURSES_TESTS}::test_a_linked_mailbox_is_read",
    ),
    Mutant(
        _READING,
        "if self._state.headers < self._high_water:",
        "if True:",
        f"{_READING_TESTS}::test_reading_pauses_while_the_pile_is_high",
    ),
    Mutant(
        _READING,
        "if lane.windows and lane.active < self._per_mailbox:",
        "if lane.windows:",
        f"{_READING_TESTS}::test_a_thread_that_is_free_does_not_ask_a_busy_mailbox_more_often",
    ),
    Mutant(
        _READING,
        "                        self._lanes.rotate(-1)\n",
        "                        self._lanes.rotate(-1 if not lane.windows else 0)\n",
        f"{_READING_TESTS}::test_windows_of_a_lane_come_in_order_and_lanes_take_turns",
    ),
    Mutant(
        _READING,
        "                lane.windows.appendleft(walked.rest)\n",
        "                lane.windows.append(walked.rest)\n",
        f"{_READING_TESTS}::test_what_is_left_of_a_window_comes_before_the_next_one",
    ),
    Mutant(
        _READING,
        "                lane.windows.appendleft(walked.rest)\n",
        "                pass\n",
        f"{_READING_TESTS}::test_a_window_that_holds_too_much_is_read_in_parts",
    ),
    Mutant(
        _READING,
        "            lane.error = lane.error or error\n            lane.clear()\n",
        "            lane.error = lane.error or error\n",
        f"{_READING_TESTS}::test_an_error_of_a_mailbox_ends_its_lane_only",
    ),
    Mutant(
        _READING,
        "                if found:\n                    self._need_tree(lane)\n",
        "                self._need_tree(lane)\n",
        f"{_READING_TESTS}::test_no_tree_for_a_mailbox_without_messages_or_with_drafts_only",
    ),
    Mutant(
        _READING,
        "found = found or any(not header.is_draft for header in page.headers)",
        "found = found or bool(page.headers)",
        f"{_READING_TESTS}::test_no_tree_for_a_mailbox_without_messages_or_with_drafts_only",
    ),
    Mutant(
        _READING,
        "self._state.abandoned = self._state.abandoned or abandon",
        "pass",
        f"{_READING_TESTS}::test_an_abandoned_walk_ends_after_its_page",
    ),
    Mutant(
        _TALLY,
        "if result.error is not None or result.existed:",
        "if result.error is not None:",
        f"{_TALLY_TESTS}::test_only_rows_that_this_run_has_written_are_counted",
    ),
    Mutant(
        _TALLY,
        "if result.error is not None or result.existed:",
        "if result.existed:",
        f"{_TALLY_TESTS}::test_only_rows_that_this_run_has_written_are_counted",
    ),
    Mutant(
        _TALLY,
        "if mailbox in (None, owner))",
        "if True)",
        f"{_TALLY_TESTS}::test_outcomes_add_up_to_what_was_listed_in_all_and_by_mailbox",
    ),
]
