"""What Salesforce refuses, so does the sandbox: rights, sharing, limits, keys and values (DESIGN §10)."""

from testkit.promise import Promise

PROMISES = [
    Promise(
        says="An object without rights is not there (DESIGN §10)",
        where="m365sandbox.salesforce.rights.user_rights:Rights.can_read",
        change=("return always or self.sees_all(sobject) or self._on(sobject).read", "return True"),
        caught_by="tests/unit/salesforce/rights/test_rights.py::test_an_object_without_rights_is_not_there",
    ),
    Promise(
        says="Reading does not allow writing (DESIGN §10)",
        where="m365sandbox.salesforce.rights.user_rights:Rights._may",
        change=("return bool(getattr(self._on(sobject), verb))", "return True"),
        caught_by="tests/unit/salesforce/rights/test_rights.py::test_reading_does_not_allow_writing",
    ),
    Promise(
        says="The administrator's profile opens no custom field (DESIGN §10)",
        where="m365sandbox.salesforce.rights.user_rights:Rights._profile_opens",
        change=("if field.custom:\n            return False", "if field.custom:\n            return True"),
        caught_by="tests/unit/salesforce/rights/test_rights.py::test_the_administrators_profile_opens_no_custom_field",
    ),
    Promise(
        says="A field that is opened for reading is not written (DESIGN §10)",
        where="m365sandbox.salesforce.rights.user_rights:Rights._granted",
        change=(
            "return found is not None and (found.editable or (found.readable and not edit))",
            "return found is not None",
        ),
        caught_by="tests/unit/salesforce/objects/test_permissions.py::test_a_field_is_opened_for_reading_then_for_writing",
    ),
    Promise(
        says="With the switch off nobody sets audit fields (DESIGN §10)",
        where="m365sandbox.salesforce.rights.user_rights:Rights._has_switched",
        change=("return self._switches.enabled and self.has(permission)", "return self.has(permission)"),
        caught_by="tests/unit/salesforce/rows/test_audit_fields.py::test_with_the_switch_off_nobody_may",
    ),
    Promise(
        says="CreatedDate does not lie in the future (DESIGN §7)",
        where="m365sandbox.salesforce.rows.audit:_check_dates",
        change=("if created > now + timedelta(minutes=1):", "if False:"),
        caught_by="tests/unit/salesforce/rows/test_audit_fields.py::test_the_future_is_refused",
    ),
    Promise(
        says="An inactive owner needs the permission (DESIGN §7, owner)",
        where="m365sandbox.salesforce.rows.owners:_refusal",
        change=("if rows and not rows[0][0] and not call.rights.may_use_inactive_owner(sobject):", "if False:"),
        caught_by="tests/unit/salesforce/rows/test_owners.py::test_an_inactive_owner_needs_the_permission",
    ),
    Promise(
        says="An owner can read the object (DESIGN §3)",
        where="m365sandbox.salesforce.rows.owners:_refusal",
        change=("if not call.org.rights.of(owner_id).can_read(sobject):", "if False:"),
        caught_by="tests/unit/salesforce/rows/test_owners.py::test_an_owner_can_read_the_object",
    ),
    Promise(
        says="Personal exclusions are private (DESIGN §3, sharing)",
        where="m365sandbox.salesforce.rights.sharing:RecordSharing._owned_or_shared",
        change=('opens = access == "read" or (access == "edit" and rule.access == "Edit")', "opens = True"),
        caught_by="tests/unit/salesforce/rights/test_rights.py::test_personal_exclusions_are_private_and_global_ones_are_not",
    ),
    Promise(
        says="Matched mail is shared, unmatched mail is its owner's (DESIGN §3, sharing)",
        where="m365sandbox.salesforce.rights.sharing:RecordSharing._owned_or_shared",
        change=(
            "if rule.object.lower() == sobject.name.lower() and rule.shared_to in _EVERYONE and opens:",
            "if False:",
        ),
        caught_by="tests/unit/salesforce/rights/test_rights.py::test_unmatched_mail_is_its_owners",
    ),
    Promise(
        says="Assignments of others are shown with View Setup only (DESIGN §3)",
        where="m365sandbox.salesforce.rights.sharing:RecordSharing._setup_rows",
        change=('and sobject.name == "PermissionSetAssignment" and not self._rights.has("ViewSetup"):', "and False:"),
        caught_by="tests/unit/salesforce/rights/test_rights.py::test_assignments_are_shown_in_full_with_view_setup_only",
    ),
    Promise(
        says="allOrNone at the top overrides that of a Collection (DESIGN §2.7)",
        where="m365sandbox.salesforce.composite.subrequests:_sub_call",
        change=("        force_all_or_none=all_or_none,\n", ""),
        caught_by="tests/unit/salesforce/composite/test_composite.py::test_all_or_none_at_the_top_overrides_the_collection",
    ),
    Promise(
        says="A Composite holds five queries and Collections at most (DESIGN §2.7)",
        where="m365sandbox.salesforce.composite.composite:_checked",
        change=("    if heavy > MAX_HEAVY_SUBREQUESTS:", "    if False:"),
        caught_by="tests/unit/salesforce/composite/test_composite.py::test_more_than_five_queries_and_collections_are_refused",
    ),
    Promise(
        says="The sandbox deploys nothing that an org refuses (issue 14, A)",
        where="m365sandbox.salesforce.metadata.build:deploy",
        change=("    if refused:", "    if False:"),
        caught_by="tests/unit/salesforce/metadata/test_rules.py::test_nothing_of_it_is_deployed_and_all_problems_are_told_at_once",
    ),
    Promise(
        says="A Collection holds 200 rows at most (DESIGN §2.7)",
        where="m365sandbox.salesforce.composite.collections:_check_count",
        change=("    if len(items) > limit:", "    if False:"),
        caught_by="tests/unit/salesforce/composite/test_collections.py::test_more_than_200_rows_are_refused_as_a_whole",
    ),
    Promise(
        says="A key twice in one upsert fails every such row (DESIGN §2.7)",
        where="m365sandbox.salesforce.rows.upsert:upsert",
        change=("    _refuse_repeated(items, key)\n", ""),
        caught_by="tests/unit/salesforce/composite/test_collections.py::test_a_key_twice_in_one_upsert_fails_every_such_row",
    ),
    Promise(
        says="A unique value stands once (DESIGN §2.7)",
        where="m365sandbox.salesforce.rows.uniqueness:_check_field",
        change=("        if holder != draft.record_id:", "        if False:"),
        caught_by="tests/unit/salesforce/rest/test_rows.py::test_unique_values_stand_once",
    ),
    Promise(
        says="A restricted picklist takes its values only (DESIGN §10)",
        where="m365sandbox.salesforce.values.checks:_picklist_checker.check",
        change=("            if field.restricted and part not in allowed:", "            if False:"),
        caught_by="tests/unit/salesforce/values/test_values.py::test_restricted_picklists_take_their_values_only",
    ),
    Promise(
        says="A text is no longer than its field (DESIGN §10)",
        where="m365sandbox.salesforce.values.checks:_text_checker",
        change=("if limit and _counted(text, field.html, limit) > limit:", "if False:"),
        caught_by="tests/unit/salesforce/values/test_values.py::test_text_over_its_length_is_refused_with_label_and_limit",
    ),
    Promise(
        says="A full org takes no new rows (DESIGN §4)",
        where="m365sandbox.salesforce.org:OrgState.storage_is_full",
        change=("return self.data_storage_used_mb >= self.data_storage_mb", "return False"),
        caught_by="tests/unit/salesforce/test_org.py::test_full_storage_refuses_new_rows_only",
    ),
    Promise(
        says="A frozen user cannot sign in (issue 14, A5)",
        where="m365sandbox.salesforce.auth.oauth:TokenEndpoint._let_in",
        change=("        if not is_let_in(self._connection, user_id):", "        if False:"),
        caught_by="tests/unit/salesforce/auth/test_oauth.py::test_a_frozen_user_cannot_sign_in",
    ),
    Promise(
        says="Deleted rows are seen by queryAll only (DESIGN §3)",
        where="m365sandbox.salesforce.soql.scope:Scope.visible",
        change=("conditions.append(f'{self.alias}.\"IsDeleted\" = 0')", "pass"),
        caught_by="tests/unit/salesforce/soql/test_query.py::test_deleted_rows_appear_only_when_asked_for",
    ),
    Promise(
        says="What is not emulated does not exist (DESIGN §10)",
        where="m365sandbox.salesforce.urls:_is_not_here",
        change=("return word in _NOT_HERE or ", "return "),
        caught_by="tests/unit/salesforce/test_http.py::test_what_is_not_emulated_does_not_exist",
    ),
]
