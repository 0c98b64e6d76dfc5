"""A letter of the demo as the bytes a mail program sends: signature, quotation, attachments, thread headers."""

import base64
import hashlib
import struct
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from html import escape
from importlib.resources import files
from pathlib import PurePath

from m365sandbox.firm.letters import Letter
from m365sandbox.firm.people import DOMAIN, STAFF, Staff, display_and_address

_TYPES = {".pdf": ("application", "pdf"), ".csv": ("text", "csv"), ".txt": ("text", "plain"), ".png": ("image", "png")}
_LOGO = f"logo@{DOMAIN}"
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def mime_of(letter: Letter, now: datetime, *, with_bcc: bool) -> bytes:
    """The letter on the wire. Bcc belongs in the sender's own copy only."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _written(letter.sender)
    if letter.behalf is not None:  # somebody who answers from a shared mailbox
        message["Sender"] = _written(letter.behalf)
    for name, people in (("To", letter.to), ("Cc", letter.cc), ("Bcc", letter.bcc if with_bcc else ())):
        if people:
            message[name] = ", ".join(_written(who) for who in people)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.sent(now))
    message["Message-ID"] = letter.message_id
    message["Thread-Index"] = _thread_index(letter, now)
    earlier = [answered.message_id for answered in letter.earlier()]
    if earlier:
        message["In-Reply-To"] = earlier[0]
        message["References"] = " ".join(reversed(earlier))
    if letter.bulk:
        message["List-Unsubscribe"] = f"<mailto:unsubscribe@{display_and_address(letter.sender)[1].rpartition('@')[2]}>"
    _set_body(message, letter)
    for name in letter.attach:
        maintype, subtype = _TYPES[PurePath(name).suffix]
        message.add_attachment(_file(name, letter), maintype=maintype, subtype=subtype, filename=name)
    return message.as_bytes()


def _written(who: str) -> str:
    return formataddr(display_and_address(who))


def _thread_index(letter: Letter, now: datetime) -> str:
    """Outlook's thread key: 22 bytes (reserved, 5 of the first FILETIME, GUID of the thread), 5 more per reply."""
    chain = [letter, *letter.earlier()]
    ticks = int((chain[-1].sent(now) - _FILETIME_EPOCH).total_seconds()) * 10_000_000
    guid = hashlib.sha256(letter.thread.encode()).digest()[:16]
    replies = b"".join(struct.pack(">IB", reply.day, reply.number) for reply in reversed(chain[:-1]))
    return base64.b64encode(b"\x01" + struct.pack(">Q", ticks)[:5] + guid + replies).decode()


def _set_body(message: EmailMessage, letter: Letter) -> None:
    author = next((staff for staff in STAFF if staff.key == letter.sender), None)
    signature = f"\n\n--\n{author.name}\n{author.role}\nAlder & Finch Wealth" if author else ""
    message.set_content(letter.text + signature + _quoted(letter.answers), charset=letter.charset)
    if not letter.html:
        return
    message.add_alternative(_page(letter, author), subtype="html")
    if letter.logo:
        page = message.get_payload(1)
        if isinstance(page, EmailMessage):
            logo = (files("m365sandbox.firm") / "mail" / "files" / "logo.png").read_bytes()
            page.add_related(logo, "image", "png", cid=f"<{_LOGO}>", filename="logo.png", disposition="inline")


def _quoted(answered: Letter | None) -> str:
    if answered is None:
        return ""
    lines = "\n".join(f"> {line}" for line in answered.text.splitlines())
    return f"\n\n{display_and_address(answered.sender)[0]} wrote:\n{lines}"


def _page(letter: Letter, author: Staff | None) -> str:
    blocks = [_block(block) for block in letter.text.split("\n\n")]
    if author is not None:
        blocks.append(
            f'<table class="signature"><tr><td style="color:#164e63"><b>{escape(author.name)}</b><br>'
            f'{escape(author.role)}<br><a href="https://{DOMAIN}/">Alder &amp; Finch Wealth</a></td></tr></table>'
        )
    if letter.logo:
        blocks.append(f'<p><img src="cid:{_LOGO}" width="48" height="16" alt="logo"></p>')
    if letter.answers is not None:
        quoted = "".join(_block(block) for block in letter.answers.text.split("\n\n"))
        blocks.append(
            f"<p>{escape(display_and_address(letter.answers.sender)[0])} wrote:</p><blockquote>{quoted}</blockquote>"
        )
    return f'<html><body style="font-family:Calibri,sans-serif">{"".join(blocks)}</body></html>'


def _block(text: str) -> str:
    """A paragraph; lines that begin with a dash are a list."""
    lines = text.split("\n")
    plain = [escape(line) for line in lines if not line.startswith("- ")]
    items = "".join(f"<li>{escape(line[2:])}</li>" for line in lines if line.startswith("- "))
    return (f"<p>{'<br>'.join(plain)}</p>" if plain else "") + (f"<ul>{items}</ul>" if items else "")


def _file(name: str, letter: Letter) -> bytes:
    if name.endswith(".pdf"):
        return _pdf(f"{PurePath(name).stem.replace('-', ' ')} - {display_and_address(letter.sender)[0]}")
    return (files("m365sandbox.firm") / "mail" / "files" / name).read_bytes()


def _pdf(line: str) -> bytes:
    """One page with one line of text, as small as a valid PDF can be."""
    shown = line.encode("ascii", "replace").replace(b"\\", b"").replace(b"(", b"").replace(b")", b"")
    content = b"BT /F1 18 Tf 60 740 Td (" + shown + b") Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    document = b"%PDF-1.4\n"
    offsets: list[int] = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(document))
    return document + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end
