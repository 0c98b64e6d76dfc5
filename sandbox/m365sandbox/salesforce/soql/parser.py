"""Recursive descent from tokens to the syntax tree, after the grammar that Salesforce publishes with its SOQL tools.

What it accepts is what the platform accepts: one of AND and OR on a level, NOT only as the whole of a level,
a semi-join without ORDER BY or LIMIT, no trailing words.
"""

from functools import lru_cache

from m365sandbox.salesforce.soql import ast
from m365sandbox.salesforce.soql.conditions import ConditionParser
from m365sandbox.salesforce.soql.errors import malformed
from m365sandbox.salesforce.soql.lexer import Kind

_INTEGER_MAX = 2_147_483_647
_FIELDS = ("ALL", "STANDARD", "CUSTOM")
#: SOQL reference, "USING SCOPE".
_SCOPES = frozenset(
    {"DELEGATED", "EVERYTHING", "MINE", "MINE_AND_MY_GROUPS", "MY_TERRITORY", "MY_TEAM_TERRITORY", "SCOPINGRULE"}
    | {"TEAM"}
)


#: Longer queries are lists of ids that do not come again.
_KEPT = 2_000


def parse(soql: str) -> ast.Query:
    """The query. SoqlError (MALFORMED_QUERY) with the place of what is wrong."""
    return _parse_short(soql) if len(soql) <= _KEPT else _Parser(soql).whole()


@lru_cache(maxsize=256)
def _parse_short(soql: str) -> ast.Query:
    return _Parser(soql).whole()


class _Parser(ConditionParser):
    def whole(self) -> ast.Query:
        query = self._query()
        if self._token.kind is not Kind.END:
            raise self._unexpected()
        return query

    # --- SELECT ---------------------------------------------------------------------------------------------------

    def _query(self) -> ast.Query:
        position = self._token.position
        self._expect_word("SELECT")
        count = self._at_count()
        select: tuple[ast.SelectItem, ...] = ()
        if count:
            self._index += 3
        else:
            select = self._listed(self._select_item)
        self._expect_word("FROM")
        source, source_position, alias = self._source()
        parents = self._parents()
        scope = self._filter_scope()
        where = self._where()
        # WITH is no part of it: SECURITY_ENFORCED and USER_MODE belong to Apex, data categories to Knowledge.
        subtotals, group = self._group()
        having = self._conditions() if group and self._take_word("HAVING") else None
        order = self._order()
        limit = self._whole_number() if self._take_word("LIMIT") else None
        offset = self._whole_number() if self._take_word("OFFSET") else None
        purpose = self._purpose()
        all_rows_position = self._token.position
        all_rows = self._take_words("ALL", "ROWS")
        return ast.Query(
            select=select, count=count, source=source, source_position=source_position, position=position,
            alias=alias, parents=parents, scope=scope, where=where, group=group, subtotals=subtotals, having=having,
            order=order, limit=limit, offset=offset, purpose=purpose, all_rows=all_rows,
            all_rows_position=all_rows_position,
        )  # fmt: skip

    def _at_count(self) -> bool:
        """`COUNT()` stands alone; with an argument it is an aggregate."""
        tokens = self._tokens[self._index : self._index + 3]
        return len(tokens) == 3 and tokens[0].word == "COUNT" and tokens[1].text == "(" and tokens[2].text == ")"

    def _select_item(self) -> ast.SelectItem:
        token = self._token
        if self._take("("):
            if self._token.word != "SELECT":
                raise self._unexpected()
            query = self._query()
            self._expect(")")
            return ast.SelectQuery(query)
        if token.word == "TYPEOF" and self._ahead(1).kind is Kind.NAME:
            return self._type_of()
        if token.word == "FIELDS" and self._ahead(1).text == "(":
            return self._fields_function()
        operand = self._operand()
        return ast.SelectField(operand, self._alias())

    def _fields_function(self) -> ast.SelectFields:
        position = self._advance().position
        self._expect("(")
        which = self._advance()
        if which.word not in _FIELDS:
            raise malformed(self._soql, which.position, f"unexpected token: {which.shown()}")
        self._expect(")")
        return ast.SelectFields(which.word, position)

    def _type_of(self) -> ast.SelectTypeOf:
        self._advance()
        relationship = self._path()
        branches = []
        while self._take_word("WHEN"):
            name = self._path()
            self._expect_word("THEN")
            branches.append(ast.TypeOfBranch(name.text, self._listed(self._path), name.position))
        if not branches:
            raise self._unexpected()
        otherwise = self._listed(self._path) if self._take_word("ELSE") else ()
        self._expect_word("END")
        return ast.SelectTypeOf(relationship, tuple(branches), otherwise)

    # --- FROM and what follows ------------------------------------------------------------------------------------

    def _source(self) -> tuple[str, int, str | None]:
        source = self._path()
        self._take_word("AS")
        return source.text, source.position, self._alias()

    def _parents(self) -> tuple[ast.ParentAlias, ...]:
        """`, c.Account a, a.Owner o` after `FROM Contact c`; a parent need not have an alias."""
        found = []
        while self._take(","):
            path = self._path()
            self._take_word("AS")
            name = self._alias()
            if len(path.names) < 2:
                raise self._unexpected()
            found.append(ast.ParentAlias(name, path))
        return tuple(found)

    def _filter_scope(self) -> ast.FilterScope | None:
        if not self._take_word("USING"):
            return None
        self._expect_word("SCOPE")
        token = self._token
        if token.word not in _SCOPES:
            raise self._unexpected()
        self._advance()
        return ast.FilterScope(token.word, token.position)

    def _where(self) -> ast.Condition | None:
        return self._conditions() if self._take_word("WHERE") else None

    def _group(self) -> tuple[str | None, tuple[ast.Operand, ...]]:
        """The kind of subtotals and the grouped operands; ROLLUP and CUBE hold all of them in parentheses."""
        if not self._take_words("GROUP", "BY"):
            return None, ()
        if self._token.word not in ("ROLLUP", "CUBE"):
            return None, self._listed(self._operand)
        subtotals = self._advance().word
        self._expect("(")
        found = self._listed(self._operand)
        self._expect(")")
        return subtotals, found

    def _order(self) -> tuple[ast.Order, ...]:
        return self._listed(self._order_item) if self._take_words("ORDER", "BY") else ()

    def _order_item(self) -> ast.Order:
        operand = self._operand()
        if isinstance(operand, ast.Call) and operand.function.upper() == "TOLABEL":
            # SOQL reference, "toLabel()": not with ORDER BY; picklists are sorted in their own order anyway.
            raise malformed(self._soql, operand.position, f"unexpected token: '{operand.function}'")
        descending = self._take_word("DESC")
        if not descending:
            self._take_word("ASC")
        nulls_first = True
        if self._take_word("NULLS"):
            nulls_first = self._take_word("FIRST")
            if not nulls_first:
                self._expect_word("LAST")
        return ast.Order(operand, descending, nulls_first)

    def _whole_number(self) -> int:
        token = self._token
        if token.kind is Kind.SYMBOL and token.text == ":":
            raise self._no_bind()
        if token.kind is not Kind.INTEGER or int(token.text) > _INTEGER_MAX:
            raise self._unexpected()
        self._advance()
        return int(token.text)

    def _purpose(self) -> str | None:
        if not self._take_word("FOR"):
            return None
        token = self._advance()
        if token.word not in ("VIEW", "REFERENCE", "UPDATE"):
            raise malformed(self._soql, token.position, f"unexpected token: {token.shown()}")
        return token.word

    def _semi_join(self) -> ast.Query:
        """`SELECT field FROM … WHERE …`, without anything behind."""
        position = self._token.position
        self._expect_word("SELECT")
        field = ast.SelectField(self._operand())
        self._expect_word("FROM")
        source, source_position, alias = self._source()
        parents = self._parents()
        return ast.Query(
            select=(field,), source=source, source_position=source_position, position=position, alias=alias,
            parents=parents, where=self._where(),
        )  # fmt: skip
