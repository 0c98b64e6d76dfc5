"""What is written: owners, dates, bodies, Tasks."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="The owner is the same whichever copy comes first (DESIGN §7, owner)",
        where="connector.core.writing.records:owner_of",
        change=("sorted(copies, key=lambda copy: (copy.mailbox, copy.id))", "list(copies)"),
        caught_by="tests/unit/core/test_records.py::test_the_owner_does_not_depend_on_the_order_of_copies",
    ),
    Promise(
        says="The owner is the user linked to the sender's mailbox (DESIGN §7, owner)",
        where="connector.core.writing.records:_in_order_of_ownership",
        change=(
            "        yield from filter(None, (copy.from_, copy.sender))\n",
            "        pass\n        yield from ()\n",
        ),
        caught_by="tests/unit/core/test_records.py::test_the_owner_does_not_depend_on_the_order_of_copies",
    ),
    Promise(
        says="Rows are created when the mail was, not when it says it was sent (DESIGN §7)",
        where="connector.core.writing.records:build",
        change=('"CreatedDate": created_at,', '"CreatedDate": sent_at,'),
        caught_by="tests/unit/core/test_record_children.py::test_all_rows_are_created_when_the_mail_was_not_when_it_says_it_was_sent",
    ),
    Promise(
        says="All rows carry all four audit fields (DESIGN §2.6)",
        where="connector.core.writing.records:build",
        change=('"LastModifiedById": owner,', ""),
        caught_by="tests/unit/core/test_record_children.py::test_the_whole_row_of_a_participant",
    ),
    Promise(
        says="Dates are those of the org's zone (DESIGN §7)",
        where="connector.core.writing.records:org_date",
        change=("return instant.astimezone(ZoneInfo(org.time_zone)).date()", "return instant.date()"),
        caught_by="tests/unit/core/test_records.py::test_dates_are_those_of_the_org",
    ),
    Promise(
        says="Mail that one of the firm sent is Outbound (DESIGN §3, Direction__c)",
        where="connector.core.writing.records:direction_of",
        change=('if sender and ("@" not in sender or is_internal(sender)):', 'if sender and "@" not in sender:'),
        caught_by="tests/unit/core/test_records.py::test_outbound_is_what_one_of_us_sent",
    ),
    Promise(
        says="Bcc recipients come from whichever copy knows them (DESIGN §2.5)",
        where="connector.core.writing.records:_mail",
        change=(
            '"Bcc__c": _addresses(recipient for copy in everyone for recipient in copy.bcc)',
            '"Bcc__c": _addresses(chosen.bcc)',
        ),
        caught_by="tests/unit/core/test_records.py::test_bcc_comes_from_whichever_copy_knows_it",
    ),
    Promise(
        says="Keys hold the 18-character id (DESIGN §7, keys)",
        where="connector.core.writing.children:record_key",
        change=('f"{message_key}:{record}"', 'f"{message_key}:{record[:15]}"'),
        caught_by="tests/unit/core/test_record_children.py::test_a_task_for_each_contact_and_for_accounts_without_one",
    ),
    Promise(
        says="An Account's page lists a mail once (DESIGN §3, Account__c)",
        where="connector.core.writing.children:participants",
        change=("if contact.account is not None and contact.account not in listed:", "if contact.account is not None:"),
        caught_by="tests/unit/core/test_record_children.py::test_an_account_is_listed_once",
    ),
    Promise(
        says="An Account has no Task beside one of its Contacts' (DESIGN §7, Task)",
        where="connector.core.writing.children:_single",
        change=(
            'yield from ((account, {"WhatId": account}) for account in accounts if account not in reached)',
            'yield from ((account, {"WhatId": account}) for account in accounts)',
        ),
        caught_by="tests/unit/core/test_record_children.py::test_a_task_for_each_contact_and_for_accounts_without_one",
    ),
    Promise(
        says="With Shared Activities there is one Task for each Account (DESIGN §7, Task)",
        where="connector.core.writing.children:tasks",
        change=(
            "related = _shared(contacts, accounts) if org.shared_activities else _single(contacts, accounts)",
            "related = _single(contacts, accounts)",
        ),
        caught_by="tests/unit/core/test_record_children.py::test_with_shared_activities_a_task_for_each_account",
    ),
    Promise(
        says="A body is cut at 128,000 as Salesforce counts (DESIGN §7, body)",
        where="connector.core.writing.body:BODY_LIMIT",
        change=("BODY_LIMIT = 128_000", "BODY_LIMIT = 131_072"),
        caught_by="tests/unit/core/test_body.py::test_the_limit_counts_characters_as_their_entities",
    ),
    Promise(
        says="What Composite would take for a reference is taken apart (DESIGN §2.7)",
        where="connector.core.writing.text:unreferenced",
        change=('return text.replace("@{", "@\\u2060{") if "@{" in text else text', "return text"),
        caught_by="tests/unit/core/test_text.py::test_what_composite_would_take_for_a_reference_is_taken_apart",
    ),
    Promise(
        says="No script stays in a body (DESIGN §7, body)",
        where="connector.core.writing.body:_CLEANER",
        change=(
            'url_schemes={"http", "https", "mailto", "tel"}',
            'url_schemes={"http", "https", "mailto", "tel", "javascript"}',
        ),
        caught_by="tests/unit/core/test_body.py::test_what_stays_of_a_body",
    ),
]
