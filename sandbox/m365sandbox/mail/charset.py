"""Bytes to text as a mail program does it: wrong and unknown charsets are tolerated, the result is valid text."""

import codecs
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from m365sandbox.mail.guess import guess

# Names that mail uses for what Windows (and so Exchange) decodes as a superset of it.
_SUPERSETS = {
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso-8859-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "big5": "big5hkscs",
    "latin-1": "cp1252",
    "x-cp1252": "cp1252",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "windows-949": "cp949",
    "x-euc-jp": "euc_jp",
    "iso-8859-8-e": "iso-8859-8",
    "dos-862": "cp862",
    "cp-850": "cp850",
    "x-mac-cyrillic": "mac_cyrillic",
}
_NAME = re.compile(r"[A-Za-z0-9_.:()+-]{1,40}\Z")
# Python's codecs that are no charsets of mail: they would interpret backslashes or take minutes.
_NOT_CHARSETS = frozenset({"unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "mbcs", "oem"})
# Charsets of seven bits whose escapes would pass for text in any other.
_SEVEN_BIT = frozenset({"hz", "utf_7", "utf-7", "iso2022_kr"})
_JAPANESE = frozenset(
    {"iso2022_jp", "iso2022_jp_ext", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004"}
)
_JIS = re.compile(rb"\x1b\$[@B]|\x1b\(I")
_JIS_RUN = re.compile(rb"\x1b(\$[@B]|\([BJI])")
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ufffd]")
# MAPI strings end at the first NUL, so no mailbox holds one; a lone surrogate cannot be written as UTF-8.
_IMPOSSIBLE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without what neither a mailbox nor JSON can hold: NUL is dropped, a lone surrogate replaced."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else _IMPOSSIBLE.sub("\ufffd", text)


def decode(data: bytes, charset: str | None, named: Iterable[str] = ()) -> str:
    """The text of `data` in its charset, or as well as it can be guessed. Never raises.

    `named`: charsets that the mail names elsewhere, where it names none, or a wrong one, for this text.
    """
    if _JIS.search(data) and _codec(charset) in (None, "utf-8", "ascii", *_JAPANESE):
        return clean(_decoded_jis(data))
    if _codec(charset) in _SEVEN_BIT:  # its escapes are valid UTF-8, and no text
        return clean(data.decode(_codec(charset) or "utf-7", "replace"))
    for name in (charset, "utf-8"):
        codec = _codec(name)
        if codec is None:
            continue
        try:
            return clean(data.decode(codec))
        except UnicodeError:
            continue
    codec = _codec(charset)
    if codec in (None, "utf-8", "ascii"):
        read = data.decode("utf-8", "replace")
        is_utf8 = len(_BEYOND_ASCII.findall(read)) > read.count("\ufffd")
        codec = "utf-8" if is_utf8 else guess(data, codecs_of(named)) or "cp1252"
    # Mostly right bytes in the stated charset read better than all of them in another.
    return clean(data.decode(codec, "replace"))


def in_utf8(values: Sequence[bytes], named: Iterable[str]) -> list[bytes]:
    """Lines of one mail in UTF-8, whatever it is that they are written in; nothing else is known of it."""
    raw = [value for value in values if not _is_utf8(value)]
    codec = guess(b"\n".join(raw), codecs_of(named)) or "cp1252"
    return [value if _is_utf8(value) else value.decode(codec, "replace").encode() for value in values]


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeError:
        return False
    return True


def codecs_of(charsets: Iterable[str]) -> set[str]:
    """Python's names of the charsets that are known."""
    return {codec for codec in map(_codec, charsets) if codec is not None}


def _decoded_jis(data: bytes) -> str:
    """ISO-2022-JP as Windows writes it, with characters that the standard has not (code page 50221)."""
    first, *runs = _JIS_RUN.split(data)
    parts = [first]
    for escape, run in zip(runs[::2], runs[1::2], strict=True):
        if escape in (b"$@", b"$B"):
            parts.append(_shifted(run))
        elif escape == b"(I":
            parts.append(bytes(byte | 0x80 for byte in run))
        else:
            parts.append(run)
    return b"".join(parts).decode("cp932", "replace")


def _shifted(pairs: bytes) -> bytes:
    """Two-byte JIS as Shift_JIS; a line break ends such a run, whatever the sender forgot."""
    found = bytearray()
    at = 0
    while at + 1 < len(pairs):
        row, cell = pairs[at], pairs[at + 1]
        if not (0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E):
            found.append(row)
            at += 1
            continue
        lead = (row - 0x21) // 2 + 0x81
        found.append(lead if lead <= 0x9F else lead + 0x40)
        found.append(cell + 0x7E if row % 2 == 0 else cell + (0x1F if cell < 0x60 else 0x20))
        at += 2
    return bytes(found) + pairs[at:]


@lru_cache(maxsize=256)
def _codec(charset: str | None) -> str | None:
    """Python's name of a text codec for the charset, or None where there is none."""
    if charset is None:
        return None
    name = charset.strip().strip("\"'").lower()
    name = _SUPERSETS.get(name.replace("windows-1252", "cp1252"), name)
    if not _NAME.match(name):
        return None
    try:
        found = codecs.lookup(name).name
        "a".encode(found)
    except (LookupError, UnicodeError):  # a codec that is no charset ("base64"), or the one named "undefined"
        return None
    return None if found.replace("-", "_") in _NOT_CHARSETS else found
