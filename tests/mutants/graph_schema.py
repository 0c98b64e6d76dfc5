"""Mail as Exchange shows it, what a mailbox makes of a message, and the check of every answer against the schema."""

from tests.mutants import Mutant

_MAIL = "connector/sandbox/mail/"
_GRAPH = "connector/sandbox/graph/"
_UNIT = "tests/unit/sandbox/test_mail_"
_SCHEMA = "tests/contract/test_graph_schema.py::"
_WATCH = "tests/contract/test_graph_watch.py::"

MUTANTS = [
    Mutant(
        f"{_MAIL}charset.py",
        "if _codec(charset) in _SEVEN_BIT:",
        "if False:",
        f"{_UNIT}forms.py::test_charsets",
    ),
    Mutant(
        f"{_MAIL}charset.py",
        'b"".join(parts).decode("cp932", "replace")',
        'data.decode("iso2022_jp_ext", "replace")',
        f"{_UNIT}forms.py::test_charsets",
    ),
    Mutant(
        f"{_MAIL}charset.py",
        '    "iso-8859-1": "cp1252",\n',
        "",
        f"{_UNIT}forms.py::test_charsets",
    ),
    Mutant(
        f"{_MAIL}charset.py",
        '"a".encode(found)',
        'b"".decode(found)',
        f"{_UNIT}forms.py::test_charsets",
    ),
    Mutant(
        f"{_MAIL}body.py",
        "return meta.group(1).decode() if meta else None",
        "return None",
        f"{_UNIT}forms.py::test_html_says_its_charset_itself_where_the_header_does_not",
    ),
    Mutant(
        f"{_MAIL}body.py",
        'if body.parameters.get("format", "").strip().lower() == "flowed":',
        "if False:",
        f"{_UNIT}forms.py::test_a_flowed_body_is_shown_joined",
    ),
    Mutant(
        f"{_MAIL}flowed.py",
        "if open_line and depth == depth_before",
        "if open_line",
        f"{_UNIT}forms.py::test_flowed_text_is_joined",
    ),
    Mutant(
        f"{_MAIL}body.py",
        "if is_clear_signed(root):",
        "if False:",
        f"{_UNIT}forms.py::test_a_clear_signed_mail_shows_its_text_and_keeps_all_of_it_as_one_file",
    ),
    Mutant(
        f"{_MAIL}smime.py",
        "return root.children[1].content_type in _SIGNATURES",
        "return True",
        f"{_UNIT}forms.py::test_a_pgp_signature_is_an_attachment_like_any_other",
    ),
    Mutant(
        f"{_MAIL}mime.py",
        "    if is_opaque(part):\n        return SMIME_NAME\n",
        "",
        f"{_UNIT}forms.py::test_an_encrypted_mail_is_a_file_without_a_body",
    ),
    Mutant(
        f"{_MAIL}mime.py",
        "or any(unquote(found) == cid for found in _CID.findall(html))",
        "",
        f"{_UNIT}forms.py::test_the_content_id_in_a_body_may_be_encoded",
    ),
    Mutant(
        f"{_MAIL}body.py",
        "content.attachments += files",
        "pass",
        f"{_UNIT}forms.py::test_a_file_written_into_the_text_is_an_attachment",
    ),
    Mutant(
        f"{_MAIL}body.py",
        'part.disposition == "attachment" or method.upper() not in METHODS',
        "method.upper() not in METHODS",
        f"{_UNIT}meetings.py::test_a_calendar_that_makes_no_meeting_stays_a_file",
    ),
    Mutant(
        f"{_MAIL}calendar.py",
        "    if offset is not None:\n        return (local - offset).replace(tzinfo=UTC)\n",
        "",
        f"{_UNIT}meetings.py::test_times_are_in_utc_whatever_the_zone",
    ),
    Mutant(
        f"{_MAIL}zones.py",
        "past = [pair for pair in begun if pair[0] <= local] or begun",
        "past = begun",
        f"{_UNIT}meetings.py::test_times_are_in_utc_whatever_the_zone",
    ),
    Mutant(
        f"{_MAIL}calendar.py",
        '"newMeetingRequest" if sequence in ("", "0") else "fullUpdate"',
        '"newMeetingRequest"',
        f"{_UNIT}meetings.py::test_an_update_says_so_and_may_forbid_proposals",
    ),
    Mutant(
        f"{_MAIL}recurrence.py",
        "named or [_BY_NUMBER[start.weekday()]]",
        "named",
        f"{_UNIT}meetings.py::test_rules_become_patterns",
    ),
    Mutant(
        f"{_MAIL}unique.py",
        "if self._has_words and _opens_quote(tag, dict(attrs)):",
        "if _opens_quote(tag, dict(attrs)):",
        f"{_UNIT}forms.py::test_without_a_quote_all_is_unique",
    ),
    Mutant(
        f"{_GRAPH}message_json.py",
        "unique_body(json.loads(text))",
        "json.loads(text)",
        f"{_UNIT}delivered.py::test_the_unique_body_leaves_the_quote_out",
    ),
    Mutant(
        f"{_GRAPH}incoming.py",
        '[one for one in headers if str(one.get("name")).lower() != "bcc"]',
        "headers",
        f"{_UNIT}delivered.py::test_bcc_stays_with_the_sender",
    ),
    Mutant(
        f"{_GRAPH}members.py",
        "check = DERIVED_CHECKS[name] if name in derived else MESSAGE_CHECKS.get(name)",
        "check = (lambda _: True) if name in derived else MESSAGE_CHECKS.get(name)",
        f"{_UNIT}delivered.py::test_a_derived_member_of_a_wrong_type_is_refused",
    ),
    Mutant(
        f"{_GRAPH}incoming.py",
        "extra = {name: message.get(name, usual.get(name)) for name in derived}",
        "extra = {name: message[name] for name in derived if name in message}",
        f"{_UNIT}delivered.py::test_a_derived_member_of_a_wrong_type_is_refused",
    ),
    Mutant(
        f"{_GRAPH}attachments.py",
        '("attachments", "id", *SELECTED_ONLY)',
        '("attachments", "id")',
        f"{_UNIT}delivered.py::test_an_invitation_inside_a_mail_keeps_its_type",
    ),
    Mutant(
        f"{_GRAPH}attachments.py",
        '"contentLocation": row.content_location',
        '"contentLocation": None',
        f"{_SCHEMA}test_every_member_is_served_with_a_value",
    ),
    Mutant(
        "tests/csdl/quick.py",
        'is_mark = "@" in name and self._is_mark(name, structure)',
        "is_mark = True",
        f"{_SCHEMA}test_what_breaks_the_schema_is_found",
    ),
    Mutant(
        "tests/csdl/values.py",
        "if shape in self._complete_before and _etag_fits(value):",
        "if self._complete_before:",
        f"{_SCHEMA}test_a_shape_is_remembered_and_nothing_else",
    ),
    Mutant(
        "tests/csdl/session.py",
        "session.exitstatus = pytest.ExitCode.TESTS_FAILED",
        "pass",
        f"{_WATCH}test_a_wrong_answer_fails_a_run_whose_tests_all_pass",
    ),
]
