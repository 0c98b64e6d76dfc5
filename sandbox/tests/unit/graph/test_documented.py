"""Requests as Graph's documentation writes them, or as people met their refusals, and what must come of each."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from testkit.graph_tenant import ADA, START, GraphTenant, content

ROOT = f"/v1.0/users/{ADA}"
LIST = f"{ROOT}/messages"
EVENTUAL = {"consistencylevel": "eventual"}
MIME = b64encode(b"From: ada@firm.example\r\nTo: tom@client.example\r\nSubject: Written elsewhere\r\n\r\nThe answer.")


@pytest.fixture(scope="module")
def tenant() -> GraphTenant:
    made = GraphTenant().may_write()
    made.mailbox(displayName="Ada Finch", proxyAddresses=[f"SMTP:{ADA}"])
    person = {"emailAddress": {"name": "Dan Jump", "address": "danj@client.example"}}
    made.graph.add_message(ADA, {"subject": "welcome", "from": person, "importance": "high", "isRead": True}, START)
    made.graph.add_message(ADA, {"subject": "let's meet for lunch?", "categories": ["Red"]}, START)
    return made


def asked(**options: str) -> str:
    return f"{LIST}?" + "&".join(f"${name}={quote(value)}" for name, value in options.items())


def subjects(tenant: GraphTenant, url: str) -> set[str]:
    return {item["subject"] for item in tenant.value(url)["value"]}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        # "Use the $filter query parameter" and "Use query parameters", in the very case that they write.
        ("ReceivedDateTime ge 2017-04-01 and receivedDateTime lt 2037-05-01", {"welcome", "let's meet for lunch?"}),
        ("subject eq 'let''s meet for lunch?'", {"let's meet for lunch?"}),
        ("(from/emailAddress/address) eq 'danj@client.example'", {"welcome"}),
        ("From/EmailAddress/Address eq 'danj@client.example'", {"welcome"}),
        ("NOT(categories/any(c:c eq 'Red'))", {"welcome"}),
        ("NOT categories/any(c:c eq 'Red') AND isRead EQ true", {"welcome"}),
        ("categories/any()", {"let's meet for lunch?"}),
        ("isRead", {"welcome"}),
        ("subject eq 'welcome' and isRead", {"welcome"}),
        ("importance eq 'High'", {"welcome"}),
        ("importance eq microsoft.graph.importance'high'", {"welcome"}),
    ],
)
def test_filters_as_they_are_written(tenant: GraphTenant, where: str, expected: set[str]) -> None:
    assert subjects(tenant, asked(filter=where)) == expected


def test_the_sample_of_filter_with_order(tenant: GraphTenant) -> None:
    where = "Subject eq 'welcome' and importance eq 'high'"
    assert subjects(tenant, asked(filter=where, orderby="subject,importance,receivedDateTime desc")) == {"welcome"}
    # What is compared otherwise than with eq keeps the rule.
    other = asked(filter="subject ge 'a' and importance eq 'high'", orderby="subject,importance,receivedDateTime desc")
    assert tenant.code(other, 400) == "InefficientFilter"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("subject eq", "Expression expected at position 10"),
        ("iswhatever 12", "Syntax error at position 13"),
        ("subject eq 'a' b", "Syntax error at position 16"),
        ("(subject eq 'a'", "')' or operator expected at position 15"),
        ("contains(subject 'a')", "')' or ',' expected at position 17"),
        ("subject eq 'a", "unterminated string literal at position 13"),
        ('subject eq "a"', "character '\"' is not valid at position 11"),
        ("importance eq 'urgent'", "The string 'urgent' is not a valid enumeration type constant."),
    ],
)
def test_the_parser_says_where_it_stopped(tenant: GraphTenant, where: str, said: str) -> None:
    refused = tenant.ask(f"{ROOT}/mailFolders?$filter={quote(where)}" if "iswhatever" in where else asked(filter=where))
    assert refused.status == 400
    error = content(refused)["error"]
    assert error["code"] == "BadRequest"
    assert said in error["message"] or "iswhatever" in where


def test_members_are_selected_in_any_case(tenant: GraphTenant) -> None:
    for item in tenant.value(asked(select="Subject,ISREAD"))["value"]:
        assert set(item) == {"@odata.etag", "id", "subject", "isRead"}
    (inbox,) = tenant.value(f"{ROOT}/mailFolders?$filter=DisplayName eq 'inbox'&$select=DisplayName")["value"]
    assert set(inbox) == {"id", "displayName"}
    (ada,) = tenant.value("/v1.0/users?$select=DisplayName&$filter=DisplayName eq 'Ada Finch'")["value"]
    assert ada == {"displayName": "Ada Finch"}


def test_json_is_the_only_format(tenant: GraphTenant) -> None:
    assert tenant.value("/v1.0/users?$format=json")["value"]
    assert subjects(tenant, asked(format="application/json")) == {"welcome", "let's meet for lunch?"}
    for path in ("/v1.0/users", LIST, f"{ROOT}/mailFolders"):
        assert tenant.ask(f"{path}?$format=atom").status == 415


@pytest.mark.parametrize(
    "where",
    [
        "companyName ne null and NOT(companyName eq 'Microsoft')",
        "companyName in (null, 'Microsoft')",
        "not(userType in ('Guest'))",
        "NOT(imAddresses/any(i:i eq 'admin@contoso.com'))",
        "not(proxyAddresses/$count eq 0)",
        "proxyAddresses/$count eq 1",
    ],
)
def test_filters_of_users_as_they_are_written(tenant: GraphTenant, where: str) -> None:
    found = tenant.value(f"/v1.0/users?$filter={quote(where)}&$count=true", headers=EVENTUAL)["value"]
    assert len(found) == (0 if where.startswith("companyName ne") else 1)


def test_counting_a_collection_is_an_advanced_query(tenant: GraphTenant) -> None:
    assert tenant.code("/v1.0/users?$filter=proxyAddresses/$count eq 1", 400) == "Request_UnsupportedQuery"
    licences = "/v1.0/users?$filter=assignedLicenses/$count eq 0&$count=true"
    assert tenant.code(licences, 501, headers=EVENTUAL) == "NotImplemented"


def test_the_directory_skips_nothing(tenant: GraphTenant) -> None:
    refused = tenant.ask("/v1.0/users?$skip=10")
    assert content(refused)["error"] | {"innerError": None} == {
        "code": "Request_BadRequest",
        "message": "'$skip' is not supported by the service.",
        "innerError": None,
    }


def test_an_unknown_member_is_named_as_outlook_names_it(tenant: GraphTenant) -> None:
    for options in ("$select=isJunk", "$select=meetingMessageType", "$orderby=isJunk"):
        assert tenant.code(f"{LIST}?{options}", 400) == "RequestBroker--ParseUri"
    refused = content(tenant.ask(f"{LIST}?$select=isJunk"))["error"]["message"]
    assert refused == "Could not find a property named 'isJunk' on type 'microsoft.graph.message'."


def test_a_path_that_breaks_off_below_a_message(tenant: GraphTenant) -> None:
    (one, _) = tenant.value(LIST)["value"]
    for path in (f"{LIST}/{one['id']}/AAMk", f"{LIST}/{one['id'][:20]}/{one['id'][20:]}"):
        assert tenant.code(path, 400) == "RequestBroker--ParseUri"
    assert tenant.code(f"{ROOT}/mails", 400) == "BadRequest"
    # What Graph has and this sandbox has not is not said to be missing.
    for path in (f"{LIST}/{one['id']}/subject", f"{ROOT}/displayName", "/v1.0/$metadata"):
        assert tenant.code(path, 501) == "NotImplemented"
    assert tenant.code(f"{LIST}/{one['id']}/microsoft.graph.eventMessage/event", 501) == "NotImplemented"


def test_an_attachment_is_named_by_an_id_of_its_form(tenant: GraphTenant) -> None:
    file = {"name": "a.txt", "contentBytes": "aGk="}
    made = tenant.graph.add_message(ADA, {"subject": "files", "attachments": [file]}, START, "Inbox/Files")
    attached = f"{LIST}/{made['id']}/attachments"
    (one,) = tenant.value(attached)["value"]
    other = f"{one['id'][:-6]}{one['id'][-6:].swapcase()}"
    assert tenant.code(f"{attached}/abc", 400) == "ErrorInvalidIdMalformed"
    assert tenant.code(f"{attached}/{other}", 404) == "ErrorItemNotFound"


@pytest.mark.parametrize("kind", ["text/html", "application/xml", "application/x-www-form-urlencoded", None])
def test_a_body_must_be_said_to_be_json(tenant: GraphTenant, kind: str | None) -> None:
    headers = {"content-type": kind or ""}
    for path in (LIST, f"{ROOT}/mailFolders", f"{ROOT}/sendMail", f"{ROOT}/translateExchangeIds"):
        refused = tenant.ask(path, "POST", body={"displayName": "Q"}, headers=headers)
        assert refused.status == 400
        assert content(refused)["error"]["message"].startswith("Unable to read JSON request payload.")


@pytest.mark.parametrize(
    ("name", "value"),
    [("receivedDateTime", "yesterday"), ("hasAttachments", "yes"), ("isDraft", 1), ("id", 5), ("bodyPreview", {})],
)
def test_what_a_client_cannot_set_must_have_its_type_all_the_same(tenant: GraphTenant, name: str, value: Any) -> None:
    assert tenant.code(LIST, 400, method="POST", body={"subject": "a", name: value}) == "UnableToDeserializePostBody"


def test_headers_of_ones_own_begin_with_x(tenant: GraphTenant) -> None:
    for name in ("In-Reply-To", "References", "List-Unsubscribe"):
        refused = tenant.ask(LIST, "POST", body={"internetMessageHeaders": [{"name": name, "value": "a"}]})
        assert (refused.status, content(refused)["error"]["code"]) == (400, "InvalidInternetMessageHeader")
        assert f"'{name}' should start with 'x-' or 'X-'." in content(refused)["error"]["message"]
    own = [{"name": f"X-{number}", "value": "a"} for number in range(6)]
    many = tenant.code(LIST, 400, method="POST", body={"internetMessageHeaders": own})
    assert many == "InvalidInternetMessageHeaderCollection"
    made = tenant.made(LIST, {"subject": "x", "internetMessageHeaders": own[:5]})
    tenant.done(f"{LIST}/{made['id']}/permanentDelete", "POST", 204)


def test_extended_properties_are_said_not_to_be_here(tenant: GraphTenant) -> None:
    body = {"subject": "a", "singleValueExtendedProperties": [{"id": "String 0x1042", "value": "<a@b>"}]}
    assert tenant.code(LIST, 501, method="POST", body=body) == "NotImplemented"


@pytest.mark.parametrize("action", ["createReply", "createReplyAll", "createForward"])
def test_an_answer_may_be_written_in_mime(tenant: GraphTenant, action: str) -> None:
    (one, *_) = tenant.value(asked(filter="subject eq 'welcome'"))["value"]
    url = f"{LIST}/{one['id']}/{action}"
    draft = content(tenant.ask(url, "POST", raw=MIME, headers={"content-type": "text/plain"}))
    assert (draft["subject"], draft["isDraft"], draft["conversationId"]) == (
        "Written elsewhere",
        True,
        one["conversationId"],
    )
    assert draft["toRecipients"] == [{"emailAddress": {"name": "tom@client.example", "address": "tom@client.example"}}]
    tenant.done(f"{LIST}/{draft['id']}/permanentDelete", "POST", 204)
    wrong = tenant.code(url, 400, method="POST", raw=b"not base64!", headers={"content-type": "text/plain"})
    assert wrong == "ErrorMimeContentInvalidBase64String"


def test_only_the_mailbox_takes_new_mime_and_not_a_folder(tenant: GraphTenant) -> None:
    mime = {"raw": MIME, "headers": {"content-type": "text/plain"}}
    refused = tenant.code(f"{ROOT}/mailFolders/inbox/messages", 400, method="POST", **mime)
    assert refused == "UnableToDeserializePostBody"
    made = content(tenant.ask(LIST, "POST", **mime))
    tenant.done(f"{LIST}/{made['id']}/permanentDelete", "POST", 204)


def test_a_batch_is_sequential_or_parallel(tenant: GraphTenant) -> None:
    def said(*items: tuple[str, list[str] | None]) -> str:
        requests = [{"id": name, "method": "GET", "url": "/users?$top=1", "dependsOn": needs} for name, needs in items]
        answer = content(tenant.ask("/v1.0/$batch", "POST", body={"requests": requests}))
        return answer["error"]["message"] if "error" in answer else "fine"

    assert said(("1", None), ("2", [])) == "fine"
    assert said(("1", None), ("2", ["1"])) == "fine"
    assert said(("1", []), ("3", []), ("2", ["1", "3"])) == "Batch should be either fully sequential or fully parallel."
    assert said(("1", ["2"]), ("2", None)).startswith("Invalid dependency for request Id")
    assert said(("1", ["1"])).startswith("Invalid dependency for request Id")


def test_the_messages_of_a_folder_are_expanded() -> None:
    tenant = GraphTenant()
    tenant.mailbox()
    tenant.fill(12)
    inbox = tenant.value(f"{ROOT}/mailFolders/inbox?$select=displayName&$expand=messages")
    assert [item["subject"] for item in inbox["messages"]] == [f"Mail {number}" for number in range(11, 1, -1)]
    rest = tenant.value(inbox["messages@odata.nextLink"])["value"]
    assert [item["subject"] for item in rest] == ["Mail 1", "Mail 0"]
    folders = tenant.value(f"{ROOT}/mailFolders?$expand=childFolders,messages&$top=50")["value"]
    assert {len(folder["messages"]) for folder in folders} == {0, 10}
    assert all("childFolders" in folder for folder in folders)
    assert tenant.code(f"{ROOT}/mailFolders?$expand=messages($top=1)", 501) == "NotImplemented"
    assert tenant.code(f"{ROOT}/mailFolders?$expand=nosuch", 400) == "BadRequest"


def test_outlook_and_the_directory_refuse_a_method_each_in_its_own_words(tenant: GraphTenant) -> None:
    (one, *_) = tenant.value(LIST)["value"]
    for method, path in [
        ("PATCH", LIST),
        ("GET", f"{LIST}/{one['id']}/move"),
        ("GET", f"{ROOT}/sendMail"),
        ("DELETE", f"{ROOT}/mailboxSettings"),
        ("PUT", f"{ROOT}/mailFolders/inbox"),
    ]:
        refused = tenant.ask(path, method)
        assert (refused.status, content(refused)["error"]["code"]) == (405, "ErrorInvalidRequest")
        assert content(refused)["error"]["message"] == "The OData request is not supported."
    # "Combine multiple requests", the fourth answer of the sample.
    assert tenant.code("/v1.0/users", 405, method="PUT") == "Request_BadRequest"
    assert tenant.code("/v1.0/$batch", 405) == "Request_BadRequest"
