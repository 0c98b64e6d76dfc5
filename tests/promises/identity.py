"""One mail, one record, and never two mails in one."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="Two mails with one Message-ID that were sent more than two minutes apart are two (DESIGN §2.5)",
        where="connector.core.deciding.identity:SENT_WITHIN",
        change=("SENT_WITHIN = timedelta(minutes=2)", "SENT_WITHIN = timedelta(minutes=3)"),
        caught_by="tests/unit/core/test_identity.py::test_a_mail_sent_within_two_minutes_with_one_id_and_one_sender_is_the_same",
    ),
    Promise(
        says="Two mails with one Message-ID and different senders are two (DESIGN §2.5)",
        where="connector.core.deciding.identity:_agree",
        change=("left.sender is None or right.sender is None or left.sender == right.sender", "True"),
        caught_by="tests/unit/core/test_identity.py::test_a_mail_sent_within_two_minutes_with_one_id_and_one_sender_is_the_same",
    ),
    Promise(
        says=(
            "A sender that is no SMTP address agrees with any; a row that was Removed is the same mail (DESIGN §2.5)"
        ),
        where="connector.core.deciding.identity:_agree",
        change=(
            "left.sender is None or right.sender is None or left.sender == right.sender",
            "left.sender == right.sender",
        ),
        caught_by="tests/unit/core/test_identity.py::test_a_removed_row_is_the_same_mail_whoever_the_sender",
    ),
    Promise(
        says="Case counts in a Message-ID (DESIGN §7, keys)",
        where="connector.core.deciding.identity:_bare_id",
        change=(
            '(mid or "").strip().strip("<>").strip() or None',
            '(mid or "").strip().strip("<>").strip().lower() or None',
        ),
        caught_by="tests/unit/core/test_identity.py::test_case_counts_in_a_message_id",
    ),
    Promise(
        says="A Message-ID with and without brackets is one (DESIGN §7, keys)",
        where="connector.core.deciding.identity:_bare_id",
        change=('(mid or "").strip().strip("<>").strip() or None', '(mid or "") or None'),
        caught_by="tests/unit/core/test_identity.py::test_a_row_with_the_message_id_lends_its_key",
    ),
    Promise(
        says="A copy takes the key of the row that stands already (DESIGN §2.5)",
        where="connector.core.deciding.identity:identify",
        change=("key = email.key if email else group_key(copies)", "key = group_key(copies)"),
        caught_by="tests/unit/core/test_identity.py::test_a_row_with_the_message_id_lends_its_key",
    ),
    Promise(
        says="Copies that find the same row are merged, none is dropped (issue 15: second copy dropped)",
        where="connector.core.deciding.identity:identify",
        change=("everything = (*known.copies, *copies) if known else tuple(copies)", "everything = tuple(copies)"),
        caught_by="tests/unit/core/test_identity.py::test_groups_that_find_one_row_are_one_mail",
    ),
    Promise(
        says="What one copy holds back or does not show comes from another (DESIGN §2.5)",
        where="connector.core.deciding.identity:merge_parties",
        change=('min((rank for rank in ranks if rank[2]), default=(0, 0, ""))[2]', "ranks[0][2]"),
        caught_by="tests/unit/core/test_identity.py::test_merging_is_a_union_in_any_order",
    ),
    Promise(
        says="Nearness is not handed on from copy to copy (DESIGN §2.5)",
        where="connector.core.deciding.identity:_by_sender",
        change=("sent_time(own[-1][0]) <= SENT_WITHIN:", "sent_time(own[-1][-1]) <= SENT_WITHIN:"),
        caught_by="tests/unit/core/test_identity.py::test_a_program_that_uses_one_message_id_again_and_again_sends_many_mails",
    ),
    Promise(
        says="A Date before 1990 is not the sent time (DESIGN §7)",
        where="connector.core.deciding.identity:sent_time",
        change=("if sent.year < _FIRST_YEAR or", "if"),
        caught_by="tests/unit/core/test_identity.py::test_the_sent_time_is_the_date_where_it_can_be",
    ),
    Promise(
        says="Half of a surrogate pair in a subject does not stop the run (DESIGN §4: one bad item)",
        where="connector.core.deciding.identity:message_key",
        change=('"\\n".join(parts).encode("utf-8", "replace")', '"\\n".join(parts).encode("utf-8")'),
        caught_by="tests/unit/core/test_identity.py::test_half_a_surrogate_pair_has_a_key",
    ),
]
