"""What an address or a pattern means, however it is written."""

from tests.mutants import Mutant

_PATTERN = "connector/core/pattern.py"
_ADDRESS = "connector/core/address.py"
_EXCLUDE_TESTS = "tests/unit/core/test_exclude.py"
_ADDRESS_TESTS = "tests/unit/core/test_address.py"

MUTANTS = [
    Mutant(
        _PATTERN,
        'if text.startswith("@"):\n        text = f"*{text}"',
        'if False:\n        text = f"*{text}"',
        f"{_EXCLUDE_TESTS}::test_address_patterns",
    ),
    Mutant(
        _PATTERN,
        'text = without_unseen(pattern).strip()\n    if text.startswith("@")',
        'text = without_unseen(pattern)\n    if text.startswith("@")',
        f"{_EXCLUDE_TESTS}::test_address_patterns",
    ),
    Mutant(
        _PATTERN,
        "    if not any(map(str.isalnum, text)):\n"
        '        raise PatternError("has no letter or digit")\n'
        '    if "*" not in text:',
        '    if "*" not in text:',
        f"{_EXCLUDE_TESTS}::test_an_address_pattern_that_cannot_be_understood_stops_the_run_and_names_the_record",
    ),
    Mutant(
        _PATTERN,
        "    if not any(map(str.isalnum, text)):\n"
        '        raise PatternError("has no letter or digit")\n'
        '    if "@" in text:',
        '    if "@" in text:',
        f"{_EXCLUDE_TESTS}::test_an_internal_domain_that_cannot_be_understood_stops_the_run",
    ),
    Mutant(
        _PATTERN,
        "if _REFUSED.search(text):",
        "if False:",
        f"{_EXCLUDE_TESTS}::test_an_address_pattern_that_cannot_be_understood_stops_the_run_and_names_the_record",
    ),
    Mutant(
        _PATTERN,
        'if "@" in domain:',
        "if False:",
        f"{_EXCLUDE_TESTS}::test_an_address_pattern_that_cannot_be_understood_stops_the_run_and_names_the_record",
    ),
    Mutant(
        _PATTERN,
        "if at and not (local and domain):",
        "if False:",
        f"{_EXCLUDE_TESTS}::test_an_address_pattern_that_cannot_be_understood_stops_the_run_and_names_the_record",
    ),
    Mutant(
        _PATTERN,
        "if not at:\n            raise",
        "if False:\n            raise",
        f"{_EXCLUDE_TESTS}::test_a_broken_personal_pattern_stops_only_its_user",
    ),
    Mutant(
        _PATTERN,
        'unicodedata.normalize("NFC", text.lower())',
        'unicodedata.normalize("NFC", text)',
        f"{_EXCLUDE_TESTS}::test_address_patterns",
    ),
    Mutant(
        _PATTERN,
        'unicodedata.normalize("NFC", text.lower())',
        "text.lower()",
        f"{_EXCLUDE_TESTS}::test_address_patterns",
    ),
    Mutant(
        _PATTERN,
        "not text.startswith(first) or not text.endswith(last)",
        "not text.startswith(first)",
        f"{_EXCLUDE_TESTS}::test_a_hostile_pattern_is_matched_at_once",
    ),
    Mutant(
        _PATTERN,
        "not text.startswith(first) or",
        "",
        f"{_EXCLUDE_TESTS}::test_wildcards_against_an_independent_reference",
    ),
    Mutant(_PATTERN, "len(text) < len(first) + len(last) or", "", f"{_EXCLUDE_TESTS}::test_address_patterns"),
    Mutant(_PATTERN, "position = found + len(piece)", "position = 0", f"{_EXCLUDE_TESTS}::test_address_patterns"),
    Mutant(
        _PATTERN,
        "return written != address and self._matches(written)",
        "return False",
        f"{_EXCLUDE_TESTS}::test_address_patterns",
    ),
    Mutant(
        _PATTERN,
        'text = text.removeprefix("@").strip()',
        "text = text.strip()",
        f"{_EXCLUDE_TESTS}::test_an_internal_domain_covers_its_subdomains_however_it_is_written",
    ),
    Mutant(
        _PATTERN,
        'text.removeprefix("*").strip() if text.startswith("*@") else text',
        "text",
        f"{_EXCLUDE_TESTS}::test_an_internal_domain_covers_its_subdomains_however_it_is_written",
    ),
    Mutant(
        _PATTERN,
        'if "*" in text:\n        raise',
        "if False:\n        raise",
        f"{_EXCLUDE_TESTS}::test_an_internal_domain_that_cannot_be_understood_stops_the_run",
    ),
    Mutant(
        _PATTERN,
        "if not _DOMAIN.fullmatch(domain):",
        "if False:",
        f"{_EXCLUDE_TESTS}::test_an_internal_domain_that_cannot_be_understood_stops_the_run",
    ),
    Mutant(
        _PATTERN,
        '    if "@" in text:\n        raise PatternError("is an address, not a domain")\n',
        "",
        f"{_EXCLUDE_TESTS}::test_an_internal_domain_that_cannot_be_understood_stops_the_run",
    ),
    Mutant(
        _ADDRESS,
        "_unwrap(without_unseen(address)).lower()",
        "_unwrap(without_unseen(address))",
        f"{_ADDRESS_TESTS}::test_an_address_has_one_spelling",
    ),
    Mutant(
        _ADDRESS,
        "_unwrap(without_unseen(address)).lower()",
        "_unwrap(address).lower()",
        f"{_ADDRESS_TESTS}::test_an_address_has_one_spelling",
    ),
    Mutant(
        _ADDRESS,
        "_unwrap(without_unseen(address)).lower()",
        "without_unseen(address).strip().lower()",
        f"{_ADDRESS_TESTS}::test_an_address_has_one_spelling",
    ),
    Mutant(
        _ADDRESS,
        'return NormalAddress(f"{local}@{_ascii_domain(domain)}" if at else bare)',
        "return NormalAddress(bare)",
        f"{_ADDRESS_TESTS}::test_an_address_has_one_spelling",
    ),
    Mutant(
        _ADDRESS,
        'own.endswith(f".{domain}")',
        "own.endswith(domain)",
        f"{_ADDRESS_TESTS}::test_a_domain_covers_its_subdomains",
    ),
    Mutant(_ADDRESS, "return bool(domain) and (", "return (", f"{_ADDRESS_TESTS}::test_nothing_is_in_an_empty_domain"),
    Mutant(_ADDRESS, '"@" not in domain and not', "not", f"{_ADDRESS_TESTS}::test_not_smtp_addresses"),
    Mutant(_ADDRESS, "not any(map(str.isspace, address))", "True", f"{_ADDRESS_TESTS}::test_not_smtp_addresses"),
]
