"""The tables of our fields say what the metadata, the code and the rows that are written say."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from connector.model.schema import MAIL, TABLES, FieldType, Table, Use
from connector.model.values import RecordId
from connector.salesforce.permission_probe import Step, steps
from tests.support.firm import Firm

ROOT = Path(__file__).parents[3]
OBJECTS = ROOT / "sfdc_objects" / "main" / "default" / "objects"
TYPE = "{http://soap.sforce.com/2006/04/metadata}type"
BY_NAME = {table.name: table for table in TABLES}
AUDIT = {"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"}
#: relationships from a parent to its rows, as the metadata names them
CHILDREN = {"Participants__r"}
#: fields of the platform that depend on the org or belong to the file itself
OF_THE_PLATFORM = {"TaskWhoIds", "Title", "PathOnClient", "VersionData", "FirstPublishLocationId", "OwnerId"}


def deployed(folder: Path) -> dict[str, str]:
    """The fields of an object in the metadata, with their types."""
    found = {}
    for path in (folder / "fields").glob("*.field-meta.xml"):
        kind = ET.parse(path).getroot().findtext(TYPE)  # noqa: S314 - our own files
        assert kind
        found[path.name.removesuffix(".field-meta.xml")] = kind
    return found


@pytest.mark.parametrize("folder", sorted(OBJECTS.iterdir()), ids=lambda folder: folder.name)
def test_the_tables_have_the_fields_of_the_metadata_and_no_others(folder: Path) -> None:
    table = BY_NAME["Task" if folder.name == "Activity" else folder.name]
    ours = {name: kind.value for name, (kind, _) in table.fields.items() if kind is not FieldType.STANDARD}
    assert ours == deployed(folder)


def test_each_table_is_deployed() -> None:
    assert {"Activity" if name == "Task" else name for name in BY_NAME} == {path.name for path in OBJECTS.iterdir()}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_is_read_of_a_parent_is_a_field_of_it(table: Table) -> None:
    for name in table.fields:
        relation, dot, _ = name.partition(".")
        assert not dot or relation.replace("__r", "__c") in table.fields


def names_in_the_code() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "connector").rglob("*.py")):
        for name in re.findall(r"\b[A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*__[cr]\b", path.read_text(encoding="utf-8")):
            yield path.name, name


def test_the_code_names_no_object_or_field_that_is_not_in_the_tables() -> None:
    known = {*BY_NAME, *(name for table in TABLES for name in table.fields), *CHILDREN}
    known |= {name.replace("__c", "__r") for name in known}
    assert {(path, name) for path, name in names_in_the_code() if name not in known} == set()


def test_every_field_that_is_filled_later_is_written_at_first() -> None:
    assert set(MAIL.names(Use.FILLABLE)) <= set(MAIL.names(Use.CREATED))


def test_a_run_writes_new_rows_with_the_fields_that_are_checked_before_it() -> None:
    firm = Firm()
    firm.mail(firm.ada, subject="Offer")
    firm.mail(firm.ada, days=2, sender="stranger@elsewhere.example")
    firm.sync()
    for name in ("Email__c", "Email_Participant__c", "Task"):
        rows = firm.org.rows(name)
        assert rows
        for row in rows:
            assert set(row) - AUDIT - OF_THE_PLATFORM <= set(BY_NAME[name].names(Use.CREATED))


def probed() -> list[Step]:
    setup = Firm().org.read()
    row = RecordId("005000000000001AAA")
    return [step for step in steps(setup, key="0" * 32, inactive=row, setting=row) if step.fields is not None]


@pytest.mark.parametrize("step", probed(), ids=lambda step: step.label)
def test_a_check_tries_to_write_fields_that_are_written(step: Step) -> None:
    table = BY_NAME[step.object]
    written = {*table.names(Use.CREATED), *table.names(Use.CHANGED), *AUDIT, *OF_THE_PLATFORM}
    assert {*(step.fields or ()), *step.links} <= written
