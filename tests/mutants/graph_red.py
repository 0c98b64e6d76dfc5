"""What Graph's documentation writes and what people met on the wire: filters, bodies, ids, paths, $batch, discovery."""

from tests.mutants import Mutant

_GRAPH = "connector/sandbox/graph/"
_ENTRA = "connector/sandbox/entra/"
_DOCUMENTED = "tests/unit/sandbox/test_graph_documented.py::test_"

MUTANTS = [
    Mutant(
        f"{_GRAPH}filter_fields.py",
        "if known.lower() == wanted), None)",
        "if known == name), None)",
        f"{_DOCUMENTED}filters_as_they_are_written",
    ),
    Mutant(
        f"{_GRAPH}filters.py",
        'if token.kind in ("name", "mark") and token.text.lower() in words:',
        'if token.kind in ("name", "mark") and token.text in words:',
        f"{_DOCUMENTED}filters_as_they_are_written",
    ),
    Mutant(
        f"{_GRAPH}filters.py",
        'if self._peek().text == "(" and self._peek(1).kind == "name" and self._peek(2).text == ")":',
        "if False:",
        f"{_DOCUMENTED}filters_as_they_are_written",
    ),
    Mutant(
        f"{_GRAPH}filters.py",
        "    raise refused(f\"The string '{value}' is not a valid enumeration type constant.\")",
        "    return value",
        f"{_DOCUMENTED}the_parser_says_where_it_stopped",
    ),
    Mutant(
        f"{_GRAPH}filters.py",
        'or found.kind != "string" or found.values:',
        'or found.kind != "string":',
        "tests/unit/sandbox/test_graph_messages.py::test_what_the_list_refuses",
    ),
    Mutant(
        f"{_GRAPH}filters.py",
        '        self._uses("$count")\n',
        "",
        f"{_DOCUMENTED}counting_a_collection_is_an_advanced_query",
    ),
    Mutant(
        f"{_GRAPH}message_fields.py",
        'goes_on = condition.operators == {"eq"} and wanted[: len(named)] == named',
        "goes_on = wanted[: len(named)] == named",
        f"{_DOCUMENTED}the_sample_of_filter_with_order",
    ),
    Mutant(
        f"{_GRAPH}options.py",
        "        found.append(written[name.lower()])",
        "        found.append(name)",
        f"{_DOCUMENTED}members_are_selected_in_any_case",
    ),
    Mutant(
        f"{_GRAPH}options.py",
        "            _check_format(value)\n",
        "            pass\n",
        f"{_DOCUMENTED}json_is_the_only_format",
    ),
    Mutant(
        f"{_GRAPH}users.py",
        '    if call.request.parameter("$skip") is not None:',
        "    if False:",
        f"{_DOCUMENTED}the_directory_skips_nothing",
    ),
    Mutant(
        f"{_GRAPH}messages.py",
        'return selecting(options, SELECTABLE, "message", errors.unknown_to_outlook)',
        'return selecting(options, SELECTABLE, "message")',
        f"{_DOCUMENTED}an_unknown_member_is_named_as_outlook_names_it",
    ),
    Mutant(
        f"{_GRAPH}urls.py",
        "return errors.unknown_below_outlook(segment) if below_outlook else errors.unknown_segment(segment)",
        "return errors.unknown_segment(segment)",
        f"{_DOCUMENTED}a_path_that_breaks_off_below_a_message",
    ),
    Mutant(
        f"{_GRAPH}attachments.py",
        "raise errors.item_not_found() if is_attachment_id(name) else errors.malformed_id()",
        "raise errors.item_not_found()",
        f"{_DOCUMENTED}an_attachment_is_named_by_an_id_of_its_form",
    ),
    Mutant(
        f"{_GRAPH}bodies.py",
        '    if "json" not in media_type(request):',
        "    if False:",
        f"{_DOCUMENTED}a_body_must_be_said_to_be_json",
    ),
    Mutant(
        f"{_GRAPH}bodies.py",
        "            _check_given(name, value)\n",
        "            pass\n",
        f"{_DOCUMENTED}what_a_client_cannot_set_must_have_its_type_all_the_same",
    ),
    Mutant(
        f"{_GRAPH}bodies.py",
        '        if not str(header.get("name") or "").lower().startswith("x-"):',
        "        if False:",
        f"{_DOCUMENTED}headers_of_ones_own_begin_with_x",
    ),
    Mutant(
        f"{_GRAPH}bodies.py",
        "    if len(headers) > _MOST_HEADERS:",
        "    if False:",
        f"{_DOCUMENTED}headers_of_ones_own_begin_with_x",
    ),
    Mutant(
        f"{_GRAPH}sending.py",
        '    message["conversationId"] = original["conversationId"]\n',
        "",
        f"{_DOCUMENTED}an_answer_may_be_written_in_mime",
    ),
    Mutant(
        f"{_GRAPH}writing.py",
        "    if is_mime(call.request):  # only",
        "    if False:  # only",
        f"{_DOCUMENTED}only_the_mailbox_takes_new_mime_and_not_a_folder",
    ),
    Mutant(
        f"{_GRAPH}batch.py",
        "    if any(not names for names in named[1:]):",
        "    if False:",
        f"{_DOCUMENTED}a_batch_is_sequential_or_parallel",
    ),
    Mutant(
        f"{_ENTRA}responses.py",
        '    if parts.scheme != "https" or not is_sign_in_host(parts.hostname or "", request.base_url):',
        "    if False:",
        "tests/unit/sandbox/test_entra.py::test_instance_discovery_names_the_clouds",
    ),
    Mutant(
        f"{_ENTRA}token.py",
        "        raise errors.unsupported_grant(_DEVICE_CODE)",
        '        return Response.of_json({"user_code": "A", "device_code": "B"})',
        "tests/unit/sandbox/test_entra_msal.py::test_no_app_signs_in_by_device_code",
    ),
    Mutant(
        f"{_GRAPH}urls.py",
        "is_mail = any(name in _OUTLOOK or name in _OUTLOOK_OF_USER for name in names)",
        "is_mail = False",
        f"{_DOCUMENTED}outlook_and_the_directory_refuse_a_method_each_in_its_own_words",
    ),
    Mutant(
        f"{_GRAPH}folders.py",
        'return f"{text[:-1]},{_messages(call, mailbox, folder)}}}" if "messages" in expands else text',
        "return text",
        f"{_DOCUMENTED}the_messages_of_a_folder_are_expanded",
    ),
]
