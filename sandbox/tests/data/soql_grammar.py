"""SOQL made from its grammar by a seeded generator, and the same with one token broken."""

import re
from collections.abc import Callable
from random import Random

_OBJECTS = ("Account", "Contact", "Lead", "Task", "Event", "User", "Email__c", "Case", "Opportunity", "Asset__c")
_FIELDS = ("Id", "Name", "Email", "Phone", "Amount__c", "CreatedDate", "OwnerId", "Type", "Status", "Group", "Order__c")
_PARENTS = ("Account", "Owner", "Parent", "Email__r", "CreatedBy", "Mailbox__r", "ReportsTo")
_CHILDREN = ("Contacts", "Tasks", "Participants__r", "Events", "Mail_Tasks__r", "Opportunities")
_WORDS = ("Acme", "it\\'s", "a\\\\b", "50%", "", "new\\nline", "\\u00e9", "ümlaut", "x y", '\\"', "WHERE", "--")
_PATTERNS = ("%acme%", "a_b", "\\_x%", "\\%", "")
_UNITS = ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
_PLAIN_DATES = ("YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS")
_DATE_FUNCTIONS = ("CALENDAR_YEAR", "CALENDAR_MONTH", "DAY_ONLY", "HOUR_IN_DAY", "FISCAL_QUARTER", "WEEK_IN_YEAR")
_AGGREGATES = ("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX")
_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|[\w.$:+-]+|<=|>=|<>|!=|\S")
#: What replaces a token.
_STRAYS = (
    "SELECT",
    "FROM",
    "WHERE",
    "AND",
    "(",
    ")",
    ",",
    "=",
    "'x'",
    "5",
    "Name",
    "LIMIT",
    "ORDER",
    "BY",
    "NOT",
    "null",
)


class Grammar:
    """Makes queries. The same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def query(self) -> str:
        """A query that the grammar allows."""
        kind = self._random.random()
        if kind < 0.08:
            return self._count()
        if kind < 0.3:
            return self._grouped()
        return self._rows(nesting=2)

    def _pick(self, *choices: str) -> str:
        return self._random.choice(choices)

    def _maybe(self, chance: float, text: str) -> str:
        return f" {text}" if self._random.random() < chance else ""

    def _some(self, most: int, make: Callable[[], str]) -> str:
        return ", ".join(make() for _ in range(self._random.randint(1, most)))

    # --- the whole ------------------------------------------------------------------------------------------------

    def _count(self) -> str:
        word = self._pick("COUNT()", "count()", "Count( )")
        return f"SELECT {word} FROM {self._source()}{self._where(0.8)}{self._bounds()}"

    def _rows(self, nesting: int) -> str:
        fields = [self._selected() for _ in range(self._random.randint(1, 5))]
        if nesting and self._random.random() < 0.25:
            fields.append(f"({self._child(nesting - 1)})")
        if self._random.random() < 0.1:
            fields.append(self._type_of())
        if self._random.random() < 0.08:
            fields.append(f"FIELDS({self._pick('ALL', 'STANDARD', 'CUSTOM', 'all')})")
        self._random.shuffle(fields)
        scope = self._maybe(0.05, f"USING SCOPE {self._pick('mine', 'everything', 'team')}")
        ending = self._maybe(0.1, f"FOR {self._pick('VIEW', 'REFERENCE', 'UPDATE')}")
        source = f"{self._source()}{scope}{self._where(0.7)}"
        return (
            f"{self._pick('SELECT', 'select')} {', '.join(fields)} FROM {source}{self._order()}{self._bounds()}{ending}"
        )

    def _child(self, nesting: int) -> str:
        inner = f", ({self._child(nesting - 1)})" if nesting and self._random.random() < 0.3 else ""
        where = f"{self._where(0.5)}{self._order()}{self._bounds()}"
        return f"SELECT {self._some(3, self._path)}{inner} FROM {self._pick(*_CHILDREN)}{where}"

    def _grouped(self) -> str:
        group = [self._grouping() for _ in range(self._random.randint(1, 3))]
        selected = [*group, *(self._aggregate() + self._maybe(0.4, self._alias()) for _ in range(2))]
        words = ", ".join(group)
        if self._random.random() < 0.2:
            words = f"{self._pick('ROLLUP', 'CUBE')}({words})"
        having = self._maybe(0.4, f"HAVING {self._aggregate()} {self._pick('>', '<=', '=')} {self._number()}")
        order = self._maybe(0.4, f"ORDER BY {self._aggregate()} {self._pick('ASC', 'DESC')}")
        head = f"SELECT {', '.join(selected)} FROM {self._source()}{self._where(0.5)}"
        return f"{head} GROUP BY {words}{having}{order}{self._bounds()}"

    # --- select ---------------------------------------------------------------------------------------------------

    def _path(self) -> str:
        parents = [self._pick(*_PARENTS) for _ in range(self._random.choice((0, 0, 0, 1, 1, 2, 4)))]
        return ".".join([*parents, self._pick(*_FIELDS)])

    def _selected(self) -> str:
        if self._random.random() < 0.1:
            function = self._pick("toLabel", "FORMAT", "convertCurrency")
            return f"{function}({self._path()}){self._maybe(0.5, self._alias())}"
        return self._path()

    def _alias(self) -> str:
        return self._pick("n", "total", "cnt", "x1", "Alias_Name")

    def _type_of(self) -> str:
        cases = " ".join(
            f"WHEN {self._pick(*_OBJECTS)} THEN {self._some(2, self._path)}" for _ in range(self._random.randint(1, 3))
        )
        return f"TYPEOF {self._pick('What', 'Who', 'Owner')} {cases}{self._maybe(0.5, 'ELSE Name, Id')} END"

    def _source(self) -> str:
        return self._pick(*_OBJECTS) + self._maybe(0.15, self._pick("a", "x", "obj"))

    def _aggregate(self) -> str:
        return f"{self._pick(*_AGGREGATES)}({self._path()})"

    def _grouping(self) -> str:
        if self._random.random() < 0.3:
            path = self._path()
            inner = f"convertTimezone({path})" if self._random.random() < 0.3 else path
            return f"{self._pick(*_DATE_FUNCTIONS)}({inner})"
        return self._path()

    # --- where ----------------------------------------------------------------------------------------------------

    def _where(self, chance: float) -> str:
        return f" {self._pick('WHERE', 'where')} {self._conditions(2)}" if self._random.random() < chance else ""

    def _conditions(self, nesting: int) -> str:
        parts = [self._condition(nesting) for _ in range(self._random.choice((1, 1, 2, 3)))]
        if len(parts) == 1 and self._random.random() < 0.1:
            return f"NOT {parts[0]}"
        return f" {self._pick('AND', 'OR', 'and', 'or')} ".join(parts)

    def _condition(self, nesting: int) -> str:
        kind = self._random.random()
        if nesting and kind < 0.2:
            return f"({self._conditions(nesting - 1)})"
        if nesting and kind < 0.27:
            return f"(NOT {self._comparison()})"
        if kind < 0.34:
            query = f"SELECT {self._pick(*_FIELDS)} FROM {self._pick(*_OBJECTS)}{self._where(0.5) if nesting else ''}"
            return f"Id {self._pick('IN', 'NOT IN', 'in')} ({query})"
        return self._comparison()

    def _comparison(self) -> str:
        path = self._path()
        kind = self._random.random()
        if kind < 0.12:
            return f"{path} {self._pick('LIKE', 'like')} '{self._pick(*_PATTERNS)}'"
        if kind < 0.25:
            return f"{path} {self._pick('IN', 'NOT IN')} ({self._some(4, self._literal)})"
        if kind < 0.32:
            return f"{path} {self._pick('INCLUDES', 'EXCLUDES')} ({self._some(2, self._string)})"
        if kind < 0.4:
            return (
                f"{self._pick(*_DATE_FUNCTIONS)}({path}) {self._pick('=', '>', '<=')} {self._random.randint(1, 2030)}"
            )
        return f"{path}{self._pick(' = ', '=', ' != ', ' <> ', ' < ', '<= ', ' > ', ' >= ')}{self._literal()}"

    def _literal(self) -> str:
        make = self._random.choice((self._string, self._string, self._number, self._date, self._instant, self._word))
        return make()

    def _string(self) -> str:
        return f"'{self._pick(*_WORDS)}'"

    def _number(self) -> str:
        return self._pick("0", "5", "-3", "1.5", "-0.25", "2147483648", "+7", "USD5000")

    def _date(self) -> str:
        unit = self._pick(*_UNITS)
        number = self._random.randint(1, 400)
        counted = (f"LAST_N_{unit}S", f"NEXT_N_{unit}S", f"N_{unit}S_AGO", "LAST_N_DAYS", "NEXT_N_DAYS", "N_DAYS_AGO")
        plain = (f"LAST_{unit}", f"THIS_{unit}", f"NEXT_{unit}", "today", *_PLAIN_DATES)
        return self._pick(f"{self._pick(*counted)}:{number}", self._pick(*plain))

    def _instant(self) -> str:
        zone = self._pick("Z", "+02:00", "-08:00", "z")
        return self._pick("2026-11-22", f"2026-11-22T10:00:00{zone}", f"2026-11-22T10:00:00.000{zone}")

    def _word(self) -> str:
        return self._pick("null", "NULL", "true", "FALSE", "True")

    # --- what follows ---------------------------------------------------------------------------------------------

    def _order(self) -> str:
        nulls = self._maybe(0.3, f"NULLS {self._pick('FIRST', 'LAST', 'first')}")
        item = f"{self._path()}{self._maybe(0.5, self._pick('ASC', 'DESC', 'desc'))}{nulls}"
        return self._maybe(0.35, f"ORDER BY {item}{self._pick('', f', {self._path()}')}")

    def _bounds(self) -> str:
        limit = self._maybe(0.3, f"LIMIT {self._random.randint(0, 2000)}")
        return limit + self._maybe(0.2 if limit else 0.02, f"OFFSET {self._random.randint(0, 2000)}")

    # --- mutation -------------------------------------------------------------------------------------------------

    def broken(self, soql: str) -> str:
        """The query with one token deleted, doubled, swapped with the next or replaced. Mostly no query any more."""
        tokens = _TOKEN.findall(soql)
        place = self._random.randrange(len(tokens) - 1)
        how = self._random.randrange(4)
        if how == 0:
            del tokens[place]
        elif how == 1:
            tokens.insert(place, tokens[place])
        elif how == 2:
            tokens[place], tokens[place + 1] = tokens[place + 1], tokens[place]
        else:
            tokens[place] = self._pick(*_STRAYS)
        return " ".join(tokens)
