"""Text as Salesforce takes it: lengths in UTF-16 units, no character that a JSON or XML service refuses.

Used for every value that a mail brings; knows nothing of fields or objects.
"""

import re
import unicodedata
from collections.abc import Sequence

from connector.model.mail import Recipient

#: What XML 1.0 does not allow (NUL, C0 controls but tab, line feed and return, U+FFFE, U+FFFF), and the C1 controls
#: that are left of wrongly decoded Windows-1252; U+0085 is white space and stays.
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
#: The same as bytes: a pattern that begins with one certain byte is searched for at once.
_REFUSED_BYTES = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
_REFUSED_C1 = re.compile(b"\xc2[\x80-\x84\x86-\x9f]")
_REFUSED_LAST = re.compile(b"\xef\xbf[\xbe\xbf]")
#: A combining sequence longer than this is an ornament that may be cut anywhere.
_LONGEST_CLUSTER = 16
_JOINER = "\u200d"


def units(text: str) -> int:
    """The length of `text` as Salesforce counts it: UTF-16 code units."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def unreferenced(text: str) -> str:
    """`text` with every `@{` taken apart by an invisible word joiner.

    Composite resolves `@{name.field}` in any string of its sub-requests, and refuses the sub-request when there is no
    such reference (Salesforce REST guide: Composite, reference ids). Mail may contain it.
    """
    return text.replace("@{", "@\u2060{") if "@{" in text else text


def clean(text: str) -> str:
    """`text` without control characters; surrogate pairs are joined, a surrogate alone becomes U+FFFD.

    What Composite would take for a reference is taken apart (`unreferenced`).
    """
    text = unreferenced(text)
    if text.isascii() and text.isprintable():
        return text
    try:
        data = text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    else:
        # bytes are looked through many times as fast as characters
        refused = len(data.translate(None, _REFUSED_BYTES)) < len(data)
        if not refused and not (_REFUSED_C1.search(data) or _REFUSED_LAST.search(data)):
            return text
    return _REFUSED.sub("", text)


def one_line(text: str) -> str:
    """`text` on one line: every run of white space is one space, none at the ends."""
    return " ".join(text.split())


def cut(text: str, limit: int) -> str:
    """The longest beginning of `text` with at most `limit` units; splits neither a pair nor a base and its marks."""
    if len(text) * 2 <= limit or units(text) <= limit:
        return text
    end = _longest(text, limit)
    for start in range(end, max(end - _LONGEST_CLUSTER, 0), -1):
        if not _joined(text, start):
            return text[:start]
    return text[:end]


def _longest(text: str, limit: int) -> int:
    """How many characters of `text` have at most `limit` units."""
    end = min(limit, len(text))
    count = units(text[:end])
    while count > limit:
        end -= 1
        count -= 2 if text[end] > "\uffff" else 1
    return end


def _joined(text: str, index: int) -> bool:
    """Whether the character at `index` belongs to the one before it."""
    if index >= len(text):
        return False
    return (
        text[index - 1] == _JOINER or text[index] == _JOINER or unicodedata.category(text[index]) in ("Mn", "Me", "Mc")
    )


def encoded_length(html: str) -> int:
    """The length of `html` as a rich text field counts it: units, with `& < > " '` as their entities.

    Salesforce help 000382141: the limit holds for the HTML as stored, which is longer than what was sent. Markup is
    counted like text, so the result is never too small.
    """
    count = html.count
    # how much longer each is as `&amp;`, `&#39;`, `&lt;`, `&gt;`, and `&quot;`
    return units(html) + 4 * (count("&") + count("'")) + 3 * (count("<") + count(">")) + 5 * count('"')


def join_addresses(recipients: Sequence[Recipient], limit: int) -> str:
    """`Name <address>; …` of at most `limit` units; ends in `… and n more` where not all of them fit."""
    shown = [text for text in map(_address, recipients) if text]
    whole = "; ".join(shown)
    if units(whole) <= limit:
        return whole
    #: the longest ending there can be, so that what is kept need not be counted twice
    room = limit - units(f"; … and {len(shown)} more")
    kept, used = 0, 0
    for text in shown:
        used += units(text) + (2 if kept else 0)
        if used > room:
            break
        kept += 1
    ending = f"… and {len(shown) - kept} more"
    return cut("; ".join([*shown[:kept], ending]), limit)


def _address(recipient: Recipient) -> str:
    name, address = one_line(clean(recipient.name)), one_line(clean(recipient.address))
    if not name or name.casefold() == address.casefold():
        return address
    return f"{name} <{address}>" if address else name
