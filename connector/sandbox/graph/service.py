"""The Graph service: what clients ask over HTTP, and what the control API and the importers do to its data."""

import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from connector.sandbox.clock import SandboxClock
from connector.sandbox.entra.models import GRAPH_RESOURCES, TokenRefusedError, Tokens
from connector.sandbox.graph import batch, errors
from connector.sandbox.graph.call import JSON, Call
from connector.sandbox.graph.delivery import NewMessage, deliver, move
from connector.sandbox.graph.directory import changed_mailbox, new_mailbox
from connector.sandbox.graph.errors import GraphError
from connector.sandbox.graph.models import Mailbox, TenantSettings
from connector.sandbox.graph.options import read_preferences
from connector.sandbox.graph.paging import Pager
from connector.sandbox.graph.store import Store
from connector.sandbox.graph.throttle import Throttle
from connector.sandbox.graph.urls import Route, route
from connector.sandbox.wire import Request, Response

_DIAGNOSTIC = (
    '{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"000",'
    '"RoleInstance":"AM0PEPF00000001"}}'
)
_TOKEN_MESSAGES = {
    "malformed": "CompactToken parsing failed with error code: 80049217",
    "signature": "Access token validation failure. Invalid signature.",
    "expired": "CompactToken validation failed with reason code: 80049228.",
    "audience": "Access token validation failure. Invalid audience.",
}


HOST_NAMES = ("localhost", "127.0.0.1", "::1")


class UnknownMailboxError(LookupError):
    """The control API named a mailbox that there is not."""


class GraphSandbox:
    """One tenant's directory and mailboxes."""

    def __init__(self, *, tokens: Tokens, clock: SandboxClock, database: str = ":memory:") -> None:
        self._tokens = tokens
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
        response, name = self._answer(request)
        response.done = lambda: self._throttle.leave(name)
        return response

    def _answer(self, request: Request) -> tuple[Response, str]:
        """The answer to a request that is no batch, and the mailbox that is busy with it until the answer has left."""
        claims = self._claims(request)
        found = route(request)
        _check_right(found, claims)
        name = self._mailbox_id(found)
        self._throttle.enter(name)
        try:
            return self._handled(request, found), name
        except BaseException:
            self._throttle.leave(name)
            raise

    def _handled(self, request: Request, found: Route) -> Response:
        return found.handler(
            Call(
                request=request,
                store=self._store,
                tenant=self._tenant,
                preferences=read_preferences(request.headers.get("prefer")),
                keys=found.keys,
                now=self._clock.now(),
                pager=self._pager,
                path=request.raw_path or request.path,
            )
        )

    def _batch(self, request: Request) -> Response:
        self._claims(request)
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
                response, name = self._answer(inner)
            except GraphError as refusal:
                return failed(refusal)
            if parallel:  # side by side they occupy their mailbox together, until the batch is answered
                busy.append(name)
            else:
                self._throttle.leave(name)
            return response

        def done() -> None:
            for name in busy:
                self._throttle.leave(name)

        text = batch.run(items, request, one, failed)
        return Response(200, {"Content-Type": JSON}, text.encode(), rounds=batch.rounds(items), done=done)

    def _mailbox_id(self, found: Route) -> str:
        """The mailbox a path is about; empty for the directory."""
        if not found.keys or found.right == "User.Read.All":
            return ""
        mailbox = self._store.mailbox(found.keys[0])
        return mailbox.id if mailbox else ""

    def _claims(self, request: Request) -> Mapping[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise errors.invalid_token("Access token is empty.")
        try:
            return self._tokens.check(token.strip(), _is_graph)
        except TokenRefusedError as refusal:
            raise errors.invalid_token(_TOKEN_MESSAGES[refusal.reason]) from refusal

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

    def move_message(self, upn: str, message_id: str, folder: str) -> dict[str, Any]:
        """Move a message, as its owner would: the immutable id stays, the other changes."""
        with self._store.transaction():
            return move(self._store, self._known(upn), message_id, folder)

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

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def _known(self, upn: str) -> Mailbox:
        mailbox = self._store.mailbox(upn)
        if mailbox is None:
            raise UnknownMailboxError(f"no mailbox {upn}")
        return mailbox


def _is_graph(audience: str) -> bool:
    """Whether a token is for Graph, or for this sandbox under any of its names: Entra issues no other local ones."""
    return audience in GRAPH_RESOURCES or urlsplit(audience).hostname in HOST_NAMES


def _is_batch(request: Request) -> bool:
    return request.path.rstrip("/").lower() == "/v1.0/$batch"


def _check_right(found: Route, claims: Mapping[str, Any]) -> None:
    if found.right and found.right not in claims.get("roles", ()):
        raise errors.request_denied() if found.right == "User.Read.All" else errors.access_denied()
