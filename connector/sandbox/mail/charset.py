"""Bytes to text as a mail program does it: wrong and unknown charsets are tolerated, the result is valid text."""

import codecs
import re

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
}
_NAME = re.compile(r"[A-Za-z0-9_.:()+-]{1,40}\Z")
# Python's codecs that are no charsets of mail: they would interpret backslashes or take minutes.
_NOT_CHARSETS = frozenset({"unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "mbcs", "oem"})
# MAPI strings end at the first NUL, so no mailbox holds one; a lone surrogate cannot be written as UTF-8.
_IMPOSSIBLE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without what neither a mailbox nor JSON can hold: NUL is dropped, a lone surrogate replaced."""
    return _IMPOSSIBLE.sub("\ufffd", text.replace("\0", ""))


def decode(data: bytes, charset: str | None) -> str:
    """The text of `data` in the named charset, or as well as it can be guessed. Never raises."""
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
        return clean(data.decode("cp1252", "replace"))
    # Mostly right bytes in the stated charset read better than all of them in another.
    return clean(data.decode(codec, "replace"))


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
        b"".decode(found)
    except (LookupError, UnicodeError):  # UnicodeError: the codec named "undefined"
        return None
    return None if found.replace("-", "_") in _NOT_CHARSETS else found
