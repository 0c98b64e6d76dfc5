"""A parsed query bound to the schema: one statement that finds the ids, one that reads their columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from m365sandbox.salesforce.data.schema import Field, SObject
from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.context import Context
from m365sandbox.salesforce.soql.errors import SoqlError
from m365sandbox.salesforce.soql.filters import Filter, Sql, filter_inner, is_filtered_by
from m365sandbox.salesforce.soql.functions import AGGREGATES, DATE_FUNCTIONS, Expression, bind_operand
from m365sandbox.salesforce.soql.ordering import order_of
from m365sandbox.salesforce.soql.output import Children, Column, Output
from m365sandbox.salesforce.soql.scope import Scope
from m365sandbox.salesforce.soql.semijoin import SemiJoins

MAX_OFFSET = 2_000
_FIELDS_LIMIT = 200
#: SOQL reference, "Understanding Relationship Query Limitations": levels with the root, and child relationships.
_DEPTH = 5
_MOST_CHILDREN = 20
_LINK_FIELDS = frozenset({"contentdocumentid", "linkedentityid", "id"})


@dataclass(slots=True)
class ChildPlan:
    """A child subquery: `statement` reads the children of the parents given as a JSON array of ids.

    The array is bound between the parameters of the statement and those of its ORDER BY, the `tail`.
    """

    target: Children
    statement: Sql
    tail: list[Any]
    output: Output
    children: "list[ChildPlan]"
    limit: int | None
    offset: int
    columns: tuple[Column, ...]


@dataclass(slots=True)
class RowPlan:
    """A query that answers records. `find` gives ids in order, `read` columns of ids given as a JSON array."""

    sobject: SObject
    find: Sql
    read: Sql
    output: Output
    children: list[ChildPlan]
    columns: tuple[Column, ...]


def plan_rows(context: Context, query: ast.Query) -> RowPlan:
    """Bind a query without aggregates."""
    sobject = source_object(context, query)
    find = _find(context, sobject, query)
    scope = Scope.of(context, sobject, query)
    selection = _Selection(scope, query)
    tables, joined = scope.tables()
    output = selection.output
    where = f'{scope.alias}."Id" IN (SELECT value FROM json_each(?))'
    read = Sql(f"SELECT {', '.join(output.columns)} FROM {tables} WHERE {where}", [*output.parameters, *joined])
    return RowPlan(sobject, find, read, output, selection.children, tuple(selection.columns))


def plan_count(context: Context, query: ast.Query) -> tuple[SObject, Sql]:
    """Bind `SELECT COUNT()`."""
    sobject = source_object(context, query)
    if query.group or query.order:
        raise context.malformed(query.position, "COUNT() cannot be used with GROUP BY or ORDER BY")
    found = _find(context, sobject, query)
    return sobject, Sql(f"SELECT count(*) FROM ({found.text})", found.parameters)


def source_object(context: Context, query: ast.Query) -> SObject:
    """The object of FROM, after the checks that depend on it."""
    sobject = context.object(query.source)
    if sobject is None:
        raise context.no_object(query.source_position, query.source)
    _check_ending(context, query)
    if sobject.name == "ContentDocumentLink" and not is_filtered_by(query.where, _LINK_FIELDS):
        raise context.malformed(
            query.source_position,
            "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId or "
            "LinkedEntityId using the equals operator or multiple Id's using the IN operator.",
        )
    return sobject


def _check_ending(context: Context, query: ast.Query) -> None:
    """The rules of OFFSET, ALL ROWS and FOR UPDATE."""
    if query.offset is not None and query.offset > MAX_OFFSET:
        problem = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
        raise context.refuse(query.position, "NUMBER_OUTSIDE_VALID_RANGE", problem)
    if query.all_rows and not context.include_deleted:
        # Observed at the API's query call; the rows are there for queryAll.
        raise context.malformed(query.all_rows_position, "ALL ROWS not allowed in this context")
    if query.purpose == "UPDATE" and (query.all_rows or query.order):
        # Apex guide, "Locking Statements" and "Querying All Records with a SOQL Statement".
        clause = "ALL ROWS" if query.all_rows else "ORDER BY"
        raise context.malformed(query.position, f"FOR UPDATE cannot be used with {clause}")


def conditions_of(scope: Scope, query: ast.Query) -> Sql:
    """WHERE with what every query adds: rows not deleted and visible."""
    conditions, parameters = scope.visible(query.all_rows)
    if query.scope is not None and query.scope.name != "EVERYTHING":
        conditions.append(_mine(scope, query.scope))
        parameters.append(scope.context.user_id)
    if query.where is not None:
        where = Filter(scope, SemiJoins(scope.context, filter_inner)).sql(query.where)
        conditions.append(where.text)
        parameters.extend(where.parameters)
    return Sql(f" WHERE {' AND '.join(conditions)}" if conditions else "", parameters)


def _mine(scope: Scope, wanted: ast.FilterScope) -> str:
    """`USING SCOPE mine`: the user's own records. The other scopes need features that the org has not got."""
    if wanted.name != "MINE" or not scope.sobject.has_owner:
        problem = f"scope '{wanted.name.lower()}' is not supported for {scope.sobject.name}"
        raise scope.context.malformed(wanted.position, problem)
    return f'{scope.alias}."OwnerId" = ?'


def _find(context: Context, sobject: SObject, query: ast.Query) -> Sql:
    scope = Scope.of(context, sobject, query)
    where = conditions_of(scope, query)
    order = order_of(scope, query)
    tables, joined = scope.tables()
    bounds = f" LIMIT {-1 if query.limit is None else query.limit} OFFSET {query.offset or 0}"
    text = f'SELECT {scope.alias}."Id" FROM {tables}{where.text}{order.text}{bounds}'
    return Sql(text, [*joined, *where.parameters, *order.parameters])


class _Selection:
    """The select list of one level: fields, FIELDS(), and child subqueries."""

    def __init__(self, scope: Scope, query: ast.Query, depth: int = 1) -> None:
        self._scope = scope
        self._context = scope.context
        self._depth = depth
        self.output = Output(scope.context, scope.sobject, f'{scope.alias}."Id"')
        self.children: list[ChildPlan] = []
        self.columns: list[Column] = []
        for item in query.select:
            self._add(item, query)

    def _add(self, item: ast.SelectItem, query: ast.Query) -> None:
        if isinstance(item, ast.SelectFields):
            self._add_fields(item, query)
        elif isinstance(item, ast.SelectQuery):
            self._add_children(item.query, query)
        elif isinstance(item, ast.SelectTypeOf):
            self._add_type_of(item)
        else:
            self._add_field(item)

    def _add_field(self, item: ast.SelectField) -> None:
        operand = item.operand
        if item.alias is not None and isinstance(operand, ast.Path):
            raise self._context.malformed(operand.position, "only aggregate expressions use field aliasing")
        if isinstance(operand, ast.Call) and operand.function.upper() in AGGREGATES:
            raise self._context.malformed(operand.position, "only root queries support aggregate expressions")
        expression = bind_operand(self._scope, operand)
        if expression.function in DATE_FUNCTIONS:
            # SOQL reference, "Date Functions": in SELECT only when the query is grouped by them.
            problem = f"Field must be grouped or aggregated: {expression.function}"
            raise self._context.malformed(operand.position, problem)
        key = item.alias or expression.field.name
        self._select(expression, key)

    def _select(self, expression: Expression, key: str) -> None:
        if not self.output.add(expression, key):
            # SOQL reference, "FIELDS()", shows the message alone, without the place.
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {key}")
        parents = expression.bound.parents if expression.bound else ()
        self.columns.append(Column(key, expression.field, parents))

    def _add_fields(self, item: ast.SelectFields, query: ast.Query) -> None:
        # SOQL reference, "FIELDS()": ALL and CUSTOM are unbounded, so they need a LIMIT of at most 200.
        bounded = query.limit is not None and query.limit <= _FIELDS_LIMIT
        if item.which != "STANDARD" and not bounded:
            problem = f"The SOQL FIELDS function must have a LIMIT of at most {_FIELDS_LIMIT}"
            raise self._context.malformed(item.position, problem)
        for found in self._fields_of(item.which):
            path = ast.Path((found.name,), item.position)
            self._select(bind_operand(self._scope, path), found.name)

    def _fields_of(self, which: str) -> Iterator[Field]:
        for found in self._scope.sobject.fields.values():
            wanted = which == "ALL" or found.custom == (which == "CUSTOM")
            if wanted and found.answered and self._context.access.can_read_field(self._scope.sobject, found):
                yield found

    # --- TYPEOF ---------------------------------------------------------------------------------------------------

    def _add_type_of(self, item: ast.SelectTypeOf) -> None:
        parents = self._scope.parents_of(item.relationship)
        parent = parents[-1]
        targets = {target.name.lower(): (target, alias) for target, alias in parent.alternatives}
        selected: dict[str, list[Expression]] = {}
        for branch in item.branches:
            found = targets.get(branch.type.lower())
            if found is None:
                raise self._context.no_object(branch.position, branch.type)
            if found[0].name in selected:
                raise self._context.malformed(branch.position, f"duplicate type in TYPEOF: {branch.type}")
            self._check_fields_once(branch.fields)
            selected[found[0].name] = [self._alternative(path, *found) for path in branch.fields]
        self._check_fields_once(item.otherwise)
        self._check_name_fields(item.otherwise)
        for target, alias in targets.values():
            if item.otherwise and target.name not in selected:
                selected[target.name] = [
                    self._alternative(path, target, alias) for path in item.otherwise if target.field(path.text)
                ]
        if not self.output.add_type_of(parents, selected):
            problem = f"duplicate relationship selected: {parent.relationship}"
            raise self._context.refuse(item.relationship.position, "INVALID_FIELD", problem)
        self.columns.append(Column(parent.relationship, None, parents[:-1]))

    def _check_fields_once(self, fields: tuple[ast.Path, ...]) -> None:
        seen: set[str] = set()
        for path in fields:
            if path.text.lower() in seen:
                raise SoqlError("INVALID_FIELD", f"duplicate field selected: {path.text}")
            seen.add(path.text.lower())

    def _check_name_fields(self, otherwise: tuple[ast.Path, ...]) -> None:
        """ELSE may be any object, so it has the fields of Name only."""
        for path in otherwise:
            if not self._scope.is_name_field(path.text):
                raise self._context.no_field(path.position, "Name", path.text)

    def _alternative(self, path: ast.Path, target: SObject, alias: str) -> Expression:
        bound = self._scope.bind_alternative(path, target, alias)
        return Expression(bound.sql, bound.field, path.position, bound)

    # --- child subqueries -----------------------------------------------------------------------------------------

    def _add_children(self, query: ast.Query, outer: ast.Query) -> None:
        self._check_subquery(query, outer)
        found = self._scope.sobject.child(self._child_name(query))
        child = self._context.object(found[0].name) if found else None
        if found is None or child is None or not self._context.access.can_read_field(child, found[1]):
            raise self._context.no_relationship(query.source_position, query.source, child=True)
        reference = found[1]
        if query.count or query.group:
            raise self._context.malformed(query.position, "only root queries support aggregate expressions")
        target = self.output.add_children(reference.child_relationship or query.source)
        if target is None:
            problem = f"duplicate subquery selected: {query.source}"
            raise self._context.refuse(query.source_position, "INVALID_FIELD", problem)
        plan = self._child_plan(child, reference, query, target)
        self.children.append(plan)
        name = reference.child_relationship or query.source
        self.columns.append(Column(name, None, children=plan.columns))

    def _child_name(self, query: ast.Query) -> str:
        """The relationship, which may be written `Account.Contacts` or `a.Contacts`."""
        first, _, rest = query.source.partition(".")
        own = {self._scope.sobject.name.lower(), (self._scope.name or "").lower()}
        return rest if rest and first.lower() in own else query.source

    def _check_subquery(self, query: ast.Query, outer: ast.Query) -> None:
        if self._depth >= _DEPTH:
            far = f"more than {_DEPTH - 1} levels away from the root entity object."
            problem = f"SOQL statements cannot query aggregate relationships {far}"
            raise self._context.malformed(query.position, problem)
        self._context.subqueries += 1
        if self._context.subqueries > _MOST_CHILDREN:
            raise self._context.malformed(query.position, f"At most {_MOST_CHILDREN} subqueries are allowed per query")
        if query.scope is not None:
            # SOQL reference, "Understanding Relationship Query Limitations": no USING SCOPE for the children.
            raise self._context.malformed(query.scope.position, "USING SCOPE is not allowed in a subquery")
        if query.offset is not None and outer.limit != 1:
            # SOQL reference, "OFFSET": in a subquery only where the parent query has LIMIT 1.
            problem = "OFFSET is not allowed in a subquery unless its parent query has LIMIT 1"
            raise self._context.malformed(query.position, problem)
        _check_ending(self._context, query)

    def _child_plan(self, child: SObject, reference: Field, query: ast.Query, target: Children) -> ChildPlan:
        scope = Scope.of(self._context, child, query)
        parent = f'{scope.alias}."{reference.name}"'
        selection = _Selection(scope, query, self._depth + 1)
        where = conditions_of(scope, query)
        order = order_of(scope, query)
        tables, joined = scope.tables()
        output = selection.output
        among = f"{parent} IN (SELECT value FROM json_each(?))"
        condition = f"{where.text} AND {among}" if where.text else f" WHERE {among}"
        text = f"SELECT {', '.join(output.columns)}, {parent} FROM {tables}{condition}{order.text}"
        statement = Sql(text, [*output.parameters, *joined, *where.parameters])
        columns = tuple(selection.columns)
        return ChildPlan(
            target, statement, order.parameters, output, selection.children, query.limit, query.offset or 0, columns
        )
