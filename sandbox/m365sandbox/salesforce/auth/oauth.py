"""/services/oauth2/token: client credentials and the JWT bearer flow.

Salesforce help, "OAuth 2.0 JWT Bearer Flow" and "OAuth 2.0 Client Credentials Flow". Assertions are checked against the
machine's clock, never the sandbox's.
"""

import base64
import binascii
import hmac
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import jwt

from m365sandbox.salesforce.auth.sessions import Sessions
from m365sandbox.salesforce.auth.users import is_let_in, user_named
from m365sandbox.salesforce.errors import OAuthError, method_not_allowed
from m365sandbox.wire import Request, Response

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
#: Passwords are blocked in orgs made since Summer '23 (Salesforce help); nobody here holds a code or a refresh token.
_REFUSED_GRANTS = {
    "authorization_code": "invalid authorization code",
    "password": "authentication failure",
    "refresh_token": "expired access/refresh token",
}
_SCOPE = "api id refresh_token"
#: A number of seconds above this would be in the year 33658, so it counts milliseconds, as the sf CLI sends them.
_MILLISECONDS_FROM = 10**12


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """The one app of the org. `public_key` is PEM, `run_as` the id of the user that client credentials act as."""

    client_id: str
    client_secret: str
    public_key: str | None
    run_as: str


class TokenEndpoint:
    """Answers the token requests of one org, whose users the connection leads to."""

    def __init__(
        self,
        app: ConnectedApp,
        org_id: str,
        sessions: Sessions,
        connection: sqlite3.Connection,
    ) -> None:
        self._app = app
        self._org_id = org_id
        self._sessions = sessions
        self._connection = connection

    def answer(self, request: Request) -> Response:
        """A token, or the OAuth error object."""
        if request.method != "POST":
            return method_not_allowed(request.method, ["POST"]).response()
        try:
            form = _form(request)
            user_id = self._authenticate(form, request)
        except OAuthError as refused:
            return refused.response()
        granted = self._grant(user_id, request.base_url)
        if form.get("grant_type") != _JWT_GRANT:
            granted |= self._signed(granted["id"])
        return Response.of_json(granted, headers={"Cache-Control": "no-store"})

    def _authenticate(self, form: Mapping[str, str], request: Request) -> str:
        grant = form.get("grant_type", "")
        if grant == _JWT_GRANT:
            return self._user_of_assertion(form.get("assertion", ""), request.base_url)
        if grant == "client_credentials":
            self._check_client(*_client(form, request))
            return self._let_in(self._app.run_as)
        if grant in _REFUSED_GRANTS:
            self._check_client(*_client(form, request))
            raise OAuthError("invalid_grant", _REFUSED_GRANTS[grant])
        raise OAuthError("unsupported_grant_type", "grant type not supported")

    def _check_client(self, client_id: str, client_secret: str) -> None:
        if client_id != self._app.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if client_secret != self._app.client_secret:
            raise OAuthError("invalid_client", "invalid client credentials")

    def _user_of_assertion(self, assertion: str, base_url: str) -> str:
        claims = self._verified(assertion)
        if claims.get("iss") != self._app.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not _audience_is_ours(claims.get("aud"), base_url):
            raise OAuthError("invalid_grant", "audience is invalid")
        if not _not_expired(claims.get("exp")):
            raise OAuthError("invalid_grant", "expired authorization code")
        username = claims.get("sub", claims.get("prn"))
        user_id = user_named(self._connection, username) if isinstance(username, str) else None
        if user_id is None:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        return self._let_in(user_id)

    def _let_in(self, user_id: str) -> str:
        """The answer is the same for a user who was made inactive and for one who was frozen (observed)."""
        if not is_let_in(self._connection, user_id):
            raise OAuthError("invalid_grant", "inactive user")
        return user_id

    def _verified(self, assertion: str) -> dict[str, Any]:
        if self._app.public_key is None:
            raise OAuthError("invalid_grant", "invalid assertion")
        only_signature = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}
        only_signature |= {"verify_sub": False, "verify_iss": False, "verify_jti": False}
        try:
            return dict(jwt.decode(assertion, self._app.public_key, algorithms=["RS256"], options=only_signature))  # type: ignore[arg-type]
        except jwt.InvalidTokenError:
            raise OAuthError("invalid_grant", "invalid assertion") from None

    def _grant(self, user_id: str, base_url: str) -> dict[str, str]:
        return {
            "access_token": self._sessions.issue(self._org_id, user_id, lasting=False),
            "scope": _SCOPE,
            "instance_url": base_url,
            "id": f"{base_url}/id/{self._org_id}/{user_id}",
            "token_type": "Bearer",
        }

    def _signed(self, identity: str) -> dict[str, str]:
        """Help, "OAuth 2.0 Client Credentials Flow": HMAC-SHA256 with the client's secret over id and issued_at.

        The answer to a signed assertion has neither (help, "OAuth 2.0 JWT Bearer Flow").
        """
        issued_at = str(int(time.time() * 1000))
        digest = hmac.digest(self._app.client_secret.encode(), (identity + issued_at).encode(), "sha256")
        return {"signature": base64.b64encode(digest).decode(), "issued_at": issued_at}


def _form(request: Request) -> dict[str, str]:
    try:
        text = request.body.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True)) | dict(request.query)
    except (UnicodeDecodeError, ValueError):
        raise OAuthError("invalid_request", "malformed request") from None


def _client(form: Mapping[str, str], request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "invalid client credentials") from None
    return client_id, secret


def _audience_is_ours(audience: object, base_url: str) -> bool:
    """The sf CLI sends the instance's own address with a slash at its end."""
    audiences = audience if isinstance(audience, list) else [audience]
    ours = (*_LOGIN_HOSTS, base_url)
    return any(isinstance(item, str) and item.rstrip("/") in ours for item in audiences)


def _not_expired(expiry: object) -> bool:
    """simple-salesforce sends seconds as a string, the sf CLI milliseconds as a number."""
    if isinstance(expiry, bool):
        return False
    try:
        moment = float(expiry)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    if moment >= _MILLISECONDS_FROM:
        moment /= 1000
    return moment > time.time()
