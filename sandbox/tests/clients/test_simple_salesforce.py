"""simple-salesforce, which nobody here wrote, on the sandbox: each of its calls, its errors and its ways to sign in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceError,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.login import SalesforceLogin

from tests.support.sandbox_client import SandboxClient


class Elsewhere(HTTPAdapter):
    """Sends what is meant for salesforce.com to the sandbox: the library writes its sign-in hosts itself."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        super().__init__()

    def send(self, request: requests.PreparedRequest, *how: Any, **more: Any) -> requests.Response:
        request.url = urlsplit(str(request.url))._replace(netloc=self._host).geturl()
        return super().send(request, *how, **more)


@pytest.fixture
def org(running: SandboxClient) -> Salesforce:
    """The library with a session id, as the admin."""
    return running.org


@pytest.fixture
def session(running: SandboxClient) -> Iterator[requests.Session]:
    """A session that takes the sandbox for Salesforce."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = running.ready["ca"]
        session.mount("https://", Elsewhere(running.url))
        yield session


def refused(error: SalesforceError) -> tuple[int, str, str]:
    """Status, code and message of a refusal."""
    content: Any = error.content
    return error.status, content[0]["errorCode"], content[0]["message"]


def test_a_row_lives_through_create_get_update_and_delete(org: Salesforce) -> None:
    made = org.Contact.create({"FirstName": "Ada", "LastName": "Byron"})
    assert made == {"id": made["id"], "success": True, "errors": []}
    assert org.Contact.get(made["id"])["Name"] == "Ada Byron"
    assert org.Contact.update(made["id"], {"LastName": "Lovelace"}) == 204
    assert org.Contact.get(made["id"])["LastName"] == "Lovelace"
    assert org.Contact.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound) as gone:
        org.Contact.get(made["id"])
    assert gone.value.status == 404


def test_rows_are_upserted_and_read_by_an_external_id(org: Salesforce) -> None:
    key = "a key/with a slash"
    path = f"Graph_User_Id__c/{quote(key, safe='')}"
    first = org.MS_Graph_User__c.upsert(path, {"Name": "One"}, raw_response=True)
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert org.MS_Graph_User__c.upsert(path, {"Name": "Two"}) == 200
    # The library writes a space as `+`, which in a path is no space: it finds keys without spaces only.
    org.MS_Graph_User__c.create({"Name": "Three", "Graph_User_Id__c": "plain-key"})
    assert org.MS_Graph_User__c.get_by_custom_id("Graph_User_Id__c", "plain-key")["Name"] == "Three"
    with pytest.raises(SalesforceResourceNotFound):
        org.MS_Graph_User__c.get_by_custom_id("Graph_User_Id__c", key)
    assert org.query("SELECT Name FROM MS_Graph_User__c ORDER BY Name")["totalSize"] == 2


def test_queries_go_through_all_pages(org: Salesforce) -> None:
    rows = [{"attributes": {"type": "Lead"}, "LastName": f"L{place:04d}", "Company": "x"} for place in range(450)]
    for start in range(0, 450, 200):
        body = {"records": rows[start : start + 200]}
        results = org.restful("composite/sobjects", method="POST", json=body)
        assert all(item["success"] for item in results or [])
    soql = "SELECT Id, LastName FROM Lead ORDER BY LastName"
    headers = {"Sforce-Query-Options": "batchSize=200"}
    first = org.query(soql, headers=headers)
    assert (first["totalSize"], first["done"], len(first["records"])) == (450, False, 200)
    by_url = org.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    by_id = org.query_more(first["nextRecordsUrl"].rpartition("/")[2])
    assert by_url["records"] == by_id["records"]
    names = [f"L{place:04d}" for place in range(450)]
    assert [item["LastName"] for item in org.query_all(soql, headers=headers)["records"]] == names
    assert [item["LastName"] for item in org.query_all_iter(soql, headers=headers)] == names


def test_deleted_rows_are_asked_for(org: Salesforce) -> None:
    kept = org.Lead.create({"LastName": "Kept", "Company": "x"})["id"]
    gone = org.Lead.create({"LastName": "Gone", "Company": "x"})["id"]
    org.Lead.delete(gone)
    soql = "SELECT Id FROM Lead ORDER BY LastName"
    assert [item["Id"] for item in org.query(soql)["records"]] == [kept]
    assert [item["Id"] for item in org.query(soql, include_deleted=True)["records"]] == [gone, kept]
    assert [item["Id"] for item in org.query_all(soql, include_deleted=True)["records"]] == [gone, kept]
    start, end = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(minutes=2)
    assert [item["id"] for item in org.Lead.deleted(start, end)["deletedRecords"]] == [gone]
    assert org.Lead.updated(start, end)["ids"] == [kept]


def test_the_org_describes_itself(org: Salesforce, running: SandboxClient) -> None:
    described = org.describe()
    assert described is not None
    assert "Email__c" in {item["name"] for item in described["sobjects"]}
    assert org.Contact.describe()["name"] == "Contact"
    assert org.Contact.metadata()["objectDescribe"]["keyPrefix"] == "003"
    assert org.limits()["DailyApiRequests"]["Max"] == 100_000
    assert set(org.restful("limits") or {}) == set(org.limits())
    assert org.is_sandbox() is True
    assert org.api_usage["api-usage"].total == 100_000
    info = org.oauth2("userinfo")
    assert info is not None
    assert info["preferred_username"] == running.ready["salesforce"]["admin"]["username"]


def test_composite_goes_through_restful(org: Salesforce) -> None:
    root = "/services/data/v64.0"
    requests_ = [
        {"method": "POST", "url": f"{root}/sobjects/Account", "referenceId": "made", "body": {"Name": "Composed"}},
        {"method": "GET", "url": f"{root}/sobjects/Account/@{{made.id}}?fields=Name", "referenceId": "read"},
    ]
    answer = org.restful("composite", method="POST", json={"allOrNone": True, "compositeRequest": requests_})
    assert answer is not None
    assert [item["httpStatusCode"] for item in answer["compositeResponse"]] == [201, 200]
    assert answer["compositeResponse"][1]["body"]["Name"] == "Composed"


def test_searches_find_words(org: Salesforce) -> None:
    made = org.Contact.create({"FirstName": "Quentin", "LastName": "Searchable"})["id"]
    assert [item["Id"] for item in org.quick_search("Searchable")["searchRecords"]] == [made]
    found = org.search("FIND {quentin} IN NAME FIELDS RETURNING Contact(LastName)")
    assert [item["LastName"] for item in found["searchRecords"]] == ["Searchable"]
    with pytest.raises(SalesforceMalformedRequest) as wrong:
        org.search("Searchable")
    assert refused(wrong.value)[:2] == (400, "MALFORMED_SEARCH")


def test_a_malformed_request_is_told(org: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as soql:
        org.query("SELECT FROM Contact")
    assert refused(soql.value)[:2] == (400, "MALFORMED_QUERY")
    with pytest.raises(SalesforceMalformedRequest) as row:
        org.Contact.create({"FirstName": "Nameless"})
    assert refused(row.value) == (400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]")
    with pytest.raises(SalesforceMalformedRequest) as field:
        org.Contact.create({"LastName": "x", "Nonsense__c": 1})
    assert refused(field.value)[1] == "INVALID_FIELD"


def test_what_is_not_there_is_told(org: Salesforce) -> None:
    not_found = (404, "NOT_FOUND", "The requested resource does not exist")
    with pytest.raises(SalesforceResourceNotFound) as sobject:
        org.Nonsense__c.describe()
    assert refused(sobject.value) == not_found
    with pytest.raises(SalesforceResourceNotFound) as layout:
        org.Contact.describe_layout("012000000000000AAA")
    assert refused(layout.value) == not_found
    with pytest.raises(SalesforceResourceNotFound) as tooling:
        org.toolingexecute("query/?q=SELECT+Id+FROM+ApexClass")
    assert refused(tooling.value) == not_found
    with pytest.raises(SalesforceResourceNotFound):
        org.set_password(org.query("SELECT Id FROM User LIMIT 1")["records"][0]["Id"], "secret")


def test_a_key_with_two_rows_is_more_than_one_record(org: Salesforce) -> None:
    mails = [org.Email__c.create({"Internet_Message_Id__c": "same"})["id"] for _ in range(2)]
    with pytest.raises(SalesforceMoreThanOneRecord) as several:
        org.Email__c.get_by_custom_id("Internet_Message_Id__c", "same")
    content: Any = several.value.content
    assert sorted(content) == [f"/services/data/v64.0/sobjects/Email__c/{item}" for item in mails]


def test_an_expired_session_is_told(running: SandboxClient) -> None:
    stale = Salesforce(instance_url=running.url, session_id="00D!stale", session=running.org.session, version="64.0")
    with pytest.raises(SalesforceExpiredSession) as expired:
        stale.query("SELECT Id FROM Contact")
    assert refused(expired.value) == (401, "INVALID_SESSION_ID", "Session expired or invalid")


def test_a_used_up_day_is_a_refusal(running: SandboxClient) -> None:
    running.control("PATCH", "org", json={"dailyApiRequests": 10, "dailyApiUsed": 10})
    with pytest.raises(SalesforceRefusedRequest) as used_up:
        running.org.query("SELECT Id FROM Contact")
    assert refused(used_up.value) == (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def test_verbs_that_a_path_has_not_are_general_errors(org: Salesforce) -> None:
    with pytest.raises(SalesforceGeneralError) as verb:
        org.restful("limits", method="DELETE")
    assert refused(verb.value)[:2] == (405, "METHOD_NOT_ALLOWED")


def test_a_signed_assertion_signs_in(running: SandboxClient, session: requests.Session) -> None:
    org = running.ready["salesforce"]
    key = Path(org["private_key"]).read_text(encoding="utf-8")
    username = org["integration"]["username"]
    signed_in = Salesforce(username=username, consumer_key=org["client_id"], privatekey=key, session=session)
    assert signed_in.query("SELECT Id FROM Organization")["totalSize"] == 1
    with (
        pytest.warns(UserWarning, match="authorize"),
        pytest.raises(SalesforceAuthenticationFailed, match="user hasn't approved this consumer"),
    ):
        SalesforceLogin(username="nobody@firm.example", consumer_key=org["client_id"], privatekey=key, session=session)


def test_client_credentials_sign_in(running: SandboxClient, session: requests.Session) -> None:
    org = running.ready["salesforce"]
    how = {"consumer_key": org["client_id"], "domain": "firm.my", "session": session}
    signed_in = Salesforce(consumer_secret=org["client_secret"], **how)
    [user] = signed_in.query(f"SELECT Id FROM User WHERE Username = '{org['integration']['username']}'")["records"]
    info = signed_in.oauth2("userinfo")
    assert info is not None
    assert info["user_id"] == user["Id"]
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        SalesforceLogin(consumer_secret="wrong", **how)


def test_a_session_that_ended_is_renewed(running: SandboxClient, session: requests.Session) -> None:
    org = running.ready["salesforce"]
    how = {"consumer_key": org["client_id"], "consumer_secret": org["client_secret"], "domain": "firm.my"}
    signed_in = Salesforce(session=session, **how)
    first = signed_in.session_id
    assert session.post(f"{running.url}/services/oauth2/revoke", {"token": first}, timeout=10).status_code == 200
    assert signed_in.query("SELECT Id FROM Organization")["totalSize"] == 1
    assert signed_in.session_id != first


def test_passwords_are_refused(running: SandboxClient, session: requests.Session) -> None:
    org = running.ready["salesforce"]
    who = {"username": org["integration"]["username"], "password": "x", "session": session}
    with pytest.raises(SalesforceAuthenticationFailed, match="login\\(\\) is disabled by default in this org") as soap:
        SalesforceLogin(security_token="y", **who)
    assert soap.value.code == "INVALID_OPERATION"
    with pytest.raises(SalesforceAuthenticationFailed, match="authentication failure") as oauth:
        SalesforceLogin(consumer_key=org["client_id"], consumer_secret=org["client_secret"], **who)
    assert oauth.value.code == "invalid_grant"
