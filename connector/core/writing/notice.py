"""Mail whose text does not say what it is: meetings, and what is sealed. Said at the head of its body and preview."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from connector.model.mail import Attachment, AttachmentKind, Content, Meeting

_MEETINGS = {
    "meetingRequest": "Meeting invitation",
    "meetingCancelled": "Meeting cancelled",
    "meetingAccepted": "Meeting accepted",
    "meetingTenativelyAccepted": "Meeting tentatively accepted",
    "meetingTentativelyAccepted": "Meeting tentatively accepted",
    "meetingDeclined": "Meeting declined",
}
_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_RIGHTS = "application/x-microsoft-rpmsg-message"
_PGP = "application/pgp-encrypted"
_PGP_TEXT = "-----BEGIN PGP MESSAGE-----"
_BODY = re.compile(r"<body\b[^<>]*>", re.IGNORECASE)
_MARKUP = re.compile(
    r"<!--.*?-->|<(style|script|head|title)\b.*?</\1\s*>|<[^<>]*>|&nbsp;|&#160;", re.DOTALL | re.IGNORECASE
)
#: where no text was found in so much of a body there is none
_LOOKED_AT = 20_000


def announced(content: Content, zone: str) -> Content:
    """The content with what the mail is before it; as it is where its text says all. `zone` is the org's time zone."""
    lines = [*_lines(content, zone)]
    if not lines:
        return content
    if content.is_html:
        head, *rest = (escape(line, quote=False) for line in lines)
        notice = "<div>" + "<br>".join([f"<b>{head}</b>", *rest]) + "</div><br>"
        body = _BODY.search(content.html)
        at = body.end() if body else 0
        html = content.html[:at] + notice + content.html[at:]
    else:
        html = "\n".join([*lines, "", content.html])
    preview = ". ".join(lines)
    return replace(content, html=html, preview=f"{preview}. {content.preview}" if content.preview else preview)


def _lines(content: Content, zone: str) -> Iterator[str]:
    if content.meeting is not None:
        yield from _meeting(content.meeting, zone)
    elif isinstance(content.attachments, tuple):
        sealed = _sealed(content.attachments, content)
        if sealed:
            yield sealed
    elif _PGP_TEXT in content.html:
        yield "Encrypted message (PGP)"


def _meeting(meeting: Meeting, zone: str) -> Iterator[str]:
    kind = _MEETINGS.get(meeting.kind)
    if kind is None:
        return
    yield kind
    if meeting.start is not None:
        yield f"When: {_span(meeting.start, meeting.end, zone, is_all_day=meeting.is_all_day)}"
    if meeting.proposed_start is not None:
        yield f"Proposed: {_span(meeting.proposed_start, meeting.proposed_end, zone, is_all_day=False)}"
    if meeting.location:
        yield f"Where: {' '.join(meeting.location.split())}"


def _span(start: datetime, end: datetime | None, zone: str, *, is_all_day: bool) -> str:
    if is_all_day:
        # days have no zone: Graph shows their midnights as they are; the end is the day after the last
        last = end - timedelta(days=1) if end is not None else start
        days = _day(start) if last.date() <= start.date() else f"{_day(start)} – {_day(last)}"
        return f"{days} (all day)"
    begins = start.astimezone(ZoneInfo(zone))
    ends = end.astimezone(ZoneInfo(zone)) if end is not None else begins
    text = f"{_day(begins)}, {begins:%H:%M}"
    if ends.date() != begins.date():
        text += f" – {_day(ends)}, {ends:%H:%M}"
    elif ends != begins:
        text += f" – {ends:%H:%M}"
    return f"{text} ({zone})"


def _day(moment: datetime) -> str:
    return f"{moment:%A} {moment.day} {moment:%B} {moment.year}"


def _sealed(attachments: Sequence[Attachment], content: Content) -> str:
    files = [item for item in attachments if item.kind is AttachmentKind.FILE]
    types = {item.content_type.partition(";")[0].strip().lower() for item in files}
    names = {item.name.strip().lower() for item in files}
    if _RIGHTS in types or "message.rpmsg" in names:
        return "Protected message (rights management): only those it was sent to can read its text, in Outlook"
    if _PGP in types or _PGP_TEXT in content.html:
        return "Encrypted message (PGP): its text is in the attached file"
    if types & _SMIME and not _has_text(content):
        return "Encrypted message (S/MIME), or one sealed by a signature: its text is in the attached smime.p7m"
    return ""


def _has_text(content: Content) -> bool:
    text = content.html[:_LOOKED_AT]
    return bool((_MARKUP.sub("", text) if content.is_html else text).strip())
