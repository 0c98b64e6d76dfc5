"""An SFDX project as data: every file, its kind, its name, and what it says."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from m365sandbox.salesforce.metadata.model import MetadataError

#: An XML declaration at most, then a comment.
_COMMENT = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml[^>]*>)?\s*<!--")
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
    #: whether a comment stands before the root element
    after_comment: bool = False


@dataclass(frozen=True)
class Package:
    """All files that can be read, and the places of those that cannot."""

    files: tuple[File, ...]
    #: places of files that are no XML, with what the parser says
    broken: tuple[tuple[str, str], ...]
    directories: tuple[str, ...]
    version: str

    def of(self, kind: str) -> list[File]:
        """The files of one kind, as their suffix names it."""
        return [file for file in self.files if file.kind == kind]

    def names(self, kind: str) -> set[str]:
        """What there is of one kind."""
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
        return self._by_owner.get(owner, {})

    @cached_property
    def _by_owner(self) -> dict[str, dict[str, ET.Element]]:
        found: dict[str, dict[str, ET.Element]] = {}
        for (owner, name), root in self.fields.items():
            found.setdefault(owner, {})[name] = root
        return found

    def masters(self, owner: str) -> set[str]:
        """The objects whose detail this one is."""
        found = self.of_object(owner).values()
        return {text(root, "referenceTo") for root in found if text(root, "type") == "MasterDetail"}


def load(root: Path) -> Package:
    """The project in that folder. MetadataError where it is none."""
    project, directories = read_project(root)
    files, broken = [], []
    for path in _paths(root, directories):
        try:
            files.append(read_file(root, path))
        except ET.ParseError as wrong:
            broken.append((path.relative_to(root).as_posix(), str(wrong)))
    return Package(tuple(files), tuple(broken), directories, str(project.get("sourceApiVersion")))


def read_file(root: Path, path: Path) -> File:
    """One file of the project. Raises ParseError."""
    stem, _, kind = path.name.removesuffix("-meta.xml").rpartition(".")
    written = path.read_bytes()
    content = ET.fromstring(written)  # noqa: S314 - a package that somebody deploys on purpose
    folder, owner = path.parent.name, path.parent.parent.name
    place = path.relative_to(root).as_posix()
    return File(place, kind, stem, folder, owner, content, _COMMENT.match(written) is not None)


def read_project(folder: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What `sfdx-project.json` says, and its package directories in order. MetadataError where that cannot be."""
    path = folder / "sfdx-project.json"
    try:
        project = json.loads(path.read_bytes())
        directories = tuple(item["path"] for item in project["packageDirectories"])
    except OSError as exc:
        raise MetadataError(f"{path}: cannot be read ({exc.strerror}).") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise MetadataError(f"{path}: no list of packageDirectories, each with its path.") from exc
    for name in directories:
        if not (folder / name).is_dir():
            raise MetadataError(f"{path}: the package directory {name} does not exist.")
    return project, directories


def _paths(root: Path, directories: tuple[str, ...]) -> Iterator[Path]:
    for directory in directories:
        yield from sorted((root / directory).rglob("*-meta.xml"))


def position(content: bytes, root: ET.Element, node: ET.Element) -> tuple[int, int]:
    """Line and column of an element's tag, both from 1. The file is read once more: only a refusal asks for it."""
    place = next(number for number, element in enumerate(root.iter()) if element is node)
    found: list[tuple[int, int]] = []
    parser = expat.ParserCreate()

    def start(*_: Any) -> None:
        found.append((parser.CurrentLineNumber, parser.CurrentColumnNumber + 1))

    parser.StartElementHandler = start
    parser.Parse(content, True)
    return found[place]
