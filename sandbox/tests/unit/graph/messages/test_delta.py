"""messages/delta: rounds, generations, removals, and what it refuses."""

from datetime import timedelta
from typing import Any

import pytest
from m365sandbox.graph.delivery.delivery import NewMessage
from testkit.graph_tenant import ADA, START, GraphTenant, content

MESSAGES = f"/v1.0/users/{ADA}/messages"
DELTA = f"/v1.0/users/{ADA}/mailFolders/inbox/messages/delta"
LARGE = 'IdType="ImmutableId", odata.maxpagesize=500'


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox()
    return made.may_write()


def round_of(tenant: GraphTenant, link: str, prefer: str | None = LARGE) -> tuple[list[dict[str, Any]], str]:
    """All items of a round, and the link that begins the next one."""
    items: list[dict[str, Any]] = []
    while True:
        page = tenant.value(link, prefer=prefer)
        items += page["value"]
        if "@odata.deltaLink" in page:
            assert "@odata.nextLink" not in page
            return items, page["@odata.deltaLink"]
        link = page["@odata.nextLink"]


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


def test_the_first_round_gives_everything_in_pages_of_ten(tenant: GraphTenant) -> None:
    made = tenant.fill(23)
    page = tenant.value(DELTA)
    assert len(page["value"]) == 10
    assert page["@odata.context"].endswith("$metadata#Collection(message)")
    assert "/messages/delta?$skiptoken=" in page["@odata.nextLink"]
    assert {item["@odata.type"] for item in page["value"]} == {"#microsoft.graph.message"}
    assert all(item["@odata.etag"].startswith('W/"') for item in page["value"])
    items, link = round_of(tenant, DELTA, None)
    assert sorted(item["subject"] for item in items) == sorted(f"Mail {number}" for number in range(len(made)))
    assert "/messages/delta?$deltatoken=" in link


def test_the_page_size_is_what_each_request_prefers(tenant: GraphTenant) -> None:
    tenant.fill(9)
    first = tenant.value(DELTA, prefer="odata.maxpagesize=2")
    assert len(first["value"]) == 2
    assert len(tenant.value(first["@odata.nextLink"], prefer="odata.maxpagesize=4")["value"]) == 4
    # The same link gives the same page, however often it is asked for.
    again = tenant.value(first["@odata.nextLink"], prefer="odata.maxpagesize=4")["value"]
    assert again == tenant.value(first["@odata.nextLink"], prefer="odata.maxpagesize=4")["value"]


@pytest.mark.parametrize("name", ["delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()"])
def test_it_has_several_names(tenant: GraphTenant, name: str) -> None:
    tenant.fill(1)
    for folder in ("mailFolders/inbox", "mailfolders('inbox')"):
        page = tenant.value(f"/v1.0/users/{ADA}/{folder}/messages/{name}")
        assert len(page["value"]) == 1
        assert tenant.value(page["@odata.deltaLink"])["value"] == []


def test_a_later_round_gives_what_has_changed(tenant: GraphTenant) -> None:
    kept, read, deleted, moved = tenant.fill(4)
    _, link = round_of(tenant, DELTA)
    (new,) = tenant.fill(1, start=START + timedelta(days=1))
    tenant.ask(f"{MESSAGES}/{read}", "PATCH", body={"isRead": True})
    tenant.done(f"{MESSAGES}/{deleted}", "DELETE", 204)
    tenant.made(f"{MESSAGES}/{moved}/move", {"destinationId": "archive"})
    items, following = round_of(tenant, link)
    gone = [item for item in items if "@removed" in item]
    assert gone == [
        {"@odata.type": "#microsoft.graph.message", "id": deleted, "@removed": {"reason": "deleted"}},
        {"@odata.type": "#microsoft.graph.message", "id": moved, "@removed": {"reason": "changed"}},
    ]
    present = {item["id"]: item for item in items if "@removed" not in item}
    assert set(present) == {new, read}
    assert present[read]["isRead"] is True
    assert round_of(tenant, following)[0] == []
    assert kept not in ids(items)


def test_a_move_is_a_new_item_in_the_other_folder(tenant: GraphTenant) -> None:
    (message,) = tenant.fill(1)
    tenant.fill(1, folder="archive")
    archive = DELTA.replace("inbox", "archive")
    _, link = round_of(tenant, archive)
    tenant.made(f"{MESSAGES}/{message}/move", {"destinationId": "archive"})
    assert ids(round_of(tenant, link)[0]) == [message]


def test_what_went_and_came_back_is_removed_by_its_old_id_only(tenant: GraphTenant) -> None:
    (message,) = tenant.fill(1)
    before = tenant.value(f"{MESSAGES}/{message}", prefer=None)["id"]
    _, link = round_of(tenant, DELTA)
    for folder in ("archive", "inbox"):
        tenant.made(f"{MESSAGES}/{message}/move", {"destinationId": folder})
    immutable, _ = round_of(tenant, link)
    assert [("@removed" in item, item["id"]) for item in immutable] == [(False, message)]
    items, _ = round_of(tenant, link, None)
    assert [item["id"] for item in items if "@removed" in item] == [before]
    assert len([item for item in items if "@removed" not in item]) == 1


def test_what_came_and_went_between_two_rounds_is_not_told(tenant: GraphTenant) -> None:
    _, link = round_of(tenant, DELTA)
    (message,) = tenant.fill(1)
    tenant.done(f"{MESSAGES}/{message}/permanentDelete", "POST", 204)
    assert round_of(tenant, link)[0] == []


def test_a_link_can_be_used_again_until_four_newer_ones_have_been_given(tenant: GraphTenant) -> None:
    _, first = round_of(tenant, DELTA)
    link = first
    for number in range(3):
        tenant.fill(1, start=START + timedelta(days=number + 1))
        items, link = round_of(tenant, link)
        assert len(items) == 1
    assert len(round_of(tenant, first)[0]) == 3
    tenant.fill(1, start=START + timedelta(days=9))
    _, link = round_of(tenant, link)
    response = tenant.ask(first)
    assert (response.status, content(response)["error"]["code"]) == (410, "SyncStateNotFound")
    assert content(response)["error"]["message"].startswith("The sync state generation is not found; generation=1;[")
    assert tenant.ask(link).status == 200


def test_a_round_without_news_gives_the_same_link(tenant: GraphTenant) -> None:
    tenant.fill(1)
    _, link = round_of(tenant, DELTA)
    tenant.fill(1, folder="archive")
    for _ in range(6):
        items, following = round_of(tenant, link)
        assert (items, following) == ([], link)


def test_a_link_does_not_live_for_ever(tenant: GraphTenant) -> None:
    _, link = round_of(tenant, DELTA)
    tenant.clock.advance(29 * 86_400)
    assert tenant.ask(link).status == 200
    tenant.clock.advance(2 * 86_400)
    assert tenant.code(link, 410) == "SyncStateNotFound"


def test_a_link_of_another_folder_or_of_a_state_before_a_reset(tenant: GraphTenant) -> None:
    _, link = round_of(tenant, DELTA)
    assert tenant.code(link.replace("inbox", "archive"), 410) == "SyncStateNotFound"
    other = GraphTenant()
    other.mailbox()
    assert other.code(link, 410) == "SyncStateNotFound"


@pytest.mark.parametrize("token", ["$deltatoken=latest", "$deltatoken=abc", "$skiptoken=", "$skiptoken=GwcBo%C3%A4"])
def test_tokens_that_are_none(tenant: GraphTenant, token: str) -> None:
    assert tenant.code(f"{DELTA}?{token}", 400) == "BadRequest"


def test_a_selection_goes_with_the_first_request_and_holds_afterwards(tenant: GraphTenant) -> None:
    tenant.fill(3)
    first = tenant.value(f"{DELTA}?$select=subject", prefer="odata.maxpagesize=2")
    second = tenant.value(first["@odata.nextLink"])
    members = {"@odata.type", "@odata.etag", "id", "subject"}
    assert {frozenset(item) for item in first["value"] + second["value"]} == {frozenset(members)}
    assert tenant.code(f"{first['@odata.nextLink']}&$select=subject", 400) == "ErrorInvalidUrlQuery"


def test_a_filter_by_time_and_the_newest_first(tenant: GraphTenant) -> None:
    tenant.fill(5)
    url = f"{DELTA}?$filter=receivedDateTime ge 2026-03-01T08:02:00Z&$orderby=receivedDateTime desc"
    items, link = round_of(tenant, url, "odata.maxpagesize=2")
    assert [item["subject"] for item in items] == ["Mail 4", "Mail 3", "Mail 2"]
    tenant.fill(1)
    tenant.graph.add_message(ADA, {"subject": "new"}, START + timedelta(hours=1))
    assert [item["subject"] for item in round_of(tenant, link)[0]] == ["new"]
    later = f"{DELTA}?$filter=receivedDateTime+gt+2026-03-01T08:03:00Z"
    assert {item["subject"] for item in round_of(tenant, later)[0]} == {"Mail 4", "new"}


@pytest.mark.slow
def test_a_filter_gives_no_more_than_5000_without_a_word(tenant: GraphTenant) -> None:
    tenant.graph.add_messages(NewMessage(ADA, {}, START) for _ in range(5003))
    since = "$filter=receivedDateTime ge 2026-03-01"
    items, link = round_of(tenant, f"{DELTA}?{since}&$select=id", "odata.maxpagesize=999")
    assert len(items) == 5000
    assert round_of(tenant, link)[0] == []
    assert len(round_of(tenant, f"{DELTA}?$select=id", "odata.maxpagesize=999")[0]) == 5003


def test_top_caps_the_whole_round(tenant: GraphTenant) -> None:
    tenant.fill(5)
    first = tenant.value(f"{DELTA}?$top=2")
    assert len(first["value"]) == 2
    second = tenant.value(first["@odata.nextLink"])
    assert second["value"] == []
    assert "@odata.deltaLink" in second


@pytest.mark.parametrize(("change", "subjects"), [("created", ["new"]), ("updated", ["Mail 0"]), ("deleted", [])])
def test_one_type_of_change(tenant: GraphTenant, change: str, subjects: list[str]) -> None:
    changed, gone = tenant.fill(2)
    items, link = round_of(tenant, f"{DELTA}?changeType={change}")
    assert len(items) == 2
    tenant.graph.add_message(ADA, {"subject": "new"}, START)
    tenant.ask(f"{MESSAGES}/{changed}", "PATCH", body={"isRead": True})
    tenant.done(f"{MESSAGES}/{gone}", "DELETE", 204)
    items, _ = round_of(tenant, link)
    assert [item["subject"] for item in items if "@removed" not in item] == subjects
    assert [item["id"] for item in items if "@removed" in item] == ([gone] if change == "deleted" else [])


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("$filter=isRead eq true", "ErrorInvalidUrlQuery"),
        ("$filter=receivedDateTime lt 2026-03-01T00:00:00Z", "ErrorInvalidUrlQuery"),
        (
            "$filter=receivedDateTime ge 2026-03-01T00:00:00Z and receivedDateTime lt 2026-03-02T00:00:00Z",
            "ErrorInvalidUrlQuery",
        ),
        ("$filter=receivedDateTime ge yesterday", "RequestBroker--ParseUri"),
        ("$orderby=receivedDateTime", "ErrorInvalidUrlQuery"),
        ("$orderby=subject desc", "ErrorInvalidUrlQuery"),
        ('$search="finch"', "ErrorInvalidUrlQuery"),
        ("$count=true", "ErrorInvalidUrlQuery"),
        ("$skip=5", "ErrorInvalidUrlQuery"),
        ("$select=nosuch", "RequestBroker--ParseUri"),
        ("changeType=moved", "ErrorInvalidUrlQuery"),
        ("colour=red", "BadRequest"),
    ],
)
def test_what_delta_refuses(tenant: GraphTenant, options: str, code: str) -> None:
    assert tenant.code(f"{DELTA}?{options}", 400) == code


def test_a_folder_that_is_gone(tenant: GraphTenant) -> None:
    folders = f"/v1.0/users/{ADA}/mailFolders"
    made = tenant.made(folders, {"displayName": "Clients"})
    url = f"{folders}/{made['id']}/messages/delta"
    _, link = round_of(tenant, url)
    tenant.done(f"{folders}/{made['id']}", "DELETE", 204)
    assert tenant.code(link, 404) == "ErrorItemNotFound"
