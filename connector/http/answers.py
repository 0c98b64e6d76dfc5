"""What an answer says beside its status: its date, its JSON; and a path for the log that names nobody."""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from connector.errors import UnreadableAnswerError
from connector.http.failures import BrokenAnswerError

#: Segments of a path that name one record, message, user or job, so that a log line shows the kind of request only.
_ID = re.compile(r".*@.*|[0-9a-fA-F-]{32,}|[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?|.{40,}")
_QUOTED = re.compile(r"\('[^']*'\)")

#: what reading a value of the wrong kind raises: answers are read by their shape, as documented, and a change of the
#: platform, or a proxy that rewrites, shows deep in the reading. OverflowError: year 1 with an offset, or Infinity
UNREADABLE = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)


def served_at(answer: requests.Response) -> datetime | None:
    """The `Date` of an answer in UTC; None where it has none that can be read."""
    try:
        return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None


def template(path: str) -> str:
    """A path for the log: what names one record, person or message becomes `{id}`."""
    plain = _QUOTED.sub("({id})", path)
    return "/".join("{id}" if _ID.fullmatch(part) else part for part in plain.split("/"))


def require_json(answer: requests.Response) -> None:
    """Raise BrokenAnswerError for a 2xx that is a web page, or cut short: the request is worth another attempt."""
    if not 200 <= answer.status_code < 300:
        return
    body = answer.content.strip()
    if body and (body[:1] + body[-1:]) not in (b"{}", b"[]"):
        raise BrokenAnswerError("the answer is not JSON", response=answer)


def read_json(answer: requests.Response) -> Any:
    """The body of an answer. Raises UnreadableAnswerError where it is not JSON after all."""
    try:
        return answer.json()
    except (json.JSONDecodeError, requests.JSONDecodeError) as error:
        where = urlsplit(answer.url or "").netloc
        raise UnreadableAnswerError(
            "The service answered with something that is not JSON",
            where=where,
            remedy="A proxy or gateway may stand between; try again.",
        ) from error
