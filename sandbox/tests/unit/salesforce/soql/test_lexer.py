"""SOQL tokens and string literals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365sandbox.salesforce.soql.errors import SoqlError
from m365sandbox.salesforce.soql.lexer import Kind, Token, tokenize, unescape, unescape_like


def kinds(soql: str) -> list[tuple[Kind, str]]:
    return [(token.kind, token.text) for token in tokenize(soql)[:-1]]


def quoted(value: str) -> str:
    """As a careful client writes a value."""
    escapes = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
    return "'" + "".join(escapes.get(character, character) for character in value) + "'"


def string(soql: str) -> Token:
    token = tokenize(soql)[0]
    assert token.kind is Kind.STRING
    return token


def test_a_dotted_path_is_one_token() -> None:
    assert kinds("a.Account.Name") == [(Kind.NAME, "a.Account.Name")]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("12", Kind.INTEGER),
        ("1.5", Kind.DECIMAL),
        (".5", Kind.DECIMAL),
        ("2026-11-22", Kind.DATE),
        ("2026-11-22T10:00:00Z", Kind.DATETIME),
        ("2026-11-22T10:00:00.000+02:00", Kind.DATETIME),
        ("2026-11-22t10:00:00-0500", Kind.DATETIME),
        ("10:00:00.000Z", Kind.TIME),
        ("LAST_N_DAYS", Kind.NAME),
        ("<>", Kind.SYMBOL),
    ],
)
def test_literals_are_told_apart(text: str, kind: Kind) -> None:
    assert kinds(text) == [(kind, text)]


def test_positions_count_from_the_start_of_the_text() -> None:
    assert [token.position for token in tokenize(" a\n 'b'  ")] == [1, 4, 9]


@pytest.mark.parametrize(
    "soql",
    ["'open", "'a\nb'", '"double"', "a;b", "a # b", "`a`", "5abc", "2026-11-22T10:00:00", "'a\\", "1.", "a-- b *"],
)
def test_what_is_no_token_is_refused(soql: str) -> None:
    with pytest.raises(SoqlError) as caught:
        tokenize(soql)
    assert caught.value.code == "MALFORMED_QUERY"


def test_a_query_has_at_most_100_000_characters() -> None:
    assert len(tokenize("a" + " " * 99_999)) == 2
    with pytest.raises(SoqlError, match="100000 characters"):
        tokenize("a" + " " * 100_000)


def test_a_string_has_at_most_4_000_characters() -> None:
    longest = f"'{'x' * 4000}'"
    assert len(unescape(longest, string(longest))) == 4000
    longer = f"'{'x' * 4001}'"
    with pytest.raises(SoqlError):
        unescape(longer, string(longer))


@pytest.mark.parametrize(
    ("soql", "value"),
    [
        (r"'it\'s'", "it's"),
        (r"'a\\b'", "a\\b"),
        (r"'\n\N\r\t\b\f'", "\n\n\r\t\b\f"),
        (r"'\"'", '"'),
        (r"'\u00e9'", "é"),
        ("'50%_'", "50%_"),
    ],
)
def test_escapes(soql: str, value: str) -> None:
    assert unescape(soql, string(soql)) == value


@pytest.mark.parametrize("soql", [r"'\x'", r"'a\_b'", r"'a\%b'", r"'\u12'", r"'\ '"])
def test_unknown_escapes_are_refused(soql: str) -> None:
    with pytest.raises(SoqlError, match="Illegal character sequence"):
        unescape(soql, string(soql))


def test_a_pattern_keeps_its_wild_cards_and_escapes_apart() -> None:
    soql = r"'a\_b\%c%_\'\\'"
    assert unescape_like(soql, string(soql)) == r"a\_b\%c%_'" + "\\\\"


@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=200))
def test_a_quoted_value_comes_back_whole(value: str) -> None:
    soql = quoted(value)
    tokens = tokenize(soql)
    assert len(tokens) == 2
    assert unescape(soql, tokens[0]) == value


def test_characters_beyond_the_basic_plane() -> None:
    soql = r"'\ud83d\ude00'"
    assert unescape(soql, string(soql)) == "\U0001f600"
    half = r"'\ud83d'"
    with pytest.raises(SoqlError):
        unescape(half, string(half))
    with pytest.raises(SoqlError):
        tokenize("SELECT Id FROM Account WHERE Name = '\ud83d'")
