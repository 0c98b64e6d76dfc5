"""One Graph request on its way through a handler, and the JSON answers handlers give."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from m365sandbox.graph import errors
from m365sandbox.graph.data.store import Store
from m365sandbox.graph.models import Folder, Mailbox, TenantSettings, compact
from m365sandbox.graph.odata.options import Preferences
from m365sandbox.graph.odata.paging import Pager
from m365sandbox.wire import Request, Response

JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass(slots=True, kw_only=True)
class Call:
    """A request whose path has been understood: `keys` are the ids and names in it, in their order.

    `shown` counts the messages and attachments that go into the answer.
    """

    request: Request
    store: Store
    tenant: TenantSettings
    preferences: Preferences
    keys: list[str]
    now: datetime
    pager: Pager
    path: str
    shown: int = 0

    @property
    def root(self) -> str:
        """The address of this version of the service, as the client used it."""
        return f"{self.request.base_url}/v1.0"

    def context(self, rest: str) -> str:
        """An @odata.context."""
        return f"{self.root}/$metadata#{rest}"

    def key(self, position: int) -> str:
        """A key of the path as an @odata.context shows it."""
        return quote(self.keys[position].replace("'", "''"), safe="=")

    def mailbox(self) -> Mailbox:
        """The mailbox the path names; refused where there is none, or none that Graph serves."""
        found = self.store.mailbox(self.keys[0])
        if found is None:
            raise errors.invalid_user(self.keys[0])
        if found.state != "ok":
            raise errors.no_mailbox()
        return found

    def user(self) -> Mailbox:
        """The directory user the path names, with or without a mailbox."""
        found = self.store.mailbox(self.keys[0])
        if found is None:
            raise errors.unknown_user(self.keys[0])
        return found

    def folder(self, mailbox: Mailbox, position: int = -1) -> Folder:
        """The folder the path names, by id or well-known name."""
        return self.store.folder(mailbox, self.keys[position])

    def message(self, mailbox: Mailbox, position: int = -1) -> int:
        """The message the path names, by either kind of id: its row. In a path through a folder it must be there."""
        number = self.store.message_number(mailbox, self.keys[position])
        if len(self.keys[: len(self.keys) + position]) > 1:
            folder = self.folder(mailbox, position - 1)
            if not self.store.rows("SELECT 1 FROM messages WHERE number=? AND folder=?", (number, folder.number)):
                raise errors.item_not_found()
        return number

    def next_link(self, changed: dict[str, str]) -> str:
        """The address of the same list with other options: the client's own options are kept as they are."""
        kept = [(name, value) for name, value in self.request.query if _plain(name) not in changed]
        pairs = kept + [(f"${name}", value) for name, value in changed.items()]
        shown = "&".join(f"{quote(name, safe='$')}={quote(value, safe='$,:/()')}" for name, value in pairs)
        return f"{self.request.base_url}{self.path}?{shown}"


def _plain(name: str) -> str:
    return name.lower().removeprefix("$")


def answer(call: Call, text: str, status: int = 200) -> Response:
    """A JSON answer from text that is JSON already."""
    headers = {"Content-Type": JSON, "OData-Version": "4.0"}
    applied = call.preferences.applied()
    if applied:
        headers["Preference-Applied"] = applied
    return Response(status, headers, text.encode())


def collection(
    call: Call, context: str, items: list[str], extra: dict[str, Any] | None = None, *, links_first: bool = False
) -> Response:
    """A list answer. `extra` holds @odata.count and links, which change tracking sends before the items."""
    extra = extra or {}
    head = {"@odata.context": call.context(context)}
    if "@odata.count" in extra:
        head["@odata.count"] = extra.pop("@odata.count")
    if links_first:
        head |= extra
        extra = {}
    tail = f",{compact(extra)[1:-1]}" if extra else ""
    return answer(call, f'{compact(head)[:-1]},"value":[{",".join(items)}]{tail}}}')


def entity(call: Call, context: str, text: str, status: int = 200) -> Response:
    """A single resource, `text` being its JSON object."""
    head = compact({"@odata.context": call.context(context)})
    body = head if text == "{}" else f"{head[:-1]},{text[1:]}"
    return answer(call, body, status)


def selected(names: tuple[str, ...] | None) -> str:
    """The part of an @odata.context that tells the selection."""
    return f"({','.join(names)})" if names else ""
