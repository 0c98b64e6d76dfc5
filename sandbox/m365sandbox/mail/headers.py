"""The header block of a message or a MIME part: lines, encoded words and parameters, read leniently."""

import binascii
import re
import string
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from m365sandbox.mail.charset import clean, decode

Headers = Sequence[tuple[str, bytes]]
#: A part of a mail is a view on the mail, so that a large one is not copied for each level of its tree.
Buffer = bytes | memoryview
Raw = TypeVar("Raw", bytes, memoryview)

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_FROM_LINE = re.compile(rb">?From (?![ \t]*:)[^\r\n]*(?:\r\n|\n|\r)")
# A no-break space is what a browser copies of one that it shows.
_BLANK_LINES = re.compile(rb"(?:(?:[ \t]|\xc2\xa0)*(?:\r\n|\n|\r))*(?:\xc2\xa0)*")
_BLANK_STARTS = (b" ", b"\t", b"\r", b"\n", b"\xc2")
# One of these stands in the header block of every mail.
_OF_MAIL = frozenset(
    {b"from", b"to", b"date", b"subject", b"message-id", b"received", b"return-path", b"delivered-to", b"mime-version"}
)
_MOST_NAMES = 200
_LINE = re.compile(rb"[^\r\n]*(?:\r*\n|\r|\Z)")
_WORD = re.compile(r"=\?([^?\s]*)\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*)*)\?=")
_PARAMETER = re.compile(r";\s*([^\s;=]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^;]*)", re.DOTALL)
_BASE64_STEP = 2**22
_BASE64 = string.ascii_letters + string.digits + "+/="
_NO_BASE64 = bytes(set(range(256)) - set(_BASE64.encode()))
_CONTINUED = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?\Z", re.ASCII)


def split_headers(raw: Raw) -> tuple[list[tuple[str, bytes]], Raw]:
    """The header fields of a message in their order, unfolded, and its body.

    A mailbox's `From ` line may lead. A line that is no header among lines that are is left out; with none after it,
    the body begins there: senders do forget the empty line.
    """
    at = 0
    while (line := _FROM_LINE.match(raw, at)) is not None:
        at = line.end()
    fields: list[tuple[str, list[bytes]]] = []
    while at < len(raw):
        whole = _line(raw, at)
        text, after = whole.rstrip(b"\r\n"), at + len(whole)
        if not text or (not text.strip() and not _header_at(raw, after)):
            return _unfolded(fields), raw[after:]
        field = _FIELD.match(text)
        if text[:1] in b" \t" and fields:
            fields[-1][1].append(text)
        elif field is not None:
            fields.append((field.group(1).decode("ascii"), [field.group(2)]))
        elif not fields or not _header_at(raw, after):
            return _unfolded(fields), raw[at:]
        at = after
    return _unfolded(fields), raw[at:]


def is_field(raw: Buffer, at: int) -> bool:
    """Whether a header field begins here."""
    return _FIELD.match(_line(raw, at)) is not None


def begins_with_headers(raw: bytes) -> bool:
    """Whether it begins with a header block of mail: nothing but fields, one of them such as mail has."""
    names: set[bytes] = set()
    at = 0
    while at < len(raw) and len(names) < _MOST_NAMES:
        line = _line(raw, at)
        field = _FIELD.match(line)
        if field is not None:
            names.add(field.group(1).lower())
        elif not line.strip():
            break
        elif not names or line[:1] not in b" \t":
            return False
        at += len(line)
    return not names.isdisjoint(_OF_MAIL)


def from_first_field(raw: bytes) -> bytes:
    """The mail from its first header field on, where empty lines or spaces stand before it.

    Pages that show a message's source put them there, and so do people who copy it. What is indented as a whole is
    moved to the margin. Where no header block follows, it is text, and stays as it is.
    """
    if raw[:1] not in _BLANK_STARTS:
        return raw
    begun = raw[_end_of_blank_lines(raw) :]
    margin = begun[: len(begun) - len(begun.lstrip(b" \t"))]
    if _FROM_LINE.match(begun) and begins_with_headers(_FROM_LINE.sub(b"", begun, count=1)):
        return begun
    moved = re.sub(rb"(?m)^" + margin, b"", begun) if margin else begun
    for candidate in (moved, begun[len(margin) :]):
        if begins_with_headers(candidate):
            return candidate
    return raw


def _end_of_blank_lines(raw: bytes) -> int:
    blank = _BLANK_LINES.match(raw)
    return blank.end() if blank else 0


def _line(raw: Buffer, at: int) -> bytes:
    found = _LINE.match(raw, at)
    return found.group() if found else b""


def _header_at(raw: Buffer, at: int) -> bool:
    text = _line(raw, at)
    return bool(text.strip()) and (text[:1] in b" \t" or _FIELD.match(text) is not None)


def _unfolded(fields: list[tuple[str, list[bytes]]]) -> list[tuple[str, bytes]]:
    return [(name, b"".join(lines).strip()) for name, lines in fields]


def first(headers: Headers, name: str) -> bytes | None:
    """The value of the first field of that name, or None."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def raw_text(value: bytes) -> str:
    """A header value as text, encoded words left as they are; raw 8-bit is UTF-8 or else Windows-1252."""
    return clean(decode(value, None))


def decode_words(text: str) -> str:
    """The text with its RFC 2047 encoded words decoded; one that cannot be decoded is left as it is written."""
    parts: list[str] = []
    pending: tuple[str, bytes] | None = None  # neighbours of one charset may share a character
    at = 0
    for word in _WORD.finditer(text):
        data = _word_bytes(word.group(2), word.group(3))
        if data is None:
            continue
        between = text[at : word.start()]
        charset = word.group(1).partition("*")[0].lower()  # RFC 2231 adds a language after a star
        if pending is not None and not between.strip():
            if pending[0] == charset:
                pending = (charset, pending[1] + data)
                at = word.end()
                continue
            between = ""
        if pending is not None:
            parts.append(decode(pending[1], pending[0]))
        parts.append(between)
        pending, at = (charset, data), word.end()
    if pending is not None:
        parts.append(decode(pending[1], pending[0]))
    return clean("".join([*parts, text[at:]]))


def _word_bytes(encoding: str, content: str) -> bytes | None:
    data = content.encode("utf-8", "replace")
    if encoding in "qQ":
        return _q_bytes(data)
    return base64_bytes(data)


def _q_bytes(data: bytes) -> bytes:
    spaced = data.replace(b"_", b" ")
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda match: bytes.fromhex(match.group(1).decode()), spaced)


def base64_bytes(data: Buffer) -> bytes | None:
    """The bytes of base64 as it comes: foreign characters are skipped, padding is added. None if nothing fits."""
    decoded: list[bytes] = []
    rest = b""
    for at in range(0, len(data), _BASE64_STEP):
        letters = rest + bytes(data[at : at + _BASE64_STEP]).translate(None, _NO_BASE64)
        *ended, rest = letters.split(b"=")
        decoded.extend(map(_base64_piece, ended))
        whole = len(rest) // 4 * 4
        decoded.append(binascii.a2b_base64(rest[:whole]))
        rest = rest[whole:]
    decoded.append(_base64_piece(rest))
    found = b"".join(decoded)
    return found if found or not bytes(data).strip() else None


def _base64_piece(letters: bytes) -> bytes:
    if len(letters) % 4 == 1:  # six bits are no byte
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def text_of(value: bytes | None) -> str:
    """A header value for people: decoded, on one line."""
    if value is None:
        return ""
    return " ".join(decode_words(raw_text(value)).split())


def value_and_parameters(value: bytes | None) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=x` as its lower-case value and its parameters, RFC 2231 continuations joined."""
    text = raw_text(value) if value is not None else ""
    main = text.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for name, quoted in _PARAMETER.findall(text):
        content = _unquoted(quoted)
        parts = _CONTINUED.match(name.lower())
        if parts is None or (parts.group(2) is None and parts.group(3) is None):
            plain.setdefault(name.lower(), decode_words(content))
            continue
        pieces.setdefault(parts.group(1), []).append((int(parts.group(2) or 0), parts.group(3) is not None, content))
    return main, {**plain, **{name: _joined(parts) for name, parts in pieces.items()}}


def _unquoted(value: str) -> str:
    value = value.strip()
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", r"\1", value.removeprefix('"').removesuffix('"'), flags=re.DOTALL)


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    charset: str | None = None
    data = b""
    for index, (_, encoded, content) in enumerate(sorted(parts, key=lambda part: part[0])):
        if encoded and index == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        piece = content.encode("utf-8", "replace")
        data += unquote_to_bytes(piece) if encoded else piece
    return decode(data, charset or None)
