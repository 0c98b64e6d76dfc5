"""The syntax of a query as frozen data. Positions are offsets into the text, for errors."""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps through parents: `Account.Owner.Name`."""

    names: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        """As written."""
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one argument: `COUNT(Id)`, `toLabel(Status)`, `CALENDAR_YEAR(convertTimezone(CreatedDate))`.

    DISTANCE has three; its place and unit are read and left out, since no query with it is answered.
    """

    function: str
    argument: "Path | Call"
    position: int


Operand = Path | Call


class LiteralKind(Enum):
    """What a literal is written as."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    NULL = "null"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    RANGE = "range"
    CURRENCY = "currency"


@dataclass(frozen=True, slots=True)
class Literal:
    """One literal. `text` is the value (unescaped for strings); a RANGE is a date literal such as LAST_N_DAYS:7, a
    CURRENCY an amount with its code such as USD5000.
    """

    kind: LiteralKind
    text: str
    position: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operand operator literal`; operators are = != < <= > >= and LIKE (whose literal is an escaped pattern)."""

    operand: Operand
    operator: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class InList:
    """`operand [NOT] IN (literals)`, or INCLUDES/EXCLUDES where `multiple`."""

    operand: Operand
    literals: tuple[Literal, ...]
    negated: bool
    multiple: bool = False


@dataclass(frozen=True, slots=True)
class InQuery:
    """`operand [NOT] IN (SELECT …)`: a semi-join, or an anti-join where negated."""

    operand: Operand
    query: "Query"
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """`NOT condition`."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions joined by one operator, AND or OR."""

    operator: str
    conditions: tuple["Condition", ...]


Condition = Comparison | InList | InQuery | Not | Group


@dataclass(frozen=True, slots=True)
class SelectField:
    """A selected field or function, perhaps with an alias."""

    operand: Operand
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class SelectFields:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)` or `FIELDS(CUSTOM)`."""

    which: str
    position: int


@dataclass(frozen=True, slots=True)
class SelectQuery:
    """A child subquery; its `source` is a relationship of the parent."""

    query: "Query"


@dataclass(frozen=True, slots=True)
class TypeOfBranch:
    """`WHEN type THEN fields`."""

    type: str
    fields: tuple[Path, ...]
    position: int


@dataclass(frozen=True, slots=True)
class SelectTypeOf:
    """`TYPEOF relationship WHEN … ELSE … END`."""

    relationship: Path
    branches: tuple[TypeOfBranch, ...]
    otherwise: tuple[Path, ...]


SelectItem = SelectField | SelectFields | SelectQuery | SelectTypeOf


@dataclass(frozen=True, slots=True)
class Order:
    """One ORDER BY item; `nulls_first` is the platform's default."""

    operand: Operand
    descending: bool = False
    nulls_first: bool = True


@dataclass(frozen=True, slots=True)
class ParentAlias:
    """A parent in FROM, mostly with a name of its own: `FROM Contact c, c.Account a`."""

    name: str | None
    path: Path


@dataclass(frozen=True, slots=True)
class FilterScope:
    """`USING SCOPE name`."""

    name: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A whole query. `count` is `SELECT COUNT()`; `select` is empty then. `subtotals` is ROLLUP or CUBE."""

    select: tuple[SelectItem, ...]
    source: str
    source_position: int
    position: int
    count: bool = False
    alias: str | None = None
    parents: tuple[ParentAlias, ...] = ()
    scope: FilterScope | None = None
    where: Condition | None = None
    group: tuple[Operand, ...] = ()
    subtotals: str | None = None
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    purpose: str | None = None
    all_rows: bool = False
    all_rows_position: int = 0
