"""Signing in to Salesforce: JWT bearer, or client credentials. One token for all threads, asked for once at a time.

Salesforce help: "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration", "OAuth 2.0 Client Credentials Flow".
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import jwt

from connector.errors import SignInError, UnreachableError, UsageError
from connector.http.answers import served_at
from connector.http.transport import ServiceClient
from connector.model.values import RecordId
from connector.salesforce.errors import refuse_redirect

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: An assertion has to expire within 3 minutes (Salesforce help, JWT bearer flow).
_ASSERTION_SECONDS = 170


class Grant(Protocol):
    """One way to ask for a token."""

    def form(self) -> Mapping[str, str]:
        """The form fields of the token request."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class JwtBearer:
    """The connector's own user, by a key whose certificate the org knows. `clock` is the machine's, in seconds."""

    url: str
    consumer_key: str
    username: str
    private_key: str
    clock: Callable[[], float] = time.time

    def form(self) -> Mapping[str, str]:
        """A signed assertion. Raises UsageError where the key cannot sign."""
        claims = {
            "iss": self.consumer_key,
            "sub": self.username,
            "aud": audience(self.url),
            "exp": int(self.clock()) + _ASSERTION_SECONDS,
        }
        try:
            assertion = jwt.encode(claims, self.private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise UsageError(
                "The private key for Salesforce cannot sign",
                where="named_credentials.Salesforce.private_key",
                remedy="Store an RSA key in PEM format there, without passphrase.",
            ) from error
        return {"grant_type": _JWT_GRANT, "assertion": assertion}


@dataclass(frozen=True, slots=True, repr=False)
class ClientCredentials:
    """The run-as user of the External Client App."""

    consumer_key: str
    consumer_secret: str

    def form(self) -> Mapping[str, str]:
        """The form fields: consumer key and secret."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.consumer_key,
            "client_secret": self.consumer_secret,
        }


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the connector is in the org."""

    org: RecordId
    user: RecordId


class SalesforceToken:
    """A `TokenSource`. `service` is the org without a token of its own."""

    def __init__(self, service: ServiceClient, grant: Grant) -> None:
        self._service = service
        self._grant = grant
        self._lock = threading.Lock()
        self._token: str | None = None
        self._identity: Identity | None = None
        self._signed_in_at: datetime | None = None

    def token(self) -> str:
        """The session's token; signs in where there is none. Raises SignInError, UnreachableError."""
        with self._lock:
            if self._token is None:
                self._token, self._identity = self._sign_in()
            return self._token

    def drop(self, token: str) -> None:
        """Forget `token`, unless another thread has replaced it already."""
        with self._lock:
            if self._token == token:
                self._token = None

    def identity(self) -> Identity:
        """The org and the connector's own user, as the sign-in named them."""
        if self._identity is None:
            self.token()
        if self._identity is None:
            raise SignInError("Salesforce gave a token and no identity", where=self._service.url)
        return self._identity

    @property
    def last_signed_in_at(self) -> datetime | None:
        """The org's clock at the last sign-in; None before the first. Asks nobody."""
        return self._signed_in_at

    def signed_in_at(self) -> datetime:
        """The org's clock at the last sign-in; signs in before that. Raises as `token`."""
        self.identity()
        if self._signed_in_at is None:
            raise SignInError("Salesforce answered the sign-in without a date", where=self._service.url)
        return self._signed_in_at

    def _sign_in(self) -> tuple[str, Identity]:
        answer = self._service.request("POST", TOKEN_PATH, data=dict(self._grant.form()), idempotent=True)
        host = urlsplit(self._service.url).netloc
        refuse_redirect(answer, url=self._service.url, where=host)
        try:
            body = answer.json()
        except ValueError:
            body = None
        if answer.status_code >= 500 or answer.status_code == 429 or not isinstance(body, dict):
            raise UnreachableError(
                f"Salesforce could not sign the connector in (HTTP {answer.status_code})",
                where=host,
                remedy="Try again later; if it stays so, check named_credentials.Salesforce.url.",
            )
        if answer.status_code != 200:
            raise refused(body, host)
        self._signed_in_at = served_at(answer)
        return _granted(body, host)


def audience(url: str) -> str:
    """Who an assertion is for: the login host of a My Domain address, else the org itself."""
    host = (urlsplit(url).hostname or "").lower()
    if host.endswith(".my.salesforce.com"):
        return "https://test.salesforce.com" if ".sandbox." in host else "https://login.salesforce.com"
    return url.rstrip("/")


_FROZEN = (
    "Activate the integration user, or unfreeze it (Setup > Users > the user > Unfreeze). Salesforce freezes a user "
    "whose API calls come from an address that it holds for risky: see to that first (docs/salesforce-setup.md, "
    "section 2)."
)
#: What to do about a refusal, by words of `error` and `error_description`, the first that is found.
_REMEDIES = (
    ("invalid_client_id", "Check named_credentials.Salesforce.consumer_key; a new app takes 10 minutes to be known."),
    ("client identifier invalid", "Check named_credentials.Salesforce.consumer_key."),
    ("invalid_client", "Check named_credentials.Salesforce.consumer_secret."),
    (
        "approved this consumer",
        "Check named_credentials.Salesforce.username, and let its permission set or profile use the app "
        "(App policies: Admin approved users are pre-authorized).",
    ),
    ("audience", "Check that named_credentials.Salesforce.url is the org's My Domain address."),
    ("expired", "Check this machine's clock."),
    ("invalid assertion", "Upload the certificate of named_credentials.Salesforce.private_key to the app."),
    ("invalid_app_access", "Let the integration user's permission set or profile use the app."),
    # Salesforce says the same of a user who was frozen
    ("inactive", _FROZEN),
    ("frozen", _FROZEN),
    ("locked", "Unlock the integration user (Setup > Users > the user > Unlock)."),
    ("no client credentials user enabled", "Name a run-as user in the app's client credentials flow."),
    ("unsupported_grant_type", "Enable the flow of named_credentials.Salesforce.flow in the app."),
)


def refused(body: Mapping[str, Any], host: str) -> SignInError:
    """The error for an OAuth refusal, in the org's own words."""
    error = str(body.get("error") or "unknown error")
    description = str(body.get("error_description") or "")
    said = f"{error} {description}".lower()
    remedy = next((remedy for words, remedy in _REMEDIES if words in said), "Check named_credentials.Salesforce.")
    text = f"{error}: {description}" if description else error
    return SignInError(f"Salesforce refused the sign-in: {text}", where=host, remedy=remedy)


def _granted(body: Mapping[str, Any], host: str) -> tuple[str, Identity]:
    token, identity = body.get("access_token"), str(body.get("id") or "")
    ids = identity.rstrip("/").split("/")[-2:]
    if not isinstance(token, str) or not token or [len(part) for part in ids] != [18, 18]:
        raise SignInError(
            "Salesforce answered the sign-in without a token and an identity",
            where=host,
            remedy="Give the app the scopes api and id.",
        )
    return token, Identity(org=RecordId(ids[0]), user=RecordId(ids[1]))
