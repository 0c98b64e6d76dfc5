"""How Graph's paths may be written, what leads nowhere, and who may ask."""

import pytest
from m365sandbox.entra.models import Tenant, Tokens
from testkit.graph_tenant import ADA, GraphTenant, content, tokens


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox()
    made.fill(1)
    return made


@pytest.mark.parametrize(
    "path",
    [
        f"/v1.0/users/{ADA}/messages?$select=subject",
        f"/v1.0/users('{ADA}')/messages?%24select=subject",
        f"/v1.0/Users/{ADA.upper()}/Messages?select=subject",
        f"/v1.0/users/{ADA}/mailFolders/inbox/messages?$select=subject",
        f"/v1.0/users/{ADA}/mailfolders('Inbox')/messages?$select=subject",
        "/v1.0/users/ada%40firm.example/messages?$select=subject",
    ],
)
def test_one_list_has_many_spellings(tenant: GraphTenant, path: str) -> None:
    assert [item["subject"] for item in tenant.value(path)["value"]] == ["Mail 0"]


@pytest.mark.parametrize("name", ["delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()"])
def test_delta_of_folders_has_several_names(tenant: GraphTenant, name: str) -> None:
    assert "@odata.deltaLink" in tenant.value(f"/v1.0/users/{ADA}/mailFolders/{name}")


def test_delta_of_messages_is_no_thing_of_the_mailbox(tenant: GraphTenant) -> None:
    for name in ("delta", "delta()", "microsoft.graph.delta()"):
        response = tenant.ask(f"/v1.0/users/{ADA}/messages/{name}")
        assert response.status == 400
        assert content(response)["error"]["message"] == (
            "Unsupported request: Change tracking is not supported against 'microsoft.graph.message'."
        )


@pytest.mark.parametrize("path", ["/v1.0/mail", f"/v1.0/users/{ADA}/mails", f"/v1.0/users/{ADA}/messages()", "/v1.0/"])
def test_a_segment_that_does_not_exist(tenant: GraphTenant, path: str) -> None:
    response = tenant.ask(path)
    assert response.status == 400
    assert content(response)["error"]["message"].startswith("Resource not found for the segment")


def test_another_version_is_no_version(tenant: GraphTenant) -> None:
    assert tenant.code("/beta/users", 400) == "BadRequest"


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_method_that_a_path_has_not(tenant: GraphTenant, method: str) -> None:
    response = tenant.ask(f"/v1.0/users/{ADA}/mailFolders/inbox/messages", method)
    assert response.status == 405
    assert content(response)["error"]["code"] == "ErrorInvalidRequest"
    assert response.headers["Allow"] == "GET, POST"


def test_a_reading_app_cannot_write(tenant: GraphTenant) -> None:
    assert tenant.code(f"/v1.0/users/{ADA}/messages", 403, method="POST", body={}) == "ErrorAccessDenied"
    assert tenant.code("/v1.0/users", 403, method="POST", body={}) == "Authorization_RequestDenied"
    assert tenant.code("/v1.0/groups", 403) == "Authorization_RequestDenied"


def test_an_app_that_may_not_read_mail() -> None:
    narrow = Tokens(Tenant(roles=("User.Read.All",), signing_key=tokens().tenant.signing_key))
    tenant = GraphTenant()
    tenant.mailbox()
    tenant.token = narrow.issue("https://graph.microsoft.com")
    assert tenant.ask("/v1.0/users").status == 200
    assert tenant.code(f"/v1.0/users/{ADA}/messages", 403) == "ErrorAccessDenied"


def test_me_needs_a_person(tenant: GraphTenant) -> None:
    response = tenant.ask("/v1.0/me/messages")
    assert (response.status, content(response)["error"]["code"]) == (400, "BadRequest")
    assert content(response)["error"]["message"] == "/me request is only valid with delegated authentication flow."
    assert tenant.code("/v1.0/me/messages/delta", 400) == "BadRequest"


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer nonsense", "Basic abc", "Bearer a.b.c"])
def test_no_token_no_answer(tenant: GraphTenant, value: str) -> None:
    response = tenant.ask("/v1.0/users", headers={"authorization": value})
    assert response.status == 401
    assert content(response)["error"]["code"] == "InvalidAuthenticationToken"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token(tenant: GraphTenant) -> None:
    tenant.token = tokens().issue("https://graph.microsoft.com", seconds=-10)
    assert tenant.code("/v1.0/users", 401) == "InvalidAuthenticationToken"


def test_a_token_for_something_else(tenant: GraphTenant) -> None:
    tenant.token = tokens().issue("https://other.example")
    assert tenant.code("/v1.0/users", 401) == "InvalidAuthenticationToken"


def test_a_token_of_another_tenant(tenant: GraphTenant) -> None:
    tenant.token = Tokens(Tenant()).issue("https://graph.microsoft.com")
    assert tenant.code("/v1.0/users", 401) == "InvalidAuthenticationToken"


def test_a_token_for_this_host_serves(tenant: GraphTenant) -> None:
    tenant.token = tokens().issue("https://localhost:8443")
    assert tenant.ask("/v1.0/users").status == 200


def test_request_ids_are_echoed_in_headers_and_errors(tenant: GraphTenant) -> None:
    response = tenant.ask("/v1.0/nothing", headers={"client-request-id": "c-1"})
    inner = content(response)["error"]["innerError"]
    assert response.headers["client-request-id"] == inner["client-request-id"] == "c-1"
    assert response.headers["request-id"] == inner["request-id"]
    assert len(inner["date"]) == len("2026-03-01T08:00:00")
