"""The state of change tracking: what a client asked for first, and which of the links it was given still hold.

The service keeps the last generations of a sync (microsoft-graph-docs issues 2162, 2877): a link can be used again
until newer ones have pushed it out. A link whose round found nothing new is given again.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.data.store import Store

KEPT_GENERATIONS = 4
#: "There is no upper limit" for mail, only a cache that is emptied (Graph, delta query overview); here after this long.
LIFE = timedelta(days=30)
_SECRET = b"GwcBoTmPuoTQWfcsAbkYM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Where a client stands: in the round after `generation`, which tells the changes after `base` up to `until`; it
    has been told those up to `cursor` ([] at the beginning). `told` is how many items that were."""

    sync: int
    generation: int
    base: int
    until: int
    cursor: list[Any]
    told: int = 0


def begin(store: Store, mailbox: int, folder: int, options: dict[str, Any]) -> Round:
    """A new sync: everything there is counts as new."""
    now = store.counter()
    number = store.execute(
        "INSERT INTO syncs (mailbox,folder,options,started) VALUES (?,?,?,?)",
        (mailbox, folder, json.dumps(options), now),
    ).lastrowid
    return Round(sync=int(number or 0), generation=0, base=0, until=now, cursor=[])


def options_of(store: Store, sync: int, mailbox: int, folder: int) -> dict[str, Any]:
    """What a sync was begun with. Raises 410 where it is unknown, or is of another folder."""
    rows = store.rows("SELECT options FROM syncs WHERE number=? AND mailbox=? AND folder=?", (sync, mailbox, folder))
    if not rows:
        raise errors.sync_state_not_found(0, [])
    return dict(json.loads(rows[0][0]))


def following(store: Store, token: str, now: datetime) -> Round:
    """The round that a deltaLink begins. Raises 410 for one that no longer holds."""
    sync, generation = _numbers(token, 2)
    position = _position(store, sync, generation, now)
    return Round(sync=sync, generation=generation, base=position, until=store.counter(), cursor=[])


def going_on(store: Store, token: str, now: datetime) -> Round:
    """The round that a nextLink goes on with."""
    value = _decoded(token)
    try:
        state = Round(**value) if isinstance(value, dict) else None
    except TypeError:
        state = None
    if state is None or not all(isinstance(part, int) for name, part in value.items() if name != "cursor"):
        raise errors.bad_request("Badly formed token.")
    if state.generation:
        _position(store, state.sync, state.generation, now)
    else:
        _check_newest(store, state.sync, 0)
    return state


def next_token(state: Round) -> str:
    """The $skiptoken with which the round goes on."""
    return _encoded(asdict(state))


def delta_token(store: Store, state: Round, now: datetime) -> str:
    """The $deltatoken that the round ends with: the one before where nothing has changed since."""
    newest = max(_generations(store, state.sync), default=0)
    if newest:
        ((position,),) = store.rows(
            "SELECT position FROM generations WHERE sync=? AND generation=?", (state.sync, newest)
        )
        if position == state.until:
            return _encoded([state.sync, newest])
    issued = now.strftime("%Y-%m-%dT%H:%M:%S")
    store.execute("INSERT INTO generations VALUES (?,?,?,?)", (state.sync, newest + 1, state.until, issued))
    return _encoded([state.sync, newest + 1])


def _position(store: Store, sync: int, generation: int, now: datetime) -> int:
    rows = store.rows("SELECT position, issued FROM generations WHERE sync=? AND generation=?", (sync, generation))
    known = _generations(store, sync)
    if not rows:
        raise errors.sync_state_not_found(generation, known)
    position, issued = rows[0]
    if now.replace(tzinfo=None) - datetime.fromisoformat(issued) > LIFE:
        raise errors.sync_state_not_found(generation, known)
    _check_newest(store, sync, generation)
    return int(position)


def _check_newest(store: Store, sync: int, generation: int) -> None:
    known = _generations(store, sync)
    if max(known, default=0) - generation >= KEPT_GENERATIONS:
        raise errors.sync_state_not_found(generation, known)


def _generations(store: Store, sync: int) -> list[int]:
    """Those that are kept, the newest first."""
    rows = store.rows(
        "SELECT generation FROM generations WHERE sync=? ORDER BY generation DESC LIMIT ?", (sync, KEPT_GENERATIONS)
    )
    return [row[0] for row in rows]


def _numbers(token: str, count: int) -> list[int]:
    value = _decoded(token)
    if not isinstance(value, list) or len(value) != count or not all(isinstance(item, int) for item in value):
        raise errors.bad_request("Badly formed token.")
    return value


def _encoded(value: Any) -> str:
    """A token that looks like one: nobody shall read anything into it."""
    return "GwcBo" + base64.urlsafe_b64encode(_mixed(json.dumps(value, separators=(",", ":")).encode())).decode()


def _decoded(token: str) -> Any:
    try:
        return json.loads(_mixed(base64.urlsafe_b64decode(token.removeprefix("GwcBo").encode("ascii"))))
    except (binascii.Error, ValueError) as exc:
        raise errors.bad_request("Badly formed token.") from exc


def _mixed(raw: bytes) -> bytes:
    return bytes(byte ^ _SECRET[at % len(_SECRET)] for at, byte in enumerate(raw))
