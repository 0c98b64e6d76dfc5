"""docs/salesforce-setup.md names only what is in the package."""

import re
from pathlib import Path

from tests.unit.metadata.design import FIELDS, OBJECTS, RIGHTS
from tests.unit.metadata.project import ROOT

DOCUMENT = (Path(__file__).parents[3] / "docs" / "salesforce-setup.md").read_text(encoding="utf-8")


def test_folders_that_are_deployed_are_there() -> None:
    folders = re.findall(r"--source-dir (\S+)", DOCUMENT)
    assert folders
    for folder in folders:
        assert (ROOT / folder).is_dir(), folder


def test_permission_sets_objects_and_fields_are_there() -> None:
    assert set(re.findall(r"\bMicrosoft_365_Sync_[A-Z]\w+", DOCUMENT)) == set(RIGHTS)
    names = {name for fields in FIELDS.values() for name in fields} | set(OBJECTS)
    assert set(re.findall(r"\b[A-Za-z]\w*?__c\b", DOCUMENT)) <= names
