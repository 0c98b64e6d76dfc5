"""Names of one query level bound to SQL: the source table, the joins its parent paths need, and what each path is."""

from dataclasses import dataclass, field, replace
from typing import Any

from connector.sandbox.salesforce.schema import Field, SObject
from connector.sandbox.salesforce.soql import ast
from connector.sandbox.salesforce.soql.context import Context
from connector.sandbox.salesforce.soql.errors import SoqlError
from connector.sandbox.salesforce.storage import quote_name

_LEVELS = 5
#: SQLite joins 64 tables.
_MOST_JOINS = 60

#: What SOQL can ask through a reference that may point at several objects (Object Reference, "Name").
_NAME_FIELDS = frozenset(
    {"alias", "email", "firstname", "id", "isactive", "lastname", "name", "phone", "profileid", "title", "type"}
    | {"username"}
)
_TYPE_FIELD = Field(name="Type", label="Type", type="string", length=80)


@dataclass(frozen=True, slots=True)
class Parent:
    """A joined parent. `alternatives` are its tables, one per object that a polymorphic reference may point at."""

    relationship: str
    entity: str
    id_sql: str
    alternatives: tuple[tuple[SObject, str], ...]
    polymorphic: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A path bound to SQL: the parents it walks, the field at its end and the expression of its value."""

    path: ast.Path
    parents: tuple[Parent, ...]
    sobject: SObject
    field: Field
    alias: str
    sql: str
    indexed: bool = False


@dataclass(slots=True)
class Scope:
    """One FROM with its joins. Joins appear as paths are bound; `tables()` is the SQL from FROM on."""

    context: Context
    sobject: SObject
    name: str | None
    alias: str
    _joins: list[str] = field(default_factory=list)
    _parameters: list[Any] = field(default_factory=list)
    _parents: dict[tuple[str, ...], Parent] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context, sobject: SObject, name: str | None) -> "Scope":
        """A scope on one object, which the query may call `name`."""
        return cls(context, sobject, name, context.alias())

    def tables(self) -> tuple[str, list[Any]]:
        """`"Contact" AS t1 LEFT JOIN …` and its parameters."""
        return f"{quote_name(self.sobject.name)} AS {self.alias}{''.join(self._joins)}", list(self._parameters)

    def visible(self, all_rows: bool) -> tuple[list[str], list[Any]]:
        """The conditions every row of the source meets: not deleted, and visible to the user."""
        conditions, parameters = [], []
        if self.sobject.has_recycle_bin and not (self.context.include_deleted or all_rows):
            conditions.append(f'{self.alias}."IsDeleted" = 0')
        shared = self.context.access.record_filter(self.sobject, self.alias)
        if shared is not None:
            conditions.append(f"({shared[0]})")
            parameters.extend(shared[1])
        return conditions, parameters

    # --- paths ----------------------------------------------------------------------------------------------------

    def bind(self, path: ast.Path) -> Bound:
        """The field a path leads to. SoqlError for what is unknown or may not be read."""
        names = self._own_names(path)
        if len(names) > _LEVELS + 1:
            problem = f"SOQL relationship queries can walk up to {_LEVELS} levels: {path.text}"
            raise self.context.malformed(path.position, problem)
        parents: tuple[Parent, ...] = ()
        for name in names[:-1]:
            parents = (*parents, self._walk(path, parents, name))
        if not parents:
            return self._bind_on(path, (), self.sobject, self.alias, names[-1])
        last = parents[-1]
        if last.polymorphic:
            return self._bind_name(path, parents, names[-1])
        target, alias = last.alternatives[0]
        return self._bind_on(path, parents, target, alias, names[-1])

    def _own_names(self, path: ast.Path) -> tuple[str, ...]:
        """The path without a leading alias or name of the source."""
        first = path.names[0].lower()
        if len(path.names) == 1 or (self.name is None and first != self.sobject.name.lower()):
            return path.names
        if self.name is not None and first == self.name.lower():
            return path.names[1:]
        known = self.sobject.relationship(first) is not None
        return path.names[1:] if first == self.sobject.name.lower() and not known else path.names

    def _bind_on(self, path: ast.Path, parents: tuple[Parent, ...], sobject: SObject, alias: str, name: str) -> Bound:
        found = self.context.field(sobject, name)
        if found is None or (found.virtual and not found.parts):
            raise self.context.no_field(path.position, sobject.name, name)
        # An outer join cannot drive a look-up, so only the source's own columns count as indexed.
        indexed = not parents and (found.external_id or found.unique or found.id_lookup or found.type == "email")
        return Bound(path, parents, sobject, found, alias, f"{alias}.{quote_name(found.name)}", indexed)

    def _bind_name(self, path: ast.Path, parents: tuple[Parent, ...], name: str) -> Bound:
        """A field of the pseudo-object Name: whichever of the possible parents has it."""
        last = parents[-1]
        wanted = name.lower()
        if wanted not in _NAME_FIELDS:
            raise self.context.no_field(path.position, "Name", name)
        first, alias = last.alternatives[0]
        if wanted == "type":
            return Bound(path, parents, first, _TYPE_FIELD, alias, _type_expression(last))
        found = [(target, item, place) for target, item, place in self._alternatives(last, wanted)]
        if not found:
            raise self.context.no_field(path.position, "Name", name)
        columns = [f"{place}.{quote_name(item.name)}" for _, item, place in found]
        sql = columns[0] if len(columns) == 1 else f"coalesce({', '.join(columns)})"
        item = replace(found[0][1], name="Name") if wanted == "name" else found[0][1]
        return Bound(path, parents, found[0][0], item, alias, _caseless(sql) if item.is_text else sql)

    def _alternatives(self, parent: Parent, wanted: str) -> list[tuple[SObject, Field, str]]:
        found = []
        for target, alias in parent.alternatives:
            item = target.name_field if wanted == "name" else target.field(wanted)
            if item is not None and self.context.access.can_read_field(target, item):
                found.append((target, item, alias))
        return found

    # --- joins ----------------------------------------------------------------------------------------------------

    def _walk(self, path: ast.Path, parents: tuple[Parent, ...], name: str) -> Parent:
        key = (*(parent.relationship.lower() for parent in parents), name.lower())
        if key in self._parents:
            return self._parents[key]
        if parents and parents[-1].polymorphic:
            raise self.context.no_relationship(path.position, name, child=False)
        sobject, alias = parents[-1].alternatives[0] if parents else (self.sobject, self.alias)
        reference = sobject.relationship(name)
        if reference is None or reference.virtual or not self.context.access.can_read_field(sobject, reference):
            raise self.context.no_relationship(path.position, name, child=False)
        found = self._join(path, name, reference, alias)
        self._parents[key] = found
        return found

    def parent(self, path: ast.Path) -> Parent:
        """The parent that a path of relationships leads to, for TYPEOF."""
        parents: tuple[Parent, ...] = ()
        for name in self._own_names(path):
            parents = (*parents, self._walk(path, parents, name))
        if len(parents) != 1 or not parents[0].polymorphic:
            raise self.context.malformed(path.position, f"{path.text} is not a polymorphic relationship")
        return parents[0]

    def bind_alternative(self, path: ast.Path, target: SObject, alias: str) -> Bound:
        """A field of one of the objects that a polymorphic parent may be."""
        if len(path.names) > 1:
            raise self.context.malformed(path.position, f"unexpected token: '{path.text}'")
        return self._bind_on(path, (), target, alias, path.names[0])

    def _join(self, path: ast.Path, name: str, reference: Field, alias: str) -> Parent:
        targets = [target for target in map(self.context.object, reference.reference_to) if target]
        if not targets:
            raise self.context.no_relationship(path.position, name, child=False)
        column = f"{alias}.{quote_name(reference.name)}"
        alternatives = tuple((target, self._join_one(target, column)) for target in targets)
        ids = [f'{place}."Id"' for _, place in alternatives]
        entity = "Name" if reference.polymorphic else targets[0].name
        id_sql = ids[0] if len(ids) == 1 else f"coalesce({', '.join(ids)})"
        return Parent(reference.relationship_name or name, entity, id_sql, alternatives, reference.polymorphic)

    def _join_one(self, target: SObject, column: str) -> str:
        if len(self._joins) >= _MOST_JOINS:
            raise SoqlError("QUERY_TOO_COMPLICATED", "Query is walking too many relationships.")
        alias = self.context.alias()
        condition = f'{alias}."Id" = {column}'
        shared = self.context.access.record_filter(target, alias)
        if shared is not None:
            condition += f" AND ({shared[0]})"
            self._parameters.extend(shared[1])
        self._joins.append(f" LEFT JOIN {quote_name(target.name)} AS {alias} ON {condition}")
        return alias


def _type_expression(parent: Parent) -> str:
    cases = " ".join(f"WHEN {alias}.\"Id\" IS NOT NULL THEN '{target.name}'" for target, alias in parent.alternatives)
    return _caseless(f"CASE {cases} END")


def _caseless(sql: str) -> str:
    """An expression over columns loses their collation."""
    return f"({sql} COLLATE NOCASE)"
