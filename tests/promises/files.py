"""Attachments."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="Pictures of the text are stored where Inline_Images__c is on (DESIGN §7, attachments)",
        where="connector.core.writing.attachments:_reason",
        change=("is_picture(item) and not settings.inline_images:", "is_picture(item):"),
        caught_by="tests/unit/core/test_attachments.py::test_pictures_of_the_text_only_when_asked_for",
    ),
    Promise(
        says="A document is stored though the text shows it (DESIGN §7, attachments)",
        where="connector.core.writing.attachments:_reason",
        change=("item.is_shown and is_picture(item) and", "item.is_shown and"),
        caught_by="tests/unit/core/test_attachments.py::test_pictures_of_the_text_only_when_asked_for",
    ),
    Promise(
        says="Attachment_Max_MB__c decides what is too large (DESIGN §7, attachments)",
        where="connector.core.writing.attachments:_reason",
        change=("if item.size > settings.attachment_max_mb * _MEGABYTE:", "if item.size > 25 * _MEGABYTE:"),
        caught_by="tests/unit/core/test_attachments.py::test_the_limit_is_that_of_the_settings",
    ),
    Promise(
        says=(
            "Attachments are looked for where hasAttachments is false because all are inline (DESIGN §7, attachments)"
        ),
        where="connector.graph.attachments:content_request",
        change=('[f"$expand={EXPANDED}"] if with_list else []', "[]"),
        caught_by="tests/unit/graph/test_bodies.py::test_the_list_comes_with_the_body_of_a_mail_that_says_it_has_none",
    ),
    Promise(
        says="A Safe Attachments placeholder is no file (DESIGN §7, attachments)",
        where="connector.core.writing.attachments:sort_out",
        change=("if not _SCANNING.fullmatch(one_line(item.name))]", "if True]"),
        caught_by="tests/unit/core/test_attachments.py::test_while_attachments_are_scanned_nothing_is_final",
    ),
    Promise(
        says="Of two files with one key the older stays (DESIGN §2.1)",
        where="connector.core.writing.attachments:duplicates",
        change=("first[key] = min(first.get(key, document), document)", "first[key] = document"),
        caught_by="tests/unit/core/test_attachments.py::test_of_files_with_one_key_the_lowest_document_stays",
    ),
    Promise(
        says=("A file that fails leaves the mail stored, and an error row that names it (DESIGN §7, attachments)"),
        where="connector.engine.attachments:AttachmentStore._note_failure",
        change=(", email=case.email)", ")"),
        caught_by="tests/unit/engine/test_attachments.py::test_each_file_fails_alone_and_one_row_tells_of_all",
    ),
    Promise(
        says="Where one copy is gone, another that has the file gives it (DESIGN §2.5)",
        where="connector.engine.attachments:AttachmentStore._store",
        change=(
            "                if candidate is case.copies[-1]:\n                    raise\n",
            "                raise\n",
        ),
        caught_by="tests/unit/engine/test_attachments.py::test_where_a_copy_is_gone_the_next_that_has_the_same_file_gives_it",
    ),
    Promise(
        says="A second copy in one run does not store the files of its mail again (DESIGN §7, attachments)",
        where="connector.engine.seen_files:SeenFiles.begin",
        change=(" if _name(case.email, file.key) not in self._dealt_with]", "]"),
        caught_by="tests/unit/engine/test_seen_files.py::test_a_file_that_may_still_be_taken_in_is_not_sent_again_by_this_run",
    ),
]
