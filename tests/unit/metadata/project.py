"""`sfdc_objects/` as data: every file, its kind, its name, and what it says."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[3] / "sfdc_objects"
NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"


def each(node: ET.Element, tag: str) -> list[ET.Element]:
    return node.findall(f"{NAMESPACE}{tag}")


def text(node: ET.Element, tag: str, default: str = "") -> str:
    return node.findtext(f"{NAMESPACE}{tag}") or default


def texts(node: ET.Element, tag: str) -> list[str]:
    """What every such element says, at any depth."""
    return [found.text or "" for found in node.iter(f"{NAMESPACE}{tag}")]


def flag(node: ET.Element, tag: str) -> bool:
    return text(node, tag) == "true"


def number(node: ET.Element, tag: str) -> int | None:
    said = text(node, tag)
    return int(said) if said.isdecimal() else None


def local(node: ET.Element) -> str:
    """The tag without its namespace."""
    return node.tag.removeprefix(NAMESPACE)


def values(field: ET.Element) -> list[str]:
    """The values of a picklist."""
    return [text(value, "fullName") for value in field.iter(f"{NAMESPACE}value")]


@dataclass(frozen=True, slots=True)
class File:
    """One `NAME.KIND-meta.xml`."""

    place: str
    kind: str
    name: str
    folder: str
    #: of a child of an object (field, list view, …): the object
    owner: str
    root: ET.Element


@dataclass(frozen=True)
class Project:
    """All files that can be read, and the places of those that cannot."""

    files: tuple[File, ...]
    broken: tuple[str, ...]
    directories: tuple[str, ...]
    version: str

    def of(self, kind: str) -> list[File]:
        return [file for file in self.files if file.kind == kind]

    def names(self, kind: str) -> set[str]:
        return {file.name for file in self.of(kind)}

    @cached_property
    def objects(self) -> dict[str, ET.Element]:
        """Custom objects by name."""
        return {file.name: file.root for file in self.of("object")}

    @cached_property
    def fields(self) -> dict[tuple[str, str], ET.Element]:
        """Custom fields by object and name."""
        return {(file.owner, file.name): file.root for file in self.of("field")}

    def of_object(self, owner: str) -> dict[str, ET.Element]:
        """The custom fields of one object."""
        return {name: root for (other, name), root in self.fields.items() if other == owner}

    def masters(self, owner: str) -> set[str]:
        """The objects whose detail this one is."""
        found = self.of_object(owner).values()
        return {text(root, "referenceTo") for root in found if text(root, "type") == "MasterDetail"}


def load(root: Path = ROOT) -> Project:
    """The project below that folder."""
    project = json.loads((root / "sfdx-project.json").read_text(encoding="utf-8"))
    directories = tuple(item["path"] for item in project["packageDirectories"])
    files, broken = [], []
    for path in _paths(root, directories):
        place = path.relative_to(root).as_posix()
        stem, _, kind = path.name.removesuffix("-meta.xml").rpartition(".")
        try:
            content = ET.parse(path).getroot()  # noqa: S314 - our own files
        except ET.ParseError:
            broken.append(place)
            continue
        files.append(File(place, kind, stem, path.parent.name, path.parent.parent.name, content))
    return Project(tuple(files), tuple(broken), directories, str(project["sourceApiVersion"]))


def _paths(root: Path, directories: tuple[str, ...]) -> Iterator[Path]:
    for directory in directories:
        yield from sorted(path for path in (root / directory).rglob("*") if re.search(r"-meta\.xml$", path.name))
