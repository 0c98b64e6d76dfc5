"""What changed, which rows a user had last, and how many there are: updated, deleted, recent, recordCount."""

from datetime import timedelta

import pytest
from m365sandbox.clock import SandboxClock
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import NOW, Client, admin, integration, new_org, new_user


@pytest.fixture(scope="module")
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def span(start: str, end: str) -> dict[str, str]:
    return {"start": f"2026-03-{start}+00:00", "end": f"2026-03-{end}+00:00"}


def test_changes_are_told_by_the_minute() -> None:
    clock = SandboxClock()
    clock.set(NOW + timedelta(seconds=30))
    client = admin(new_org(clock=clock))
    lead = client.made("Lead", LastName="x", Company="x")
    # Seconds are ignored: 12:00:59 is 12:00, and what happened at 12:00:30 comes after it.
    assert client.send("GET", "sobjects/Lead/updated", **span("10T11:00:00", "10T12:00:59")).body["ids"] == []
    found = client.send("GET", "sobjects/Lead/updated", **span("10T12:00:59", "10T12:01:00")).body
    assert found == {"ids": [lead], "latestDateCovered": "2026-03-10T12:00:00.000+0000"}
    clock.advance(120)
    client.send("DELETE", f"sobjects/Lead/{lead}")
    found = client.send("GET", "sobjects/Lead/deleted", **span("10T12:00:00", "10T12:03:00")).body
    [gone] = found["deletedRecords"]
    assert (gone["id"], gone["deletedDate"][:17]) == (lead, "2026-03-10T12:02:")
    assert found["latestDateCovered"] == "2026-03-10T12:02:00.000+0000"
    assert client.send("GET", "sobjects/Lead/updated", **span("10T12:00:00", "10T12:03:00")).body["ids"] == []
    clock.advance(16 * 86_400)
    again = client.send("GET", "sobjects/Lead/deleted", **span("10T12:00:00", "10T12:03:00")).body
    assert again["deletedRecords"] == []


@pytest.mark.parametrize("resource", ["updated", "deleted"])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "MISSING_ARGUMENT"),
        ({"start": "2026-03-10T11:00:00Z"}, "MISSING_ARGUMENT"),
        (span("10T12:00:00", "10T12:00:30"), "INVALID_REPLICATION_DATE"),
        (span("10T12:00:00", "09T12:00:00"), "INVALID_REPLICATION_DATE"),
        ({"start": "2026-02-01T00:00:00Z", "end": "2026-03-10T12:00:00Z"}, "INVALID_REPLICATION_DATE"),
        ({"start": "yesterday", "end": "2026-03-10T12:00:00Z"}, "INVALID_REPLICATION_DATE"),
        ({"start": "2026-03-10T11:00:00", "end": "2026-03-10T12:00:00"}, "INVALID_REPLICATION_DATE"),
    ],
)
def test_a_wrong_span_is_refused(client: Client, resource: str, query: dict[str, str], code: str) -> None:
    answer = client.send("GET", f"sobjects/Lead/{resource}", **query)
    assert (answer.status, answer.code) == (400, code)


def test_changes_of_others_are_told_to_those_who_see_them(org: SalesforceSandbox, client: Client) -> None:
    _, plain = new_user(org, "Plain")
    email = client.made("Email__c", Subject__c="private", Match_Status__c="Unmatched")
    query = span("10T11:59:00", "10T12:02:00")
    assert email in client.send("GET", "sobjects/Email__c/updated", **query).body["ids"]
    assert plain.send("GET", "sobjects/Email__c/updated", **query).status == 404


def test_recent_rows_are_those_written_with_the_header() -> None:
    org = new_org()
    client = admin(org)
    headers = {"sforce-mru": "updateMru=true"}
    made = client.send("POST", "sobjects/Account", {"Name": "Made"}, headers=headers).body["id"]
    client.made("Account", Name="Written without the header")
    changed = client.made("Contact", LastName="Changed")
    client.send("PATCH", f"sobjects/Contact/{changed}", {"Title": "x"}, headers=headers)
    gone = client.send("POST", "sobjects/Contact", {"LastName": "Gone"}, headers=headers).body["id"]
    client.send("DELETE", f"sobjects/Contact/{gone}")
    client.send("POST", "sobjects/Contact", {"FirstName": "refused"}, headers=headers)
    assert [item["Id"] for item in client.send("GET", "recent").body] == [changed, made]
    assert [item["Id"] for item in client.send("GET", "recent", limit="1").body] == [changed]
    assert client.send("GET", "recent", limit="many").status == 400
    assert [item["Name"] for item in client.send("GET", "sobjects/Account").body["recentItems"]] == ["Made"]
    assert integration(org).send("GET", "recent").body == []


def test_records_are_counted() -> None:
    org = new_org()
    org.seed("Lead", [{"LastName": "x", "Company": "x"}] * 3)
    client = admin(org)
    gone = client.made("Lead", LastName="Gone", Company="x")
    client.send("DELETE", f"sobjects/Lead/{gone}")
    assert client.send("GET", "limits/recordCount", sObjects="Lead,Contact,Nonsense").body == {
        "sObjects": [{"count": 3, "name": "Lead"}]
    }
    every = {item["name"]: item["count"] for item in client.send("GET", "limits/recordCount").body["sObjects"]}
    assert (every["Lead"], every["Organization"]) == (3, 1)
    assert client.send("GET", "limits/recordCount", sObjects="Nonsense").code == "INVALID_TYPE"
