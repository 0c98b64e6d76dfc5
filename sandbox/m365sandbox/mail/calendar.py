"""Meeting mail: the calendar part of a mail to the members that Graph's eventMessage types add.

Which property becomes which member is written in Microsoft's iCalendar to Appointment conversion (MS-OXCICAL).
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from m365sandbox.mail.recurrence import recurrence_of
from m365sandbox.mail.zones import ZONE_ERRORS, Observances

_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9-]+)(?P<parameters>(?:;[^:;=]+=(?:\"[^\"]*\"|[^\":;])*)*):(?P<value>.*)", re.DOTALL
)
_PARAMETER = re.compile(r";([^:;=]+)=((?:\"[^\"]*\"|[^\":;])*)")
_STAMP = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_DURATION = re.compile(r"([+-]?)P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_REQUEST, _RESPONSE = "#microsoft.graph.eventMessageRequest", "#microsoft.graph.eventMessageResponse"
# The enum's own spelling of "tentatively".
_ANSWERS = {
    "ACCEPTED": ("accepted", "meetingAccepted"),
    "TENTATIVE": ("tentativelyAccepted", "meetingTenativelyAccepted"),
    "DECLINED": ("declined", "meetingDeclined"),
}
#: Methods that make a mail a meeting's. Any other leaves the calendar an attachment.
METHODS = ("REQUEST", "REPLY", "COUNTER", "CANCEL")


@dataclass(slots=True)
class Property:
    """One line of a calendar. `value` is as it was written."""

    value: str
    parameters: dict[str, str]

    @property
    def text(self) -> str:
        """The value as people read it."""
        return _ESCAPED.sub(lambda found: "\n" if found.group(1) in "nN" else found.group(1), self.value).strip()


@dataclass(slots=True)
class Component:
    """A calendar, an event, a time zone…: its properties by name, and what is inside it."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    parts: list["Component"] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        """The first property of that name."""
        return next(iter(self.properties.get(name, ())), None)

    def text(self, name: str) -> str:
        """The first property of that name as text, or nothing."""
        found = self.first(name)
        return found.text if found else ""


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a calendar part makes of its mail: the members of its type, and the text where the mail has no other."""

    members: dict[str, Any]
    description: str


def meeting_of(text: str, method: str) -> Meeting | None:
    """The meeting that a text/calendar part is about, or None where it is none that Exchange would understand.

    `method` is the parameter of the part's Content-Type; the calendar's own METHOD comes first.
    """
    calendar = _calendar(text)
    event = next((part for part in calendar.parts if part.name == "VEVENT"), None) if calendar else None
    if calendar is None or event is None:
        return None
    method = (calendar.text("METHOD") or method).upper()
    times = _times(event, Observances.of(part for part in calendar.parts if part.name == "VTIMEZONE"))
    if method not in METHODS or times is None:
        return None
    start, end, is_all_day = times
    members = {
        "startDateTime": _moment(start),
        "endDateTime": _moment(end),
        "isAllDay": is_all_day,
        "isDelegated": False,
        "isOutOfDate": False,
        "location": _location(event.text("LOCATION")),
        "recurrence": recurrence_of(event.text("RRULE"), start.date()),
        "type": _type(event),
    }
    return Meeting(_of_method(method, event, members), event.text("DESCRIPTION"))


def _of_method(method: str, event: Component, members: dict[str, Any]) -> dict[str, Any]:
    if method == "CANCEL":
        return {"@odata.type": "#microsoft.graph.eventMessage", **members, "meetingMessageType": "meetingCancelled"}
    if method == "REQUEST":
        attendees = event.properties.get("ATTENDEE", [])
        sequence = event.text("SEQUENCE")
        return {
            "@odata.type": _REQUEST,
            **members,
            "meetingMessageType": "meetingRequest",
            "meetingRequestType": "newMeetingRequest" if sequence in ("", "0") else "fullUpdate",
            "responseRequested": any(one.parameters.get("RSVP", "").upper() == "TRUE" for one in attendees),
            "allowNewTimeProposals": event.text("X-MICROSOFT-DISALLOW-COUNTER").upper() != "TRUE",
        }
    attendee = event.first("ATTENDEE")
    stated = attendee.parameters.get("PARTSTAT", "").upper() if attendee else ""
    answer, kind = _ANSWERS.get(stated, _ANSWERS["TENTATIVE"])
    proposed = {"start": members["startDateTime"], "end": members["endDateTime"]} if method == "COUNTER" else None
    return {
        "@odata.type": _RESPONSE,
        **members,
        "meetingMessageType": kind,
        "responseType": answer,
        "proposedNewTime": proposed,
    }


def _calendar(text: str) -> Component | None:
    """The first VCALENDAR, leniently: what is no line of a calendar is passed over, a missing end is tolerated."""
    root = Component("")
    open_ones = [root]
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        found = _LINE.fullmatch(line.strip("\ufeff"))
        if found is None:
            continue
        name, value = found.group("name").upper(), found.group("value")
        if name == "BEGIN" and len(open_ones) < 10:
            made = Component(value.strip().upper())
            open_ones[-1].parts.append(made)
            open_ones.append(made)
        elif name == "END" and len(open_ones) > 1:
            open_ones.pop()
        else:
            pairs = _PARAMETER.findall(found.group("parameters"))
            parameters = {key.strip().upper(): part.strip().strip('"') for key, part in pairs}
            open_ones[-1].properties.setdefault(name, []).append(Property(value, parameters))
    return next((part for part in root.parts if part.name == "VCALENDAR"), None)


def _times(event: Component, zones: Observances) -> tuple[datetime, datetime, bool] | None:
    """Start and end in UTC, and whether it lasts whole days."""
    written = event.first("DTSTART")
    start = _instant(written, zones)
    if written is None or start is None:
        return None
    is_all_day = "T" not in written.value
    ended = _instant(event.first("DTEND"), zones)
    try:
        end = ended or start + (_duration(event.text("DURATION")) or timedelta(days=int(is_all_day)))
    except OverflowError:
        end = start
    return start, max(start, end), is_all_day


def _instant(written: Property | None, zones: Observances) -> datetime | None:
    found = _STAMP.fullmatch(written.value.strip()) if written else None
    if written is None or found is None:
        return None
    try:
        local = datetime.strptime(f"{found.group(1)}{found.group(2) or '000000'}", "%Y%m%d%H%M%S")  # noqa: DTZ007
        zone = written.parameters.get("TZID", "")
        if found.group(3) or not found.group(2) or not zone:
            return local.replace(tzinfo=UTC)
        return _in_zone(local, zone, zones)
    except (ValueError, OverflowError):
        return None


def _in_zone(local: datetime, zone: str, zones: Observances) -> datetime:
    """In UTC. The calendar's own definition of a zone comes first; one that nobody knows is taken for UTC."""
    offset = zones.offset(zone, local)
    if offset is not None:
        return (local - offset).replace(tzinfo=UTC)
    try:
        return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ZONE_ERRORS:
        return local.replace(tzinfo=UTC)


def _duration(text: str) -> timedelta | None:
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _moment(instant: datetime) -> dict[str, str]:
    """dateTimeTimeZone as Graph writes it where no other zone is preferred."""
    return {"dateTime": f"{instant.strftime('%Y-%m-%dT%H:%M:%S').zfill(19)}.0000000", "timeZone": "UTC"}


def _location(text: str) -> dict[str, Any]:
    name = " ".join(text.split())
    if not name:
        return {
            "displayName": "",
            "locationType": "default",
            "uniqueIdType": "unknown",
            "address": {},
            "coordinates": {},
        }
    return {"displayName": name, "locationType": "default", "uniqueId": name, "uniqueIdType": "private"}


def _type(event: Component) -> str:
    if event.text("RECURRENCE-ID"):
        return "exception"
    return "seriesMaster" if event.text("RRULE") else "singleInstance"
