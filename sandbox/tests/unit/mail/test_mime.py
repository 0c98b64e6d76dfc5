"""Mail as files becomes Graph messages: each odd thing that senders do, and never an exception."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365sandbox.mail.addresses import recipients
from m365sandbox.mail.mime import message_of
from m365sandbox.mail.text import html_of_text, preview_of, text_of_html

MAIL = Path(__file__).parents[2] / "fixtures" / "mail"
FILES = sorted(MAIL.iterdir())

# Members of the published v1.0 metadata (message, outlookItem; attachment and its kinds) that a mail's bytes can tell.
MESSAGE_MEMBERS = {
    "subject", "from", "sender", "toRecipients", "ccRecipients", "bccRecipients", "replyTo", "body", "bodyPreview",
    "importance", "internetMessageId", "internetMessageHeaders", "isReadReceiptRequested",
    "isDeliveryReceiptRequested", "hasAttachments", "attachments", "sentDateTime", "conversationIndex",
}  # fmt: skip
FILE_MEMBERS = {
    "@odata.type", "name", "contentType", "size", "isInline", "contentId", "contentLocation", "contentBytes",
}  # fmt: skip
ITEM_MEMBERS = {"@odata.type", "name", "contentType", "size", "isInline", "item"}


def fixture(name: str) -> dict[str, Any]:
    return message_of((MAIL / name).read_bytes())


def people(message: dict[str, Any], member: str) -> list[tuple[str, str]]:
    return [(person["emailAddress"]["name"], person["emailAddress"]["address"]) for person in message[member]]


def check_message(message: dict[str, Any]) -> None:
    """Serialisable as UTF-8, of the schema's members and types only, attachments and what they hold included."""
    json.dumps(message, ensure_ascii=False, allow_nan=False).encode("utf-8")
    assert set(message) - {"@odata.type"} <= MESSAGE_MEMBERS
    assert "\0" not in message["subject"] + message["body"]["content"]
    assert message["body"]["contentType"] in ("html", "text")
    assert message["importance"] in ("low", "normal", "high")
    assert len(message["bodyPreview"].encode("utf-16-le")) <= 2 * 255
    listed = ("toRecipients", "ccRecipients", "bccRecipients", "replyTo")
    for person in [message["from"], message["sender"], *(one for member in listed for one in message[member])]:
        if person is not None:
            assert set(person) == {"emailAddress"}
            assert set(person["emailAddress"]) == {"name", "address"}
            assert all(isinstance(value, str) for value in person["emailAddress"].values())
    for attachment in message["attachments"]:
        check_attachment(attachment)
    assert message["hasAttachments"] == any(not attachment["isInline"] for attachment in message["attachments"])


def check_attachment(attachment: dict[str, Any]) -> None:
    assert attachment["name"]
    if attachment["@odata.type"] == "#microsoft.graph.itemAttachment":
        assert set(attachment) == ITEM_MEMBERS
        check_message(attachment["item"])
    else:
        assert attachment["@odata.type"] == "#microsoft.graph.fileAttachment"
        assert set(attachment) == FILE_MEMBERS
        assert len(base64.b64decode(attachment["contentBytes"], validate=True)) == attachment["size"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_fixture_is_a_message_of_the_schema(file: Path) -> None:
    check_message(message_of(file.read_bytes()))


@given(st.binary(max_size=400), st.sampled_from(["Subject", "From", "To", "Date", "Content-Type", "X"]))
def test_any_bytes_after_a_header_are_a_message(data: bytes, header: str) -> None:
    check_message(message_of(header.encode() + b": " + data))


_PIECES = st.sampled_from(
    [
        "--b\n", "--b--\n", "--b1\n", "\n", "\r\n", "\r", "Content-Type: multipart/mixed; boundary=b\n",
        "Content-Type: multipart/alternative; boundary*0=b; boundary*1=1\n", "Content-Type: message/rfc822\n",
        "Content-Type: text/html; charset=utf-7\n", "Content-Transfer-Encoding: base64\n", "Content-Type: ;;=\n",
        "Content-Transfer-Encoding: x-uuencode\n", "Content-Disposition: inline; filename*=utf-16''%D8%3D\n",
        "Content-Transfer-Encoding: quoted-printable\n", "+2D0- =D8=3D\n", "QUJD=\n", "M0V%T\n", "Content-ID: <>\n",
        "To: a:b,<c:;>;(\n", "Date: Tue, 99 Feb 99999 99:99:99 +9999\n", "From: =?utf-16?q?=D8=3D?=\n", "\ud83d",
    ]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=25))
def test_any_arrangement_of_broken_mime_is_a_message(pieces: list[str]) -> None:
    raw = "Content-Type: multipart/mixed; boundary=b\n" + "".join(pieces)
    check_message(message_of(raw.encode("utf-8", "surrogatepass")))


@given(st.text(max_size=80))
def test_any_address_list_gives_recipients(text: str) -> None:
    for person in recipients(text):
        assert person["emailAddress"]["name"] or person["emailAddress"]["address"]


@given(st.lists(st.from_regex(r"[a-z][a-z0-9.]{0,8}@[a-z]{1,8}\.example", fullmatch=True), max_size=5))
def test_plain_addresses_come_back_as_they_were(addresses: list[str]) -> None:
    named = ", ".join(f'"Doe, {number}" <{address}>' for number, address in enumerate(addresses))
    assert [person["emailAddress"]["address"] for person in recipients(named)] == addresses
    assert [person["emailAddress"]["address"] for person in recipients(", ".join(addresses))] == addresses


def test_plain_text_becomes_html_with_links_and_its_lines() -> None:
    message = fixture("plain.eml")
    assert message["subject"] == "Plain"
    assert message["from"] == {"emailAddress": {"name": "Ada Archer", "address": "ada@client.example"}}
    assert message["sender"] == message["from"]
    assert message["sentDateTime"] == "2025-02-03T09:11:12Z"
    assert message["internetMessageId"] == "<plain.1@client.example>"
    assert message["body"]["contentType"] == "html"
    content = message["body"]["content"]
    assert "&nbsp;&nbsp;two spaces &amp; &lt;angles&gt;<br>" in content
    assert '<a href="https://client.example/a?b=1&amp;c=2">' in content
    assert message["bodyPreview"].startswith("Hello,\r\n\r\n  two spaces & <angles>")
    assert {"name": "Subject", "value": "Plain"} in message["internetMessageHeaders"]


def test_html_is_preferred_and_its_style_is_no_text() -> None:
    message = fixture("alternative.eml")
    assert "<b>HTML</b>" in message["body"]["content"]
    assert message["bodyPreview"] == "as HTML"
    assert message["attachments"] == []


def test_an_inline_image_alone_does_not_count_as_attachment() -> None:
    message = fixture("related-inline.eml")
    (image,) = message["attachments"]
    assert (image["isInline"], image["contentId"]) == (True, "logo.1@client.example")
    assert image["name"] == "ATT00001.png"
    assert base64.b64decode(image["contentBytes"]) == b"\x89PNG\r\n\x1a\n"
    assert message["hasAttachments"] is False


def test_attachments_keep_name_type_and_bytes() -> None:
    message = fixture("mixed-attachments.eml")
    assert message["hasAttachments"] is True
    table, report = message["attachments"]
    assert (table["name"], table["contentType"]) == ("rates.csv", "text/csv")
    assert base64.b64decode(table["contentBytes"]) == b"a,b\n1,2"
    assert (report["name"], report["contentType"]) == ("Übersicht 2025.pdf", "application/pdf")
    assert base64.b64decode(report["contentBytes"]) == b"%PDF-1.4\n"


def test_a_nested_message_is_an_item_with_its_own_attachments() -> None:
    (item,) = fixture("nested-message.eml")["attachments"]
    assert (item["@odata.type"], item["name"]) == ("#microsoft.graph.itemAttachment", "The inner one")
    inner = item["item"]
    assert inner["@odata.type"] == "#microsoft.graph.message"
    assert inner["internetMessageId"] == "<inner@other.example>"
    assert [attachment["name"] for attachment in inner["attachments"]] == ["deep.bin"]


def test_nesting_ends_before_python_does() -> None:
    raw = b"inner"
    for _ in range(400):
        raw = b"Content-Type: message/rfc822\n\n" + raw
    message = message_of(raw)
    depth = 0
    while message["attachments"] and "item" in message["attachments"][0]:
        message = message["attachments"][0]["item"]
        depth += 1
    assert 1 < depth < 50
    assert message["attachments"][0]["contentType"] == "message/rfc822"


def test_many_nested_multiparts_are_read_to_a_depth() -> None:
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
    check_message(message_of(opened + b"\n\nthe end"))


def test_winmail_stays_a_file() -> None:
    message = fixture("winmail.eml")
    (tnef,) = message["attachments"]
    assert (tnef["name"], tnef["contentType"]) == ("winmail.dat", "application/ms-tnef")
    assert message["bodyPreview"] == "The rest is in the other file."


def test_encoded_words_of_several_charsets() -> None:
    message = fixture("encoded-words.eml")
    assert message["subject"].startswith("Übersicht 😀")
    assert message["subject"].endswith("=?utf-8?X?broken?=")
    assert message["from"]["emailAddress"]["name"] == "Jürgen Müller"
    assert people(message, "toRecipients") == [("山田", "yamada@client.example")]
    assert people(message, "ccRecipients") == [("Renée", "renee@client.example")]


@pytest.mark.parametrize(
    ("name", "subject", "preview"),
    [
        ("raw-8bit-headers.eml", "café crème", "déjà vu"),
        ("unknown-charset.eml", "charset", "naïve and fine"),
        ("wrong-charset.eml", "charset", "crème € 5"),
        ("half-emoji.eml", "\ufffd half", "x \ufffd y"),
        ("broken-quoted-printable.eml", "qp", "100 € =XY and a soft break"),
        ("utf16.eml", "sixteen bits", "saved by a shell: ü"),
        ("crlf-and-nul.eml", "nul in it", "line one\r\nline two"),
    ],
)
def test_odd_charsets(name: str, subject: str, preview: str) -> None:
    message = fixture(name)
    assert (message["subject"], message["bodyPreview"]) == (subject, preview)


@pytest.mark.parametrize(
    ("name", "subject", "preview"),
    [
        ("bare.eml", "nobody wrote this", "no From, no Date, no Message-ID"),
        ("no-body.eml", "no body at all", ""),
        ("no-separator.eml", "no empty line", "the text begins at once\r\nand goes on"),
        ("junk-header-line.eml", "after junk folded", "body"),
        ("from-line.eml", "out of a mailbox", "body"),
        ("broken-boundary.eml", "never closed", "first"),
        ("similar-boundaries.eml", "similar", "short html"),
        ("no-header.txt", "", "Dear all,\r\n\r\nthis is only a text: it has no header."),
    ],
)
def test_broken_structure(name: str, subject: str, preview: str) -> None:
    message = fixture(name)
    assert (message["subject"], message["bodyPreview"]) == (subject, preview)


def test_what_a_mail_lacks_is_none() -> None:
    message = fixture("bare.eml")
    assert (message["from"], message["sender"], message["internetMessageId"]) == (None, None, None)
    assert "sentDateTime" not in message
    assert message["toRecipients"] == []


def test_a_truncated_base64_file_keeps_what_came() -> None:
    (cut,) = fixture("broken-boundary.eml")["attachments"]
    assert base64.b64decode(cut["contentBytes"]) == b"ABCDEF"


def test_uuencoded_file() -> None:
    (cat,) = fixture("uuencoded.eml")["attachments"]
    assert base64.b64decode(cat["contentBytes"]) == b"Cat"


def test_text_under_another_boundary_is_still_shown() -> None:
    assert "still readable" in fixture("wrong-boundary.eml")["body"]["content"]


def test_obsolete_spaces() -> None:
    message = fixture("spaced-headers.eml")
    assert message["from"]["emailAddress"] == {"name": "Ada Archer", "address": "ada@client.example"}
    assert people(message, "toRecipients") == [("tom@firm.example", "tom@firm.example")]
    assert message["sentDateTime"] == "1997-11-21T15:55:06Z"


def test_groups_give_their_members() -> None:
    message = fixture("groups.eml")
    assert people(message, "toRecipients") == [
        ("Whitcombe, George", "george@client.example"),
        ("margaret@client.example", "margaret@client.example"),
        ("late@client.example", "late@client.example"),
    ]
    assert message["from"]["emailAddress"]["address"] == "ada@client.example"
    assert (message["ccRecipients"], message["bccRecipients"]) == ([], [])


def test_odd_addresses() -> None:
    message = fixture("odd-addresses.eml")
    assert message["from"]["emailAddress"] == {"name": "MAILER-DAEMON", "address": ""}
    assert message["sender"]["emailAddress"]["address"] == "relay@client.example"
    assert [address for _, address in people(message, "toRecipients")] == [
        "Reception",
        "jo.bloggs",
        '"quoted local"@client.example',
        "routed@client.example",
        "semi@client.example",
    ]
    assert [address for _, address in people(message, "ccRecipients")] == [
        "link@client.example",
        "me@@client.example",
        "plain@client.example",
        "a@b@client.example",
    ]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("early-date.eml", "1969-02-14T03:02:54Z"),
        ("late-date.eml", "3609-06-30T09:33:50Z"),
        ("crlf-and-nul.eml", "2025-02-05T12:00:59Z"),
        ("bad-date.eml", None),
    ],
)
def test_dates(name: str, sent: str | None) -> None:
    assert fixture(name).get("sentDateTime") == sent


def test_importance_and_thread_index() -> None:
    message = fixture("crlf-and-nul.eml")
    assert message["importance"] == "high"
    assert message["conversationIndex"] == "AdpLxB8B7Z5yM0pQT6uYkq0m8H2b3w=="


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_text_survives_the_way_through_html(text: str) -> None:
    assert text_of_html(html_of_text(text)).split() == text.split()


@given(st.text(max_size=600))
def test_a_preview_is_at_most_255_units(text: str) -> None:
    assert len(preview_of(text).encode("utf-16-le", "surrogatepass")) <= 510


@pytest.mark.parametrize(
    "raw",
    [
        b"To: " + b"(" * 50_000,
        b"To: " + b"a:" * 50_000,
        b"Subject: " + b"=?" * 50_000,
        b"Content-Type: text/html\n\n" + b"<br " * 100_000,
        b"Content-Type: text/html\n\n" + b"<!--" * 50_000,
        b"Content-Type: text/plain" + b';a="' * 50_000,
    ],
    ids=["comments", "groups", "words", "breaks", "remarks", "parameters"],
)
def test_hostile_repetition_is_read_in_linear_time(raw: bytes) -> None:
    """Nothing is timed: what takes the square of this runs into the limit of the whole test run."""
    check_message(message_of(raw))
