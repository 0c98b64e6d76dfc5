"""HTTP, sessions, pages, search and changes of the Salesforce sandbox, each without one of its rules."""

from tests.mutants import Mutant

_SANDBOX = "connector/sandbox/salesforce/"
_HTTP = "tests/unit/sandbox/test_salesforce_http.py::"
_SEARCH = "tests/unit/sandbox/test_salesforce_search.py::"
_SOSL = "tests/unit/sandbox/test_sosl.py::"
_AUTH = "tests/unit/sandbox/test_salesforce_auth.py::"
_ORG = "tests/unit/sandbox/test_salesforce_org.py::"


def _mutant(file: str, text: str, replacement: str, test: str) -> Mutant:
    return Mutant(_SANDBOX + file, text, replacement, test)


MUTANTS = [
    # errors and verbs
    _mutant(
        "errors.py",
        '(verb == "HEAD" and "GET" in allowed)',
        "False",
        _HTTP + "test_a_verb_that_a_path_has_not_is_named",
    ),
    _mutant("errors.py", 'headers={"Allow": listed}', "headers={}", _HTTP + "test_a_verb_that_a_path_has_not_is_named"),
    _mutant(
        "errors.py",
        '{"WWW-Authenticate": "Token"}',
        "{}",
        _HTTP + "test_without_a_session_nothing_is_answered",
    ),
    _mutant(
        "urls.py",
        "return word in _NOT_HERE or ",
        "return ",
        _HTTP + "test_what_is_not_emulated_does_not_exist",
    ),
    _mutant(
        "urls.py",
        'if name.lower() == "user" and rest == ("password",):',
        "if False:",
        _HTTP + "test_what_is_not_emulated_does_not_exist",
    ),
    # requests
    _mutant(
        "rest.py",
        "if header is None:\n            raise expired_session()",
        "if header is None:\n            raise bad_authorization()",
        _HTTP + "test_without_a_session_nothing_is_answered",
    ),
    _mutant(
        "rest.py",
        'scheme.lower() not in ("bearer", "oauth") or not token.strip()',
        'scheme.lower() not in ("bearer", "oauth")',
        _HTTP + "test_without_a_session_nothing_is_answered",
    ),
    _mutant(
        "rest.py",
        'if verb is None or request.method != "POST":',
        "if verb is None:",
        _HTTP + "test_a_post_may_stand_for_another_verb",
    ),
    _mutant(
        "rest.py",
        "        bodies.check_accept(request, call.segments)\n",
        "",
        _HTTP + "test_a_row_that_was_not_acceptable_is_not_written",
    ),
    _mutant(
        "bodies.py",
        "if not ranges & _JSON_RANGES:",
        'if "application/json" not in ranges:',
        _HTTP + "test_only_json_is_answered",
    ),
    _mutant(
        "bodies.py",
        "        raise unsupported_media_type(kind)\n",
        "        return {}\n",
        _HTTP + "test_a_body_of_another_type_is_refused",
    ),
    _mutant(
        "bodies.py",
        "if wrong.pos >= len(wrong.doc):",
        "if False:",
        _HTTP + "test_a_body_that_is_no_object_says_where_it_breaks",
    ),
    _mutant(
        "call.py",
        "if self.body is not None and not isinstance(self.body, dict):",
        "if False:",
        _HTTP + "test_a_body_that_is_no_object_says_where_it_breaks",
    ),
    _mutant(
        "gateway.py",
        'takes_gzip = "gzip" in',
        'takes_gzip = "gzip" not in',
        _HTTP + "test_a_large_answer_is_packed_where_that_is_taken",
    ),
    _mutant(
        "gateway.py",
        "and len(body) >= _WORTH_PACKING",
        "and body",
        _HTTP + "test_a_large_answer_is_packed_where_that_is_taken",
    ),
    # versions of a resource
    _mutant(
        "preconditions.py",
        "        raise PreconditionError",
        "        return",
        _HTTP + "test_an_account_has_a_tag_that_changes_with_it",
    ),
    _mutant(
        "preconditions.py",
        "version is not None and (_must_fail(call.headers, version) or _is_none_match(call.headers, version))",
        "version is not None and _must_fail(call.headers, version)",
        _HTTP + "test_an_account_has_a_tag_that_changes_with_it",
    ),
    _mutant(
        "preconditions.py",
        'item.removesuffix("-gzip")',
        "item",
        _HTTP + "test_an_account_has_a_tag_that_changes_with_it",
    ),
    _mutant(
        "preconditions.py",
        "    if sobject.name == _TAGGED:\n",
        "    if False:\n",
        _HTTP + "test_an_account_has_a_tag_that_changes_with_it",
    ),
    _mutant(
        "preconditions.py",
        "tag = _digest(rows[0]) if sobject.name == _TAGGED else None",
        "tag = _digest(rows[0])",
        _HTTP + "test_other_objects_have_no_tag",
    ),
    _mutant(
        "preconditions.py",
        "    _check_values(call.headers)\n",
        "",
        _HTTP + "test_a_wrong_precondition_refuses_a_change",
    ),
    _mutant(
        "preconditions.py",
        "version.modified <= since",
        "version.modified < since",
        _HTTP + "test_rows_and_shapes_are_asked_for_by_date",
    ),
    _mutant(
        "service.py",
        "        self._org.shaped_at = self._org.now()\n",
        "",
        _HTTP + "test_rows_and_shapes_are_asked_for_by_date",
    ),
    # pages
    _mutant(
        "cursors.py",
        "return 1 + sum(_weight(child) for child in below)",
        "return 1",
        _HTTP + "test_child_records_count_and_have_cursors",
    ),
    _mutant(
        "cursors.py",
        "if kept and room < 0:",
        "if room < 0:",
        _HTTP + "test_child_records_count_and_have_cursors",
    ),
    _mutant(
        "cursors.py",
        "        if not _is_children(value):\n            return value\n",
        "        return value\n",
        _HTTP + "test_child_records_count_and_have_cursors",
    ),
    _mutant(
        "cursors.py",
        "cursor.user_id != reader.user_id",
        "False",
        _ORG + "test_a_cursor_is_its_users_and_ends",
    ),
    _mutant(
        "cursors.py",
        " or reader.now - cursor.opened_at > _LIFETIME",
        "",
        _ORG + "test_a_cursor_is_its_users_and_ends",
    ),
    # changes, recent rows, counts
    _mutant(
        "replication.py",
        "return _minute(found.astimezone(UTC))",
        "return found.astimezone(UTC)",
        _HTTP + "test_changes_are_told_by_the_minute",
    ),
    _mutant(
        "replication.py",
        "_soql(max(start, floor))",
        "_soql(start)",
        _HTTP + "test_changes_are_told_by_the_minute",
    ),
    _mutant(
        "replication.py",
        "_written(min(end, _minute(call.now)))",
        "_written(end)",
        _HTTP + "test_changes_are_told_by_the_minute",
    ),
    _mutant("replication.py", "if start >= end:", "if start > end:", _HTTP + "test_a_wrong_span_is_refused"),
    _mutant(
        "replication.py",
        "if start < _minute(call.now - reach):",
        "if False:",
        _HTTP + "test_a_wrong_span_is_refused",
    ),
    _mutant("replication.py", "if found.tzinfo is None:", "if False:", _HTTP + "test_a_wrong_span_is_refused"),
    _mutant(
        "recent.py",
        'if answer.status >= 300 or _HEADER.fullmatch(call.headers.get("sforce-mru", "")) is None:',
        "if answer.status >= 300:",
        _HTTP + "test_recent_rows_are_those_written_with_the_header",
    ),
    _mutant(
        "recent.py",
        "ORDER BY seen DESC",
        "ORDER BY seen",
        _HTTP + "test_recent_rows_are_those_written_with_the_header",
    ),
    _mutant(
        "recent.py",
        "return records[0] if records else None",
        'return records[0] if records else {"Id": record_id}',
        _HTTP + "test_recent_rows_are_those_written_with_the_header",
    ),
    _mutant(
        "resources.py",
        '\' WHERE "IsDeleted" = 0\' if sobject.has_recycle_bin else ""',
        '""',
        _HTTP + "test_records_are_counted",
    ),
    # search
    _mutant(
        "sosl/expression.py",
        'if self.operator == "OR":\n            return self.left.holds(texts) or',
        'if self.operator == "OR":\n            return self.left.holds(texts) and',
        _SOSL + "test_an_expression_matches_words",
    ),
    _mutant(
        "sosl/expression.py",
        'is (self.operator == "AND")',
        "is True",
        _SOSL + "test_an_expression_matches_words",
    ),
    _mutant(
        "sosl/expression.py",
        "map(re.Pattern.fullmatch,",
        "map(re.Pattern.match,",
        _SOSL + "test_an_expression_matches_words",
    ),
    _mutant(
        "sosl/expression.py",
        'if self.operator == "OR":\n            yield',
        "if False:\n            yield",
        _SOSL + "test_a_record_that_is_found_has_one_of_the_hints",
    ),
    _mutant("sosl/expression.py", "_SHORTEST = 2", "_SHORTEST = 1", _SOSL + "test_a_malformed_search_says_why"),
    _mutant(
        "sosl/statement.py",
        "if text[place:].strip():",
        "if False:",
        _SOSL + "test_a_malformed_search_says_why",
    ),
    _mutant(
        "sosl/statement.py",
        "match[1] and not _is_nested(inner, match.start())",
        "match[1]",
        _SOSL + "test_a_statement_has_its_clauses",
    ),
    _mutant(
        "sosl/statement.py", "min(int(limit[1]), MOST)", "int(limit[1])", _SOSL + "test_what_is_not_said_has_a_default"
    ),
    _mutant(
        "search.py",
        "not call.rights.can_read(sobject) or not is_searchable(sobject)",
        "not call.rights.can_read(sobject)",
        _SEARCH + "test_a_wrong_search_is_refused",
    ),
    _mutant(
        "search.py",
        "is_searchable(item) and call.rights.can_read(item)",
        "call.rights.can_read(item)",
        _SEARCH + "test_without_returning_every_searchable_object_answers_with_ids",
    ),
    _mutant(
        "search.py",
        "sobject is None or not call.rights.can_read(sobject) or",
        "sobject is None or",
        _SEARCH + "test_only_what_the_caller_may_see_is_found",
    ),
    _mutant(
        "search.py",
        "return field.name_field or field.name in _NAMES",
        "return True",
        _SEARCH + "test_records_are_found_by_their_words",
    ),
    _mutant(
        "search.py",
        "return scope not in _TYPES or field.type in _TYPES[scope]",
        "return True",
        _SEARCH + "test_records_are_found_by_their_words",
    ),
    _mutant(
        "search.py",
        "if expression.holds(",
        "if record or expression.holds(",
        _SEARCH + "test_records_are_found_by_their_words",
    ),
    _mutant(
        "search.py",
        "_FIRST_WITH_OBJECT = 37",
        "_FIRST_WITH_OBJECT = 31",
        _SEARCH + "test_before_version_37_the_answer_is_a_list",
    ),
    _mutant(
        "search.py",
        "    if unknown is not None:\n",
        "    if False:\n",
        _SEARCH + "test_wrong_parameters_are_refused",
    ),
    # sessions
    _mutant(
        "identity.py",
        "if segments[1:2] != (org.org_id,):",
        "if False:",
        _HTTP + "test_an_identity_is_refused_in_one_word",
    ),
    _mutant(
        "identity.py",
        'if segments != ("id", org.org_id, user_id):',
        "if False:",
        _HTTP + "test_an_identity_is_refused_in_one_word",
    ),
    _mutant(
        "identity.py",
        'if asked not in (None, "json"):',
        "if False:",
        _HTTP + "test_an_identity_is_refused_in_one_word",
    ),
    _mutant(
        "soap.py",
        "        if not self._sessions.revoke(message.session):\n            raise",
        "        if not message.session:\n            raise",
        _HTTP + "test_soap_logs_out",
    ),
    _mutant(
        "soap.py",
        "and version <= _LAST_WITH_LOGIN:",
        "and version > _LAST_WITH_LOGIN:",
        _HTTP + "test_soap_login_is_off",
    ),
    _mutant(
        "auth.py",
        '    "password": "authentication failure",\n',
        "",
        _AUTH + "test_grants_that_nobody_here_can_have_are_refused",
    ),
    _mutant(
        "auth.py",
        "            self._check_client(*_client(form, request))\n            raise",
        "            raise",
        _AUTH + "test_grants_that_nobody_here_can_have_are_refused",
    ),
    # shapes and versions
    _mutant(
        "describe.py",
        "found |= dict.fromkeys(_NAME_PARTS, name.name)",
        "found |= {}",
        _HTTP + "test_describe_names_the_compound_of_a_part",
    ),
    _mutant(
        "describe.py",
        '"searchable": is_searchable(sobject)',
        '"searchable": True',
        _SEARCH + "test_describe_says_what_is_searched",
    ),
    _mutant(
        "records.py",
        "_FIRST_WITH_BODY = 46",
        "_FIRST_WITH_BODY = 31",
        _HTTP + "test_an_update_by_key_had_no_body_before_version_46",
    ),
    _mutant(
        "resources.py", "OLDEST, NEWEST = 31, 68", "OLDEST, NEWEST = 21, 68", _HTTP + "test_retired_versions_are_gone"
    ),
]
