"""Mail folders: lists by level, the single folder, and the first round of mailFolders/delta."""

from collections.abc import Iterable
from typing import Any

from connector.sandbox.graph import errors
from connector.sandbox.graph.call import Call, collection, entity, selected
from connector.sandbox.graph.models import Folder, Mailbox, compact
from connector.sandbox.graph.options import Options, check_selected, page_size, read_options
from connector.sandbox.wire import Response

DEFAULT_PAGE = 10
MOST_PER_PAGE = 1000
MEMBERS = (
    "id",
    "displayName",
    "parentFolderId",
    "childFolderCount",
    "unreadItemCount",
    "totalItemCount",
    "isHidden",
)
HIDDEN = "includeHiddenFolders"


class _Tree:
    """The folders of one mailbox with what is counted over them; messages are counted only when asked."""

    def __init__(self, call: Call, mailbox: Mailbox) -> None:
        self._call = call
        self._mailbox = mailbox
        self.folders = call.store.folders(mailbox)
        self._by_number = {folder.number: folder for folder in self.folders}
        self._counts: dict[int, tuple[int, int]] | None = None

    def children(self, parent: Folder) -> list[Folder]:
        return [folder for folder in self.folders if folder.parent == parent.number]

    def below(self, parent: Folder) -> list[Folder]:
        """All folders below, in the order they were made."""
        inside = {parent.number}
        found = []
        for folder in self.folders:
            if folder.parent in inside:
                inside.add(folder.number)
                found.append(folder)
        return found

    def text(self, folder: Folder, names: tuple[str, ...] | None) -> str:
        wanted = MEMBERS if names is None or "*" in names else names
        return compact({name: self._member(folder, name) for name in ("id", *wanted)})

    def _member(self, folder: Folder, name: str) -> Any:
        if name in ("totalItemCount", "unreadItemCount"):
            if self._counts is None:
                self._counts = self._call.store.item_counts(self._mailbox)
            return self._counts.get(folder.number, (0, 0))[name == "unreadItemCount"]
        if name == "childFolderCount":
            return sum(1 for child in self.children(folder) if not child.is_hidden)
        if name == "parentFolderId":
            return self._by_number[folder.parent].id if folder.parent else None
        return {"id": folder.id, "displayName": folder.display_name, "isHidden": folder.is_hidden}[name]


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


def _options(call: Call, *names: str) -> Options:
    options = read_options(call.request, names, custom=(HIDDEN,))
    if options.others.get(HIDDEN, "false").lower() not in ("true", "false"):
        raise errors.bad_request(f"Invalid value '{options.others[HIDDEN]}' for {HIDDEN}.")
    check_selected(options.select, MEMBERS, "mailFolder")
    return options


def _visible(folders: Iterable[Folder], options: Options) -> list[Folder]:
    hidden_too = options.others.get(HIDDEN, "false").lower() == "true"
    return [folder for folder in folders if hidden_too or not folder.is_hidden]


def _listed(call: Call, mailbox: Mailbox, parent: Folder, context: str) -> Response:
    options = _options(call, "select", "top", "skip", "count", "filter", "orderby", "expand")
    if options.filter or options.orderby or options.expand:
        raise errors.not_emulated("$filter, $orderby and $expand on mailFolders")
    tree = _Tree(call, mailbox)
    found = sorted(_visible(tree.children(parent), options), key=lambda folder: folder.display_name.lower())
    size = page_size(options, call.preferences, DEFAULT_PAGE, MOST_PER_PAGE)
    end = options.skip + size
    extra: dict[str, Any] = {"@odata.count": len(found)} if options.count else {}
    if end < len(found):
        extra["@odata.nextLink"] = call.next_link({"skip": str(end)})
    items = [tree.text(folder, options.select) for folder in found[options.skip : end]]
    return collection(call, context + selected(options.select), items, extra)


def get_one(call: Call) -> Response:
    """GET /users/{id}/mailFolders/{id or well-known name}."""
    mailbox = call.mailbox()
    options = _options(call, "select")
    folder = call.folder(mailbox)
    context = f"users('{call.key(0)}')/mailFolders{selected(options.select)}/$entity"
    return entity(call, context, _Tree(call, mailbox).text(folder, options.select))


def delta(call: Call) -> Response:
    """GET /users/{id}/mailFolders/delta, first round: the whole tree below msgfolderroot, flat."""
    mailbox = call.mailbox()
    options = _options(call, "select", "skiptoken", "deltatoken")
    if call.request.parameter("$deltatoken") is not None:
        raise errors.not_emulated("a second round of mailFolders/delta")
    tree = _Tree(call, mailbox)
    found = _visible(tree.below(call.store.well_known(mailbox, "msgfolderroot")), options)
    size = call.preferences.page_size or max(len(found), 1)
    start = _start(call)
    extra: dict[str, Any]
    if start + size < len(found):
        extra = {"@odata.nextLink": call.next_link({"skiptoken": f"GwcBo{start + size:06d}"})}
    else:
        token = f"GwcBp{call.store.counter():012d}"
        extra = {"@odata.deltaLink": f"{call.request.base_url}{call.path}?$deltatoken={token}"}
    items = [tree.text(folder, options.select) for folder in found[start : start + size]]
    return collection(call, "Collection(mailFolder)", items, extra)


def _start(call: Call) -> int:
    token = call.request.parameter("$skiptoken")
    if token is None:
        return 0
    if not token[5:].isdigit():
        raise errors.bad_request("Badly formed token.")
    return int(token[5:])
