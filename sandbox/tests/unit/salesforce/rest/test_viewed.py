"""FOR VIEW and FOR REFERENCE: what a user saw last."""

from datetime import timedelta

import pytest
from m365sandbox.clock import SandboxClock
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import NOW, Client, admin, integration, new_org

DATES = "LastViewedDate, LastReferencedDate"
FIRST, LATER = "2026-03-10T12:00:00.000+0000", "2026-03-10T13:00:00.000+0000"


@pytest.fixture
def clock() -> SandboxClock:
    clock = SandboxClock()
    clock.set(NOW)
    return clock


@pytest.fixture
def org(clock: SandboxClock) -> SalesforceSandbox:
    return new_org(clock=clock)


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def dates(client: Client, name: str) -> tuple[str | None, str | None]:
    [row] = client.query(f"SELECT {DATES} FROM Account WHERE Name = '{name}'")
    found = (row["LastViewedDate"], row["LastReferencedDate"])
    return found[0] and found[0][:13], found[1] and found[1][:13]


def recent(client: Client) -> list[str]:
    return [item["Name"] for item in client.send("GET", "recent").body]


def test_for_view_dates_the_records_and_lists_them(client: Client) -> None:
    for name in ("Acme", "Bolt", "Core"):
        client.made("Account", Name=name)
    found = client.query("SELECT Name FROM Account WHERE Name < 'C' ORDER BY Name FOR VIEW")
    assert [row["Name"] for row in found] == ["Acme", "Bolt"]
    assert dates(client, "Acme") == (FIRST[:13], FIRST[:13])
    assert dates(client, "Core") == (None, None)
    assert recent(client) == ["Bolt", "Acme"]
    assert [item["Name"] for item in client.send("GET", "sobjects/Account").body["recentItems"]] == ["Bolt", "Acme"]


def test_for_reference_leaves_the_date_of_the_view_alone(client: Client, clock: SandboxClock) -> None:
    client.made("Account", Name="Acme")
    client.query("SELECT Id FROM Account FOR REFERENCE")
    assert dates(client, "Acme") == (None, FIRST[:13])
    client.query("SELECT Id FROM Account FOR VIEW")
    clock.set(NOW + timedelta(hours=1))
    client.query("SELECT Id FROM Account FOR REFERENCE")
    assert dates(client, "Acme") == (FIRST[:13], LATER[:13])
    assert recent(client) == ["Acme"]


def test_the_dates_are_each_users_own(org: SalesforceSandbox, client: Client) -> None:
    client.made("Account", Name="Acme")
    client.query("SELECT Id FROM Account FOR VIEW")
    assert dates(integration(org), "Acme") == (None, None)
    assert recent(integration(org)) == []


def test_to_read_in_another_way_does_not_mark(client: Client) -> None:
    record_id = client.made("Account", Name="Acme")
    client.row("Account", record_id, "Name")
    client.query("SELECT Id FROM Account")
    client.send("GET", "query", q="SELECT Id FROM Account FOR VIEW", columns="true")
    assert (dates(client, "Acme"), recent(client)) == ((None, None), [])


def test_the_rows_themselves_do_not_change(client: Client, clock: SandboxClock) -> None:
    record_id = client.made("Account", Name="Acme")
    clock.set(NOW + timedelta(hours=1))
    client.query("SELECT Id FROM Account FOR VIEW")
    row = client.row("Account", record_id, "SystemModstamp,LastModifiedDate,LastViewedDate")
    assert (row["SystemModstamp"][:13], row["LastModifiedDate"][:13]) == (FIRST[:13], FIRST[:13])
    assert row["LastViewedDate"][:13] == LATER[:13]


def test_the_dates_filter_sort_and_are_reached_from_below(client: Client) -> None:
    account_id = client.made("Account", Name="Acme")
    client.made("Account", Name="Bolt")
    client.made("Contact", LastName="Ash", AccountId=account_id)
    client.query("SELECT Id FROM Account WHERE Name = 'Acme' FOR VIEW")
    assert client.query("SELECT Name FROM Account WHERE LastViewedDate != null") == [{"Name": "Acme"}]
    ordered = client.query("SELECT Name FROM Account ORDER BY LastViewedDate DESC NULLS LAST, Name LIMIT 1")
    assert ordered == [{"Name": "Acme"}]
    [child] = client.query("SELECT Account.LastViewedDate FROM Contact")
    assert child["Account"]["LastViewedDate"][:13] == FIRST[:13]


def test_tasks_are_never_on_the_list(client: Client) -> None:
    client.made("Task", Subject="Call", Status="Completed", Priority="Normal")
    client.query("SELECT Id FROM Task FOR VIEW")
    assert client.send("GET", "recent").body == []


def test_a_refused_query_marks_nothing(client: Client) -> None:
    client.made("Account", Name="Acme")
    assert client.send("GET", "query", q="SELECT Nonsense FROM Account FOR VIEW").status == 400
    assert client.send("GET", "query", q="SELECT Id FROM Account FOR LOOKING").code == "MALFORMED_QUERY"
    assert recent(client) == []
