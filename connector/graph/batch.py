"""$batch: up to 20 GETs in one request. Pure: what goes into a batch and what came out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.http.subrequest import SubRequest, SubResponse

#: sub-requests of one $batch (learn.microsoft.com: JSON batching)
LIMIT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxRequest(SubRequest):
    """A GET of one mailbox, its address relative to /v1.0. `user` is the mailbox, whose requests are limited.

    `once`: a failure of the server is told at once.
    """

    user: str
    prefer: str
    once: bool = False


def body_of(requests: Sequence[MailboxRequest], *, chained: bool = False) -> dict[str, Any]:
    """The JSON of a batch; `chained` makes it wholly sequential, so that one mailbox is asked once at a time."""
    items = []
    for number, request in enumerate(requests, start=1):
        item: dict[str, Any] = {"id": str(number), "method": request.method, "url": request.url}
        item["headers"] = {"Prefer": request.prefer}
        if chained and number > 1:
            item["dependsOn"] = [str(number - 1)]
        items.append(item)
    return {"requests": items}


def answers_of(count: int, answer: Mapping[str, Any]) -> list[SubResponse | None]:
    """The answers in the order of the requests, which need not be that on the wire; None for one that is missing, or
    that says it was carried out and has no object to show for it."""
    found: list[SubResponse | None] = [None] * count
    responses = answer.get("responses")
    for item in responses if isinstance(responses, list) else ():
        try:
            place = int(item["id"]) - 1
            status = int(item["status"])
            body = item.get("body")
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            continue
        if 0 <= place < count and (status != 200 or isinstance(body, Mapping)):
            found[place] = SubResponse(status=status, body=body if isinstance(body, Mapping) else {})
    return found
