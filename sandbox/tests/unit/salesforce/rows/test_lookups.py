"""Ids and lookups: what a row may point at, in which form, and what becomes of it when that goes."""

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, code_of, integration, new_org


@pytest.fixture(scope="module")
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture(scope="module")
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


def flipped(record_id: str) -> str:
    """The id with the checksum of another one."""
    last = "A" if record_id[-1] != "A" else "B"
    return record_id[:17] + last


@pytest.mark.parametrize("text", ["nonsense", "a0", "x" * 15 + "!!!", "0" * 17, " ", "0" * 19])
def test_a_lookup_takes_ids_only(client: Client, text: str) -> None:
    answer = client.create("Email__c", Mailbox__c=text)
    assert (answer.status, answer.code, answer.body[0]["fields"]) == (400, "MALFORMED_ID", ["Mailbox__c"])
    assert answer.message == f"Mailbox: id value of incorrect type: {text}"


def test_a_lookup_takes_both_forms_and_answers_with_the_long_one(client: Client) -> None:
    mailbox = client.made("MS_Graph_User__c", Name="Box")
    for form in (mailbox, mailbox[:15], mailbox.lower(), mailbox.upper()):
        email = client.made("Email__c", Mailbox__c=form)
        assert client.row("Email__c", email, "Mailbox__c")["Mailbox__c"] == mailbox


def test_a_wrong_checksum_is_refused(client: Client) -> None:
    mailbox = client.made("MS_Graph_User__c", Name="Box")
    wrong = flipped(mailbox)
    assert client.create("Email__c", Mailbox__c=wrong).code in ("MALFORMED_ID", "INVALID_CROSS_REFERENCE_KEY")
    assert client.send("GET", f"sobjects/MS_Graph_User__c/{wrong}").status == 404
    assert client.change("MS_Graph_User__c", wrong, Name="x").status == 404
    assert client.send("DELETE", f"sobjects/MS_Graph_User__c/{wrong}").status == 404


def test_a_lookup_points_at_its_object(client: Client) -> None:
    email = client.made("Email__c", Subject__c="x")
    answer = client.create("Email__c", Mailbox__c=email)
    assert (answer.code, answer.body[0]["fields"]) == ("FIELD_INTEGRITY_EXCEPTION", ["Mailbox__c"])
    assert client.create("Email__c", Mailbox__c=f"zzz{email[3:15]}").code == "FIELD_INTEGRITY_EXCEPTION"


def test_a_deleted_record_cannot_be_pointed_at(client: Client) -> None:
    mailbox = client.made("MS_Graph_User__c", Name="Box", User_Principal_Name__c="gone@firm.example")
    email = client.made("Email__c", Subject__c="x")
    client.send("DELETE", f"sobjects/MS_Graph_User__c/{mailbox}")
    answer = client.create("Email__c", Mailbox__c=mailbox)
    assert (answer.status, answer.code, answer.message) == (400, "ENTITY_IS_DELETED", "entity is deleted")
    rows = client.collection("PATCH", "Email__c", [{"id": email, "Mailbox__c": mailbox}])
    assert code_of(rows) == "ENTITY_IS_DELETED"
    by_key = client.create("Email__c", Mailbox__r={"User_Principal_Name__c": "gone@firm.example"})
    assert by_key.code == "INVALID_FIELD"


def test_a_detail_keeps_its_master(client: Client) -> None:
    first, second = (client.made("Email__c", Message_Key__c=f"master {n}") for n in "ab")
    detail = client.made("Email_Participant__c", Participant_Key__c="detail", Email__c=first)
    for change in ({"Email__c": second}, {"Email__r": {"Message_Key__c": "master b"}}):
        answer = client.change("Email_Participant__c", detail, **change)
        assert (answer.status, answer.code) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
        assert answer.body[0]["fields"] == ["Email__c"]
    assert client.row("Email_Participant__c", detail, "Email__c")["Email__c"] == first


def test_a_detail_needs_a_master(client: Client) -> None:
    for row in ({}, {"Email__c": None}):
        answer = client.create("Email_Participant__c", Participant_Key__c="alone", **row)
        assert (answer.code, answer.body[0]["fields"]) == ("REQUIRED_FIELD_MISSING", ["Email__c"])


def test_a_master_takes_its_details_along_and_clears_lookups(client: Client) -> None:
    email = client.made("Email__c", Subject__c="x")
    detail = client.made("Email_Participant__c", Participant_Key__c="cascade", Email__c=email)
    failure = client.made("MS_Graph_Sync_Error__c", Error_Key__c="e", Email__c=email)
    client.send("DELETE", f"sobjects/Email__c/{email}")
    assert client.send("GET", f"sobjects/Email_Participant__c/{detail}").code == "ENTITY_IS_DELETED"
    assert client.row("MS_Graph_Sync_Error__c", failure, "Email__c") == {"Email__c": None}


def test_an_upsert_by_key_names_neither_key_nor_id_in_its_body(client: Client) -> None:
    email = client.made("Email__c", Message_Key__c="upsert")
    for body in ({"Message_Key__c": "upsert"}, {"Id": email}, {"id": None}):
        answer = client.send("PATCH", "sobjects/Email__c/Message_Key__c/upsert", body)
        assert (answer.status, answer.code) == (400, "INVALID_FIELD"), body
    assert client.send("PATCH", "sobjects/Email__c/Message_Key__c/upsert", {"Subject__c": "x"}).status == 200


def test_an_upsert_may_be_kept_from_inserting(client: Client) -> None:
    answer = client.send("PATCH", "sobjects/Email__c/Message_Key__c/no-such", {"Subject__c": "x"}, updateOnly="true")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert client.query("SELECT Id FROM Email__c WHERE Message_Key__c = 'no-such'") == []
    client.made("Email__c", Message_Key__c="such")
    path = "sobjects/Email__c/Message_Key__c/such"
    assert client.send("PATCH", path, {"Subject__c": "x"}, updateOnly="true").status == 200


def test_a_row_may_be_inserted_with_the_id_as_its_key(client: Client) -> None:
    answer = client.send("POST", "sobjects/Email__c/Id", {"Subject__c": "by id"})
    assert (answer.status, answer.body["success"]) == (201, True)


def test_records_that_are_not_there_are_null_in_a_retrieval(client: Client) -> None:
    email = client.made("Email__c", Subject__c="here")
    other = email[:12] + "zzz"
    body = {"ids": [other, "nonsense", email], "fields": ["Subject__c"]}
    answer = client.send("POST", "composite/sobjects/Email__c", body)
    assert [item and item["Subject__c"] for item in answer.body] == [None, None, "here"]
    assert client.send("POST", "composite/sobjects/Email__c", {**body, "ids": ["x"]}).body == [None]
    assert client.send("POST", "composite/sobjects/Email__c", {**body, "fields": ["Nonsense"]}).status == 400


def test_a_collection_changes_its_type_nine_times_at_most(org: SalesforceSandbox) -> None:
    kinds = [{"attributes": {"type": "Account"}, "Name": "Chunk"}, {"attributes": {"type": "Lead"}, "LastName": "x"}]
    boss = admin(org)
    answer = boss.send("POST", "composite/sobjects", {"records": kinds * 5 + kinds[:1]})
    assert (answer.status, answer.code) == (400, "LIMIT_EXCEEDED")
    assert boss.query("SELECT Id FROM Account WHERE Name = 'Chunk'") == []
    answer = boss.send("POST", "composite/sobjects", {"records": kinds * 5})
    assert answer.status == 200
    assert len(answer.body) == 10
