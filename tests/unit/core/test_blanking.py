"""What is left of a removed mail, and which files go with it."""

from pathlib import Path

from connector.core.writing.blanking import BLANK, blanked, only_of
from connector.model.values import RecordId

KEPT = {"OwnerId", "Message_Key__c", "Internet_Message_Id__c", "Sent_At__c", "Match_Status__c"}
FIELDS = Path(__file__).parents[3] / "sfdc_objects" / "main" / "default" / "objects" / "Email__c" / "fields"


def test_every_field_is_either_kept_or_blanked() -> None:
    own = {path.name.removesuffix(".field-meta.xml") for path in FIELDS.glob("*.field-meta.xml")}
    assert own
    assert own | {"Name", "OwnerId"} == KEPT | BLANK.keys()
    assert KEPT.isdisjoint(BLANK)


def test_nothing_is_left_in_them() -> None:
    row = blanked(RecordId("a0E000000000001AAA"))
    assert {name: value for name, value in row.fields.items() if value} == {"Name": "(removed)"}


def test_a_file_of_these_mails_and_its_owner_alone_goes_with_them() -> None:
    documents = {
        "own": ["a0E1", "005U"],
        "shared by both": ["a0E1", "a0E2"],
        "of another mail too": ["a0E1", "a0E9"],
        "of a client too": ["a0E1", "001A", "005U"],
    }
    assert only_of(documents, ["a0E1", "a0E2"]) == {"own", "shared by both"}
