"""Names of one query level bound to SQL: the source table, the joins its parent paths need, and what each path is."""

from dataclasses import dataclass, field, replace
from typing import Any

from m365sandbox.salesforce.data.schema import Field, Junction, SObject
from m365sandbox.salesforce.data.storage import quote_name
from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.context import Context
from m365sandbox.salesforce.soql.errors import SoqlError

_LEVELS = 5
#: SOQL reference, "Understanding Relationship Query Limitations": 55 child-to-parent relationships a query.
_MOST_PARENTS = 55
#: SQLite joins 64 tables; a polymorphic reference takes several.
_MOST_JOINS = 60

#: What SOQL can ask through a reference that may point at several objects (Object Reference, "Name").
_NAME_FIELDS = frozenset(
    {"alias", "email", "firstname", "id", "isactive", "lastname", "name", "phone", "profileid", "title", "type"}
    | {"username", "userroleid"}
)
_NAME_PARENTS = frozenset({"profile", "userrole"})
_TYPE_FIELD = Field(name="Type", label="Type", type="string", length=80)


@dataclass(frozen=True, slots=True)
class Parent:
    """A joined parent. `alternatives` are its tables, one per object that a polymorphic reference may point at;
    `reference` is the field that points at it.
    """

    relationship: str
    entity: str
    id_sql: str
    alternatives: tuple[tuple[SObject, str], ...]
    polymorphic: bool
    reference: str = ""


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
    """One FROM with its joins. Joins appear as paths are bound; `tables()` is the SQL from FROM on.

    `name` is what the query calls the source, `named` what it calls parents of it (`FROM Contact c, c.Account a`).
    """

    context: Context
    sobject: SObject
    name: str | None
    alias: str
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _joins: list[str] = field(default_factory=list)
    _parameters: list[Any] = field(default_factory=list)
    _parents: dict[tuple[str, ...], Parent] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context, sobject: SObject, query: ast.Query) -> "Scope":
        """A scope on one object, with the names that the FROM of the query gives it and parents of it."""
        scope = cls(context, sobject, query.alias, context.alias())
        for parent in query.parents:
            scope._name_parent(parent)
        return scope

    def _name_parent(self, parent: ast.ParentAlias) -> None:
        known = self.named.keys() | {(self.name or self.sobject.name).lower()}
        first = parent.path.names[0].lower()
        if first not in known or (parent.name or "").lower() in known:
            raise self.context.no_relationship(parent.path.position, parent.path.text, child=True)
        names = self._own_names(parent.path)
        parents: tuple[Parent, ...] = ()
        for name in names:
            parents = (*parents, self._walk(parent.path, parents, name))
        if parent.name is not None:
            self.named[parent.name.lower()] = names

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
        return self._bind_at(path, parents, names[-1])

    def _bind_at(self, path: ast.Path, parents: tuple[Parent, ...], name: str) -> Bound:
        last = parents[-1]
        if last.polymorphic:
            return self._bind_name(path, parents, name)
        target, alias = last.alternatives[0]
        return self._bind_on(path, parents, target, alias, name)

    def _own_names(self, path: ast.Path) -> tuple[str, ...]:
        """The path without a leading alias or name of the source."""
        first = path.names[0].lower()
        if len(path.names) > 1 and first in self.named:
            return (*self.named[first], *path.names[1:])
        if len(path.names) == 1 or (self.name is None and first != self.sobject.name.lower()):
            return path.names
        if self.name is not None and first == self.name.lower():
            return path.names[1:]
        known = self.sobject.relationship(first) is not None
        return path.names[1:] if first == self.sobject.name.lower() and not known else path.names

    def _bind_on(self, path: ast.Path, parents: tuple[Parent, ...], sobject: SObject, alias: str, name: str) -> Bound:
        found = self.context.field(sobject, name)
        if found is None or not found.answered:
            raise self.context.no_field(path.position, sobject.name, name)
        # An outer join cannot drive a look-up, so only the source's own columns count as indexed.
        indexed = not parents and (found.external_id or found.unique or found.id_lookup or found.type == "email")
        return Bound(path, parents, sobject, found, alias, self._value_of(found, alias), indexed)

    def _value_of(self, found: Field, alias: str) -> str:
        if found.junction is not None:
            return _id_list(found.junction, alias)
        column = quote_name(found.name)
        if found.personal:
            # The id is one of the org's own, so it can stand in the text.
            mine = f"user_id = '{self.context.user_id}' AND record_id = {alias}.\"Id\""
            return f"(SELECT {column} FROM _viewed WHERE {mine})"
        return f"{alias}.{column}"

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
        sobject, alias = self._side(path, parents, name)
        reference = sobject.relationship(name)
        if reference is None or reference.virtual or not self.context.access.can_read_field(sobject, reference):
            raise self.context.no_relationship(path.position, name, child=False)
        found = self._join(path, name, reference, alias)
        self._parents[key] = found
        return found

    def _side(self, path: ast.Path, parents: tuple[Parent, ...], name: str) -> tuple[SObject, str]:
        """The object, and its table, that the next relationship of a path starts from."""
        if not parents:
            return self.sobject, self.alias
        last = parents[-1]
        if not last.polymorphic:
            return last.alternatives[0]
        # Of the pseudo-object Name only the user's own parents can be walked (Object Reference, "Name").
        for target, alias in last.alternatives:
            if name.lower() in _NAME_PARENTS and target.relationship(name) is not None:
                return target, alias
        raise self.context.no_relationship(path.position, name, child=False)

    def parents_of(self, path: ast.Path) -> tuple[Parent, ...]:
        """The parents that a path of relationships walks, for TYPEOF; the last is polymorphic."""
        parents: tuple[Parent, ...] = ()
        for name in self._own_names(path):
            parents = (*parents, self._walk(path, parents, name))
        if not parents or not parents[-1].polymorphic:
            raise self.context.malformed(path.position, f"{path.text} is not a polymorphic relationship")
        return parents

    def is_name_field(self, name: str) -> bool:
        """Whether every polymorphic parent can be asked for a field of that name."""
        return name.lower() in _NAME_FIELDS

    def bind_alternative(self, path: ast.Path, target: SObject, alias: str) -> Bound:
        """A field of one of the objects that a polymorphic parent may be, perhaps through parents of its own."""
        base = Parent(alias, target.name, f'{alias}."Id"', ((target, alias),), polymorphic=False)
        parents: tuple[Parent, ...] = (base,)
        for name in path.names[:-1]:
            parents = (*parents, self._walk(path, parents, name))
        bound = self._bind_at(path, parents, path.names[-1])
        return replace(bound, parents=parents[1:])

    def _join(self, path: ast.Path, name: str, reference: Field, alias: str) -> Parent:
        targets = [target for target in map(self.context.object, reference.reference_to) if target]
        if not targets:
            raise self.context.no_relationship(path.position, name, child=False)
        column = f"{alias}.{quote_name(reference.name)}"
        alternatives = tuple((target, self._join_one(target, column)) for target in targets)
        ids = [f'{place}."Id"' for _, place in alternatives]
        entity = "Name" if reference.polymorphic else targets[0].name
        id_sql = ids[0] if len(ids) == 1 else f"coalesce({', '.join(ids)})"
        relationship = reference.relationship_name or name
        return Parent(relationship, entity, id_sql, alternatives, reference.polymorphic, reference.name)

    def _join_one(self, target: SObject, column: str) -> str:
        if len(self._parents) >= _MOST_PARENTS or len(self._joins) >= _MOST_JOINS:
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


def _id_list(rows: Junction, alias: str) -> str:
    """The ids of a JunctionIdList as a JSON array, in the order of the relations; null where there is none."""
    inner = (
        f"SELECT {quote_name(rows.value)} AS related FROM {quote_name(rows.child)} "
        f'WHERE {quote_name(rows.owner)} = {alias}."Id" AND "IsDeleted" = 0 AND {rows.condition} ORDER BY "Id"'
    )
    return f"(SELECT nullif(json_group_array(related), '[]') FROM ({inner}))"


def _caseless(sql: str) -> str:
    """An expression over columns loses their collation."""
    return f"({sql} COLLATE NOCASE)"
