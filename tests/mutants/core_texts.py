"""Text that fits its field, and bodies that do nothing."""

from tests.mutants import Mutant

_TEXT = "connector/core/text.py"
_BODY = "connector/core/body.py"
_TEXT_TESTS = "tests/unit/core/test_text.py"
_BODY_TESTS = "tests/unit/core/test_body.py"

MUTANTS = [
    Mutant(
        _TEXT,
        'return len(text) + sum(char > "\\uffff" for char in text)',
        "return len(text)",
        f"{_TEXT_TESTS}::test_cut_at_pairs_and_marks",
    ),
    Mutant(
        _TEXT,
        'return text.replace("@{", "@\\u2060{") if "@{" in text else text',
        "return text",
        f"{_TEXT_TESTS}::test_what_composite_would_take_for_a_reference_is_taken_apart",
    ),
    Mutant(_TEXT, 'return _REFUSED.sub("", text)', "return text", f"{_TEXT_TESTS}::test_clean_keeps_what_is_text"),
    Mutant(
        _TEXT,
        'text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")',
        'text = _SURROGATE.sub("", text)',
        f"{_TEXT_TESTS}::test_clean_keeps_what_is_text",
    ),
    Mutant(_TEXT, "if not _joined(text, start):", "if True:", f"{_TEXT_TESTS}::test_cut_at_pairs_and_marks"),
    Mutant(
        _TEXT,
        "growth * html.count(char) for char, growth in _ENTITY_GROWTH",
        "0 for char, growth in _ENTITY_GROWTH",
        f"{_TEXT_TESTS}::test_encoded_length_is_that_of_the_encoded_text",
    ),
    Mutant(
        _TEXT,
        'ending = f"… and {len(shown) - kept} more"',
        'ending = "…"',
        f"{_TEXT_TESTS}::test_joined_addresses_fit_and_count_who_is_left_out",
    ),
    Mutant(
        _TEXT,
        "if not name or name.casefold() == address.casefold():",
        "if not name:",
        f"{_TEXT_TESTS}::test_addresses_are_joined_with_their_names",
    ),
    Mutant(
        _BODY,
        "BODY_LIMIT = 128_000",
        "BODY_LIMIT = 131_072",
        f"{_BODY_TESTS}::test_the_limit_counts_characters_as_their_entities",
    ),
    Mutant(
        _BODY,
        "return Body(_fit(safe, BODY_LIMIT), truncated=True)",
        "return Body(_fit(safe, BODY_LIMIT), truncated=False)",
        f"{_BODY_TESTS}::test_a_long_body_is_cut_to_the_limit_on_a_safe_boundary",
    ),
    Mutant(
        _BODY,
        "return Body(_fit(safe, BODY_LIMIT), truncated=True)",
        "return Body(safe[:BODY_LIMIT], truncated=True)",
        f"{_BODY_TESTS}::test_a_long_body_is_cut_to_the_limit_on_a_safe_boundary",
    ),
    Mutant(
        _BODY,
        "encoded_length(body.html) // 2",
        "encoded_length(body.html)",
        f"{_BODY_TESTS}::test_a_half_is_a_beginning_and_half_as_long",
    ),
    Mutant(
        _BODY,
        'url_relative="deny"',
        'url_relative="pass_through"',
        f"{_BODY_TESTS}::test_an_image_inside_the_mail_does_not_displace_its_text",
    ),
    Mutant(
        _BODY,
        "clean_content_tags=_WITH_CONTENT",
        "clean_content_tags=set()",
        f"{_BODY_TESTS}::test_what_stays_of_a_body",
    ),
    Mutant(
        _BODY,
        'url_schemes={"http", "https", "mailto", "tel"}',
        'url_schemes={"http", "https", "mailto", "tel", "data", "javascript"}',
        f"{_BODY_TESTS}::test_images_stay_that_can_be_shown_and_are_meant_to_be",
    ),
    Mutant(
        _BODY,
        'return tag[0] if \' src="\' in tag[0] and not _PIXEL.search(tag[0]) else ""',
        "return tag[0]",
        f"{_BODY_TESTS}::test_images_stay_that_can_be_shown_and_are_meant_to_be",
    ),
    Mutant(
        _BODY,
        "and not _PIXEL.search(tag[0])",
        "",
        f"{_BODY_TESTS}::test_images_stay_that_can_be_shown_and_are_meant_to_be",
    ),
    Mutant(
        _BODY,
        '"<br>".join(escape(clean(content.html), quote=False).splitlines())',
        "clean(content.html)",
        f"{_BODY_TESTS}::test_plain_text_keeps_its_lines_and_is_no_markup",
    ),
    Mutant(
        _BODY,
        'one_line(_PADDING.sub("", clean(header.preview)))',
        "one_line(clean(header.preview))",
        f"{_BODY_TESTS}::test_preview_is_one_readable_line",
    ),
    Mutant(
        _BODY,
        'one_line(_PADDING.sub("", clean(header.preview)))',
        '_PADDING.sub("", clean(header.preview))',
        f"{_BODY_TESTS}::test_preview_is_one_readable_line",
    ),
    Mutant(
        _BODY,
        "clean(header.preview))), PREVIEW_LIMIT)",
        "clean(header.preview))), 300)",
        f"{_BODY_TESTS}::test_preview_fits_its_field",
    ),
    Mutant(
        _BODY,
        "return whole[:space] if len(whole) - space < _LONGEST_WORD else whole",
        "return whole",
        f"{_BODY_TESTS}::test_a_cut_does_not_divide_a_word",
    ),
    Mutant(
        _BODY,
        "filter_style_properties=_STYLES",
        "filter_style_properties=None",
        f"{_BODY_TESTS}::test_what_stays_of_a_body",
    ),
]
