"""Which attachments become files, their names and keys, and what is said of the others."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.writing.attachments import (
    BLOCKED,
    NAME_LIMIT,
    Sorted,
    WantedFile,
    duplicates,
    falls_short,
    file_name,
    item_name,
    missing,
    needs_list,
    same_in,
    sort_out,
    whole_mail,
)
from connector.core.writing.text import units
from connector.model.mail import Attachment, AttachmentKind
from connector.model.records import StoredFile
from connector.model.values import RecordId
from tests.support.builders import settings, stored

KEY = "0123456789abcdef0123456789abcdef"
MB = 1024 * 1024


def attachment(name: str = "plan.pdf", **fields: object) -> Attachment:
    """A PDF of a kilobyte, unless told otherwise."""
    defaults = {"id": name, "kind": AttachmentKind.FILE, "content_type": "application/pdf", "size": 1024}
    return Attachment(name=name, **{**defaults, **fields})  # type: ignore[arg-type]


def names(found: Sorted) -> list[str]:
    return [file.name for file in found.files]


def test_files_and_items_are_stored_and_counted() -> None:
    item = attachment("Your question", id="i", kind=AttachmentKind.ITEM, content_type="")
    found = sort_out([attachment(), item], KEY, settings())
    assert [(file.name, file.attachment, file.is_item) for file in found.files] == [
        ("plan.pdf", "plan.pdf", False),
        ("Your question", "i", True),
    ]
    assert found.fields == {"Attachment_Count__c": 2, "Attachment_Notes__c": None}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            attachment("Budget.xlsx", kind=AttachmentKind.REFERENCE, content_type="", size=400),
            "Budget.xlsx: a link to a file in the cloud; open the mail to follow it",
        ),
        (attachment("film.mov", size=26 * MB), "film.mov (26.0 MB): not stored, larger than the limit of 25 MB"),
        (attachment("setup.exe", size=2048), "setup.exe (2 KB): files of type .exe are not stored"),
        (attachment("Invoice.pdf.SCR"), "Invoice.pdf.SCR (1 KB): files of type .scr are not stored"),
        (attachment("setup.exe. "), "setup.exe (1 KB): files of type .exe are not stored"),
        (attachment("gpj.\u202efdp.exe"), "gpj._fdp.exe (1 KB): files of type .exe are not stored"),
        (attachment("installer", content_type="application/x-msdownload"), "installer (1 KB): programs are not stored"),
        (attachment("nothing.txt", size=0), "nothing.txt: an empty file, not stored"),
        (
            attachment("IMG_1.jpg", content_type="image/jpeg", is_shown=True, size=2 * MB),
            "IMG_1.jpg (2.0 MB): a picture inside the mail, not stored",
        ),
    ],
)
def test_what_is_not_stored_is_said_in_a_line(given: Attachment, line: str) -> None:
    found = sort_out([given, attachment()], KEY, settings())
    assert names(found) == ["plan.pdf"]
    assert found.notes == line


def test_the_limit_is_that_of_the_settings() -> None:
    listed = [attachment("a", size=2 * MB), attachment("b", size=2 * MB + 1)]
    assert names(sort_out(listed, KEY, settings(attachment_max_mb=2))) == ["a.pdf"]
    assert names(sort_out(listed, KEY, settings(attachment_max_mb=0))) == []


def test_pictures_of_the_text_only_when_asked_for() -> None:
    logo = attachment("logo.png", content_type="image/png; name=logo.png", is_shown=True)
    document = attachment("scan.pdf", is_inline=True, is_shown=True)
    without = sort_out([logo, document], KEY, settings())
    assert (names(without), without.notes) == (["scan.pdf"], "")
    assert names(sort_out([logo, document], KEY, settings(inline_images=True))) == ["logo.png", "scan.pdf"]


def test_a_photo_that_the_text_does_not_show_is_a_file_though_it_is_flagged_inline() -> None:
    photo = attachment("image0.jpeg", content_type="image/jpeg", is_inline=True, content_id="11AA@icloud")
    found = sort_out([photo], KEY, settings())
    assert (names(found), found.notes) == (["image0.jpeg"], "")


@pytest.mark.parametrize(
    "name",
    ["ATP Scan In Progress", "ATP Scan In Progress.eml", "Safe Attachments Scan In Progress", "atp scan in progress"],
)
def test_while_attachments_are_scanned_nothing_is_final(name: str) -> None:
    found = sort_out([attachment(name, kind=AttachmentKind.ITEM), attachment()], KEY, settings())
    assert found.scanning
    assert names(found) == ["plan.pdf"]
    assert found.fields == {}


def test_a_mail_about_scanning_is_no_placeholder() -> None:
    assert not sort_out([attachment("ATP Scan In Progress - what is it.pdf")], KEY, settings()).scanning


def test_keys_are_the_same_from_another_copy_in_another_order_and_of_another_size() -> None:
    listed = [attachment("a.pdf", size=10), attachment("a.pdf", size=20), attachment("b.pdf")]
    other = [replace(item, id=f"other-{item.id}", size=item.size + 100) for item in reversed(listed)]
    here = {(file.key, file.name) for file in sort_out(listed, KEY, settings()).files}
    there = {(file.key, file.name) for file in sort_out(other, KEY, settings()).files}
    assert here == there
    assert len(here) == 3


def test_of_two_files_with_one_name_each_keeps_its_key() -> None:
    small, large = attachment("a.pdf", id="small", size=10), attachment("a.pdf", id="large", size=20)
    found = [sort_out(listed, KEY, settings()).files for listed in ([small, large], [large, small])]
    assert len({tuple(sorted((file.attachment, file.key) for file in files)) for files in found}) == 1


def test_an_item_is_never_taken_for_a_file_of_its_name() -> None:
    [file] = sort_out([attachment("a")], KEY, settings()).files
    [item] = sort_out([attachment("a", kind=AttachmentKind.ITEM)], KEY, settings()).files
    assert file.key != item.key


def test_a_key_fits_its_field_and_begins_with_that_of_the_mail() -> None:
    [file] = sort_out([attachment("a.pdf")], KEY, settings()).files
    assert file.key == f"{KEY}:{hashlib.sha256(b'file' + bytes([10]) + b'a.pdf' + bytes([10]) + b'0').hexdigest()[:31]}"
    assert len(file.key) == 64


def test_an_item_and_a_file_of_one_name_are_two() -> None:
    found = sort_out([attachment("a"), attachment("a", kind=AttachmentKind.ITEM)], KEY, settings())
    assert len({file.key for file in found.files}) == 2


def test_the_file_in_another_copy_is_found_by_its_key() -> None:
    wanted = sort_out([attachment("a.pdf"), attachment("b.pdf")], KEY, settings()).files
    others = sort_out([attachment("b.pdf", id="elsewhere")], KEY, settings()).files
    assert same_in(others, wanted[0]) is None
    found = same_in(others, wanted[1])
    assert found is not None
    assert found.attachment == "elsewhere"


def test_only_what_is_not_there_is_missing() -> None:
    wanted = sort_out([attachment("a.pdf"), attachment("b.pdf")], KEY, settings()).files
    assert missing(wanted, [wanted[0].key, "", "another"]) == (wanted[1],)


def files(*keys: str) -> tuple[StoredFile, ...]:
    return tuple(StoredFile(key=key, document=RecordId(f"069{number:015d}")) for number, key in enumerate(keys))


def test_a_stored_mail_is_listed_again_when_files_are_missing() -> None:
    mail = stored(key=KEY, attachment_count=2, files=files(f"{KEY}:a", ""))
    assert needs_list(mail)
    assert not needs_list(replace(mail, files=files(f"{KEY}:a", f"{KEY}:b")))
    assert not needs_list(replace(mail, attachment_count=0, files=()))


def test_the_whole_mail_is_no_attachment_that_is_there() -> None:
    mail = stored(key=KEY, attachment_count=1, files=files(whole_mail(KEY, "any").key))
    assert needs_list(mail)


def test_a_stored_mail_without_a_count_is_listed() -> None:
    assert needs_list(stored(key=KEY, attachment_count=None))


def test_of_files_with_one_key_the_lowest_document_stays() -> None:
    assert duplicates([("a", "3"), ("a", "1"), ("b", "2"), ("a", "2")]) == ("2", "3")
    assert duplicates([("a", "1"), ("b", "1x")]) == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\Users\\a\\plan.docx", "C_Users_a_plan.docx"),
        ("what? <draft>.txt", "what_ _draft_.txt"),
        ("two\r\nlines.txt", "two lines.txt"),
        ("", "attachment"),
        (" . ", "attachment"),
        ("übersicht – März.pdf", "übersicht – März.pdf"),
    ],
)
def test_a_name_is_safe_on_any_system(given: str, expected: str) -> None:
    assert file_name(given) == expected


def test_a_name_without_extension_gets_one_by_its_type() -> None:
    assert names(sort_out([attachment("scan"), attachment("")], KEY, settings())) == ["scan.pdf", "attachment.pdf"]


def test_a_long_name_keeps_its_extension() -> None:
    name = file_name("x" * 300 + ".docx")
    assert (len(name), name[-6:]) == (NAME_LIMIT, "x.docx")
    assert units(file_name("😀" * 200 + ".pdf")) <= NAME_LIMIT


@given(st.text(max_size=400))
def test_any_name_becomes_one_that_fits(text: str) -> None:
    name = file_name(text, "eml")
    assert 0 < units(name) <= NAME_LIMIT
    assert not set(name) & set('\\/:*?"<>|\r\n\0')
    assert file_name(name) == name


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("Your question", b"Received: from a\r\n", "Your question.eml"),
        ("Lunch", b"\xef\xbb\xbfBEGIN:VCALENDAR\r\n", "Lunch.ics"),
        ("Rita Reed", b"begin:vcard\r\n", "Rita Reed.vcf"),
        ("already.EML", b"", "already.EML"),
        ("v1.2 of it", b"", "v1.2 of it.eml"),
    ],
)
def test_an_item_is_named_by_what_it_is(name: str, head: bytes, expected: str) -> None:
    assert item_name(name, head) == expected


@given(st.text(max_size=300), st.binary(max_size=40))
def test_an_items_name_fits(text: str, head: bytes) -> None:
    assert units(item_name(file_name(text), head)) <= NAME_LIMIT


def test_the_whole_mail_is_named_after_its_subject() -> None:
    file = whole_mail(KEY, "Re: fees / costs")
    assert (file.name, file.attachment) == ("Re_ fees _ costs.eml", None)
    assert len(file.key) == 64
    assert units(whole_mail(KEY, "x" * 500).name) == NAME_LIMIT


def test_notes_end_where_the_field_does() -> None:
    many = [attachment(f"{number:04d}{'x' * 200}.exe") for number in range(300)]
    notes = sort_out(many, KEY, settings()).notes
    lines = notes.split("\n")
    assert units(notes) + len(lines) <= 32_768
    assert lines[-1] == f"… and {300 - len(lines) + 1} more"


@pytest.mark.parametrize("extension", sorted(BLOCKED))
def test_every_blocked_type_is_blocked(extension: str) -> None:
    assert sort_out([attachment(f"a.{extension.upper()}")], KEY, settings()).files == ()


@pytest.mark.parametrize(
    ("listed", "length", "head", "short"),
    [
        (5, 5, b"hello", False),
        (4_000, 5, b"hello", False),  # what a mailbox keeps beside a file
        (300, 0, b"", True),
        (5_000, 4, b"null", True),
        (10, 4, b"null", False),
        (20_000, 10_000, b"%PDF", True),
        (1_370_000, 1_000_000, b"%PDF", False),  # a list that counts the file as it is encoded
        (1_000_000, 600_000, b"%PDF", True),
        (100, 5_000, b"%PDF", False),
    ],
)
def test_a_part_of_a_file_is_not_the_file_that_was_listed(
    listed: int, length: int, head: bytes, *, short: bool
) -> None:
    assert falls_short(WantedFile(key="k", name="a", attachment="a", size=listed), length, head) is short


def test_an_item_may_have_any_length_but_none() -> None:
    item = WantedFile(key="k", name="a", attachment="a", is_item=True, size=100_000)
    assert [falls_short(item, length, b"x") for length in (0, 1, 200_000)] == [True, False, False]
    assert not falls_short(WantedFile(key="k", name="a.eml"), 1, b"x")
