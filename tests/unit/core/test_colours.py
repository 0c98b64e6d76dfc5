import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.writing.colours import (
    BLACK,
    WHITE,
    Colour,
    contrast,
    legacy_colour,
    over,
    parse_colour,
    readable_on,
)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("red", (255, 0, 0, 1)),
        ("#FFF", (255, 255, 255, 1)),
        ("#11223380", (17, 34, 51, 128 / 255)),
        ("rgba(0,0,0,.5)", (0, 0, 0, 0.5)),
        ("hsl(120deg 100% 50%)", (0, 255, 0, 1)),
        ("transparent", (0, 0, 0, 0)),
        ("WindowText", (0, 0, 0, 1)),
        ("oklch(0.5 0.1 200)", None),
        ("var(--x)", None),
        ("currentcolor", None),
        ("rgb(1", None),
        ("", None),
    ],
)
def test_colours_of_style_sheets(text: str, colour: tuple[float, ...] | None) -> None:
    found = parse_colour(text)
    assert (found is None) is (colour is None)
    if colour:
        assert found == pytest.approx(colour)


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("ffffff", "#ffffff"),
        ("#FFF", "#fff"),
        ("FFF", "#0f0f0f"),
        ("Navy", "navy"),
        ("chucknorris", "#c00000"),
        ("#12", "#010200"),
        ("transparent", None),
        ("", None),
        ("#", "#000000"),
    ],
)
def test_colours_of_attributes_are_read_as_browsers_read_them(text: str, colour: str | None) -> None:
    assert legacy_colour(text) == colour


@given(st.text(max_size=200))
def test_whatever_an_attribute_holds_is_a_colour_or_none(text: str) -> None:
    found = legacy_colour(text)
    assert found is None or parse_colour(found) is not None
    assert found is None or legacy_colour(found) == found


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == 1
    assert contrast(parse_colour("#777") or BLACK, WHITE) == pytest.approx(4.48, abs=0.01)
    assert contrast(Colour(0, 0, 0, 0.5), WHITE) == pytest.approx(contrast(Colour(127.5, 127.5, 127.5), WHITE))
    assert over(Colour(255, 255, 255, 0.5), BLACK) == Colour(127.5, 127.5, 127.5)


@given(st.tuples(*[st.floats(0, 255)] * 3))
def test_black_or_white_can_be_read_on_every_ground(channels: tuple[float, float, float]) -> None:
    ground = Colour(*channels)
    assert contrast(readable_on(ground), ground) >= 4.5
