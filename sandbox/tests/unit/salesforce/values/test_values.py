"""What a single value may be: types, lengths, picklists, required, defaults."""

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, admin, integration, new_org


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


def test_an_unknown_field_is_refused(client: Client) -> None:
    answer = client.create("Email__c", Nonsense__c="x")
    assert (answer.status, answer.code) == (400, "INVALID_FIELD")
    assert answer.message == "No such column 'Nonsense__c' on sobject of type Email__c"
    rows = client.collection("POST", "Email__c", [{"Nonsense__c": "x"}, {"Subject__c": "good"}])
    assert [item["success"] for item in rows.body] == [False, True]
    assert rows.body[0]["errors"][0]["statusCode"] == "INVALID_FIELD"


def test_field_names_are_matched_without_case(client: Client) -> None:
    record_id = client.made("email__C", subject__C="Hello")
    assert client.row("EMAIL__c", record_id, "SUBJECT__c") == {"Subject__c": "Hello"}


def test_text_over_its_length_is_refused_with_label_and_limit(client: Client) -> None:
    assert client.create("Email__c", Subject__c="x" * 255).status == 201
    answer = client.create("Email__c", Subject__c="x" * 256)
    assert (answer.status, answer.code) == (400, "STRING_TOO_LONG")
    assert answer.message.startswith("Subject: data value too large: x")
    assert answer.message.endswith("(max length=255)")
    assert answer.body[0]["fields"] == ["Subject__c"]


def test_lengths_count_utf16_units(client: Client) -> None:
    assert client.create("Email__c", Subject__c="\N{GRINNING FACE}" * 127).status == 201
    assert client.create("Email__c", Subject__c="\N{GRINNING FACE}" * 128).code == "STRING_TOO_LONG"
    assert client.create("Email__c", Subject__c="é" * 255).status == 201


@pytest.mark.parametrize(("char", "size"), [("&", 5), ("<", 4), (">", 4), ('"', 6), ("'", 5)])
def test_rich_text_is_counted_as_it_is_encoded(client: Client, char: str, size: int) -> None:
    fits, rest = divmod(131_072, size)
    assert client.create("Email__c", Body__c=char * fits + "x" * rest).status == 201
    assert client.create("Email__c", Body__c=char * fits + "x" * (rest + 1)).code == "STRING_TOO_LONG"


def test_other_long_text_is_counted_plain(client: Client) -> None:
    described = client.send("GET", "sobjects/Email__c/describe").body["fields"]
    length = next(item["length"] for item in described if item["name"] == "To__c")
    assert client.create("Email__c", To__c="&" * length).status == 201
    assert client.create("Email__c", To__c="&" * (length + 1)).code == "STRING_TOO_LONG"


def test_half_a_surrogate_pair_does_not_break_the_row(client: Client) -> None:
    record_id = client.made("Email__c", Subject__c="a\ud800b")
    assert client.row("Email__c", record_id, "Subject__c")["Subject__c"] == "a?b"


def test_a_null_character_does_not_reach_the_row(client: Client) -> None:
    record_id = client.made("Email__c", Subject__c="a\x00b", Message_Key__c="k\x00")
    assert client.row("Email__c", record_id, "Subject__c,Message_Key__c") == {"Subject__c": "ab", "Message_Key__c": "k"}
    assert client.create("Email__c", Message_Key__c="k\x00").code == "DUPLICATE_VALUE"


def test_what_cannot_be_written_as_utf8_is_answered_all_the_same(client: Client) -> None:
    assert client.create("Email__c", **{"\ud800": 1}).message.startswith("No such column '?'")
    assert client.create("Email__c", Mailbox__c="\udfff").code == "MALFORMED_ID"


def test_restricted_picklists_take_their_values_only(client: Client) -> None:
    answer = client.create("Email__c", Direction__c="Sideways")
    assert (answer.status, answer.code) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    assert answer.message == "Direction: bad value for restricted picklist field: Sideways"
    assert client.create("Email__c", Direction__c="Inbound").status == 201
    assert client.create("Email__c", Direction__c=None).status == 201


@pytest.mark.parametrize("address", ["root@localhost", "no-at-sign", "a b@firm.example", "ünï@firm.example", "a@b..c"])
def test_email_fields_refuse_what_is_no_address(org: SalesforceSandbox, address: str) -> None:
    answer = admin(org).create("Contact", LastName="X", Email=address)
    assert (answer.status, answer.code) == (400, "INVALID_EMAIL_ADDRESS")
    assert answer.message == f"Email: invalid email address: {address}"
    assert answer.body[0]["fields"] == ["Email"]


def test_email_fields_hold_eighty_characters(org: SalesforceSandbox) -> None:
    assert admin(org).create("Contact", LastName="X", Email="a" * 67 + "@firm.example").status == 201
    assert admin(org).create("Contact", LastName="X", Email="a" * 68 + "@firm.example").code == "STRING_TOO_LONG"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Subject__c", 5),
        ("Subject__c", ["x"]),
        ("Subject__c", {"a": 1}),
        ("Attachment_Count__c", "many"),
        ("Attachment_Count__c", True),
        ("Sent_At__c", "yesterday"),
        ("Sent_At__c", "2026-02-30T00:00:00Z"),
        ("Expires_On__c", "2026-13-01"),
        ("Body_Truncated__c", "maybe"),
        ("Body_Truncated__c", None),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(client: Client, field: str, value: object) -> None:
    answer = client.create("Email__c", **{field: value})
    assert (answer.status, answer.code) == (400, "JSON_PARSER_ERROR")
    rows = client.collection("POST", "Email__c", [{field: value}, {"Subject__c": "good"}])
    assert [item["success"] for item in rows.body] == [False, True]
    assert rows.body[0]["errors"][0]["statusCode"] == "INVALID_TYPE_ON_FIELD_IN_RECORD"


@pytest.mark.parametrize(
    ("field", "value", "token"),
    [
        ("Subject__c", True, "string from VALUE_TRUE value true"),
        ("Subject__c", 5, "string from VALUE_NUMBER_INT value 5"),
        ("Subject__c", ["x"], "string from START_ARRAY value or"),
        ("Subject__c", {"x": 1}, "string from START_OBJECT value or"),
        ("Body_Truncated__c", None, "boolean from VALUE_NULL value null"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_as_json_has_it(
    client: Client, field: str, value: object, token: str
) -> None:
    assert f"Cannot deserialize instance of {token}" in client.create("Email__c", **{field: value}).message


def test_a_number_has_no_more_digits_than_its_field(client: Client) -> None:
    described = client.send("GET", "sobjects/Email__c/describe").body["fields"]
    field = next(item for item in described if item["name"] == "Attachment_Count__c")
    digits = field["precision"] - field["scale"]
    assert client.create("Email__c", Attachment_Count__c=10 ** (digits - 1)).status == 201
    assert client.create("Email__c", Attachment_Count__c=10**digits).code == "NUMBER_OUTSIDE_VALID_RANGE"


def test_instants_are_kept_in_utc_to_the_second(client: Client) -> None:
    record_id = client.made("Email__c", Sent_At__c="2026-03-01T10:00:00.987+02:00")
    assert client.row("Email__c", record_id, "Sent_At__c")["Sent_At__c"] == "2026-03-01T08:00:00.000+0000"


def test_required_fields_are_named(org: SalesforceSandbox) -> None:
    answer = admin(org).create("Contact", FirstName="Ann")
    assert (answer.status, answer.code) == (400, "REQUIRED_FIELD_MISSING")
    assert answer.message == "Required fields are missing: [LastName]"
    assert answer.body[0]["fields"] == ["LastName"]
    contact = admin(org).made("Contact", LastName="Lee")
    assert admin(org).change("Contact", contact, LastName=None).code == "REQUIRED_FIELD_MISSING"


def test_defaults_fill_what_is_not_named(client: Client, org: SalesforceSandbox) -> None:
    email = client.made("Email__c", Subject__c="x")
    row = client.row("Email__c", email, "Name,OwnerId,Body_Truncated__c")
    assert row == {"Name": email, "OwnerId": org.integration.user_id, "Body_Truncated__c": False}
    setting = client.made("MS_Graph_Setting__c", Name="Default", Key__c="default")
    row = client.row("MS_Graph_Setting__c", setting, "Active__c,Frequency__c,Backfill_Months__c,Opt_Out_Categories__c")
    assert row == {
        "Active__c": False,
        "Frequency__c": "Hourly",
        "Backfill_Months__c": 6.0,
        "Opt_Out_Categories__c": "Do Not Sync",
    }


def test_auto_numbers_go_up(client: Client) -> None:
    made = [client.made("MS_Graph_Exclusion__c", Type__c="External Address", Pattern__c=f"{n}@x.example") for n in "ab"]
    names = [client.row("MS_Graph_Exclusion__c", item, "Name")["Name"] for item in made]
    assert names[0] < names[1]
    assert client.create("MS_Graph_Exclusion__c", Name="Mine", Pattern__c="x@y.example").code == (
        "INVALID_FIELD_FOR_INSERT_UPDATE"
    )


def test_several_reasons_stand_in_one_answer(client: Client) -> None:
    answer = client.create("Email__c", Subject__c="x" * 256, Direction__c="Sideways")
    assert {item["errorCode"] for item in answer.body} == {"STRING_TOO_LONG", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"}


def test_an_id_cannot_be_chosen(client: Client) -> None:
    answer = client.create("Email__c", Id="a01Hn0000000001IAA", Subject__c="x")
    assert (answer.status, answer.code) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_platform_fields_cannot_be_written(client: Client) -> None:
    for name in ("SystemModstamp", "IsDeleted"):
        answer = client.create("Email__c", **{name: "2026-01-01T00:00:00Z" if name == "SystemModstamp" else True})
        assert answer.code == "INVALID_FIELD_FOR_INSERT_UPDATE"
        assert name in answer.message
