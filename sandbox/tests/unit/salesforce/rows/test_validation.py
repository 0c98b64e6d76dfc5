"""The validation rules of sfdc_objects/ as the org plays them, and what a deploy of a wrong one gives."""

import shutil
from pathlib import Path

import pytest
from m365sandbox.salesforce.metadata import MetadataError, org_schema, read_metadata
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import METADATA, Client, admin, code_of, integration, new_org, new_user

RULE = "MS_Graph_Exclusion__c"
SETTING = "MS_Graph_Setting__c"
CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
RULES = "main/default/objects/MS_Graph_Exclusion__c/validationRules"


@pytest.fixture(scope="module")
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture(scope="module")
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


def made(client: Client, pattern: str, kind: str = "External Address", **more: object) -> str:
    return client.made(RULE, Type__c=kind, Pattern__c=pattern, **more)


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("External Address", "news@shop.example"),
        ("External Address", "*@shop.example"),
        ("External Address", "@shop.example"),
        ("External Address", "*news*"),
        ("External Address", "  news@shop.example  "),
        ("External Address", "jürgen@müller.example"),
        ("Personal Address", "mum@home.example"),
        ("Internal Domain", "firm.example"),
        ("Internal Domain", "@firm.example"),
        ("Internal Domain", "*@firm.example"),
        ("Internal Domain", "müller.example"),
    ],
)
def test_a_good_pattern_is_taken(client: Client, kind: str, pattern: str) -> None:
    assert client.create(RULE, Type__c=kind, Pattern__c=pattern).status == 201


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("External Address", "a@x.example; b@x.example"),
        ("External Address", "a@x.example,b@x.example"),
        ("External Address", "Ann <ann@x.example>"),
        ("External Address", "a b@x.example"),
        ("External Address", "a@b@x.example"),
        ("External Address", "x.example"),
        ("External Address", "*@*"),
        ("External Address", "*"),
        ("Personal Address", "mum"),
        ("Internal Domain", "firm"),
        ("Internal Domain", "*.firm.example"),
        ("Internal Domain", "ann@firm.example"),
        ("Internal Domain", "https://firm.example"),
        ("Internal Domain", "firm.example, bank.example"),
        ("Internal Domain", "@"),
    ],
)
def test_a_wrong_pattern_is_refused_at_its_field(client: Client, kind: str, pattern: str) -> None:
    answer = client.create(RULE, Type__c=kind, Pattern__c=pattern)
    assert (answer.status, answer.code, answer.body[0]["fields"]) == (400, CODE, ["Pattern__c"])
    assert answer.message.startswith("Enter one domain name" if kind == "Internal Domain" else "Enter one address")


def test_the_copy_of_a_deleted_rule_is_taken_as_it_was(client: Client) -> None:
    assert client.create(RULE, Type__c="Internal Domain", Pattern__c="a*b", Tombstone_Of__c="copy").status == 201


def test_type_pattern_and_user_are_fixed(client: Client, org: SalesforceSandbox) -> None:
    rule = made(client, "mum@home.example", "Personal Address", User__c=org.admin.user_id)
    wanted = "Type, Pattern and User cannot be changed. Clear Active on this rule and create a new one."
    for change in (
        {"Pattern__c": "dad@home.example"},
        {"Pattern__c": "Mum@home.example"},
        {"User__c": org.integration.user_id},
        {"User__c": None},
        {"Type__c": "External Address", "User__c": None},
    ):
        answer = client.change(RULE, rule, **change)
        assert (answer.status, answer.code, answer.message) == (400, CODE, wanted), change
        assert answer.body[0]["fields"] == []
    same = {"Pattern__c": "mum@home.example", "User__c": org.admin.user_id[:15], "Active__c": False}
    assert client.change(RULE, rule, **same).status == 204
    row = client.row(RULE, rule, "Type__c,Pattern__c,User__c,Active__c")
    assert row == {
        "Type__c": "Personal Address",
        "Pattern__c": "mum@home.example",
        "User__c": org.admin.user_id,
        "Active__c": False,
    }


def test_every_rule_that_applies_is_told(client: Client, org: SalesforceSandbox) -> None:
    answer = client.create(RULE, Type__c="Internal Domain", Pattern__c="firm", User__c=org.admin.user_id)
    assert {error["fields"][0] for error in answer.body} == {"Pattern__c", "User__c"}
    assert {error["errorCode"] for error in answer.body} == {CODE}


def test_rows_of_a_collection_are_refused_one_by_one(client: Client) -> None:
    rows = [{"Type__c": "External Address", "Pattern__c": item} for item in ("a@x.example", "nothing", "b@x.example")]
    answer = client.collection("POST", RULE, rows)
    assert [code_of(answer, place) for place in range(3)] == [None, CODE, None]
    rows = [{"id": answer.body[place]["id"], "Pattern__c": "c@x.example"} for place in (0, 2)]
    rows[1]["Pattern__c"] = "b@x.example"
    changed = client.collection("PATCH", RULE, rows)
    assert [code_of(changed, place) for place in range(2)] == [CODE, None]


def test_only_holders_of_the_custom_permission_make_rules_for_others(org: SalesforceSandbox) -> None:
    user_id, ann = new_user(org, "Ann", "Microsoft_365_Sync_User")
    for own in ({}, {"User__c": user_id}):
        assert ann.create(RULE, Type__c="Personal Address", Pattern__c="mum@home.example", **own).status == 201
    others = ann.create(RULE, Type__c="Personal Address", Pattern__c="x@y.example", User__c=org.admin.user_id)
    everyone = ann.create(RULE, Type__c="External Address", Pattern__c="x@y.example")
    for answer in (others, everyone):
        assert (answer.code, answer.body[0]["fields"]) == (CODE, ["Type__c"])
    assert admin(org).create(RULE, Type__c="External Address", Pattern__c="x@y.example").status == 201


def test_a_custom_permission_may_be_held_through_a_group(org: SalesforceSandbox) -> None:
    made_user = org.create_user(
        "boss@firm.example", "Ann Boss", "boss@firm.example", True, ("Microsoft_365_Sync_Admin",), ("Bosses",)
    )
    boss = Client(org, made_user["access_token"])
    assert boss.create(RULE, Type__c="External Address", Pattern__c="x@y.example").status == 201
    held = "SELECT Id FROM PermissionSetAssignment WHERE PermissionSetGroupId != null AND AssigneeId = "
    [row] = admin(org).query(f"{held}'{made_user['id']}'")
    admin(org).send("DELETE", f"sobjects/PermissionSetAssignment/{row['Id']}")
    new_id = admin(org).query("SELECT Id FROM PermissionSet WHERE Name = 'Microsoft_365_Sync_User'")[0]["Id"]
    admin(org).made("PermissionSetAssignment", AssigneeId=made_user["id"], PermissionSetId=new_id)
    assert boss.create(RULE, Type__c="External Address", Pattern__c="x@y.example").code == CODE


@pytest.mark.parametrize(
    ("field", "bad", "good"),
    [
        ("Backfill_Months__c", -1, 0),
        ("Backfill_Months__c", 241, 240),
        ("Unmatched_Retention_Days__c", 0, 1),
        ("Licensed_Users__c", -1, 0),
        ("Unmatched_Retention_Days__c", 36501, 36500),
        ("Attachment_Max_MB__c", -1, 0),
        ("Attachment_Max_MB__c", 151, 150),
        ("Key__c", "other", "default"),
        ("Key__c", None, "default"),
    ],
)
def test_settings_stay_in_their_bounds(org: SalesforceSandbox, field: str, bad: object, good: object) -> None:
    boss = admin(org)
    found = boss.query("SELECT Id FROM MS_Graph_Setting__c")
    setting = found[0]["Id"] if found else boss.made(SETTING, Name="Default")
    answer = boss.change(SETTING, setting, **{field: bad})
    assert (answer.status, answer.code, answer.body[0]["fields"]) == (400, CODE, [field])
    assert boss.change(SETTING, setting, **{field: good}).status == 204
    if field != "Key__c":
        assert boss.change(SETTING, setting, **{field: None}).status == 204


def test_formats_and_required_values_come_first_and_unique_values_after(org: SalesforceSandbox) -> None:
    boss = admin(org)
    assert boss.create(RULE, Type__c="Nonsense", Pattern__c="nothing").code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert boss.create(RULE, Type__c="External Address").code == "REQUIRED_FIELD_MISSING"
    rows = {"Type__c": "External Address", "Tombstone_Of__c": "same"}
    assert boss.create(RULE, Pattern__c="a@x.example", **rows).status == 201
    assert boss.create(RULE, Pattern__c="a@x.example", **rows).code == "DUPLICATE_VALUE"
    twice = boss.create(RULE, Pattern__c="a@x.example", User__c=org.admin.user_id, **rows)
    assert [error["errorCode"] for error in twice.body] == [CODE]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(METADATA, tmp_path / "sfdc_objects"))


def rewrite(project: Path, name: str, old: str, new: str) -> None:
    file = project / RULES / f"{name}.validationRule-meta.xml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_rule_may_read_long_text_that_an_update_does_not_name(project: Path) -> None:
    folder = project / "main/default/objects/Email__c/validationRules"
    (folder / "Fixed.validationRule-meta.xml").write_text(
        '<ValidationRule xmlns="http://soap.sforce.com/2006/04/metadata"><fullName>Fixed</fullName>'
        "<active>true</active><errorConditionFormula>NOT(ISNEW()) &amp;&amp; CONTAINS(To__c, 'kept')"
        "</errorConditionFormula><errorMessage>It is kept.</errorMessage></ValidationRule>",
        encoding="utf-8",
    )
    client = integration(new_org(metadata=project))
    kept, other = (client.made("Email__c", To__c=item) for item in ("to be kept", "other"))
    assert client.change("Email__c", kept, Subject__c="x").message == "It is kept."
    assert client.change("Email__c", other, Subject__c="x").status == 204


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("ISCHANGED(User__c)", "VLOOKUP(User__c)", "Unknown function VLOOKUP"),
        ("ISCHANGED(User__c)", "ISCHANGED(Nobody__c)", "Field Nobody__c does not exist"),
        ("ISCHANGED(User__c)", "ISCHANGED(User__c", "Syntax error"),
        ("ISCHANGED(User__c)", "LEN(Pattern__c)", "Expected Boolean, received Number"),
    ],
)
def test_a_rule_that_cannot_be_played_stops_the_deploy(project: Path, old: str, new: str, words: str) -> None:
    rewrite(project, "Rule_Cannot_Change", old, new)
    with pytest.raises(MetadataError, match=words) as caught:
        org_schema(read_metadata(project))
    assert "MS_Graph_Exclusion__c.Rule_Cannot_Change" in str(caught.value)


def test_a_rule_names_a_field_and_an_object_that_there_are(project: Path) -> None:
    rewrite(project, "Address_Pattern", "<errorDisplayField>Pattern__c", "<errorDisplayField>Nobody__c")
    with pytest.raises(MetadataError, match="errorDisplayField Nobody__c does not exist"):
        org_schema(read_metadata(project))
    shutil.move(project / RULES, project / "main/default/objects/Nobody__c/validationRules")
    with pytest.raises(MetadataError, match="objects/Nobody__c/validationRules: there is no such object"):
        org_schema(read_metadata(project))


def test_an_inactive_rule_is_not_played(project: Path) -> None:
    rewrite(project, "Rule_Cannot_Change", "<active>true", "<active>false")
    schema = org_schema(read_metadata(project))
    sobject = schema.object(RULE)
    assert sobject is not None
    assert {rule.name for rule in sobject.rules} == {
        "Address_Pattern",
        "Domain_Pattern",
        "Global_Rules_Are_For_Admins",
        "User_Is_For_Personal_Rules",
    }


def test_a_custom_permission_that_is_not_there_cannot_be_granted(project: Path) -> None:
    (project / "main/default/customPermissions/Manage_Microsoft_365_Sync.customPermission-meta.xml").unlink()
    for folder in (RULES, "main/default/objects/Email__c/validationRules"):
        shutil.rmtree(project / folder)
    with pytest.raises(MetadataError, match="no CustomPermission named Manage_Microsoft_365_Sync found"):
        org_schema(read_metadata(project))
