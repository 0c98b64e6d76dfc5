"""The org as a whole: queries and cursors, limits, storage, describe, rules, seeding, reset."""

import pytest
from m365sandbox.clock import SandboxClock
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import NOW, ROOT, Client, admin, code_of, integration, new_org, new_user


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


@pytest.mark.parametrize(
    "asked",
    [
        {"q": "SELECT Id FROM Account", "columns": "many"},
        {"explain": "SELECT Id FROM Account"},
        {"q": "SELECT Id FROM Account", "explain": "x"},
    ],
)
def test_what_answers_no_records_is_refused(org: SalesforceSandbox, asked: dict[str, str]) -> None:
    for resource in ("query", "queryAll"):
        answer = admin(org).send("GET", resource, **asked)
        assert (answer.status, answer.code) == (400, "INVALID_REQUEST")
    assert admin(org).send("GET", "query", q="SELECT Id FROM Account", columns="false").status == 200


def test_a_long_result_comes_in_pages(org: SalesforceSandbox) -> None:
    org.seed("Contact", [{"LastName": f"C{n:04d}"} for n in range(4500)])
    client = admin(org)
    page = client.send("GET", "query", q="SELECT LastName FROM Contact ORDER BY LastName").body
    assert (page["totalSize"], page["done"], len(page["records"])) == (4500, False, 2000)
    names = [item["LastName"] for item in page["records"]]
    while not page["done"]:
        page = client.send("GET", page["nextRecordsUrl"]).body
        names += [item["LastName"] for item in page["records"]]
    assert names == [f"C{n:04d}" for n in range(4500)]
    assert "nextRecordsUrl" not in page


@pytest.mark.parametrize(("option", "size"), [("batchSize=250", 250), ("batchSize=1", 200), ("batchSize=9999", 2000)])
def test_the_page_size_is_asked_for_within_bounds(org: SalesforceSandbox, option: str, size: int) -> None:
    org.seed("Contact", [{"LastName": "x"}] * 2100)
    answer = admin(org).send("GET", "query", q="SELECT Id FROM Contact", headers={"sforce-query-options": option})
    assert len(answer.body["records"]) == size


def test_a_cursor_is_its_users_and_ends() -> None:
    clock = SandboxClock()
    clock.set(NOW)
    org = new_org(clock=clock)
    org.seed("Contact", [{"LastName": "x"}] * 2001)
    link = admin(org).send("GET", "query", q="SELECT Id FROM Contact").body["nextRecordsUrl"]
    assert admin(org).send("GET", link).status == 200
    assert integration(org).send("GET", link).code == "INVALID_QUERY_LOCATOR"
    assert admin(org).send("GET", f"{ROOT}/query/nonsense").code == "INVALID_QUERY_LOCATOR"
    clock.advance(3 * 86_400)
    assert admin(org).send("GET", link).code == "INVALID_QUERY_LOCATOR"


def test_query_all_brings_the_recycle_bin(client: Client) -> None:
    gone = client.made("Email__c", Subject__c="gone")
    client.send("DELETE", f"sobjects/Email__c/{gone}")
    soql = "SELECT Id, IsDeleted FROM Email__c"
    assert client.query(soql) == []
    found = client.send("GET", "queryAll", q=soql).body["records"]
    assert [(item["Id"], item["IsDeleted"]) for item in found] == [(gone, True)]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nonsense FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Nonsense", "INVALID_TYPE"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
    ],
)
def test_wrong_queries_are_refused(client: Client, soql: str, code: str) -> None:
    answer = client.send("GET", "query", q=soql)
    assert (answer.status, answer.code) == (400, code)


def test_a_query_without_soql_is_refused(client: Client) -> None:
    assert client.send("GET", "query").code == "MALFORMED_QUERY"


def test_every_answer_tells_the_usage(client: Client) -> None:
    assert client.send("GET", "limits").headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert client.send("GET", "nonsense").headers["Sforce-Limit-Info"] == "api-usage=2/100000"
    assert client.send("GET", "limits").body["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_997}


def test_the_daily_limit_is_a_refusal(client: Client, org: SalesforceSandbox) -> None:
    org.patch_org({"dailyApiRequests": 20, "dailyApiUsed": 19})
    assert client.send("GET", "limits").status == 200
    answer = client.send("GET", "limits")
    assert (answer.status, answer.code) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert answer.message == "TotalRequests Limit exceeded."
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=20/20"


def test_full_storage_refuses_new_rows_only(client: Client, org: SalesforceSandbox) -> None:
    email = client.made("Email__c", Subject__c="x")
    org.patch_org({"dataStorageMB": 10, "dataStorageUsedMB": 10})
    assert client.create("Email__c", Subject__c="x").code == "STORAGE_LIMIT_EXCEEDED"
    assert code_of(client.collection("POST", "Email__c", [{}])) == "STORAGE_LIMIT_EXCEEDED"
    assert client.change("Email__c", email, Subject__c="y").status == 204
    assert client.send("GET", "limits").body["DataStorageMB"] == {"Max": 10, "Remaining": 0}


def test_rows_take_two_kilobytes_each(client: Client, org: SalesforceSandbox) -> None:
    org.patch_org({"dataStorageMB": 1, "dataStorageUsedMB": 0})
    client.collection("POST", "Email__c", [{}] * 200)
    assert org.org_state()["dataStorageUsedMB"] == pytest.approx(200 * 2 / 1024)
    client.collection("POST", "Email__c", [{}] * 199 + [{"Subject__c": "x" * 300}], all_or_none=True)
    assert org.org_state()["dataStorageUsedMB"] == pytest.approx(200 * 2 / 1024)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonsense": 1},
        {"timeZone": "Mars/Phobos"},
        {"timeZone": 5},
        {"dailyApiRequests": -1},
        {"dailyApiUsed": "many"},
        {"sharedActivities": "yes"},
        {"dailyApiRequests": 5, "nonsense": 1},
    ],
)
def test_the_org_takes_known_changes_only(org: SalesforceSandbox, changes: dict[str, object]) -> None:
    before = org.org_state()
    with pytest.raises(ValueError, match=list(changes)[-1]):
        org.patch_org(changes)
    assert org.org_state() == before


def test_the_time_zone_is_the_organizations(client: Client, org: SalesforceSandbox) -> None:
    assert client.query("SELECT TimeZoneSidKey FROM Organization") == [{"TimeZoneSidKey": "GMT"}]
    org.patch_org({"timeZone": "America/New_York"})
    assert client.query("SELECT TimeZoneSidKey FROM Organization") == [{"TimeZoneSidKey": "America/New_York"}]


def test_describe_tells_what_fields_are(client: Client) -> None:
    described = client.send("GET", "sobjects/email__c/describe").body
    assert (described["name"], described["custom"], described["queryable"]) == ("Email__c", True, True)
    fields = {item["name"]: item for item in described["fields"]}
    key = fields["Message_Key__c"]
    assert (key["type"], key["length"], key["externalId"], key["unique"]) == ("string", 32, True, True)
    body = fields["Body__c"]
    assert (body["type"], body["length"], body["htmlFormatted"], body["filterable"]) == (
        "textarea",
        131_072,
        True,
        False,
    )
    values = [item["value"] for item in fields["Direction__c"]["picklistValues"]]
    assert values == ["Inbound", "Outbound"]
    assert fields["Mailbox__c"]["referenceTo"] == ["MS_Graph_User__c"]
    assert fields["Mailbox__c"]["relationshipName"] == "Mailbox__r"
    children = {item["childSObject"]: item["relationshipName"] for item in described["childRelationships"]}
    assert children["Task"] == "Mail_Tasks__r"
    assert "Email_Participant__c" in children


def test_a_rule_refuses_the_rows_that_meet_it(client: Client, org: SalesforceSandbox) -> None:
    rule = org.add_rule("Email__c", "Subject__c LIKE 'secret%'", "No secrets", "Subject__c")
    assert rule
    rows = [{"Subject__c": "secret plan"}, {"Subject__c": "lunch"}]
    answer = client.collection("POST", "Email__c", rows)
    assert [code_of(answer, place) for place in range(2)] == ["FIELD_CUSTOM_VALIDATION_EXCEPTION", None]
    assert answer.body[0]["errors"][0]["message"] == "No secrets"
    assert answer.body[0]["errors"][0]["fields"] == ["Subject__c"]
    lunch = answer.body[1]["id"]
    assert client.change("Email__c", lunch, Subject__c="secret lunch").code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert client.query("SELECT Subject__c FROM Email__c") == [{"Subject__c": "lunch"}]
    org.delete_rules()
    assert client.create("Email__c", Subject__c="secret plan").status == 201


@pytest.mark.parametrize(("name", "when"), [("Nonsense__c", "Id = null"), ("Email__c", "Nonsense__c = 1")])
def test_a_rule_that_cannot_be_is_refused(org: SalesforceSandbox, name: str, when: str) -> None:
    with pytest.raises(ValueError, match="Nonsense__c"):
        org.add_rule(name, when, "message")


def test_seeding_goes_through_the_same_checks(org: SalesforceSandbox) -> None:
    with pytest.raises(ValueError, match="INVALID_EMAIL_ADDRESS"):
        org.seed("Contact", [{"LastName": "Good"}, {"LastName": "Bad", "Email": "bad"}])
    assert admin(org).query("SELECT Id FROM Contact") == []
    with pytest.raises(ValueError, match="Nonsense__c"):
        org.seed("Nonsense__c", [{}])
    account = org.seed("Account", [{"Name": "Lee"}])[0]
    contact = org.seed("Contact", [{"LastName": "Lee", "AccountId": account}])[0]
    assert admin(org).row("Contact", contact, "Account.Name")["Account"]["Name"] == "Lee"


def test_users_have_unique_names_and_known_sets(org: SalesforceSandbox) -> None:
    new_user(org, "Ann")
    with pytest.raises(ValueError, match="DUPLICATE_USERNAME"):
        new_user(org, "Ann")
    with pytest.raises(ValueError, match="No_Such_Set"):
        new_user(org, "Bob", "No_Such_Set")
    assert admin(org).query("SELECT Id FROM User WHERE Username = 'bob@firm.example'") == []


def test_a_reset_goes_back_to_the_snapshot(client: Client, org: SalesforceSandbox) -> None:
    kept = client.made("Email__c", Subject__c="kept")
    org.snapshot()
    client.made("Email__c", Subject__c="lost")
    client.change("Email__c", kept, Subject__c="changed")
    _, stranger = new_user(org, "Stranger")
    org.patch_org({"sharedActivities": True, "dailyApiUsed": 50})
    org.add_rule("Email__c", "Id != null", "Never")
    org.restore()
    assert client.query("SELECT Subject__c FROM Email__c") == [{"Subject__c": "kept"}]
    assert stranger.send("GET", "limits").status == 401
    assert org.org_state()["sharedActivities"] is False
    assert client.send("GET", "sobjects/TaskRelation/describe").status == 404
    assert client.create("Email__c", Subject__c="new").status == 201


def test_a_new_org_holds_what_none_says(client: Client, org: SalesforceSandbox) -> None:
    assert len(client.query("SELECT Id FROM User")) == 2
    for name in ("Contact", "Account", "Lead", "Task", "MS_Graph_User__c", "MS_Graph_Setting__c", "Email__c"):
        assert client.query(f"SELECT Id FROM {name}") == []
    soql = "SELECT Assignee.Username, PermissionSet.Name FROM PermissionSetAssignment"
    held = {(item["Assignee"]["Username"], item["PermissionSet"]["Name"]) for item in client.query(soql)}
    assert held == {
        (org.admin.username, "Microsoft_365_Sync_Admin"),
        (org.integration.username, "Microsoft_365_Sync_Integration"),
        (org.integration.username, "Microsoft_365_Sync_Audit_Fields"),
    }
