"""Every remedy that the code prints: the test that follows it, or why none can. tests/unit/docs/test_remedies.py holds
this against the code; `…` stands for what is filled in, `<NAME>` for a constant or variable."""

_BAD_INPUT = "tests/acceptance/test_bad_input.py"
_RIGHTS = "tests/acceptance/test_missing_rights.py::test_whatever_is_missing_is_named_and_nothing_moves"
_FILE = f"{_BAD_INPUT}::test_a_bad_configuration_asks_no_service"
_TOLD = "tests/acceptance/test_told.py"
_LOGIN = "tests/acceptance/test_login.py"
_BROKEN = "tests/acceptance/test_one_bad.py"

#: by remedy: the test after which what was asked for is so
FOLLOWED = {
    "<ASSIGN>": _RIGHTS,
    "<AUDIT>": _RIGHTS,
    "<DEPLOY>": _RIGHTS,
    "… It grants View All Fields on Contact.": _RIGHTS,
    "… It grants View All Users.": _RIGHTS,
    "<_LOGIN>": f"{_LOGIN}::test_a_refresh_token_is_replaced_and_one_that_was_revoked_asks_for_a_person",
    "Add the firm's mail domains as MS Graph Exclusions of type Internal Domain, or switch it off.": (
        "tests/acceptance/test_check.py::test_keeping_unmatched_mail_needs_an_internal_domain"
    ),
    "Check the path and its permissions.": _FILE,
    "Compare it with …; it may hold control characters or an impossible date.": _FILE,
    "Copy … there, or name another one with --config or M365SYNC_CONFIG.": _FILE,
    "Correct that line: indent by spaces, not tabs, and put text with a colon in quotes.": _FILE,
    "Every key is explained in ….": _FILE,
    "Save it as UTF-8: an editor may call it Encoding.": _FILE,
    "Start from ….": _FILE,
    "Correct the record in Salesforce.": f"{_BAD_INPUT}::test_a_setting_that_cannot_be",
    "Set its Key__c to ….": f"{_BAD_INPUT}::test_a_setting_that_cannot_be",
    "… on the …, or choose another Frequency.": f"{_BAD_INPUT}::test_a_setting_that_cannot_be",
    "Correct User Principal Name or Email Address on the MS Graph User record; "
    "groups and mail contacts have no mailbox.": (f"{_BAD_INPUT}::test_a_mailbox_that_graph_does_not_serve"),
    "Check that the user exists, is licensed and has its mailbox in Exchange Online.": (
        f"{_BAD_INPUT}::test_a_mailbox_that_graph_does_not_serve"
    ),
    "Fill in User Principal Name or Email Address on the MS Graph User record.": (
        f"{_BAD_INPUT}::test_a_row_that_names_no_mailbox"
    ),
    "Delete this record, or correct its User Principal Name and Email Address.": (
        f"{_BAD_INPUT}::test_two_rows_for_one_mailbox"
    ),
    "Set User Principal Name on the MS Graph User record to ….": (
        "tests/acceptance/test_check.py::test_mailboxes_one_by_one"
    ),
    "Use the User Principal Name of an MS Graph User record, or add one.": (
        f"{_BAD_INPUT}::test_a_mailbox_that_no_row_names"
    ),
    "Give its id, its name, such as RUN-000004, or its Run Key, as MS Graph Sync Events show them.": (
        f"{_TOLD}::test_an_event_that_has_nothing_to_retry_is_said"
    ),
    "Give the id that Graph or the error row shows, or the Message-ID of the mail, in quotes.": (
        "tests/unit/operations/test_explain.py::test_a_message_by_its_message_id"
    ),
    "Check tenant and token_endpoint_url under auth_providers.": f"{_BAD_INPUT}::test_a_sign_in_that_is_refused",
    "Correct what the message names; the next run resumes where this one stopped.": (
        f"{_BROKEN}::test_an_org_that_begins_to_refuse_every_row_in_mid_run_parks_the_run_and_heals"
    ),
    "Runs go on by themselves when some are free again. Setup, System Overview shows who uses them.": (
        "tests/acceptance/test_budget.py::test_a_run_stops_where_the_share_is_used_up_says_so_and_the_next_goes_on"
    ),
    "Make a Microsoft 365 Sync Setting record.": (
        "tests/unit/operations/test_explain.py::test_without_settings_there_is_nothing_to_decide_by"
    ),
    "Nobody has to sign in; for a person instead, set identity: named_principal and token_file.": (
        f"{_LOGIN}::test_what_login_refuses"
    ),
    "Choose a port that is free, and an address of this machine, or leave metrics.port out.": (
        "tests/acceptance/test_run.py::test_probes_and_metrics_show_what_the_scheduler_does"
    ),
    "Give --dry-run with it.": (
        "tests/acceptance/test_dry_run_summary.py::test_counts_by_rule_with_twenty_examples_and_nothing_is_written"
    ),
    "Add --mail PATH.": "tests/acceptance/test_demo_mail.py::test_the_people_of_ones_own_domain_are_the_firm",
    "Write a value, or leave it out.": f"{_TOLD}::test_an_empty_argument_is_named_and_nobody_is_asked",
}

#: by why no test can: it passes by itself, somebody else has to do it, or there is nothing to do but to look
NOT_FOLLOWED: dict[str, tuple[str, ...]] = {
    "it passes by itself, and tests of outages, faults and retries let it": (
        "<TRIED_AGAIN>",
        "<_LATER>",
        "It is looked for, and tried again, by itself; to wait longer, raise sync.attachment_timeout_seconds.",
        "It was moved or deleted while it was read.",
        "The next run asks it again.",
        "The next run resumes where this one stopped.",
        "The next run resumes where this one stopped; see the Microsoft 365 service health if it goes on.",
        "The next run resumes where this one stopped; see the Microsoft 365 service health.",
        "The next run tries again; if this stays, ask Microsoft support why the message list does not end.",
        "The next run tries again; report it if it stays.",
        "Try again later.",
        "Try again later; if it stays so, check named_credentials.Salesforce.url.",
        "Try again later; the next run resumes where this one stopped.",
        "Try again.",
        "Try again; report it if it stays.",
        "Try again; the next run resumes by itself.",
    ),
    "it asks for a report to those who make the connector": (
        "A proxy or gateway may stand between; try again, and report it with the log of --debug.",
        "Delete the Email named … and its event, and report it.",
        "Please report it with its Message-ID.",
        "Please report it.",
        "Please report it; the mailbox is read again by the next run.",
        "Run m365sync sync with --debug before the verb, and report what it shows.",
        "Run the command again with --debug before the verb, and report what it shows.",
    ),
    "it is done in pages of Microsoft or Salesforce that the sandbox does not have, or on the network": (
        "A proxy or gateway may stand between; try again.",
        "Add User.Read.All of Microsoft Graph to default_scopes, have an administrator consent, and type m365sync "
        "login; or fill in Graph User Id on the MS Graph User record.",
        "Add the mailbox to the application's access policy or RBAC scope, or grant Mail.Read; a person who has "
        "signed in needs full access to it.",
        "Check the app registration and the tenant.",
        "Check …, or a proxy that rewrites answers.",
        "Give the app the scopes api and id.",
        "Grant admin consent to the application permissions Mail.Read, User.Read.All, MailboxSettings.Read.",
        "If that is the firm's org, write its My Domain address into named_credentials.Salesforce.url.",
        "Let the app registration's default_scopes include offline_access.",
        "Look at the rights of the integration user.",
        "Mark a value of the field Status of Task as closed.",
        "Set a default time zone in Setup, Company Information.",
        "Set salesforce.api_version to a version that the org has.",
    ),
    "it is done on this machine, outside of what a test may change, or is the whole of what to type": (
        "Give one of them.",
        "Install it from the checkout: pip install ./sandbox.",
        "Name a file in a folder that the connector's user may write, and no one else may read.",
        "Name a folder of mail, an mbox or a message.",
        "Name a readable PEM file, or leave it out to trust the public authorities.",
        "See m365sync demo --help.",
        "Store an RSA key in PEM format there, without passphrase.",
        "Type chmod 600 …, then m365sync login, since others may have read it.",
        "Type m365sync login again, and open the address in a browser on this machine.",
        "Type … --help.",
        "Type: m365sync sandbox up --firm small --dir …",
        "Write a number of minutes.",
        "Write it such as 2026-03-29T00:00:00Z.",
    ),
    "it is another's words, handed on": ("<remedy>", "…"),
}
