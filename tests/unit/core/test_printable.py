"""What may reach a terminal or a log."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.reporting.printable import printable, printable_json

OBEYED = [
    *map(chr, (*range(0x20), *range(0x7F, 0xA0))),
    *"\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\u061c\ufeff\ud800",
]


@pytest.mark.parametrize("char", OBEYED)
def test_what_a_terminal_obeys_is_escaped(char: str) -> None:
    shown = printable(f"a{char}b")
    assert char not in shown
    assert shown.isascii()
    assert shown.encode().decode("unicode_escape").encode("utf-16", "surrogatepass") == f"a{char}b".encode(
        "utf-16", "surrogatepass"
    )


@pytest.mark.parametrize("text", ["Grüße", "こんにちは", "שלום", "👩‍👧 ❤️", "a b", "[bold]", "100 %"])
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


def test_lines_stay_where_they_are_wanted() -> None:
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"


@given(st.text())
def test_json_stays_the_same_json(text: str) -> None:
    line = json.dumps({"a": text}, ensure_ascii=False)
    shown = printable_json(line)
    assert json.loads(shown) == {"a": text}
    assert shown == printable(shown)
