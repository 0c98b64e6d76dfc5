import html
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.writing.body import BODY_LIMIT, Body, halve, preview, sanitise
from connector.core.writing.text import encoded_length, units
from connector.model.mail import Content
from tests.support.builders import header

VOID = {"br", "col", "hr", "img"}


class Reader(HTMLParser):
    """Reads HTML independently of the cleaner: its tags, attributes and text, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.balanced = True
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced = self.balanced and bool(self.open) and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def clean(markup: str) -> str:
    return sanitise(Content(html=markup)).html


def assert_harmless(markup: str) -> None:
    seen = Reader(markup)
    assert seen.balanced
    assert not seen.open
    assert not seen.tags & {
        "script",
        "style",
        "iframe",
        "object",
        "embed",
        "form",
        "input",
        "meta",
        "link",
        "base",
        "svg",
    }
    for name, value in seen.attributes:
        assert not name.startswith("on")
        if name in ("href", "src"):
            assert re.match(r"(https?|mailto|tel):", value, re.IGNORECASE)
        if name == "style":
            assert "url(" not in value
            assert "expression" not in value


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>Dear <b>Ann</b>,<br>yours</p>", "<p>Dear <b>Ann</b>,<br>yours</p>"),
        ("<html><head><title>T</title><style>p{}</style></head><body>x</body></html>", "x"),
        ("<script>alert(1)</script><p onclick='x()'>y</p>", "<p>y</p>"),
        ("<form action=//evil.example><input value=a>Pay</form>", "<div>Pay</div>"),
        ("<!-- secret --><!--[if mso]><p>office</p><![endif]--><o:p>kept</o:p>", "kept"),
        ('<a href="javascript:x()">a</a><a href="vbscript:x">b</a>', "<a>a</a><a>b</a>"),
        ('<a href="/unsubscribe">a</a><a href="#top">b</a>', "<a>a</a><a>b</a>"),
        (
            '<a href="https://firm.example/?a=1&amp;b=2" target="_blank">a</a>',
            '<a href="https://firm.example/?a=1&amp;b=2">a</a>',
        ),
        ('<a href="mailto:ann@client.example">a</a>', '<a href="mailto:ann@client.example">a</a>'),
        (
            '<p style="color: red; position: fixed; background: url(https://t.example/)">x</p>',
            '<p style="color:red">x</p>',
        ),
        (
            "<table width=600><tr><td colspan=2 bgcolor=#fff>x</table>",
            '<table width="600"><tbody><tr><td colspan="2" bgcolor="#fff">x</td></tr></tbody></table>',
        ),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("x&#1;y&#0;z\x00", "xy\ufffdz"),
        ("", ""),
    ],
)
def test_what_stays_of_a_body(markup: str, expected: str) -> None:
    assert sanitise(Content(html=markup)) == Body(expected, truncated=False)


@pytest.mark.parametrize(
    ("image", "stays"),
    [
        ('<img src="https://firm.example/logo.png" width="120" alt="a > b">', True),
        ('<img src="http://firm.example/logo.png">', True),
        ('<img src="cid:image001.png@01D9" alt="logo">', False),
        ('<img src="data:image/png;base64,iVBORw0KGgo=">', False),
        ('<img src="https://track.example/open?u=1" width="1" height="1">', False),
        ('<img height=0 src="https://track.example/open?u=1">', False),
        ('<img src="https://firm.example/line.png" width="600" height="10">', True),
        ("<img>", False),
    ],
)
def test_images_stay_that_can_be_shown_and_are_meant_to_be(image: str, stays: bool) -> None:
    cleaned = sanitise(Content(html=f"<p>a{image}b</p>"), remote_images=True).html
    assert ("<img" in cleaned) is stays
    assert "track.example" not in cleaned


def test_plain_text_keeps_its_lines_and_is_no_markup() -> None:
    body = sanitise(Content(html="Dear Ann,\r\n\r\n1 < 2 & <b>not bold</b>\n-- \nAda", is_html=False))
    assert body == Body("Dear Ann,<br><br>1 &lt; 2 &amp; &lt;b&gt;not bold&lt;/b&gt;<br>-- <br>Ada")


words = st.text(alphabet=st.sampled_from("ab <>&\"'é😀\u00a0\x00\n"), max_size=8)
# fmt: off
tags = st.sampled_from([
    "p", "b", "i", "u", "font", "a", "table", "tr", "td", "div", "span", "ul", "li", "pre", "img", "br", "h1",
    "script", "style", "svg", "math", "title", "form", "select", "iframe", "template", "noscript", "xml", "o:p",
])
# fmt: on
attributes = st.sampled_from(
    [
        "",
        " style='color:red;background:url(x)'",
        " href=javascript:a",
        " href='https://x.example/?a=\"&b'",
        " src='https://x.example/i.png'",
        " onload=x",
        " title='</p><script>'",
        ' title="a>b',
        " width=1",
    ]
)
soup = st.lists(
    st.one_of(
        words,
        st.builds("<{}{}>".format, tags, attributes),
        st.builds("</{}>".format, tags),
        st.sampled_from(["<!--", "-->", "<![CDATA[", "]]>", "<?x", "&amp", "&#x1;", "&nbsp;", "<", "</"]),
    ),
    max_size=30,
).map("".join)


@given(soup)
def test_nothing_that_acts_survives_whatever_the_markup(markup: str) -> None:
    once = clean(markup)
    assert_harmless(once)
    assert_harmless(clean(once))


@given(st.text(max_size=200))
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    printable = "".join(char for char in text if char.isprintable())
    shown = Reader(sanitise(Content(html=printable, is_html=False)).html).text
    assert shown == printable.strip() or shown.strip() == printable.strip()


LONG = {
    "text": 'It\'s a long story & not "done". ' * 10_000,
    "one word": "x" * 200_000,
    "pairs": "😀" * 100_000,
    "references": "&#1078;" * 150_000,
    "ampersands": "&" * 200_000,
    "table": "<table>" + "<tr><td style='color:red'>it's &amp; x</td><td>y</td></tr>" * 4_000 + "</table>",
    "breaks": "a<br>" * 30_000,
    "lists": "<ul><li>deep " * 30_000,
    "attributes": f"<p title='{'t' * 2_000}'>text</p>" * 300,
    "unclosed": "<p>hello"
    + "".join(f"<font color={n}><b title={n}>" for n in range(2_000))
    + "</p>"
    + "<p>x</p>" * 2_000,
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_body_is_cut_to_the_limit_on_a_safe_boundary(name: str) -> None:
    body = sanitise(Content(html=LONG[name]))
    assert body.truncated
    assert encoded_length(body.html) <= BODY_LIMIT
    assert_harmless(body.html)
    assert sanitise(Content(html=body.html)) == Body(body.html)
    assert Reader(body.html).text.strip()


@pytest.mark.parametrize("name", ["text", "one word", "pairs", "table", "breaks"])
def test_no_more_is_cut_than_has_to_be(name: str) -> None:
    assert encoded_length(sanitise(Content(html=LONG[name])).html) > BODY_LIMIT - 200


def test_the_limit_counts_characters_as_their_entities() -> None:
    fits = "'" * (BODY_LIMIT // 5)
    assert sanitise(Content(html=fits)) == Body(fits)
    assert sanitise(Content(html=fits + "'")).truncated
    assert len(html.escape(fits, quote=True).replace("&#x27;", "&#39;")) == BODY_LIMIT


def test_a_cut_does_not_divide_a_word() -> None:
    kept = clean("<p>" + "portfolio " * 20_000 + "</p>")
    assert set(Reader(kept).text.split()) == {"portfolio"}


def test_an_image_inside_the_mail_does_not_displace_its_text() -> None:
    body = sanitise(Content(html=f'<p>before</p><img src="data:image/png;base64,{"A" * 2_000_000}"><p>after</p>'))
    assert body == Body("<p>before</p> [image] <p>after</p>")


def test_a_body_nested_without_end_keeps_its_beginning() -> None:
    body = sanitise(Content(html="<p>hello</p>" + "<div>" * 16_000 + "deep"))
    assert body.truncated
    assert body.html.startswith("<p>hello</p>")


@given(soup.filter(lambda markup: encoded_length(clean(markup)) > 40))
def test_a_half_is_a_beginning_and_half_as_long(markup: str) -> None:
    whole = sanitise(Content(html=markup))
    half = halve(whole)
    assert half.truncated
    assert encoded_length(half.html) <= encoded_length(whole.html) // 2
    assert_harmless(half.html)
    assert Reader(whole.html).text.startswith(Reader(half.html).text.rstrip())


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"preview": "  Dear Ann,\r\n\r\nthe  markets\t…"}, "Dear Ann, the markets …"),
        ({"preview": "News \u034f \u200c \u034f \u200c \ufeff for you"}, "News for you"),
        ({"preview": "می\u200cخواهم"}, "می\u200cخواهم"),
        ({"preview": "a\x00b\ud800"}, "ab\ufffd"),
        ({}, ""),
    ],
)
def test_preview_is_one_readable_line(given_: dict[str, Any], expected: str) -> None:
    assert preview(header(**given_)) == expected


def test_preview_fits_its_field() -> None:
    assert units(preview(header(preview="😀" * 255))) == 254
