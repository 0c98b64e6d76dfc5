"""The directory and the settings of mailboxes."""

import pytest
from m365sandbox.graph.service import UnknownMailboxError
from testkit.graph_tenant import ADA, GraphTenant, content


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox(displayName="Ada Finch", proxyAddresses=["SMTP:ada@firm.example", "smtp:a.finch@firm.example"])
    made.mailbox("bob@firm.example", displayName="Bob Alder", mail=None, accountEnabled=False)
    made.mailbox("service@firm.example", displayName="Client Service", userPurpose="shared")
    return made


def names(value: dict) -> list[str]:
    return [item["displayName"] for item in value["value"]]


def test_a_user_has_the_default_members(tenant: GraphTenant) -> None:
    user = tenant.value(f"/v1.0/users/{ADA}")
    assert user["userPrincipalName"] == ADA
    assert (user["givenName"], user["surname"], user["businessPhones"]) == ("Ada", "Finch", [])
    assert "proxyAddresses" not in user


def test_other_members_come_when_selected(tenant: GraphTenant) -> None:
    user = tenant.value(f"/v1.0/users/{ADA}?$select=proxyAddresses,accountEnabled,department")
    assert user["proxyAddresses"] == ["SMTP:ada@firm.example", "smtp:a.finch@firm.example"]
    assert (user["accountEnabled"], user["department"]) == (True, None)
    assert "id" not in user


def test_a_user_is_found_by_id_and_name_but_not_by_alias(tenant: GraphTenant) -> None:
    guid = tenant.value(f"/v1.0/users/{ADA}")["id"]
    assert tenant.value(f"/v1.0/users/{guid.upper()}")["userPrincipalName"] == ADA
    assert tenant.code("/v1.0/users/a.finch@firm.example", 404) == "Request_ResourceNotFound"
    assert tenant.code("/v1.0/users/a.finch@firm.example/messages", 404) == "ErrorInvalidUser"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("userPrincipalName eq 'ADA@firm.example'", ["Ada Finch"]),
        ("mail eq 'ada@firm.example'", ["Ada Finch"]),
        ("mail eq null", ["Bob Alder"]),
        ("startswith(displayName,'cl')", ["Client Service"]),
        ("proxyAddresses/any(p:p eq 'smtp:A.Finch@firm.example')", ["Ada Finch"]),
        ("proxyAddresses/any(p:startswith(p,'smtp:a.'))", ["Ada Finch"]),
        ("accountEnabled eq false and startswith(userPrincipalName,'bob')", ["Bob Alder"]),
        ("userPrincipalName in ('ada@firm.example','bob@firm.example')", ["Ada Finch", "Bob Alder"]),
        ("displayName eq 'O''Hara'", []),
    ],
)
def test_filters(tenant: GraphTenant, where: str, expected: list[str]) -> None:
    assert names(tenant.value(f"/v1.0/users?$filter={where}")) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("accountEnabled ne true", ["Bob Alder", "Client Service"]),
        ("not startswith(displayName,'A')", ["Bob Alder", "Client Service"]),
        ("endsWith(userPrincipalName,'firm.example')", ["Ada Finch", "Bob Alder", "Client Service"]),
        ("proxyAddresses/any(p:endsWith(p,'finch@firm.example'))", ["Ada Finch"]),
    ],
)
def test_advanced_filters(tenant: GraphTenant, where: str, expected: list[str]) -> None:
    url = f"/v1.0/users?$filter={where}"
    eventual = {"consistencylevel": "eventual"}
    assert tenant.code(url, 400) == "Request_UnsupportedQuery"
    assert tenant.code(f"{url}&$count=true", 400) == "Request_UnsupportedQuery"
    assert tenant.code(url, 400, headers=eventual) == "Request_UnsupportedQuery"
    assert names(tenant.value(f"{url}&$count=true", headers=eventual)) == expected


def test_orders_of_the_directory(tenant: GraphTenant) -> None:
    assert names(tenant.value("/v1.0/users?$orderby=displayName desc")) == ["Client Service", "Bob Alder", "Ada Finch"]
    eventual = {"consistencylevel": "eventual"}
    for options in ("$orderby=mail", "$orderby=displayName&$filter=startswith(displayName,'a')"):
        refused = tenant.ask(f"/v1.0/users?{options}")
        assert refused.status == 400
        assert content(refused)["error"]["message"] == "Sorting not supported for current query."
        assert tenant.ask(f"/v1.0/users?{options}&$count=true", headers=eventual).status == 200


def test_users_are_counted_on_the_eventual_index_only(tenant: GraphTenant) -> None:
    assert tenant.code("/v1.0/users/$count", 400) == "Request_BadRequest"
    eventual = {"consistencylevel": "eventual"}
    assert tenant.ask("/v1.0/users/$count", headers=eventual).body == b"3"
    assert tenant.ask("/v1.0/users/$count?$filter=accountEnabled ne true", headers=eventual).body == b"2"
    assert "@odata.count" not in tenant.value("/v1.0/users?$count=true")
    assert tenant.value("/v1.0/users?$count=true", headers=eventual)["@odata.count"] == 3


def test_some_members_are_shown_of_a_single_user_only(tenant: GraphTenant) -> None:
    # List users, "Response".
    assert tenant.code("/v1.0/users?$select=aboutMe", 501) == "NotImplemented"
    assert tenant.value(f"/v1.0/users/{ADA}?$select=aboutMe") == {
        "@odata.context": "https://localhost:8443/v1.0/$metadata#users(aboutMe)/$entity",
        "aboutMe": None,
    }


def test_a_guest_is_named_with_its_number_sign_encoded(tenant: GraphTenant) -> None:
    guest = "cleo_client.example#EXT#@firm.example"
    guid = tenant.mailbox(guest, displayName="Cleo Marsh", userType="Guest", mail="cleo@client.example")
    assert tenant.value(f"/v1.0/users/{guest.replace('#', '%23')}")["id"] == guid
    eventual = {"consistencylevel": "eventual"}
    where = "endsWith(userPrincipalName,'%23EXT%23@firm.example')"
    assert names(tenant.value(f"/v1.0/users?$filter={where}&$count=true", headers=eventual)) == ["Cleo Marsh"]
    assert names(tenant.value("/v1.0/users?$filter=userType eq 'Guest'")) == ["Cleo Marsh"]


def test_advanced_queries_need_eventual_consistency(tenant: GraphTenant) -> None:
    url = "/v1.0/users?$filter=endswith(mail,'@firm.example')&$count=true"
    assert tenant.code(url, 400) == "Request_UnsupportedQuery"
    found = tenant.value(url, headers={"consistencylevel": "eventual"})
    assert (names(found), found["@odata.count"]) == (["Ada Finch", "Client Service"], 2)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("$top=1000", "Request_UnsupportedQuery"),
        ("$top=0", "Request_UnsupportedQuery"),
        ("$skip=1", "Request_BadRequest"),
        ("$filter=contains(displayName,'a')", "Request_UnsupportedQuery"),
        ("$filter=displayName gt 'a'", "Request_UnsupportedQuery"),
        ("$filter=tolower(displayName) eq 'a'", "Request_UnsupportedQuery"),
        ("$filter=displayName eq true", "BadRequest"),
        ("$select=nosuch", "BadRequest"),
        ("$filter=nosuch eq 'a'", "BadRequest"),
        ("$filter=aboutMe eq 'a'", "Request_UnsupportedQuery"),
        ("$filter=proxyAddresses eq 'a'", "BadRequest"),
        ("$skiptoken=garbage", "Directory_ExpiredPageToken"),
    ],
)
def test_what_the_list_refuses(tenant: GraphTenant, options: str, code: str) -> None:
    assert tenant.code(f"/v1.0/users?{options}", 400) == code


def test_the_list_is_paged_by_token(tenant: GraphTenant) -> None:
    pages = tenant.pages("/v1.0/users?$top=2&$select=displayName")
    assert [[user["displayName"] for user in page] for page in pages] == [
        ["Ada Finch", "Bob Alder"],
        ["Client Service"],
    ]


def test_the_purpose_of_a_mailbox(tenant: GraphTenant) -> None:
    base = "/v1.0/users/service@firm.example/mailboxSettings"
    assert tenant.value(f"{base}/userPurpose")["value"] == "shared"
    assert tenant.value(base)["userPurpose"] == "shared"
    assert tenant.ask(f"{base}/nosuch").status == 400


@pytest.mark.parametrize("state", ["unlicensed", "on_premises", "soft_deleted"])
def test_a_mailbox_that_graph_does_not_serve(tenant: GraphTenant, state: str) -> None:
    tenant.graph.patch_mailbox(ADA, state=state)
    assert tenant.value(f"/v1.0/users/{ADA}")["displayName"] == "Ada Finch"
    for path in ("messages", "mailFolders", "mailboxSettings", "mailFolders/delta"):
        code = tenant.code(f"/v1.0/users/{ADA}/{path}", 404)
        assert code in ("MailboxNotEnabledForRESTAPI", "ResourceNotFound")
    tenant.graph.patch_mailbox(ADA, state="ok")
    assert tenant.ask(f"/v1.0/users/{ADA}/messages").status == 200


def test_a_mailbox_is_renamed_and_deleted(tenant: GraphTenant) -> None:
    tenant.fill(2)
    guid = tenant.graph.patch_mailbox(ADA, userPrincipalName="ada.finch@firm.example")
    assert tenant.code(f"/v1.0/users/{ADA}", 404) == "Request_ResourceNotFound"
    assert len(tenant.value(f"/v1.0/users/{guid}/messages")["value"]) == 2
    tenant.graph.delete_mailbox("ada.finch@firm.example")
    assert tenant.code(f"/v1.0/users/{guid}/messages", 404) == "ErrorInvalidUser"
    with pytest.raises(UnknownMailboxError):
        tenant.graph.delete_mailbox("ada.finch@firm.example")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"userPrincipalName": "no address"},
        {"userPrincipalName": "x@firm.example", "colour": "red"},
        {"userPrincipalName": "x@firm.example", "state": "asleep"},
        {"userPrincipalName": "x@firm.example", "userPurpose": "pet"},
        {"userPrincipalName": "x@firm.example", "proxyAddresses": ["x@firm.example"]},
        {"userPrincipalName": "x@firm.example", "accountEnabled": "yes"},
        {"userPrincipalName": "ADA@firm.example"},
    ],
)
def test_a_mailbox_that_cannot_be(tenant: GraphTenant, fields: dict) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        tenant.graph.create_mailbox(**fields)
