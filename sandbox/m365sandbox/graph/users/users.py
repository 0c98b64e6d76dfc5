"""Users: the directory list, the single user, and the settings of the mailbox."""

from dataclasses import replace
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.call import Call, answer, collection, entity, selected
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.models import Mailbox, compact
from m365sandbox.graph.odata.options import Options, page_size, read_options, selecting
from m365sandbox.graph.users.directory import MEMBERS, mailbox_settings, user_json
from m365sandbox.graph.users.search import STRUCTURES, planned
from m365sandbox.wire import Response

DEFAULT_PAGE = 100
MOST_PER_PAGE = 999
# Only of a single user (List users: "certain properties cannot be returned within a user collection").
_SINGLE_ONLY = [
    "aboutMe",
    "birthday",
    "hireDate",
    "interests",
    "mailboxSettings",
    "mySite",
    "pastProjects",
    "preferredName",
    "responsibilities",
    "schools",
    "skills",
]


def list_all(call: Call) -> Response:
    """GET /users."""
    if call.request.parameter("$skip") is not None:
        raise errors.not_of_the_directory("$skip")
    options = read_options(
        call.request, ("select", "filter", "orderby", "top", "count", "search", "skiptoken", "expand")
    )
    if options.expand is not None:
        raise errors.not_emulated("$expand of users")
    options = _selecting(options)
    if any(name in _SINGLE_ONLY for name in options.select or ()):
        raise GraphError(501, "NotImplemented", "This operation target is not yet supported.")
    size = _page_size(call, options)
    where, order = planned(options, eventual=_is_eventual(call))
    after = _token(call)
    rows = call.store.rows(
        f"SELECT m.id FROM mailboxes m WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?",
        (*where.values, size + 1, after),
    )
    extra: dict[str, Any] = {}
    if options.count and _is_eventual(call):
        ((extra["@odata.count"],),) = call.store.rows(
            f"SELECT COUNT(*) FROM mailboxes m WHERE {where.sql}", where.values
        )
    if len(rows) > size:
        extra["@odata.nextLink"] = call.next_link({"skiptoken": f"RFNwdAIAAQ{after + size:010d}"})
    found = [call.store.mailbox(row[0]) for row in rows[:size]]
    items = [compact(user_json(user, options.select)) for user in found if user is not None]
    return collection(call, f"users{selected(options.select)}", items, extra)


def _page_size(call: Call, options: Options) -> int:
    if options.top is not None and not 1 <= options.top <= MOST_PER_PAGE:
        raise GraphError(
            400,
            "Request_UnsupportedQuery",
            f"Invalid page size specified: '{options.top}'. Must be between 1 and {MOST_PER_PAGE} inclusive.",
        )
    return page_size(options, call.preferences, DEFAULT_PAGE, MOST_PER_PAGE)


def _token(call: Call) -> int:
    token = call.request.parameter("$skiptoken")
    if token is None:
        return 0
    if not token[10:].isdigit():
        raise GraphError(400, "Directory_ExpiredPageToken", "The specified page token value has expired or is invalid.")
    return int(token[10:])


def _is_eventual(call: Call) -> bool:
    return call.request.headers.get("consistencylevel", "").lower() == "eventual"


def _selecting(options: Options) -> Options:
    chosen = selecting(options, {*MEMBERS, *STRUCTURES, "mailboxSettings"}, "user")
    for name in chosen.select or ():
        if name in STRUCTURES:
            raise errors.not_emulated(f"{name} of users")
    return chosen


def count_all(call: Call) -> Response:
    """GET /users/$count, an advanced query."""
    options = read_options(call.request, ("filter", "search"))
    if not _is_eventual(call):
        raise GraphError(400, "Request_BadRequest", "$count is not currently supported.")
    where, _ = planned(replace(options, count=True), eventual=True)
    ((count,),) = call.store.rows(f"SELECT COUNT(*) FROM mailboxes m WHERE {where.sql}", where.values)
    return Response(200, {"Content-Type": "text/plain"}, str(count).encode())


def get_one(call: Call) -> Response:
    """GET /users/{id or userPrincipalName}."""
    options = read_options(call.request, ("select", "expand"))
    if options.expand is not None:
        raise errors.not_emulated("$expand of users")
    options = _selecting(options)
    user = call.user()
    shown = user_json(user, options.select)
    if options.select and "mailboxSettings" in options.select:
        shown["mailboxSettings"] = _settings(call, call.mailbox())
    return entity(call, f"users{selected(options.select)}/$entity", compact(shown))


def get_settings(call: Call) -> Response:
    """GET /users/{id}/mailboxSettings."""
    options = read_options(call.request, ("select",))
    shown = _settings(call, call.mailbox())
    options = selecting(options, shown, "mailboxSettings")
    if options.select:
        shown = {name: value for name, value in shown.items() if name in options.select}
    return entity(call, f"users('{call.key(0)}')/mailboxSettings", compact(shown))


def get_setting(call: Call) -> Response:
    """GET /users/{id}/mailboxSettings/{name}, for example userPurpose."""
    read_options(call.request, ())
    shown = _settings(call, call.mailbox())
    names = {name.lower(): name for name in shown}
    name = names.get(call.keys[1].lower())
    if name is None:
        raise errors.unknown_segment(call.keys[1])
    context = call.context(f"users('{call.key(0)}')/mailboxSettings/{name}")
    value = shown[name]
    body = {"@odata.context": context, **(value if isinstance(value, dict) else {"value": value})}
    return answer(call, compact(body))


def _settings(call: Call, mailbox: Mailbox) -> dict[str, Any]:
    return mailbox_settings(mailbox, call.store.well_known(mailbox, "archive").id)
