"""mailFolders/delta: the folders below msgfolderroot, flat, and afterwards those that are new, changed or gone.

A folder counts as changed when it gets another name or another place; what goes on inside it is told by messages/delta.
"""

from dataclasses import replace
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.call import Call, collection
from m365sandbox.graph.data import sync_state
from m365sandbox.graph.data.sync_state import Round
from m365sandbox.graph.folders.folders import read_folder_options, visible
from m365sandbox.graph.folders.tree import Tree
from m365sandbox.graph.models import Folder, Mailbox, compact
from m365sandbox.graph.odata.options import Options
from m365sandbox.wire import Response

_ALL_FOLDERS = 0
_TOKENS = ("skiptoken", "deltatoken")
_TYPE = "#microsoft.graph.mailFolder"


def delta(call: Call) -> Response:
    """GET /users/{id}/mailFolders/delta, in any of its spellings."""
    mailbox = call.mailbox()
    state, options = _state(call, mailbox)
    entries = _entries(call, mailbox, state, options)
    begin = int(state.cursor[0]) if state.cursor else 0
    size = call.preferences.page_size or max(len(entries), 1)
    path = f"{call.root}/users('{call.key(0)}')/mailFolders/delta"
    extra: dict[str, Any]
    if begin + size < len(entries):
        token = sync_state.next_token(replace(state, cursor=[begin + size]))
        extra = {"@odata.nextLink": f"{path}?$skiptoken={token}"}
    else:
        position = max((counter for counter, _ in entries), default=state.base)
        token = sync_state.delta_token(call.store, replace(state, until=max(position, 1)), call.now)
        extra = {"@odata.deltaLink": f"{path}?$deltatoken={token}"}
    items = [text for _, text in entries[begin : begin + size]]
    return collection(call, "Collection(mailFolder)", items, extra, links_first=True)


def _state(call: Call, mailbox: Mailbox) -> tuple[Round, Options]:
    tokens = {key.lower().removeprefix("$"): value for key, value in call.request.query}
    if not set(_TOKENS) & set(tokens):
        options = read_folder_options(call, "select")
        asked: dict[str, Any] = {"select": options.select, "others": options.others}
        return sync_state.begin(call.store, mailbox.number, _ALL_FOLDERS, asked), options
    for name in tokens:
        if name not in _TOKENS:
            raise errors.invalid_query(f"The parameter '{name}' cannot be used together with a state token.")
    if "skiptoken" in tokens:
        state = sync_state.going_on(call.store, tokens["skiptoken"], call.now)
    else:
        state = sync_state.following(call.store, tokens["deltatoken"], call.now)
    asked = sync_state.options_of(call.store, state.sync, mailbox.number, _ALL_FOLDERS)
    return state, Options(select=tuple(asked["select"]) if asked["select"] else None, others=asked["others"])


def _entries(call: Call, mailbox: Mailbox, state: Round, options: Options) -> list[tuple[int, str]]:
    """The counter and the JSON of every folder that is to be told in this round, parents first, then what is gone."""
    tree = Tree(call.store, mailbox)
    counters: dict[int, int] = dict(
        call.store.rows("SELECT number, COALESCE(changed,counter) FROM folders WHERE mailbox=?", (mailbox.number,))
    )

    def is_told(folder: Folder) -> bool:
        return state.base < counters[folder.number] <= state.until

    found = visible(tree.below(call.store.well_known(mailbox, "msgfolderroot")), options)
    told = [
        (counters[folder.number], tree.text(folder, options.select, typed=True)) for folder in found if is_told(folder)
    ]
    gone = call.store.rows(
        "SELECT counter, id FROM folder_removals WHERE mailbox=? AND counter>? AND counter<=? AND entered<=? "
        "ORDER BY counter",
        (mailbox.number, state.base, state.until, state.base),
    )
    removed = {"@odata.type": _TYPE, "@removed": {"reason": "deleted"}}
    return told + [(counter, compact({"id": identifier, **removed})) for counter, identifier in gone]
