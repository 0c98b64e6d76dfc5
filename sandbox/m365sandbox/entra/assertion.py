"""The client assertion: a JWT that an app signs with the key of a certificate it has registered (Microsoft identity
platform: certificate credentials)."""

import base64
import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from m365sandbox.entra import errors
from m365sandbox.entra.apps import App

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = ("PS256", "RS256")
_SKEW_SECONDS = 300


def verify(assertion: str, app: App, audiences: Collection[str]) -> None:
    """Raise EntraError unless the assertion proves that its sender holds the key of one of the app's certificates."""
    try:
        header = jwt.get_unverified_header(assertion)
    except jwt.PyJWTError as exc:
        raise errors.assertion_malformed() from exc
    if header.get("alg") not in _ALGORITHMS:
        raise errors.assertion_malformed()
    certificate, shown = _certificate(header, app)
    if certificate is None:
        raise errors.assertion_unknown_key(shown)
    claims = _claims(assertion, certificate, shown)
    now = time.time()
    if not _is_time(claims.get("exp"), lambda exp: exp > now - _SKEW_SECONDS) or not _is_time(
        claims.get("nbf", now), lambda nbf: nbf < now + _SKEW_SECONDS
    ):
        raise errors.assertion_out_of_time()
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise errors.assertion_key_expired(shown)
    if {str(claims.get(name, "")).lower() for name in ("iss", "sub")} != {app.client_id.lower()}:
        raise errors.assertion_of_another(app.client_id)
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(str(name).lower() in audiences for name in named):
        raise errors.assertion_audience(str(audience))


def _certificate(header: dict[str, Any], app: App) -> tuple[x509.Certificate | None, str]:
    """The certificate that the header names by its thumbprint, and the thumbprint as errors show it."""
    for name, kind in (("x5t#S256", hashes.SHA256()), ("x5t", hashes.SHA1())):  # noqa: S303 - the header is defined so
        value = header.get(name)
        if isinstance(value, str):
            thumbprint = _decoded(value)
            return app.certificate(thumbprint, kind), thumbprint.hex().upper()
    return None, ""


def _claims(assertion: str, certificate: x509.Certificate, shown: str) -> dict[str, Any]:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise errors.assertion_unknown_key(shown)
    options: Any = {"verify_signature": True, "verify_aud": False, "verify_exp": False, "verify_nbf": False}
    options |= {"verify_iat": False, "verify_iss": False, "verify_sub": False}
    try:
        claims: dict[str, Any] = jwt.decode(assertion, key, algorithms=list(_ALGORITHMS), options=options)
    except jwt.InvalidSignatureError as exc:
        raise errors.assertion_signature(shown) from exc
    except jwt.PyJWTError as exc:
        raise errors.assertion_malformed() from exc
    return claims


def _is_time(value: Any, fits: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(fits(value))


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
