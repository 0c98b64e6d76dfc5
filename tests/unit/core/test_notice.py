"""What a mail is, said at its head: meetings with their time and place, and mail that is sealed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.core.writing.body import sanitise
from connector.core.writing.notice import announced
from connector.graph import parse
from connector.model.mail import Attachment, AttachmentKind, Content, Meeting

ZONE = "Europe/London"
START, END = datetime(2026, 7, 3, 9, 0, tzinfo=UTC), datetime(2026, 7, 3, 10, 30, tzinfo=UTC)


def meeting(**fields: Any) -> Content:
    given = {"kind": "meetingRequest", "start": START, "end": END, "location": "Room <5>\r\nFirst floor", **fields}
    return Content(
        html="<html><body class=x><p>Dear Ann</p></body></html>", preview="Dear Ann", meeting=Meeting(**given)
    )


def test_a_meeting_says_what_when_and_where() -> None:
    found = announced(meeting(), ZONE)
    when = "When: Friday 3 July 2026, 10:00 – 11:30 (Europe/London)"
    assert found.preview == f"Meeting invitation. {when}. Where: Room <5> First floor. Dear Ann"
    html = sanitise(found).html
    assert html.index("Meeting invitation") < html.index(when) < html.index("Room &lt;5&gt; First floor")
    assert html.index("First floor") < html.index("Dear Ann")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"is_all_day": True, "start": datetime(2026, 7, 3, tzinfo=UTC), "end": datetime(2026, 7, 4, tzinfo=UTC)},
         "When: Friday 3 July 2026 (all day)"),
        ({"is_all_day": True, "start": datetime(2026, 7, 3, tzinfo=UTC), "end": datetime(2026, 7, 6, tzinfo=UTC)},
         "When: Friday 3 July 2026 – Sunday 5 July 2026 (all day)"),
        ({"end": datetime(2026, 7, 4, 23, 0, tzinfo=UTC)},
         "When: Friday 3 July 2026, 10:00 – Sunday 5 July 2026, 00:00 (Europe/London)"),
        ({"end": None}, "When: Friday 3 July 2026, 10:00 (Europe/London)"),
        ({"end": START}, "When: Friday 3 July 2026, 10:00 (Europe/London)"),
        ({"proposed_start": END}, "Proposed: Friday 3 July 2026, 11:30 (Europe/London)"),
    ],
)  # fmt: skip
def test_the_times_of_a_meeting(fields: dict[str, Any], line: str) -> None:
    assert f"{line}. " in announced(meeting(**fields), ZONE).preview


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("meetingCancelled", "Meeting cancelled"),
        ("meetingAccepted", "Meeting accepted"),
        ("meetingTenativelyAccepted", "Meeting tentatively accepted"),
        ("meetingDeclined", "Meeting declined"),
    ],
)
def test_the_kinds_of_meeting_mail(kind: str, said: str) -> None:
    assert announced(meeting(kind=kind), ZONE).preview.startswith(f"{said}. When: ")


def test_mail_that_is_no_meeting_stays_as_it_is() -> None:
    for content in (meeting(kind="none"), Content(html="<p>x</p>", preview="x", attachments=())):
        assert announced(content, ZONE) is content


def file(name: str, kind: str) -> Attachment:
    return Attachment(id="1", kind=AttachmentKind.FILE, name=name, content_type=kind, size=10)


SEALED = [
    ("smime.p7m", "application/pkcs7-mime", "", "Encrypted message (S/MIME)"),
    (
        "smime.p7m",
        "application/x-pkcs7-mime; smime-type=enveloped-data",
        "<html><body>&nbsp;</body></html>",
        "Encrypted",
    ),
    ("message.rpmsg", "application/x-microsoft-rpmsg-message", "<p>Ann sent you a message</p>", "Protected message"),
    ("message.rpmsg", "application/octet-stream", "", "Protected message"),
    ("ATT00001.dat", "application/pgp-encrypted", "", "Encrypted message (PGP)"),
    ("x.asc", "application/octet-stream", "-----BEGIN PGP MESSAGE-----", "Encrypted message (PGP)"),
]


@pytest.mark.parametrize(("name", "kind", "html", "said"), SEALED)
@pytest.mark.parametrize("is_html", [True, False])
def test_sealed_mail_says_so(name: str, kind: str, html: str, said: str, is_html: bool) -> None:
    body = html if is_html else html.replace("<html><body>&nbsp;</body></html>", " \n")
    found = announced(Content(html=body, is_html=is_html, attachments=(file(name, kind),)), ZONE)
    assert found.preview.startswith(said)
    assert said in sanitise(found).html


@pytest.mark.parametrize(
    ("name", "kind", "html"),
    [
        ("smime.p7m", "multipart/signed", "<p>readable</p>"),
        ("smime.p7m", "application/pkcs7-mime", "<p>readable</p>"),
        ("smime.p7s", "application/pkcs7-signature", ""),
        ("a.pdf", "application/pdf", ""),
    ],
)
def test_mail_that_can_be_read_is_not_called_sealed(name: str, kind: str, html: str) -> None:
    content = Content(html=html, attachments=(file(name, kind),))
    assert announced(content, ZONE) is content


def item(**members: Any) -> dict[str, Any]:
    moment = {"dateTime": "2026-07-03T09:00:00.0000000", "timeZone": "UTC"}
    return {
        "id": "1",
        "body": {"contentType": "html", "content": ""},
        "meetingMessageType": "meetingRequest",
        "startDateTime": moment,
        "location": {"displayName": "Room 5"},
        **members,
    }


def test_the_members_of_a_meeting_are_read() -> None:
    found = parse.content(item()).meeting
    assert found == Meeting(kind="meetingRequest", start=START, location="Room 5")
    berlin = {"dateTime": "2026-07-03T11:00:00.0000000", "timeZone": "Europe/Berlin"}
    proposed = parse.content(item(proposedNewTime={"start": berlin, "end": None})).meeting
    assert proposed is not None
    assert proposed.proposed_start == START


@pytest.mark.parametrize(
    "members",
    [
        {"startDateTime": "soon"},
        {"startDateTime": {"dateTime": "soon"}},
        {"startDateTime": {"dateTime": 5}},
        {"location": []},
        {"location": {"displayName": 5}},
        {"proposedNewTime": 1},
        {"meetingMessageType": 3},
        {"isAllDay": "yes"},
        {"startDateTime": {"dateTime": "9999-12-31T23:59:59", "timeZone": "America/New_York"}},
        {"startDateTime": {"dateTime": "2026-07-03T09:00:00", "timeZone": "../../etc/passwd"}},
    ],
)
def test_a_meeting_that_cannot_be_read_costs_nobody_the_mail(members: dict[str, Any]) -> None:
    content = announced(parse.content(item(**members)), ZONE)
    assert isinstance(content, Content)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00.0000000", "9999-12-31T23:59:59.0000000"])
@pytest.mark.parametrize("is_all_day", [True, False])
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_the_ends_of_time_are_no_fault_of_the_mail(text: str, is_all_day: bool, zone: str) -> None:
    moment = {"dateTime": text, "timeZone": "UTC"}
    given = item(startDateTime=moment, endDateTime=moment, isAllDay=is_all_day)
    assert announced(parse.content(given), zone).preview == "Meeting invitation. Where: Room 5"
