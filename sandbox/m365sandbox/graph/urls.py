"""Graph's paths, as a tree of segments. Names are matched in any case; `users('id')` is the same as `users/id`.

Which right a path needs stands beside it, because a token that lacks it is refused before anything is looked up.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from m365sandbox.graph import errors
from m365sandbox.graph.call import Call
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.folders import delta as folder_delta
from m365sandbox.graph.folders import folders
from m365sandbox.graph.folders import writing as folder_writing
from m365sandbox.graph.messages import attachments, messages, sending, writing
from m365sandbox.graph.messages import delta as message_delta
from m365sandbox.graph.models import CONTENT_MEMBERS, MEMBERS
from m365sandbox.graph.users import translation, users
from m365sandbox.graph.users.directory import MEMBERS as USER_MEMBERS
from m365sandbox.graph.users.search import STRUCTURES
from m365sandbox.wire import Request, Response

Handler = Callable[[Call], Response]
_WITH_KEY = re.compile(r"([A-Za-z.]+)\('(.*)'\)")


def messages_untracked(_: Call) -> Response:
    """messages/delta exists per folder only (metadata: ChangeTracking.Supported is false on user/messages)."""
    raise errors.change_tracking_unsupported("message")


def folders_untracked(_: Call) -> Response:
    """Of folders only mailFolders itself keeps track, for the whole tree."""
    raise errors.change_tracking_unsupported("mailFolder")


def mail_only(_: Call) -> Response:
    """A part of a mailbox that this app was not granted."""
    raise errors.access_denied()


def not_here(_: Call) -> Response:
    """Real, and not emulated."""
    raise errors.not_emulated("this part of Graph")


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
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request leads."""

    handler: Handler
    right: str
    keys: list[str]


_MAIL = "Mail.Read"
_WRITE = "Mail.ReadWrite"
_SEND = "Mail.Send"
_USER = "User.Read.All"
_SETTINGS = "MailboxSettings.Read"
_MESSAGES = "users/{}/messages"
_FOLDERS = "users/{}/mailFolders"

_Row = tuple[str, str, Handler, str]


def _below_messages(path: str, listed: Handler, counted: Handler, single: Handler, create: Handler) -> tuple[_Row, ...]:
    one = f"{path}/{{}}"
    attached = f"{one}/attachments"
    return (
        ("GET", path, listed, _MAIL),
        ("POST", path, create, _WRITE),
        ("GET", f"{path}/$count", counted, _MAIL),
        ("GET", one, single, _MAIL),
        ("PATCH", one, writing.update, _WRITE),
        ("DELETE", one, writing.delete, _WRITE),
        ("GET", f"{one}/$value", messages.get_mime, _MAIL),
        ("PUT", f"{one}/$value", not_here, _WRITE),
        ("POST", f"{one}/move", writing.move, _WRITE),
        ("POST", f"{one}/copy", writing.copy, _WRITE),
        ("POST", f"{one}/permanentDelete", writing.delete_for_good, _WRITE),
        ("POST", f"{one}/createReply", sending.create_reply, _WRITE),
        ("POST", f"{one}/createReplyAll", sending.create_reply_all, _WRITE),
        ("POST", f"{one}/createForward", sending.create_forward, _WRITE),
        ("POST", f"{one}/send", sending.send_draft, _SEND),
        ("POST", f"{one}/reply", sending.reply, _SEND),
        ("POST", f"{one}/replyAll", sending.reply_all, _SEND),
        ("POST", f"{one}/forward", sending.forward, _SEND),
        ("GET", f"{one}/extensions", not_here, _MAIL),
        ("GET", attached, attachments.list_of_message, _MAIL),
        ("POST", attached, writing.attach, _WRITE),
        ("GET", f"{attached}/$count", attachments.count_of_message, _MAIL),
        ("POST", f"{attached}/createUploadSession", not_here, _WRITE),
        ("GET", f"{attached}/{{}}", attachments.get_one, _MAIL),
        ("DELETE", f"{attached}/{{}}", writing.detach, _WRITE),
        ("GET", f"{attached}/{{}}/$value", attachments.get_content, _MAIL),
    )


def _below_folder(path: str) -> tuple[_Row, ...]:
    listed = f"{path}/messages"
    inside = _below_messages(
        listed, messages.list_of_folder, messages.count_of_folder, messages.get_of_folder, writing.create_in_folder
    )
    return (
        ("GET", path, folders.get_one, _MAIL),
        ("PATCH", path, folder_writing.update, _WRITE),
        ("DELETE", path, folder_writing.delete, _WRITE),
        ("POST", f"{path}/move", folder_writing.move, _WRITE),
        ("POST", f"{path}/copy", folder_writing.copy, _WRITE),
        ("POST", f"{path}/permanentDelete", folder_writing.delete_for_good, _WRITE),
        ("GET", f"{path}/childFolders", folders.list_children, _MAIL),
        ("POST", f"{path}/childFolders", folder_writing.create_child, _WRITE),
        ("GET", f"{path}/childFolders/$count", folders.count_children, _MAIL),
        ("GET", f"{path}/childFolders/delta", folders_untracked, _MAIL),
        ("GET", f"{listed}/delta", message_delta.delta, _MAIL),
        ("GET", f"{path}/messageRules", not_here, _SETTINGS),
        *inside,
    )


_ROUTES: tuple[_Row, ...] = (
    ("GET", "users", users.list_all, _USER),
    ("GET", "users/$count", users.count_all, _USER),
    ("GET", "users/delta", not_here, _USER),
    ("GET", "users/{}", users.get_one, _USER),
    ("POST", "users/{}/translateExchangeIds", translation.translate, _USER),
    ("GET", "users/{}/mailboxSettings", users.get_settings, _SETTINGS),
    ("GET", "users/{}/mailboxSettings/{}", users.get_setting, _SETTINGS),
    ("PATCH", "users/{}/mailboxSettings", not_here, "MailboxSettings.ReadWrite"),
    ("POST", "users/{}/sendMail", sending.send_mail, _SEND),
    ("GET", f"{_MESSAGES}/delta", messages_untracked, _MAIL),
    ("GET", _FOLDERS, folders.list_top, _MAIL),
    ("POST", _FOLDERS, folder_writing.create_top, _WRITE),
    ("GET", f"{_FOLDERS}/$count", folders.count_top, _MAIL),
    ("GET", f"{_FOLDERS}/delta", folder_delta.delta, _MAIL),
    *_below_folder(f"{_FOLDERS}/{{}}"),
    *_below_messages(
        _MESSAGES, messages.list_of_mailbox, messages.count_of_mailbox, messages.get_of_mailbox, writing.create
    ),
    # What Graph offers for changing the directory; no app here is granted that.
    ("POST", "users", directory_denied, ""),
    ("PATCH", "users/{}", directory_denied, ""),
    ("DELETE", "users/{}", directory_denied, ""),
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
# Parts of a user that exist and that this app has no right to.
_OTHER_OF_USER = (
    "activities",
    "calendar",
    "calendargroups",
    "calendars",
    "calendarview",
    "contactfolders",
    "contacts",
    "drive",
    "drives",
    "events",
    "inferenceclassification",
    "manager",
    "memberof",
    "onenote",
    "outlook",
    "people",
    "photo",
    "planner",
    "todo",
)
_QUALIFIED = "microsoft.graph."
#: Below these Outlook answers, and not the directory.
_OUTLOOK = ("messages", "mailfolders", "childfolders")
_OUTLOOK_OF_USER = ("sendmail", "mailboxsettings")
_MESSAGE_NAVIGATION = ("singleValueExtendedProperties", "multiValueExtendedProperties")


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
    _complete(root)
    root.literals["me"] = Node(rest=True, methods=dict.fromkeys(_METHODS, (only_delegated, "")))
    for name in _OTHER_PARTS:
        root.literals[name] = Node(rest=True, methods=dict.fromkeys(_METHODS, (directory_denied, "")))
    return root


def _complete(root: Node) -> None:
    """A folder in a folder, as deep as there are folders; and what else a user has."""
    user = root.literals["users"].key or Node()
    folder = user.literals["mailfolders"].key
    user.members = _names(USER_MEMBERS, STRUCTURES)
    for owner in (user, folder):
        message = owner.literals["messages"].key if owner is not None else None
        if message is not None:
            message.members = _names(MEMBERS, CONTENT_MEMBERS, _MESSAGE_NAVIGATION)
    if folder is not None:
        folder.literals["childfolders"].key = folder
    for name in _OTHER_OF_USER:
        user.literals[name] = Node(rest=True, methods=dict.fromkeys(_METHODS, (mail_only, "")))


def _names(*groups: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for group in groups for name in group)


ROOT = _tree()


def route(request: Request) -> Route:
    """The handler of a request's path. Raises GraphError where it leads nowhere."""
    segments = _segments(request)
    version, rest = segments[0].lower(), segments[1:]
    if version != "v1.0":
        raise errors.bad_request(f"Invalid version: {segments[0]}")
    node = ROOT
    keys: list[str] = []
    names: list[str] = []
    for segment in rest:
        name = segment.lower()
        following = node.literals.get(name) or node.literals.get(_bare(name))
        if following is None and node.key is not None:
            following = node.key
            keys.append(segment)
        if following is None:
            raise _nowhere(segment, node, names)
        node = following
        names.append(name)
        if node.rest:
            break
    return _method(node, request, keys, rest, names)


def _nowhere(segment: str, node: Node, before: list[str]) -> GraphError:
    """The error for a segment that nothing is known by: a member or a cast that Graph has, or nothing at all."""
    name = segment.lower()
    below_outlook = any(part in _OUTLOOK for part in before)
    if name == "$metadata" or (below_outlook and name.startswith(_QUALIFIED)) or name in node.members:
        return errors.not_emulated(f"the segment {segment}")
    return errors.unknown_below_outlook(segment) if below_outlook else errors.unknown_segment(segment)


def _bare(name: str) -> str:
    """The name of a function or action, which may be qualified; of functions, SDKs write the parentheses too."""
    bare = name.removeprefix(_QUALIFIED)
    return "delta" if bare == "delta()" else bare


def _method(node: Node, request: Request, keys: list[str], rest: list[str], names: list[str]) -> Route:
    if not node.methods:
        raise errors.unknown_segment(rest[-1] if rest else "")
    method = "GET" if request.method == "HEAD" else request.method
    if method not in node.methods:
        is_mail = any(name in _OUTLOOK or name in _OUTLOOK_OF_USER for name in names)
        raise (errors.not_an_outlook_request if is_mail else errors.method_not_allowed)(list(node.methods))
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
