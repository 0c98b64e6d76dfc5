"""Sign-in with a certificate: the client assertion and what is wrong with it."""

import base64
import time
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from m365sandbox.wire import Response
from testkit.entra_tenant import BASE, SignIn, certificate, content, refusal, tenant

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ENDPOINT = f"{BASE}/{tenant().id}/oauth2/v2.0/token"
AUDIENCES = (ENDPOINT, f"{BASE}/{tenant().domain}/oauth2/v2.0/token", f"{BASE}/{tenant().id}/v2.0")


@pytest.fixture
def service() -> SignIn:
    made = SignIn()
    made.tokens.apps.change(made.first.client_id, {"certificates": [certificate()[1], certificate(-1)[1]]})
    return made


def thumbprint(pem: str, kind: hashes.HashAlgorithm) -> str:
    digest = x509.load_pem_x509_certificate(pem.encode()).fingerprint(kind)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def named(pem: str, header: str) -> dict[str, str]:
    sha1 = hashes.SHA1()  # noqa: S303 - x5t is defined so
    return {header: thumbprint(pem, hashes.SHA256() if header == "x5t#S256" else sha1)}


def assertion(*, days: int = 30, algorithm: str = "PS256", header: dict[str, str] | None = None, **changed: Any) -> str:
    private, public = certificate(days)
    now = int(time.time())
    client_id = tenant().client_id
    claims = {"aud": ENDPOINT, "iss": client_id, "sub": client_id, "jti": "1", "nbf": now, "exp": now + 600, **changed}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, private, algorithm=algorithm, headers=header or named(public, "x5t#S256"))


def sign_in(service: SignIn, text: str, **form: str | None) -> Response:
    given: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "scope": "https://graph.microsoft.com/.default",
        "client_secret": None,
        "client_assertion": text,
        "client_assertion_type": JWT_BEARER,
        **form,
    }
    return service.token(**given)


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
@pytest.mark.parametrize("header", ["x5t", "x5t#S256"])
@pytest.mark.parametrize(
    "audience", [ENDPOINT, f"{BASE}/{tenant().domain}/oauth2/v2.0/token", f"{BASE}/{tenant().id}/v2.0"]
)
def test_a_certificate_signs_in(service: SignIn, algorithm: str, header: str, audience: str) -> None:
    text = assertion(algorithm=algorithm, header=named(certificate()[1], header), aud=audience)
    answer = sign_in(service, text)
    assert answer.status == 200, answer.body
    claims = jwt.decode(content(answer)["access_token"], options={"verify_signature": False})
    assert (claims["appid"], claims["appidacr"]) == (tenant().client_id, "2")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"exp": 1_700_000_000}, 700024),
        ({"exp": None}, 700024),
        ({"nbf": 4_000_000_000}, 700024),
        ({"exp": "soon"}, 700024),
        ({"iss": "somebody"}, 700021),
        ({"sub": "somebody"}, 700021),
        ({"sub": None}, 700021),
        ({"aud": f"{BASE}/common/oauth2/v2.0/token"}, 700023),
        ({"aud": "https://other.example/token"}, 700023),
        ({"aud": None}, 700023),
        ({"header": {"x5t": "AAAA"}}, 700027),
        ({"header": {"kid": "AAAA"}}, 700027),
        ({"header": {"x5t": "?"}}, 700027),
        ({"days": -1}, 700027),
    ],
)
def test_what_is_wrong_with_an_assertion(service: SignIn, changed: dict[str, Any], code: int) -> None:
    assert refusal(sign_in(service, assertion(**changed))) == (401, "invalid_client", code)


def test_a_signature_of_another_key(service: SignIn) -> None:
    text = assertion(days=29, header=named(certificate()[1], "x5t"))
    assert refusal(sign_in(service, text)) == (401, "invalid_client", 700027)


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_a_signature_that_is_no_certificates(service: SignIn, algorithm: str) -> None:
    claims = {"aud": ENDPOINT, "iss": tenant().client_id, "sub": tenant().client_id, "exp": int(time.time()) + 600}
    key = "k" * 32 if algorithm == "HS256" else None
    text = jwt.encode(claims, key, algorithm=algorithm, headers=named(certificate()[1], "x5t"))
    assert refusal(sign_in(service, text)) == (401, "invalid_client", 50027)


def test_the_type_of_an_assertion_is_needed(service: SignIn) -> None:
    assert refusal(sign_in(service, assertion(), client_assertion_type=None)) == (400, "invalid_request", 900144)
    assert refusal(sign_in(service, assertion(), client_assertion_type="saml")) == (400, "invalid_request", 900144)


def test_an_app_without_certificates_knows_no_assertion() -> None:
    assert refusal(sign_in(SignIn(), assertion())) == (401, "invalid_client", 700027)
