"""Mail repeats its tags: what that costs, and that what was computed for one is right for the other."""

import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.writing.body import sanitise
from connector.core.writing.look import look_of
from connector.core.writing.markup import scan
from connector.core.writing.style import declarations
from connector.model.mail import Content
from tests.unit.core.test_visible import RAW, TABLES, soups

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "html").glob("*.html"))
HEAD = "<!doctype html><style>p.a{margin:0cm} td p{color:navy} a:link{color:#0563c1}</style><body>"


def stored(markup: str, *, remote_images: bool = False) -> str:
    return sanitise(Content(html=markup), remote_images=remote_images).html


def style_parses(markup: str) -> int:
    """How often a style was looked up or parsed for `markup`."""
    before = declarations.cache_info()
    stored(markup)
    after = declarations.cache_info()
    return after.hits + after.misses - before.hits - before.misses


def cleaner_passes(markup: str) -> int:
    """How often a parser of HTML went through `markup`."""
    passes = 0

    def count(_: FrameType, event: str, called: Any) -> None:
        nonlocal passes
        passes += event == "c_call" and isinstance(getattr(called, "__self__", None), nh3.Cleaner)

    sys.setprofile(count)
    try:
        stored(markup)
    finally:
        sys.setprofile(None)
    return passes


@pytest.mark.parametrize(
    ("line", "styles"),
    [
        ('<p class="a" style="margin:{0}px;font:7.{0}pt Arial"><span style="color:#1f3{0}">{1}</span></p>\n', 2),
        ('<div style="margin:{0}px"><a style="color:#06{0}" href="https://x.example/{1}" title="{1}">{1}</a></div>', 2),
        ('<p>{1}</p><img style="border:{0}px solid red" src="https://x.example/{1}.png" alt="{1}">', 1),
        ('<table><tr><td style="padding:{0}px"><p style="margin:{0}pt">{1}</p></td></tr></table>', 2),
    ],
)
@pytest.mark.parametrize("lines", [10, 1_000])
def test_a_style_that_is_repeated_is_looked_at_once(line: str, styles: int, lines: int) -> None:
    # a style of this test alone, so that nothing before it knows it
    own = 1 + lines % 7
    markup = HEAD + "".join(line.format(own, number) for number in range(lines))
    declarations.cache_clear()
    look_of.cache_clear()
    assert 0 < style_parses(markup) <= 2 * styles
    assert style_parses(markup) == 0


def test_a_tag_that_is_repeated_is_read_once() -> None:
    markup = scan('<p class=a><a href="x>y">1</a></p>\n' * 1_000, 15_000)
    assert [name for name, _ in markup.attributes] == ["p", "a"]
    assert "".join(markup.parts) == '<p x="0"><a x="1">1</a></p>\n' * 1_000


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_ordinary_mail_goes_once_through_the_parser(fixture: Path) -> None:
    markup = fixture.read_text(encoding="utf-8")
    # how a browser nests the controls of forms is left to the parser
    assert cleaner_passes(markup) == (2 if re.search("<(button|option)", markup) else 1)


@pytest.mark.parametrize(
    "markup",
    [
        "<div style=\"font-family:'Segoe UI','21st Century',serif\">x</div>",
        '<p title="&quot;a&quot; \'b\' &lt;&nbsp;&amp;" style="color:rgba(1,2,3,.5)">x</p>',
        '<table height=100% bordercolor=red border=1 bgcolor="#eee"><tr><td nowrap height=5>x</td></tr></table>',
        '<a href="https://x.example/?a=1&amp;b=2" target=_blank name=x>x</a> ',
    ],
)
def test_a_style_and_an_attribute_are_written_as_the_cleaner_writes_them(markup: str) -> None:
    assert cleaner_passes(markup) == 1


def test_links_that_a_style_sheet_tells_apart_look_apart() -> None:
    sheet = '<!doctype html><style>a[href^="https://x."]{color:red} a[title]{font-weight:bold}</style>'
    links = (
        '<a href="https://x.example">x</a><a href="https://y.example">y</a><a href="https://x.example" title=t>x</a>'
    )
    assert stored(sheet + links) == (
        '<a href="https://x.example" style="color:red">x</a><a href="https://y.example">y</a>'
        '<a href="https://x.example" title="t" style="color:red;font-weight:bold">x</a>'
    )


def test_a_tag_inside_what_is_hidden_is_none_outside_of_it() -> None:
    line = '<p class=a>{}</p><div style="display:none"><p class=a>gone</p></div><p class=a>{}</p>'
    assert stored(line.format(1, 2) + line.format(3, 4)) == "<p>1</p><p>2</p><p>3</p><p>4</p>"


def test_pictures_with_one_look_keep_their_words() -> None:
    assert stored('<img src="cid:a@x"><img src="cid:b@x"><img src="https://x.example/c.png" alt="c">') == (
        "[image: a] [image: b] c"
    )


@given(st.lists(st.tuples(soups(TABLES, RAW), st.booleans()), min_size=2, max_size=4))
def test_no_mail_changes_what_becomes_of_another(mails: list[tuple[str, bool]]) -> None:
    one_after_the_other = [stored(markup, remote_images=remote) for markup, remote in mails]
    for (markup, remote), expected in zip(mails, one_after_the_other, strict=True):
        look_of.cache_clear()
        assert stored(markup, remote_images=remote) == expected
