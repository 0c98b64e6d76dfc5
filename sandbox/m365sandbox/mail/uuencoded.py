"""Files that old mail programs wrote into the text itself, which Exchange shows as attachments."""

import re

from m365sandbox.mail.parts import Part

# A whole block: what lacks its end is text about such a thing, not one.
_BLOCK = re.compile(
    rb"^begin [0-7]{3,4} (?P<name>[^\r\n]{1,255})\r?\n"
    rb"(?P<lines>(?:[ -`]{1,86}\r?\n)+?)(?:[ `]?\r?\n)?end[ \t]*(?:\r?\n|\Z)",
    re.MULTILINE,
)


def taken_out(body: bytes) -> tuple[bytes, list[Part]]:
    """The text without the files in it, and the files."""
    found: list[Part] = []
    kept: list[bytes] = []
    at = 0
    for block in _BLOCK.finditer(body):
        kept.append(body[at : block.start()])
        at = block.end()
        headers = [
            ("Content-Transfer-Encoding", b"x-uuencode"),
            ("Content-Disposition", b'attachment; filename="' + block.group("name").replace(b'"', b"'").strip() + b'"'),
        ]
        found.append(Part(headers, memoryview(block.group("lines")), "application/octet-stream", {}))
    return b"".join([*kept, body[at:]]), found
