"""The app registrations of the tenant: credentials, and what an administrator has granted them.

The first one is that of the ready line. Others come and go by the control API.
"""

import secrets
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

#: Application permissions that can be granted here (Graph permissions reference).
ROLES = (
    "Directory.Read.All",
    "Mail.Read",
    "Mail.ReadWrite",
    "Mail.Send",
    "MailboxSettings.Read",
    "MailboxSettings.ReadWrite",
    "User.Read.All",
    "User.ReadWrite.All",
)
#: Delegated permissions that can be granted here (Graph permissions reference).
SCOPES = (
    "Mail.Read",
    "Mail.Read.Shared",
    "Mail.ReadWrite",
    "Mail.ReadWrite.Shared",
    "Mail.Send",
    "Mail.Send.Shared",
    "MailboxSettings.Read",
    "MailboxSettings.ReadWrite",
    "User.Read",
    "User.Read.All",
    "User.ReadBasic.All",
)
#: Roles that RBAC for Applications has in Exchange Online; there they are called "Application Mail.Read" and so on.
SCOPED_ROLES = ("Mail.Read", "Mail.ReadWrite", "Mail.Send", "MailboxSettings.Read", "MailboxSettings.ReadWrite")
POLICIES = ("DenyAccess", "RestrictAccess")
FIRST_SCOPES = ("Mail.Read", "Mail.Read.Shared", "User.Read")
LOOPBACK = ("http://localhost", "http://127.0.0.1")
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """An application access policy of Exchange Online: `right` is DenyAccess or RestrictAccess."""

    right: str
    mailboxes: tuple[str, ...]

    def allows(self, mailbox: str) -> bool:
        """Whether the app may read this mailbox (user principal name)."""
        named = mailbox.lower() in self.mailboxes
        return named if self.right == "RestrictAccess" else not named


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One registration. `roles` are application permissions consented in Entra; `scoped_roles` those that RBAC for
    Applications gives for `mailboxes` only; `scopes` delegated permissions; a `public` app has no secret."""

    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    name: str = "Microsoft 365 mail reader"
    secret: str = ""
    secret_expires: float | None = None
    certificates: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    scoped_roles: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()
    access_policy: AccessPolicy | None = None
    redirect_uris: tuple[str, ...] = LOOPBACK
    public: bool = False

    def secret_is(self, given: str) -> bool:
        """Whether this is the app's secret, expired or not."""
        return bool(self.secret) and secrets.compare_digest(given.encode(), self.secret.encode())

    @property
    def secret_has_expired(self) -> bool:
        """Whether the secret's time is over, by the machine's clock."""
        return self.secret_expires is not None and self.secret_expires <= time.time()

    def certificate(self, thumbprint: bytes, kind: Any) -> x509.Certificate | None:
        """The certificate with this thumbprint by a hash algorithm."""
        for pem in self.certificates:
            found = x509.load_pem_x509_certificate(pem.encode())
            if found.fingerprint(kind) == thumbprint:
                return found
        return None

    def redirects_to(self, uri: str) -> bool:
        """Whether the address is registered: exactly, but for the port of a loopback address."""
        return any(_same_address(known, uri) for known in self.redirect_uris)


def _same_address(known: str, uri: str) -> bool:
    if known == uri:
        return True
    left, right = urlsplit(known), urlsplit(uri)
    if left.scheme != "http" or left.hostname not in _LOOPBACK_HOSTS or right.fragment:
        return False
    return (left.scheme, left.hostname, left.path or "/", left.query) == (
        right.scheme,
        right.hostname,
        right.path or "/",
        right.query,
    )


class Apps:
    """All registrations, by client id in any case."""

    def __init__(self, first: App) -> None:
        self._apps: dict[str, App] = {first.client_id.lower(): first}
        self._first = first

    @property
    def first(self) -> App:
        """The app of the ready line, as it is now."""
        return self._apps[self._first.client_id.lower()]

    def find(self, client_id: str) -> App | None:
        """A registration, or None."""
        return self._apps.get(client_id.lower())

    def register(self, given: Mapping[str, Any]) -> App:
        """Make one from the control API's fields. Raises ValueError for what no app can have."""
        app = _changed(App(), given)
        if not app.public:
            app = replace(app, secret=app.secret or secrets.token_urlsafe(30))
        self._apps[app.client_id.lower()] = app
        return app

    def change(self, client_id: str, given: Mapping[str, Any]) -> App:
        """Change some fields of one. Raises ValueError, LookupError where there is none."""
        app = self.find(client_id)
        if app is None:
            raise LookupError(f"no app {client_id}")
        self._apps[client_id.lower()] = changed = _changed(app, given)
        return changed

    def state(self) -> list[dict[str, Any]]:
        """Everything, as plain values."""
        return [asdict(app) for app in self._apps.values()]

    def restore(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Go back to what `state` gave."""
        self._apps = {}
        for kept in state:
            values: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()
            }
            policy = values["access_policy"]
            if policy is not None:
                values["access_policy"] = AccessPolicy(right=policy["right"], mailboxes=tuple(policy["mailboxes"]))
            app = App(**values)
            self._apps[app.client_id.lower()] = app


GIVEN_APP = (
    "name",
    "roles",
    "scopes",
    "certificates",
    "secret_expires",
    "scoped_roles",
    "mailboxes",
    "access_policy",
    "redirect_uris",
    "public",
)


def _changed(app: App, given: Mapping[str, Any]) -> App:
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in GIVEN_APP:
            raise ValueError(f"unknown key {name}")
        values[name] = _value(name, value)
    return replace(app, **values)


def _value(name: str, value: Any) -> Any:
    """A field as the app keeps it. Raises ValueError."""
    if name == "name":
        return _checked(name, value, isinstance(value, str) and value != "")
    if name == "public":
        return _checked(name, value, isinstance(value, bool))
    if name == "secret_expires":
        usable = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
        return _checked(name, value, usable)
    if name == "access_policy":
        return _policy(value)
    _checked(name, value, isinstance(value, list) and all(isinstance(item, str) for item in value))
    choices = {"roles": ROLES, "scopes": SCOPES, "scoped_roles": SCOPED_ROLES}.get(name)
    for item in value if choices else ():
        if item not in (choices or ()):
            raise ValueError(f"{name} knows no {item}; there is {', '.join(choices or ())}")
    if name == "certificates":
        for item in value:
            _checked(name, item, _is_certificate(item))
    return tuple(item.lower() if name == "mailboxes" else item for item in value)


def _policy(value: Any) -> AccessPolicy | None:
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"right", "mailboxes"} or value["right"] not in POLICIES:
        raise ValueError(f"access_policy needs mailboxes and a right: {' or '.join(POLICIES)}")
    return AccessPolicy(right=value["right"], mailboxes=_value("mailboxes", value["mailboxes"]))


def _checked(name: str, value: Any, usable: bool) -> Any:
    if not usable:
        raise ValueError(f"{name} has a value that it cannot have")
    return value


def _is_certificate(pem: str) -> bool:
    try:
        x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return False
    return True
