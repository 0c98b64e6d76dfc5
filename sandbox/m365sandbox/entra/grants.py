"""What a person's sign-in leaves behind: authorisation codes, used once, and refresh tokens, used until revoked."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from m365sandbox.entra import sign_in_errors as errors

CODE_SECONDS = 600
#: Refresh tokens of an app that is no single-page app last so long unless used (Microsoft identity platform: refresh
#: tokens).
REFRESH_SECONDS = 90 * 86400
_PREFIX = "1.A"


@dataclass(slots=True, kw_only=True)
class Code:
    """One authorisation code with what it was asked for."""

    client_id: str
    user_id: str
    redirect_uri: str
    resource: str
    scopes: tuple[str, ...]
    nonce: str | None
    challenge: str | None
    challenge_method: str
    issued: float = field(default_factory=time.time)
    redeemed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What a refresh token stands for. Every redemption gives a new one; the old one stays good, as with Entra."""

    client_id: str
    user_id: str
    resource: str
    scopes: tuple[str, ...]
    issued: float


class Grants:
    """Issues and redeems both. Refresh tokens are sealed with the tenant's key, so they outlive this process."""

    def __init__(self, key: str, clock: Callable[[], float] = time.time) -> None:
        self._key = hashlib.sha256(key.encode()).digest()
        self._clock = clock
        self._codes: dict[str, Code] = {}

    def new_code(self, code: Code) -> str:
        """The code that goes to the client."""
        text = f"{_PREFIX}{secrets.token_urlsafe(300)}"
        code.issued = self._clock()
        self._codes[text] = code
        return text

    def redeem(self, text: str, client_id: str) -> Code:
        """What a code was given for, once. Raises EntraError."""
        code = self._codes.get(text)
        if code is None:
            raise errors.grant_malformed()
        if code.client_id.lower() != client_id.lower():
            raise errors.code_of_another_app()
        if code.redeemed:
            raise errors.code_redeemed()
        if self._clock() - code.issued > CODE_SECONDS:
            raise errors.code_expired()
        return code

    def new_refresh_token(self, *, client_id: str, user_id: str, resource: str, scopes: tuple[str, ...]) -> str:
        """A refresh token."""
        content = {"client_id": client_id, "user_id": user_id, "resource": resource, "scopes": scopes}
        raw = json.dumps({**content, "issued": self._clock(), "salt": secrets.token_hex(8)}).encode()
        return f"{_PREFIX}{base64.urlsafe_b64encode(self._seal(raw) + raw).decode()}"

    def refresh(self, text: str, client_id: str) -> Refresh:
        """What a refresh token stands for. Raises EntraError."""
        try:
            sealed = base64.urlsafe_b64decode(text.removeprefix(_PREFIX))
        except ValueError as exc:
            raise errors.grant_malformed() from exc
        seal, raw = sealed[:32], sealed[32:]
        if not text.startswith(_PREFIX) or not hmac.compare_digest(seal, self._seal(raw)):
            raise errors.grant_malformed()
        content: dict[str, Any] = json.loads(raw)
        if content["client_id"].lower() != client_id.lower():
            raise errors.grant_of_another_app()
        if self._clock() - content["issued"] > REFRESH_SECONDS:
            raise errors.refresh_inactive()
        del content["salt"]
        return Refresh(**{**content, "scopes": tuple(content["scopes"])})

    def _seal(self, raw: bytes) -> bytes:
        return hmac.new(self._key, raw, hashlib.sha256).digest()


def challenge_of(verifier: str, method: str) -> str:
    """The code_challenge that belongs to a verifier (RFC 7636)."""
    if method == "plain":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
