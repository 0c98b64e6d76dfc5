"""The tree of MIME parts of a message, each with its own bytes.

The standard library's parser is not used for it: it takes every message/* part apart and loses its bytes, which
Exchange hands out again, and it raises on some boundaries and parameters that arrive in real mail.
"""

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from m365sandbox.mail.charset import in_utf8
from m365sandbox.mail.headers import Headers, base64_bytes, first, split_headers, text_of, value_and_parameters

_WORD_CHARSET = re.compile(rb"=\?([A-Za-z0-9_.:-]{1,40})(?:\*[^?\s]*)?\?[bBqQ]\?")
# Deeper nesting than this is an attack, not a mail: what lies below stays a file.
_MAX_DEPTH = 60
_MAX_PARTS = 2_000
# Two tokens of RFC 2045 5.1, none of whose characters is special there.
_MEDIA_TYPE = re.compile(r"[^\s()<>@,;:\\\"/\[\]?=]+/[^\s()<>@,;:\\\"/\[\]?=]+")


@dataclass(slots=True)
class Part:
    """A message or one part of it. `view` is its body as transferred, `children` is empty unless it is a multipart."""

    headers: Headers
    view: memoryview
    content_type: str
    parameters: dict[str, str]
    children: list["Part"] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        """The body as it was transferred."""
        return bytes(self.view)

    @property
    def is_multipart(self) -> bool:
        """Whether it was taken apart."""
        return bool(self.children)

    @property
    def disposition(self) -> str:
        """`inline`, `attachment`, or empty."""
        return value_and_parameters(first(self.headers, "Content-Disposition"))[0]

    @property
    def filename(self) -> str:
        """The name the sender gave the part, or empty."""
        _, parameters = value_and_parameters(first(self.headers, "Content-Disposition"))
        name = parameters.get("filename") or self.parameters.get("name") or ""
        return " ".join(name.split())

    @property
    def content_id(self) -> str | None:
        """The Content-ID without its angle brackets."""
        return text_of(first(self.headers, "Content-ID")).strip("<> ") or None

    def content(self) -> bytes:
        """The body with its transfer encoding taken off; as it is where that is unknown or broken."""
        encoding = text_of(first(self.headers, "Content-Transfer-Encoding")).lower()
        name = re.match(r"[\w-]*", encoding)
        match name.group() if name else "":
            case "quoted-printable":
                return quopri.decodestring(self.body)
            case "base64":
                decoded = base64_bytes(self.view)
                return self.body if decoded is None else decoded
            case "x-uuencode" | "uuencode" | "x-uue" | "uue":
                return _uudecoded(self.body)
        return self.body


def parse_parts(raw: bytes) -> Part:
    """The message as a tree of parts. Never raises."""
    headers, body = split_headers(memoryview(raw))
    root = _part(headers, body, "text/plain", depth=0)
    _write_headers_in_utf8(root)
    return root


def charsets_of(root: Part) -> set[str]:
    """The charsets that a mail names: those of its parts, and of the encoded words in its headers."""
    stated = {part.parameters.get("charset", "") for part in leaves(root)}
    words = (_WORD_CHARSET.findall(value) for _, value in root.headers)
    return {*stated, *(name.decode("ascii", "replace") for found in words for name in found)} - {""}


def _write_headers_in_utf8(root: Part) -> None:
    """Headers of raw bytes say nothing of their charset: it is one for the whole mail, mostly that of its text."""
    parts = list(_all(root))
    if all(value.isascii() for part in parts for _, value in part.headers):
        return
    written = iter(in_utf8([value for part in parts for _, value in part.headers], charsets_of(root)))
    for part in parts:
        part.headers = [(name, next(written)) for name, _ in part.headers]
        part.parameters = value_and_parameters(first(part.headers, "Content-Type"))[1]


def _all(part: Part) -> Iterator[Part]:
    yield part
    for child in part.children:
        yield from _all(child)


def leaves(part: Part) -> Iterator[Part]:
    """The parts that are not multiparts, in the order they were written."""
    if not part.is_multipart:
        yield part
        return
    for child in part.children:
        yield from leaves(child)


def _part(headers: Headers, body: memoryview, default_type: str, depth: int) -> Part:
    content_type, parameters = value_and_parameters(first(headers, "Content-Type"))
    if not _MEDIA_TYPE.fullmatch(content_type):
        # RFC 2045 5.2: a Content-Type that says nothing valid is plain text.
        content_type = default_type if not content_type else "text/plain"
    part = Part(headers, body, content_type, parameters)
    boundary = parameters.get("boundary", "").rstrip()
    if content_type.startswith("multipart/") and boundary and depth < _MAX_DEPTH:
        default = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
        part.children = [_part(*split_headers(piece), default, depth + 1) for piece in _pieces(body, boundary)]
    return part


def _pieces(body: memoryview, boundary: str) -> list[memoryview]:
    """What stands between the delimiter lines; preamble and epilogue are left out, a missing end is tolerated."""
    mark = re.escape(boundary.encode("utf-8", "replace"))
    # That it begins a line is looked up afterwards: a pattern with fixed first letters is found much faster.
    delimiter = re.compile(rb"--" + mark + rb"(--)?[ \t]*(?:\r*\n|\r|\Z)")
    pieces: list[memoryview] = []
    start: int | None = None
    for found in delimiter.finditer(body):
        if found.start() and body[found.start() - 1] not in b"\r\n":
            continue
        if start is not None:
            pieces.append(_without_last_break(body[start : found.start()]))
        start = None if found.group(1) else found.end()
        if start is None or len(pieces) >= _MAX_PARTS:
            break
    if start is not None and bytes(body[start:]).strip():
        pieces.append(body[start:])
    return pieces


def _without_last_break(piece: memoryview) -> memoryview:
    """The line break before a delimiter belongs to the delimiter (RFC 2046 5.1.1)."""
    end = bytes(piece[-2:])
    for ending in (b"\r\n", b"\n", b"\r"):
        if end.endswith(ending):
            return piece[: -len(ending)]
    return piece


def _uudecoded(body: bytes) -> bytes:
    decoded = b""
    for line in body.splitlines():
        if line.startswith((b"begin ", b"end")) or not line.strip():
            continue
        try:
            decoded += binascii.a2b_uu(line)
        except binascii.Error:  # some encoders write a wrong length: take what the line must hold
            length = ((line[0] - 32) & 63) * 4 // 3 + 1
            decoded += _uu_line(line[: length + 1])
    return decoded or body


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        return b""


# A whole block: what lacks its end is text about such a thing, not one.
_UUENCODED = re.compile(
    rb"^begin [0-7]{3,4} (?P<name>[^\r\n]{1,255})\r?\n"
    rb"(?P<lines>(?:[ -`]{1,86}\r?\n)+?)(?:[ `]?\r?\n)?end[ \t]*(?:\r?\n|\Z)",
    re.MULTILINE,
)


def taken_out(body: bytes) -> tuple[bytes, list[Part]]:
    """The text without the files that old mail programs wrote into it (uuencode), and the files.

    Exchange shows them as attachments.
    """
    found: list[Part] = []
    kept: list[bytes] = []
    at = 0
    for block in _UUENCODED.finditer(body):
        kept.append(body[at : block.start()])
        at = block.end()
        headers = [
            ("Content-Transfer-Encoding", b"x-uuencode"),
            ("Content-Disposition", b'attachment; filename="' + block.group("name").replace(b'"', b"'").strip() + b'"'),
        ]
        found.append(Part(headers, memoryview(block.group("lines")), "application/octet-stream", {}))
    return b"".join([*kept, body[at:]]), found


SMIME_NAME = "smime.p7m"
_OPAQUE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})


def is_clear_signed(root: Part) -> bool:
    """Whether the mail is signed text with an S/MIME signature beside it. PGP's is an attachment like any other."""
    if root.content_type != "multipart/signed" or len(root.children) != 2:
        return False
    return root.children[1].content_type in _SIGNATURES


def is_opaque(part: Part) -> bool:
    """Whether a part is encrypted, or signed together with its text."""
    return part.content_type in _OPAQUE


def signed_content(root: Part) -> Part:
    """The attachment that holds all of a clear-signed mail, its signature included.

    MS-OXOSMIME: it is the whole signed content as it came, of type multipart/signed; the mail's body is shown from the
    text that was signed. An opaque mail is that attachment alone.
    """
    content = b"Content-Type: " + (first(root.headers, "Content-Type") or b"") + b"\r\n\r\n" + root.body
    headers = [("Content-Disposition", f'attachment; filename="{SMIME_NAME}"'.encode())]
    return Part(headers, memoryview(content), root.content_type, {})
