"""SOQL: one rule broken at a time."""

from tests.mutants import Mutant

_SOQL = "connector/sandbox/salesforce/soql"
_UNIT = "tests/unit/sandbox"


def _mutant(file: str, text: str, replacement: str, test: str) -> Mutant:
    return Mutant(f"{_SOQL}/{file}.py", text, replacement, f"{_UNIT}/{test}")


MUTANTS = [
    # Text and tokens.
    _mutant(
        "lexer",
        "if len(soql) > MAX_QUERY:",
        "if False:",
        "test_soql_lexer.py::test_a_query_has_at_most_100_000_characters",
    ),
    _mutant(
        "lexer",
        "if len(value) > MAX_STRING:",
        "if False:",
        "test_soql_lexer.py::test_a_string_has_at_most_4_000_characters",
    ),
    _mutant(
        "lexer",
        'if match[2] in "%_\\\\":',
        'if match[2] in "\\\\":',
        "test_soql_lexer.py::test_a_pattern_keeps_its_wild_cards_and_escapes_apart",
    ),
    _mutant("lexer", "    if unzoned:\n", "    if False:\n", "test_soql_refusals.py::test_the_whole_message"),
    _mutant(
        "errors",
        'f"Column:{column}\\n", found.message',
        'f"Column:{column + 1}\\n", found.message',
        "test_soql_refusals.py::test_the_whole_message",
    ),
    _mutant(
        "errors",
        'caret = " " * (column - first) + "^"',
        'caret = "^"',
        "test_soql_refusals.py::test_the_message_shows_the_place",
    ),
    # Grammar.
    _mutant(
        "conditions",
        "while self._take_word(operator):",
        'while self._take_word("AND") or self._take_word("OR"):',
        "test_soql_parser.py::test_malformed",
    ),
    _mutant(
        "conditions",
        "if self._depth > _NESTING:",
        "if False:",
        "test_soql_parser.py::test_deep_nesting_is_too_complicated_not_a_crash",
    ),
    _mutant(
        "conditions", "if path.text.upper() not in _FUNCTIONS:", "if False:", "test_soql_parser.py::test_malformed"
    ),
    _mutant(
        "conditions",
        'if self._token.kind is not Kind.END and self._token.text != "(":',
        "if False:",
        "test_soql_refusals.py::test_wrong_syntax_has_the_platforms_words",
    ),
    _mutant(
        "conditions",
        'if symbol == ")":',
        "if False:",
        "test_soql_refusals.py::test_wrong_syntax_has_the_platforms_words",
    ),
    _mutant(
        "conditions",
        "if token.kind is not Kind.NAME or token.word in _RESERVED:\n            return",
        "if True:\n            return",
        "test_soql_refusals.py::test_wrong_syntax_has_the_platforms_words",
    ),
    _mutant(
        "parser",
        "raise malformed(self._soql, operand.position, f\"unexpected token: '{operand.function}'\")",
        "pass",
        "test_soql_parser.py::test_malformed",
    ),
    _mutant("parser", "if token.word not in _SCOPES:", "if False:", "test_soql_parser.py::test_malformed"),
    _mutant("parser", "or int(token.text) > _INTEGER_MAX", "", "test_soql_parser.py::test_malformed"),
    # Names.
    _mutant("scope", "if len(names) > _LEVELS + 1:", "if False:", "test_soql_refusals.py::test_refused"),
    _mutant(
        "scope",
        "_MOST_PARENTS = 55",
        "_MOST_PARENTS = 1_000",
        "test_soql_reference.py::test_fifty_five_parents_a_query",
    ),
    _mutant(
        "scope", "if len(path.names) > 1 and first in self.named:", "if False:", "test_soql_reference.py::test_answers"
    ),
    _mutant(
        "scope",
        'if first not in known or (parent.name or "").lower() in known:',
        "if False:",
        "test_soql_reference.py::test_refuses",
    ),
    _mutant("scope", "if wanted not in _NAME_FIELDS:", "if False:", "test_soql_refusals.py::test_refused"),
    _mutant(
        "scope",
        "if name.lower() in _NAME_PARENTS and target.relationship(name) is not None:",
        "if target.relationship(name) is not None:",
        "test_soql_reference.py::test_refuses",
    ),
    _mutant(
        "scope",
        "conditions.append(f'{self.alias}.\"IsDeleted\" = 0')",
        "pass",
        "test_soql_query.py::test_deleted_rows_appear_only_when_asked_for",
    ),
    # Selection.
    _mutant(
        "plan",
        "if not self.output.add(expression, key):",
        "if not self.output.add(expression, key) and False:",
        "test_soql_refusals.py::test_a_field_selected_twice_is_told_without_its_place",
    ),
    _mutant(
        "plan",
        "if item.alias is not None and isinstance(operand, ast.Path):",
        "if False:",
        "test_soql_refusals.py::test_refused",
    ),
    _mutant("plan", "if expression.function in DATE_FUNCTIONS:", "if False:", "test_soql_reference.py::test_refuses"),
    _mutant("plan", 'if item.which != "STANDARD" and not bounded:', "if False:", "test_soql_refusals.py::test_refused"),
    _mutant(
        "plan", "if not self._scope.is_name_field(path.text):", "if False:", "test_soql_reference.py::test_refuses"
    ),
    _mutant(
        "plan",
        "return rest if rest and first.lower() in own else query.source",
        "return query.source",
        "test_soql_reference.py::test_answers",
    ),
    _mutant(
        "plan",
        "most = _DEPTH if self._context.version_number >= 58 else _DEPTH_BEFORE_58",
        "most = _DEPTH",
        "test_soql_reference.py::test_five_levels_of_children_since_version_58",
    ),
    _mutant(
        "plan", "_DEPTH = 5\n", "_DEPTH = 6\n", "test_soql_reference.py::test_five_levels_of_children_since_version_58"
    ),
    _mutant(
        "plan",
        "if self._context.subqueries > _MOST_CHILDREN:",
        "if False:",
        "test_soql_reference.py::test_twenty_child_relationships_a_query",
    ),
    _mutant(
        "plan",
        "if query.offset is not None and outer.limit != 1:",
        "if False:",
        "test_soql_query.py::test_a_subquery_may_have_an_offset_where_its_parent_is_one",
    ),
    _mutant(
        "plan",
        "if query.offset is not None and query.offset > MAX_OFFSET:",
        "if False:",
        "test_soql_refusals.py::test_refused",
    ),
    _mutant(
        "plan",
        "if query.all_rows and not context.include_deleted:",
        "if False:",
        "test_soql_query.py::test_deleted_rows_appear_only_when_asked_for",
    ),
    _mutant(
        "plan",
        'if query.purpose == "UPDATE" and (query.all_rows or query.order):',
        "if False:",
        "test_soql_reference.py::test_refuses",
    ),
    _mutant(
        "plan",
        'if wanted.name != "MINE" or not scope.sobject.has_owner:',
        "if False:",
        "test_soql_reference.py::test_refuses",
    ),
    _mutant(
        "plan",
        'if query.scope is not None and query.scope.name != "EVERYTHING":',
        "if False:",
        "test_soql_reference.py::test_using_scope_mine_keeps_the_users_own_records",
    ),
    # Conditions.
    _mutant(
        "filters",
        "if not field.filterable or field.parts or expression.formatted or labelled:",
        "if False:",
        "test_soql_refusals.py::test_refused",
    ),
    _mutant(
        "filters",
        'if operator not in ("=", "!=") and field.type in ("boolean", "multipicklist"):',
        "if False:",
        "test_soql_refusals.py::test_refused",
    ),
    _mutant(
        "filters",
        "return Sql(f\"{expression.sql} IS {'' if wanted else 'NOT '}TRUE\"",
        'return Sql(f"{expression.sql} = {int(wanted)}"',
        "test_soql_reference.py::test_answers",
    ),
    _mutant(
        "filters",
        "bound = span.start if operator in",
        "bound = span.end if operator in",
        "test_soql_filters.py::test_comparisons_with_a_range",
    ),
    _mutant(
        "filters",
        'raise self._context.malformed(condition.query.position, "Nesting',
        'print(condition.query.position, "Nesting',
        "test_soql_refusals.py::test_refused",
    ),
    _mutant("filters", "        if not alone:\n", "        if False:\n", "test_soql_refusals.py::test_refused"),
    _mutant("semijoin", "if self._count > _MOST:", "if False:", "test_soql_refusals.py::test_refused"),
    _mutant("semijoin", "if sobject is outer.sobject:", "if False:", "test_soql_refusals.py::test_refused"),
    _mutant(
        "semijoin",
        "if left.bound is not None and left.bound.parents:",
        "if False:",
        "test_soql_reference.py::test_refuses",
    ),
    _mutant(
        "semijoin",
        "if not _targets(left.bound.sobject, left.field) & _targets(selected.sobject, selected.field):",
        "if False:",
        "test_soql_refusals.py::test_refused",
    ),
    _mutant(
        "literals",
        "literal = replace(literal, position=position)",
        "pass",
        "test_soql_refusals.py::test_the_whole_message",
    ),
    _mutant(
        "dates",
        '"LAST_N_DAYS": lambda today, n: _days(today, -n, 1)',
        '"LAST_N_DAYS": lambda today, n: _days(today, -n, 0)',
        "test_soql_dates.py::test_days",
    ),
    # Order and groups.
    _mutant("ordering", "if len(query.order) > _MOST:", "if False:", "test_soql_reference.py::test_refuses"),
    _mutant(
        "ordering",
        'if field.type != "picklist" or',
        'if field.type == "picklist" or',
        "test_soql_reference.py::test_a_picklist_is_sorted_as_it_was_set_up",
    ),
    _mutant(
        "ordering",
        "NULLS {'FIRST' if order.nulls_first else 'LAST'}",
        "NULLS LAST",
        "test_soql_query.py::test_order_puts_null_first_unless_told_otherwise",
    ),
    _mutant(
        "aggregate",
        '"LIMIT": query.limit is not None',
        '"LIMIT": False',
        "test_soql_refusals.py::test_refused",
    ),
    _mutant(
        "aggregate",
        "if self._query.subtotals and len(self._groups) > _MOST_SUBTOTALS:",
        "if False:",
        "test_soql_groups.py::test_refused",
    ),
    _mutant(
        "aggregate",
        "if _same(expression, group) and place not in level:",
        "if False:",
        "test_soql_groups.py::test_rollup_adds_a_grand_total",
    ),
    _mutant(
        "aggregate",
        "            self._unnamed += 1\n",
        "",
        "test_soql_query.py::test_aggregates_without_groups_answer_one_row",
    ),
    _mutant(
        "grouping", 'if subtotals == "CUBE":', "if False:", "test_soql_groups.py::test_cube_adds_every_combination"
    ),
    _mutant(
        "grouping", 'if subtotals == "ROLLUP":', "if False:", "test_soql_groups.py::test_rollup_adds_a_grand_total"
    ),
    _mutant("formats", ".astimezone(zone)", "", "test_soql_groups.py::test_format_makes_text_as_people_see_it"),
    _mutant(
        "functions",
        "if inner.formatted or not can_format(inner.field):",
        "if False:",
        "test_soql_reference.py::test_refuses",
    ),
    # Types.
    _mutant("aggregate", ' or field.type == "multipicklist"', "", "test_soql_types.py::test_refused"),
    _mutant("ordering", ' or field.type == "multipicklist"', "", "test_soql_types.py::test_refused"),
    _mutant(
        "functions",
        'if inner.field.type == "multipicklist":',
        "if False:",
        "test_soql_types.py::test_labels_are_selected",
    ),
    _mutant("filters", 'f"%;{_escaped(item)};%"', 'f"%{item}%"', "test_soql_types.py::test_conditions"),
    # Examples and remarks of the reference.
    _mutant(
        "parser",
        "            if len(path.names) < 2:\n",
        "            if name is None or len(path.names) < 2:\n",
        "test_soql_examples.py::test_a_parent_in_from_needs_no_alias",
    ),
    _mutant(
        "functions",
        'if inner.field.type == "picklist" and inner.field.picklist:',
        "if False:",
        "test_soql_examples.py::test_answers",
    ),
    _mutant(
        "functions",
        'return field.type not in ("boolean", "base64", "multipicklist", "time")',
        'return field.type not in ("boolean", "base64", "multipicklist", "time") or name == "COUNT"',
        "test_soql_examples.py::test_refuses",
    ),
    _mutant(
        "functions",
        'return f"({sql} COLLATE NOCASE)" if field.is_text and not field.case_sensitive else sql',
        "return sql",
        "test_soql_examples.py::test_answers",
    ),
    _mutant("functions", " and not _names_record_type(inner):", ":", "test_soql_examples.py::test_answers"),
    _mutant("functions", ' and inner.field.name == "Name"\n', "\n", "test_soql_examples.py::test_refuses"),
    _mutant("filters", " or labelled:", ":", "test_soql_examples.py::test_refuses"),
    _mutant(
        "aggregate", '"OFFSET": query.offset is not None', '"OFFSET": False', "test_soql_examples.py::test_refuses"
    ),
    _mutant("aggregate", '"ORDER BY": bool(query.order)', '"ORDER BY": False', "test_soql_examples.py::test_refuses"),
    _mutant(
        "aggregate",
        "        if any(_same(expression, group) for group in self._groups):\n",
        "        if False:\n",
        "test_soql_examples.py::test_refuses",
    ),
    _mutant(
        "aggregate",
        "        self._check_not_grouped(item.operand)\n",
        "",
        "test_soql_examples.py::test_refuses",
    ),
    _mutant("aggregate", " or self._query.subtotals:", ":", "test_soql_examples.py::test_answers"),
    _mutant(
        "output",
        "        if found is not None:\n            return found if",
        "        if isinstance(found, Record):\n            return found if",
        "test_soql_examples.py::test_refuses",
    ),
    _mutant("plan", "if found[0].name in selected:", "if False:", "test_soql_examples.py::test_refuses"),
    _mutant("plan", "            self._check_fields_once(branch.fields)\n", "", "test_soql_examples.py::test_refuses"),
    _mutant("plan", "        self._check_fields_once(item.otherwise)\n", "", "test_soql_examples.py::test_refuses"),
    _mutant("plan", "if query.scope is not None:\n", "if False:\n", "test_soql_examples.py::test_refuses"),
    Mutant(
        "connector/sandbox/salesforce/sosl/statement.py",
        "if len(returning) > 1 and any(",
        "if False and any(",
        f"{_UNIT}/test_sosl.py::test_a_malformed_search_says_why",
    ),
]
