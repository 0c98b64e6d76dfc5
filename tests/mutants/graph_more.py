"""What clients of other makers send and real mail holds: types in any case, lost commas, wrong bodies refused."""

from tests.mutants import Mutant

_GRAPH = "connector/sandbox/graph/"
_MAIL = "connector/sandbox/mail/"
_REFUSALS = "tests/unit/sandbox/test_graph_refusals.py::test_"

MUTANTS = [
    Mutant(
        f"{_MAIL}parts.py",
        "    if not _MEDIA_TYPE.fullmatch(content_type):",
        '    if content_type.count("/") != 1:',
        "tests/unit/sandbox/test_mail_odd.py::test_a_type_that_is_none_is_text",
    ),
    Mutant(
        f"{_MAIL}charset.py",
        'codec = "utf-8" if len(_BEYOND_ASCII.findall(read)) > read.count("\\ufffd") else "cp1252"',
        'codec = "cp1252"',
        "tests/unit/sandbox/test_mail_forms.py::test_charsets",
    ),
    Mutant(
        f"{_MAIL}addresses.py",
        '        elif kind == "angle" and "@" in value and (end := _address_end(words)):',
        '        elif kind == "angle" and False and (end := _address_end(words)):',
        "tests/unit/sandbox/test_mail_odd.py::test_nobody_is_lost_for_a_forgotten_comma",
    ),
    Mutant(
        f"{_MAIL}addresses.py",
        "    if _BARE_LIST.fullmatch(written):",
        "    if False:",
        "tests/unit/sandbox/test_mail_odd.py::test_nobody_is_lost_for_a_forgotten_comma",
    ),
    Mutant(
        f"{_MAIL}addresses.py",
        'next((value for value in angles if "@" in value), next(iter(angles), None))',
        "next(iter(angles), None)",
        "tests/unit/sandbox/test_mail_odd.py::test_nobody_is_lost_for_a_forgotten_comma",
    ),
    Mutant(
        f"{_GRAPH}bodies.py",
        'return str(stated).removeprefix("#").lower() == f"microsoft.graph.{name}".lower()',
        'return str(stated).removeprefix("#") == f"microsoft.graph.{name}"',
        f"{_REFUSALS}types_are_named_in_any_case_and_within_structures",
    ),
    Mutant(
        f"{_GRAPH}bodies.py",
        "    value = _unannotated(value)\n",
        "",
        f"{_REFUSALS}types_are_named_in_any_case_and_within_structures",
    ),
    Mutant(
        f"{_GRAPH}bodies.py",
        'if kind == "fileAttachment" and members.get("contentBytes") is None:',
        "if False:",
        f"{_REFUSALS}an_attachment_that_lacks_something",
    ),
    Mutant(
        f"{_GRAPH}bodies.py",
        'raise errors.abstract_type("Attachment")',
        "raise errors.unreadable_body()",
        f"{_REFUSALS}an_attachment_that_lacks_something",
    ),
    Mutant(
        f"{_GRAPH}writing.py",
        "        raise changed_meanwhile()",
        "        pass",
        f"{_REFUSALS}a_change_of_another_version_is_refused",
    ),
    Mutant(
        f"{_GRAPH}sending.py",
        'if not isinstance(given.get("comment") or "", str) or not isinstance(given.get("message") or {}, dict):',
        'if not isinstance(given.get("message") or {}, dict):',
        f"{_REFUSALS}an_answer_of_a_wrong_type_is_not_sent",
    ),
    Mutant(
        f"{_GRAPH}sending.py",
        "        raise send_as_denied()",
        "        pass",
        f"{_REFUSALS}nobody_sends_in_the_name_of_another",
    ),
    Mutant(
        f"{_GRAPH}folder_writing.py",
        "            raise errors.not_settable(member)",
        "            pass",
        f"{_REFUSALS}a_folder_takes_its_name_only",
    ),
    Mutant(
        f"{_GRAPH}service.py",
        "_LONGEST = 4 * 2**20",
        "_LONGEST = 5 * 2**20",
        f"{_REFUSALS}a_request_has_four_megabytes_at_most",
    ),
]
