"""What a run writes down of itself, which mailboxes are news, what a dry run says, and what is asked of Graph."""

from tests.mutants import Mutant

_JOURNAL, _REPORT, _COURSES, _FORESEEING, _MAIL = (
    "connector/journal.py",
    "connector/report.py",
    "connector/courses.py",
    "connector/foreseeing.py",
    "connector/graph/mail.py",
)
_TOLD, _BOXES, _DRY, _GRAPH = (
    "tests/unit/test_journal.py::test_",
    "tests/unit/test_courses.py::test_",
    "tests/unit/test_foreseeing.py::test_",
    "tests/unit/graph/test_mail.py::test_",
)
_NEWS = f"{_TOLD}news_are_what_failed_what_was_refused_and_a_mailbox_that_turned"
_KEPT = f"{_TOLD}what_was_stored_keeps_its_row_as_interrupted_beside_that_of_the_failure"
_OWN_ROW = f"{_TOLD}a_failure_before_anything_was_stored_is_the_run_s_own_row"
_STOPPED = f"{_TOLD}a_run_that_was_asked_to_stop_has_not_failed"
_LINES = f"{_TOLD}a_line_for_each_thing_that_an_admin_should_know"
_END = f"{_TOLD}the_end_has_its_time_and_its_calls_with_the_one_that_says_so"
_NAMED = f"{_TOLD}the_event_names_the_mailboxes_that_failed_or_are_not_read"
_ONE_EVENT = f"{_TOLD}a_run_without_news_has_no_event_and_once_it_has_one_it_keeps_it"
_REASONS = f"{_BOXES}that_a_mailbox_is_not_read_is_an_event_once_for_each_reason"
_SECOND = f"{_BOXES}a_row_that_leads_to_the_mailbox_of_another_fails_and_is_not_written"
_RULES = f"{_DRY}the_rule_and_the_record_of_every_kind"
_FOUND = f"{_DRY}a_mail_that_would_be_stored_is_found_by_its_key_or_its_message_id_alone"
_LIST = f"{_GRAPH}a_list_is_asked_for_in_order_of_received_time_and_with_headers_only"
_BY_ADDRESS = f"{_GRAPH}an_address_may_hold_a_quote_and_is_looked_for_among_the_aliases"
_NO_UPN = f"{_GRAPH}a_name_that_is_no_upn_is_looked_for_as_an_address"
_PERSON = f"{_GRAPH}a_person_who_may_not_read_the_directory_is_found_by_the_own_address_only"
_PAGES = f"{_GRAPH}further_pages_of_folders_are_read_and_a_list_that_leads_back_is_an_error"

MUTANTS = [
    # checkpoints
    Mutant(
        _JOURNAL,
        "return self._monotonic() - self._saved_at >= CHECKPOINT_SECONDS",
        "return self._monotonic() - self._begun >= CHECKPOINT_SECONDS",
        f"{_TOLD}a_checkpoint_is_due_once_the_last_is_long_enough_ago",
    ),
    Mutant(
        _JOURNAL,
        "        self._errors_logged.update((failure.mailbox, failure.message) for failure in failures)\n",
        "",
        f"{_TOLD}a_failure_is_logged_once_and_counted_once",
    ),
    Mutant(
        _JOURNAL,
        "        self._report.errors += len(failures)\n",
        "        self._report.errors = len(failures)\n",
        f"{_TOLD}a_failure_is_logged_once_and_counted_once",
    ),
    Mutant(
        _JOURNAL,
        "replace(failure, error_key=retries.named(failure))",
        "failure",
        f"{_TOLD}a_failure_belongs_to_the_row_that_its_message_has",
    ),
    Mutant(
        _JOURNAL,
        "        self._settled.update(error.id for error in settled)\n",
        "",
        f"{_TOLD}what_is_settled_is_said_once",
    ),
    Mutant(
        _JOURNAL,
        "retries.answered(self._report.tally) if last else []",
        "retries.answered(self._report.tally)",
        f"{_TOLD}a_request_to_retry_is_answered_by_the_end_only",
    ),
    Mutant(
        _JOURNAL,
        "retries.answered(self._report.tally) if last else []",
        "[]",
        f"{_TOLD}a_request_to_retry_is_answered_by_the_end_only",
    ),
    Mutant(
        _JOURNAL,
        "            course.saved()\n",
        "            pass\n",
        f"{_TOLD}what_was_saved_of_a_mailbox_is_not_saved_again",
    ),
    Mutant(
        _JOURNAL,
        "(*settled, *upkeep.settled)",
        "settled",
        "tests/unit/test_upkeep.py::test_of_what_is_cleared_nothing_is_tried_again[Removed]",
    ),
    # which events there are
    Mutant(_JOURNAL, "self._has_event = self._has_event or news", "self._has_event = False", _ONE_EVENT),
    Mutant(
        _JOURNAL, "            self._report.event = self._key\n        for", "            pass\n        for", _ONE_EVENT
    ),
    Mutant(
        _JOURNAL,
        "tally.stored > 0 or bool(tally.failed or self._report.remarks)",
        "bool(tally.failed or self._report.remarks)",
        _ONE_EVENT,
    ),
    Mutant(_JOURNAL, "bool(tally.failed or self._report.remarks) or", "bool(tally.failed) or", f"{_NEWS}[remarks]"),
    Mutant(
        _JOURNAL, "bool(tally.failed or self._report.remarks) or", "bool(self._report.remarks) or", f"{_NEWS}[failed]"
    ),
    Mutant(_JOURNAL, "any(course.turned for course in courses.values())", "False", f"{_NEWS}[unlinked]"),
    Mutant(
        _JOURNAL,
        "self._report.tally.failed or self._report.failed_mailboxes or self._report.remarks",
        "self._report.tally.failed or self._report.remarks",
        f"{_NEWS}[turned]",
    ),
    Mutant(
        _JOURNAL,
        "self._report.tally.failed or self._report.failed_mailboxes or self._report.remarks",
        "self._report.tally.failed or self._report.failed_mailboxes",
        f"{_NEWS}[remarks]",
    ),
    Mutant(_JOURNAL, "        if finished:\n", "        if True:\n", _END),
    Mutant(_JOURNAL, "= self._log_book.calls + 1", "= self._log_book.calls", _END),
    Mutant(_JOURNAL, "self.event(now, status, finished=last)", "self.event(now, status)", _END),
    Mutant(_JOURNAL, "started + timedelta(seconds=round(self.seconds))", "started", _END),
    # what stopped the run
    Mutant(_JOURNAL, '"Emails_Synced__c": 0, "Emails_Failed__c": 0}', '"Emails_Synced__c": 0}', _KEPT),
    Mutant(
        _JOURNAL,
        'key = f"{self._key}-failure" if self._report.tally.stored else self._key',
        'key = f"{self._key}-failure"',
        _OWN_ROW,
    ),
    Mutant(_JOURNAL, "if self._report.tally.stored or (stopped and self._has_event):", "if True:", _OWN_ROW),
    Mutant(
        _JOURNAL,
        "if self._report.tally.stored or (stopped and self._has_event):",
        "if self._report.tally.stored:",
        _STOPPED,
    ),
    Mutant(
        _JOURNAL,
        "if self._report.tally.stored or (stopped and self._has_event):",
        "if stopped and self._has_event:",
        _KEPT,
    ),
    Mutant(_JOURNAL, "            if stopped:\n                return\n", "", _STOPPED),
    Mutant(_JOURNAL, "EventStatus.INTERRUPTED, finished", "EventStatus.FAILED, finished", _KEPT),
    Mutant(_JOURNAL, "finished=True, error=error)", "finished=True)", _OWN_ROW),
    Mutant(
        _JOURNAL,
        "            self._report.event = self._report.event or key\n",
        "            self._report.event = key\n",
        _KEPT,
    ),
    Mutant(_JOURNAL, "            self._report.failure_logged = True\n", "", _OWN_ROW),
    Mutant(
        _JOURNAL,
        "        except ConnectorError as second:\n",
        "        except OSError as second:\n",
        f"{_TOLD}a_failure_that_cannot_be_logged_is_not_said_to_be",
    ),
    # the words and numbers
    Mutant(_JOURNAL, "cut(report.messages, _MOST_TEXT)", "report.messages", f"{_TOLD}a_long_message_is_cut"),
    Mutant(_JOURNAL, "        elif report.messages:\n", "        else:\n", f"{_TOLD}a_long_message_is_cut"),
    Mutant(_JOURNAL, '"Mailboxes__c": report.looked_at', '"Mailboxes__c": len(report.mailboxes)', _NAMED),
    Mutant(_JOURNAL, "len(report.failed_mailboxes)", "0", _NAMED),
    Mutant(
        _REPORT,
        "len({box.id for box in self.mailboxes} | self.failed_mailboxes.keys())",
        "len(self.mailboxes) + len(self.failed_mailboxes)",
        f"{_TOLD}a_mailbox_counts_once_whether_it_was_read_or_could_not_be",
    ),
    Mutant(_REPORT, "                *self.remarks,\n", "", _LINES),
    Mutant(_REPORT, "                *self.failing,\n", "", _LINES),
    Mutant(_REPORT, '{name} is not read: {text}"', '{text}"', _LINES),
    Mutant(
        _REPORT,
        "1 if self.errors or self.failed_mailboxes",
        "1 if self.failed_mailboxes",
        f"{_TOLD}the_exit_code[errors-1]",
    ),
    Mutant(
        _REPORT,
        "self.errors or self.failed_mailboxes or",
        "self.errors or",
        f"{_TOLD}the_exit_code[failed_mailboxes-1]",
    ),
    Mutant(_REPORT, "or self.remarks or self.tally", "or self.tally", f"{_TOLD}the_exit_code[remarks-1]"),
    Mutant(
        _REPORT,
        "            return self.failure.exit_code\n",
        "            return 1\n",
        f"{_TOLD}the_exit_code[failure-3]",
    ),
    Mutant(
        "connector/sync.py",
        "{course.name: course.unlinked for course in courses.values() if course.unlinked}",
        "{}",
        _NAMED,
    ),
    Mutant("connector/sync.py", 'else f"{course.name}: {error}",)', "else str(error),)", _NAMED),
    # mailboxes that are no longer read
    Mutant(_COURSES, "        if self.newly_unlinked:\n            return True\n", "", _REASONS),
    Mutant(
        _COURSES,
        "self.before, self.extra, self.newly_unlinked = self.mailbox, {}, False",
        "self.before, self.extra = self.mailbox, {}",
        _REASONS,
    ),
    Mutant(
        _COURSES,
        "if (self.before.status, self.before.status_detail) != (MailboxStatus.NOT_LINKED, reason):",
        "if self.before.status is not MailboxStatus.NOT_LINKED:",
        _REASONS,
    ),
    Mutant(
        _COURSES,
        "if (self.before.status, self.before.status_detail) != (MailboxStatus.NOT_LINKED, reason):",
        "if True:",
        _REASONS,
    ),
    Mutant(
        _COURSES,
        "meant = self.mailbox.active and self.mailbox.user is not None",
        "meant = self.mailbox.user is not None",
        f"{_BOXES}a_mailbox_that_nobody_meant_to_be_read_is_no_news[fields0]",
    ),
    Mutant(
        _COURSES,
        "meant = self.mailbox.active and self.mailbox.user is not None",
        "meant = self.mailbox.active",
        f"{_BOXES}a_mailbox_that_nobody_meant_to_be_read_is_no_news[fields1]",
    ),
    Mutant(
        _COURSES,
        'self.unlinked = reason if meant else ""',
        "self.unlinked = reason",
        f"{_BOXES}a_mailbox_that_nobody_meant_to_be_read_is_no_news[fields0]",
    ),
    Mutant(
        _COURSES,
        "return (self.before.status in failing) != (self.mailbox.status in failing)",
        "return False",
        f"{_BOXES}a_failing_mailbox_that_is_not_read_any_more_has_turned",
    ),
    Mutant(_COURSES, "    _refuse_seconds(courses.values(), setup.mailboxes)\n", "", _SECOND),
    Mutant(_COURSES, "            course.mailbox, course.lane, course.extra = course.before, None, {}\n", "", _SECOND),
    # a dry run
    Mutant(
        _FORESEEING, "        if tally.is_new(header)\n", "", f"{_DRY}a_message_that_is_read_once_more_is_told_once"
    ),
    Mutant(
        _FORESEEING,
        '            found |= {row.key: row for row in self._by_id.get(mid or "", ())}\n',
        "            pass\n",
        _FOUND,
    ),
    Mutant(
        _FORESEEING,
        "found = {row.key: row for key, _ in wanted if (row := self._by_key.get(key)) is not None}",
        "found: dict[str, StoredEmail] = {}",
        _FOUND,
    ),
    Mutant(_FORESEEING, "return hits, [*stored, *found.values()]", "return {}, [*stored, *found.values()]", _FOUND),
    Mutant(_FORESEEING, '"Matched" if mail.matched else "Unmatched"', '"Unmatched"', _FOUND),
    Mutant(_FORESEEING, "return hits, [*stored, *found.values()]", "return hits, [*found.values()]", _RULES),
    Mutant(
        _FORESEEING,
        '"stored from this very message" if is_of(stored, header) else "stored from another copy"',
        '"stored from another copy"',
        _RULES,
    ),
    Mutant(
        _FORESEEING,
        '"stored from this very message" if is_of(stored, header) else "stored from another copy"',
        '"stored from this very message"',
        _RULES,
    ),
    Mutant(
        _FORESEEING,
        "if stored is not None and stored.id != _NOT_YET:",
        "if stored is not None:",
        f"{_DRY}a_copy_in_a_later_chunk_is_no_second_mail",
    ),
    Mutant(_FORESEEING, "if stored is not None or not first:", "if stored is not None:", _RULES),
    Mutant(
        _FORESEEING,
        "if stored is not None or not first:",
        "if not first:",
        f"{_DRY}a_copy_in_a_later_chunk_is_no_second_mail",
    ),
    Mutant(_FORESEEING, "return matched_by(mail) or Decision", "return Decision", _RULES),
    Mutant(_FORESEEING, "tally.reasons[header.mailbox, header.id] = decision", "pass", _RULES),
    Mutant(_FORESEEING, "rule=rule, rule_id=hit.id)", "rule=rule)", _RULES),
    # lists of Graph
    Mutant(
        _MAIL,
        "    if not isinstance(items, list):\n        raise MailboxError(",
        "    if False:\n        raise MailboxError(",
        f"{_GRAPH}a_list_without_a_value_is_no_empty_list[answer1]",
    ),
    Mutant(_MAIL, "&$orderby=receivedDateTime", "", _LIST),
    Mutant(_MAIL, "receivedDateTime%20lt%20{_time(end)}", "receivedDateTime%20le%20{_time(end)}", _LIST),
    Mutant(_MAIL, "&$top={top}", "", _LIST),
    Mutant(
        _MAIL,
        "{_folders(user)}/{quote(folder, safe='')}/messages",
        "{_folders(user)}/{folder}/messages",
        f"{_GRAPH}a_folder_s_list_is_of_that_folder",
    ),
    Mutant(
        _MAIL,
        'literal = internet_message_id.replace("\'", "\'\'")',
        "literal = internet_message_id",
        f"{_GRAPH}a_message_id_may_hold_a_quote",
    ),
    Mutant(
        _MAIL,
        "    except MailboxError as error:\n        return MessageError(error.what",
        "    except OSError as error:\n        return MessageError(error.what",
        f"{_GRAPH}a_header_by_id_that_cannot_be_read_fails_alone",
    ),
    # folders
    Mutant(_MAIL, 'if "@removed" not in item:', "if True:", f"{_GRAPH}folders_that_were_removed_are_none"),
    Mutant(
        _MAIL,
        "            if link in links:\n                raise MailboxError(",
        "            if False:\n                raise MailboxError(",
        _PAGES,
    ),
    Mutant(_MAIL, "            if link is None:\n                break\n", "            break\n", _PAGES),
    Mutant(
        _MAIL,
        "            if answer.status != 404:",
        "            if True:",
        f"{_GRAPH}a_well_known_folder_that_a_mailbox_lacks_is_left_out",
    ),
    Mutant(
        _MAIL,
        "            if answer.status != 404:",
        "            if answer.status == 200:",
        f"{_GRAPH}a_well_known_folder_that_a_mailbox_lacks_is_left_out",
    ),
    Mutant(
        _MAIL, "well_known=name)", "well_known=None)", f"{_GRAPH}a_well_known_folder_that_a_mailbox_lacks_is_left_out"
    ),
    Mutant(
        _MAIL,
        "        if response.status == 404:\n            return None\n        raise mailbox",
        "        raise mailbox",
        f"{_GRAPH}a_single_folder_is_there_or_not_or_refused",
    ),
    Mutant(
        _MAIL,
        '        raise mailbox_error(response.status, response.body.get("error") or {}, user)\n',
        "        return None\n",
        f"{_GRAPH}a_single_folder_is_there_or_not_or_refused",
    ),
    # users
    Mutant(_MAIL, 'literal = address.replace("\'", "\'\'")', "literal = address", _BY_ADDRESS),
    Mutant(_MAIL, " or proxyAddresses/any(p:p eq 'smtp:{literal}')", "", _BY_ADDRESS),
    Mutant(
        _MAIL,
        'bool(response.body.get("value")) if response.status == 200 else None',
        'bool(response.body.get("value"))',
        f"{_GRAPH}whether_there_is_a_user_or_nobody_may_say",
    ),
    Mutant(
        _MAIL,
        'bool(response.body.get("value")) if response.status == 200 else None',
        "True if response.status == 200 else None",
        _BY_ADDRESS,
    ),
    Mutant(
        _MAIL,
        "self._user_by_upn(name) if number == 0 else None",
        "self._user_by_upn(name)",
        f"{_GRAPH}the_first_name_is_a_upn_or_an_address_the_others_addresses_only",
    ),
    Mutant(_MAIL, "            item = item or self._user_by_address(name)\n", "", f"{_NO_UPN}[404]"),
    Mutant(_MAIL, "if response.status in (400, 404):", "if response.status == 404:", f"{_NO_UPN}[400]"),
    Mutant(_MAIL, "if response.status in (400, 404):", "if response.status == 400:", f"{_NO_UPN}[404]"),
    Mutant(
        _MAIL,
        '        if response.status == 403:\n            return ""\n',
        '        if response.status != 200:\n            return ""\n',
        f"{_GRAPH}a_purpose_that_may_not_be_asked_is_none_and_any_other_refusal_is_told",
    ),
    Mutant(
        _MAIL,
        '        if response.status == 403:\n            return ""\n',
        '        if response.status == 404:\n            return ""\n',
        f"{_GRAPH}a_purpose_that_may_not_be_asked_is_none_and_any_other_refusal_is_told",
    ),
    Mutant(
        _MAIL,
        "        if response.status != 200:\n            raise service_error",
        "        if False:\n            raise service_error",
        f"{_GRAPH}a_directory_that_is_refused_or_broken_stops_the_run",
    ),
    Mutant(
        _MAIL,
        "            if self._person is None:\n                raise\n",
        "            if self._person is None:\n                return None\n",
        f"{_GRAPH}a_directory_that_is_refused_or_broken_stops_the_run",
    ),
    Mutant(
        _MAIL,
        "person is not None and person.mail.casefold() in {name.casefold() for name in names}",
        "person is not None",
        _PERSON,
    ),
    Mutant(_MAIL, "person.mail.casefold() in {name.casefold() for name in names}", "person.mail in names", _PERSON),
]
