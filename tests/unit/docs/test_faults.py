"""docs/faults.md shows the table that the product is held to."""

from pathlib import Path

from tests.support.fault_table import EXCEPTIONS, LASTING, ONCE, REQUESTS, applies, markdown

PAGE = Path(__file__).parents[3] / "docs" / "faults.md"


def test_it_shows_the_table() -> None:
    assert markdown() in PAGE.read_text(encoding="utf-8")


def test_every_exception_is_a_field_of_the_table() -> None:
    for request, fault in EXCEPTIONS:
        assert request in REQUESTS
        assert fault in ONCE or fault in LASTING
        assert applies(request, fault)
