"""Tasks: what the platform derives, and what Shared Activities add."""

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox
from m365sandbox.wire import Request

from tests.support.salesforce_org import BASE_URL, Client, admin, integration, new_org


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


def household(org: SalesforceSandbox, *names: str) -> tuple[str, list[str]]:
    account = admin(org).made("Account", Name="Lee Household")
    return account, [admin(org).made("Contact", LastName=name, AccountId=account) for name in names]


def test_the_account_follows_who_and_what(client: Client, org: SalesforceSandbox) -> None:
    account, (lee,) = household(org, "Lee")
    other = admin(org).made("Account", Name="Other")
    by_who = client.made("Task", Subject="x", WhoId=lee)
    by_what = client.made("Task", Subject="x", WhoId=lee, WhatId=other)
    alone = client.made("Task", Subject="x")
    found = [client.row("Task", item, "AccountId")["AccountId"] for item in (by_who, by_what, alone)]
    assert found == [account, other, None]
    client.change("Task", alone, WhoId=lee)
    assert client.row("Task", alone, "AccountId")["AccountId"] == account


def test_closing_follows_the_status(client: Client) -> None:
    names = "Status,IsClosed,CompletedDateTime"
    task = client.made("Task", Subject="x")
    assert client.row("Task", task, names) == {"Status": "Not Started", "IsClosed": False, "CompletedDateTime": None}
    client.change("Task", task, Status="Completed")
    closed = client.row("Task", task, names)
    assert closed["IsClosed"] is True
    assert closed["CompletedDateTime"].startswith("2026-03-10T12:0")
    client.change("Task", task, Status="In Progress")
    assert client.row("Task", task, names)["CompletedDateTime"] is None
    done = client.made("Task", Subject="x", Status="Completed", CreatedDate="2020-01-01T00:00:00Z")
    assert client.row("Task", done, names)["CompletedDateTime"].startswith("2026-03-10")


def test_the_orgs_statuses_say_which_close(client: Client) -> None:
    closed = client.query("SELECT MasterLabel FROM TaskStatus WHERE IsClosed = true")
    assert closed == [{"MasterLabel": "Completed"}]


def test_the_subtype_is_set_once(client: Client) -> None:
    task = client.made("Task", Subject="x", TaskSubtype="Email")
    assert client.row("Task", task, "TaskSubtype")["TaskSubtype"] == "Email"
    assert client.change("Task", task, TaskSubtype="Call").code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert client.create("Task", TaskSubtype="Mail").code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_who_is_a_person_and_what_is_not(client: Client, org: SalesforceSandbox) -> None:
    account, (lee,) = household(org, "Lee")
    assert client.create("Task", Subject="x", WhoId=account).code == "FIELD_INTEGRITY_EXCEPTION"
    assert client.create("Task", Subject="x", WhatId=lee).code == "FIELD_INTEGRITY_EXCEPTION"


def test_the_project_s_fields_are_on_tasks(client: Client) -> None:
    email = client.made("Email__c", Message_Key__c="k")
    task = client.made("Task", Subject="x", Task_Key__c="k:1", Email__r={"Message_Key__c": "k"})
    assert client.row("Task", task, "Email__c")["Email__c"] == email
    assert client.create("Task", Subject="x", Task_Key__c="k:1").code == "DUPLICATE_VALUE"


def test_without_shared_activities_there_is_one_person(client: Client, org: SalesforceSandbox) -> None:
    _, (lee, kim) = household(org, "Lee", "Kim")
    assert client.create("Task", Subject="x", TaskWhoIds=[lee, kim]).code == "INVALID_FIELD"
    assert client.send("GET", "sobjects/TaskRelation/describe").status == 404
    described = client.send("GET", "sobjects/Task/describe").body["fields"]
    assert "TaskWhoIds" not in {item["name"] for item in described}


def test_with_shared_activities_a_task_has_several(client: Client, org: SalesforceSandbox) -> None:
    org.patch_org({"sharedActivities": True})
    account, (lee, kim) = household(org, "Lee", "Kim")
    described = client.send("GET", "sobjects/Task/describe").body["fields"]
    assert "TaskWhoIds" in {item["name"] for item in described}
    task = client.made("Task", Subject="x", TaskWhoIds=[kim, lee], WhatId=account)
    assert client.row("Task", task, "WhoId,AccountId") == {"WhoId": kim, "AccountId": account}
    soql = f"SELECT RelationId, IsWhat FROM TaskRelation WHERE TaskId = '{task}'"
    found = {(item["RelationId"], item["IsWhat"]) for item in client.query(soql)}
    assert found == {(kim, False), (lee, False), (account, True)}
    assert client.query("SELECT TaskWhoIds FROM Task") == [{"TaskWhoIds": [kim, lee]}]


def test_relations_follow_a_change_of_person(client: Client, org: SalesforceSandbox) -> None:
    org.patch_org({"sharedActivities": True})
    _, (lee, kim) = household(org, "Lee", "Kim")
    task = client.made("Task", Subject="x", WhoId=lee)
    client.change("Task", task, TaskWhoIds=[kim, lee])
    soql = "SELECT RelationId FROM TaskRelation"
    assert {item["RelationId"] for item in client.query(soql)} == {kim, lee}
    assert client.row("Task", task, "WhoId")["WhoId"] == kim
    client.change("Task", task, Subject="only the subject")
    assert len(client.query(soql)) == 2


def test_who_ids_are_checked(client: Client, org: SalesforceSandbox) -> None:
    org.patch_org({"sharedActivities": True})
    account, (lee,) = household(org, "Lee")
    assert client.create("Task", Subject="x", TaskWhoIds="text").code == "JSON_PARSER_ERROR"
    assert client.create("Task", Subject="x", TaskWhoIds=["nonsense"]).code == "MALFORMED_ID"
    assert client.create("Task", Subject="x", TaskWhoIds=[lee, account]).code == "INVALID_CROSS_REFERENCE_KEY"


def test_relations_are_counted_with_shared_activities(client: Client, org: SalesforceSandbox) -> None:
    org.patch_org({"sharedActivities": True})
    account, (lee, kim) = household(org, "Lee", "Kim")
    task = client.made("Task", Subject="x", TaskWhoIds=[kim, lee], WhatId=account)
    assert client.row("Task", task, "WhoCount,WhatCount") == {"WhoCount": 2, "WhatCount": 1}
    client.change("Task", task, TaskWhoIds=[lee])
    assert client.row("Task", task, "WhoCount,WhatCount,WhoId") == {"WhoCount": 1, "WhatCount": 1, "WhoId": lee}
    client.change("Task", task, WhatId=None, Subject="y")
    assert client.row("Task", task, "WhoCount,WhatCount") == {"WhoCount": 1, "WhatCount": 0}
    fields = {item["name"] for item in client.send("GET", "sobjects/Task/describe").body["fields"]}
    assert {"WhoCount", "WhatCount", "TaskWhoIds"} <= fields
    org.patch_org({"sharedActivities": False})
    fields = {item["name"] for item in client.send("GET", "sobjects/Task/describe").body["fields"]}
    assert not fields & {"WhoCount", "WhatCount", "TaskWhoIds"}


def test_a_task_is_about_one_lead_or_up_to_fifty_contacts(client: Client, org: SalesforceSandbox) -> None:
    org.patch_org({"sharedActivities": True})
    _, contacts = household(org, *(f"C{n}" for n in range(51)))
    lead = admin(org).made("Lead", LastName="Kim", Company="Kim Ltd")
    assert client.create("Task", Subject="x", TaskWhoIds=contacts[:50]).status == 201
    assert client.create("Task", Subject="x", TaskWhoIds=contacts).code == "LIMIT_EXCEEDED"
    assert client.create("Task", Subject="x", TaskWhoIds=[lead, contacts[0]]).code == "FIELD_INTEGRITY_EXCEPTION"
    task = client.made("Task", Subject="x", TaskWhoIds=[lead])
    assert client.query(f"SELECT Who.Type, Who.Name FROM Task WHERE Id = '{task}'")[0]["Who"]["Type"] == "Lead"


def test_who_and_what_tell_their_type(client: Client, org: SalesforceSandbox) -> None:
    account, (lee,) = household(org, "Lee")
    client.made("Task", Subject="x", WhoId=lee, WhatId=account)
    (row,) = client.query("SELECT Who.Type, Who.Name, What.Type, What.Name, Account.Name FROM Task")
    assert (row["Who"]["Type"], row["Who"]["Name"]) == ("Contact", "Lee")
    assert (row["What"]["Type"], row["What"]["Name"]) == ("Account", "Lee Household")
    assert row["Account"]["Name"] == "Lee Household"
    assert len(client.query("SELECT Id FROM Task WHERE Who.Type = 'Contact' AND What.Type = 'Account'")) == 1
    assert client.query("SELECT Id FROM Task WHERE Who.Type = 'Lead'") == []


@pytest.mark.parametrize("which", ["person", "what"])
def test_a_task_goes_with_its_record_and_comes_back_with_it(org: SalesforceSandbox, which: str) -> None:
    """Describes recorded on real orgs: cascadeDelete of Task.WhoId and Task.WhatId is true."""
    every = admin(org)
    other, (lee,) = household(org, "Lee")
    account = every.made("Account", Name="Other")
    task = every.made("Task", Subject="x", WhoId=lee, WhatId=account)
    kept = every.made("Task", Subject="kept", WhatId=other)
    name, gone = ("Contact", lee) if which == "person" else ("Account", account)
    assert every.send("DELETE", f"sobjects/{name}/{gone}").status == 204
    assert every.query("SELECT Id FROM Task") == [{"Id": kept}]
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><e:Header>'
        f"<SessionHeader><sessionId>{every.token}</sessionId></SessionHeader></e:Header>"
        f"<e:Body><undelete><ids>{gone}</ids></undelete></e:Body></e:Envelope>"
    )
    path = "/services/Soap/u/64.0"
    assert org.handle(Request("POST", path, path, (), {}, body.encode(), BASE_URL)).status == 200
    assert every.row("Task", task, "WhoId,WhatId") == {"WhoId": lee, "WhatId": account}


def test_a_shared_task_stays_without_one_of_its_people(org: SalesforceSandbox) -> None:
    org.patch_org({"sharedActivities": True})
    every = admin(org)
    _, (lee, kim) = household(org, "Lee", "Kim")
    task = every.made("Task", Subject="x", TaskWhoIds=[lee, kim])
    every.send("DELETE", f"sobjects/Contact/{kim}")
    assert every.row("Task", task, "WhoId") == {"WhoId": lee}
