"""One mail, one record, and never two mails in one."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="Two mails with one Message-ID that were sent more than two minutes apart are two (DESIGN §2.5)",
        where="connector.core.deciding.copies:SENT_WITHIN",
        change=("SENT_WITHIN = timedelta(minutes=2)", "SENT_WITHIN = timedelta(minutes=3)"),
        caught_by="tests/unit/core/test_identity.py::test_a_mail_sent_within_two_minutes_with_one_id_and_one_sender_is_the_same",
    ),
    Promise(
        says="Two mails with one Message-ID and different senders are two (DESIGN §2.5)",
        where="connector.core.deciding.copies:agree",
        change=("one.sender is None or other.sender is None or one.sender == other.sender", "True"),
        caught_by="tests/unit/core/test_identity.py::test_a_mail_sent_within_two_minutes_with_one_id_and_one_sender_is_the_same",
    ),
    Promise(
        says=("A row that was Removed is the same mail whoever the sender (DESIGN §3)"),
        where="connector.core.deciding.copies:agree",
        change=("if one.is_removed or other.is_removed:", "if False:"),
        caught_by="tests/unit/core/test_copies.py::test_a_row_that_was_removed_is_the_mail_whoever_sent_it_but_a_row_that_is_there_comes_first",
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
        where="connector.core.deciding.copies:_Group.takes",
        change=(
            "max(self.last, other.last) - min(self.first, other.first) > within",
            "abs(self.last - other.last) > within",
        ),
        caught_by="tests/unit/core/test_identity.py::test_copies_without_a_sender_that_are_near_another_are_not_near_each_other",
    ),
    Promise(
        says="Mails of one Message-ID to one mailbox with different subjects are each stored (issue 13, B12)",
        where="connector.core.deciding.copies:_one_item",
        change=("one.subject == other.subject and", "True and"),
        caught_by="tests/unit/core/test_copies.py::test_mails_of_one_id_with_different_subjects_are_never_one_though_all_get_them",
    ),
    Promise(
        says="All addresses of a linked mailbox are one sender (issue 13, B14)",
        where="connector.core.deciding.copies:identity_of",
        change=("(boxes.get(found) or found)", "found"),
        caught_by="tests/unit/core/test_copies.py::test_copies_of_one_mail_are_one_in_every_order",
    ),
    Promise(
        says="Nothing is merged that may be another mail: subjects differ by a tag at most (DESIGN §2.1)",
        where="connector.core.deciding.doubles:is_double",
        change=("if not (agree(*looks) and tagged_alike(*looks)):", "if not agree(*looks):"),
        caught_by="tests/unit/core/test_merging.py::test_what_may_be_another_mail_is_not_merged",
    ),
]
