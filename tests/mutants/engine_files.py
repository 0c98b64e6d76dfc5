"""The files of stored mails, what is done to stored mail later, and what is put in order beside it."""

from tests.mutants import Mutant

_FILING, _UPKEEP, _CLEARING, _REMATCHING, _CHORES = (
    "connector/filing.py",
    "connector/upkeep.py",
    "connector/clearing.py",
    "connector/rematching.py",
    "connector/salesforce/chores.py",
)
_FILES, _LATER, _ORDER = (
    "tests/unit/test_filing.py::test_",
    "tests/unit/test_upkeep.py::test_",
    "tests/unit/salesforce/test_chores.py::test_",
)
_ALONE = f"{_FILES}each_file_fails_alone_and_one_row_tells_of_all"
_UNEXPECTED = f"{_FILES}an_error_of_the_connector_fails_that_file_only_but_a_service_stops_the_run"
_NEXT_COPY = f"{_FILES}where_a_copy_is_gone_the_next_that_has_the_same_file_gives_it"
_NOWHERE = f"{_FILES}a_file_that_is_in_no_copy_any_more_is_told_and_tried_again"
_LACKING = f"{_FILES}only_what_is_lacking_is_stored_and_where_nobody_knows_it_is_asked"
_TWICE = f"{_FILES}what_two_connectors_stored_is_there_once_afterwards"
_THERE = f"{_FILES}what_is_there_is_known_of_a_stored_mail_and_asked_for_where_another_run_wrote_it"
_COPY = f"{_ORDER}there_is_one_copy_of_each_and_of_a_deleted_copy_another"
_BY_KEY = f"{_ORDER}rules_are_stamped_by_id_and_copied_by_what_they_stand_for"
_DEAD = f"{_ORDER}an_event_that_was_not_touched_for_long_is_interrupted"
_ONCE = f"{_ORDER}rules_are_worth_a_call_of_their_own_once"

MUTANTS = [
    # each file alone
    Mutant(
        _FILING,
        "            except MessageError as error:\n                errors.append((wanted.name, error))\n",
        "            except MessageError:\n                raise\n",
        _ALONE,
    ),
    Mutant(_FILING, "                errors.append((wanted.name, error))\n", "                _ = error\n", _ALONE),
    Mutant(
        _FILING,
        "                stored += 1\n",
        "                stored = 1\n",
        f"{_FILES}a_file_is_stored_for_its_mail_and_counted",
    ),
    Mutant(_FILING, "            except ServiceError:\n                raise\n", "", _UNEXPECTED),
    Mutant(
        _FILING,
        "            except Exception as error:\n                log.debug(",
        "            except OSError as error:\n                log.debug(",
        _UNEXPECTED,
    ),
    Mutant(
        _FILING,
        "            self._tally.attachments += done.stored\n",
        "",
        f"{_FILES}a_file_is_stored_for_its_mail_and_counted",
    ),
    Mutant(
        _FILING,
        "if done.errors or done.case.problem is not None:\n                self._note",
        "if done.case.problem is not None:\n                self._note",
        _ALONE,
    ),
    Mutant(
        _FILING,
        "if done.errors or done.case.problem is not None:\n                self._note",
        "if done.errors:\n                self._note",
        f"{_FILES}a_problem_without_files_is_told_too",
    ),
    Mutant(_FILING, "failure_of(candidate, error, email=case.email)", "failure_of(candidate, error)", _ALONE),
    Mutant(
        _FILING,
        "self._tally.lacks_files(candidate.header, failure_of",
        "self._tally.fail(candidate.header, failure_of",
        _ALONE,
    ),
    # what is said of those that are missing
    Mutant(_FILING, "transient=any(error.transient for error in errors)", "transient=first.transient", _ALONE),
    Mutant(
        _FILING,
        "transient=any(error.transient for error in errors)",
        "transient=True",
        f"{_FILES}where_no_failure_passes_by_itself_neither_does_the_whole",
    ),
    Mutant(_FILING, "first = errors[0]", "first = errors[-1]", _ALONE),
    Mutant(_FILING, "{'; '.join(parts)}", "{parts[0]}", _ALONE),
    Mutant(
        _FILING,
        "        errors.insert(0, done.case.problem)\n",
        "        errors.append(done.case.problem)\n",
        f"{_FILES}a_problem_without_files_is_told_too",
    ),
    # how often
    Mutant(
        _FILING,
        'frozenset({"BROKEN_OFF", "TIMEOUT"})',
        'frozenset({"BROKEN_OFF"})',
        f"{_FILES}what_breaks_off_is_read_again_at_once_so_many_times[TIMEOUT]",
    ),
    Mutant(
        _FILING,
        'frozenset({"BROKEN_OFF", "TIMEOUT"})',
        'frozenset({"TIMEOUT"})',
        f"{_FILES}what_breaks_off_is_read_again_at_once_so_many_times[BROKEN_OFF]",
    ),
    Mutant(
        _FILING,
        "if attempt == ATTEMPTS or error.code not in _AT_ONCE:",
        "if attempt == ATTEMPTS:",
        f"{_FILES}what_is_refused_is_not_read_again",
    ),
    Mutant(
        _FILING,
        "if attempt == ATTEMPTS or error.code not in _AT_ONCE:",
        "if error.code not in _AT_ONCE:",
        f"{_FILES}what_breaks_off_is_read_again_at_once_so_many_times[BROKEN_OFF]",
    ),
    Mutant(
        _FILING,
        "if attempt == ATTEMPTS or error.code not in _AT_ONCE:",
        "if True:",
        f"{_FILES}what_breaks_off_is_read_again_at_once_so_many_times[BROKEN_OFF]",
    ),
    # from which copy
    Mutant(
        _FILING,
        "                if candidate is case.copies[-1]:\n                    raise\n",
        "                raise\n",
        _NEXT_COPY,
    ),
    Mutant(
        _FILING,
        "                if candidate is case.copies[-1]:\n                    raise\n",
        "                pass\n",
        _NOWHERE,
    ),
    Mutant(
        _FILING,
        "file = wanted if candidate is case.copies[0] else self._found_in(candidate, case, wanted)",
        "file = wanted",
        _NEXT_COPY,
    ),
    Mutant(
        _FILING,
        "        if wanted.attachment is None:\n            return wanted\n",
        "",
        f"{_FILES}the_whole_mail_comes_from_the_next_copy_without_a_list",
    ),
    Mutant(
        _FILING,
        "        if isinstance(listed, MessageError):\n            raise listed\n",
        "        if isinstance(listed, MessageError):\n            listed = ()\n",
        _NOWHERE,
    ),
    Mutant(_FILING, 'in no copy of the mail any more", transient=True)', 'in no copy of the mail any more")', _NOWHERE),
    Mutant(
        _FILING,
        "copies=(first, *(copy for copy in mail.copies if copy is not first)),",
        "copies=(*mail.copies,),",
        f"{_FILES}the_copy_that_was_listed_comes_first",
    ),
    Mutant(
        _FILING,
        "return copies[0] if copies else mail.copies[0]",
        "return mail.copies[0]",
        f"{_FILES}the_copy_that_shows_attachments_is_listed",
    ),
    Mutant(
        _FILING,
        " or not needs_list(mail.stored, bool(copies), settings):",
        ":",
        f"{_FILES}the_copy_that_shows_attachments_is_listed",
    ),
    # what is there already
    Mutant(_FILING, "for case in taken if case.present is None]", "for case in taken]", _LACKING),
    Mutant(
        _FILING,
        "found = self._sink.find(unknown) if unknown else {}",
        "found: dict[RecordId, tuple[StoredFile, ...]] = {}",
        _LACKING,
    ),
    Mutant(
        _FILING,
        "return missing(self.wanted, (file.key for file in self.present or ()))",
        "return self.wanted",
        _LACKING,
    ),
    Mutant(
        _FILING,
        "for case in cases if case.wanted or case.problem is not None or case.surplus]",
        "for case in cases]",
        f"{_FILES}a_mail_without_files_costs_nothing_even_where_nobody_knows",
    ),
    Mutant(
        _FILING,
        "case.wanted or case.problem is not None or case.surplus]",
        "case.wanted or case.problem is not None]",
        _TWICE,
    ),
    Mutant(
        _FILING,
        "case.wanted or case.problem is not None or case.surplus]",
        "case.wanted or case.surplus]",
        f"{_FILES}a_problem_without_files_is_told_too",
    ),
    Mutant(
        _FILING,
        "if known.lacking or known.problem is not None:",
        "if known.lacking:",
        f"{_FILES}a_problem_without_files_is_told_too",
    ),
    Mutant(_FILING, "present=None if existed else stored", "present=stored", _THERE),
    Mutant(_FILING, "mail.stored.files if mail.stored is not None else ()", "()", _THERE),
    Mutant(_FILING, "owner=mail.stored.owner if mail.stored is not None else mail.owner", "owner=mail.owner", _THERE),
    # what is there twice
    Mutant(_FILING, "            self._surplus += known.surplus\n", "", _TWICE),
    Mutant(
        _FILING,
        "                self._surplus += second_files(files, touched[email])\n",
        "                pass\n",
        _TWICE,
    ),
    Mutant(
        _FILING,
        "for done in filed if done.stored}",
        "for done in filed}",
        f"{_FILES}what_is_refused_is_not_looked_at_afterwards",
    ),
    Mutant(_FILING, "            self._sink.remove(list(dict.fromkeys(surplus)))\n", "            pass\n", _TWICE),
    Mutant(
        _FILING,
        'for file in files if file.key.startswith(f"{message_key}:")]',
        "for file in files]",
        f"{_FILES}documents_are_removed_by_the_key_of_their_own_mail_only",
    ),
    # what a mail should have
    Mutant(
        _FILING,
        "remedy=error.remedy, transient=True\n",
        "remedy=error.remedy, transient=error.transient\n",
        f"{_FILES}a_list_that_failed_is_tried_again_whatever_the_reason",
    ),
    Mutant(
        _FILING, "        if found.scanning:\n", "        if False:\n", f"{_FILES}what_is_being_scanned_is_waited_for"
    ),
    Mutant(
        _FILING,
        "                remedy=TRIED_AGAIN,\n                transient=True,\n",
        "                remedy=TRIED_AGAIN,\n",
        f"{_FILES}what_is_being_scanned_is_waited_for",
    ),
    Mutant(
        _FILING,
        "    if truncated:\n",
        "    if False:\n",
        f"{_FILES}a_body_that_was_cut_brings_the_whole_mail_beside_its_files",
    ),
    Mutant(
        _FILING,
        "wanted = (*wanted, whole_mail(mail.key, subject_of(mail.copies[0].header)))",
        "wanted = (whole_mail(mail.key, subject_of(mail.copies[0].header)),)",
        f"{_FILES}a_body_that_was_cut_brings_the_whole_mail_beside_its_files",
    ),
    # up to when
    Mutant(_UPKEEP, "if through is None or through < self.setup.now:", "if True:", f"{_LATER}the_time_never_goes_back"),
    Mutant(
        _UPKEEP,
        "if through is None or through < self.setup.now:",
        "if through is None:",
        f"{_LATER}what_changes_is_dealt_with_up_to_the_run_s_own_begin",
    ),
    Mutant(
        _UPKEEP,
        "[*rematching.remarks, *cleared.remarks]",
        "[*rematching.remarks]",
        f"{_LATER}what_the_org_will_not_clear_is_told_by_name_and_reason[Removed-blanked]",
    ),
    Mutant(
        _UPKEEP,
        "[*rematching.remarks, *cleared.remarks]",
        "[*cleared.remarks]",
        f"{_LATER}a_refusal_of_a_mail_whose_message_nobody_knows_is_a_remark",
    ),
    Mutant(
        _UPKEEP,
        "        self.settled += cleared.settled\n",
        "",
        f"{_LATER}of_what_is_cleared_nothing_is_tried_again[Removed]",
    ),
    # cleared
    Mutant(
        _CLEARING,
        'remarks += _remarks("blanked", refused)',
        "pass",
        f"{_LATER}what_the_org_will_not_clear_is_told_by_name_and_reason[Removed-blanked]",
    ),
    Mutant(
        _CLEARING,
        "could not be {verb} ({error.code}: {error.message})",
        "could not be {verb}",
        f"{_LATER}what_the_org_will_not_clear_is_told_by_name_and_reason[Unmatched-deleted]",
    ),
    Mutant(
        _CLEARING,
        "gone = changes.removed | changes.expired",
        "gone = changes.removed",
        f"{_LATER}of_what_is_cleared_nothing_is_tried_again[Unmatched]",
    ),
    Mutant(
        _CLEARING,
        "gone = changes.removed | changes.expired",
        "gone = changes.expired",
        f"{_LATER}of_what_is_cleared_nothing_is_tried_again[Removed]",
    ),
    Mutant(
        _CLEARING,
        "for error in setup.errors if error.email in gone)",
        "for error in setup.errors if gone)",
        f"{_LATER}rows_of_other_mail_stay_as_they_are",
    ),
    Mutant(
        _CLEARING,
        "    if changes.removed:\n",
        "    if True:\n",
        f"{_LATER}where_nothing_is_to_be_cleared_nothing_is_asked",
    ),
    Mutant(
        _CLEARING,
        "    if changes.expired:\n",
        "    if True:\n",
        f"{_LATER}where_nothing_is_to_be_cleared_nothing_is_asked",
    ),
    # related anew
    Mutant(
        _REMATCHING,
        "address not in self.linked and self.rules",
        "self.rules",
        f"{_LATER}a_mailbox_outside_the_internal_domains_is_no_client_either",
    ),
    Mutant(
        _REMATCHING,
        "address not in self.linked and self.rules.internal_domain(address, self.setup.now) is None",
        "address not in self.linked",
        f"{_LATER}a_colleague_who_is_a_contact_too_is_no_client",
    ),
    Mutant(
        _REMATCHING,
        "ordered = sorted(emails - changes.removed)",
        "ordered = sorted(emails)",
        f"{_LATER}what_a_person_removed_is_not_related",
    ),
    Mutant(
        _REMATCHING,
        "            if todo:\n                yield mail",
        "            if True:\n                yield mail",
        f"{_LATER}where_nothing_is_lacking_nothing_is_written",
    ),
    Mutant(
        _REMATCHING,
        "        if not planned:\n            return\n",
        "",
        f"{_LATER}where_nothing_is_lacking_nothing_is_written",
    ),
    Mutant(
        _REMATCHING,
        "                self.tally.count(result)\n",
        "                pass\n",
        f"{_LATER}rows_that_were_written_are_counted",
    ),
    Mutant(
        _REMATCHING,
        " or stored.graph_message_id is None:",
        ":",
        f"{_LATER}a_refusal_of_a_mail_whose_message_nobody_knows_is_a_remark",
    ),
    Mutant(
        _REMATCHING,
        "            self.remarks.append(",
        "            (",
        f"{_LATER}a_refusal_of_a_mail_whose_message_nobody_knows_is_a_remark",
    ),
    Mutant(
        _REMATCHING,
        "for start in range(0, len(ordered), SLICE):",
        "for start in range(0, min(len(ordered), 1), SLICE):",
        f"{_LATER}much_mail_is_read_and_written_in_slices",
    ),
    # rules that people removed
    Mutant(
        _CHORES,
        'and bool(rule["Active__c"]) == bool(rule["Removed_At__c"])',
        'and not rule["Active__c"]',
        f"{_ORDER}a_rule_gets_the_time_at_which_it_was_cleared_once",
    ),
    Mutant(
        _CHORES,
        'and bool(rule["Active__c"]) == bool(rule["Removed_At__c"])',
        'and not rule["Active__c"] and not rule["Removed_At__c"]',
        f"{_ORDER}a_rule_that_is_active_again_loses_it",
    ),
    Mutant(_CHORES, 'if rule["Tombstone_Of__c"] and not rule["IsDeleted"]}', 'if rule["Tombstone_Of__c"]}', _COPY),
    Mutant(
        _CHORES,
        'sorted(rules, key=lambda rule: bool(rule["Tombstone_Of__c"]))',
        "rules",
        _COPY,
    ),
    Mutant(
        _CHORES,
        '                    "Active__c": False,\n',
        '                    "Active__c": rule["Active__c"],\n',
        f"{_ORDER}a_deleted_rule_is_copied_and_not_stamped",
    ),
    Mutant(
        _CHORES, 'or rule["LastModifiedDate"],', 'or rule["Removed_At__c"],', f"{_ORDER}a_copy_ends_when_its_rule_did"
    ),
    Mutant(
        _CHORES,
        '(rule["User__c"] or rule["CreatedById"]) if personal else None',
        '(rule["User__c"] or rule["CreatedById"])',
        f"{_ORDER}a_deleted_rule_is_copied_and_not_stamped",
    ),
    Mutant(_CHORES, "*self._collections(RULE, stamps(self._rules)),", "", _BY_KEY),
    Mutant(_CHORES, '*self._collections(RULE, tombstones(self._rules), key="Tombstone_Of__c"),', "", _BY_KEY),
    Mutant(_CHORES, 'tombstones(self._rules), key="Tombstone_Of__c")', "tombstones(self._rules))", _BY_KEY),
    Mutant(_CHORES, '"allOrNone": False', '"allOrNone": True', _BY_KEY),
    Mutant(_CHORES, "_ROWS = 200", "_ROWS = 250", f"{_ORDER}two_hundred_rows_go_at_a_time"),
    Mutant(
        _CHORES,
        "                raw=True,\n",
        "",
        f"{_ORDER}one_that_is_refused_does_not_hold_up_the_rest",
    ),
    Mutant(
        _CHORES,
        "if answer.status >= 300 or not isinstance(answer.body, list):",
        "if False:",
        f"{_ORDER}one_that_is_refused_does_not_hold_up_the_rest",
    ),
    Mutant(
        _CHORES,
        'for row in answer.body if not row.get("success")]',
        "for row in answer.body]",
        f"{_ORDER}one_that_is_refused_does_not_hold_up_the_rest",
    ),
    Mutant(_CHORES, "self.pending and bool(stamps", "bool(stamps", _ONCE),
    Mutant(_CHORES, "        self.pending = False\n", "", _ONCE),
    Mutant(_CHORES, "bool(stamps(self._rules) or tombstones(self._rules))", "bool(stamps(self._rules))", _ONCE),
    Mutant(_CHORES, "bool(stamps(self._rules) or tombstones(self._rules))", "bool(tombstones(self._rules))", _ONCE),
    # events of runs that were killed
    Mutant(_CHORES, "soql.instant(self._client.now - AT_WORK)", "soql.instant(self._client.now)", _DEAD),
    Mutant(_CHORES, " OR (Touched_At__c = null AND Started_At__c < {before}))", ")", _DEAD),
    Mutant(_CHORES, "WHERE Status__c = 'Running'\"\n    \" AND ", 'WHERE "\n    "', _DEAD),
    Mutant(_CHORES, "EventStatus.INTERRUPTED.value", "EventStatus.FAILED.value", _DEAD),
    Mutant(_CHORES, " if answer.status == 200 else []", "", f"{_ORDER}what_is_refused_is_no_answer_to_act_on"),
]
