"""Whatever text a mailbox, a folder or a mail brings, it stays one value: it ends no literal and leaves no path."""

import re
from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from connector.graph import queries
from connector.model.values import GraphUserId, MessageId
from tests.support.names import CONNECTOR

nasty = st.text(
    alphabet=st.one_of(st.sampled_from("'/\\?#%&=.;: \n\r\t()"), st.characters(codec="utf-8")), min_size=1, max_size=40
)


def meaning(literal: str) -> str:
    """What an OData string literal stands for (OData 4.01, ABNF: a quote inside is doubled)."""
    assert re.fullmatch(r"'(?:[^']|'')*'", literal, re.DOTALL), "a quote ends the literal early"
    return literal[1:-1].replace("''", "'")


@given(nasty)
def test_a_literal_means_its_text(text: str) -> None:
    assert meaning(queries.literal(text)) == text


@given(nasty, nasty)
def test_an_id_is_one_segment_of_the_path(user: str, message: str) -> None:
    url = queries.header_request(GraphUserId(user), MessageId(message)).url
    parts = urlsplit(f"https://graph.example{url}")
    assert parts.netloc == "graph.example"
    assert [unquote(part) for part in parts.path.split("/")] == ["", "users", user, "messages", message]
    assert (parts.query.startswith("$select="), parts.fragment) == (True, "")


def test_text_comes_into_a_query_by_these_functions_only() -> None:
    """Between quotes of a query in the code of both adapters stands nothing but a constant of ours."""
    found = {
        f"{path.relative_to(CONNECTOR)}: {part}"
        for folder in ("graph", "salesforce")
        for path in (CONNECTOR / folder).rglob("*.py")
        for part in re.findall(r"(?:eq|=|IN \(|,|!=|LIKE) '(\{[^}]*\})'", path.read_text(encoding="utf-8"))
        if not re.fullmatch(r"\{[A-Z]\w*(?:\.[A-Z_]+)?\}", part)
    }
    assert found == set()
