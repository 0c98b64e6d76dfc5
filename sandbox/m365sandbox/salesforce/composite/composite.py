"""/composite: up to 25 sub-requests in one call, later ones naming results of earlier ones.

REST guide, "Composite" and "allOrNone Parameters in Composite and Collections Requests": with `allOrNone: true` the
first failure undoes everything, also rows of collections that ask for the contrary. `collateSubrequests` is accepted
and changes nothing here, since sub-requests run one after the other in any case.
"""

import re
from typing import Any
from urllib.parse import unquote

from m365sandbox.salesforce.call import Answer, Call
from m365sandbox.salesforce.composite import subrequests
from m365sandbox.salesforce.composite.subrequests import Dispatch
from m365sandbox.salesforce.data.tables import RollBack
from m365sandbox.salesforce.errors import ApiError, bad_json

MAX_SUBREQUESTS = 25
MAX_HEAVY_SUBREQUESTS = 5

_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_KEYS = frozenset({"allOrNone", "collateSubrequests", "compositeRequest"})


def run(call: Call, dispatch: Dispatch) -> Answer:
    """POST /composite."""
    items, all_or_none = _checked(call)
    results: list[dict[str, Any]] = []
    failed: list[int] = []
    rows = 0
    with call.org.unit_of_work():
        bodies: dict[str, Any] = {}
        for position, item in enumerate(items):
            answer = subrequests.run(call, item, bodies, dispatch, all_or_none=all_or_none)
            rows += answer.rows
            bodies[item["referenceId"]] = answer.body if answer.status < 300 else None
            results.append(subrequests.result(item, answer))
            if subrequests.has_failed(answer, all_or_none):
                failed.append(position)
                if all_or_none:
                    break
        if failed and all_or_none:
            raise RollBack
    if failed and all_or_none:
        return Answer(200, {"compositeResponse": subrequests.halted(items, results, failed[0])})
    return Answer(200, {"compositeResponse": results}, rows=rows)


def _checked(call: Call) -> tuple[list[dict[str, Any]], bool]:
    body = call.object_body()
    unknown = next((key for key in body if key not in _KEYS), None)
    if unknown is not None:
        raise bad_json(f'Unrecognized field "{unknown}" (Class common.api.CompositeRequest), not marked as ignorable')
    items = body.get("compositeRequest")
    if not isinstance(items, list) or not items:
        raise bad_json("compositeRequest: a list of subrequests is required")
    for name in ("allOrNone", "collateSubrequests"):
        if not isinstance(body.get(name), bool | None):
            raise bad_json(f"Value for {name} must be of type Boolean")
    if len(items) > MAX_SUBREQUESTS:
        raise _over_limit(f"Composite request with more than {MAX_SUBREQUESTS} subrequests: {len(items)}")
    seen: set[str] = set()
    for item in items:
        subrequests.check_shape(item, _METHODS, seen)
    heavy = sum(1 for item in items if _is_heavy(item["url"]))
    if heavy > MAX_HEAVY_SUBREQUESTS:
        raise _over_limit(
            f"Only {MAX_HEAVY_SUBREQUESTS} query and sObject Collections subrequests are allowed: {heavy}"
        )
    return items, bool(body.get("allOrNone", False))


def _over_limit(message: str) -> ApiError:
    return ApiError(400, "LIMIT_EXCEEDED", message)


def _is_heavy(url: str) -> bool:
    """Queries and sObject Collections, of which a request holds five at most."""
    parts = subrequests.path_of(url)
    first, second = ([*map(unquote, re.split(r"[/?]", parts[1])), ""] if parts else ["", ""])[:2]
    return first in ("query", "queryAll") or (first == "composite" and second == "sobjects")
