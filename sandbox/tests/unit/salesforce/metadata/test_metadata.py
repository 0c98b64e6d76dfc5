"""A folder an org would refuse is refused by file name, in one sentence."""

import shutil
from pathlib import Path

import pytest
from m365sandbox.salesforce.metadata import MetadataError, locate, org_schema, read_metadata

OBJECTS = Path("main/default/objects")
FIELD = OBJECTS / "Email__c/fields/Subject__c.field-meta.xml"
OBJECT = OBJECTS / "Email__c/Email__c.object-meta.xml"
PERMISSIONS = Path("main/default/permissionsets/Microsoft_365_Sync_Integration.permissionset-meta.xml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "sfdc_objects"
    shutil.copytree(locate(), copy)
    return copy


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(folder: Path) -> str:
    with pytest.raises(MetadataError) as caught:
        org_schema(read_metadata(folder))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_copy_is_accepted(folder: Path) -> None:
    assert org_schema(read_metadata(folder)).object("Email__c") is not None


@pytest.mark.parametrize("place", [FIELD, OBJECT, PERMISSIONS])
def test_broken_xml_names_the_file(folder: Path, place: Path) -> None:
    (folder / place).write_text("<CustomField><fullName>", encoding="utf-8")
    message = refusal(folder)
    assert place.name in message
    assert "not well-formed XML" in message


@pytest.mark.parametrize(
    ("place", "old", "new", "words"),
    [
        (FIELD, "<CustomField ", "<Custom ", "not well-formed XML"),
        (FIELD, "<type>Text</type>", "<type>Texture</type>", "a Texture field is not emulated"),
        (FIELD, "<length>255</length>", "<length>many</length>", "length must be a whole number, not many"),
        (FIELD, "<fullName>Subject__c<", "<fullName>Object__c<", "fullName is Object__c"),
        (FIELD, "<required>false<", "<required>maybe<", "required must be true or false, not maybe"),
        (FIELD, "<type>Text</type>", "<type>Text</type><formula>1</formula>", "a formula field is not emulated"),
        (FIELD, "<type>Text</type>", "<type>Text</type><defaultValue>TODAY()</defaultValue>", "TODAY() is a formula"),
        (OBJECT, "<sharingModel>Private<", "<sharingModel>Secret<", "sharingModel Secret is unknown"),
        (OBJECT, "<nameField>", "<noField>", "not well-formed XML"),
        (PERMISSIONS, "<name>ApiEnabled<", "<name>ApiEnabledd<", "Unknown user permission: ApiEnabledd"),
        (PERMISSIONS, "<field>Email__c.Subject__c<", "<field>Email__c.Subjekt__c<", "Email__c.Subjekt__c found"),
        (PERMISSIONS, "<field>Email__c.Subject__c<", "<field>Email__c.Name<", "cannot deploy to a required field"),
        (PERMISSIONS, "<field>Email__c.Subject__c<", "<field>Subject__c<", "expected Object.Field"),
        (PERMISSIONS, "<object>Email__c<", "<object>Mail__c<", "no object named Mail__c"),
        (PERMISSIONS, "<allowRead>true<", "<allowRead>false<", "lack allowRead"),
    ],
)
def test_what_an_org_refuses(folder: Path, place: Path, old: str, new: str, words: str) -> None:
    change(folder / place, old, new)
    message = refusal(folder)
    assert words in message
    assert place.name in message


def test_a_reference_to_nothing(folder: Path) -> None:
    change(folder / OBJECTS / "Email__c/fields/Mailbox__c.field-meta.xml", ">MS_Graph_User__c<", ">Mailbox__c<")
    assert refusal(folder) == "Email__c.Mailbox__c refers to Mailbox__c, which does not exist."


def test_fields_of_an_unknown_object(folder: Path) -> None:
    (folder / OBJECT).unlink()
    assert refusal(folder) == "objects/email__c/fields: there is no such object."


def test_an_object_in_the_wrong_folder(folder: Path) -> None:
    (folder / OBJECTS / "Email__c").rename(folder / OBJECTS / "Mail__c")
    assert "it stands in the folder Mail__c, which is not its name" in refusal(folder)


def test_a_missing_package_directory(folder: Path) -> None:
    shutil.rmtree(folder / "prerequisites")
    assert "the package directory prerequisites does not exist" in refusal(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"packageDirectories": [{}]}'])
def test_a_broken_project_file(folder: Path, text: str) -> None:
    (folder / "sfdx-project.json").write_text(text, encoding="utf-8")
    assert "no list of packageDirectories" in refusal(folder)
