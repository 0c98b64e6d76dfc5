"""The route table of /services/data/vX: path patterns, and for each verb the resource that answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from m365sandbox.salesforce.bulk import ingest as bulk_ingest
from m365sandbox.salesforce.bulk import queries as bulk_queries
from m365sandbox.salesforce.call import Answer, Call
from m365sandbox.salesforce.composite import collections as sobject_collections
from m365sandbox.salesforce.composite import composite
from m365sandbox.salesforce.composite import tree as sobject_tree
from m365sandbox.salesforce.errors import method_not_allowed, not_emulated, not_found
from m365sandbox.salesforce.rest import describe, queries, recent, records, replication, resources, search

_Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A pattern of path segments, where `*` stands for any one, and its verbs."""

    pattern: tuple[str, ...]
    handlers: dict[str, _Handler]


def _route(pattern: str, **handlers: _Handler) -> Route:
    return Route(tuple(pattern.split("/")) if pattern else (), handlers)


def _composite(call: Call) -> Answer:
    return composite.run(call, dispatch)


def _not_emulated(call: Call) -> Answer:
    raise not_emulated("/".join(call.segments))


#: The first pattern that fits decides, so fixed words come before `*`.
ROUTES = (
    _route("", GET=resources.resource_list),
    _route("query", GET=queries.query),
    _route("query/*", GET=queries.next_page),
    _route("queryAll", GET=queries.query_all),
    _route("queryAll/*", GET=queries.next_page),
    _route("jobs", GET=resources.job_list),
    _route("jobs/ingest", GET=bulk_ingest.listed, POST=bulk_ingest.create),
    _route("jobs/ingest/*", GET=bulk_ingest.read, PATCH=bulk_ingest.change, DELETE=bulk_ingest.remove),
    _route("jobs/ingest/*/batches", PUT=bulk_ingest.upload),
    _route("jobs/ingest/*/successfulResults", GET=bulk_ingest.successful),
    _route("jobs/ingest/*/failedResults", GET=bulk_ingest.failed),
    _route("jobs/ingest/*/unprocessedrecords", GET=bulk_ingest.unprocessed),
    _route("jobs/query", GET=bulk_queries.listed, POST=bulk_queries.create),
    _route("jobs/query/*", GET=bulk_queries.read, PATCH=bulk_queries.change, DELETE=bulk_queries.remove),
    _route("jobs/query/*/results", GET=bulk_queries.results),
    _route("limits", GET=resources.limits),
    _route("limits/recordCount", GET=resources.record_count),
    _route("recent", GET=recent.listed),
    _route("search", GET=search.search),
    _route("parameterizedSearch", GET=search.parameterized, POST=search.parameterized),
    _route("sobjects", GET=describe.describe_global),
    _route("sobjects/*", GET=describe.basic, POST=records.create),
    _route("sobjects/*/describe", GET=describe.describe),
    _route("sobjects/*/updated", GET=replication.updated),
    _route("sobjects/*/deleted", GET=replication.deleted),
    _route("sobjects/*/Id", POST=records.create),
    _route("sobjects/*/*", GET=records.read, PATCH=records.change, DELETE=records.remove),
    _route("sobjects/ContentVersion/*/VersionData", GET=records.read_file),
    _route("sobjects/*/*/*", GET=records.read_by_key, PATCH=records.upsert_by_key, DELETE=records.remove_by_key),
    _route("composite", GET=resources.composite_list, POST=_composite),
    _route(
        "composite/sobjects",
        POST=sobject_collections.create,
        PATCH=sobject_collections.change,
        DELETE=sobject_collections.remove,
    ),
    _route("composite/sobjects/*", GET=sobject_collections.retrieve_by_query, POST=sobject_collections.retrieve),
    _route("composite/batch", POST=_not_emulated),
    _route("composite/graph", POST=_not_emulated),
    _route("composite/tree/*", POST=sobject_tree.create),
    _route("composite/sobjects/*/*", PATCH=sobject_collections.upsert_all),
)


#: What the platform has below an object and this one has not; neither record ids nor names of fields.
_NOT_HERE = frozenset(
    {"approvalLayouts", "compactLayouts", "defaultValues", "eventSeriesUpdates", "layouts", "listviews", "namedLayouts"}
    | {"quickActions", "relevantItems"}
)


def find(method: str, segments: tuple[str, ...]) -> tuple[_Handler, tuple[str, ...]]:
    """The resource of a path and what stood for `*`. Raises ApiError 404 or 405."""
    if segments[:1] == ("sobjects",) and _is_not_here(*segments[1:]):
        raise not_found()
    for route in ROUTES:
        values = _fit(route.pattern, segments)
        if values is None:
            continue
        handler = route.handlers.get("GET" if method == "HEAD" else method)
        if handler is None:
            raise method_not_allowed(method, list(route.handlers))
        return handler, values
    raise not_found()


def _is_not_here(name: str = "", word: str = "", *rest: str) -> bool:
    if name.lower() == "user" and rest == ("password",):
        return True
    return word in _NOT_HERE or (word == "describe" and bool(rest))


def _fit(pattern: tuple[str, ...], segments: tuple[str, ...]) -> tuple[str, ...] | None:
    if len(pattern) != len(segments):
        return None
    values = []
    for expected, segment in zip(pattern, segments, strict=True):
        if expected == "*" and segment:
            values.append(segment)
        elif expected != segment:
            return None
    return tuple(values)


def dispatch(call: Call) -> Answer:
    """Answer a call. Raises ApiError where it is refused."""
    handler, values = find(call.method, call.segments)
    arguments: tuple[Any, ...] = (call, *values)
    return handler(*arguments)
