"""Which parts of a mail are its body and which are attachments, as Exchange decides it."""

import re
from dataclasses import dataclass, field

from m365sandbox.mail.calendar import METHODS, Meeting, meeting_of
from m365sandbox.mail.charset import decode
from m365sandbox.mail.parts import Part, charsets_of, is_clear_signed, leaves, signed_content, taken_out
from m365sandbox.mail.text import html_of_text, text_of_enriched, text_of_html, unflowed

_BODY_TYPES = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext"})
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_HEAD = 4096


@dataclass(slots=True)
class Content:
    """A mail taken apart: its body as HTML and as text, every part that is shown as an attachment, and its meeting."""

    html: str = ""
    text: str = ""
    attachments: list[Part] = field(default_factory=list)
    meeting: Meeting | None = None


def content_of(root: Part) -> Content:
    """The body of the mail and its attachments. Nothing is lost: a part that is no body is an attachment."""
    calendar, meeting = _meeting(root)
    if is_clear_signed(root):
        body, _ = _split(root.children[0], calendar)
        attachments = [signed_content(root)]
    else:
        body, attachments = _split(root, calendar)
        if body is None and root is not calendar:
            # a mail that shows nothing else shows the text that its sender gave a name to
            body, attachments = _split(root, calendar, named=True)
    content = Content(attachments=attachments, meeting=meeting)
    if body is None:
        if meeting is not None and meeting.description:
            content.html, content.text = html_of_text(meeting.description), meeting.description
        return content
    data = body.content()
    if body.content_type == "text/plain" and b"begin " in data:
        data, files = taken_out(data)
        content.attachments += files
    written = decode(data, _charset(body), charsets_of(root))
    if body.content_type == "text/html":
        content.html, content.text = written, text_of_html(written)
    else:
        shown = _plain(body, written)
        content.html, content.text = html_of_text(shown), shown
    return content


def _charset(body: Part) -> str | None:
    """What the part says, else what its HTML says of itself."""
    stated = body.parameters.get("charset")
    if stated or body.content_type != "text/html":
        return stated
    meta = _META_CHARSET.search(body.content()[:_HEAD])
    return meta.group(1).decode() if meta else None


def _plain(body: Part, written: str) -> str:
    """Text that is no HTML, as it is to be shown."""
    if body.content_type != "text/plain":
        return text_of_enriched(written)
    if body.parameters.get("format", "").strip().lower() == "flowed":
        return unflowed(written, delete_spaces=body.parameters.get("delsp", "").strip().lower() == "yes")
    return written


def _meeting(root: Part) -> tuple[Part | None, Meeting | None]:
    """The part that makes the mail a meeting's, and what it says. A calendar that is attached is a file."""
    for part in leaves(root):
        method = part.parameters.get("method", "")
        if part.content_type != "text/calendar" or part.disposition == "attachment" or method.upper() not in METHODS:
            continue
        meeting = meeting_of(decode(part.content(), part.parameters.get("charset")), method)
        if meeting is not None:
            return part, meeting
    return None, None


def _split(part: Part, calendar: Part | None, *, named: bool = False) -> tuple[Part | None, list[Part]]:
    """The body and the attachments of a part. `named`: texts with a file name may be a body too."""
    if part is calendar:
        return None, []
    if not part.is_multipart:
        if part.content_type.startswith("multipart/"):  # no boundary that occurs in it: what there is, is text
            part.content_type = "text/plain"
        return (part, []) if _may_be_body(part, named=named) else (None, [part])
    if part.content_type == "multipart/alternative":
        return _best(part, calendar, named=named)
    if part.content_type == "multipart/related":
        part.children.sort(key=lambda child: not _is_start(part, child))
    body: Part | None = None
    attachments: list[Part] = []
    for child in part.children:
        found, others = _split(child, calendar, named=named)
        if body is None or (found is not None and _is_blank(body)):
            body, found = found, None  # blank text before the real body is dropped
        attachments += ([found] if found is not None and not _is_blank(found) else []) + others
    return body, attachments


def _best(part: Part, calendar: Part | None, *, named: bool) -> tuple[Part | None, list[Part]]:
    """Of several forms of the same body the HTML one; of the others, only what is no text is kept."""
    forms = [_split(child, calendar, named=named) for child in part.children]
    bodies = [body for body, _ in forms if body is not None]
    rich = [body for body in bodies if body.content_type == "text/html" and not _is_blank(body)]
    filled = [body for body in bodies if not _is_blank(body)]
    best = next(iter(rich or filled or bodies), None)
    return best, [attachment for _, attachments in forms for attachment in attachments]


def _may_be_body(part: Part, *, named: bool) -> bool:
    return part.content_type in _BODY_TYPES and part.disposition != "attachment" and (named or not part.filename)


def _is_start(related: Part, child: Part) -> bool:
    """Whether it is the root of a multipart/related: the part named by `start`, else the first one with text."""
    start = related.parameters.get("start", "").strip("<> ")
    if start:
        return any(leaf.content_id == start for leaf in leaves(child)) or child.content_id == start
    return any(leaf.content_type in _BODY_TYPES for leaf in leaves(child))


def _is_blank(part: Part) -> bool:
    return not part.body.strip()
