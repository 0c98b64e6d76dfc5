"""The same judgement as `values`, made fast and without saying why: nearly all values fit, and a run checks many.

What does not fit here is looked at again there, to be told.
"""

from collections.abc import Callable
from typing import Any

from testkit.csdl.primitives import PRIMITIVES
from testkit.csdl.schema import Member, Schema, Structure

Fits = Callable[[Any], bool]
NAMESPACE = "#microsoft.graph."


class Quick:
    """Says whether values fit. `valued` gets the members that had a value (annotations too), `counted` the types."""

    def __init__(
        self, schema: Schema, is_mark: Callable[[str, Structure], bool], valued: Any, counted: Callable[[str], None]
    ) -> None:
        self._schema = schema
        self._is_mark = is_mark
        self._valued = valued
        self._counted = counted
        self._known: dict[str, Fits] = {}

    def of(self, declared: str) -> Fits:
        """The judge of a type's values; null is none of them."""
        if declared not in self._known:
            # Types hold each other, so the judge must be known before it is made.
            self._known[declared] = lambda value: made(value)
            made = self._made(declared)
            self._known[declared] = made
        return self._known[declared]

    def _made(self, declared: str) -> Fits:
        if declared in PRIMITIVES:
            return PRIMITIVES[declared]
        if declared in self._schema.enums:
            names = self._schema.enums[declared]
            return lambda value: isinstance(value, str) and value in names
        return self._structured(self._schema.structures[declared])

    def _structured(self, structure: Structure) -> Fits:
        own = None if structure.is_abstract else self._plain(structure)
        derived: dict[str, Fits | None] = {}

        def fits(value: Any) -> bool:
            if type(value) is not dict:
                return False
            named = value.get("@odata.type")
            if named is None:
                return own is not None and own(value)
            if named not in derived:
                derived[named] = self._derived(named, structure.name)
            judge = derived[named]
            return judge is not None and judge(value)

        return fits

    def _derived(self, named: Any, base: str) -> Fits | None:
        kind = str(named).removeprefix(NAMESPACE)
        known = self._schema.structures.get(kind)
        if not str(named).startswith(NAMESPACE) or known is None or known.is_abstract:
            return None
        return self._plain(known) if self._schema.is_a(kind, base) else None

    def _plain(self, structure: Structure) -> Fits:
        judges: dict[str, Fits] = {}
        valued, counted, kind = self._valued, self._counted, structure.name

        def fits(value: dict[str, Any]) -> bool:
            for name, part in value.items():
                judge = judges.get(name)
                if judge is None:
                    judge = judges[name] = self._judge(name, structure)
                if not judge(part):
                    return False
                if part is not None and part != []:
                    valued.add((kind, name))
            counted(kind)
            return True

        return fits

    def _judge(self, name: str, structure: Structure) -> Fits:
        member = structure.members.get(name)
        if member is None:
            is_mark = "@" in name and self._is_mark(name, structure)
            return lambda _: is_mark
        return self._many(member) if member.is_collection else self._one(member)

    def _one(self, member: Member) -> Fits:
        judge = self.of(member.type)
        if not member.nullable:
            return judge
        return lambda part: part is None or judge(part)

    def _many(self, member: Member) -> Fits:
        judge = self.of(member.type)
        return lambda part: type(part) is list and all(map(judge, part))
