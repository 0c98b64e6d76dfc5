"""The tenant, its people as sign-in sees them, and the tokens issued to its apps.

Tokens always go by the machine's clock, never by the clock a test can set.
"""

import base64
import hashlib
import secrets
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from m365sandbox.entra.apps import FIRST_SCOPES, App, Apps

TOKEN_SECONDS = 3599
APPLICATION_ROLES = ("Mail.Read", "User.Read.All", "MailboxSettings.Read")


def new_signing_key() -> str:
    """A fresh RSA key as PEM, with which a tenant signs its tokens."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One Entra tenant with one confidential client whose application permissions an administrator has granted."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    domain: str = "firm.onmicrosoft.com"
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    roles: tuple[str, ...] = APPLICATION_ROLES
    signing_key: str = field(default_factory=new_signing_key, repr=False)

    def is_named(self, name: str) -> bool:
        """Whether a path's tenant segment means this tenant."""
        return name.lower() in (self.id.lower(), self.domain.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user who can sign in. Grants given before `valid_from` (seconds since 1970) have been revoked."""

    id: str
    name: str
    user_principal_name: str
    enabled: bool = True
    valid_from: float = 0


class TokenRefusedError(Exception):
    """A bearer token that this tenant did not issue, or that no longer holds. `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Tokens:
    """Issues and checks access tokens of one tenant."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        # made by new_signing_key, so it needs none of OpenSSL's checks, which take longer than all else here
        key = serialization.load_pem_private_key(
            tenant.signing_key.encode(), password=None, unsafe_skip_rsa_key_validation=True
        )
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("a tenant signs with an RSA key")
        self._key = key
        numbers = key.public_key().public_numbers()
        self._public = key.public_key()
        self._modulus = _base64url(numbers.n)
        self._exponent = _base64url(numbers.e)
        self.key_id = self._modulus[:27]
        self._checked: dict[str, dict[str, Any]] = {}
        self.apps = Apps(
            App(
                client_id=tenant.client_id,
                secret=tenant.client_secret,
                roles=tuple(tenant.roles),
                scopes=FIRST_SCOPES,
            )
        )

    def key_set(self) -> dict[str, Any]:
        """The public half, as /discovery/v2.0/keys shows it."""
        return {
            "keys": [
                {"kty": "RSA", "use": "sig", "kid": self.key_id, "x5t": self.key_id, "n": self._modulus}
                | {"e": self._exponent, "alg": "RS256"}
            ]
        }

    def issue(self, audience: str, seconds: int = TOKEN_SECONDS, app: App | None = None, method: str = "1") -> str:
        """An app-only access token for a resource. A negative lifetime makes one that has expired.

        Permissions that RBAC for Applications gives stand in Exchange, not in the token. `method` is 1 for a secret, 2
        for a certificate.
        """
        app = app or self.apps.first
        claims = {**self._claims(audience, seconds, app, method), "idtyp": "app"}
        if app.roles:
            claims["roles"] = list(app.roles)
        return self._signed(claims)

    def issue_for(self, person: Person, audience: str, scopes: Sequence[str], app: App, method: str = "1") -> str:
        """An access token with which the app acts for a person."""
        claims = {
            **self._claims(audience, TOKEN_SECONDS, app, method),
            "idtyp": "user",
            "name": person.name,
            "oid": person.id,
            "scp": " ".join(scopes),
            "sub": self._pairwise(person, app),
            "unique_name": person.user_principal_name,
            "upn": person.user_principal_name,
        }
        return self._signed(claims)

    def issue_id_token(self, person: Person, app: App, base_url: str, nonce: str | None) -> str:
        """An id_token of version 2.0, for the app itself."""
        now = int(time.time())
        claims = {
            "aud": app.client_id,
            "iss": f"{base_url}/{self.tenant.id}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + TOKEN_SECONDS,
            "name": person.name,
            "oid": person.id,
            "preferred_username": person.user_principal_name,
            "sub": self._pairwise(person, app),
            "tid": self.tenant.id,
            "uti": secrets.token_urlsafe(16),
            "ver": "2.0",
        }
        return self._signed(claims if nonce is None else {**claims, "nonce": nonce})

    def _pairwise(self, person: Person, app: App) -> str:
        """The subject: one person is another one to every app."""
        digest = hashlib.sha256(f"{person.id}:{app.client_id}".encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _claims(self, audience: str, seconds: int, app: App, method: str) -> dict[str, Any]:
        now = int(time.time())
        issuer = f"https://sts.windows.net/{self.tenant.id}/"
        return {
            "aud": audience,
            "iss": issuer,
            "iat": now,
            "nbf": min(now, now + seconds),
            "exp": now + seconds,
            "app_displayname": app.name,
            "appid": app.client_id,
            "appidacr": method,
            "idp": issuer,
            "tid": self.tenant.id,
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
        }

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id, "x5t": self.key_id})

    def check(self, token: str, accepts: Callable[[str], bool]) -> dict[str, Any]:
        """The claims of a token whose audience is accepted. Raises TokenRefusedError."""
        claims = self._checked.get(token) or self._verified(token)
        if claims["exp"] <= time.time():
            raise TokenRefusedError("expired")
        if not accepts(str(claims["aud"])):
            raise TokenRefusedError("audience")
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        options: Any = {"verify_aud": False, "verify_exp": False, "require": ["exp", "aud", "tid", "appid"]}
        if token.count(".") != 2:
            raise TokenRefusedError("malformed")
        try:
            claims: dict[str, Any] = jwt.decode(token, self._public, algorithms=["RS256"], options=options)
        except jwt.InvalidSignatureError as exc:
            raise TokenRefusedError("signature") from exc
        except jwt.PyJWTError as exc:
            raise TokenRefusedError("malformed") from exc
        if len(self._checked) > 1000:
            self._checked.clear()
        self._checked[token] = claims
        return claims


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class People(Protocol):
    """The users of the tenant."""

    def find(self, name: str) -> Person | None:
        """The user with this object id or user principal name, in any case."""
        ...

    def first(self) -> Person | None:
        """Who signs in where a request names nobody."""
        ...


class Nobody:
    """A directory without users."""

    def find(self, _name: str) -> Person | None:
        """None."""
        return None

    def first(self) -> Person | None:
        """None."""
        return None
