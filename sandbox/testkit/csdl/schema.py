"""The types of Graph's metadata, read from CSDL."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

FILES = ("graph-v1.0-mail.csdl", "graph-v1.0-more.csdl")
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_COLLECTION = "Collection("


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A property of a type. In a collection `nullable` is about its items: the collection itself is never null."""

    name: str
    type: str
    is_collection: bool
    nullable: bool
    is_navigation: bool


@dataclass(slots=True, kw_only=True)
class Structure:
    """An entity type or a complex type; `members` holds those it inherits too."""

    name: str
    base: str | None
    is_entity: bool
    is_abstract: bool
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def own_values(self) -> set[str]:
        """The members that every answer shows unless $select says otherwise: all but the navigation properties."""
        return {member.name for member in self.members.values() if not member.is_navigation}


@dataclass(frozen=True, slots=True)
class Schema:
    """All types by name, without their namespace."""

    structures: dict[str, Structure]
    enums: dict[str, frozenset[str]]

    def is_a(self, name: str, base: str) -> bool:
        """Whether a type is another one or derived from it."""
        return base in self.lineage(name)

    def lineage(self, name: str) -> Iterator[str]:
        """A type, its base, and so on."""
        current: str | None = name
        while current is not None:
            yield current
            current = self.structures[current].base


@cache
def graph_schema() -> Schema:
    """The schema that the sandbox's answers must fit."""
    structures: dict[str, Structure] = {}
    enums: dict[str, frozenset[str]] = {}
    for file in FILES:
        root = ElementTree.parse(Path(__file__).with_name(file)).getroot()  # noqa: S314 - our own files
        for element in root.iter():
            kind = element.tag.removeprefix(_EDM)
            if kind == "EnumType":
                enums[element.attrib["Name"]] = frozenset(one.attrib["Name"] for one in element)
            elif kind in ("EntityType", "ComplexType"):
                found = _structure(element, is_entity=kind == "EntityType")
                structures[found.name] = found
    schema = Schema(structures, enums)
    own = {name: dict(structure.members) for name, structure in structures.items()}
    for name, structure in structures.items():
        for base in list(schema.lineage(name))[1:]:
            structure.members = {**own[base], **structure.members}
    return schema


def _structure(element: ElementTree.Element, *, is_entity: bool) -> Structure:
    base = element.get("BaseType")
    made = Structure(
        name=element.attrib["Name"],
        base=_plain(base) if base else None,
        is_entity=is_entity,
        is_abstract=element.get("Abstract") == "true",
    )
    for child in element:
        kind = child.tag.removeprefix(_EDM)
        if kind in ("Property", "NavigationProperty"):
            member = _member(child, is_navigation=kind == "NavigationProperty")
            made.members[member.name] = member
    return made


def _member(element: ElementTree.Element, *, is_navigation: bool) -> Member:
    written = element.attrib["Type"]
    is_collection = written.startswith(_COLLECTION)
    return Member(
        name=element.attrib["Name"],
        type=_plain(written.removeprefix(_COLLECTION).rstrip(")")),
        is_collection=is_collection,
        nullable=element.get("Nullable") != "false",
        is_navigation=is_navigation,
    )


def _plain(name: str) -> str:
    return name.removeprefix("graph.").removeprefix("microsoft.graph.")
