import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.writing.text import clean, cut, encoded_length, join_addresses, one_line, units
from connector.model.mail import Recipient

#: everything a mail can bring, lone surrogates included
anything = st.text(alphabet=st.characters(exclude_categories=()))
#: much outside the basic plane and many marks, where cutting goes wrong
awkward = st.text(alphabet=st.sampled_from("ab é\u0301\u0302\u200d\ufe0f😀👩🚀𝒳 "), max_size=15).map("x {}".format)


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(anything)
def test_units_are_utf16_code_units(text: str) -> None:
    assert units(text) == utf16_length(text)


@given(awkward, st.integers(min_value=0, max_value=35))
def test_cut_keeps_a_beginning_that_fits_and_splits_no_sequence(text: str, limit: int) -> None:
    kept = cut(text, limit)
    assert text.startswith(kept)
    assert utf16_length(kept) <= limit
    if utf16_length(text) <= limit:
        assert kept == text
    elif kept:
        assert unicodedata.category(text[len(kept)]) not in ("Mn", "Me", "Mc")
        assert "\u200d" not in (kept[-1], text[len(kept)])


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("😀😀", 3, "😀"),
        ("😀😀", 1, ""),
        ("abc", 0, ""),
        ("cafe\u0301!", 4, "caf"),
        ("x👩\u200d🚀y", 4, "x"),
        ("a" + "\u0301" * 300, 255, "a" + "\u0301" * 254),
    ],
)
def test_cut_at_pairs_and_marks(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


@given(anything)
def test_clean_text_can_be_sent_as_json_and_as_xml(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not any(char < " " and char not in "\t\n\r" for char in cleaned)
    assert not set(cleaned) & set("\x7f\ufffe\uffff")
    assert clean(cleaned) == cleaned


def test_clean_keeps_what_is_text() -> None:
    assert clean("Grüße\t😀\r\nבְּ \u0085") == "Grüße\t😀\r\nבְּ \u0085"
    assert clean("a\ud83d\ude00b") == "a😀b"
    assert clean("a\ud83db\x00c\x1bd") == "a\ufffdbcd"


def test_what_composite_would_take_for_a_reference_is_taken_apart() -> None:
    assert clean("Dear @{Name.first}, you@client.example {x}") == "Dear @\u2060{Name.first}, you@client.example {x}"


@given(st.text(alphabet=st.sampled_from("ab&<>\"'é😀")))
def test_encoded_length_is_that_of_the_encoded_text(text: str) -> None:
    encoded = html.escape(text, quote=True).replace("&#x27;", "&#39;")
    assert encoded_length(text) == utf16_length(encoded)


def test_one_line_collapses_white_space() -> None:
    assert one_line("  Re:\r\n\tyour \u00a0 portfolio\u2028") == "Re: your portfolio"


def people(count: int) -> list[Recipient]:
    return [Recipient(name=f"Person {number}", address=f"p{number}@client.example") for number in range(count)]


def test_addresses_are_joined_with_their_names() -> None:
    recipients = [
        Recipient(name="Ann  Ames\n", address="ann@client.example"),
        Recipient(address="bob@client.example"),
        Recipient(name="CY@client.example", address="cy@client.example"),
        Recipient(name="Undisclosed"),
        Recipient(),
    ]
    assert join_addresses(recipients, 500) == (
        "Ann Ames <ann@client.example>; bob@client.example; cy@client.example; Undisclosed"
    )


@given(st.integers(min_value=0, max_value=40), st.integers(min_value=20, max_value=1_500))
def test_joined_addresses_fit_and_count_who_is_left_out(count: int, limit: int) -> None:
    joined = join_addresses(people(count), limit)
    assert units(joined) <= limit
    shown = joined.split("; ") if joined else []
    if shown and shown[-1].startswith("…"):
        assert shown[-1] == f"… and {count - (len(shown) - 1)} more"
        shown.pop()
    else:
        assert len(shown) == count
    assert shown == [f"{who.name} <{who.address}>" for who in people(len(shown))]
