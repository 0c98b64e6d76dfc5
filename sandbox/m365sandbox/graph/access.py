"""Who may do what in Graph: the token, the permissions in it, and the mailboxes they reach.

`Access.caller` reads the token (401), `own` turns `/me` into the caller's own path, `demand` refuses what the caller
may not do with a mailbox (403, 404). A handler that needs another permission than its route says calls `demand` again.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from m365sandbox.entra.clouds import accepts
from m365sandbox.entra.models import TokenRefusedError, Tokens
from m365sandbox.graph import errors
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.models import Mailbox
from m365sandbox.graph.users.directory import FULL_ACCESS
from m365sandbox.wire import Request

#: What includes a permission, beside the permission itself (Graph permissions reference).
_INCLUDED_IN: Mapping[str, tuple[str, ...]] = {
    "Mail.Read": ("Mail.ReadWrite",),
    "MailboxSettings.Read": ("MailboxSettings.ReadWrite",),
    "User.Read.All": ("User.ReadWrite.All", "Directory.Read.All"),
}
_DIRECTORY = ("User.", "Directory.")
#: Delegated permissions with which a person sees their own directory entry, and everybody's.
_OWN_ENTRY = ("User.Read", "User.ReadBasic.All", "User.Read.All")
_ALL_ENTRIES = ("User.ReadBasic.All", "User.Read.All")
_TOKEN_MESSAGES = {
    "empty": "Access token is empty.",
    "malformed": "CompactToken parsing failed with error code: 80049217",
    "signature": "Access token validation failure. Invalid signature.",
    "expired": "CompactToken validation failed with reason code: 80049228.",
    "audience": "Access token validation failure. Invalid audience.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: an app by itself, or an app for a person (`user_id`)."""

    app_id: str
    user_id: str | None
    user_name: str
    permissions: frozenset[str]

    def holds(self, right: str) -> bool:
        """Whether the token has the permission, or one that includes it."""
        return bool(self.permissions & {right, *_INCLUDED_IN.get(right, ())})

    def is_owner_of(self, mailbox: Mailbox) -> bool:
        """Whether it is the person's own mailbox."""
        return self.user_id == mailbox.id

    def has_full_access_to(self, mailbox: Mailbox) -> bool:
        """Whether the mailbox has been shared with the person."""
        return self.user_name.lower() in mailbox.properties.get(FULL_ACCESS, ())


class Access:
    """The tenant's rules."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._refused: Counter[str] = Counter()

    def caller(self, request: Request) -> Caller:
        """Who asks. Raises 401 for a token that is none, or is not good for Graph."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise errors.invalid_token(_TOKEN_MESSAGES["empty"])
        try:
            claims = self._tokens.check(token.strip(), lambda audience: accepts(request.base_url, audience))
        except TokenRefusedError as refusal:
            raise errors.invalid_token(_TOKEN_MESSAGES[refusal.reason]) from refusal
        return _caller(claims)

    def demand(self, caller: Caller, right: str, mailbox: Mailbox | None) -> None:
        """Refuse unless the caller has `right`: for this mailbox or user, or for the whole directory (None).

        A mailbox that is there but not served is refused too, for any right but one of the directory.
        """
        if not right:
            return
        if right.startswith(_DIRECTORY):
            _demand_directory(caller, right, mailbox)
            return
        if caller.user_id is None:
            self._demand_of_app(caller, right, mailbox)
        else:
            _demand_of_person(caller, right, mailbox)
        if mailbox is not None and mailbox.state != "ok":
            raise self._not_served(mailbox)

    def _demand_of_app(self, caller: Caller, right: str, mailbox: Mailbox | None) -> None:
        """Consent in Entra reaches every mailbox but for an access policy; RBAC for Applications adds to it."""
        app = self._tokens.apps.find(caller.app_id)
        name = "" if mailbox is None else mailbox.user_principal_name.lower()
        scoped = app is not None and bool({right, *_INCLUDED_IN.get(right, ())} & set(app.scoped_roles))
        if scoped and app is not None and (mailbox is None or name in app.mailboxes):
            return
        if not caller.holds(right):
            raise errors.access_denied()
        if mailbox is not None and app is not None and app.access_policy and not app.access_policy.allows(name):
            raise blocked_by_policy()

    def _not_served(self, mailbox: Mailbox) -> GraphError:
        """The same mailbox answers with the one code or the other (observed: microsoft-graph-docs issues 4598, 10481);
        here every fifth time with the second."""
        self._refused[mailbox.id] += 1
        return undiscovered() if self._refused[mailbox.id] % 5 == 0 else errors.no_mailbox()

    def clear(self) -> None:
        """Begin the turns anew."""
        self._refused.clear()


def own(request: Request, caller: Caller) -> Request:
    """The request with `/me` written as the caller's own user. An app by itself has none, and keeps `/me`."""
    raw = request.raw_path or request.path
    version, _, rest = raw.lstrip("/").partition("/")
    first, slash, below = rest.partition("/")
    if caller.user_id is None or first.lower() != "me":
        return request
    path = f"/{version}/users/{caller.user_id}{slash}{below}"
    return replace(request, path=path, raw_path=path)


def blocked_by_policy() -> GraphError:
    """An application access policy keeps the app out of this mailbox (Graph: limit mailbox access; the text behind the
    colon is as publicly quoted)."""
    return GraphError(
        403,
        "ErrorAccessDenied",
        "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
    )


def undiscovered() -> GraphError:
    """The other code of a mailbox that Graph does not serve."""
    return GraphError(404, "ResourceNotFound", "Resource could not be discovered.")


def not_shared() -> GraphError:
    """Another person's mailbox that has not been shared with the caller."""
    return GraphError(
        404, "ErrorItemNotFound", "The specified object was not found in the store., Default folder Root not found."
    )


def _caller(claims: Mapping[str, Any]) -> Caller:
    if "scp" in claims:
        return Caller(
            app_id=str(claims["appid"]),
            user_id=str(claims["oid"]),
            user_name=str(claims["upn"]),
            permissions=frozenset(str(claims["scp"]).split()),
        )
    roles = frozenset(claims.get("roles", ()))
    return Caller(app_id=str(claims["appid"]), user_id=None, user_name="", permissions=roles)


def _demand_directory(caller: Caller, right: str, user: Mailbox | None) -> None:
    if caller.user_id is not None and right == "User.Read.All":
        enough = _OWN_ENTRY if user is not None and caller.is_owner_of(user) else _ALL_ENTRIES
        if caller.permissions.intersection(enough):
            return
    if not caller.holds(right):
        raise errors.request_denied()


def _demand_of_person(caller: Caller, right: str, mailbox: Mailbox | None) -> None:
    """A person's app reaches their own mailbox, and with a permission that ends in .Shared what was shared with them
    (Graph: share or delegate a mail folder)."""
    shared = any(caller.holds(f"{name}.Shared") for name in (right, *_INCLUDED_IN.get(right, ())))
    if mailbox is None or caller.is_owner_of(mailbox):
        if not caller.holds(right) and not shared:
            raise errors.access_denied()
        return
    if not shared:
        raise errors.access_denied()
    if not caller.has_full_access_to(mailbox):
        raise not_shared()
