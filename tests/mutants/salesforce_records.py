"""Rules of the Salesforce sandbox's records: validation, recycle bin, trees, graphs, ids, lookups, upsert, values."""

from tests.mutants import Mutant

_SANDBOX = "connector/sandbox/salesforce"
_TESTS = "tests/unit/sandbox/test_salesforce"


def _mutant(file: str, text: str, replacement: str, test: str) -> Mutant:
    return Mutant(f"{_SANDBOX}/{file}", text, replacement, f"{_TESTS}_{test}")


_VALIDATION = [
    _mutant(
        "insert.py",
        "    validation.check(call, sobject, drafts)\n",
        "",
        "validation.py::test_a_wrong_pattern_is_refused_at_its_field",
    ),
    _mutant(
        "update.py",
        "    validation.check(call, sobject, drafts)\n",
        "",
        "validation.py::test_type_pattern_and_user_are_fixed",
    ),
    _mutant(
        "update.py",
        " | validation.fields_read(sobject)",
        "",
        "validation.py::test_a_rule_may_read_long_text_that_an_update_does_not_name",
    ),
    _mutant(
        "validation.py",
        "*([rule.field] if rule.field else [])",
        "",
        "validation.py::test_settings_stay_in_their_bounds",
    ),
    _mutant(
        "validation.py",
        "            if rule.holds(row):\n",
        "            if not draft.errors and rule.holds(row):\n",
        "validation.py::test_every_rule_that_applies_is_told",
    ),
    _mutant(
        "validation.py",
        "        return name in self.saver.permissions",
        "        return True",
        "validation.py::test_only_holders_of_the_custom_permission_make_rules_for_others",
    ),
    _mutant(
        "validation.py",
        '    SELECT "PermissionSetId" FROM held\n    UNION\n',
        "",
        "validation.py::test_only_holders_of_the_custom_permission_make_rules_for_others",
    ),
    _mutant(
        "validation.py",
        'JOIN held USING ("PermissionSetGroupId") WHERE component."IsDeleted" = 0',
        'JOIN held USING ("PermissionSetGroupId") WHERE 0',
        "validation.py::test_a_custom_permission_may_be_held_through_a_group",
    ),
    _mutant(
        "metadata/build.py",
        "        if item.active:\n            names",
        "        if True:\n            names",
        "validation.py::test_an_inactive_rule_is_not_played",
    ),
    _mutant(
        "metadata/build.py",
        "    for name in sorted(item.custom_permissions - custom_permissions):",
        "    for name in ():",
        "validation.py::test_a_custom_permission_that_is_not_there_cannot_be_granted",
    ),
]

_FORMULA = [
    _mutant(
        "formula/compiler.py",
        "        if function is None:\n            raise",
        '        if function is None:\n            return _Part("boolean", lambda _: False)\n            raise',
        "formula.py::test_what_a_deploy_refuses",
    ),
    _mutant(
        "formula/compiler.py",
        "not row.is_new and row.value(name) != row.prior(name)",
        "not row.is_new",
        "formula.py::test_a_change_is_one_of_value_on_an_update",
    ),
    _mutant(
        "formula/compiler.py",
        "        return None not in sides and order(*sides)",
        "        return order(*(side or 0 for side in sides))",
        "formula.py::test_blank_text_is_the_empty_text_and_a_blank_number_compares_as_nothing",
    ),
    _mutant(
        "formula/functions.py",
        "compiled(pattern).fullmatch(text)",
        "compiled(pattern).search(text)",
        "formula.py::test_what_holds",
    ),
    _mutant(
        "formula/patterns.py",
        "re.compile(_translated(pattern), re.ASCII)",
        "re.compile(_translated(pattern))",
        "formula.py::test_regular_expressions_are_javas",
    ),
    _mutant(
        "formula/values.py",
        "        return str(value)[:15]",
        "        return str(value)",
        "formula.py::test_what_holds",
    ),
    _mutant(
        "formula/parser.py",
        "        if self._depth > _MAX_DEPTH:",
        "        if self._depth > 10_000:",
        "formula.py::test_what_a_deploy_refuses",
    ),
]

_RECYCLE_BIN = [
    _mutant(
        "delete.py",
        "        recycle_bin.keep(call, sobject, roots)\n",
        "",
        "recycle_bin.py::test_undelete_brings_back_details_and_lookups",
    ),
    _mutant(
        "delete.py",
        "    recycle_bin.keep_cleared(call, child, field, targets)\n",
        "",
        "recycle_bin.py::test_undelete_brings_back_details_and_lookups",
    ),
    _mutant(
        "delete.py",
        "            _take_out_of_bin(call, child, field.name, list(roots))\n",
        "            pass\n",
        "recycle_bin.py::test_a_detail_deleted_before_its_master_does_not_come_back_with_it",
    ),
    _mutant(
        "delete.py",
        "{row[0]: roots[row[1]] for row in rows}",
        "{row[0]: row[0] for row in rows}",
        "recycle_bin.py::test_what_went_with_another_record_is_not_in_the_bin_itself",
    ),
    _mutant(
        "recycle_bin.py",
        "        _refuse_taken(call, kind, record_ids)\n",
        "        pass\n",
        "recycle_bin.py::test_a_unique_value_taken_meanwhile_keeps_the_row_in_the_bin",
    ),
    _mutant(
        "recycle_bin.py",
        " AND {column} IS NULL', (target_id",
        "', (target_id",
        "recycle_bin.py::test_a_lookup_that_was_replaced_meanwhile_is_kept",
    ),
    _mutant(
        "recycle_bin.py",
        "        tables.update(connection, sobject, dead)\n",
        "        del dead\n",
        "recycle_bin.py::test_a_lookup_whose_target_went_meanwhile_comes_back_empty",
    ),
    _mutant(
        "recycle_bin.py",
        "    if not call.rights.can_delete(sobject):",
        "    if False:",
        "recycle_bin.py::test_only_who_may_delete_brings_back",
    ),
    _mutant(
        "recycle_bin.py",
        "    if not (sobject.has_recycle_bin and sobject.undeletable):",
        "    if False:",
        "recycle_bin.py::test_each_id_has_its_own_result",
    ),
    _mutant(
        "recycle_bin.py",
        "            _remove_rows(call, child, [row[0] for row in rows])\n",
        "            pass\n",
        "recycle_bin.py::test_purged_rows_are_gone_with_their_details",
    ),
]

_COMPOSITE = [
    _mutant(
        "subrequests.py",
        "    if inherited is not None:",
        "    if False:",
        "composite.py::test_headers_that_sub_requests_inherit_are_not_named_in_them",
    ),
    _mutant(
        "subrequests.py",
        "        version=parts[0],\n",
        "",
        "composite.py::test_a_sub_request_may_use_another_version",
    ),
    _mutant(
        "subrequests.py",
        '    if segments[0] == "sobjects" and len(segments) == 4 and segments[3] == "VersionData":',
        "    if False:",
        "composite.py::test_files_are_not_read_in_a_composite",
    ),
    _mutant(
        "subrequests.py",
        "        force_all_or_none=all_or_none,\n",
        "",
        "composite.py::test_all_or_none_at_the_top_overrides_the_collection",
    ),
    _mutant(
        "composite.py",
        "    if heavy > MAX_HEAVY_SUBREQUESTS:",
        "    if False:",
        "composite.py::test_more_than_five_queries_and_collections_are_refused",
    ),
    _mutant(
        "composite.py",
        "    if len(items) > MAX_SUBREQUESTS:",
        "    if False:",
        "composite.py::test_more_than_25_sub_requests_are_refused",
    ),
    _mutant(
        "composite_graph.py",
        "            if failed:\n                raise RollBack\n",
        "            if failed:\n                break\n",
        "composite_graph.py::test_a_graph_that_fails_is_undone_and_the_others_stand",
    ),
    _mutant(
        "composite_graph.py",
        "    if count > limit:",
        "    if count > limit + 1:",
        "composite_graph.py::test_limits_on_graphs_and_nodes",
    ),
    _mutant(
        "composite_graph.py",
        "1 + max((depths.get(name, 0) for name in used), default=0)",
        "1",
        "composite_graph.py::test_a_chain_of_references_has_fifteen_nodes_at_most",
    ),
    _mutant(
        "composite_graph.py",
        "        halt = failures > MAX_FAILURES",
        "        halt = False",
        "composite_graph.py::test_after_more_than_fourteen_failures_the_rest_is_halted",
    ),
    _mutant(
        "composite_graph.py",
        "        _check_address(node)\n",
        "",
        "composite_graph.py::test_a_graph_takes_rows_only",
    ),
    _mutant(
        "composite_graph.py",
        "    if float(call.version) < FIRST_VERSION:",
        "    if False:",
        "composite_graph.py::test_the_resource_came_with_version_50",
    ),
    _mutant(
        "sobject_tree.py",
        "        if failed:\n            raise RollBack\n",
        "",
        "tree.py::test_one_bad_record_undoes_all_and_is_the_only_one_named",
    ),
    _mutant(
        "sobject_tree.py",
        "        if self._count > MAX_RECORDS:",
        "        if self._count > MAX_RECORDS + 1:",
        "tree.py::test_two_hundred_records_are_the_most",
    ),
    _mutant(
        "sobject_tree.py",
        "        if level >= MAX_LEVELS or",
        "        if level > MAX_LEVELS or",
        "tree.py::test_five_levels_are_the_most",
    ),
    _mutant(
        "sobject_tree.py",
        "    if repeated:\n",
        "    if False:\n",
        "tree.py::test_reference_ids_stand_once",
    ),
    _mutant(
        "sobject_tree.py",
        "        return {**self.values, self.reference.name: self.parent.outcome.record_id}",
        "        return self.values",
        "tree.py::test_a_tree_is_written_level_by_level",
    ),
]

_RECORDS = [
    _mutant(
        "lookups.py",
        "        if reference.value in found.deleted:",
        "        if False:",
        "lookups.py::test_a_deleted_record_cannot_be_pointed_at",
    ),
    _mutant(
        "lookups.py",
        "    if target is None or target.name not in field.reference_to:",
        "    if target is None:",
        "lookups.py::test_a_lookup_points_at_its_object",
    ),
    _mutant(
        "ids.py",
        "    return full if full[15:] == value[15:].upper() else None",
        "    return full",
        "ids.py::test_other_texts_are_no_ids",
    ),
    _mutant(
        "metadata/field.py",
        '        updateable=kind not in ("AutoNumber", "MasterDetail") or root.flag("reparentableMasterDetail"),',
        '        updateable=kind != "AutoNumber",',
        "lookups.py::test_a_detail_keeps_its_master",
    ),
    _mutant(
        "records.py",
        '    for named in (key.name, "Id"):',
        "    for named in (key.name,):",
        "lookups.py::test_an_upsert_by_key_names_neither_key_nor_id_in_its_body",
    ),
    _mutant(
        "records.py",
        '    if call.flag("updateOnly"):',
        "    if False:",
        "lookups.py::test_an_upsert_may_be_kept_from_inserting",
    ),
    _mutant(
        "records.py",
        "    if len(found) > 1:",
        "    if False:",
        "rows.py::test_several_matches_are_300_with_their_places",
    ),
    _mutant(
        "sobject_collections.py",
        "    if len(chunks) > MAX_CHUNKS:",
        "    if False:",
        "lookups.py::test_a_collection_changes_its_type_nine_times_at_most",
    ),
    _mutant(
        "sobject_collections.py",
        "    if len(items) > limit:",
        "    if False:",
        "collections.py::test_more_than_200_rows_are_refused_as_a_whole",
    ),
    _mutant(
        "upsert.py",
        "    _refuse_repeated(items, key)\n",
        "",
        "collections.py::test_a_key_twice_in_one_upsert_fails_every_such_row",
    ),
    _mutant(
        "uniqueness.py",
        "        if holder != draft.record_id:",
        "        if False:",
        "rows.py::test_unique_values_stand_once",
    ),
    _mutant(
        "checks.py",
        "            if field.restricted and part not in allowed:",
        "            if False:",
        "values.py::test_restricted_picklists_take_their_values_only",
    ),
    _mutant(
        "checks.py",
        '        for part in text.split(";") if multiple else [text]:',
        "        for part in [text]:",
        "checks.py::test_each_value_of_a_multi_select_is_one_of_its_values",
    ),
    _mutant(
        "checks.py",
        "    if html and length * 6 > limit:",
        "    if False:",
        "values.py::test_rich_text_is_counted_as_it_is_encoded",
    ),
    _mutant(
        "checks.py",
        "        if is_email and text and _EMAIL.fullmatch(text) is None:",
        "        if False:",
        "values.py::test_email_fields_refuse_what_is_no_address",
    ),
    _mutant(
        "checks.py",
        "        if number is not None and bound is not None and abs(number) >= bound:",
        "        if False:",
        "values.py::test_a_number_has_no_more_digits_than_its_field",
    ),
    _mutant(
        "insert.py",
        "            draft.values.setdefault(name, value)",
        "            pass",
        "values.py::test_defaults_fill_what_is_not_named",
    ),
]

MUTANTS = [*_VALIDATION, *_FORMULA, *_RECYCLE_BIN, *_COMPOSITE, *_RECORDS]
