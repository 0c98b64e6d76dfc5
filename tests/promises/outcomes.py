"""What becomes of a message, by the rules of DESIGN §5 in their order."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="A draft is never stored (DESIGN §5, draft)",
        where="connector.core.deciding.exclude:_draft",
        change=('Decision(outcome=Outcome.DRAFT, rule="not sent yet") if header.is_draft else None', "None"),
        caught_by="tests/unit/core/test_exclude.py::test_nothing_is_looked_up_for_a_mail_that_the_bcc_rule_does_not_decide",
    ),
    Promise(
        says="Mail in a folder that is not read is not stored (DESIGN §5, folder)",
        where="connector.core.deciding.exclude:_folder",
        change=("return None if reason is None else Decision(outcome=Outcome.FOLDER, rule=reason)", "return None"),
        caught_by="tests/unit/core/test_exclude.py::test_nothing_is_looked_up_for_a_mail_that_the_bcc_rule_does_not_decide",
    ),
    Promise(
        says="Junk Email is not read, whatever the mailbox calls it (DESIGN §5, folder)",
        where="connector.core.reading.folders:_UNREAD",
        change=('"junkemail": "Junk Email",\n', ""),
        caught_by="tests/unit/core/test_folders.py::test_a_folder_is_known_by_its_well_known_name_not_by_its_display_name",
    ),
    Promise(
        says="What is not below the root of the mailbox, such as Teams chats, is not read (DESIGN §5, folder)",
        where="connector.core.reading.folders:unread_reason",
        change=('return "not below the root of the mailbox"', "return None"),
        caught_by="tests/unit/core/test_folders.py::test_what_is_not_below_the_root_is_not_read",
    ),
    Promise(
        says="A folder that the tree does not show is asked for, never guessed (DESIGN §5, folder)",
        where="connector.core.reading.folders:_upwards",
        change=("raise UnknownFolderError(here)", "return"),
        caught_by="tests/unit/core/test_folders.py::test_a_folder_or_parent_that_is_not_in_the_tree_is_asked_for",
    ),
    Promise(
        says="A message with an opt-out category is not stored (DESIGN §5, opted_out)",
        where="connector.core.deciding.exclude:_opted_out",
        change=(
            ('return None if found is None else Decision(outcome=Outcome.OPTED_OUT, rule=f"category {found.strip()}")'),
            "return None",
        ),
        caught_by="tests/unit/core/test_exclude.py::test_a_category_opts_out_whatever_its_case",
    ),
    Promise(
        says="With Sync_Bcc__c off, a mail that does not name the mailbox is not stored (DESIGN §5, bcc)",
        where="connector.core.deciding.exclude:_bcc",
        change=("settings.sync_bcc or by_group or", "settings.sync_bcc or by_group is not False or"),
        caught_by="tests/unit/core/test_exclude.py::test_a_mail_that_does_not_name_the_mailbox_is_bcc_unless_bcc_mail_is_synced",
    ),
    Promise(
        says="Mail that came by a group is no Bcc copy (DESIGN §5, bcc)",
        where="connector.engine.decider:Decider._delivered_by_group",
        change=(
            "return True if False in answers else (None if None in answers or not answers else False)",
            "return None",
        ),
        caught_by="tests/unit/engine/test_each_outcome.py::test_a_mail_to_an_internal_address_without_user_came_by_a_group",
    ),
    Promise(
        says=("Where the directory cannot be asked, a mail that does not name the mailbox is Bcc (DESIGN §5, bcc)"),
        where="connector.engine.decider:Decider._delivered_by_group",
        change=(
            "return True if False in answers else (None if None in answers or not answers else False)",
            "return True if False in answers or None in answers else False",
        ),
        caught_by="tests/unit/engine/test_each_outcome.py::test_where_the_directory_cannot_be_asked_it_is_bcc",
    ),
    Promise(
        says="A Bcc recipient outside the firm makes a mail not internal (DESIGN §5, internal)",
        where="connector.core.deciding.exclude:_internal",
        change=("_addresses((*_visible(header), *header.bcc))", "_addresses(_visible(header))"),
        caught_by="tests/unit/core/test_exclude.py::test_one_external_address_in_any_role_makes_a_mail_not_internal",
    ),
    Promise(
        says="An address without @ counts as internal (DESIGN §5, internal)",
        where="connector.core.deciding.exclude:_is_external",
        change=('return "@" in address and address not in linked and', "return address not in linked and"),
        caught_by="tests/unit/core/test_exclude.py::test_an_address_without_at_counts_as_internal",
    ),
    Promise(
        says="An internal domain covers its subdomains (DESIGN §5)",
        where="connector.core.deciding.exclude:Rules.internal_domain",
        change=('domain = domain.partition(".")[2]', 'domain = ""'),
        caught_by="tests/unit/core/test_patterns.py::test_an_internal_domain_in_another_script",
    ),
    Promise(
        says="A mail is stored while one external address is left that nobody excluded (DESIGN §5)",
        where="connector.core.deciding.exclude:_excluded",
        change=("if not held_back or None in held_back:", "if not held_back or not any(held_back):"),
        caught_by="tests/unit/core/test_exclude.py::test_an_excluded_address_is_left_out_while_another_external_one_remains",
    ),
    Promise(
        says="An excluded address becomes no participant of a mail that is stored for another (DESIGN §5)",
        where="connector.core.deciding.exclude:_of_externals",
        change=("strict=True) if rule is None)", "strict=True))"),
        caught_by="tests/unit/core/test_exclude.py::test_an_excluded_address_is_left_out_while_another_external_one_remains",
    ),
    Promise(
        says="A global exclusion applies to every mailbox (DESIGN §5, excluded)",
        where="connector.core.deciding.exclude:_exclusion",
        change=(
            (
                "return rules.external(address, header.received_at) or rules.personal(box.user, address, "
                "header.received_at)"
            ),
            "return rules.personal(box.user, address, header.received_at)",
        ),
        caught_by="tests/unit/core/test_exclude.py::test_a_mail_with_no_external_address_left_names_the_rule_for_the_first",
    ),
    Promise(
        says="A personal exclusion applies to its user's mailbox (DESIGN §5, excluded)",
        where="connector.core.deciding.exclude:_exclusion",
        change=(
            (
                "return rules.external(address, header.received_at) or rules.personal(box.user, address, "
                "header.received_at)"
            ),
            "return rules.external(address, header.received_at)",
        ),
        caught_by="tests/unit/core/test_exclude.py::test_a_mail_with_no_external_address_left_names_the_rule_for_the_first",
    ),
    Promise(
        says="A personal exclusion applies to nobody else's mailbox (DESIGN §5, excluded)",
        where="connector.core.deciding.exclude:Rules.personal",
        change=("self._personal.get(user) if user else None", "next(iter(self._personal.values()), None)"),
        caught_by="tests/unit/core/test_exclude.py::test_a_personal_rule_is_for_its_user_alone",
    ),
    Promise(
        says="A rule that was removed still applies to mail received before (DESIGN §5)",
        where="connector.core.deciding.exclude:_applies",
        change=("return rule.removed_at is None or received_at < rule.removed_at", "return rule.removed_at is None"),
        caught_by="tests/unit/core/test_patterns.py::test_a_removed_rule_still_applies_to_mail_received_before",
    ),
    Promise(
        says=(
            "Unmatched mail expires after its retention, counted from the day it was received (DESIGN §5, "
            "unmatched_kept)"
        ),
        where="connector.core.writing.records:expires_on",
        change=("+ timedelta(days=settings.unmatched_retention_days)", ""),
        caught_by="tests/unit/core/test_records.py::test_an_unmatched_mail_has_an_end_and_no_task",
    ),
    Promise(
        says="The rules are asked in the order of the table (DESIGN §5)",
        where="connector.core.deciding.exclude:steps",
        change=(
            "yield Outcome.DRAFT, _draft(header)\n    yield Outcome.FOLDER, _folder(folder_reason)",
            "yield Outcome.FOLDER, _folder(folder_reason)\n    yield Outcome.DRAFT, _draft(header)",
        ),
        caught_by="tests/unit/core/test_exclude.py::test_steps_tell_every_rule_in_order_and_agree_with_the_decision",
    ),
    Promise(
        says="A relation that a person set keeps a mail that matches nobody (DESIGN §6)",
        where="connector.engine.decider:Mail.is_client",
        change=("self.matched or any(row.contact or row.account for row in stored)", "self.matched"),
        caught_by="tests/unit/engine/test_each_outcome.py::test_a_relation_set_by_hand_keeps_a_mail_that_matches_nobody",
    ),
]
