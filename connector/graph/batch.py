"""$batch: up to 20 GETs in one request. Pure: what goes into a batch and what came out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: sub-requests of one $batch (learn.microsoft.com: JSON batching)
LIMIT = 20


@dataclass(frozen=True, slots=True)
class SubRequest:
    """A GET relative to /v1.0, of one mailbox."""

    user: str
    url: str
    prefer: str


@dataclass(frozen=True, slots=True)
class SubResponse:
    """Its answer. `body` is the JSON, or empty."""

    status: int
    body: Mapping[str, Any]


def mixed(wanted: Sequence[SubRequest], per_mailbox: int) -> list[list[int]]:
    """Indices of `wanted` in batches of at most 20, with at most `per_mailbox` of one mailbox, filled in order."""
    batches: list[list[int]] = []
    counts: list[Counter[str]] = []
    open_from = 0
    for index, request in enumerate(wanted):
        for number in range(open_from, len(batches)):
            if len(batches[number]) < LIMIT and counts[number][request.user] < per_mailbox:
                break
        else:
            number = len(batches)
            batches.append([])
            counts.append(Counter())
        batches[number].append(index)
        counts[number][request.user] += 1
        while open_from < len(batches) and len(batches[open_from]) == LIMIT:
            open_from += 1
    return batches


def body_of(requests: Sequence[SubRequest], *, chained: bool = False) -> dict[str, Any]:
    """The JSON of a batch; `chained` makes it wholly sequential, so that one mailbox is asked once at a time."""
    items = []
    for number, request in enumerate(requests, start=1):
        item: dict[str, Any] = {"id": str(number), "method": "GET", "url": request.url}
        item["headers"] = {"Prefer": request.prefer}
        if chained and number > 1:
            item["dependsOn"] = [str(number - 1)]
        items.append(item)
    return {"requests": items}


def answers_of(count: int, answer: Mapping[str, Any]) -> list[SubResponse | None]:
    """The answers in the order of the requests, whatever their order on the wire; None for one that is missing."""
    found: list[SubResponse | None] = [None] * count
    for item in answer.get("responses") or ():
        try:
            place = int(item["id"]) - 1
            status = int(item["status"])
        except (KeyError, TypeError, ValueError):
            continue
        if 0 <= place < count:
            body = item.get("body")
            found[place] = SubResponse(status, body if isinstance(body, Mapping) else {})
    return found
