"""One row at a time: /sobjects/T, by id and by external id, and what its answers look like."""

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import ROOT, Client, admin, encoded, integration, new_org, new_user


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


def test_a_new_row_answers_201_with_its_place(client: Client) -> None:
    answer = client.create("Email__c", Subject__c="x")
    assert answer.status == 201
    assert answer.body == {"id": answer.body["id"], "success": True, "errors": []}
    assert len(answer.body["id"]) == 18
    assert answer.headers["Location"] == f"{ROOT}/sobjects/Email__c/{answer.body['id']}"
    assert answer.response.rows == 1


def test_a_row_is_read_whole_or_by_fields(client: Client) -> None:
    record_id = client.made("Email__c", Subject__c="x", Message_Key__c="k")
    whole = client.send("GET", f"sobjects/Email__c/{record_id}").body
    assert whole["attributes"] == {"type": "Email__c", "url": f"{ROOT}/sobjects/Email__c/{record_id}"}
    assert (whole["Id"], whole["Subject__c"], whole["Body__c"]) == (record_id, "x", None)
    assert client.row("Email__c", record_id, "Subject__c,Message_Key__c") == {"Subject__c": "x", "Message_Key__c": "k"}
    wrong = client.send("GET", f"sobjects/Email__c/{record_id}", fields="Nonsense__c")
    assert (wrong.status, wrong.code) == (400, "INVALID_FIELD")


@pytest.mark.parametrize(
    "fields",
    [
        "COUNT(Id)",
        "FIELDS(ALL)",
        "toLabel(Direction__c)",
        "Id,(SELECT Id FROM Participants__r)",
        "Id subject",
        "Id,",
        "*",
    ],
)
def test_the_fields_of_a_row_are_names_and_nothing_else_of_soql(client: Client, fields: str) -> None:
    record_id = client.made("Email__c", Subject__c="x")
    answer = client.send("GET", f"sobjects/Email__c/{record_id}", fields=fields)
    assert (answer.status, answer.code) == (400, "INVALID_FIELD")
    body = {"ids": [record_id], "fields": fields.split(",")}
    assert client.send("POST", "composite/sobjects/Email__c", body).code == "INVALID_FIELD"


def test_a_row_shows_fields_of_its_parents(client: Client) -> None:
    record_id = client.made("Email__c", Subject__c="x")
    row = client.send("GET", f"sobjects/Email__c/{record_id}", fields="Owner.Name, Subject__c").body
    assert (row["Subject__c"], row["Owner"]["attributes"]["type"]) == ("x", "Name")


def test_ids_work_with_15_characters_and_come_back_with_18(client: Client) -> None:
    record_id = client.made("Email__c", Subject__c="x")
    assert client.row("Email__c", record_id[:15], "Id")["Id"] == record_id
    assert client.row("Email__c", record_id.lower(), "Id")["Id"] == record_id
    assert client.change("Email__c", record_id[:15], Subject__c="y").status == 204
    assert client.query(f"SELECT Subject__c FROM Email__c WHERE Id = '{record_id[:15]}'") == [{"Subject__c": "y"}]


def test_an_update_answers_204_and_stamps_the_row(client: Client, org: SalesforceSandbox) -> None:
    record_id = client.made("Email__c", Subject__c="x", Preview__c="kept")
    answer = admin(org).change("Email__c", record_id, Subject__c="y")
    assert (answer.status, answer.response.body) == (204, b"")
    row = client.row("Email__c", record_id, "Subject__c,Preview__c,CreatedById,LastModifiedById")
    assert row["Subject__c"] == "y"
    assert row["Preview__c"] == "kept"
    assert (row["CreatedById"], row["LastModifiedById"]) == (org.integration.user_id, org.admin.user_id)


def test_an_update_does_not_name_the_id_in_its_body(client: Client) -> None:
    record_id = client.made("Email__c", Subject__c="x")
    assert client.change("Email__c", record_id, Id=record_id).code == "INVALID_FIELD"


@pytest.mark.parametrize("record_id", ["a01Hn000000zzzzIAA", "003Hn0000000001IAA", "short"])
def test_what_is_not_there_is_not_found(client: Client, record_id: str) -> None:
    assert client.send("GET", f"sobjects/Email__c/{record_id}").status == 404


def test_deleted_rows_say_so(client: Client) -> None:
    record_id = client.made("Email__c", Subject__c="x")
    assert client.send("DELETE", f"sobjects/Email__c/{record_id}").status == 204
    for method, body in (("GET", None), ("PATCH", {"Subject__c": "y"}), ("DELETE", None)):
        answer = client.send(method, f"sobjects/Email__c/{record_id}", body)
        assert (answer.status, answer.code) == (404, "ENTITY_IS_DELETED")


def test_upsert_by_external_id_inserts_then_updates(client: Client) -> None:
    path = f"sobjects/Email__c/Message_Key__c/{encoded('a/b?c#d é')}"
    first = client.send("PATCH", path, {"Subject__c": "one"})
    assert (first.status, first.body["created"], first.body["success"]) == (201, True, True)
    second = client.send("PATCH", path, {"Subject__c": "two"})
    assert (second.status, second.body["created"], second.body["id"]) == (200, False, first.body["id"])
    found = client.send("GET", path).body
    assert (found["Message_Key__c"], found["Subject__c"]) == ("a/b?c#d é", "two")
    assert client.send("DELETE", path).status == 204
    assert client.send("GET", path).status == 404


def test_several_matches_are_300_with_their_places(client: Client) -> None:
    made = [client.made("Email__c", Internet_Message_Id__c="same") for _ in range(2)]
    for method in ("GET", "PATCH"):
        answer = client.send(method, "sobjects/Email__c/Internet_Message_Id__c/same", {"Subject__c": "x"})
        assert answer.status == 300
        assert answer.body == [f"{ROOT}/sobjects/Email__c/{item}" for item in made]


def test_only_external_ids_are_keys(client: Client) -> None:
    answer = client.send("PATCH", "sobjects/Email__c/Subject__c/x", {"Preview__c": "y"})
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    answer = client.send("PATCH", "sobjects/Email__c/Message_Key__c/x", {"Message_Key__c": "y"})
    assert (answer.status, answer.code) == (400, "INVALID_FIELD")


def test_unique_values_stand_once(client: Client) -> None:
    first = client.made("Email__c", Message_Key__c="k")
    answer = client.create("Email__c", Message_Key__c="k")
    assert (answer.status, answer.code) == (400, "DUPLICATE_VALUE")
    expected = f"duplicate value found: Message_Key__c duplicates value on record with id: {first[:15]}"
    assert answer.message == expected
    other = client.made("Email__c", Message_Key__c="other")
    assert client.change("Email__c", other, Message_Key__c="k").code == "DUPLICATE_VALUE"
    assert client.change("Email__c", first, Message_Key__c="k").status == 204


def test_case_counts_only_where_the_field_says_so(client: Client) -> None:
    client.made("Email__c", Message_Key__c="k")
    assert client.create("Email__c", Message_Key__c="K").status == 201
    client.made("MS_Graph_User__c", Name="Ann", User_Principal_Name__c="ann@firm.example")
    twin = client.create("MS_Graph_User__c", Name="Ann", User_Principal_Name__c="ANN@firm.example")
    assert twin.code == "DUPLICATE_VALUE"


def test_the_recycle_bin_does_not_hold_unique_values(client: Client) -> None:
    first = client.made("Email__c", Message_Key__c="k")
    client.send("DELETE", f"sobjects/Email__c/{first}")
    assert client.made("Email__c", Message_Key__c="k") != first


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "nonsense", 404, "NOT_FOUND"),
        ("GET", "sobjects/Nonsense__c", 404, "NOT_FOUND"),
        ("POST", "sobjects/Nonsense__c", 404, "NOT_FOUND"),
        ("GET", "tooling/query", 404, "NOT_FOUND"),
        ("POST", "query", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "sobjects/Account", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "limits", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_unknown_paths_and_verbs_are_refused(client: Client, method: str, path: str, status: int, code: str) -> None:
    answer = client.send(method, path, {} if method == "POST" else None)
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize("body", [b"{", b"[1,", b'{"a": NaN}', b"plain"])
def test_bad_json_is_a_parser_error(client: Client, body: bytes) -> None:
    answer = client.send("POST", "sobjects/Email__c", body)
    assert (answer.status, answer.code) == (400, "JSON_PARSER_ERROR")


@pytest.mark.parametrize("body", [b"", b"[]", b'"text"'])
def test_a_row_is_an_object(client: Client, body: bytes) -> None:
    assert client.send("POST", "sobjects/Email__c", body).code == "JSON_PARSER_ERROR"


def test_other_media_types_are_refused(client: Client) -> None:
    answer = client.send("POST", "sobjects/Email__c", b"<a/>", headers={"content-type": "application/xml"})
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_trailing_slash_changes_nothing(client: Client) -> None:
    assert client.send("POST", f"{ROOT}/sobjects/Email__c/", {"Subject__c": "x"}).status == 201


@pytest.mark.parametrize(("version", "status"), [("68.0", 200), ("66.0", 200), ("59.0", 200), ("58.0", 410)])
def test_versions_answer_until_they_are_retired(client: Client, version: str, status: int) -> None:
    assert client.send("GET", f"/services/data/v{version}/limits").status == status


@pytest.mark.parametrize("path", ["/services/data/v99.0/limits", "/services/data/64.0/limits", "/services/apexrest/x"])
def test_unknown_roots_are_not_found(client: Client, path: str) -> None:
    assert client.send("GET", path).status == 404


def test_the_versions_are_listed_without_a_session(org: SalesforceSandbox) -> None:
    versions = Client(org, "").send("GET", "/services/data").body
    assert {"label": "Summer '25", "url": "/services/data/v64.0", "version": "64.0"} in versions


def test_addresses_longer_than_the_gateway_takes_are_refused(client: Client) -> None:
    assert client.send("GET", "query", q="x" * 16_500).status == 414
    assert client.send("GET", "limits", headers={"x-long": "x" * 16_400}).status == 431


def test_lookups_are_checked(client: Client, org: SalesforceSandbox) -> None:
    mailbox = client.made("MS_Graph_User__c", Name="Ann", User_Principal_Name__c="ann@firm.example")
    contact = admin(org).made("Contact", LastName="Lee")
    assert client.create("Email__c", Mailbox__c=mailbox).status == 201
    malformed = client.create("Email__c", Mailbox__c="nonsense")
    assert (malformed.code, malformed.body[0]["fields"]) == ("MALFORMED_ID", ["Mailbox__c"])
    wrong = client.create("Email__c", Mailbox__c=contact)
    assert wrong.code == "FIELD_INTEGRITY_EXCEPTION"
    assert wrong.message.endswith(f"id value of incorrect type: {contact}")
    missing = mailbox[:12] + "zzz"
    assert client.create("Email__c", Mailbox__c=missing).code == "INVALID_CROSS_REFERENCE_KEY"
    client.send("DELETE", f"sobjects/MS_Graph_User__c/{mailbox}")
    assert client.create("Email__c", Mailbox__c=mailbox).code == "ENTITY_IS_DELETED"


def test_a_parent_may_be_named_by_its_external_id(client: Client) -> None:
    email = client.made("Email__c", Message_Key__c="k")
    participant = client.made("Email_Participant__c", Participant_Key__c="p", Email__r={"Message_Key__c": "k"})
    assert client.row("Email_Participant__c", participant, "Email__c")["Email__c"] == email
    answer = client.create("Email_Participant__c", Participant_Key__c="q", Email__r={"Message_Key__c": "x"})
    assert (answer.status, answer.code) == (400, "INVALID_FIELD")
    assert answer.message == "Foreign key external ID: x not found for field Message_Key__c in entity Email__c"
    for wrong in ({"Subject__c": "k"}, {"Nonsense__c": "k"}, {}, "k"):
        assert client.create("Email_Participant__c", Participant_Key__c="r", Email__r=wrong).code == "INVALID_FIELD"


def test_a_polymorphic_parent_by_external_id_names_its_type(client: Client, org: SalesforceSandbox) -> None:
    contact = admin(org).made("Contact", LastName="Lee", Email="lee@client.example")
    who = {"attributes": {"type": "Contact"}, "Email": "lee@client.example"}
    task = client.made("Task", Subject="x", Who=who)
    assert client.row("Task", task, "WhoId")["WhoId"] == contact
    assert client.create("Task", Subject="x", Who={"Email": "lee@client.example"}).code == "INVALID_FIELD"


def test_owners_can_read_the_object(client: Client, org: SalesforceSandbox) -> None:
    stranger, _ = new_user(org, "Stranger")
    adviser, _ = new_user(org, "Adviser", "Microsoft_365_Sync_User")
    answer = client.create("Email__c", Subject__c="x", OwnerId=stranger)
    assert (answer.status, answer.code) == (400, "TRANSFER_REQUIRES_READ")
    email = client.made("Email__c", Subject__c="x", OwnerId=adviser)
    assert client.change("Email__c", email, OwnerId=stranger).code == "TRANSFER_REQUIRES_READ"
    assert client.row("Email__c", email, "OwnerId")["OwnerId"] == adviser


def test_inactive_owners_are_refused_where_no_permission_covers_the_object(
    client: Client, org: SalesforceSandbox
) -> None:
    leaver, _ = new_user(org, "Leaver", "Microsoft_365_Sync_User", active=False)
    assert client.create("Email__c", Subject__c="x", OwnerId=leaver).status == 201
    task = client.create("Task", Subject="x", OwnerId=leaver)
    assert (task.status, task.code) == (400, "INACTIVE_OWNER_OR_USER")
    assert leaver[:15] in task.message
    assert admin(org).create("Email__c", Subject__c="x", OwnerId=leaver).code == "INACTIVE_OWNER_OR_USER"
