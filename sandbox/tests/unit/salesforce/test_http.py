"""HTTP around the resources: headers that clients send and read, sessions, what is not there."""

import gzip
import json
from urllib.parse import urlencode

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox
from m365sandbox.wire import Request, Response

from tests.support.salesforce_org import (
    BASE_URL,
    CLIENT_ID,
    CLIENT_SECRET,
    ROOT,
    Client,
    admin,
    new_org,
)


@pytest.fixture(scope="module")
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture(scope="module")
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def raw(client: Client, method: str, path: str, headers: dict[str, str], body: bytes = b"", **query: str) -> Response:
    """One request with exactly these headers."""
    return client.org.handle(Request(method, path, path, tuple(query.items()), headers, body, BASE_URL))


# --- verbs, types, sessions


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "sobjects/Contact", "HEAD,GET,POST"),
        ("POST", "sobjects/Contact/003000000000000AAA", "HEAD,GET,PATCH,DELETE"),
        ("POST", "query", "HEAD,GET"),
        ("GET", "composite/tree/Account", "POST"),
        ("PUT", "composite/sobjects", "POST,PATCH,DELETE"),
        ("TRACE", "limits", "HEAD,GET"),
    ],
)
def test_a_verb_that_a_path_has_not_is_named(client: Client, method: str, path: str, allowed: str) -> None:
    answer = client.send(method, path, {})
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert answer.message == f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path",
    [
        "tooling/query",
        "tooling/sobjects",
        "metadata/deployRequest",
        "analytics/reports",
        "chatter/users/me",
        "connect/communities",
        "ui-api/records/001000000000000AAA",
        "actions/standard",
        "process/rules",
        "quickActions",
        "tabs",
        "theme",
        "appMenu/AppSwitcher",
        "compactLayouts",
        "search/layout",
        "search/suggestions",
        "support/knowledgeArticles",
        "event/eventSchema",
        "consent/action",
        "knowledgeManagement/settings",
        "licensing",
        "sobjects/Contact/describe/layouts",
        "sobjects/Contact/describe/compactLayouts",
        "sobjects/Contact/describe/approvalLayouts",
        "sobjects/Contact/listviews",
        "sobjects/Contact/quickActions",
        "sobjects/Contact/defaultValues",
        "sobjects/User/005000000000000AAA/password",
        "sobjects/Nonsense__c",
        "sobjects/Nonsense__c/describe",
        "nonsense",
        "limits/nonsense",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_emulated_does_not_exist(client: Client, method: str, path: str) -> None:
    answer = client.send(method, path, {} if method == "POST" else None)
    refusals = [(404, "NOT_FOUND", "The requested resource does not exist")]
    if path in ("sobjects/Nonsense__c/describe",) and method == "POST":
        refusals = [(405, "METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed. Allowed are HEAD,GET")]
    assert (answer.status, answer.code, answer.message) in refusals


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/csv"])
def test_a_body_of_another_type_is_refused(client: Client, kind: str) -> None:
    answer = client.send("POST", "sobjects/Contact", b"LastName=x", headers={"content-type": f"{kind};charset=UTF-8"})
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert answer.message == f"MediaType of '{kind}' is not supported by this resource"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Unexpected end-of-input at [line:1, column:2]"),
        (b'{"a":\n x}', "Unexpected character ('x' (code 120)): Expecting value at [line:2, column:2]"),
        (b"[]", "Cannot deserialize instance of object from START_ARRAY value"),
        (b'"x"', "Cannot deserialize instance of object from VALUE_STRING value"),
        (b"7", "Cannot deserialize instance of object from VALUE_NUMBER value"),
        (b"", "The HTTP entity body is required, but this request has no entity body."),
    ],
)
def test_a_body_that_is_no_object_says_where_it_breaks(client: Client, body: bytes, message: str) -> None:
    answer = client.send("POST", "sobjects/Contact", body)
    assert (answer.status, answer.code, answer.message) == (400, "JSON_PARSER_ERROR", message)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/json", 200),
        ("application/xml, application/json;q=0.5", 200),
        ("application/*", 200),
        ("", 200),
        ("application/xml", 406),
        ("text/html", 406),
    ],
)
def test_only_json_is_answered(client: Client, accept: str, status: int) -> None:
    answer = client.send("GET", "limits", headers={"accept": accept})
    assert answer.status == status
    if status == 406:
        assert answer.code == "NOT_ACCEPTABLE"


def test_a_row_that_was_not_acceptable_is_not_written(client: Client) -> None:
    headers = {"accept": "application/xml"}
    assert client.send("POST", "sobjects/Contact", {"LastName": "Unwritten"}, headers=headers).status == 406
    assert client.query("SELECT Id FROM Contact WHERE LastName = 'Unwritten'") == []


@pytest.mark.parametrize(
    ("headers", "code", "message"),
    [
        ({}, "INVALID_SESSION_ID", "Session expired or invalid"),
        ({"authorization": "Bearer 00D!nobody"}, "INVALID_SESSION_ID", "Session expired or invalid"),
        ({"authorization": "Bearer "}, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
        ({"authorization": "Basic eDp5"}, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
        ({"authorization": "00D!nobody"}, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"),
    ],
)
def test_without_a_session_nothing_is_answered(
    client: Client, headers: dict[str, str], code: str, message: str
) -> None:
    answer = raw(client, "GET", f"{ROOT}/limits", headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Token"
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == [{"message": message, "errorCode": code}]


def test_oauth_is_another_word_for_bearer(client: Client) -> None:
    assert raw(client, "GET", f"{ROOT}/limits", {"authorization": f"OAuth {client.token}"}).status == 200


def test_a_post_may_stand_for_another_verb(client: Client) -> None:
    record_id = client.made("Contact", LastName="Before")
    answer = client.send("POST", f"sobjects/Contact/{record_id}", {"LastName": "After"}, _HttpMethod="PATCH")
    assert answer.status == 204
    assert client.row("Contact", record_id, "LastName") == {"LastName": "After"}
    assert client.send("GET", f"sobjects/Contact/{record_id}", _HttpMethod="DELETE").status == 200
    assert client.send("POST", f"sobjects/Contact/{record_id}", _HttpMethod="DELETE").status == 204


def test_versions_are_listed_without_a_session(client: Client) -> None:
    answer = raw(client, "GET", "/services/data", {})
    assert isinstance(answer.body, bytes)
    listed = {item["version"]: item["label"] for item in json.loads(answer.body)}
    assert (listed["59.0"], listed["66.0"], listed["68.0"]) == ("Winter '24", "Spring '26", "Winter '27")
    assert list(listed) == [f"{number}.0" for number in range(59, 69)]
    assert raw(client, "POST", "/services/data", {}).status == 405


# --- packing


def test_a_large_answer_is_packed_where_that_is_taken(client: Client) -> None:
    plain = client.send("GET", "sobjects")
    headers = {"authorization": f"Bearer {client.token}", "accept-encoding": "gzip, deflate"}
    packed = raw(client, "GET", f"{ROOT}/sobjects", headers)
    assert isinstance(packed.body, bytes)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body)) == plain.body
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == "Accept-Encoding"
    small = raw(client, "GET", f"{ROOT}/recent", headers)
    assert "Content-Encoding" not in small.headers


# --- what is said not to be here


@pytest.mark.parametrize("header", ["if-match", "if-modified-since", "if-none-match", "if-unmodified-since"])
def test_a_change_that_depends_on_a_version_is_not_made(client: Client, header: str) -> None:
    record_id = client.made("Account", Name="One")
    answer = client.send("PATCH", f"sobjects/Account/{record_id}", {"Name": "Two"}, headers={header: '"x"'})
    assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")
    conditional = {
        "method": "PATCH",
        "url": f"sobjects/Account/{record_id}",
        "referenceId": "one",
        "httpHeaders": {header: '"x"'},
    }
    [sub] = client.composite({**conditional, "body": {"Name": "Two"}})
    assert (sub["httpStatusCode"], sub["body"][0]["errorCode"]) == (501, "NOT_IMPLEMENTED")
    assert client.row("Account", record_id, "Name") == {"Name": "One"}
    assert client.send("GET", f"sobjects/Account/{record_id}", headers={header: '"x"'}).status == 200


def test_a_row_as_json_holds_fifty_megabytes(client: Client) -> None:
    row = {"Title": "plan", "PathOnClient": "plan.pdf", "VersionData": "QUJD" * 12_600_000}
    answer = client.send("POST", "sobjects/ContentVersion", row)
    assert (answer.status, answer.code) == (413, "REQUEST_ENTITY_TOO_LARGE")
    row["VersionData"] = "QUJD" * 1_000_000
    assert client.send("POST", "sobjects/ContentVersion", row).status == 201


@pytest.mark.parametrize("path", ["composite/batch", "composite/graph"])
def test_composite_resources_that_no_client_here_calls(client: Client, path: str) -> None:
    answer = client.send("POST", path, {})
    assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")
    assert set(client.send("GET", "composite").body) == {"sobjects", "tree"}


# --- child records


def test_child_records_count_and_have_cursors() -> None:
    org = new_org()
    accounts = org.seed("Account", [{"Name": f"A{place}"} for place in range(3)])
    org.seed("Contact", [{"LastName": f"{place:03d}", "AccountId": accounts[place % 3]} for place in range(450)])
    org.seed("Contact", [{"LastName": f"{place:03d}", "AccountId": accounts[0]} for place in range(450, 550)])
    client = admin(org)
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account ORDER BY Name"
    page = client.send("GET", "query", q=soql, headers={"sforce-query-options": "batchSize=200"}).body
    assert (page["totalSize"], page["done"], len(page["records"])) == (3, False, 1)
    children = page["records"][0]["Contacts"]
    assert (children["totalSize"], children["done"], len(children["records"])) == (250, False, 200)
    rest = client.send("GET", children["nextRecordsUrl"]).body
    assert (rest["done"], len(rest["records"])) == (True, 50)
    assert rest["records"][-1]["LastName"] == "549"
    second = client.send("GET", page["nextRecordsUrl"]).body
    assert [item["Name"] for item in second["records"]] == ["A1"]
    assert (second["records"][0]["Contacts"]["done"], second["done"]) == (True, False)
    last = client.send("GET", second["nextRecordsUrl"]).body
    assert ([item["Name"] for item in last["records"]], last["done"]) == (["A2"], True)
    whole = client.send("GET", "query", q=soql).body
    assert (whole["done"], [item["Contacts"]["totalSize"] for item in whole["records"]]) == (True, [250, 150, 150])


# --- who is signed in


def test_an_identity_is_refused_in_one_word(org: SalesforceSandbox, client: Client) -> None:
    path = f"/id/{org.org_id}/{org.admin.user_id}"
    known = {"authorization": f"Bearer {client.token}"}
    assert raw(client, "GET", path, known).status == 200
    assert raw(client, "GET", path, {}, oauth_token=client.token).status == 200
    answers = {
        "Bad_OAuth_Token": raw(client, "GET", path, {"authorization": "Bearer nobody"}),
        "Missing_OAuth_Token": raw(client, "GET", path, {}),
        "Wrong_Org": raw(client, "GET", f"/id/00D000000000000AAA/{org.admin.user_id}", known),
        "No_Access": raw(client, "GET", f"/id/{org.org_id}/{org.integration.user_id}", known),
    }
    assert {
        word: (item.status, item.body.decode()) for word, item in answers.items() if isinstance(item.body, bytes)
    } == {word: (403, word) for word in answers}
    nobody = raw(client, "GET", f"/id/{org.org_id}/005000000000000AAA", known)
    assert (nobody.status, nobody.body) == (404, b"Bad_Id")
    assert raw(client, "DELETE", path, known).status == 405
    assert raw(client, "GET", path, known, format="xml").status == 406


def test_userinfo_is_refused_in_one_word(client: Client) -> None:
    answer = raw(client, "GET", "/services/oauth2/userinfo", {"authorization": "Bearer nobody"})
    assert (answer.status, answer.body) == (403, b"Bad_OAuth_Token")


def test_soap_logs_out(org: SalesforceSandbox, client: Client) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    granted = raw(client, "POST", "/services/oauth2/token", {}, urlencode(form).encode())
    assert isinstance(granted.body, bytes)
    token = json.loads(granted.body)["access_token"]
    envelope = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><s:Header>'
        f"<SessionHeader><sessionId>{token}</sessionId></SessionHeader></s:Header><s:Body><logout/></s:Body></s:Envelope>"
    ).encode()
    path = "/services/Soap/u/64.0"
    assert Client(org, token).send("GET", "limits").status == 200
    assert raw(client, "POST", path, {"content-type": "text/xml"}, envelope).status == 200
    assert Client(org, token).send("GET", "limits").status == 401
    again = raw(client, "POST", path, {"content-type": "text/xml"}, envelope)
    assert again.status == 500
    assert isinstance(again.body, bytes)
    assert b"INVALID_SESSION_ID" in again.body


# --- versions and shapes


def test_an_update_by_key_says_that_it_made_nothing(client: Client) -> None:
    path = "sobjects/MS_Graph_User__c/Graph_User_Id__c/version-key"
    assert client.send("PATCH", path, {"Name": "x"}).status == 201
    assert client.send("PATCH", path, {"Name": "z"}).body["created"] is False


def test_describe_names_the_compound_of_a_part(client: Client) -> None:
    described = client.send("GET", "sobjects/Contact/describe").body
    fields = {item["name"]: item["compoundFieldName"] for item in described["fields"]}
    assert (fields["LastName"], fields["MailingCity"], fields["Email"]) == ("Name", "MailingAddress", None)
    account = {item["name"]: item for item in client.send("GET", "sobjects/Account/describe").body["fields"]}
    assert (account["Name"]["compoundFieldName"], account["BillingCity"]["compoundFieldName"]) == (
        None,
        "BillingAddress",
    )


@pytest.mark.parametrize("version", ["v58.0", "v31.0", "v21.0"])
def test_retired_versions_are_gone(client: Client, version: str) -> None:
    answer = client.send("GET", f"/services/data/{version}/limits")
    assert (answer.status, answer.code) == (410, "UNSUPPORTED_API_VERSION")


@pytest.mark.parametrize("version", ["v69.0", "v99.0", "v64.1", "64.0", "latest"])
def test_unknown_versions_do_not_exist(client: Client, version: str) -> None:
    assert client.send("GET", f"/services/data/{version}/limits").code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ("64.0", "INVALID_OPERATION: SOAP API login() is disabled by default in this org."),
        ("65.0", "No operation available for request {urn:partner.soap.sforce.com}login"),
    ],
)
def test_soap_login_is_off(client: Client, version: str, fault: str) -> None:
    envelope = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        b'<login xmlns="urn:partner.soap.sforce.com"><username>a</username><password>b</password></login>'
        b"</s:Body></s:Envelope>"
    )
    answer = raw(client, "POST", f"/services/Soap/u/{version}", {"content-type": "text/xml"}, envelope)
    assert answer.status == 500
    assert isinstance(answer.body, bytes)
    assert f"<faultstring>{fault}" in answer.body.decode()
