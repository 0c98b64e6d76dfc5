"""Graph's paths, as a tree of segments. Names are matched in any case; `users('id')` is the same as `users/id`.

Which right a path needs stands beside it, because a token that lacks it is refused before anything is looked up.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from connector.sandbox.graph import attachments, errors, folders, messages, users
from connector.sandbox.graph.call import Call
from connector.sandbox.wire import Request, Response

Handler = Callable[[Call], Response]
_WITH_KEY = re.compile(r"([A-Za-z.]+)\('(.*)'\)")


def change_tracking_unsupported(_: Call) -> Response:
    """messages/delta exists per folder only (metadata: ChangeTracking.Supported is false on user/messages)."""
    raise errors.bad_request("Change tracking is not supported against 'microsoft.graph.message'.")


def messages_delta(_: Call) -> Response:
    """Real, and not here yet."""
    raise errors.not_emulated("messages/delta")


def written(_: Call) -> Response:
    """A change that this app's rights do not allow."""
    raise errors.access_denied()


def directory_denied(_: Call) -> Response:
    """A part of the directory that this app was not granted."""
    raise errors.request_denied()


def only_delegated(_: Call) -> Response:
    """/me with a token that belongs to no person."""
    raise errors.bad_request("/me request is only valid with delegated authentication flow.")


@dataclass(slots=True)
class Node:
    """One segment of a path: what may follow, and what it answers by method."""

    literals: dict[str, "Node"] = field(default_factory=dict)
    key: "Node | None" = None
    methods: dict[str, tuple[Handler, str]] = field(default_factory=dict)
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request leads."""

    handler: Handler
    right: str
    keys: list[str]


_MAIL = "Mail.Read"
_USER = "User.Read.All"
_SETTINGS = "MailboxSettings.Read"
_MESSAGES = "users/{}/messages"
_FOLDERS = "users/{}/mailFolders"

_Row = tuple[str, str, Handler, str]


def _below_messages(path: str, listed: Handler, counted: Handler, single: Handler) -> tuple[_Row, ...]:
    attached = f"{path}/{{}}/attachments"
    return (
        ("GET", path, listed, _MAIL),
        ("GET", f"{path}/$count", counted, _MAIL),
        ("GET", f"{path}/{{}}", single, _MAIL),
        ("GET", f"{path}/{{}}/$value", messages.get_mime, _MAIL),
        ("GET", attached, attachments.list_of_message, _MAIL),
        ("GET", f"{attached}/{{}}", attachments.get_one, _MAIL),
        ("GET", f"{attached}/{{}}/$value", attachments.get_content, _MAIL),
    )


def _below_folder(path: str) -> tuple[_Row, ...]:
    inside = _below_messages(
        f"{path}/messages", messages.list_of_folder, messages.count_of_folder, messages.get_of_folder
    )
    return (
        ("GET", path, folders.get_one, _MAIL),
        ("GET", f"{path}/childFolders", folders.list_children, _MAIL),
        *inside,
    )


_ROUTES: tuple[_Row, ...] = (
    ("GET", "users", users.list_all, _USER),
    ("GET", "users/{}", users.get_one, _USER),
    ("GET", "users/{}/mailboxSettings", users.get_settings, _SETTINGS),
    ("GET", "users/{}/mailboxSettings/{}", users.get_setting, _SETTINGS),
    ("GET", f"{_MESSAGES}/delta", change_tracking_unsupported, _MAIL),
    ("GET", _FOLDERS, folders.list_top, _MAIL),
    ("GET", f"{_FOLDERS}/delta", folders.delta, _MAIL),
    ("GET", f"{_FOLDERS}/{{}}/messages/delta", messages_delta, _MAIL),
    *_below_folder(f"{_FOLDERS}/{{}}"),
    *_below_folder(f"{_FOLDERS}/{{}}/childFolders/{{}}"),
    *_below_messages(_MESSAGES, messages.list_of_mailbox, messages.count_of_mailbox, messages.get_of_mailbox),
    # What Graph offers for writing; the right it needs is one that this app was never granted.
    ("POST", "users", directory_denied, ""),
    ("PATCH", "users/{}", directory_denied, ""),
    ("DELETE", "users/{}", directory_denied, ""),
    ("POST", _MESSAGES, written, "Mail.ReadWrite"),
    ("PATCH", f"{_MESSAGES}/{{}}", written, "Mail.ReadWrite"),
    ("DELETE", f"{_MESSAGES}/{{}}", written, "Mail.ReadWrite"),
    ("POST", f"{_MESSAGES}/{{}}/move", written, "Mail.ReadWrite"),
    ("POST", f"{_MESSAGES}/{{}}/copy", written, "Mail.ReadWrite"),
    ("POST", f"{_MESSAGES}/{{}}/send", written, "Mail.Send"),
    ("POST", f"{_MESSAGES}/{{}}/attachments", written, "Mail.ReadWrite"),
    ("POST", "users/{}/sendMail", written, "Mail.Send"),
    ("POST", _FOLDERS, written, "Mail.ReadWrite"),
    ("PATCH", f"{_FOLDERS}/{{}}", written, "Mail.ReadWrite"),
    ("DELETE", f"{_FOLDERS}/{{}}", written, "Mail.ReadWrite"),
    ("PATCH", "users/{}/mailboxSettings", written, "MailboxSettings.ReadWrite"),
)


_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
# Parts of Graph that exist and that this app has no right to.
_OTHER_PARTS = (
    "applications",
    "communications",
    "devices",
    "directoryobjects",
    "drives",
    "groups",
    "organization",
    "serviceprincipals",
    "sites",
    "subscriptions",
    "teams",
)
_DELTA = ("delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()")


def _tree() -> Node:
    root = Node()
    for method, path, handler, right in _ROUTES:
        node = root
        for segment in path.split("/"):
            if segment == "{}":
                node.key = node.key or Node()
                node = node.key
            else:
                node = node.literals.setdefault(segment.lower(), Node())
        node.methods[method] = (handler, right)
    root.literals["me"] = Node(rest=True, methods=dict.fromkeys(_METHODS, (only_delegated, "")))
    for name in _OTHER_PARTS:
        root.literals[name] = Node(rest=True, methods=dict.fromkeys(_METHODS, (directory_denied, "")))
    return root


ROOT = _tree()


def route(request: Request) -> Route:
    """The handler of a request's path. Raises GraphError where it leads nowhere."""
    segments = _segments(request)
    version, rest = segments[0].lower(), segments[1:]
    if version != "v1.0":
        raise errors.bad_request(f"Invalid version: {segments[0]}")
    node = ROOT
    keys: list[str] = []
    for segment in rest:
        name = segment.lower()
        following = node.literals.get("delta" if name in _DELTA else name)
        if following is None and node.key is not None:
            following = node.key
            keys.append(segment)
        if following is None:
            raise errors.unknown_segment(segment)
        node = following
        if node.rest:
            break
    return _method(node, request, keys, rest)


def _method(node: Node, request: Request, keys: list[str], rest: list[str]) -> Route:
    if not node.methods:
        raise errors.unknown_segment(rest[-1] if rest else "")
    method = "GET" if request.method == "HEAD" else request.method
    if method not in node.methods:
        raise errors.method_not_allowed(list(node.methods))
    handler, right = node.methods[method]
    return Route(handler, right, keys)


def _segments(request: Request) -> list[str]:
    """The decoded segments; a key in parentheses becomes a segment of its own."""
    found: list[str] = []
    for raw in (request.raw_path or request.path).strip("/").split("/"):
        segment = unquote(raw) if request.raw_path else raw
        keyed = _WITH_KEY.fullmatch(segment)
        if keyed:
            found += [keyed.group(1), keyed.group(2).replace("''", "'")]
        else:
            found.append(segment)
    return found
