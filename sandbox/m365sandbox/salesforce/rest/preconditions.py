"""Requests that depend on a version: ETag, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since.

REST guide, "Conditional Request Headers": entity tags exist for rows of Account only; dates work for rows, for an
object's describe and for the list of objects. DELETE is not supported, and a wrong value refuses a change.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from m365sandbox.salesforce.call import Answer, Call
from m365sandbox.salesforce.data import ids, tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import parse_datetime
from m365sandbox.salesforce.errors import ApiError

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_TAGS = re.compile(r'\s*(?:\*|(?:W/)?"[^"]*"(?:\s*,\s*(?:W/)?"[^"]*")*)\s*')
_TAGGED = "Account"


@dataclass(frozen=True, slots=True)
class _Version:
    """What a resource is at now."""

    tag: str | None
    modified: datetime | None


def read(call: Call, answer: Callable[[], Answer]) -> Answer:
    """The answer to a GET: 304 or 412 where its headers ask for another version than there is."""
    version = _of_resource(call)
    if version is None:
        return answer()
    if _must_fail(call.headers, version):
        return Answer(412)
    given = answer()
    if given.status != 200:
        return given
    headers = {**given.headers, **_named(version)}
    if _is_unchanged(call.headers, version):
        return Answer(304, headers=headers)
    return Answer(given.status, given.body, headers, given.rows)


def check_change(call: Call) -> None:
    """Refuse a change to a row that is no longer at the version its headers name."""
    if call.method not in ("PATCH", "POST"):
        return
    _check_values(call.headers)
    version = _of_resource(call)
    if version is not None and (_must_fail(call.headers, version) or _is_none_match(call.headers, version)):
        raise PreconditionError


class PreconditionError(ApiError):
    """412: the row is at another version. The answer has no body."""

    def __init__(self) -> None:
        super().__init__(412, "PRECONDITION_FAILED", "The precondition of the request does not hold")


def _of_resource(call: Call) -> _Version | None:
    """The version of what is asked for; None where such headers have no meaning."""
    parts = call.segments
    if parts == ("sobjects",) or (len(parts) == 3 and parts[0] == "sobjects" and parts[2] == "describe"):
        return _Version(None, call.org.shaped_at)
    sobject = call.org.schema.object(parts[1]) if len(parts) == 3 and parts[0] == "sobjects" else None
    return None if sobject is None else _of_row(call, sobject, parts[2])


def _of_row(call: Call, sobject: SObject, text: str) -> _Version | None:
    record_id = ids.normalise(text)
    stamp = sobject.field("SystemModstamp") or sobject.field("LastModifiedDate")
    if record_id is None or stamp is None:
        return None
    names = [stamp.name]
    if sobject.name == _TAGGED:
        names += [item.name for item in tables.stored_fields(sobject)]
    rows = tables.select(call.org.connection, sobject, names, "Id", [record_id])
    if not rows:
        return None
    tag = _digest(rows[0]) if sobject.name == _TAGGED else None
    return _Version(tag, parse_datetime(rows[0][0]) if rows[0][0] else None)


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()[:28]


def _named(version: _Version) -> dict[str, str]:
    headers = {}
    if version.tag is not None:
        headers["ETag"] = f'"{version.tag}"'
    if version.modified is not None:
        headers["Last-Modified"] = format_datetime(version.modified.astimezone(UTC), usegmt=True)
    return headers


def _must_fail(headers: Mapping[str, str], version: _Version) -> bool:
    wanted = headers.get("if-match")
    if wanted is not None and version.tag is not None and not _matches(wanted, version.tag):
        return True
    until = _date(headers.get("if-unmodified-since"))
    return until is not None and version.modified is not None and version.modified > until


def _is_none_match(headers: Mapping[str, str], version: _Version) -> bool:
    unwanted = headers.get("if-none-match")
    return unwanted is not None and version.tag is not None and _matches(unwanted, version.tag)


def _is_unchanged(headers: Mapping[str, str], version: _Version) -> bool:
    if "if-none-match" in headers and version.tag is not None:
        return _is_none_match(headers, version)
    since = _date(headers.get("if-modified-since"))
    return since is not None and version.modified is not None and version.modified <= since


def _matches(header: str, tag: str) -> bool:
    """A tag comes back with `-gzip` where the answer was packed."""
    return header.strip() == "*" or tag in (item.removesuffix("-gzip") for item in _TAG.findall(header))


def _date(header: str | None) -> datetime | None:
    if header is None:
        return None
    try:
        found = parsedate_to_datetime(header)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _check_values(headers: Mapping[str, str]) -> None:
    for name in ("if-match", "if-none-match"):
        value = headers.get(name)
        if value is not None and _TAGS.fullmatch(value) is None:
            raise _wrong(name, value)
    value = headers.get("if-unmodified-since")
    if value is not None and _date(value) is None:
        raise _wrong("if-unmodified-since", value)


def _wrong(name: str, value: str) -> ApiError:
    return ApiError(400, "INVALID_HEADER", f"Invalid value of {name.title()}: {value}")
