"""Messages as Graph lists and gives them."""

from datetime import timedelta

import pytest
from testkit.graph_tenant import ADA, START, GraphTenant, content

LIST = f"/v1.0/users/{ADA}/messages"


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox(displayName="Ada Finch")
    return made


def subjects(page: list[dict]) -> list[str]:
    return [item["subject"] for item in page]


def test_a_page_holds_ten_by_default_newest_first(tenant: GraphTenant) -> None:
    tenant.fill(12)
    page = tenant.value(LIST)
    assert subjects(page["value"]) == [f"Mail {number}" for number in range(11, 1, -1)]
    assert "@odata.nextLink" in page


def test_links_lead_through_the_whole_list_once(tenant: GraphTenant) -> None:
    ids = tenant.fill(130)
    pages = tenant.pages(f"{LIST}?$top=60&$orderby=receivedDateTime")
    assert [len(page) for page in pages] == [60, 60, 10]
    assert [item["id"] for page in pages for item in page] == ids


def test_the_link_counts_hidden_items_and_keeps_the_options(tenant: GraphTenant) -> None:
    tenant.fill(130)
    link = tenant.value(f"{LIST}?$top=60&$select=subject&$orderby=receivedDateTime")["@odata.nextLink"]
    assert link.startswith(f"https://localhost:8443{LIST}?")
    assert "$select=subject" in link
    assert "$skip=61" in link


def test_a_window_is_half_open(tenant: GraphTenant) -> None:
    tenant.fill(5)
    where = "receivedDateTime ge 2026-03-01T08:01:00Z and receivedDateTime lt 2026-03-01T08:03:00Z"
    page = tenant.value(f"{LIST}?$filter={where}&$orderby=receivedDateTime")
    assert subjects(page["value"]) == ["Mail 1", "Mail 2"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("receivedDateTime gt 2026-03-01T08:03:00Z", ["Mail 4"]),
        ("receivedDateTime gt 2026-03-01T08:02:59.5Z", ["Mail 3", "Mail 4"]),
        ("receivedDateTime le 2026-03-01T09:00:00%2B01:00", ["Mail 0"]),
        ("receivedDateTime eq 2026-03-01T08:02:00Z", ["Mail 2"]),
        ("receivedDateTime ge 2026-03-02", []),
        ("subject eq 'mail 1' or subject eq 'Mail 3'", ["Mail 1", "Mail 3"]),
        ("not (subject ne 'Mail 1')", ["Mail 1"]),
        ("startswith(subject,'Mail') and contains(subject,'4')", ["Mail 4"]),
        ("startsWith(subject,'mail 3')", ["Mail 3"]),
        ("categories/any(c:c eq 'Clients')", []),
        ("from/emailAddress/address eq 'nobody@else.example'", []),
        ("hasAttachments eq true", []),
        ("isRead eq false and importance eq 'high'", []),
    ],
)
def test_filters(tenant: GraphTenant, where: str, expected: list[str]) -> None:
    tenant.fill(5)
    assert sorted(subjects(tenant.value(f"{LIST}?$filter={where}")["value"])) == expected


def test_a_message_is_found_by_its_message_id_quotes_and_all(tenant: GraphTenant) -> None:
    given = "<it's+one@mail.example>"
    made = tenant.graph.add_message(ADA, {"internetMessageId": given}, START)
    page = tenant.value(f"{LIST}?$filter=internetMessageId eq '<it''s%2Bone@mail.example>'")
    assert [item["id"] for item in page["value"]] == [made["id"]]
    assert page["value"][0]["internetMessageId"] == given


def test_messages_of_one_folder_by_its_id(tenant: GraphTenant) -> None:
    tenant.fill(2)
    tenant.fill(1, folder="Inbox/Clients")
    clients = tenant.value(f"{LIST}?$orderby=receivedDateTime&$top=100")["value"]
    folder = next(
        item["parentFolderId"] for item in clients[1:] if item["parentFolderId"] != clients[-1]["parentFolderId"]
    )
    assert len(tenant.value(f"{LIST}?$filter=parentFolderId eq '{folder}'")["value"]) == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("$filter=receivedDateTime ge 2026-03-01T00:00:00Z&$orderby=subject", "InefficientFilter"),
        ("$filter=isRead eq false and receivedDateTime ge 2026-03-01&$orderby=receivedDateTime", "InefficientFilter"),
        ("$filter=receivedDateTime ge 2026-03-01&$orderby=receivedDateTime,subject", "InefficientFilter"),
        ("$filter=receivedDateTime ge '2026-03-01'", "BadRequest"),
        ("$filter=isRead eq false&$orderby=isRead,receivedDateTime,nosuch", "RequestBroker--ParseUri"),
        ("$filter=importance eq 'urgent'", "BadRequest"),
        ("$filter=flag/flagStatus eq 'waved'", "BadRequest"),
        ("$filter=startswith(importance,'hi')", "BadRequest"),
        ("$filter=subject eq 'a", "BadRequest"),
        ("$filter=(subject eq 'a'", "BadRequest"),
        ("$filter=attachments/$count gt 0", "ErrorInvalidUrlQueryFilter"),
        ("$filter=receivedDateTime ge 2026-03-01T00:00:00", "RequestBroker--ParseUri"),
        ("$filter=receivedDateTime ge 2026-13-01T00:00:00Z", "RequestBroker--ParseUri"),
        ("$filter=receivedDateTime ge", "BadRequest"),
        ("$filter=", "BadRequest"),
        (f"$filter={'(' * 3000}isRead{')' * 3000}", "BadRequest"),
        ("$filter=receivedDateTime ge 0001-01-01T00:00:00%2B14:00", "RequestBroker--ParseUri"),
        ("$skip=99999999999999999999", "BadRequest"),
        ("$filter=subject eq 'a' 'b'", "BadRequest"),
        ("$filter=nosuch eq 1", "BadRequest"),
        ("$select=nosuch", "RequestBroker--ParseUri"),
        ("$orderby=nosuch", "RequestBroker--ParseUri"),
        ("$orderby=subject sideways", "BadRequest"),
        ("$top=0", "BadRequest"),
        ("$top=1001", "BadRequest"),
        ("$top=ten", "BadRequest"),
        ("$skip=-1", "BadRequest"),
        ("$count=maybe", "BadRequest"),
        ("$top=1&$top=2", "BadRequest"),
        ("$filer=subject eq 'a'", "BadRequest"),
        ("$deltatoken=latest", "BadRequest"),
        ("page=2", "BadRequest"),
        ("$expand=nosuch", "BadRequest"),
        ("$expand=attachments($select=nosuch)", "BadRequest"),
        ("$filter=subject in ('Mail 0','Mail 2')", "ErrorInvalidUrlQueryFilter"),
        ("$filter=endswith(subject,'0')", "ErrorInvalidUrlQueryFilter"),
        ("$filter=tolower(subject) eq 'mail'", "ErrorInvalidUrlQueryFilter"),
        ("$filter=toRecipients/any(r:r/emailAddress/address eq 'a@b.example')", "ErrorInvalidUrlQueryFilter"),
        ("$filter=contains(body/content,'a')", "ErrorInvalidUrlQueryFilter"),
        ("$filter=categories/all(c:c eq 'a')", "ErrorInvalidUrlQueryFilter"),
        ("$filter=toRecipients/emailAddress/address eq 'a@b.example'", "BadRequest"),
        ("$filter=sounds(subject,'a')", "BadRequest"),
        ("$orderby=", "BadRequest"),
        ("$search=from:ada", "BadRequest"),
        ('$search="finch"&$filter=isRead eq true', "SearchWithFilter"),
        ('$search="finch"&$orderby=receivedDateTime', "SearchWithOrderBy"),
        ("$skiptoken=abc", "BadRequest"),
    ],
)
def test_what_the_list_refuses(tenant: GraphTenant, options: str, code: str) -> None:
    tenant.fill(1)
    assert tenant.code(f"{LIST}?{options}", 400) == code


def test_only_what_was_selected_comes(tenant: GraphTenant) -> None:
    tenant.fill(1)
    (item,) = tenant.value(f"{LIST}?$select=subject,isRead")["value"]
    assert set(item) == {"@odata.etag", "id", "subject", "isRead"}


def test_headers_and_unique_body_come_only_when_selected(tenant: GraphTenant) -> None:
    headers = [{"name": "Received", "value": "by a"}, {"name": "Received", "value": "by b"}]
    made = tenant.graph.add_message(ADA, {"internetMessageHeaders": headers}, START)
    whole = tenant.value(f"{LIST}/{made['id']}")
    assert "internetMessageHeaders" not in whole
    assert "uniqueBody" not in whole
    chosen = tenant.value(f"{LIST}/{made['id']}?$select=internetMessageHeaders,uniqueBody")
    assert chosen["internetMessageHeaders"] == headers
    assert chosen["uniqueBody"]["contentType"] == "html"


def test_the_body_comes_as_text_when_that_is_preferred(tenant: GraphTenant) -> None:
    body = {"contentType": "html", "content": "<p>Dear Ada,</p><p>a &lt; b</p>"}
    made = tenant.graph.add_message(ADA, {"body": body}, START)
    response = tenant.ask(f"{LIST}/{made['id']}", prefer='IdType="ImmutableId", outlook.body-content-type="text"')
    assert content(response)["body"] == {"contentType": "text", "content": "Dear Ada,\na < b"}
    assert response.headers["Preference-Applied"] == 'IdType=ImmutableId, outlook.body-content-type="text"'
    assert tenant.value(f"{LIST}/{made['id']}")["body"] == body


def test_both_ids_find_a_message_and_a_move_changes_only_one(tenant: GraphTenant) -> None:
    made = tenant.graph.add_message(ADA, {}, START)
    assert tenant.value(f"{LIST}/{made['id']}", prefer=None)["id"] == made["restId"]
    assert tenant.value(f"{LIST}/{made['restId']}")["id"] == made["id"]
    moved = tenant.may_write().made(f"{LIST}/{made['id']}/move", {"destinationId": "archive"})
    assert moved["id"] == made["id"]
    assert tenant.value(f"{LIST}/{made['id']}", prefer=None)["id"] != made["restId"]
    assert tenant.value(f"{LIST}/{made['id']}")["id"] == made["id"]
    assert tenant.code(f"{LIST}/{made['restId']}", 404) == "ErrorItemNotFound"


def test_ids_are_compared_with_their_case(tenant: GraphTenant) -> None:
    (message,) = tenant.fill(1)
    assert tenant.code(f"{LIST}/{message.swapcase()}", 404) == "ErrorItemNotFound"


@pytest.mark.parametrize("name", ["abc", "AAkALgAA", "AAMkAGI=", "ä"])
def test_what_cannot_be_an_id(tenant: GraphTenant, name: str) -> None:
    assert tenant.code(f"{LIST}/{name}", 400) == "ErrorInvalidIdMalformed"


def test_a_message_of_another_mailbox_is_not_found(tenant: GraphTenant) -> None:
    tenant.mailbox("bob@firm.example")
    (message,) = tenant.fill(1)
    assert tenant.code(f"/v1.0/users/bob@firm.example/messages/{message}", 404) == "ErrorItemNotFound"


def test_a_message_is_found_only_in_its_own_folder(tenant: GraphTenant) -> None:
    (message,) = tenant.fill(1)
    base = f"/v1.0/users/{ADA}/mailFolders"
    assert tenant.value(f"{base}/inbox/messages/{message}")["id"] == message
    assert tenant.code(f"{base}/archive/messages/{message}", 404) == "ErrorItemNotFound"


def test_the_list_covers_all_folders_but_recoverable_items(tenant: GraphTenant) -> None:
    for folder in ("inbox", "junkemail", "drafts", "deleteditems", "TeamsMessagesData", "recoverableitemsdeletions"):
        tenant.graph.add_message(ADA, {"subject": folder}, START, folder)
    found = subjects(tenant.value(f"{LIST}?$top=50")["value"])
    assert sorted(found) == ["TeamsMessagesData", "deleteditems", "drafts", "inbox", "junkemail"]
    purged = tenant.value(f"/v1.0/users/{ADA}/mailFolders/recoverableitemsdeletions/messages")["value"]
    assert subjects(purged) == ["recoverableitemsdeletions"]


FOLDER = f"/v1.0/users/{ADA}/mailFolders/inbox/messages"


@pytest.mark.parametrize(("count", "shown"), [("exact", 12), ("unknown", -1), ("stale", 19)])
@pytest.mark.parametrize("url", [LIST, FOLDER])
def test_counts(tenant: GraphTenant, url: str, count: str, shown: int) -> None:
    tenant.fill(12)
    tenant.graph.patch_tenant({"count": count})
    assert tenant.value(f"{url}?$count=true&$top=5")["@odata.count"] == shown
    assert tenant.value(f"{url}?$count=true&$filter=isRead eq false")["@odata.count"] == shown
    assert tenant.ask(f"{url}/$count").body == str(shown).encode()
    assert "@odata.count" not in tenant.value(url)


@pytest.mark.parametrize("pages", ["full", "short", "linkless"])
def test_whatever_the_pages_a_walk_that_closes_finds_every_message(tenant: GraphTenant, pages: str) -> None:
    ids = tenant.fill(400)
    tenant.graph.patch_tenant({"pages": pages})
    found: dict[str, str] = {}
    since = "2026-03-01T00:00:00Z"
    while True:
        new = 0
        where = f"receivedDateTime ge {since} and receivedDateTime lt 2026-03-03T00:00:00Z"
        for page in tenant.pages(f"{LIST}?$filter={where}&$orderby=receivedDateTime&$top=30&$select=receivedDateTime"):
            new += sum(1 for item in page if item["id"] not in found)
            found |= {item["id"]: item["receivedDateTime"] for item in page}
        if not new:
            break
        since = max(found.values())
    assert list(found) == ids


@pytest.mark.parametrize("url", [LIST, FOLDER])
def test_short_pages_are_short_and_empty_with_links_between(tenant: GraphTenant, url: str) -> None:
    ids = tenant.fill(40)
    tenant.graph.patch_tenant({"pages": "short"})
    pages = tenant.pages(f"{url}?$top=20&$orderby=receivedDateTime")
    sizes = [len(page) for page in pages]
    assert 0 in sizes
    assert any(0 < size < 20 for size in sizes)
    assert [item["id"] for page in pages for item in page] == ids


@pytest.mark.parametrize("url", [LIST, FOLDER])
def test_links_are_missing_now_and_then(tenant: GraphTenant, url: str) -> None:
    tenant.fill(100)
    tenant.graph.patch_tenant({"pages": "linkless"})
    rounds = [sum(map(len, tenant.pages(f"{url}?$top=10"))) for _ in range(4)]
    # Every third link that is new is missing, and once it was it is there: whoever asks again gets further.
    assert rounds == [30, 60, 90, 100]


def test_pages_and_links_are_whole_again_after_a_change(tenant: GraphTenant) -> None:
    tenant.fill(40)
    tenant.graph.patch_tenant({"pages": "linkless"})
    assert len(tenant.pages(f"{LIST}?$top=10")) == 3
    tenant.graph.patch_tenant({"pages": "full"})
    assert len(tenant.pages(f"{LIST}?$top=10")) == 4


def test_a_meeting_request_says_its_type(tenant: GraphTenant) -> None:
    meeting = {"@odata.type": "#microsoft.graph.eventMessageRequest", "meetingMessageType": "meetingRequest"}
    tenant.graph.add_message(ADA, {**meeting, "subject": "Review"}, START)
    (item,) = tenant.value(LIST)["value"]
    assert item["@odata.type"] == "#microsoft.graph.eventMessageRequest"
    assert item["meetingMessageType"] == "meetingRequest"
    (short,) = tenant.value(f"{LIST}?$select=subject")["value"]
    assert "meetingMessageType" not in short
    cast = "microsoft.graph.eventMessage/meetingMessageType"
    assert tenant.value(f"{LIST}?$select={cast}")["value"][0]["meetingMessageType"] == "meetingRequest"


def test_mime_is_made_from_what_is_kept(tenant: GraphTenant) -> None:
    made = tenant.graph.add_message(ADA, {"subject": "Grüße", "body": {"contentType": "html", "content": "Hi"}}, START)
    response = tenant.ask(f"{LIST}/{made['id']}/$value")
    assert response.headers["Content-Type"] == "text/plain"
    assert b"Subject: =?utf-8?B?" in response.body
    assert b"Date: Sun, 01 Mar 2026 08:00:00 +0000" in response.body


def test_timestamps_have_whole_seconds(tenant: GraphTenant) -> None:
    made = tenant.graph.add_message(
        ADA, {"sentDateTime": "2026-03-01T07:59:58.25Z"}, START + timedelta(milliseconds=600)
    )
    item = tenant.value(f"{LIST}/{made['id']}")
    assert (item["receivedDateTime"], item["sentDateTime"]) == ("2026-03-01T08:00:00Z", "2026-03-01T07:59:58Z")
