"""Mail folders: lists by level, counts and the single folder."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from m365sandbox.graph import errors
from m365sandbox.graph.call import Call, collection, entity, selected
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.folders.tree import SELECTABLE, Tree
from m365sandbox.graph.messages.as_json import Shape, message_texts, projection
from m365sandbox.graph.messages.fields import in_folder
from m365sandbox.graph.models import Folder, Mailbox, compact
from m365sandbox.graph.odata.fields import Field, Fields
from m365sandbox.graph.odata.filters import plan_filter, plan_order
from m365sandbox.graph.odata.options import Options, page_size, read_options, selecting
from m365sandbox.wire import Response

DEFAULT_PAGE = 10
MOST_PER_PAGE = 1000
HIDDEN = "includeHiddenFolders"
LIST_OPTIONS = ("select", "top", "skip", "count", "filter", "orderby", "expand")
_ELSEWHERE = ("messagerules", "singlevalueextendedproperties", "multivalueextendedproperties")
_EXPANDABLE = {"childfolders": "childFolders", "messages": "messages"}
#: As many messages as a page of them has; how many the real service expands is not documented.
MOST_EXPANDED = 10
_OPERATORS = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "not", "or", "startswith", "contains"})
_OF_FOLDER = "FROM messages x WHERE x.mailbox=m.mailbox AND x.folder=m.number"


def _unknown(name: str) -> GraphError:
    return errors.unknown_in_filter(name, "mailFolder")


def _unknown_to_order(name: str) -> GraphError:
    return errors.unknown_to_outlook(name, "mailFolder")


# `in` and `endswith` are refused as they are for messages (observed: docs-contrib issue 523).
FIELDS = Fields(
    {
        "id": Field("m.id"),
        "displayName": Field("m.display_name COLLATE NOCASE"),
        "parentFolderId": Field("(SELECT p.id FROM folders p WHERE p.number=m.parent)"),
        "isHidden": Field("m.is_hidden", "boolean"),
        "childFolderCount": Field(
            "(SELECT COUNT(*) FROM folders c WHERE c.parent=m.number AND c.is_hidden=0)", "number"
        ),
        "totalItemCount": Field(f"(SELECT COUNT(*) {_OF_FOLDER})", "number"),
        "unreadItemCount": Field(f"(SELECT COUNT(*) {_OF_FOLDER} AND x.is_read IS NOT 1)", "number"),
    },
    _unknown,
    operators=_OPERATORS,
    unsupported=lambda _: errors.invalid_nodes(),
)


def list_top(call: Call) -> Response:
    """GET /users/{id}/mailFolders: the children of msgfolderroot."""
    mailbox = call.mailbox()
    parent = call.store.well_known(mailbox, "msgfolderroot")
    return _listed(call, mailbox, parent, f"users('{call.key(0)}')/mailFolders")


def list_children(call: Call) -> Response:
    """GET /users/{id}/mailFolders/{id}/childFolders."""
    mailbox = call.mailbox()
    context = f"users('{call.key(0)}')/mailFolders('{call.key(-1)}')/childFolders"
    return _listed(call, mailbox, call.folder(mailbox), context)


def count_top(call: Call) -> Response:
    """GET /users/{id}/mailFolders/$count."""
    mailbox = call.mailbox()
    return _counted(call, mailbox, call.store.well_known(mailbox, "msgfolderroot"))


def count_children(call: Call) -> Response:
    """GET …/mailFolders/{id}/childFolders/$count."""
    mailbox = call.mailbox()
    return _counted(call, mailbox, call.folder(mailbox))


def read_folder_options(call: Call, *names: str) -> Options:
    """The options of a path that shows folders. Raises GraphError for others."""
    options = read_options(call.request, names, custom=(HIDDEN,))
    if options.others.get(HIDDEN, "false").lower() not in ("true", "false"):
        raise errors.bad_request(f"Invalid value '{options.others[HIDDEN]}' for {HIDDEN}.")
    return selecting(options, SELECTABLE, "mailFolder")


def visible(folders: Iterable[Folder], options: Options) -> list[Folder]:
    """The folders without the hidden ones, unless these are asked for too."""
    hidden_too = options.others.get(HIDDEN, "false").lower() == "true"
    return [folder for folder in folders if hidden_too or not folder.is_hidden]


def _listed(call: Call, mailbox: Mailbox, parent: Folder, context: str) -> Response:
    options = read_folder_options(call, *LIST_OPTIONS)
    expands = _expansions(options)
    tree = Tree(call.store, mailbox)
    found = _chosen(call, mailbox, visible(tree.children(parent), options), options)
    size = page_size(options, call.preferences, DEFAULT_PAGE, MOST_PER_PAGE)
    end = options.skip + size
    extra: dict[str, Any] = {"@odata.count": len(found)} if options.count else {}
    if end < len(found):
        extra["@odata.nextLink"] = call.next_link({"skip": str(end)})
    items = [_text(call, mailbox, tree, folder, options, expands) for folder in found[options.skip : end]]
    return collection(call, context + selected(options.select), items, extra)


def _counted(call: Call, mailbox: Mailbox, parent: Folder) -> Response:
    options = read_folder_options(call, "filter")
    found = _chosen(call, mailbox, visible(Tree(call.store, mailbox).children(parent), options), options)
    return Response(200, {"Content-Type": "text/plain"}, str(len(found)).encode())


def _chosen(call: Call, mailbox: Mailbox, folders: list[Folder], options: Options) -> list[Folder]:
    """Those that $filter leaves, in the order of $orderby; by name without one."""
    if options.filter is None and options.orderby is None:
        return sorted(folders, key=lambda folder: folder.display_name.lower())
    where = plan_filter(options.filter, FIELDS) if options.filter is not None else None
    order = plan_order(options.orderby, FIELDS, _unknown_to_order) if options.orderby is not None else []
    ordered = ", ".join([*(f"{sql} {direction}" for _, sql, direction in order), "m.display_name COLLATE NOCASE"])
    rows = call.store.rows(
        f"SELECT m.number FROM folders m WHERE m.mailbox=? AND {where.sql if where else 1} ORDER BY {ordered}",
        (mailbox.number, *(where.values if where else ())),
    )
    by_number = {folder.number: folder for folder in folders}
    return [by_number[number] for (number,) in rows if number in by_number]


def _expansions(options: Options) -> set[str]:
    """The members to be expanded: the folders below, the messages inside."""
    found = set()
    for item in (options.expand or "").split(",") if options.expand is not None else ():
        name = item.strip().partition("(")[0]
        if name.lower() in _ELSEWHERE or (name.lower() in _EXPANDABLE and "(" in item):
            raise errors.not_emulated(f"$expand={options.expand} of mailFolders")
        if name.lower() not in _EXPANDABLE:
            raise errors.not_in_select(item, "mailFolder")
        found.add(_EXPANDABLE[name.lower()])
    return found


def _text(call: Call, mailbox: Mailbox, tree: Tree, folder: Folder, options: Options, expands: set[str]) -> str:
    inside = visible(tree.children(folder), options)
    children = [tree.text(child, None) for child in inside] if "childFolders" in expands else None
    text = tree.text(folder, options.select, children=children)
    return f"{text[:-1]},{_messages(call, mailbox, folder)}}}" if "messages" in expands else text


def _messages(call: Call, mailbox: Mailbox, folder: Folder) -> str:
    """The newest messages of a folder as its members, and the link to the others."""
    within = in_folder(mailbox, folder)
    columns = projection(None, call.preferences.immutable_ids)
    rows = call.store.rows(
        f"SELECT {columns} FROM messages m WHERE {within.sql} ORDER BY m.received DESC, m.number DESC LIMIT ?",
        (*within.values, MOST_EXPANDED + 1),
    )
    shown = f'"messages":[{",".join(message_texts(call, Shape(), rows[:MOST_EXPANDED]))}]'
    if len(rows) <= MOST_EXPANDED:
        return shown
    link = (
        f"{call.root}/users('{call.key(0)}')/mailFolders('{quote(folder.id, safe='=')}')/messages?$skip={MOST_EXPANDED}"
    )
    return f'{shown},"messages@odata.nextLink":{compact(link)}'


def get_one(call: Call) -> Response:
    """GET /users/{id}/mailFolders/{id or well-known name}."""
    mailbox = call.mailbox()
    options = read_folder_options(call, "select", "expand")
    expands = _expansions(options)
    folder = call.folder(mailbox)
    context = f"users('{call.key(0)}')/mailFolders{selected(options.select)}/$entity"
    return entity(call, context, _text(call, mailbox, Tree(call.store, mailbox), folder, options, expands))
