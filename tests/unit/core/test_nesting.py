"""Markup that is its own tree is not parsed first: what is written is what the parser's tree gives."""

from dataclasses import replace

import nh3
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from connector.core.writing.markup import PARSED, parts_of, scan
from connector.core.writing.text import clean
from connector.core.writing.visible import Pictures, visible
from tests.unit.core.test_visible import RAW, TABLES, soups

PARSER = nh3.Cleaner(
    tags=set(PARSED), clean_content_tags=set(), attributes={"*": {"x"}}, link_rel=None, strip_comments=True
)
NAMES = sorted(PARSED - {"x-html", "x-body"})
TEXTS = st.sampled_from(
    ["", "", "\n", " ", "a", " b ", "&amp;", "&nbsp;", "\u00a0", "&lt;i>", "a > b", "&copy 1", "&#x27;"]
)
STYLES = st.sampled_from(["", "", ' style="display:none"', ' style="color:#fff;background:#000"', ' class="a"'])


def elements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda name, style, parts: f"<{name}{style}>{''.join(parts)}</{name}>",
        st.sampled_from(NAMES),
        STYLES,
        st.lists(inner, max_size=4),
    )


#: every tag inside every other, each one closed
TREES = st.lists(st.recursive(TEXTS, elements, max_leaves=25), max_size=4).map("".join)
CELLS = st.builds("<td{}>{}</td>".format, STYLES, st.recursive(TEXTS, elements, max_leaves=6))
ROWS = st.builds("<tr{}>{}</tr>".format, STYLES, st.lists(st.one_of(CELLS, CELLS, TEXTS), max_size=4).map("".join))
BODIES = st.builds("<{0}{1}>{2}</{0}>".format, st.sampled_from(["tbody", "thead", "tfoot"]), STYLES, ROWS)
#: tables whose parts stand where they should, mostly
TABLED = st.builds(
    "<table{}>{}</table>".format, STYLES, st.lists(st.one_of(ROWS, BODIES, TEXTS), max_size=5).map("".join)
)


def read_both_ways(html: str) -> tuple[str | None, str | None]:
    """What is seen without a parser, None where it is needed; and with it."""
    markup = scan(clean(html), 1_000)
    parsed = replace(markup, parts=parts_of(PARSER.clean("".join(markup.parts))))
    return visible(markup, Pictures(), parsed=False), visible(parsed, Pictures())


@given(
    st.one_of(TREES, TABLED, soups(TABLES, RAW)), st.sampled_from(["", "<style>.a{color:red} td{display:none}</style>"])
)
def test_what_needs_no_parser_is_read_as_the_parser_reads_it(html: str, sheet: str) -> None:
    without, parsed = read_both_ways(sheet + html)
    event("its own tree" if without is not None else "parsed")
    assert without is None or clean(without) == clean(parsed or "")


@pytest.mark.parametrize(
    "html",
    [
        "<p>a <b>b</b></p><div><ul><li>c</li><li><p>d</p></li></ul></div>",
        "<table><tr><td>a</td><th>b</th></tr><tr><td><table><tbody><tr><td>c</td></tr></tbody></table></td></tr></table>",
        "<dl><dt>a</dt><dd>b<dl><dt>c</dt></dl></dd></dl><hr><h1>d</h1><h2>e</h2>",
        "<a href='https://x.example/'>a</a><ol><li><ul><li>b</li></ul></li></ol><blockquote>c<blockquote>d</blockquote>",
        "<div><span>not closed at the end",
    ],
)
def test_ordinary_markup_needs_no_parser(html: str) -> None:
    without, parsed = read_both_ways(html)
    assert without is not None
    assert without == parsed


@pytest.mark.parametrize(
    "html",
    [
        "<p style='display:none'>a<div>b</div></p>",
        "<p>a<p>b",
        "<b><i>a</b>b</i>",
        "<table>a<tr><td>b</td></tr></table>",
        "<table><td>a</td></table>",
        "<table><tr><td>a<tr><td>b</table>",
        "<ul><li>a<li>b</ul>",
        "<a href='https://x.example/'>a<a href='https://y.example/'>b</a></a>",
        "<h1>a<h2>b</h2></h1>",
        "<div>a</p>b</div>",
        "<td>a</td>",
        "<ul><li>a<div><li>b</li></div></li></ul>",
        "a</div>b",
    ],
)
def test_what_a_parser_moves_or_closes_is_left_to_it(html: str) -> None:
    assert read_both_ways(html)[0] is None
