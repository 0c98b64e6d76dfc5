"""Meeting mail: what a calendar part makes of its message, and when it stays a file."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365sandbox.graph.delivery.members import check_message
from m365sandbox.mail.calendar import meeting_of
from m365sandbox.mail.mime import message_of
from m365sandbox.mail.recurrence import recurrence_of

# A zone as Outlook defines it: a Windows name, and rules that hold for ever.
ZONE = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*lines: str, method: str = "REQUEST", zone: str = "") -> str:
    event = "\n".join(("UID:1@firm.example", *lines))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:{method}\n{zone}BEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR\n"


def mail(text: str, *, method: str = "REQUEST", disposition: str = "") -> dict[str, Any]:
    """As Outlook sends it: the calendar is one of the forms of the body."""
    placed = f"Content-Disposition: {disposition}\n" if disposition else ""
    return message_of(
        (
            'From: ada@client.example\nSubject: Review\nContent-Type: multipart/alternative; boundary="b"\n\n'
            "--b\nContent-Type: text/plain\n\nPlease come.\n"
            "--b\nContent-Type: text/html\n\n<p>Please come.</p>\n"
            f"--b\nContent-Type: text/calendar; charset=utf-8; method={method}\n{placed}\n{text}\n--b--\n"
        ).encode()
    )


def moment(text: str) -> dict[str, str]:
    return {"dateTime": f"{text}.0000000", "timeZone": "UTC"}


def test_a_request_has_the_members_of_its_type() -> None:
    message = mail(
        calendar(
            "DTSTART;TZID=W. Europe Standard Time:20260310T100000",
            "DTEND;TZID=W. Europe Standard Time:20260310T110000",
            "LOCATION:Room 4\\, second\n  floor",
            "SEQUENCE:0",
            "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:tom@firm.example",
            zone=ZONE,
        )
    )
    check_message(message)
    assert message["@odata.type"] == "#microsoft.graph.eventMessageRequest"
    assert (message["startDateTime"], message["endDateTime"]) == (
        moment("2026-03-10T09:00:00"),
        moment("2026-03-10T10:00:00"),
    )
    assert message["location"]["displayName"] == "Room 4, second floor"
    assert (message["meetingMessageType"], message["meetingRequestType"]) == ("meetingRequest", "newMeetingRequest")
    assert (message["responseRequested"], message["allowNewTimeProposals"]) == (True, True)
    assert (message["type"], message["recurrence"], message["isAllDay"]) == ("singleInstance", None, False)
    assert message["attachments"] == []
    assert message["bodyPreview"] == "Please come."


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ("DTSTART:20260701T090000Z", "2026-07-01T09:00:00"),
        ("DTSTART;TZID=W. Europe Standard Time:20260701T090000", "2026-07-01T07:00:00"),
        ("DTSTART;TZID=W. Europe Standard Time:20260115T090000", "2026-01-15T08:00:00"),
        ("DTSTART;TZID=W. Europe Standard Time:20261224T090000", "2026-12-24T08:00:00"),
        ("DTSTART;TZID=America/New_York:20260701T090000", "2026-07-01T13:00:00"),
        ("DTSTART;TZID=Nowhere:20260701T090000", "2026-07-01T09:00:00"),
        ("DTSTART;TZID=../../etc/passwd:20260701T090000", "2026-07-01T09:00:00"),
        ("DTSTART;VALUE=DATE:20260701", "2026-07-01T00:00:00"),
    ],
)
def test_times_are_in_utc_whatever_the_zone(written: str, start: str) -> None:
    found = meeting_of(calendar(written, zone=ZONE), "REQUEST")
    assert found is not None
    assert found.members["startDateTime"] == moment(start)


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        (["DTSTART:20260701T090000Z", "DURATION:PT1H30M"], "2026-07-01T10:30:00"),
        (["DTSTART:20260701T090000Z"], "2026-07-01T09:00:00"),
        (["DTSTART;VALUE=DATE:20260701"], "2026-07-02T00:00:00"),
        (["DTSTART:20260701T090000Z", "DTEND:20260701T080000Z"], "2026-07-01T09:00:00"),
    ],
)
def test_a_meeting_has_an_end(lines: list[str], end: str) -> None:
    found = meeting_of(calendar(*lines), "REQUEST")
    assert found is not None
    assert found.members["endDateTime"] == moment(end)


def test_an_update_says_so_and_may_forbid_proposals() -> None:
    message = mail(calendar("DTSTART:20260701T090000Z", "SEQUENCE:2", "X-MICROSOFT-DISALLOW-COUNTER:TRUE"))
    assert message["meetingRequestType"] == "fullUpdate"
    assert (message["responseRequested"], message["allowNewTimeProposals"]) == (False, False)


@pytest.mark.parametrize(
    ("stated", "answer", "kind"),
    [
        ("ACCEPTED", "accepted", "meetingAccepted"),
        ("TENTATIVE", "tentativelyAccepted", "meetingTenativelyAccepted"),
        ("DECLINED", "declined", "meetingDeclined"),
    ],
)
def test_an_answer(stated: str, answer: str, kind: str) -> None:
    lines = ("DTSTART:20260701T090000Z", f"ATTENDEE;PARTSTAT={stated}:mailto:tom@firm.example")
    message = mail(calendar(*lines, method="REPLY"), method="REPLY")
    check_message(message)
    assert message["@odata.type"] == "#microsoft.graph.eventMessageResponse"
    assert (message["responseType"], message["meetingMessageType"]) == (answer, kind)
    assert message["proposedNewTime"] is None


def test_a_counter_proposes_a_time() -> None:
    message = mail(calendar("DTSTART:20260701T090000Z", "DTEND:20260701T100000Z", method="COUNTER"), method="COUNTER")
    check_message(message)
    assert message["proposedNewTime"] == {"start": moment("2026-07-01T09:00:00"), "end": moment("2026-07-01T10:00:00")}


def test_a_cancellation_is_an_event_message_of_its_own() -> None:
    message = mail(calendar("DTSTART:20260701T090000Z", method="CANCEL"), method="CANCEL")
    check_message(message)
    assert message["@odata.type"] == "#microsoft.graph.eventMessage"
    assert message["meetingMessageType"] == "meetingCancelled"
    assert "responseType" not in message


@pytest.mark.parametrize(
    ("text", "method", "disposition"),
    [
        (calendar("DTSTART:20260701T090000Z"), "REQUEST", 'attachment; filename="invite.ics"'),
        (calendar("DTSTART:20260701T090000Z", method="PUBLISH"), "PUBLISH", ""),
        (calendar("SUMMARY:no time"), "REQUEST", ""),
        (calendar("DTSTART:tomorrow"), "REQUEST", ""),
        (calendar("DTSTART:20261399T090000Z"), "REQUEST", ""),
        ("this is no calendar", "REQUEST", ""),
    ],
)
def test_a_calendar_that_makes_no_meeting_stays_a_file(text: str, method: str, disposition: str) -> None:
    message = mail(text, method=method, disposition=disposition)
    assert "@odata.type" not in message
    (file,) = message["attachments"]
    assert file["contentType"] == "text/calendar"
    assert file["name"].endswith(".ics")


def test_a_calendar_alone_gives_its_description_as_the_body() -> None:
    text = calendar("DTSTART:20260701T090000Z", "DESCRIPTION:Agenda\\n1. Fees")
    message = message_of(f"Content-Type: text/calendar; method=REQUEST\n\n{text}".encode())
    assert message["bodyPreview"] == "Agenda\r\n1. Fees"
    assert message["attachments"] == []


START = date(2026, 3, 10)  # a Tuesday


@pytest.mark.parametrize(
    ("rule", "pattern", "ends"),
    [
        ("FREQ=DAILY;COUNT=5", {"type": "daily", "interval": 1}, {"type": "numbered", "numberOfOccurrences": 5}),
        ("FREQ=WEEKLY;INTERVAL=2", {"type": "weekly", "interval": 2, "daysOfWeek": ["tuesday"]}, {"type": "noEnd"}),
        (
            "FREQ=WEEKLY;BYDAY=MO,WE;WKST=MO;UNTIL=20261231T000000Z",
            {"type": "weekly", "daysOfWeek": ["monday", "wednesday"], "firstDayOfWeek": "monday"},
            {"type": "endDate", "endDate": "2026-12-31"},
        ),
        ("FREQ=MONTHLY", {"type": "absoluteMonthly", "dayOfMonth": 10}, {"type": "noEnd"}),
        (
            "FREQ=MONTHLY;BYDAY=2TU",
            {"type": "relativeMonthly", "daysOfWeek": ["tuesday"], "index": "second"},
            {"startDate": "2026-03-10"},
        ),
        ("FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1", {"type": "relativeMonthly", "index": "last"}, {"type": "noEnd"}),
        ("FREQ=YEARLY", {"type": "absoluteYearly", "dayOfMonth": 10, "month": 3}, {"type": "noEnd"}),
        (
            "FREQ=YEARLY;BYDAY=1MO;BYMONTH=9",
            {"type": "relativeYearly", "index": "first", "month": 9},
            {"recurrenceTimeZone": "UTC"},
        ),
    ],
)
def test_rules_become_patterns(rule: str, pattern: dict[str, Any], ends: dict[str, Any]) -> None:
    found = recurrence_of(rule, START)
    assert found is not None
    assert found["pattern"] | pattern == found["pattern"]
    assert found["range"] | ends == found["range"]


@pytest.mark.parametrize(
    "rule", ["", "FREQ=HOURLY", "FREQ=MONTHLY;BYDAY=9TU", "nonsense", "FREQ=MONTHLY;BYMONTHDAY=-1"]
)
def test_rules_exchange_has_no_pattern_for(rule: str) -> None:
    assert recurrence_of(rule, START) is None


def test_a_series_says_so() -> None:
    message = mail(calendar("DTSTART:20260701T090000Z", "RRULE:FREQ=WEEKLY"))
    check_message(message)
    assert (message["type"], message["recurrence"]["pattern"]["type"]) == ("seriesMaster", "weekly")
    one = mail(calendar("DTSTART:20260701T090000Z", "RECURRENCE-ID:20260701T090000Z"))
    assert one["type"] == "exception"


_LINES = st.sampled_from(
    [
        "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "BEGIN:STANDARD", "END:STANDARD",
        "TZID:X", "TZOFFSETTO:+2500", "TZOFFSETTO:-0930", "DTSTART:99991231T235959", "DTSTART;TZID=X:99991231T235959",
        "DTSTART;TZID=X:00010101T000000", "DTEND:20260101", "DURATION:P9999W",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=12",
        "RRULE:FREQ=MONTHLY;BYDAY=+1MO;INTERVAL=99999999999", "LOCATION;X=\":;\":a\\", ":;:", "ATTENDEE:", "\ud83d",
    ]
)  # fmt: skip


@given(st.lists(_LINES, max_size=20), st.sampled_from(["REQUEST", "REPLY", "CANCEL", "COUNTER"]))
def test_any_arrangement_of_a_calendar_is_a_message(lines: list[str], method: str) -> None:
    text = "\n".join(["BEGIN:VCALENDAR", *lines])
    raw = f"Content-Type: text/calendar; method={method}\n\n{text}".encode("utf-8", "surrogatepass")
    check_message(message_of(raw))
