"""docs/salesforce-setup.md names only what is in the package."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from m365sandbox.salesforce.metadata.package import File, Package
from m365sandbox.salesforce.metadata.rules.files import check
from m365sandbox.salesforce.metadata.rules.table import KINDS

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


def test_the_file_with_the_certificate_is_of_its_kind() -> None:
    [(place, content)] = re.findall(r"cat > sign-in/(\S+) <<EOF\n(.*?)EOF", DOCUMENT, flags=re.DOTALL)
    folder, _, file_name = place.partition("/")
    name, kind = file_name.removesuffix("-meta.xml").rsplit(".", 1)
    assert KINDS[kind] == ("ExtlClntAppGlobalOauthSettings", folder)
    file = File(place, kind, name, folder, "", ET.fromstring(content))  # noqa: S314 - our own text
    assert list(check(Package((file,), (), (), ""))) == []


def test_the_app_that_the_certificate_belongs_to_is_that_of_the_folder() -> None:
    [app] = (ROOT / "sign-in" / "externalClientApps").iterdir()
    assert f"<externalClientApplication>{app.name.removesuffix('.eca-meta.xml')}</" in DOCUMENT
