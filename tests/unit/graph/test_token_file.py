"""The token file of a named principal: whatever JSON it holds, a person is asked to sign in, and nothing breaks."""

import json
from collections.abc import Iterator
from typing import Any

import msal
import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from responses import RequestsMock

from connector.errors import ConnectorError, ServiceError, SignInError
from connector.graph.delegated import PrincipalToken, TokenFile
from connector.http.transport import Transport

AUTHORITY = "https://login.firm.example/t"
TOKEN_URL = f"{AUTHORITY}/oauth2/v2.0/token"
ACCOUNT = {
    "home_account_id": "u.t",
    "environment": "login.firm.example",
    "realm": "t",
    "local_account_id": "u",
    "username": "ada@firm.example",
    "authority_type": "MSSTS",
}
ENTRY = {
    "home_account_id": "u.t",
    "environment": "login.firm.example",
    "client_id": "c",
    "realm": "t",
    "target": "https://graph.microsoft.com/Mail.Read",
    "secret": "x",
    "cached_at": "1",
    "expires_on": "2",
    "credential_type": "AccessToken",
}
GOOD = {
    "Account": {"a": ACCOUNT},
    "AccessToken": {"t": ENTRY},
    "RefreshToken": {"r": {**ENTRY, "credential_type": "RefreshToken"}},
}


@pytest.fixture(scope="module")
def principal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrincipalToken]:
    file = TokenFile(tmp_path_factory.mktemp("tokens") / "tokens.json")
    with Transport(sleep=lambda _: None, max_attempts=1) as transport:
        yield PrincipalToken(
            client_id="c",
            credential="s",
            authority=AUTHORITY,
            scopes="https://graph.microsoft.com/Mail.Read",
            file=file,
            session=transport.service("Microsoft Entra", AUTHORITY).session(idempotent=True),
        )


def metadata(wire: RequestsMock) -> None:
    found = {"authorization_endpoint": TOKEN_URL, "token_endpoint": TOKEN_URL, "issuer": AUTHORITY}
    wire.get(f"{AUTHORITY}/v2.0/.well-known/openid-configuration", json=found)


def entra(wire: RequestsMock) -> None:
    metadata(wire)
    wire.post(TOKEN_URL, status=400, json={"error": "invalid_grant", "error_description": "expired"})


def used(principal: PrincipalToken, text: str) -> list[Exception]:
    """The errors that using the file ends with."""
    principal._file.save(text)
    errors: list[Exception] = []
    with RequestsMock(assert_all_requests_are_fired=False) as wire:
        entra(wire)
        for use in (principal.person, principal.token):
            try:
                use()
            except ConnectorError as error:
                errors.append(error)
    return errors


@pytest.mark.parametrize(
    "text",
    ["[]", "null", "7", '"x"', "true", "{", "[" * 100_000, '{"Account": []}', '{"Account": {"a": []}}',
     '{"Account": {"a": {}}}', '{"AccessToken": {"t": 7}}', '{"Odd": {}}', '{"AccessToken": 7}', "NaN",
     '{"Account": null}'],
)  # fmt: skip
def test_what_is_no_token_file_is_damaged(principal: PrincipalToken, text: str) -> None:
    errors = used(principal, text)
    assert errors
    for error in errors:
        assert isinstance(error, SignInError)
        assert "m365sync login" in error.remedy
        assert "damaged" in error.what


def test_what_msal_writes_is_read(principal: PrincipalToken) -> None:
    [error] = used(principal, json.dumps(GOOD))
    assert "expired" in str(error)
    person = principal.person()
    assert person is not None
    assert person.mail == "ada@firm.example"
    assert used(principal, "{}")  # nobody has signed in
    assert "Nobody has signed in" in str(used(principal, msal.SerializableTokenCache().serialize() or "{}")[0])


def test_kinds_that_a_later_msal_keeps_beside_these_are_left_to_it(principal: PrincipalToken) -> None:
    [error] = used(principal, json.dumps({**GOOD, "New": {"x": {"kept": None}}}))
    assert "expired" in str(error)


@pytest.mark.parametrize(
    "answer",
    ["[]", "null", "7", "<html>", '{"access_token": "t", "expires_in": "soon"}',
     '{"access_token": "t", "expires_in": Infinity}',
     '{"access_token": 7}', '{"access_token": null}', '{"access_token": "t", "expires_in": []}'],
)  # fmt: skip
def test_a_renewal_that_cannot_be_read_is_a_service_error(principal: PrincipalToken, answer: str) -> None:
    principal._file.save(json.dumps(GOOD))
    with RequestsMock(assert_all_requests_are_fired=False) as wire:
        metadata(wire)
        wire.post(TOKEN_URL, body=answer, content_type="application/json")
        with pytest.raises(ServiceError):
            principal.token()


def changed(value: Any) -> st.SearchStrategy[Any]:
    """The value, or with a part of it replaced."""
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})
    if not isinstance(value, dict):
        return st.just(value) | leaf
    parts = {name: st.just(each) | changed(each) for name, each in value.items()}
    return st.fixed_dictionaries({}, optional=parts) | st.just(value) | leaf


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Account", "AccessToken", "RefreshToken", "a", "secret"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON | changed(GOOD))
@example(value=[])
def test_any_json_ends_in_an_error_of_ours_or_none(principal: PrincipalToken, value: Any) -> None:
    for error in used(principal, json.dumps(value)):
        assert isinstance(error, SignInError)


def test_the_session_is_ours(principal: PrincipalToken) -> None:
    """Nothing is asked beside the transport."""
    assert isinstance(principal._session, requests.Session)
