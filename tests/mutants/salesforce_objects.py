"""Standard objects, rights, sharing, owners, sessions of the Salesforce sandbox."""

from tests.mutants import Mutant

_HERE = "connector/sandbox/salesforce"
_TESTS = "tests/unit/sandbox/test_salesforce"


def _mutant(file: str, text: str, replacement: str, test: str) -> Mutant:
    return Mutant(f"{_HERE}/{file}", text, replacement, f"{_TESTS}_{test}")


MUTANTS = [
    # --- rights
    _mutant(
        "rights.py",
        'if sobject.name in _SHOWN_WITH_SETUP:\n            return self.has("ViewSetup")',
        "if sobject.name in _SHOWN_WITH_SETUP:\n            return True",
        "permissions.py::test_permissions_are_shown_with_view_setup_only",
    ),
    _mutant(
        "rights.py",
        "return always or self.sees_all(sobject) or self._on(sobject).read",
        "return True",
        "rights.py::test_an_object_without_rights_is_not_there",
    ),
    _mutant(
        "rights.py",
        "return self.has(needed)",
        'return self.has("ManageUsers")',
        "permissions.py::test_each_setup_object_has_its_permission",
    ),
    _mutant(
        "rights.py",
        'return self.has(activity) or self.has("ModifyAllData")',
        "return True",
        "mail.py::test_events_need_their_permission",
    ),
    _mutant(
        "rights.py",
        "return bool(getattr(self._on(sobject), verb))",
        "return True",
        "rights.py::test_reading_does_not_allow_writing",
    ),
    _mutant(
        "rights.py",
        "if not field.permissionable or self._on(sobject).view_all_fields:",
        "if not field.permissionable:",
        "permissions.py::test_view_all_fields_opens_every_field_of_its_object",
    ),
    _mutant(
        "rights.py",
        "return found is not None and (found.editable or (found.readable and not edit))",
        "return found is not None",
        "permissions.py::test_a_field_is_opened_for_reading_then_for_writing",
    ),
    _mutant(
        "rights.py",
        "if field.custom:\n            return False",
        "if field.custom:\n            return True",
        "rights.py::test_the_administrators_profile_opens_no_custom_field",
    ),
    _mutant(
        "rights.py",
        'if self.has("ViewAllData") or self.has("ModifyAllData"):',
        'if self.has("ModifyAllData"):',
        "sharing.py::test_view_all_data_opens_records_and_no_fields",
    ),
    _mutant(
        "rights.py",
        'return self.has("ModifyAllData") or self._on(sobject).modify_all',
        'return self.has("ModifyAllData")',
        "sharing.py::test_all_records_of_one_object_can_be_opened",
    ),
    _mutant(
        "rights.py",
        'return self._has_switched("CreateAuditFields") and (sobject.custom or sobject.name in _AUDIT_OBJECTS)',
        "return sobject.custom or sobject.name in _AUDIT_OBJECTS",
        "audit_fields.py::test_without_the_permission_they_are_refused_by_name",
    ),
    _mutant(
        "rights.py",
        "return self._switches.enabled and self.has(permission)",
        "return self.has(permission)",
        "audit_fields.py::test_with_the_switch_off_nobody_may",
    ),
    _mutant(
        "rights.py",
        'if self._switches.need_modify_all and not self.has("ModifyAllData"):',
        "if False:",
        "audit_fields.py::test_an_org_may_ask_for_modify_all_data_beside_it",
    ),
    _mutant(
        "rights.py",
        "covered = sobject.custom or sobject.name in _INACTIVE_OWNER_OBJECTS",
        "covered = True",
        "owners.py::test_an_inactive_owner_needs_the_permission",
    ),
    # --- where rights come from
    _mutant(
        "rights_book.py",
        "key = (profile, tuple(held), switches, rights_rows.mark(self._connection))",
        "key = (profile, tuple(held), switches)",
        "permissions.py::test_an_object_is_opened_and_closed_by_a_row",
    ),
    _mutant(
        "rights_book.py",
        'WHERE component."IsDeleted" = 0 AND held."AssigneeId" = ?1',
        'WHERE held."AssigneeId" = ?1',
        "permissions.py::test_a_group_gives_what_all_its_sets_give",
    ),
    _mutant(
        "rights_book.py",
        'WHERE "AssigneeId" = ?1 AND "IsActive" = 1 AND ("ExpirationDate" IS NULL OR "ExpirationDate" > ?2)',
        "WHERE \"AssigneeId\" = ?1 AND ?2 <> ''",
        "rights.py::test_an_expired_assignment_gives_nothing",
    ),
    _mutant(
        "rights_book.py",
        'JOIN "User" ON "User"."ProfileId" = own."ProfileId"\n    WHERE "User"."Id" = ?1',
        'JOIN "User" ON "User"."ProfileId" = own."ProfileId"\n    WHERE "User"."Id" = ?1 AND 0',
        "rights.py::test_contacts_and_accounts_are_everybodys",
    ),
    _mutant(
        "rights_rows.py",
        "flags[name] = [old or bool(new) for old, new in zip(known, granted, strict=True)]",
        "flags[name] = [bool(new) for old, new in zip(known, granted, strict=True)]",
        "permissions.py::test_a_group_gives_what_all_its_sets_give",
    ),
    _mutant(
        "rights_rows.py",
        "BEGIN UPDATE _rights_mark SET mark = random(); END",
        "BEGIN UPDATE _rights_mark SET mark = 1; END",
        "permissions.py::test_a_field_is_opened_for_reading_then_for_writing",
    ),
    _mutant(
        "permissions_written.py",
        "if draft.current(permission) and missing:",
        "if False:",
        "permissions.py::test_grants_that_cannot_be_are_refused",
    ),
    _mutant(
        "permissions_written.py",
        "if draft.old is None and not draft.current(_READ):",
        "if False:",
        "permissions.py::test_grants_that_cannot_be_are_refused",
    ),
    _mutant(
        "permissions_written.py",
        "or not field.permissionable:",
        "or False:",
        "permissions.py::test_grants_that_cannot_be_are_refused",
    ),
    _mutant(
        "permissions_written.py",
        "if pair in held and not draft.errors:",
        "if False:",
        "permissions.py::test_a_grant_stands_once",
    ),
    _mutant(
        "permissions_written.py",
        "tables.delete(call.org.connection, sobject, empty)",
        "tables.delete(call.org.connection, sobject, [])",
        "permissions.py::test_a_field_is_opened_for_reading_then_for_writing",
    ),
    _mutant(
        "setup_rows.py",
        "if pair in held:",
        "if False:",
        "rights.py::test_an_assignment_stands_once",
    ),
    _mutant(
        "standard/permissions.py",
        'derived(lookup("PermissionSetGroupId", "PermissionSetGroup", cascade_delete=True))',
        'derived(lookup("PermissionSetGroupId", "PermissionSetGroup"))',
        "permissions.py::test_a_group_goes_with_what_hangs_on_it",
    ),
    _mutant(
        "seed.py",
        '"IsOwnedByProfile": 1,',
        '"IsOwnedByProfile": 0,',
        "permissions.py::test_profiles_have_permission_sets_of_their_own",
    ),
    _mutant(
        "seed.py",
        'self._insert("FieldPermissions", fields)',
        'self._insert("FieldPermissions", [])',
        "permissions.py::test_what_was_deployed_can_be_queried",
    ),
    # --- sharing
    _mutant(
        "sharing.py",
        'return None if rights.has("QueryAllFiles") else self._visible_files(sobject, alias)',
        'return None if rights.sees_all(sobject) or rights.has("QueryAllFiles") else '
        "self._visible_files(sobject, alias)",
        "sharing.py::test_view_all_data_opens_no_file_and_query_all_files_does",
    ),
    _mutant(
        "sharing.py",
        'self._reaches(links, "LinkedEntityId", link),',
        "",
        "sharing.py::test_a_file_is_seen_by_who_sees_the_record_it_is_on",
    ),
    _mutant(
        "sharing.py",
        "(f'{link}.\"LinkedEntityId\" = ?', [self._user_id]),",
        "",
        "sharing.py::test_a_file_is_shared_with_a_user_by_a_link",
    ),
    _mutant(
        "sharing.py",
        'conditions = {item: self.condition(item, f"{alias}_{item.key_prefix}") for item in readable}',
        "conditions = dict.fromkeys(readable)",
        "sharing.py::test_mail_about_a_hidden_task_is_hidden",
    ),
    _mutant(
        "sharing.py",
        "if self._rights.can_read(item) and item.name not in _NOBODYS_PLACE]",
        "if item.name not in _NOBODYS_PLACE]",
        "sharing.py::test_a_task_s_person_shows_it_to_who_reads_persons",
    ),
    _mutant(
        "sharing.py",
        'return f"({column} = ? OR {column} IN ({_BELOW}))", [self._user_id, self._user_id]',
        'return f"{column} = ?", [self._user_id]',
        "sharing.py::test_who_stands_above_the_owner_has_the_owner_s_access",
    ),
    _mutant(
        "sharing.py",
        'opens = access == "read" or (access == "edit" and rule.access == "Edit")',
        "opens = True",
        "rights.py::test_personal_exclusions_are_private_and_global_ones_are_not",
    ),
    _mutant(
        "sharing.py",
        "if rule.object.lower() == sobject.name.lower() and rule.shared_to in _EVERYONE and opens:",
        "if False:",
        "rights.py::test_unmatched_mail_is_its_owners",
    ),
    _mutant(
        "sharing.py",
        'if sobject.sharing == "ControlledByParent":',
        "if False:",
        "rights.py::test_details_follow_their_master",
    ),
    _mutant(
        "sharing.py",
        'if sobject.sharing == "ReadWrite" and access != "delete":',
        'if sobject.sharing == "ReadWrite":',
        "sharing.py::test_deleting_is_for_owners_on_public_objects_too",
    ),
    _mutant(
        "sharing.py",
        'and sobject.name == "PermissionSetAssignment" and not self._rights.has("ViewSetup"):',
        "and False:",
        "rights.py::test_assignments_are_shown_in_full_with_view_setup_only",
    ),
    # --- owners
    _mutant(
        "owners.py",
        "if rows and not rows[0][0] and not call.rights.may_use_inactive_owner(sobject):",
        "if False:",
        "owners.py::test_an_inactive_owner_needs_the_permission",
    ),
    _mutant(
        "owners.py",
        "if not call.org.rights.of(owner_id).can_read(sobject):",
        "if False:",
        "owners.py::test_an_owner_can_read_the_object",
    ),
    _mutant(
        "owners.py",
        'return draft.old is None or draft.old.get("OwnerId") != draft.values["OwnerId"]',
        "return True",
        "owners.py::test_a_record_whose_owner_left_is_edited_but_not_given_to_one_who_left",
    ),
    _mutant(
        "owners.py",
        "elif draft.old is not None and not _may_transfer(call, sobject, draft.old):",
        "elif False:",
        "sharing.py::test_a_record_of_ones_own_may_be_given_away_and_no_other",
    ),
    # --- sessions
    _mutant(
        "sessions.py",
        "if idle >= TIMEOUT:",
        "if False:",
        "sessions.py::test_a_session_ends_after_two_hours_without_a_call",
    ),
    _mutant(
        "sessions.py",
        "if idle >= TIMEOUT / 2:",
        "if True:",
        "sessions.py::test_a_call_in_the_first_half_is_not_noticed",
    ),
    _mutant(
        "sessions.py",
        "WHERE user_id = ? AND active_at IS NULL ORDER BY",
        "WHERE user_id = ? ORDER BY active_at DESC,",
        "sessions.py::test_a_signed_in_session_is_no_lasting_one",
    ),
    _mutant(
        "sessions.py",
        'return self._connection.execute("DELETE FROM _session WHERE token = ?", (token,)).rowcount > 0',
        "return True",
        "auth.py::test_a_revoked_token_is_unknown",
    ),
    _mutant(
        "auth.py",
        'raise OAuthError("invalid_grant", "audience is invalid")',
        "pass",
        "auth.py::test_a_wrong_claim_is_refused",
    ),
    _mutant(
        "auth.py",
        'raise OAuthError("invalid_client", "invalid client credentials")\n\n    def',
        "pass\n\n    def",
        "auth.py::test_wrong_client_credentials_are_an_oauth_error_object",
    ),
    # --- the org
    _mutant(
        "org.py",
        "return self.data_storage_used_mb >= self.data_storage_mb",
        "return False",
        "org.py::test_full_storage_refuses_new_rows_only",
    ),
    # --- tasks, events, mail
    _mutant(
        "activities.py",
        'values["CompletedDateTime"] = _instant(call.now) if is_closed else None',
        'values["CompletedDateTime"] = _instant(call.now)',
        "tasks.py::test_closing_follows_the_status",
    ),
    _mutant(
        "activities.py",
        'what if str(what).startswith("001") else',
        "None if what else",
        "tasks.py::test_the_account_follows_who_and_what",
    ),
    _mutant(
        "activities.py",
        "elif len(who_ids) > MAX_WHO_IDS:",
        "elif False:",
        "tasks.py::test_a_task_is_about_one_lead_or_up_to_fifty_contacts",
    ),
    _mutant(
        "activities.py",
        'elif "Lead" in kinds and len(who_ids) > 1:',
        "elif False:",
        "tasks.py::test_a_task_is_about_one_lead_or_up_to_fifty_contacts",
    ),
    _mutant(
        "activities.py",
        'values["WhoCount"] = sum(not is_what for _, is_what in related)',
        'values["WhoCount"] = len(related)',
        "tasks.py::test_relations_are_counted_with_shared_activities",
    ),
    _mutant(
        "activities.py",
        "tables.delete(call.org.connection, relation, [row[0] for row in old])",
        "",
        "tasks.py::test_relations_follow_a_change_of_person",
    ),
    _mutant(
        "events.py",
        'if "DurationInMinutes" in draft.given and values["DurationInMinutes"] != minutes:',
        "if False:",
        "mail.py::test_times_that_cannot_be_are_refused",
    ),
    _mutant(
        "events.py",
        'elif draft.current("StartDateTime") is None:',
        'elif False and draft.current("StartDateTime") is None:',
        "mail.py::test_times_that_cannot_be_are_refused",
    ),
    _mutant(
        "events.py",
        'elif draft.current("DurationInMinutes") > _MOST_DAYS * 24 * 60:',
        "elif False:",
        "mail.py::test_times_that_cannot_be_are_refused",
    ),
    _mutant(
        "mail.py",
        'if old.get("Status") == _DRAFT:\n        return',
        "return",
        "mail.py::test_what_was_sent_does_not_change",
    ),
    _mutant(
        "mail.py",
        "if name in draft.given and draft.old is not None:",
        "if False:",
        "mail.py::test_a_draft_changes_and_its_people_with_it",
    ),
    _mutant(
        "mail.py",
        'known = target is not None and target.name in ("Contact", "Lead", "User")',
        "known = target is not None",
        "mail.py::test_people_are_checked",
    ),
    _mutant(
        "mail.py",
        'if values.get("TextBody") is None and values.get("HtmlBody") is not None:',
        "if False:",
        "mail.py::test_text_comes_from_html_where_it_is_not_sent",
    ),
    # --- audit fields
    _mutant(
        "audit.py",
        "elif modified < created:",
        "elif False:",
        "audit_fields.py::test_modified_before_created_is_refused",
    ),
    _mutant(
        "audit.py",
        "if created > now + timedelta(minutes=1):",
        "if False:",
        "audit_fields.py::test_the_future_is_refused",
    ),
    _mutant(
        "audit.py",
        'if sobject.name == "Task" and (values.get("WhoId") or values.get("WhatId")):',
        "if False:",
        "audit_fields.py::test_a_related_task_does_not_keep_its_modification",
    ),
    # --- person accounts
    _mutant(
        "person_accounts.py",
        "_make_contacts(call, new)",
        "_make_contacts(call, [])",
        "person_accounts.py::test_a_person_is_an_account_and_a_contact",
    ),
    _mutant(
        "person_accounts.py",
        "call.org.state.count_rows(len(rows))",
        "",
        "person_accounts.py::test_a_person_is_an_account_and_a_contact",
    ),
    _mutant(
        "person_accounts.py",
        'elif "Name" in draft.given:\n        # Observed',
        "elif False:\n        # Observed",
        "person_accounts.py::test_the_record_type_decides_where_it_is_named",
    ),
    _mutant(
        "person_accounts.py",
        'elif values.get("LastName") is None:',
        "elif False:",
        "person_accounts.py::test_a_name_is_required_either_way",
    ),
    _mutant(
        "person_accounts.py",
        "tables.update(call.org.connection, contact, changes)",
        "",
        "person_accounts.py::test_the_contact_follows_the_account",
    ),
    _mutant(
        "person_accounts.py",
        "tables.update(call.org.connection, account, changes)",
        "",
        "person_accounts.py::test_the_account_follows_the_contact",
    ),
    _mutant(
        "person_accounts.py",
        'if draft.values.get("AccountId") in persons:',
        "if False:",
        "person_accounts.py::test_a_person_has_one_contact",
    ),
    _mutant(
        "person_accounts.py",
        'elif not old.get("IsPersonAccount"):\n        _refuse_names(draft, draft.given & person_only)',
        'elif not old.get("IsPersonAccount"):\n        pass',
        "person_accounts.py::test_the_contact_follows_the_account",
    ),
    _mutant(
        "sharing.py",
        'if sobject.name == "RecordType" and self._schema.objects["account"].field("RecordTypeId") is None:',
        "if False:",
        "person_accounts.py::test_without_the_switch_there_is_no_trace_of_them",
    ),
    # --- standard objects
    _mutant(
        "standard/people.py",
        'child="Contacts", cascade_delete=True)',
        'child="Contacts")',
        "standard.py::test_an_account_takes_its_contacts_with_it",
    ),
    _mutant(
        "standard/fields.py",
        "labels[item.name]) if item.name in labels else item for item in fields]",
        "labels[item.name]) if not item.name else item for item in fields]",
        "standard.py::test_a_field_is_what_the_reference_says",
    ),
    _mutant(
        "setup_rows.py",
        'if draft.values.get("CommunityNickname") is None:',
        "if False:",
        "standard.py::test_a_user_gets_a_nickname",
    ),
    # --- the objects travel in the wheel
    Mutant(
        "pyproject.toml",
        '"sfdc_objects" = "connector/sandbox/sfdc_objects"',
        '"config" = "connector/sandbox/config"',
        "tests/acceptance/test_wheel.py::test_a_sandbox_comes_up_from_the_wheel_alone",
    ),
]
