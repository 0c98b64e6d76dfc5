"""EmailMessage and EmailMessageRelation, and calendar entries."""

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, new_org, new_user

SENT, DRAFT, NEW = "3", "5", "0"
READ_ONLY = "INSUFFICIENT_ACCESS_OR_READONLY"


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return admin(org)


def relations(client: Client, mail: str) -> set[tuple[str, str, str | None, str]]:
    soql = (
        "SELECT RelationId, RelationType, RelationAddress, RelationObjectType FROM EmailMessageRelation "
        f"WHERE EmailMessageId = '{mail}'"
    )
    names = ("RelationId", "RelationType", "RelationAddress", "RelationObjectType")
    return {tuple(row[name] for name in names) for row in client.query(soql)}  # type: ignore[misc]


def test_the_people_of_a_mail_become_relations(client: Client, org: SalesforceSandbox) -> None:
    lee = client.made("Contact", LastName="Lee", Email="lee@client.example")
    kim = client.made("Lead", LastName="Kim", Company="Kim Ltd")
    mail = client.made("EmailMessage", Status=SENT, Subject="x", ToIds=[lee], CcIds=[kim], BccIds=[org.admin.user_id])
    assert relations(client, mail) == {
        (lee, "ToAddress", "lee@client.example", "Contact"),
        (kim, "CcAddress", None, "Lead"),
        (org.admin.user_id, "BccAddress", org.admin.username, "User"),
    }
    soql = "SELECT (SELECT Relation.Name FROM EmailMessageRelations WHERE RelationType = 'ToAddress') FROM EmailMessage"
    (row,) = client.query(soql)
    assert row["EmailMessageRelations"]["records"][0]["Relation"]["Name"] == "Lee"
    other = client.made("EmailMessageRelation", EmailMessageId=mail, RelationId=lee, RelationType="OtherAddress")
    assert client.row("EmailMessageRelation", other, "RelationObjectType")["RelationObjectType"] == "Contact"


def test_the_people_of_a_mail_are_queried_as_lists_of_ids(client: Client, org: SalesforceSandbox) -> None:
    lee, kim = (client.made("Contact", LastName=name) for name in ("Lee", "Kim"))
    house = client.made("Account", Name="House")
    mail = client.made("EmailMessage", Status=SENT, Subject="x", ToIds=[kim, lee], CcIds=[lee], RelatedToId=house)
    soql = f"SELECT ToIds, CcIds, BccIds FROM EmailMessage WHERE Id = '{mail}'"
    assert client.query(soql) == [{"ToIds": [kim, lee], "CcIds": [lee], "BccIds": None}]
    (row,) = client.query("SELECT FIELDS(STANDARD) FROM EmailMessage")
    assert row["ToIds"] == [kim, lee]
    (row,) = client.query("SELECT (SELECT ToIds FROM EmailMessages) FROM Account")
    assert row["EmailMessages"]["records"][0]["ToIds"] == [kim, lee]
    (relation,) = client.query("SELECT Id FROM EmailMessageRelation WHERE RelationType = 'CcAddress'")
    assert client.send("DELETE", f"sobjects/EmailMessageRelation/{relation['Id']}").status == 204
    assert client.query(soql)[0]["CcIds"] is None


def test_people_are_checked(client: Client) -> None:
    account = client.made("Account", Name="Lee")
    assert client.create("EmailMessage", Status=SENT, ToIds=[account]).code == "INVALID_CROSS_REFERENCE_KEY"
    assert client.create("EmailMessage", Status="9").code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert client.create("EmailMessage", Subject="x").code == "REQUIRED_FIELD_MISSING"


def test_text_comes_from_html_where_it_is_not_sent(client: Client) -> None:
    mail = client.made("EmailMessage", Status=SENT, HtmlBody="<p>Fish &amp; chips</p>")
    assert client.row("EmailMessage", mail, "TextBody")["TextBody"] == "Fish & chips"
    own = client.made("EmailMessage", Status=SENT, HtmlBody="<p>x</p>", TextBody="own")
    assert client.row("EmailMessage", own, "TextBody")["TextBody"] == "own"


def test_what_was_sent_does_not_change(client: Client) -> None:
    account = client.made("Account", Name="Lee")
    mail = client.made("EmailMessage", Status=SENT, Subject="x")
    assert client.change("EmailMessage", mail, Subject="y").code == READ_ONLY
    assert client.change("EmailMessage", mail, RelatedToId=account).code == READ_ONLY
    assert client.change("EmailMessage", mail, IsExternallyVisible=True).status == 204
    managed = client.made("EmailMessage", Status=SENT, IsClientManaged=True)
    assert client.change("EmailMessage", managed, RelatedToId=account).status == 204
    fresh = client.made("EmailMessage", Status=NEW)
    assert client.change("EmailMessage", fresh, Status="1").status == 204
    assert client.change("EmailMessage", fresh, Status="2").code == READ_ONLY


def test_a_draft_changes_and_its_people_with_it(client: Client) -> None:
    lee, kim = (client.made("Contact", LastName=name) for name in ("Lee", "Kim"))
    draft = client.made("EmailMessage", Status=DRAFT, Subject="x", ToIds=[lee], CcIds=[lee])
    assert client.change("EmailMessage", draft, Subject="y", ToIds=[kim]).status == 204
    assert {item[:2] for item in relations(client, draft)} == {(kim, "ToAddress"), (lee, "CcAddress")}
    assert client.change("EmailMessage", draft, Status=SENT).status == 204
    assert client.change("EmailMessage", draft, Subject="z").code == READ_ONLY


def test_an_event_s_times_follow_from_each_other(client: Client) -> None:
    account = client.made("Account", Name="Lee")
    contact = client.made("Contact", LastName="Lee", AccountId=account)
    names = "StartDateTime,ActivityDateTime,ActivityDate,EndDateTime,DurationInMinutes,AccountId"
    start, end = "2026-03-11T09:00:00.000+0000", "2026-03-11T09:30:00.000+0000"
    expected = dict(zip(names.split(","), (start, start, "2026-03-11", end, 30, account), strict=True))
    for times in (
        {"StartDateTime": start, "DurationInMinutes": 30},
        {"ActivityDateTime": start, "EndDateTime": end},
        {"StartDateTime": start, "EndDateTime": end, "DurationInMinutes": 30},
    ):
        event = client.made("Event", Subject="x", WhoId=contact, **times)
        assert client.row("Event", event, names) == expected
    client.change("Event", event, DurationInMinutes=60)
    assert client.row("Event", event, "EndDateTime")["EndDateTime"] == "2026-03-11T10:00:00.000+0000"
    day = client.made("Event", Subject="x", IsAllDayEvent=True, ActivityDate="2026-03-11")
    assert client.row("Event", day, "DurationInMinutes")["DurationInMinutes"] == 1440


@pytest.mark.parametrize(
    ("times", "code"),
    [
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"DurationInMinutes": 30}, "REQUIRED_FIELD_MISSING"),
        ({"StartDateTime": "2026-03-11T09:00:00Z"}, "REQUIRED_FIELD_MISSING"),
        (
            {"StartDateTime": "2026-03-11T09:00:00Z", "EndDateTime": "2026-03-11T08:00:00Z"},
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (
            {"StartDateTime": "2026-03-11T09:00:00Z", "EndDateTime": "2026-03-11T10:00:00Z", "DurationInMinutes": 5},
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        ({"StartDateTime": "2026-03-11T09:00:00Z", "DurationInMinutes": 30_000}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_times_that_cannot_be_are_refused(client: Client, times: dict[str, object], code: str) -> None:
    assert client.create("Event", Subject="x", **times).code == code


def test_events_need_their_permission(org: SalesforceSandbox) -> None:
    user_id, user = new_user(org, "Bot")
    profile = admin(org).query("SELECT Id FROM Profile WHERE Name = 'Minimum Access - API Only Integrations'")[0]
    admin(org).change("User", user_id, ProfileId=profile["Id"])
    times = {"StartDateTime": "2026-03-11T09:00:00Z", "DurationInMinutes": 30}
    assert user.create("Event", Subject="x", **times).code == READ_ONLY
