"""/composite/sobjects: rows side by side, upsert, retrieve, delete, all or none."""

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, code_of, integration, new_org

ROLLED_BACK = "ALL_OR_NONE_OPERATION_ROLLED_BACK"


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


def test_each_row_has_its_own_result_in_order(client: Client) -> None:
    answer = client.collection(
        "POST", "Email__c", [{"Subject__c": "a"}, {"Subject__c": "x" * 300}, {"Subject__c": "c"}]
    )
    assert answer.status == 200
    assert [code_of(answer, place) for place in range(3)] == [None, "STRING_TOO_LONG", None]
    assert answer.body[1].get("id") is None
    assert answer.response.rows == 2
    assert client.query("SELECT Subject__c FROM Email__c ORDER BY Subject__c") == [
        {"Subject__c": "a"},
        {"Subject__c": "c"},
    ]


def test_all_or_none_undoes_the_good_rows(client: Client) -> None:
    answer = client.collection("POST", "Email__c", [{"Subject__c": "a"}, {"Subject__c": "x" * 300}], all_or_none=True)
    assert [code_of(answer, place) for place in range(2)] == [ROLLED_BACK, "STRING_TOO_LONG"]
    assert client.query("SELECT Id FROM Email__c") == []
    assert answer.response.rows == 0


def test_more_than_200_rows_are_refused_as_a_whole(client: Client) -> None:
    assert client.collection("POST", "Email__c", [{}] * 200).status == 200
    for method in ("POST", "PATCH"):
        answer = client.collection(method, "Email__c", [{}] * 201)
        assert (answer.status, answer.code) == (400, "EXCEEDED_ID_LIMIT")
        assert answer.message == "record limit reached. cannot submit more than 200 records into this call"
    assert len(client.query("SELECT Id FROM Email__c")) == 200


def test_types_may_be_mixed(org: SalesforceSandbox) -> None:
    rows = [
        {"attributes": {"type": "Contact"}, "LastName": "Lee"},
        {"attributes": {"type": "Account"}, "Name": "Lee Household"},
        {"attributes": {"type": "Nonsense__c"}, "Name": "x"},
    ]
    answer = admin(org).send("POST", "composite/sobjects", {"records": rows})
    assert [code_of(answer, place) for place in range(3)] == [None, None, "INVALID_TYPE"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"records": [{"Subject__c": "x"}]}, "INVALID_TYPE"),
        ({"records": ["x"]}, "JSON_PARSER_ERROR"),
        ({"records": {"a": 1}}, "JSON_PARSER_ERROR"),
        ({"records": [], "allOrNone": False}, "INVALID_REQUEST"),
        ({"records": [{"attributes": {"type": "Email__c"}}], "allOrNone": "yes"}, "JSON_PARSER_ERROR"),
        ({"rows": []}, "JSON_PARSER_ERROR"),
    ],
)
def test_a_malformed_collection_is_refused_as_a_whole(client: Client, body: dict[str, object], code: str) -> None:
    answer = client.send("POST", "composite/sobjects", body)
    assert (answer.status, answer.code) == (400, code)


def test_updates_name_the_id_in_each_row(client: Client) -> None:
    first, second = (client.made("Email__c", Subject__c=item) for item in "ab")
    rows = [{"id": first[:15], "Subject__c": "A"}, {"Subject__c": "x"}, {"Id": second, "Subject__c": "x" * 300}]
    answer = client.collection("PATCH", "Email__c", rows)
    assert [code_of(answer, place) for place in range(3)] == [None, "MISSING_ARGUMENT", "STRING_TOO_LONG"]
    assert answer.body[0]["id"] == first
    assert client.row("Email__c", first, "Subject__c")["Subject__c"] == "A"
    assert client.row("Email__c", second, "Subject__c")["Subject__c"] == "b"


def test_updates_of_what_is_not_there_fail_alone(client: Client) -> None:
    live, deleted = (client.made("Email__c", Subject__c=item) for item in "ab")
    client.send("DELETE", f"sobjects/Email__c/{deleted}")
    rows = [{"id": item, "Subject__c": "x"} for item in (live, deleted, live[:12] + "zzz", "003Hn0000000001IAA")]
    answer = client.collection("PATCH", "Email__c", rows)
    codes = [code_of(answer, place) for place in range(4)]
    assert codes == [None, "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"]


def test_an_equal_unique_value_in_one_insert_fails_the_later_row(client: Client) -> None:
    answer = client.collection("POST", "Email__c", [{"Message_Key__c": "k"}, {"Message_Key__c": "k"}])
    assert [code_of(answer, place) for place in range(2)] == [None, "DUPLICATE_VALUE"]
    assert answer.body[0]["id"][:15] in answer.body[1]["errors"][0]["message"]


def test_upsert_inserts_and_updates_by_key(client: Client) -> None:
    old = client.made("Email__c", Message_Key__c="old", Preview__c="kept")
    rows = [{"Message_Key__c": "old", "Subject__c": "1"}, {"Message_Key__c": "new", "Subject__c": "2"}]
    answer = client.collection("PATCH", "Email__c", rows, key="Message_Key__c")
    assert [item["created"] for item in answer.body] == [False, True]
    assert answer.body[0]["id"] == old
    assert client.row("Email__c", old, "Subject__c,Preview__c") == {"Subject__c": "1", "Preview__c": "kept"}


def test_a_key_twice_in_one_upsert_fails_every_such_row(client: Client) -> None:
    rows = [{"Message_Key__c": "a"}, {"Message_Key__c": "b"}, {"Message_Key__c": "a"}, {"Subject__c": "x"}]
    answer = client.collection("PATCH", "Email__c", rows, key="Message_Key__c")
    codes = [code_of(answer, place) for place in range(4)]
    assert codes == ["DUPLICATE_VALUE", None, "DUPLICATE_VALUE", "MISSING_ARGUMENT"]
    assert answer.body[0]["errors"][0]["message"] == "Duplicate external id specified: a"


def test_a_key_that_several_records_have_fails_the_row(client: Client) -> None:
    for _ in range(2):
        client.made("Email__c", Internet_Message_Id__c="same")
    answer = client.collection("PATCH", "Email__c", [{"Internet_Message_Id__c": "same"}], key="Internet_Message_Id__c")
    assert code_of(answer) == "DUPLICATE_EXTERNAL_ID"


def test_an_upsert_takes_one_type_and_no_id(client: Client) -> None:
    wrong = {"records": [{"attributes": {"type": "Task"}, "Message_Key__c": "k"}]}
    assert client.send("PATCH", "composite/sobjects/Email__c/Message_Key__c", wrong).code == "INVALID_TYPE"
    rows = [{"Message_Key__c": "k", "id": "a01Hn0000000001IAA"}]
    assert client.collection("PATCH", "Email__c", rows, key="Message_Key__c").code == "INVALID_FIELD"
    assert client.collection("PATCH", "Email__c", [{"Subject__c": "x"}], key="Subject__c").status == 404


def test_rows_are_deleted_by_their_ids(client: Client) -> None:
    made = [client.made("Email__c", Subject__c=item) for item in "ab"]
    answer = client.send("DELETE", "composite/sobjects", ids=",".join([*made, "nonsense"]), allOrNone="false")
    assert [code_of(answer, place) for place in range(3)] == [None, None, "MALFORMED_ID"]
    assert client.query("SELECT Id FROM Email__c") == []
    again = client.send("DELETE", "composite/sobjects", ids=made[0])
    assert code_of(again) == "ENTITY_IS_DELETED"


def test_all_or_none_holds_for_deletes(client: Client) -> None:
    made = client.made("Email__c", Subject__c="a")
    answer = client.send("DELETE", "composite/sobjects", ids=f"{made},nonsense", allOrNone="true")
    assert [code_of(answer, place) for place in range(2)] == [ROLLED_BACK, "MALFORMED_ID"]
    assert len(client.query("SELECT Id FROM Email__c")) == 1


def test_null_is_no_word_on_all_or_none(client: Client) -> None:
    """django-salesforce sends it with every collection."""
    records = [{"attributes": {"type": "Email__c"}, "Subject__c": item} for item in ("a", "x" * 300)]
    answer = client.send("POST", "composite/sobjects", {"allOrNone": None, "records": records})
    assert [item["success"] for item in answer.body] == [True, False]
    assert client.send("POST", "composite/sobjects", {"allOrNone": 0, "records": records}).code == "JSON_PARSER_ERROR"


def test_rows_are_retrieved_in_the_order_asked_for(client: Client) -> None:
    first, second = (client.made("Email__c", Subject__c=item) for item in "ab")
    missing = first[:12] + "zzz"
    body = {"ids": [second, missing, first[:15]], "fields": ["Subject__c"]}
    posted = client.send("POST", "composite/sobjects/Email__c", body).body
    assert [item and item["Subject__c"] for item in posted] == ["b", None, "a"]
    asked = client.send("GET", "composite/sobjects/Email__c", ids=f"{second},{first}", fields="Subject__c,Name").body
    assert [(item["Subject__c"], item["Name"]) for item in asked] == [("b", second), ("a", first)]
    assert client.send("POST", "composite/sobjects/Email__c", {"ids": [first], "fields": ["X__c"]}).code == (
        "INVALID_FIELD"
    )


def test_deleting_a_master_takes_its_details_and_empties_lookups(client: Client) -> None:
    email = client.made("Email__c", Message_Key__c="k")
    client.made("Email_Participant__c", Participant_Key__c="p", Email__c=email)
    task = client.made("Task", Subject="x", Email__c=email)
    client.send("DELETE", f"sobjects/Email__c/{email}")
    assert client.query("SELECT Id FROM Email_Participant__c") == []
    deleted = client.send("GET", "queryAll", q="SELECT IsDeleted FROM Email_Participant__c").body["records"]
    assert [item["IsDeleted"] for item in deleted] == [True]
    assert client.row("Task", task, "Email__c")["Email__c"] is None


def test_a_full_collection_of_parents_are_found_by_external_id(client: Client) -> None:
    rows = [{"Message_Key__c": f"k{n}"} for n in range(200)]
    emails = client.collection("POST", "Email__c", rows).body
    children = [{"Participant_Key__c": f"p{n}", "Email__r": {"Message_Key__c": f"k{n}"}} for n in range(200)]
    answer = client.collection("POST", "Email_Participant__c", children)
    assert all(item["success"] for item in answer.body)
    found = client.query("SELECT Email__c, Participant_Key__c FROM Email_Participant__c")
    by_key = {item["Participant_Key__c"]: item["Email__c"] for item in found}
    assert [by_key[f"p{n}"] for n in range(200)] == [item["id"] for item in emails]


def test_addresses_are_kept_in_lower_case(org: SalesforceSandbox) -> None:
    client = admin(org)
    record_id = client.made("Contact", LastName="A", Email="Ada.BYRON@Client.Example")
    assert client.row("Contact", record_id, "Email") == {"Email": "ada.byron@client.example"}


def test_a_refused_row_says_created_where_it_would_have_been(client: Client) -> None:
    client.made("Email__c", Message_Key__c="old")
    rows = [{"Message_Key__c": "new", "Nope__c": 1}, {"Message_Key__c": "old", "Nope__c": 1}]
    refused = client.collection("PATCH", "Email__c", rows, key="Message_Key__c").body
    assert [(item["success"], item["created"]) for item in refused] == [(False, True), (False, False)]
    rows = [{"Message_Key__c": "new"}, {"Message_Key__c": "old", "Nope__c": 1}]
    undone = client.collection("PATCH", "Email__c", rows, key="Message_Key__c", all_or_none=True).body
    assert [item["created"] for item in undone] == [True, False]


def test_an_id_of_null_inserts(client: Client) -> None:
    [done] = client.collection("PATCH", "Contact", [{"Id": None, "LastName": "A"}], key="Id").body
    assert (done["success"], done["created"]) == (True, True)
    [missing] = client.collection("PATCH", "Contact", [{"LastName": "A"}], key="Id").body
    assert missing["errors"][0]["statusCode"] == "MISSING_ARGUMENT"


@pytest.mark.parametrize("names", [("Email__r", "Email__c"), ("Email__c", "Email__r")])
def test_a_parent_is_not_named_twice(client: Client, names: tuple[str, str]) -> None:
    email = client.made("Email__c", Message_Key__c="k")
    both = {"Email__c": email, "Email__r": {"Message_Key__c": "k"}}
    row = {"Participant_Key__c": "p", **{name: both[name] for name in names}}
    [refused] = client.collection("POST", "Email_Participant__c", [row]).body
    words = "Cannot specify both an external ID reference Email__r and a salesforce id, Email__c"
    assert [(item["statusCode"], item["message"]) for item in refused["errors"]] == [("INVALID_FIELD", words)]
