"""A tenant with two people and its sign-in service, asked without a socket."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from m365sandbox.entra.models import Person, Tenant, Tokens
from m365sandbox.entra.urls import EntraSandbox
from m365sandbox.wire import Request, Response

BASE = "https://localhost:8443"
ADA = Person(id="11111111-0000-4000-8000-000000000001", name="Ada Finch", user_principal_name="ada@firm.example")
BOB = Person(id="11111111-0000-4000-8000-000000000002", name="Bob Alder", user_principal_name="bob@firm.example")


@cache
def tenant() -> Tenant:
    """One for all tests: making its key takes time."""
    return Tenant(id="22222222-0000-4000-8000-000000000001", client_id="33333333-0000-4000-8000-000000000001")


def sha1(pem: str) -> str:
    """The thumbprint of a certificate, as Entra's x5t wants it."""
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA1()).hex()  # noqa: S303 - x5t


class Directory:
    """People as the test sets them."""

    def __init__(self, *people: Person) -> None:
        self.people = list(people)

    def find(self, name: str) -> Person | None:
        return next((who for who in self.people if name.lower() in (who.id, who.user_principal_name)), None)

    def first(self) -> Person | None:
        return next((who for who in self.people if who.enabled), None)


class SignIn:
    """The sign-in service of one tenant with Ada and Bob."""

    def __init__(self) -> None:
        self.tokens = Tokens(tenant())
        self.directory = Directory(ADA, BOB)
        self.entra = EntraSandbox(self.tokens, self.directory)
        self.first = self.tokens.apps.first

    def ask(
        self, path: str, method: str = "GET", *, base: str = BASE, form: dict[str, str] | None = None, query: str = ""
    ) -> Response:
        return self.entra.handle(
            Request(
                method=method,
                path=path,
                raw_path=path,
                query=tuple(parse_qsl(query, keep_blank_values=True)),
                content=urlencode(form or {}).encode(),
                base_url=base,
            )
        )

    def token(self, tenant_name: str | None = None, *, base: str = BASE, **form: str | None) -> Response:
        """A token request of the first app, or of the one that `client_id` names; None leaves a field out."""
        given: dict[str, str | None] = {"client_id": self.first.client_id, "client_secret": self.first.secret, **form}
        kept = {name: value for name, value in given.items() if value is not None}
        return self.ask(f"/{tenant_name or tenant().id}/oauth2/v2.0/token", "POST", base=base, form=kept)

    def authorize(self, tenant_name: str | None = None, **query: str | None) -> Response:
        """A person's sign-in; None leaves a parameter out."""
        given: dict[str, str | None] = {
            "client_id": self.first.client_id,
            "response_type": "code",
            "redirect_uri": "http://localhost:5000",
            "scope": "openid offline_access Mail.Read",
            "state": "s-1",
            **query,
        }
        kept = {name: value for name, value in given.items() if value is not None}
        return self.ask(f"/{tenant_name or tenant().id}/oauth2/v2.0/authorize", query=urlencode(kept))

    def code(self, **query: str | None) -> str:
        """The code of a sign-in that must succeed."""
        return returned(self.authorize(**query))["code"]

    def redeem(self, code: str, **form: str | None) -> Response:
        """Tokens for a code."""
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://localhost:5000", **form}
        return self.token(**given)

    def refresh(self, text: str, **form: str | None) -> Response:
        """Tokens for a refresh token."""
        return self.token(grant_type="refresh_token", refresh_token=text, **form)


def content(response: Response) -> Any:
    """The JSON of an answer."""
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


def returned(response: Response) -> dict[str, str]:
    """What a redirect carries."""
    assert response.status == 302, response.body
    parts = urlsplit(response.headers["Location"])
    return dict(parse_qsl(parts.query or parts.fragment))


def refusal(response: Response) -> tuple[int, str, int]:
    """Status, OAuth error and AADSTS number, after a look at the whole shape."""
    value: dict[str, Any] = content(response)
    (code,) = value["error_codes"]
    assert value["error_description"].startswith(f"AADSTS{code}: ")
    assert set(value) == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    return response.status, value["error"], code


def certificate(days: int = 30) -> tuple[str, str]:
    """A key and its self-signed certificate, PEM; `days` below zero: one that has expired."""
    return _certificate(days)


@cache
def _certificate(days: int) -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail reader")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), made.public_bytes(serialization.Encoding.PEM).decode()
