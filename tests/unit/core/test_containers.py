"""The files inside signed mail and inside winmail.dat."""

import struct
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.writing.attachments import sort_out
from connector.core.writing.containers import LARGEST, is_container, listed, parts_of
from connector.model.mail import Attachment, AttachmentKind
from tests.support.builders import settings

PDF = b"%PDF-1.7 contract"


def attachment(name: str = "smime.p7m", content_type: str = "multipart/signed", size: int = 5_000) -> Attachment:
    return Attachment(id="a1", kind=AttachmentKind.FILE, name=name, content_type=content_type, size=size)


def signed() -> bytes:
    """A clear-signed mail with a text in two forms, two files, a mail, and its signature."""
    text = MIMEMultipart("alternative")
    text.attach(MIMEText("Please sign", "plain"))
    text.attach(MIMEText("<p>Please sign</p>", "html"))
    inner = MIMEMultipart("mixed")
    inner.attach(text)
    for name, data in (("Vertrag März.pdf", PDF), ("notes.txt", b"notes")):
        file = MIMEApplication(data)
        file.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
        inner.attach(file)
    mail = EmailMessage()
    mail["Subject"] = "Your question"
    mail.set_content("The one you asked for")
    wrapped = MIMEMultipart("mixed")
    whole = EmailMessage()
    whole.set_content(mail)
    wrapped.attach(whole)
    inner.attach(wrapped)
    outer = MIMEMultipart("signed", protocol="application/pkcs7-signature", micalg="sha-256")
    outer.attach(inner)
    signature = MIMEApplication(b"\x30\x80", "pkcs7-signature")
    signature.add_header("Content-Disposition", "attachment", filename="smime.p7s")
    outer.attach(signature)
    return bytes(outer)


def tnef(*files: tuple[str, bytes, bool]) -> bytes:
    """A winmail.dat with these files: name, content, and whether the content is a property."""

    def attribute(level: int, kind: int, data: bytes) -> bytes:
        return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    def text(kind: int, name: int, value: bytes) -> bytes:
        return struct.pack("<HHII", kind, name, 1, len(value)) + value + b"\0" * (-len(value) % 4)

    out = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x89006, b"\0\0\1\0")
    for name, content, as_property in files:
        properties = [
            struct.pack("<HHI", 0x03, 0x3705, 1),
            struct.pack("<HH", 0x1F, 0x8001) + b"\0" * 16 + struct.pack("<II", 0, 7) + text(0x1F, 0, b"x\0\0\0")[4:],
            text(0x1F, 0x3707, (name + "\0").encode("utf-16-le")),
            text(0x1E, 0x370E, b"application/pdf\0"),
        ]
        if as_property:
            properties.append(text(0x0D, 0x3701, b"\0" * 16 + content))
        out += attribute(2, 0x69002, b"\0" * 14) + attribute(2, 0x18010, b"SHORT~1.PDF\0")
        if not as_property:
            out += attribute(2, 0x6800F, content)
        out += attribute(2, 0x69005, struct.pack("<I", len(properties)) + b"".join(properties))
    return out


def test_the_files_of_a_signed_mail() -> None:
    found = parts_of(signed())
    assert [part.name for part in found] == ["Vertrag März.pdf", "notes.txt", "Your question.eml"]
    assert found[0].content == PDF
    assert b"The one you asked for" in found[2].content


@pytest.mark.parametrize("as_property", [False, True])
def test_the_files_of_a_winmail_dat(as_property: bool) -> None:
    found = parts_of(tnef(("Vertrag März.pdf", PDF, as_property), ("b.pdf", b"second", as_property)))
    assert [(part.name, part.content) for part in found] == [("Vertrag März.pdf", PDF), ("b.pdf", b"second")]
    assert found[0].content_type == "application/pdf"


def test_they_are_stored_beside_what_they_stand_in() -> None:
    outer = attachment()
    found = sort_out([outer, *listed(outer, signed())], "0" * 32, settings())
    assert [(file.name, file.attachment, file.part) for file in found.files] == [
        ("smime.p7m", "a1", None),
        ("Vertrag März.pdf", "a1", 0),
        ("notes.txt", "a1", 1),
        ("Your question.eml", "a1", 2),
    ]
    assert len({file.key for file in found.files}) == 4


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (attachment(), True),
        (attachment(content_type='Multipart/Signed; protocol="application/pkcs7-signature"'), True),
        (attachment("winmail.dat", "application/octet-stream"), True),
        (attachment("x.dat", "application/ms-tnef"), True),
        (attachment("smime.p7m", "application/pkcs7-mime"), False),
        (attachment(size=LARGEST + 1), False),
        (attachment("plan.pdf", "application/pdf"), False),
    ],
)
def test_what_is_looked_into(item: Attachment, expected: bool) -> None:
    assert is_container(item) is expected


@given(st.binary(max_size=300), st.sampled_from([signed(), tnef(("a.pdf", PDF, True))]), st.integers(0, 5_000))
def test_damage_raises_nothing(noise: bytes, whole: bytes, position: int) -> None:
    at = position % len(whole)
    for damaged in (noise, whole[:at], whole[:at] + noise, whole[:at] + noise + whole[at + len(noise) :]):
        parts_of(damaged)


def test_parts_within_parts_without_end_are_no_file() -> None:
    deep = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(3_000))
    parts_of(f'Content-Type: multipart/signed; boundary="b"\n\n--b\n{deep}'.encode())
