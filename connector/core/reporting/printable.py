"""What may reach a terminal or a log: text of a mail may hold commands to the terminal, or turn the writing round.

The one place where such characters are escaped. The command line's consoles, its JSON, its errors and the log use it.
"""

import re

#: controls (a terminal obeys C0, C1 and DEL), line and paragraph ends of other scripts, marks that turn the direction
#: of writing, halves of surrogate pairs, and the invisible tags of plane 14
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def printable(text: str, *, keep: str = "") -> str:
    r"""`text` with every such character as its escape (`\x1b`, `\u202e`); those of `keep` stay."""
    return _HIDDEN.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def printable_json(text: str) -> str:
    """JSON with every such character as JSON escapes it, so that it is the same JSON."""
    return _HIDDEN.sub(lambda found: _in_json(found[0]), text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _in_json(char: str) -> str:
    code = ord(char)
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + (code - 0x10000 >> 10):04x}\\u{0xDC00 + (code - 0x10000 & 0x3FF):04x}"
