"""The folder tree of a mailbox."""

import pytest
from testkit.graph_tenant import ADA, GraphTenant

BASE = f"/v1.0/users/{ADA}/mailFolders"


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox()
    return made


def names(items: list[dict]) -> set[str]:
    return {item["displayName"] for item in items}


def test_the_list_holds_ten_of_the_top_level(tenant: GraphTenant) -> None:
    tenant.fill(1, folder="Clients/Households")
    tenant.fill(1, folder="Archive 2024")
    pages = tenant.pages(BASE)
    assert len(pages[0]) == 10
    shown = names([item for page in pages for item in page])
    assert {"Inbox", "Sent Items", "Drafts", "Junk Email", "Clients", "Sync Issues", "Conversation History"} <= shown
    assert not {"Households", "Conflicts", "Clutter", "TeamsMessagesData", "Top of Information Store"} & shown


def test_hidden_folders_come_when_asked_for(tenant: GraphTenant) -> None:
    assert "Clutter" in names(tenant.value(f"{BASE}?$top=100&includeHiddenFolders=true")["value"])


def test_children_are_found_below_their_parent(tenant: GraphTenant) -> None:
    tenant.fill(3, folder="Inbox/Clients/Garcia")
    inbox = tenant.value(f"{BASE}/inbox")
    assert inbox["childFolderCount"] == 1
    (clients,) = tenant.value(f"{BASE}/inbox/childFolders")["value"]
    assert (clients["displayName"], clients["parentFolderId"]) == ("Clients", inbox["id"])
    (garcia,) = tenant.value(f"{BASE}/{clients['id']}/childFolders")["value"]
    assert (garcia["totalItemCount"], garcia["unreadItemCount"], garcia["isHidden"]) == (3, 3, False)


def test_a_path_finds_the_folder_it_made_before_whatever_the_case(tenant: GraphTenant) -> None:
    tenant.fill(1, folder="Inbox/Clients")
    tenant.fill(1, folder="inbox/clients")
    (clients,) = tenant.value(f"{BASE}/inbox/childFolders")["value"]
    assert clients["totalItemCount"] == 2


def test_delta_gives_the_whole_tree_flat_in_one_round(tenant: GraphTenant) -> None:
    tenant.fill(1, folder="Inbox/Clients")
    value = tenant.value(f"{BASE}/delta?$select=displayName,parentFolderId")
    by_id = {item["id"]: item for item in value["value"]}
    root = tenant.value(f"{BASE}/msgfolderroot")["id"]
    assert {"Clients", "Conflicts", "Local Failures", "Inbox"} <= names(value["value"])
    assert not {"TeamsMessagesData", "Deletions", "Finder"} & names(value["value"])
    assert all(item["parentFolderId"] in (*by_id, root) for item in by_id.values())
    assert "@odata.nextLink" not in value
    assert "$deltatoken=" in value["@odata.deltaLink"]


def test_delta_is_paged_on_request(tenant: GraphTenant) -> None:
    first = tenant.value(f"{BASE}/delta", prefer="odata.maxpagesize=4")
    assert len(first["value"]) == 4
    following = tenant.value(first["@odata.nextLink"], prefer="odata.maxpagesize=400")
    whole = tenant.value(f"{BASE}/delta")["value"]
    assert [*first["value"], *following["value"]] == whole


@pytest.mark.parametrize("name", ["inbox", "SentItems", "msgfolderroot", "recoverableitemsdeletions", "conflicts"])
def test_well_known_names(tenant: GraphTenant, name: str) -> None:
    folder = tenant.value(f"{BASE}/{name}")
    assert tenant.value(f"{BASE}/{folder['id']}")["displayName"] == folder["displayName"]


def test_a_hidden_folder_outside_the_tree_can_be_asked_for_by_id(tenant: GraphTenant) -> None:
    made = tenant.graph.add_message(ADA, {}, None, "TeamsMessagesData")
    parent = tenant.value(f"/v1.0/users/{ADA}/messages/{made['id']}")["parentFolderId"]
    folder = tenant.value(f"{BASE}/{parent}")
    assert (folder["displayName"], folder["isHidden"]) == ("TeamsMessagesData", True)


def test_folders_that_are_not_there(tenant: GraphTenant) -> None:
    tenant.mailbox("bob@firm.example")
    other = tenant.value("/v1.0/users/bob@firm.example/mailFolders/inbox")["id"]
    assert tenant.code(f"{BASE}/inboxx", 400) == "ErrorInvalidIdMalformed"
    assert tenant.code(f"{BASE}/{other}/messages", 404) == "ErrorItemNotFound"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("$select=sizeInBytes", "BadRequest"),
        ("$top=1001", "BadRequest"),
        ("includeHiddenFolders=perhaps", "BadRequest"),
        ("$search=a", "BadRequest"),
        ("$filter=nosuch eq 1", "BadRequest"),
        ("$filter=displayName in ('inbox','drafts')", "ErrorInvalidUrlQueryFilter"),
        ("$orderby=nosuch", "RequestBroker--ParseUri"),
        ("$expand=nosuch", "BadRequest"),
    ],
)
def test_what_folders_refuse(tenant: GraphTenant, options: str, code: str) -> None:
    assert tenant.code(f"{BASE}?{options}", 400) == code


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("$filter=displayName eq 'inbox' or displayName eq 'drafts'", ["Drafts", "Inbox"]),
        ("$filter=startswith(displayName,'d')&$orderby=displayName desc", ["Drafts", "Deleted Items"]),
        ("$filter=totalItemCount gt 1", ["Inbox"]),
        ("$filter=unreadItemCount eq 2", ["Inbox"]),
        ("$filter=childFolderCount ge 1 and not startswith(displayName,'S')", ["Inbox"]),
    ],
)
def test_folders_are_filtered_and_ordered(tenant: GraphTenant, options: str, expected: list[str]) -> None:
    tenant.fill(2)
    tenant.fill(1, folder="Inbox/Clients")
    assert [item["displayName"] for item in tenant.value(f"{BASE}?{options}")["value"]] == expected


def test_folders_are_counted(tenant: GraphTenant) -> None:
    tenant.fill(1, folder="Inbox/Clients")
    shown = sum(len(page) for page in tenant.pages(BASE))
    assert tenant.ask(f"{BASE}/$count").body == str(shown).encode()
    assert tenant.value(f"{BASE}?$count=true&$top=1")["@odata.count"] == shown
    assert tenant.ask(f"{BASE}/inbox/childFolders/$count").body == b"1"
    hidden = tenant.ask(f"{BASE}/$count?includeHiddenFolders=true").body
    assert int(hidden) > shown


def test_children_are_expanded_and_lie_as_deep_as_there_are_folders(tenant: GraphTenant) -> None:
    tenant.fill(1, folder="Inbox/Clients/Garcia")
    (inbox,) = tenant.value(f"{BASE}?$filter=displayName eq 'Inbox'&$expand=childFolders")["value"]
    (clients,) = inbox["childFolders"]
    assert clients["displayName"] == "Clients"
    path = f"{BASE}/inbox/childFolders/{clients['id']}/childFolders"
    (garcia,) = tenant.value(path)["value"]
    assert len(tenant.value(f"{path}/{garcia['id']}/messages")["value"]) == 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"displayName": ""}, 400),
        ({"displayName": 5}, 400),
        ({"isHidden": "true"}, 400),
        ({"@odata.type": "microsoft.graph.calendar"}, 400),
        ({"colour": "red"}, 400),
        ({"@odata.type": "#microsoft.graph.mailSearchFolder"}, 501),
    ],
)
def test_folders_that_cannot_be(tenant: GraphTenant, wrong: dict, status: int) -> None:
    tenant.may_write()
    assert tenant.ask(f"{BASE}/inbox/childFolders", "POST", body={"displayName": "Digests"} | wrong).status == status
    assert tenant.value(f"{BASE}/inbox/childFolders")["value"] == []


def test_folders_are_made_renamed_moved_and_deleted(tenant: GraphTenant) -> None:
    tenant.may_write()
    made = tenant.made(BASE, {"displayName": "Clients"})
    child = tenant.made(f"{BASE}/{made['id']}/childFolders", {"displayName": "Garcia", "isHidden": True})
    assert (made["displayName"], child["isHidden"], child["parentFolderId"]) == ("Clients", True, made["id"])
    assert tenant.code(BASE, 409, method="POST", body={"displayName": "clients"}) == "ErrorFolderExists"
    url = f"{BASE}/{made['id']}"
    renamed = tenant.value(url, method="PATCH", body={"displayName": "Households"})
    assert (renamed["id"], renamed["displayName"]) == (made["id"], "Households")
    assert tenant.code(f"{url}/move", 400, method="POST", body={"destinationId": child["id"]}) == "ErrorMoveCopyFailed"
    assert tenant.made(f"{url}/move", {"destinationId": "archive"})["id"] == made["id"]
    assert [item["id"] for item in tenant.value(f"{BASE}/archive/childFolders")["value"]] == [made["id"]]
    message = tenant.made(f"{BASE}/{child['id']}/messages", {"subject": "a"})["id"]
    tenant.done(url, "DELETE", 204)
    for gone in (made, child):
        assert tenant.code(f"{BASE}/{gone['id']}", 404) == "ErrorItemNotFound"
    kept = tenant.value(f"{BASE}/recoverableitemsdeletions/messages")["value"]
    assert [item["id"] for item in kept] == [message]


def test_a_copy_of_a_folder_holds_copies_of_all_that_is_in_it(tenant: GraphTenant) -> None:
    tenant.may_write().fill(2, folder="Clients")
    tenant.graph.add_message(ADA, {"subject": "Deep"}, None, "Clients/Garcia")
    (clients,) = tenant.value(f"{BASE}?$filter=displayName eq 'Clients'")["value"]
    (garcia,) = tenant.value(f"{BASE}/{clients['id']}/childFolders")["value"]
    url = f"{BASE}/{clients['id']}"
    copied = tenant.made(f"{url}/copy", {"destinationId": "archive"})
    assert copied["id"] != clients["id"]
    assert (copied["displayName"], copied["totalItemCount"], copied["childFolderCount"]) == ("Clients", 2, 1)
    (below,) = tenant.value(f"{BASE}/{copied['id']}/childFolders?$expand=messages")["value"]
    (deep,) = tenant.value(f"{BASE}/{garcia['id']}/messages")["value"]
    (copy,) = below["messages"]
    assert (copy["subject"], copy["id"] == deep["id"]) == ("Deep", False)
    assert tenant.value(url)["totalItemCount"] == 2
    again = {"body": {"destinationId": "archive"}, "method": "POST"}
    assert tenant.code(f"{url}/copy", 409, **again) == "ErrorFolderExists"
    within = {"body": {"destinationId": garcia["id"]}, "method": "POST"}
    assert tenant.code(f"{url}/copy", 400, **within) == "ErrorMoveCopyFailed"


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("DELETE", "inbox", None, "ErrorDeleteDistinguishedFolder"),
        ("PATCH", "inbox", {"displayName": "Post"}, "ErrorRenameDistinguishedFolder"),
        ("POST", "inbox/move", {"destinationId": "archive"}, "ErrorMoveDistinguishedFolder"),
        ("POST", "drafts/permanentDelete", None, "ErrorDeleteDistinguishedFolder"),
    ],
)
def test_standard_folders_stay_as_they_are(tenant: GraphTenant, method: str, path: str, body: dict, code: str) -> None:
    assert tenant.may_write().code(f"{BASE}/{path}", 403, method=method, body=body) == code


def delta(tenant: GraphTenant, link: str) -> tuple[list[dict], str]:
    page = tenant.value(link)
    return page["value"], page["@odata.deltaLink"]


def test_later_rounds_of_delta_tell_what_has_changed(tenant: GraphTenant) -> None:
    tenant.may_write()
    first, second = (tenant.made(BASE, {"displayName": name}) for name in ("One", "Two"))
    items, link = delta(tenant, f"{BASE}/delta?$select=displayName")
    assert {"One", "Two"} <= names(items)
    assert {item["@odata.type"] for item in items} == {"#microsoft.graph.mailFolder"}
    assert delta(tenant, link) == ([], link)
    tenant.fill(3, folder="One")  # what goes on inside is told by messages/delta
    assert delta(tenant, link) == ([], link)
    made = tenant.made(f"{BASE}/inbox/childFolders", {"displayName": "Three"})
    tenant.value(f"{BASE}/{first['id']}", method="PATCH", body={"displayName": "First"})
    tenant.done(f"{BASE}/{second['id']}", "DELETE", 204)
    items, following = delta(tenant, link)
    typed = {"@odata.type": "#microsoft.graph.mailFolder"}
    assert sorted(items, key=lambda item: item["id"]) == sorted(
        [
            {**typed, "id": made["id"], "displayName": "Three"},
            {**typed, "id": first["id"], "displayName": "First"},
            {**typed, "id": second["id"], "@removed": {"reason": "deleted"}},
        ],
        key=lambda item: item["id"],
    )
    assert delta(tenant, following)[0] == []


def test_a_link_of_folders_grows_old_too(tenant: GraphTenant) -> None:
    tenant.may_write()
    _, first = delta(tenant, f"{BASE}/delta")
    link = first
    for number in range(4):
        tenant.made(BASE, {"displayName": f"Folder {number}"})
        _, link = delta(tenant, link)
    assert tenant.code(first, 410) == "SyncStateNotFound"
    tenant.clock.advance(31 * 86_400)
    assert tenant.code(link, 410) == "SyncStateNotFound"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("delta?$deltatoken=x", "BadRequest"),
        ("delta?$filter=isHidden eq true", "BadRequest"),
        ("delta?$deltatoken=x&$select=id", "ErrorInvalidUrlQuery"),
        ("inbox/childFolders/delta", "BadRequest"),
    ],
)
def test_what_delta_of_folders_refuses(tenant: GraphTenant, path: str, code: str) -> None:
    assert tenant.code(f"{BASE}/{path}", 400) == code
