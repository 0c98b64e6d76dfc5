"""The Graph service: what clients ask over HTTP, and what the control API and the importers do to its data."""

import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from m365sandbox.clock import SandboxClock
from m365sandbox.entra.models import Tokens
from m365sandbox.graph import batch, errors
from m365sandbox.graph.access import Access, Caller, own
from m365sandbox.graph.call import JSON, Call
from m365sandbox.graph.data.store import Store
from m365sandbox.graph.delivery.delivery import NewMessage, deliver
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.models import Mailbox, TenantSettings
from m365sandbox.graph.odata.options import read_preferences
from m365sandbox.graph.odata.paging import Pager
from m365sandbox.graph.throttle import Throttle
from m365sandbox.graph.urls import Route, route
from m365sandbox.graph.users.directory import changed_mailbox, new_mailbox
from m365sandbox.wire import Request, Response

_DIAGNOSTIC = (
    '{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"000",'
    '"RoleInstance":"AM0PEPF00000001"}}'
)
_LONGEST = 4 * 2**20
_READING = ("GET", "HEAD")
_DIRECTORY = ("User.", "Directory.")


class UnknownMailboxError(LookupError):
    """The control API named a mailbox that there is not."""


class GraphSandbox:
    """One tenant's directory and mailboxes."""

    def __init__(self, *, tokens: Tokens, clock: SandboxClock, database: str = ":memory:") -> None:
        self._access = Access(tokens)
        self._clock = clock
        self._store = Store(database)
        self._tenant = TenantSettings()
        self._tenant.change(self._store.settings())
        self._pager = Pager(self._tenant)
        self._throttle = Throttle(self._tenant, clock)

    # What clients ask

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises for what a client can send."""
        request_id = str(uuid.uuid4())
        client_id = request.headers.get("client-request-id") or request_id
        try:
            if request.size > _LONGEST:
                raise errors.too_long()
            response = self._batch(request) if _is_batch(request) else self._single(request)
        except GraphError as refusal:
            response = refusal.response(self._clock.now(), request_id, client_id)
        response.headers |= {
            "Cache-Control": "no-store, no-cache",
            "Strict-Transport-Security": "max-age=31536000",
            "request-id": request_id,
            "client-request-id": client_id,
            "x-ms-ags-diagnostic": _DIAGNOSTIC,
        }
        return response

    def _single(self, request: Request) -> Response:
        caller = self._access.caller(request)
        response, name = self._answer(request, caller)
        response.done = lambda: self._throttle.leave(name, caller.app_id)
        return response

    def _answer(self, request: Request, caller: Caller) -> tuple[Response, str]:
        """The answer to a request that is no batch, and the mailbox that is busy with it until the answer has left."""
        asked = own(request, caller)
        found = route(asked)
        mailbox = self._store.mailbox(found.keys[0]) if found.keys else None
        self._access.demand(caller, found.right, mailbox)
        name = "" if mailbox is None or found.right.startswith(_DIRECTORY) else mailbox.id
        self._throttle.enter(name, caller.app_id)
        try:
            return self._handled(asked, found), name
        except BaseException:
            self._throttle.leave(name, caller.app_id)
            raise

    def _handled(self, request: Request, found: Route) -> Response:
        call = Call(
            request=request,
            store=self._store,
            tenant=self._tenant,
            preferences=read_preferences(request.headers.get("prefer")),
            keys=found.keys,
            now=self._clock.now(),
            pager=self._pager,
            path=request.raw_path or request.path,
        )
        if request.method in _READING:
            response = found.handler(call)
        else:
            with self._store.transaction():
                response = found.handler(call)
        response.items = (call.shown,)
        return response

    def _batch(self, request: Request) -> Response:
        caller = self._access.caller(request)
        if request.method != "POST":
            raise errors.method_not_allowed(["POST"])
        items = batch.sub_requests(request)
        parallel = not batch.is_sequential(items)
        busy: list[str] = []

        def failed(refusal: GraphError) -> Response:
            identifier = str(uuid.uuid4())
            return refusal.response(self._clock.now(), identifier, identifier)

        def one(inner: Request) -> Response:
            try:
                response, name = self._answer(inner, caller)
            except GraphError as refusal:
                return failed(refusal)
            if parallel:  # side by side they occupy their mailbox together, until the batch is answered
                busy.append(name)
            else:
                self._throttle.leave(name, caller.app_id)
            return response

        def done() -> None:
            for name in busy:
                self._throttle.leave(name, caller.app_id)

        text, held = batch.run(items, request, one, failed)
        response = Response(200, {"Content-Type": JSON}, text.encode(), items=held, at_once=batch.at_once(items))
        response.done = done
        return response

    # What the control API and the importers do

    def create_mailbox(self, **fields: Any) -> str:
        """Make a mailbox from the control API's fields; gives the user's id. Raises ValueError."""
        wanted = new_mailbox(fields, self._clock.now())
        if self._store.mailbox(wanted.user_principal_name) is not None:
            raise ValueError(f"userPrincipalName {wanted.user_principal_name} exists already")
        return self._store.add_mailbox(wanted).id

    def patch_mailbox(self, upn: str, **fields: Any) -> str:
        """Change some of a mailbox's fields; gives the user's id. Raises UnknownMailboxError, ValueError."""
        mailbox = self._known(upn)
        wanted = changed_mailbox(mailbox, fields)
        other = self._store.mailbox(wanted.user_principal_name)
        if other is not None and other.id != mailbox.id:
            raise ValueError(f"userPrincipalName {wanted.user_principal_name} exists already")
        self._store.save_mailbox(wanted)
        return mailbox.id

    def delete_mailbox(self, upn: str) -> None:
        """Delete a mailbox, its user and all its mail. Raises UnknownMailboxError."""
        self._store.delete_mailbox(self._known(upn))

    def mailboxes(self) -> list[Mailbox]:
        """All mailboxes, in the order they were made."""
        return self._store.mailboxes()

    def add_message(
        self, upn: str, message: Mapping[str, Any], received: datetime | None = None, folder: str = "inbox"
    ) -> dict[str, Any]:
        """Put one message into a folder, a well-known name or a path such as `Inbox/Clients`, made when absent.

        Gives {"id" (immutable), "restId", "internetMessageId"}. Raises UnknownMailboxError, ValueError.
        """
        return self.add_messages([NewMessage(upn, message, received, folder)])[0]

    def add_messages(self, messages: Iterable[NewMessage]) -> list[dict[str, Any]]:
        """Put many messages in, all or none."""
        now = self._clock.now()
        with self._store.transaction():
            return [deliver(self._store, self._known(item.upn), item, now) for item in messages]

    def tenant_state(self) -> dict[str, Any]:
        """The habits that are set."""
        return self._tenant.as_json()

    def patch_tenant(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Set some habits; gives the whole state. Raises ValueError."""
        self._tenant.change(wanted)
        self._store.save_settings(self._tenant.as_json())
        return self.tenant_state()

    def snapshot(self, copy: sqlite3.Connection) -> None:
        """Copy all data into another database."""
        self._store.copy_to(copy)

    def restore(self, copy: sqlite3.Connection) -> None:
        """Go back to a copy."""
        self._store.copy_from(copy)
        self._tenant.change(TenantSettings().as_json() | self._store.settings())
        self._throttle.clear()
        self._pager.clear()
        self._access.clear()

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def _known(self, upn: str) -> Mailbox:
        mailbox = self._store.mailbox(upn)
        if mailbox is None:
            raise UnknownMailboxError(f"no mailbox {upn}")
        return mailbox


def _is_batch(request: Request) -> bool:
    return request.path.rstrip("/").lower() == "/v1.0/$batch"
