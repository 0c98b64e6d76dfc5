"""Who may read which mailbox: apps, people, shared mailboxes, scopes, policies, and mailboxes that are not served."""

from typing import Any

import pytest
from m365sandbox.entra.models import Tokens
from m365sandbox.graph.service import GraphSandbox
from m365sandbox.people import DirectoryPeople
from testkit.entra_tenant import tenant as entra_tenant
from testkit.graph_tenant import ADA, GraphTenant, content

BOB, TEAM = "bob@firm.example", "team@firm.example"
GRAPH = "https://graph.microsoft.com"


class Firm(GraphTenant):
    """Ada and Bob, and a team's mailbox that is shared with Ada."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = Tokens(entra_tenant())
        self.graph = GraphSandbox(tokens=self.tokens, clock=self.clock)
        self.token = self.tokens.issue(GRAPH)
        for upn in (ADA, BOB):
            self.mailbox(upn)
        self.mailbox(TEAM, userPurpose="shared", fullAccess=["Ada@firm.example"])
        self.people = DirectoryPeople(self.graph.mailboxes)

    def app(self, **fields: Any) -> None:
        """From now on another app asks."""
        self.token = self.tokens.issue(GRAPH, app=self.tokens.apps.register(fields))

    def person(self, name: str, *scopes: str) -> None:
        """From now on a person asks."""
        who = self.people.find(name)
        assert who is not None
        self.token = self.tokens.issue_for(who, GRAPH, scopes, self.tokens.apps.first)

    def told(self, path: str, method: str = "GET", body: Any = None) -> str | int:
        """200, or the code of the error with its status."""
        answer = self.ask(f"/v1.0/{path}", method, body=body)
        if answer.status < 300:
            return 200
        return f"{answer.status} {content(answer)['error']['code']}"


DENIED = "403 ErrorAccessDenied"
HIDDEN = "404 ErrorItemNotFound"


@pytest.fixture
def firm() -> Firm:
    return Firm()


def test_consent_reaches_every_mailbox(firm: Firm) -> None:
    firm.app(roles=["Mail.Read"])
    assert [firm.told(f"users/{upn}/messages") for upn in (ADA, BOB, TEAM)] == [200] * 3
    assert firm.told("users") == "403 Authorization_RequestDenied"
    assert firm.told(f"users/{ADA}/mailboxSettings") == DENIED
    assert firm.told("users/nobody@firm.example/messages") == "404 ErrorInvalidUser"


@pytest.mark.parametrize(
    ("roles", "path", "expected"),
    [
        (["Mail.ReadWrite"], f"users/{ADA}/messages", 200),
        (["Mail.Send"], f"users/{ADA}/messages", DENIED),
        (["User.ReadWrite.All"], f"users/{ADA}", 200),
        (["Directory.Read.All"], "users", 200),
        (["MailboxSettings.ReadWrite"], f"users/{ADA}/mailboxSettings", 200),
        (["User.Read.All"], f"users/{ADA}/messages", DENIED),
        ([], f"users/{ADA}/messages", DENIED),
    ],
)
def test_what_a_role_includes(firm: Firm, roles: list[str], path: str, expected: str | int) -> None:
    firm.app(roles=roles)
    assert firm.told(path) == expected


def test_writing_needs_its_own_role(firm: Firm) -> None:
    draft = {"subject": "Draft"}
    firm.app(roles=["Mail.Read"])
    assert firm.told(f"users/{ADA}/messages", "POST", draft) == DENIED
    firm.app(roles=["Mail.ReadWrite"])
    assert firm.told(f"users/{ADA}/messages", "POST", draft) == 200


def test_a_scope_in_exchange_reaches_its_mailboxes_only(firm: Firm) -> None:
    firm.app(scoped_roles=["Mail.Read"], mailboxes=[ADA.upper()])
    assert [firm.told(f"users/{upn}/messages") for upn in (ADA, BOB)] == [200, DENIED]
    assert firm.told("users/nobody@firm.example/messages") == "404 ErrorInvalidUser"
    firm.app(scoped_roles=["Mail.ReadWrite"], mailboxes=[BOB])
    assert [firm.told(f"users/{upn}/messages") for upn in (ADA, BOB)] == [DENIED, 200]


def test_consent_defeats_a_scope(firm: Firm) -> None:
    firm.app(roles=["Mail.Read"], scoped_roles=["Mail.Read"], mailboxes=[ADA])
    assert [firm.told(f"users/{upn}/messages") for upn in (ADA, BOB)] == [200, 200]


@pytest.mark.parametrize(("right", "expected"), [("DenyAccess", [DENIED, 200]), ("RestrictAccess", [200, DENIED])])
def test_an_application_access_policy(firm: Firm, right: str, expected: list[str | int]) -> None:
    firm.app(roles=["Mail.Read", "User.Read.All"], access_policy={"right": right, "mailboxes": [ADA]})
    assert [firm.told(f"users/{upn}/messages") for upn in (ADA, BOB)] == expected
    assert firm.told(f"users/{ADA}") == firm.told(f"users/{BOB}") == 200
    denied = firm.ask(f"/v1.0/users/{ADA if right == 'DenyAccess' else BOB}/mailFolders")
    assert content(denied)["error"]["message"].startswith("Access to OData is disabled")


def test_a_person_reads_their_own_mailbox(firm: Firm) -> None:
    firm.fill(2)
    firm.person(ADA, "Mail.Read")
    mine = firm.value("/v1.0/me/messages?$select=subject")
    assert {item["subject"] for item in mine["value"]} == {"Mail 0", "Mail 1"}
    assert firm.told("me/mailFolders/inbox/messages") == firm.told(f"users/{ADA}/messages") == 200
    assert firm.told(f"users/{BOB}/messages") == DENIED
    assert firm.told(f"users/{TEAM}/messages") == DENIED


def test_shared_mailboxes_need_the_shared_scope_and_full_access(firm: Firm) -> None:
    firm.person(ADA, "Mail.Read.Shared")
    assert firm.told("me/messages") == firm.told(f"users/{TEAM}/messages") == 200
    assert firm.told(f"users/{BOB}/messages") == HIDDEN
    firm.person(BOB, "Mail.Read.Shared")
    assert firm.told(f"users/{TEAM}/messages") == HIDDEN
    firm.graph.patch_mailbox(TEAM, fullAccess=[BOB])
    assert firm.told(f"users/{TEAM}/messages") == 200
    assert firm.told(f"users/{TEAM}/messages", "POST", {"subject": "x"}) == DENIED
    firm.person(BOB, "Mail.ReadWrite.Shared")
    assert firm.told(f"users/{TEAM}/messages", "POST", {"subject": "x"}) == 200


def test_what_a_person_sees_of_the_directory(firm: Firm) -> None:
    firm.person(ADA, "User.Read")
    assert firm.value("/v1.0/me")["userPrincipalName"] == ADA
    assert firm.told(f"users/{BOB}") == firm.told("users") == "403 Authorization_RequestDenied"
    firm.person(ADA, "User.ReadBasic.All")
    assert firm.told(f"users/{BOB}") == firm.told("users") == 200
    firm.person(ADA, "Mail.Read")
    assert firm.told("me") == "403 Authorization_RequestDenied"


def test_mailbox_settings_of_others_are_not_shared(firm: Firm) -> None:
    firm.person(ADA, "MailboxSettings.Read")
    assert firm.told("me/mailboxSettings") == 200
    assert firm.told(f"users/{TEAM}/mailboxSettings") == DENIED


def test_me_inside_a_batch(firm: Firm) -> None:
    firm.person(ADA, "Mail.Read")
    urls = ("/me/messages", f"/users/{BOB}/messages")
    items = [{"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls)]
    answer = content(firm.ask("/v1.0/$batch", "POST", body={"requests": items}))
    assert {item["id"]: item["status"] for item in answer["responses"]} == {"0": 200, "1": 403}


def test_an_app_by_itself_has_no_me(firm: Firm) -> None:
    assert firm.told("me/messages") == "400 BadRequest"


@pytest.mark.parametrize("state", ["unlicensed", "on_premises", "soft_deleted"])
def test_a_mailbox_that_is_not_served_flips_its_code(firm: Firm, state: str) -> None:
    firm.graph.patch_mailbox(ADA, state=state)
    told = [firm.told(f"users/{ADA}/messages") for _ in range(10)]
    assert told == (["404 MailboxNotEnabledForRESTAPI"] * 4 + ["404 ResourceNotFound"]) * 2


def test_a_guest_has_no_mailbox(firm: Firm) -> None:
    guest = "client_home.example#EXT#@firm.example"
    guid = firm.mailbox(guest, userType="Guest", mail="client@home.example")
    assert firm.told(f"users/{guid}/messages") == "404 MailboxNotEnabledForRESTAPI"
    assert firm.told(f"users/{guid}") == 200


def test_a_disabled_account_keeps_its_mailbox_for_apps(firm: Firm) -> None:
    firm.graph.patch_mailbox(ADA, accountEnabled=False)
    assert firm.told(f"users/{ADA}/messages") == 200


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "Access token is empty."),
        ("Bearer ", "Access token is empty."),
        ("Basic abc", "Access token is empty."),
        ("Bearer abc", "CompactToken parsing failed with error code: 80049217"),
        ("Bearer a.b.c", "CompactToken parsing failed with error code: 80049217"),
    ],
)
def test_tokens_that_are_none(firm: Firm, header: str | None, message: str) -> None:
    answer = firm.ask("/v1.0/users", headers={"authorization": header or ""})
    error = content(answer)["error"]
    assert (answer.status, error["code"], error["message"]) == (401, "InvalidAuthenticationToken", message)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_tokens_that_do_not_hold(firm: Firm) -> None:
    def message() -> str:
        answer = firm.ask("/v1.0/users")
        assert answer.status == 401
        return str(content(answer)["error"]["message"])

    firm.token = firm.tokens.issue(GRAPH, seconds=-5)
    assert "80049228" in message()
    firm.token = firm.tokens.issue("https://graph.microsoft.us")
    assert "audience" in message()
    header, claims, _ = firm.tokens.issue(GRAPH).split(".")
    firm.token = f"{header}.{claims}.{'A' * 342}"
    assert "signature" in message()


def test_limits_count_for_each_app(firm: Firm) -> None:
    firm.graph.patch_tenant({"requestsPer10Min": 1})
    assert firm.told(f"users/{ADA}/messages") == 200
    assert firm.told(f"users/{ADA}/messages") == "429 ApplicationThrottled"
    assert firm.told(f"users/{BOB}/messages") == 200
    firm.app(roles=["Mail.Read"])
    assert firm.told(f"users/{ADA}/messages") == 200


def test_who_can_sign_in(firm: Firm) -> None:
    first = firm.people.first()
    assert first is not None
    assert first.user_principal_name == ADA
    firm.graph.patch_mailbox(ADA, accountEnabled=False, signInSessionsValidFromDateTime="2026-01-01T00:00:00Z")
    first, ada = firm.people.first(), firm.people.find(ADA.upper())
    assert first is not None
    assert ada is not None
    assert (first.user_principal_name, ada.enabled, ada.valid_from) == (BOB, False, 1767225600)
    assert firm.people.find(ada.id) == ada
    firm.graph.patch_mailbox(ADA, state="soft_deleted")
    assert firm.people.find(ADA) is None
