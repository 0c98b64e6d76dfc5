"""A tree to a condition: names resolved, kinds of arguments checked, and what is left is calls of Python functions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from m365sandbox.salesforce.data.schema import Field
from m365sandbox.salesforce.formula.functions import FUNCTIONS, ORDER, Function
from m365sandbox.salesforce.formula.lexer import FormulaError
from m365sandbox.salesforce.formula.names import Names, kind_of_field
from m365sandbox.salesforce.formula.parser import Call, Literal, Name, Node, parse
from m365sandbox.salesforce.formula.patterns import compiled
from m365sandbox.salesforce.formula.values import LABELS, Kind, from_column


class Row(Protocol):
    """The row being saved, as a formula asks about it. Values are those of columns."""

    @property
    def is_new(self) -> bool:
        """Whether it is being inserted."""
        ...

    def value(self, name: str) -> Any:
        """What the field will hold."""
        ...

    def prior(self, name: str) -> Any:
        """What the field held; of a new row what it will hold."""
        ...

    def user(self, name: str) -> Any:
        """A field of who saves it."""
        ...

    def has_permission(self, name: str) -> bool:
        """Whether who saves it holds a custom permission."""
        ...

    def today(self) -> str:
        """The date in the user's zone."""
        ...

    def now(self) -> str:
        """The instant."""
        ...


Run = Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition, and the fields of the row that it reads."""

    holds: Callable[[Row], bool]
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Part:
    """A compiled node; `field` is there for a bare field, `constant` for a text that stands in the formula."""

    kind: Kind
    run: Run
    field: Field | None = None
    constant: str | None = None


def compile_condition(formula: str, names: Names) -> Compiled:
    """The condition of a validation rule. Raises FormulaError for what a deploy, or this sandbox, refuses."""
    compiler = _Compiler(names)
    part = compiler.part(parse(formula))
    if part.kind != "boolean":
        raise FormulaError(
            f"Formula result is data type ({LABELS[part.kind]}), incompatible with expected data type (true or false)."
        )
    run = part.run
    return Compiled(lambda row: bool(run(row)), frozenset(compiler.fields))


@dataclass(slots=True)
class _Compiler:
    names: Names
    fields: set[str] = field(default_factory=set)

    def part(self, node: Node) -> _Part:
        """Any node."""
        if isinstance(node, Literal):
            return _literal(node.value)
        if isinstance(node, Name):
            return self._name(node.path)
        special = _SPECIAL.get(node.function)
        if special is not None:
            return special(self, node)
        function = FUNCTIONS.get(node.function)
        if function is None:
            raise FormulaError(f"Unknown function {node.function}. Check spelling.")
        return self._plain(node, function)

    def _name(self, path: str) -> _Part:
        root, _, rest = path.partition(".")
        if root.lower() == "$permission" and rest:
            name = self.names.permission(rest)
            return _Part("boolean", lambda row: row.has_permission(name))
        if root.lower() == "$user" and rest:
            found = self.names.user_field(rest)
            return _Part(kind_of_field(found), lambda row: from_column(found, row.user(found.name)), found)
        if rest or root.startswith("$"):
            raise FormulaError(f"Field {path}: fields of other records are not emulated in formulas.")
        found = self.names.field(root)
        self.fields.add(found.name)
        return _Part(kind_of_field(found), lambda row: from_column(found, row.value(found.name)), found)

    def _plain(self, node: Call, function: Function) -> _Part:
        check_count(node, function.least_arguments, function.most_arguments)
        parts = [self.argument(node, place, function.kind_of_argument(place)) for place in range(len(node.arguments))]
        if node.function == "REGEX" and parts[1].constant is not None:
            compiled(parts[1].constant)  # a wrong pattern is refused now and not when a row is saved
        runs = [part.run for part in parts]
        call = function.run
        return _Part(function.result, lambda row: call(*[run(row) for run in runs]))

    def argument(self, node: Call, place: int, kind: Kind) -> _Part:
        """One argument, which has to be of that kind."""
        part = self.part(node.arguments[place])
        if part.kind == kind:
            return part
        if part.kind == "null":
            return _Part(kind, lambda _: "" if kind == "text" else None)
        if part.kind in ("picklist", "multipicklist") and part.field is not None:
            raise FormulaError(
                f"Field {part.field.name} is a picklist field. Picklist fields are only supported in certain functions."
            )
        raise FormulaError(
            f"Incorrect parameter type for function '{node.function}()'. "
            f"Expected {LABELS[kind]}, received {LABELS[part.kind]}"
        )

    def own_field(self, node: Call, place: int) -> Field:
        """An argument that has to be a field of the row."""
        argument = node.arguments[place]
        if not isinstance(argument, Name) or "." in argument.path:
            raise FormulaError(f"Incorrect parameter type for function '{node.function}()'. Expected a field")
        self.part(argument)
        return self.names.field(argument.path)


def check_count(node: Call, least: int, most: int) -> None:
    """Refuse a call with too few or too many arguments."""
    count = len(node.arguments)
    if not least <= count <= most:
        expected = most if count > most else least
        raise FormulaError(
            f"Incorrect number of parameters for function '{node.function}()'. Expected {expected}, received {count}"
        )


def _literal(value: str | float | bool | None) -> _Part:
    kind: Kind = "null"
    if isinstance(value, bool):
        kind = "boolean"
    elif isinstance(value, str):
        kind = "text"
    elif value is not None:
        kind = "number"
    return _Part(kind, lambda _: value, constant=value if isinstance(value, str) else None)


# --- functions that take fields, or arguments of several kinds


def _is_new(_: _Compiler, node: Call) -> _Part:
    check_count(node, 0, 0)
    return _Part("boolean", lambda row: row.is_new)


def _is_changed(compiler: _Compiler, node: Call) -> _Part:
    check_count(node, 1, 1)
    name = compiler.own_field(node, 0).name
    return _Part("boolean", lambda row: not row.is_new and row.value(name) != row.prior(name))


def _prior_value(compiler: _Compiler, node: Call) -> _Part:
    check_count(node, 1, 1)
    found = compiler.own_field(node, 0)
    return _Part(kind_of_field(found), lambda row: from_column(found, row.prior(found.name)), found)


def _is_blank(compiler: _Compiler, node: Call) -> _Part:
    """ISBLANK; ISNULL is the same but for text, which is never null."""
    check_count(node, 1, 1)
    run = compiler.part(node.arguments[0]).run
    blank = (None, "") if node.function == "ISBLANK" else (None,)
    return _Part("boolean", lambda row: run(row) in blank)


def _picklist_text(compiler: _Compiler, node: Call, kind: Kind) -> tuple[Run, Run]:
    check_count(node, 2, 2)
    part = compiler.part(node.arguments[0])
    if part.kind != kind:
        raise FormulaError(
            f"Incorrect parameter type for function '{node.function}()'. "
            f"Expected {LABELS[kind]}, received {LABELS[part.kind]}"
        )
    return part.run, compiler.argument(node, 1, "text").run


def _is_picklist_value(compiler: _Compiler, node: Call) -> _Part:
    left, right = _picklist_text(compiler, node, "picklist")
    return _Part("boolean", lambda row: left(row) == right(row))


def _includes(compiler: _Compiler, node: Call) -> _Part:
    left, right = _picklist_text(compiler, node, "multipicklist")
    return _Part("boolean", lambda row: right(row) in left(row).split(";"))


def _text(compiler: _Compiler, node: Call) -> _Part:
    check_count(node, 1, 1)
    part = compiler.part(node.arguments[0])
    if part.kind in ("text", "boolean", "multipicklist"):
        raise FormulaError(f"Incorrect parameter type for function 'TEXT()'. Received {LABELS[part.kind]}")
    run = part.run
    return _Part("text", lambda row: _as_text(run(row)))


def _as_text(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else str(value)


def _if(compiler: _Compiler, node: Call) -> _Part:
    check_count(node, 3, 3)
    condition = compiler.argument(node, 0, "boolean").run
    yes = compiler.part(node.arguments[1])
    no = compiler.argument(node, 2, yes.kind) if yes.kind != "null" else compiler.part(node.arguments[2])
    kind = no.kind if yes.kind == "null" else yes.kind
    return _Part(kind, lambda row: yes.run(row) if condition(row) else no.run(row))


def _plus(compiler: _Compiler, node: Call) -> _Part:
    left = compiler.part(node.arguments[0])
    if left.kind == "text":
        right = compiler.argument(node, 1, "text").run
        return _Part("text", lambda row: left.run(row) + right(row))
    first, second = (compiler.argument(node, place, "number").run for place in (0, 1))
    return _Part("number", lambda row: _sum(first(row), second(row)))


def _sum(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left + right


def _compared(compiler: _Compiler, node: Call) -> tuple[Run, Run]:
    """Both sides of a comparison, which have to be of one kind."""
    left, right = (compiler.part(item) for item in node.arguments)
    for part in (left, right):
        if part.kind in ("picklist", "multipicklist") and part.field is not None:
            raise FormulaError(
                f"Field {part.field.name} is a picklist field. Picklist fields are only supported in certain functions."
            )
    if left.kind == "null":
        return compiler.argument(node, 0, right.kind).run, right.run
    return left.run, compiler.argument(node, 1, left.kind).run


def _equals(compiler: _Compiler, node: Call) -> _Part:
    left, right = _compared(compiler, node)
    wanted = node.function == "="
    return _Part("boolean", lambda row: (left(row) == right(row)) is wanted)


def _ordered(compiler: _Compiler, node: Call) -> _Part:
    left, right = _compared(compiler, node)
    order = ORDER[node.function]

    def holds(row: Row) -> bool:
        sides = left(row), right(row)
        return None not in sides and order(*sides)

    return _Part("boolean", holds)


def _today(_: _Compiler, node: Call) -> _Part:
    check_count(node, 0, 0)
    return _Part("date", lambda row: row.today())


def _now(_: _Compiler, node: Call) -> _Part:
    check_count(node, 0, 0)
    return _Part("datetime", lambda row: row.now())


_SPECIAL: dict[str, Callable[[_Compiler, Call], _Part]] = {
    "=": _equals,
    "<>": _equals,
    **dict.fromkeys(ORDER, _ordered),
    "+": _plus,
    "IF": _if,
    "INCLUDES": _includes,
    "ISBLANK": _is_blank,
    "ISCHANGED": _is_changed,
    "ISNEW": _is_new,
    "ISNULL": _is_blank,
    "ISPICKVAL": _is_picklist_value,
    "NOW": _now,
    "PRIORVALUE": _prior_value,
    "TEXT": _text,
    "TODAY": _today,
}
