"""Which attachments become files, and what is said of the others."""

from tests.mutants import Mutant

_ATTACHMENTS = "connector/core/attachments.py"
_ATTACHMENTS_TESTS = "tests/unit/core/test_attachments.py"

MUTANTS = [
    Mutant(
        _ATTACHMENTS,
        'if item.kind is AttachmentKind.REFERENCE:\n        return "a link',
        'if False:\n        return "a link',
        f"{_ATTACHMENTS_TESTS}::test_what_is_not_stored_is_said_in_a_line",
    ),
    Mutant(
        _ATTACHMENTS,
        "if _is_inline_picture(item) and not settings.inline_images:",
        "if _is_inline_picture(item):",
        f"{_ATTACHMENTS_TESTS}::test_inline_pictures_only_when_asked_for",
    ),
    Mutant(
        _ATTACHMENTS,
        "if _is_inline_picture(item) and not settings.inline_images:",
        "if False:",
        f"{_ATTACHMENTS_TESTS}::test_inline_pictures_only_when_asked_for",
    ),
    Mutant(
        _ATTACHMENTS,
        "if extension in BLOCKED:",
        "if False:",
        f"{_ATTACHMENTS_TESTS}::test_what_is_not_stored_is_said_in_a_line",
    ),
    Mutant(
        _ATTACHMENTS,
        "if _media_type(item) in _BLOCKED_TYPES:",
        "if False:",
        f"{_ATTACHMENTS_TESTS}::test_what_is_not_stored_is_said_in_a_line",
    ),
    Mutant(
        _ATTACHMENTS,
        "if item.size == 0:",
        "if False:",
        f"{_ATTACHMENTS_TESTS}::test_what_is_not_stored_is_said_in_a_line",
    ),
    Mutant(
        _ATTACHMENTS,
        "if item.size > settings.attachment_max_mb * _MEGABYTE:",
        "if item.size > 25 * _MEGABYTE:",
        f"{_ATTACHMENTS_TESTS}::test_the_limit_is_that_of_the_settings",
    ),
    Mutant(
        _ATTACHMENTS,
        "if item.size > settings.attachment_max_mb * _MEGABYTE:",
        "if item.size >= settings.attachment_max_mb * _MEGABYTE:",
        f"{_ATTACHMENTS_TESTS}::test_the_limit_is_that_of_the_settings",
    ),
    Mutant(
        _ATTACHMENTS,
        'if item.size >= _PHOTO else ""',
        'if False else ""',
        f"{_ATTACHMENTS_TESTS}::test_what_is_not_stored_is_said_in_a_line",
    ),
    Mutant(
        _ATTACHMENTS,
        'return item.is_inline and _media_type(item).startswith("image/")',
        "return item.is_inline",
        f"{_ATTACHMENTS_TESTS}::test_inline_pictures_only_when_asked_for",
    ),
    Mutant(
        _ATTACHMENTS,
        "        if self.scanning:\n            return {}\n",
        "",
        f"{_ATTACHMENTS_TESTS}::test_while_attachments_are_scanned_nothing_is_final",
    ),
    Mutant(
        _ATTACHMENTS,
        "if not _SCANNING.fullmatch(one_line(item.name))]",
        "if True]",
        f"{_ATTACHMENTS_TESTS}::test_while_attachments_are_scanned_nothing_is_final",
    ),
    Mutant(
        _ATTACHMENTS,
        "return has_attachments or settings.inline_images",
        "return has_attachments",
        f"{_ATTACHMENTS_TESTS}::test_a_stored_mail_without_a_count_is_listed_where_it_may_have_attachments",
    ),
    Mutant(
        _ATTACHMENTS,
        "return has_attachments or settings.inline_images",
        "return settings.inline_images",
        f"{_ATTACHMENTS_TESTS}::test_a_stored_mail_without_a_count_is_listed_where_it_may_have_attachments",
    ),
    Mutant(
        _ATTACHMENTS,
        "in own) < stored.attachment_count",
        "in own) < 1",
        f"{_ATTACHMENTS_TESTS}::test_a_stored_mail_is_listed_again_when_files_are_missing",
    ),
    Mutant(
        _ATTACHMENTS,
        '- {whole_mail(stored.key, "").key}',
        "",
        f"{_ATTACHMENTS_TESTS}::test_the_whole_mail_is_no_attachment_that_is_there",
    ),
    Mutant(
        _ATTACHMENTS,
        "first[key] = min(first.get(key, document), document)",
        "first[key] = document",
        f"{_ATTACHMENTS_TESTS}::test_of_files_with_one_key_the_lowest_document_stays",
    ),
    Mutant(
        _ATTACHMENTS,
        "sorted(range(len(items)), key=lambda index: (items[index].size, index))",
        "range(len(items))",
        f"{_ATTACHMENTS_TESTS}::test_of_two_files_with_one_name_each_keeps_its_key",
    ),
    Mutant(
        _ATTACHMENTS,
        'kind = "item" if item.kind is AttachmentKind.ITEM else "file"',
        'kind = "file"',
        f"{_ATTACHMENTS_TESTS}::test_an_item_is_never_taken_for_a_file_of_its_name",
    ),
    Mutant(
        _ATTACHMENTS,
        'if units(text) + text.count("\\n") <= _NOTES_LIMIT:',
        "if True:",
        f"{_ATTACHMENTS_TESTS}::test_notes_end_where_the_field_does",
    ),
    Mutant(
        _ATTACHMENTS,
        "return tuple(file for file in wanted if file.key not in there)",
        "return tuple(wanted)",
        f"{_ATTACHMENTS_TESTS}::test_only_what_is_not_there_is_missing",
    ),
    Mutant(
        _ATTACHMENTS,
        '_UNSAFE.sub("_", one_line(clean(name)))',
        "one_line(clean(name))",
        f"{_ATTACHMENTS_TESTS}::test_a_name_is_safe_on_any_system",
    ),
    Mutant(
        _ATTACHMENTS,
        "    if units(safe) <= NAME_LIMIT:\n",
        "    if True:\n",
        f"{_ATTACHMENTS_TESTS}::test_a_long_name_keeps_its_extension",
    ),
]
