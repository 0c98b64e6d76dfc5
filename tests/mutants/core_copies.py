"""Which copies are one mail, what is left of a removed one, and how rows fill requests."""

from tests.mutants import Mutant

_IDENTITY = "connector/core/identity.py"
_REMOVAL = "connector/core/removal.py"
_PACK = "connector/core/pack.py"
_IDENTITY_TESTS = "tests/unit/core/test_identity.py"
_PACK_TESTS = "tests/unit/core/test_pack.py"
_REMOVAL_TESTS = "tests/unit/core/test_removal.py"

MUTANTS = [
    Mutant(
        _IDENTITY,
        "SENT_WITHIN = timedelta(minutes=2)",
        "SENT_WITHIN = timedelta(minutes=3)",
        f"{_IDENTITY_TESTS}::test_a_mail_sent_within_two_minutes_with_one_id_and_one_sender_is_the_same",
    ),
    Mutant(
        _IDENTITY,
        '(mid or "").strip().strip("<>").strip() or None',
        '(mid or "").strip().strip("<>").strip().lower() or None',
        f"{_IDENTITY_TESTS}::test_case_counts_in_a_message_id",
    ),
    Mutant(
        _IDENTITY,
        '(mid or "").strip().strip("<>").strip() or None',
        '(mid or "") or None',
        f"{_IDENTITY_TESTS}::test_a_row_with_the_message_id_lends_its_key",
    ),
    Mutant(
        _IDENTITY,
        "if sent.year < _FIRST_YEAR or",
        "if",
        f"{_IDENTITY_TESTS}::test_the_sent_time_is_the_date_where_it_can_be",
    ),
    Mutant(
        _IDENTITY,
        "sent - received >= timedelta(days=1)",
        "False",
        f"{_IDENTITY_TESTS}::test_the_sent_time_is_the_date_where_it_can_be",
    ),
    Mutant(
        _IDENTITY,
        "    if sent is None:\n        return received\n",
        "    if sent is None:\n        return datetime(1990, 1, 1, tzinfo=UTC)\n",
        f"{_IDENTITY_TESTS}::test_the_sent_time_is_the_date_where_it_can_be",
    ),
    Mutant(
        _IDENTITY,
        "return received if received - sent >= timedelta(days=30) else sent",
        "return sent",
        f"{_IDENTITY_TESTS}::test_rows_are_created_when_sent_unless_that_is_long_before_received",
    ),
    Mutant(
        _IDENTITY,
        "parts += [header.subject, ",
        "parts += [",
        f"{_IDENTITY_TESTS}::test_without_a_message_id_only_the_key_says_it",
    ),
    Mutant(
        _IDENTITY,
        '",".join(sorted(addresses))',
        '",".join(addresses)',
        f"{_IDENTITY_TESTS}::test_without_a_message_id_the_subject_and_the_recipients_are_in_the_key",
    ),
    Mutant(
        _IDENTITY,
        "for recipient in (*header.to, *header.cc)))\n        parts",
        "for recipient in header.to))\n        parts",
        f"{_IDENTITY_TESTS}::test_without_a_message_id_the_subject_and_the_recipients_are_in_the_key",
    ),
    Mutant(
        _IDENTITY,
        'sender_of(header), f"{sent_time',
        '"", f"{sent_time',
        f"{_IDENTITY_TESTS}::test_the_sender_stands_in_for_an_empty_from",
    ),
    Mutant(
        _IDENTITY,
        '.encode("utf-8", "replace")).hexdigest()[:32]',
        '.encode("utf-8", "replace")).hexdigest()',
        f"{_IDENTITY_TESTS}::test_half_a_surrogate_pair_has_a_key",
    ),
    Mutant(
        _IDENTITY,
        '"\\n".join(parts).encode("utf-8", "replace")',
        '"\\n".join(parts).encode("utf-8")',
        f"{_IDENTITY_TESTS}::test_half_a_surrogate_pair_has_a_key",
    ),
    Mutant(
        _IDENTITY,
        "for recipient in (header.from_, header.sender) if recipient)\n    return next",
        "for recipient in (header.from_,) if recipient)\n    return next",
        f"{_IDENTITY_TESTS}::test_the_sender_stands_in_for_an_empty_from",
    ),
    Mutant(
        _IDENTITY,
        "return left.key == right.key or _agree(left, right)",
        "return _agree(left, right)",
        f"{_IDENTITY_TESTS}::test_without_a_message_id_only_the_key_says_it",
    ),
    Mutant(
        _IDENTITY,
        "if mid is None or mid != right.message_id:",
        "if mid != right.message_id:",
        f"{_IDENTITY_TESTS}::test_without_a_message_id_only_the_key_says_it",
    ),
    Mutant(
        _IDENTITY,
        "left.sender is None or right.sender is None or left.sender == right.sender",
        "left.sender == right.sender",
        f"{_IDENTITY_TESTS}::test_a_removed_row_is_the_same_mail_whoever_the_sender",
    ),
    Mutant(
        _IDENTITY,
        "left.sender is None or right.sender is None or left.sender == right.sender",
        "True",
        f"{_IDENTITY_TESTS}::test_a_mail_sent_within_two_minutes_with_one_id_and_one_sender_is_the_same",
    ),
    Mutant(
        _IDENTITY,
        "known = is_smtp(sender) and copy.match_status != _REMOVED",
        "known = is_smtp(sender)",
        f"{_IDENTITY_TESTS}::test_a_removed_row_is_the_same_mail_whoever_the_sender",
    ),
    Mutant(
        _IDENTITY,
        "known = is_smtp(sender) and copy.match_status != _REMOVED",
        "known = copy.match_status != _REMOVED",
        f"{_IDENTITY_TESTS}::test_a_sender_that_is_not_an_smtp_address_agrees_with_any",
    ),
    Mutant(
        _IDENTITY,
        "return sender if is_smtp(sender) else None",
        "return sender",
        f"{_IDENTITY_TESTS}::test_a_copy_without_a_sender_does_not_join_two_senders_mails",
    ),
    Mutant(
        _IDENTITY,
        "sent_time(own[-1][0]) <= SENT_WITHIN:",
        "sent_time(own[-1][-1]) <= SENT_WITHIN:",
        f"{_IDENTITY_TESTS}::test_a_program_that_uses_one_message_id_again_and_again_sends_many_mails",
    ),
    Mutant(
        _IDENTITY,
        "            if sent - first <= SENT_WITHIN and last - sent <= SENT_WITHIN\n",
        "",
        f"{_IDENTITY_TESTS}::test_copies_without_a_sender_are_one_mail_when_there_is_no_other",
    ),
    Mutant(
        _IDENTITY,
        "nameless = spans.pop(None, [])",
        "nameless = []",
        f"{_IDENTITY_TESTS}::test_a_copy_without_a_sender_does_not_join_two_senders_mails",
    ),
    Mutant(
        _IDENTITY,
        "        _smtp_sender(copy) is None,\n",
        "",
        f"{_IDENTITY_TESTS}::test_the_key_of_a_group_is_that_of_the_copy_with_a_sender_that_was_sent_first",
    ),
    Mutant(
        _IDENTITY,
        "        if email.key in self._by_key:\n            return\n",
        "",
        f"{_IDENTITY_TESTS}::test_an_index_takes_what_the_run_has_written",
    ),
    Mutant(
        _IDENTITY,
        "if same_mail(copy, email) and _may_be_from(email, sender)",
        "if same_mail(copy, email)",
        f"{_IDENTITY_TESTS}::test_a_copy_without_a_sender_does_not_carry_the_others_to_another_senders_mail",
    ),
    Mutant(
        _IDENTITY,
        "sender is None or _identity(email).sender != sender,",
        "False,",
        f"{_IDENTITY_TESTS}::test_of_several_rows_the_same_sender_comes_first_then_the_nearest",
    ),
    Mutant(
        _IDENTITY,
        "abs(_utc_second(email.sent_at) - sent_time(copy)),",
        "timedelta(0),",
        f"{_IDENTITY_TESTS}::test_of_several_rows_the_same_sender_comes_first_then_the_nearest",
    ),
    Mutant(
        _IDENTITY,
        "key = email.key if email else group_key(copies)",
        "key = group_key(copies)",
        f"{_IDENTITY_TESTS}::test_a_row_with_the_message_id_lends_its_key",
    ),
    Mutant(
        _IDENTITY,
        "everything = (*known.copies, *copies) if known else tuple(copies)",
        "everything = tuple(copies)",
        f"{_IDENTITY_TESTS}::test_groups_that_find_one_row_are_one_mail",
    ),
    Mutant(
        _IDENTITY,
        "min(rank[:2] for rank in ranks)",
        "max(rank[:2] for rank in ranks)",
        f"{_IDENTITY_TESTS}::test_the_first_role_wins_and_a_name_is_kept",
    ),
    Mutant(
        _IDENTITY,
        'min((rank for rank in ranks if rank[2]), default=(0, 0, ""))[2]',
        "ranks[0][2]",
        f"{_IDENTITY_TESTS}::test_merging_is_a_union_in_any_order",
    ),
    Mutant(
        _IDENTITY,
        "return instant.astimezone(UTC).replace(microsecond=0)",
        "return instant.replace(microsecond=0)",
        f"{_IDENTITY_TESTS}::test_the_zone_of_a_time_does_not_matter",
    ),
    Mutant(
        _IDENTITY,
        "return instant.astimezone(UTC).replace(microsecond=0)",
        "return instant.astimezone(UTC)",
        f"{_IDENTITY_TESTS}::test_the_sent_time_is_the_date_where_it_can_be",
    ),
    Mutant(
        _PACK,
        '_ORDER = ("Email__c", "Email_Participant__c", "Task")',
        '_ORDER = ("Task", "Email_Participant__c", "Email__c")',
        f"{_PACK_TESTS}::test_updates_fill_what_inserts_leave",
    ),
    Mutant(
        _PACK,
        "for update in (False, True):",
        "for update in (True, False):",
        f"{_PACK_TESTS}::test_inserts_go_before_updates",
    ),
    Mutant(
        _PACK,
        "> self.max_bytes:\n            return False",
        "> self.max_bytes:\n            pass",
        f"{_PACK_TESTS}::test_a_request_is_closed_at_its_size_and_a_row_beyond_it_goes_alone",
    ),
    Mutant(
        _PACK,
        "for count in counts.values()) <= self.max_collections",
        "for count in counts.values()) <= 25",
        f"{_PACK_TESTS}::test_a_mail_that_does_not_fit_waits_for_the_next_request",
    ),
    Mutant(
        _PACK,
        "            if not self._fits([row]):\n                self._flush()\n",
        "",
        f"{_PACK_TESTS}::test_a_mail_with_too_many_children_goes_on_in_the_next_request",
    ),
    Mutant(
        _PACK,
        "        if not self._fits(rows):\n            self._flush()\n",
        "",
        f"{_PACK_TESTS}::test_a_mail_that_does_not_fit_waits_for_the_next_request",
    ),
    Mutant(
        _PACK,
        "start : start + max_rows",
        "start : start + 2 * max_rows",
        f"{_PACK_TESTS}::test_two_hundred_mails_of_the_usual_mix_are_one_request",
    ),
    Mutant(_PACK, "if one.mail != other.mail]", "if True]", f"{_PACK_TESTS}::test_halves_split_between_mails"),
    Mutant(
        _PACK,
        "default=(len(rows) + 1) // 2",
        "default=len(rows)",
        f"{_PACK_TESTS}::test_halves_hold_the_same_rows_in_a_good_order",
    ),
    Mutant(
        _REMOVAL,
        "for entity in linked",
        "for entity in list(linked)[:1]",
        f"{_REMOVAL_TESTS}::test_a_file_of_these_mails_and_its_owner_alone_goes_with_them",
    ),
    Mutant(
        _REMOVAL,
        "entity in ours or entity.startswith(_USER)",
        "entity in ours",
        f"{_REMOVAL_TESTS}::test_a_file_of_these_mails_and_its_owner_alone_goes_with_them",
    ),
    Mutant(
        _REMOVAL, '            "Sync_Event__c",\n', "", f"{_REMOVAL_TESTS}::test_every_field_is_either_kept_or_blanked"
    ),
]
