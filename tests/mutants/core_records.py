"""What a mail is in Salesforce: its row, its participants, its Tasks."""

from tests.mutants import Mutant

_RECORDS = "connector/core/records.py"
_CHILDREN = "connector/core/children.py"
_RECORDS_TESTS = "tests/unit/core/test_records.py"

MUTANTS = [
    Mutant(
        _RECORDS,
        '        status["Expires_On__c"] = expires_on',
        '        status["X"] = expires_on',
        f"{_RECORDS_TESTS}::test_an_unmatched_mail_has_an_end_and_no_task",
    ),
    Mutant(
        _RECORDS,
        "tasks=tasks(parent, matches, org) if matched else ()",
        "tasks=()",
        f"{_RECORDS_TESTS}::test_dates_are_those_of_the_org",
    ),
    Mutant(
        _RECORDS,
        "sorted(copies, key=lambda copy: (copy.mailbox, copy.id))",
        "list(copies)",
        f"{_RECORDS_TESTS}::test_the_owner_does_not_depend_on_the_order_of_copies",
    ),
    Mutant(
        _RECORDS,
        "        yield from filter(None, (copy.from_, copy.sender))\n",
        "        pass\n        yield from ()\n",
        f"{_RECORDS_TESTS}::test_the_owner_does_not_depend_on_the_order_of_copies",
    ),
    Mutant(
        _RECORDS,
        "    for copy in copies:\n        yield from copy.to\n    for copy in copies:\n        yield from copy.cc",
        "    for copy in copies:\n        yield from copy.cc\n    for copy in copies:\n        yield from copy.to",
        f"{_RECORDS_TESTS}::test_the_owner_is_the_first_linked_user",
    ),
    Mutant(
        _RECORDS,
        "    return fallback\n",
        "    return next(iter(linked.values()), fallback)\n",
        f"{_RECORDS_TESTS}::test_the_owner_is_the_first_linked_user",
    ),
    Mutant(
        _RECORDS,
        'if sender and ("@" not in sender or is_internal(sender)):',
        "if sender and is_internal(sender):",
        f"{_RECORDS_TESTS}::test_outbound_is_what_one_of_us_sent",
    ),
    Mutant(
        _RECORDS,
        'if sender and ("@" not in sender or is_internal(sender)):',
        'if sender and "@" not in sender:',
        f"{_RECORDS_TESTS}::test_outbound_is_what_one_of_us_sent",
    ),
    Mutant(
        _RECORDS,
        "return instant.astimezone(ZoneInfo(org.time_zone)).date()",
        "return instant.date()",
        f"{_RECORDS_TESTS}::test_dates_are_those_of_the_org",
    ),
    Mutant(
        _RECORDS,
        "+ timedelta(days=settings.unmatched_retention_days)",
        "",
        f"{_RECORDS_TESTS}::test_an_unmatched_mail_has_an_end_and_no_task",
    ),
    Mutant(
        _RECORDS,
        "return one_line(clean(header.subject)) or NO_SUBJECT",
        "return one_line(clean(header.subject))",
        f"{_RECORDS_TESTS}::test_a_mail_without_subject_says_so_everywhere",
    ),
    Mutant(
        _RECORDS,
        "if len(index) >= _THREAD_BYTES else None",
        "",
        f"{_RECORDS_TESTS}::test_no_conversation_key_without_a_whole_thread_header",
    ),
    Mutant(
        _RECORDS,
        "index[:_THREAD_BYTES].hex()",
        "index.hex()",
        f"{_RECORDS_TESTS}::test_a_reply_has_the_conversation_key_of_its_thread",
    ),
    Mutant(
        _RECORDS,
        '"Name": cut(subject_of(chosen), _NAME_LIMIT)',
        '"Name": subject_of(chosen)',
        f"{_RECORDS_TESTS}::test_every_text_fits_its_field_and_can_be_sent",
    ),
    Mutant(
        _RECORDS,
        '"Cc__c": _addresses(next((copy.cc for copy in everyone if copy.cc), ()))',
        '"Cc__c": _addresses(chosen.bcc)',
        f"{_RECORDS_TESTS}::test_the_whole_row_of_a_mail",
    ),
    Mutant(
        _RECORDS,
        '"Bcc__c": _addresses(recipient for copy in everyone for recipient in copy.bcc)',
        '"Bcc__c": _addresses(chosen.bcc)',
        f"{_RECORDS_TESTS}::test_bcc_comes_from_whichever_copy_knows_it",
    ),
    Mutant(
        _RECORDS,
        "link if link and units(link) <= TEXT_LIMIT else None",
        "cut(link, TEXT_LIMIT)",
        f"{_RECORDS_TESTS}::test_what_leads_nowhere_when_cut_is_left_out",
    ),
    Mutant(
        _RECORDS,
        "chosen.id if units(chosen.id) <= TEXT_LIMIT else None",
        "chosen.id[:TEXT_LIMIT]",
        f"{_RECORDS_TESTS}::test_what_leads_nowhere_when_cut_is_left_out",
    ),
    Mutant(
        _RECORDS,
        'smtp = (recipient for recipient in known if "@" in recipient.address)',
        "smtp = iter(known)",
        f"{_RECORDS_TESTS}::test_the_sender_is_shown_by_the_copy_that_has_an_smtp_address",
    ),
    Mutant(
        _RECORDS,
        "once.setdefault(normalise(recipient.address) or recipient.name, recipient)",
        "once[str(len(once))] = recipient",
        f"{_RECORDS_TESTS}::test_bcc_comes_from_whichever_copy_knows_it",
    ),
    Mutant(
        _RECORDS,
        'given if given in ("Low", "High") else "Normal"',
        "given",
        f"{_RECORDS_TESTS}::test_importance_is_one_of_three",
    ),
    Mutant(
        _RECORDS,
        'accounts = (hit.id if hit.object == "Account" else hit.account for hit in hits)',
        "accounts = (hit.id for hit in hits)",
        f"{_RECORDS_TESTS}::test_mails_are_sorted_by_the_account_that_their_tasks_lock",
    ),
    Mutant(
        _RECORDS,
        "sent_on=org_date(sent_at, org)",
        "sent_on=sent_at.date()",
        f"{_RECORDS_TESTS}::test_dates_are_those_of_the_org",
    ),
    Mutant(
        _RECORDS,
        '"CreatedDate": created_at,',
        '"CreatedDate": sent_at,',
        f"{_RECORDS_TESTS}::test_all_rows_are_created_when_the_mail_was_not_when_it_says_it_was_sent",
    ),
    Mutant(_RECORDS, '"LastModifiedById": owner,', "", f"{_RECORDS_TESTS}::test_the_whole_row_of_a_participant"),
    Mutant(
        _CHILDREN,
        'f"{message_key}:{record}"',
        'f"{message_key}:{record[:15]}"',
        f"{_RECORDS_TESTS}::test_a_task_for_each_contact_and_for_accounts_without_one",
    ),
    Mutant(
        _CHILDREN,
        ".hexdigest()[:31]",
        ".hexdigest()[:32]",
        f"{_RECORDS_TESTS}::test_an_unknown_address_has_a_row_without_record",
    ),
    Mutant(
        _CHILDREN,
        "    listed = {hit.id for match in matches for hit in match.accounts}\n",
        "    listed = set()\n",
        f"{_RECORDS_TESTS}::test_an_account_with_an_address_of_its_own_is_listed_there",
    ),
    Mutant(
        _CHILDREN,
        "if contact.account is not None and contact.account not in listed:",
        "if contact.account is not None:",
        f"{_RECORDS_TESTS}::test_an_account_is_listed_once",
    ),
    Mutant(
        _CHILDREN,
        "            if key in rows:\n                continue\n",
        "",
        f"{_RECORDS_TESTS}::test_a_client_with_two_addresses_has_one_row",
    ),
    Mutant(
        _CHILDREN,
        "        if not match:\n            key",
        "        if False:\n            key",
        f"{_RECORDS_TESTS}::test_a_client_with_two_addresses_has_one_row",
    ),
    Mutant(
        _CHILDREN,
        'yield from ((account, {"WhatId": account}) for account in accounts if account not in reached)',
        'yield from ((account, {"WhatId": account}) for account in accounts)',
        f"{_RECORDS_TESTS}::test_a_task_for_each_contact_and_for_accounts_without_one",
    ),
    Mutant(
        _CHILDREN,
        "related = _shared(contacts, accounts) if org.shared_activities else _single(contacts, accounts)",
        "related = _single(contacts, accounts)",
        f"{_RECORDS_TESTS}::test_with_shared_activities_a_task_for_each_account",
    ),
    Mutant(
        _CHILDREN,
        "if len(group) >= MOST_CONTACTS else group",
        "if False else group",
        f"{_RECORDS_TESTS}::test_a_shared_task_holds_fifty_contacts",
    ),
    Mutant(
        _CHILDREN,
        'yield from ((contact, {"WhoId": contact}) for contact in alone)',
        "yield from ()",
        f"{_RECORDS_TESTS}::test_with_shared_activities_a_task_for_each_account",
    ),
    Mutant(
        _CHILDREN,
        '"Status": org.closed_status',
        '"Status": "Completed"',
        f"{_RECORDS_TESTS}::test_the_whole_row_of_a_task",
    ),
    Mutant(
        _CHILDREN,
        'cut(f"Email: {parent.subject}", TEXT_LIMIT)',
        'f"Email: {parent.subject}"',
        f"{_RECORDS_TESTS}::test_every_text_fits_its_field_and_can_be_sent",
    ),
    Mutant(
        _CHILDREN,
        "return both if units(both) <= _DESCRIPTION_LIMIT else parent.preview",
        "return parent.preview",
        f"{_RECORDS_TESTS}::test_what_leads_nowhere_when_cut_is_left_out",
    ),
    Mutant(
        _CHILDREN,
        "return both if units(both) <= _DESCRIPTION_LIMIT else parent.preview",
        "return both",
        f"{_RECORDS_TESTS}::test_a_link_that_does_not_fit_a_description_is_left_out",
    ),
    Mutant(
        _CHILDREN,
        "if value is not None}\n    return Row",
        "if True}\n    return Row",
        f"{_RECORDS_TESTS}::test_the_sender_is_shown_by_the_copy_that_has_an_smtp_address",
    ),
]
