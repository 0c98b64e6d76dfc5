"""One value of an answer against its type: known members only, exact enum members, formats, nulls."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from testkit.csdl.primitives import PRIMITIVES
from testkit.csdl.quick import NAMESPACE, Quick
from testkit.csdl.schema import Member, Schema, Structure, graph_schema

# Control information of an entity (OData JSON format 4.5; @removed: 15.1).
_ENTITY_MARKS = {
    "@odata.type",
    "@odata.etag",
    "@odata.id",
    "@odata.mediaContentType",
    "@odata.mediaEditLink",
    "@removed",
}
_MEMBER_MARKS = ("@odata.context", "@odata.count", "@odata.nextLink", "@odata.type")


@dataclass(slots=True)
class Seen:
    """How often each type occurred, and which of their members had a value (an empty list is none)."""

    types: Counter[str] = field(default_factory=Counter)
    members: set[tuple[str, str]] = field(default_factory=set)


@dataclass(slots=True)
class Checker:
    """Checks values and remembers what it saw; `problems` names each member that is wrong, by its path."""

    schema: Schema = field(default_factory=graph_schema)
    seen: Seen = field(default_factory=Seen)
    problems: list[str] = field(default_factory=list)
    _quick: Quick = field(init=False, repr=False)
    #: Sets of members that were complete before, with what had been asked for.
    _complete_before: set[tuple[Any, ...]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self._quick = Quick(self.schema, _is_mark, self.seen.members, self._count)

    def _count(self, kind: str) -> None:
        self.seen.types[kind] += 1

    def entity(self, value: Any, declared: str, where: str, selected: frozenset[str] | None = None) -> None:
        """An entity that stands alone or in a list: its members are complete, or those of $select."""
        if self._quick.of(declared)(value) and "@removed" not in value:
            shape = (value.get("@odata.type", declared), selected, tuple(value))
            if shape in self._complete_before and _etag_fits(value):
                return
            before = len(self.problems)
            self._complete(value, self.schema.structures[_kind(value, declared)], where, selected)
            if len(self.problems) == before:
                self._complete_before.add(shape)
            return
        structure = self._structure(value, declared, where)
        if structure is None:
            return
        self.members(value, structure, where)
        if "@removed" in value:
            self._removed(value, where)
        else:
            self._complete(value, structure, where, selected)

    def value(self, value: Any, declared: str, where: str, *, nullable: bool = True) -> None:
        """A value of a primitive, an enum or a structured type."""
        if value is None:
            if not nullable:
                self.problems.append(f"{where}: null, and is never null")
        elif declared in PRIMITIVES:
            if not PRIMITIVES[declared](value):
                self.problems.append(f"{where}: {_shown(value)} is no {declared}")
        elif declared in self.schema.enums:
            if value not in self.schema.enums[declared]:
                self.problems.append(f"{where}: {_shown(value)} is no member of {declared}")
        else:
            structure = self._structure(value, declared, where)
            if structure is not None:
                self.members(value, structure, where)

    def members(self, value: Mapping[str, Any], structure: Structure, where: str) -> None:
        """Every member that is there: known, and of its type."""
        self.seen.types[structure.name] += 1
        for name, part in value.items():
            member = structure.members.get(name)
            if member is not None:
                self._member(part, member, structure, f"{where}.{name}")
            elif "@" not in name:
                self.problems.append(f"{where}.{name}: no member of {structure.name}")
            elif not _is_mark(name, structure):
                self.problems.append(f"{where}.{name}: no annotation of {structure.name}")

    def _member(self, part: Any, member: Member, structure: Structure, where: str) -> None:
        if part is not None and part != []:
            self.seen.members.add((structure.name, member.name))
        if not member.is_collection:
            self.value(part, member.type, where, nullable=member.nullable)
        elif not isinstance(part, list):
            self.problems.append(f"{where}: {_shown(part)} is no list")
        else:
            for item in part:
                self.value(item, member.type, f"{where}[]", nullable=False)

    def _structure(self, value: Any, declared: str, where: str) -> Structure | None:
        """The type of a structured value: the declared one, or a derived one that it names itself."""
        if not isinstance(value, dict):
            self.problems.append(f"{where}: {_shown(value)} is no {declared}")
            return None
        named = value.get("@odata.type")
        kind = _kind(value, declared)
        if named is not None and (kind not in self.schema.structures or not str(named).startswith(NAMESPACE)):
            self.problems.append(f"{where}: @odata.type {named} is not known")
            return None
        if not self.schema.is_a(kind, declared):
            self.problems.append(f"{where}: {kind} is no {declared}")
            return None
        if self.schema.structures[kind].is_abstract:
            self.problems.append(f"{where}: {kind} is abstract, so @odata.type must tell which it is")
            return None
        return self.schema.structures[kind]

    def _removed(self, value: Mapping[str, Any], where: str) -> None:
        if set(value) - {"@odata.type", "@removed", "id"} or "id" not in value:
            self.problems.append(f"{where}: a removed entity has its id and @removed, and this has {sorted(value)}")
        reason = value["@removed"]
        if not isinstance(reason, dict) or set(reason) != {"reason"} or reason["reason"] not in ("deleted", "changed"):
            self.problems.append(f"{where}.@removed: {_shown(reason)}")

    def _complete(
        self, value: Mapping[str, Any], structure: Structure, where: str, selected: frozenset[str] | None
    ) -> None:
        """What must be there is there; what was not asked for is not."""
        there = {name for name in value if "@" not in name}
        # The directory shows an id like any other member; a mailbox shows it always.
        always = {"id"} if not self.schema.is_a(structure.name, "directoryObject") else set()
        if always - there:
            self.problems.append(f"{where}.id: missing")
        if not _etag_fits(value):
            self.problems.append(f"{where}.@odata.etag: is not made of changeKey")
        elif self.schema.is_a(structure.name, "message") and "@odata.etag" not in value and value.get("id") != "":
            self.problems.append(f"{where}.@odata.etag: missing")
        if selected is None:
            return
        for name in sorted(there - selected - always):
            self.problems.append(f"{where}.{name}: was not asked for")
        for name in sorted((selected & structure.members.keys()) - there - MAY_LACK):
            self.problems.append(f"{where}.{name}: was asked for, and is missing")


#: Left out where there are none, even if selected.
MAY_LACK = frozenset({"internetMessageHeaders"})


def _kind(value: Mapping[str, Any], declared: str) -> str:
    return str(value.get("@odata.type", declared)).removeprefix(NAMESPACE)


def _etag_fits(value: Mapping[str, Any]) -> bool:
    return "changeKey" not in value or value.get("@odata.etag") == f'W/"{value["changeKey"]}"'


def _is_mark(name: str, structure: Structure) -> bool:
    if name.startswith("@"):
        return structure.is_entity and name in _ENTITY_MARKS
    member, mark, kind = name.partition("@")
    return member in structure.members and mark + kind in _MEMBER_MARKS


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
