"""`sfdc_objects/` and the table of elements, judged by Salesforce's own packages: source converter and types."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from m365sandbox.salesforce.metadata import locate
from m365sandbox.salesforce.metadata.package import Package, load, local
from m365sandbox.salesforce.metadata.rules.elements import ELEMENTS, VALUES
from m365sandbox.salesforce.metadata.rules.table import KINDS

from tests.support.node_process import node

pytestmark = pytest.mark.node

#: Text that Salesforce's types narrow to a choice which no file uses.
_NARROWED = {("ListView", "language"), ("QuickAction", "standardLabel"), ("SharingRules", "sharingTerritoryRules")}


@pytest.fixture(scope="module")
def package() -> Package:
    return load(locate())


@pytest.fixture(scope="module")
def judged(package: Package) -> dict[str, Any]:
    asked = {"folder": str(locate()), "directories": package.directories, "version": package.version}
    found: dict[str, Any] = node("metadata.mjs", stdin=asked)
    return found


def members(judged: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The elements of a type, those that it inherits included, but for fullName."""
    found: dict[str, dict[str, Any]] = {}
    for base in judged["types"][kind]["bases"]:
        found |= members(judged, base) if base in judged["types"] else {}
    return {name: what for name, what in (found | judged["types"][kind]["own"]).items() if name != "fullName"}


def test_the_source_converter_knows_every_file(package: Package, judged: dict[str, Any]) -> None:
    assert judged["files"] == len(package.files)
    manifest = judged["manifest"]
    for kind in ("object", "app", "customPermission", "layout", "permissionset", "quickAction", "tab", "eca"):
        assert set(manifest[KINDS[kind][0]]) == package.names(kind), kind
    for kind in ("field", "listView", "compactLayout", "validationRule"):
        assert set(manifest[KINDS[kind][0]]) == {f"{file.owner}.{file.name}" for file in package.of(kind)}, kind


def wrong(judged: dict[str, Any], node: ET.Element, kind: str) -> Iterator[str]:
    """What of an element is not of that type."""
    known = members(judged, kind)
    seen: set[str] = set()
    for child in node:
        tag = local(child)
        if tag == "fullName":
            continue
        where = f"{kind}.{tag}"
        if tag not in known:
            yield f"{where} does not exist"
            continue
        if tag in seen and not known[tag]["many"]:
            yield f"{where} stands twice"
        seen.add(tag)
        holds, said = known[tag]["type"], (child.text or "").strip()
        if holds in judged["types"]:
            yield from wrong(judged, child, holds)
        elif holds in judged["enums"] and said not in judged["enums"][holds]:
            yield f"{where} cannot be {said}"
        elif holds == "boolean" and said not in ("true", "false"):
            yield f"{where} is no boolean: {said}"
        elif holds == "number" and not said.isdecimal():
            yield f"{where} is no number: {said}"
    missing = {name for name, what in known.items() if not what["optional"] and not what["many"]} - seen
    yield from (f"{kind}.{name} is missing" for name in sorted(missing))


def test_every_file_is_of_its_type(package: Package, judged: dict[str, Any]) -> None:
    found = [f"{file.place}: {text}" for file in package.files for text in wrong(judged, file.root, local(file.root))]
    assert found == []


def test_the_table_of_elements_says_the_same(judged: dict[str, Any]) -> None:
    """It knows some that newer types have not any more; a file may use what both know."""
    different = []
    for kind, words in ELEMENTS.items():
        known = members(judged, kind)
        ours = {word.partition(":")[0].rstrip("*!"): word for word in words.split()}
        different += [f"{kind}.{name} is unknown here" for name in set(known) - set(ours)]
        for name in set(known) & set(ours):
            marks, _, holds = ours[name].partition(":")
            theirs = known[name]
            must = not theirs["optional"] and not theirs["many"]
            same = (("*" in marks) == theirs["many"]) and (("!" in marks) == must or theirs["many"])
            typed = holds == "unused" or (kind, name) in _NARROWED or (holds or "string") == theirs["type"]
            if not (same and typed):
                different.append(f"{kind}.{ours[name]} is {theirs}")
    assert different == []


def test_the_choices_are_the_same(judged: dict[str, Any]) -> None:
    lacking = {name: set(judged["enums"][name]) - set(said.split()) for name, said in VALUES.items()}
    assert {name: values for name, values in lacking.items() if values} == {}
