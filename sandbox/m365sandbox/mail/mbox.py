"""Where the messages of an mbox begin, whichever program wrote it.

A line that begins with `From ` separates. Programs differ in what follows it (an address and a date, a date alone, a
dash, nothing) and in whether an empty line stands before it, and text has lines that begin so too. What tells them
apart is the line after it: a message begins with a header field.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from m365sandbox.mail.headers import begins_with_headers, is_field

_FROM = re.compile(rb"^From(?:[ \t][^\r\n]*)?(?:\r\n|\n|\r|\Z)", re.MULTILINE)
_DATE = rb"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?[ \t]+.*\d\d:\d\d"
# Who (a name without space, or a dash) and when; either may be missing.
_DATED = re.compile(rb"From[ \t]+(?:\S+[ \t]+)?" + _DATE, re.IGNORECASE)
_ENVELOPE = re.compile(rb"From(?:[ \t]+(?:-|\S*@\S*|mailer[-_]daemon))?(?:[ \t]+" + _DATE + rb".*)?\s*", re.IGNORECASE)
_ESCAPED = re.compile(rb"(?m)^>(>*From )")
_ESCAPED_LINES = re.compile(rb"(?:>+From [^\r\n]*(?:\r\n|\n|\r))*")
_BLANK_BEFORE = re.compile(rb"(?:\A|\n|\r)(?:\r\n|\n|\r)\Z")


def messages_of(data: bytes) -> Iterator[bytes]:
    """The messages, without the lines that separate them; nothing where no line separates.

    What stands before the first such line is a message of its own if it begins as one; else it is passed over.
    """
    separators = [(found.start(), found.end()) for found in _FROM.finditer(data) if _separates(data, found)]
    if separators and begins_with_headers(data[: separators[0][0]]):
        separators.insert(0, (0, 0))
    for (_, start), (end, _) in pairwise([*separators, (len(data), 0)]):
        yield _ESCAPED.sub(rb"\1", _without_last_line(data[start:end]))


def _separates(data: bytes, found: re.Match[bytes]) -> bool:
    line = found.group().rstrip()
    after = found.end()
    escaped = _ESCAPED_LINES.match(data, after)
    if is_field(data, escaped.end() if escaped else after):
        # of words that no program writes there, only a whole header block makes a separator
        return bool(_ENVELOPE.fullmatch(line) or _DATED.match(line)) or begins_with_headers(
            data[after : after + 65_536]
        )
    # a message without headers: nothing but its date and its place shows that it is one
    starts = found.start() == 0 or _BLANK_BEFORE.search(data[max(0, found.start() - 4) : found.start()]) is not None
    return starts and _DATED.match(line) is not None


def _without_last_line(message: bytes) -> bytes:
    """The empty line before a separator is no part of the message."""
    for ending in (b"\r\n", b"\n"):
        if message.endswith(2 * ending):
            return message[: -len(ending)]
    return message
