"""Which mail is nobody's business: the exclusions, and the order of the rules on headers."""

from tests.mutants import Mutant

_EXCLUDE = "connector/core/exclude.py"
_EXCLUDE_TESTS = "tests/unit/core/test_exclude.py"

MUTANTS = [
    Mutant(
        _EXCLUDE,
        'domain = domain.partition(".")[2]',
        'domain = ""',
        f"{_EXCLUDE_TESTS}::test_an_internal_domain_in_another_script",
    ),
    Mutant(
        _EXCLUDE,
        "return rule.removed_at is None or received_at < rule.removed_at",
        "return rule.removed_at is None",
        f"{_EXCLUDE_TESTS}::test_a_removed_rule_still_applies_to_mail_received_before",
    ),
    Mutant(
        _EXCLUDE,
        "return rule.removed_at is None or received_at < rule.removed_at",
        "return True",
        f"{_EXCLUDE_TESTS}::test_a_removed_rule_still_applies_to_mail_received_before",
    ),
    Mutant(
        _EXCLUDE,
        "return rule.removed_at is None or received_at < rule.removed_at",
        "return rule.removed_at is None or received_at <= rule.removed_at",
        f"{_EXCLUDE_TESTS}::test_a_removed_rule_still_applies_to_mail_received_before",
    ),
    Mutant(
        _EXCLUDE,
        "            if rule.removed_at is not None:\n                continue\n",
        "",
        f"{_EXCLUDE_TESTS}::test_a_broken_rule_that_was_removed_is_left_out",
    ),
    Mutant(
        _EXCLUDE,
        "if rule.user is None or rule.type is not ExclusionType.PERSONAL_ADDRESS:",
        "if True:",
        f"{_EXCLUDE_TESTS}::test_a_broken_personal_pattern_stops_only_its_user",
    ),
    Mutant(
        _EXCLUDE,
        "if rule.user is None or rule.type is not ExclusionType.PERSONAL_ADDRESS:",
        "if rule.user is None:",
        f"{_EXCLUDE_TESTS}::test_a_broken_rule_for_everybody_stops_the_run_though_it_names_a_user",
    ),
    Mutant(
        _EXCLUDE,
        "if rule.user is None:\n        raise PatternError",
        "if False:\n        raise PatternError",
        f"{_EXCLUDE_TESTS}::test_a_personal_rule_of_nobody_stops_the_run",
    ),
    Mutant(
        _EXCLUDE,
        "any(rule.removed_at is None for rules",
        "any(True for rules",
        f"{_EXCLUDE_TESTS}::test_whether_there_is_an_active_internal_domain",
    ),
    Mutant(
        _EXCLUDE,
        "key=lambda rule: (rule.removed_at is not None, rule.name, rule.id)",
        "key=lambda rule: (rule.name, rule.id)",
        f"{_EXCLUDE_TESTS}::test_an_active_rule_is_found_behind_a_removed_one_with_the_same_pattern",
    ),
    Mutant(
        _EXCLUDE,
        "self._personal.get(user) if user else None",
        "next(iter(self._personal.values()), None)",
        f"{_EXCLUDE_TESTS}::test_a_personal_rule_is_for_its_user_alone",
    ),
    Mutant(
        _EXCLUDE,
        'Decision(outcome=Outcome.DRAFT, rule="not sent yet") if header.is_draft else None',
        "None",
        f"{_EXCLUDE_TESTS}::test_nothing_is_looked_up_for_a_mail_that_the_bcc_rule_does_not_decide",
    ),
    Mutant(
        _EXCLUDE,
        "return None if reason is None else Decision(outcome=Outcome.FOLDER, rule=reason)",
        "return None",
        f"{_EXCLUDE_TESTS}::test_nothing_is_looked_up_for_a_mail_that_the_bcc_rule_does_not_decide",
    ),
    Mutant(
        _EXCLUDE,
        "category.strip().casefold() in opting",
        "category.strip() in opting",
        f"{_EXCLUDE_TESTS}::test_a_category_opts_out_whatever_its_case",
    ),
    Mutant(
        _EXCLUDE,
        "category.strip().casefold() in opting",
        "category.casefold() in opting",
        f"{_EXCLUDE_TESTS}::test_a_category_opts_out_whatever_its_case",
    ),
    Mutant(
        _EXCLUDE,
        'return None if found is None else Decision(outcome=Outcome.OPTED_OUT, rule=f"category {found.strip()}")',
        "return None",
        f"{_EXCLUDE_TESTS}::test_a_category_opts_out_whatever_its_case",
    ),
    Mutant(
        _EXCLUDE,
        "settings.sync_bcc or by_group or",
        "by_group or",
        f"{_EXCLUDE_TESTS}::test_a_mail_that_does_not_name_the_mailbox_is_bcc_unless_bcc_mail_is_synced",
    ),
    Mutant(
        _EXCLUDE,
        "settings.sync_bcc or by_group or",
        "settings.sync_bcc or",
        f"{_EXCLUDE_TESTS}::test_a_mail_that_a_group_delivered_is_not_bcc",
    ),
    Mutant(
        _EXCLUDE,
        "settings.sync_bcc or by_group or",
        "settings.sync_bcc or by_group is not False or",
        f"{_EXCLUDE_TESTS}::test_a_mail_that_does_not_name_the_mailbox_is_bcc_unless_bcc_mail_is_synced",
    ),
    Mutant(
        _EXCLUDE,
        "return (*_senders(header), *header.to, *header.cc)",
        "return (*_senders(header), *header.to)",
        f"{_EXCLUDE_TESTS}::test_a_mail_that_names_the_mailbox_by_any_alias_is_not_bcc",
    ),
    Mutant(
        _EXCLUDE,
        "return (*_senders(header), *header.to, *header.cc)",
        "return (*header.to, *header.cc)",
        f"{_EXCLUDE_TESTS}::test_other_categories_do_not_opt_out",
    ),
    Mutant(
        _EXCLUDE,
        "(header.from_, header.sender) if recipient)\n\n\ndef _visible",
        "(header.from_,) if recipient)\n\n\ndef _visible",
        f"{_EXCLUDE_TESTS}::test_a_mail_that_names_the_mailbox_by_any_alias_is_not_bcc",
    ),
    Mutant(
        _EXCLUDE,
        "yield Outcome.BCC, _bcc(header, box, settings, bcc_by_group)\n"
        "    yield Outcome.INTERNAL, _internal(header, rules, linked)",
        "yield Outcome.INTERNAL, _internal(header, rules, linked)\n"
        "    yield Outcome.BCC, _bcc(header, box, settings, bcc_by_group)",
        f"{_EXCLUDE_TESTS}::test_steps_tell_every_rule_in_order_and_agree_with_the_decision",
    ),
    Mutant(
        _EXCLUDE,
        "yield Outcome.DRAFT, _draft(header)\n    yield Outcome.FOLDER, _folder(folder_reason)",
        "yield Outcome.FOLDER, _folder(folder_reason)\n    yield Outcome.DRAFT, _draft(header)",
        f"{_EXCLUDE_TESTS}::test_steps_tell_every_rule_in_order_and_agree_with_the_decision",
    ),
    Mutant(
        _EXCLUDE,
        "yield Outcome.FOLDER, _folder(folder_reason)\n    yield Outcome.OPTED_OUT, _opted_out(header, settings)",
        "yield Outcome.OPTED_OUT, _opted_out(header, settings)\n    yield Outcome.FOLDER, _folder(folder_reason)",
        f"{_EXCLUDE_TESTS}::test_steps_tell_every_rule_in_order_and_agree_with_the_decision",
    ),
    Mutant(
        _EXCLUDE,
        "    yield Outcome.OPTED_OUT, _opted_out(header, settings)\n"
        "    yield Outcome.BCC, _bcc(header, box, settings, bcc_by_group)",
        "    yield Outcome.BCC, _bcc(header, box, settings, bcc_by_group)\n"
        "    yield Outcome.OPTED_OUT, _opted_out(header, settings)",
        f"{_EXCLUDE_TESTS}::test_steps_tell_every_rule_in_order_and_agree_with_the_decision",
    ),
    Mutant(
        _EXCLUDE,
        "_addresses((*_visible(header), *header.bcc))",
        "_addresses(_visible(header))",
        f"{_EXCLUDE_TESTS}::test_one_external_address_in_any_role_makes_a_mail_not_internal",
    ),
    Mutant(
        _EXCLUDE,
        "if not addresses or any(_is_external",
        "if any(_is_external",
        f"{_EXCLUDE_TESTS}::test_a_mail_without_any_address_goes_on",
    ),
    Mutant(
        _EXCLUDE,
        'return "@" in address and address not in linked and',
        "return address not in linked and",
        f"{_EXCLUDE_TESTS}::test_an_address_without_at_counts_as_internal",
    ),
    Mutant(
        _EXCLUDE,
        'return "@" in address and address not in linked and',
        'return "@" in address and',
        f"{_EXCLUDE_TESTS}::test_a_linked_mailbox_outside_the_internal_domains_is_internal",
    ),
    Mutant(
        _EXCLUDE,
        "not rules.internal_domain(address, header.received_at)\n\n\ndef _senders",
        "True\n\n\ndef _senders",
        f"{_EXCLUDE_TESTS}::test_mail_between_internal_and_linked_addresses_is_internal_and_names_the_rule",
    ),
    Mutant(
        _EXCLUDE,
        "if not held_back or None in held_back:",
        "if not held_back or not any(held_back):",
        f"{_EXCLUDE_TESTS}::test_an_excluded_address_is_left_out_while_another_external_one_remains",
    ),
    Mutant(
        _EXCLUDE,
        "if not held_back or None in held_back:",
        "if None in held_back:",
        f"{_EXCLUDE_TESTS}::test_a_mail_without_any_address_goes_on",
    ),
    Mutant(
        _EXCLUDE,
        "strict=True) if rule is None)",
        "strict=True))",
        f"{_EXCLUDE_TESTS}::test_an_excluded_address_is_left_out_while_another_external_one_remains",
    ),
    Mutant(
        _EXCLUDE,
        "return rules.external(address, header.received_at) or rules.personal(box.user, address, header.received_at)",
        "return rules.external(address, header.received_at)",
        f"{_EXCLUDE_TESTS}::test_a_mail_with_no_external_address_left_names_the_rule_for_the_first",
    ),
    Mutant(
        _EXCLUDE,
        "return rules.external(address, header.received_at) or rules.personal(box.user, address, header.received_at)",
        "return rules.personal(box.user, address, header.received_at)",
        f"{_EXCLUDE_TESTS}::test_a_mail_with_no_external_address_left_names_the_rule_for_the_first",
    ),
    Mutant(
        _EXCLUDE,
        "return rules.external(address, header.received_at) or rules.personal(box.user, address, header.received_at)",
        "return rules.personal(box.user, address, header.received_at) or rules.external(address, header.received_at)",
        f"{_EXCLUDE_TESTS}::test_of_two_rules_the_one_for_everybody_is_named",
    ),
    Mutant(
        _EXCLUDE,
        "(Role.CC, header.cc), (Role.BCC, header.bcc))",
        "(Role.CC, header.cc))",
        f"{_EXCLUDE_TESTS}::test_parties_come_once_each_with_the_first_role_and_a_name",
    ),
    Mutant(
        _EXCLUDE,
        "roles = ((Role.FROM, _senders(header)), (Role.TO, header.to), (Role.CC, header.cc)",
        "roles = ((Role.FROM, _senders(header)), (Role.CC, header.cc), (Role.TO, header.to)",
        f"{_EXCLUDE_TESTS}::test_parties_come_once_each_with_the_first_role_and_a_name",
    ),
    Mutant(
        _EXCLUDE,
        "elif not known.name:",
        "elif False:",
        f"{_EXCLUDE_TESTS}::test_parties_come_once_each_with_the_first_role_and_a_name",
    ),
    Mutant(
        _EXCLUDE,
        "return not any(earlier) and _bcc(header, box, settings, None) is not None",
        "return not any(earlier)",
        f"{_EXCLUDE_TESTS}::test_nothing_is_looked_up_for_a_mail_that_the_bcc_rule_does_not_decide",
    ),
    Mutant(
        _EXCLUDE,
        "return not any(earlier) and _bcc(header, box, settings, None) is not None",
        "return _bcc(header, box, settings, None) is not None",
        f"{_EXCLUDE_TESTS}::test_nothing_is_looked_up_for_a_mail_that_the_bcc_rule_does_not_decide",
    ),
    Mutant(
        _EXCLUDE,
        "_addresses((*header.to, *header.cc))\n            if address not in linked and",
        "_addresses((*header.to,))\n            if address not in linked and",
        f"{_EXCLUDE_TESTS}::test_only_internal_addresses_in_to_and_cc_may_be_groups",
    ),
    Mutant(
        _EXCLUDE,
        "if address not in linked and rules.internal_domain(address, header.received_at)",
        "if rules.internal_domain(address, header.received_at)",
        f"{_EXCLUDE_TESTS}::test_only_internal_addresses_in_to_and_cc_may_be_groups",
    ),
    Mutant(
        _EXCLUDE,
        "if address not in linked and rules.internal_domain(address, header.received_at)",
        "if address not in linked",
        f"{_EXCLUDE_TESTS}::test_only_internal_addresses_in_to_and_cc_may_be_groups",
    ),
]
