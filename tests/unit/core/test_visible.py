"""What of a body is seen: colours, hidden text, pictures, blocks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.writing import body as body_module
from connector.core.writing.body import sanitise
from connector.core.writing.colours import contrast, parse_colour
from connector.core.writing.markup import scan
from connector.core.writing.sheet import Place, rules_of
from connector.core.writing.style import WRITTEN
from connector.model.mail import Content
from tests.unit.core.test_body import Reader


def stored(markup: str, *, remote_images: bool = False) -> str:
    return sanitise(Content(html=markup), remote_images=remote_images).html


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("background:#4472C4", "background-color:#4472c4"),
        ("BACKGROUND: Yellow; mso-highlight: yellow", "background-color:yellow"),
        ("background:url(x.png) no-repeat #123 center/cover", "background-color:#123;color:#ffffff"),
        ("background:none", ""),
        ("background:linear-gradient(90deg,#fc0,#f90)", "background-color:#fc0"),
        ("color:rgb(0 0 0 / 50%)", "color:rgba(0, 0, 0, 0.5)"),
        ("color:hsl(0,100%,50%)", "color:#ff0000"),
        ("color:windowtext", "color:#000000"),
        ("c\\6flor:red", "color:red"),
        ("/* a */color:/* b */red!important", "color:red"),
        ("color:red;color:no-colour", "color:red"),
        ("color:red !important;color:blue", "color:red"),
        ("border:solid #4472C4 1.0pt;border-left:none", "border:solid #4472c4 1pt;border-left:none"),
        ("border-left:none;border:solid red 1pt", "border:solid red 1pt"),
        ("padding:0in 5.4pt;line-height:1.5;width:150.0pt", "padding:0in 5.4pt;line-height:1.5;width:150pt"),
        ("line-height:0;margin:-40px;width:0;text-indent:5px", ""),
        ("list-style:square inside url(x)", ""),
        ("list-style:square inside", "list-style-type:square;list-style-position:inside"),
        ("position:fixed;z-index:9;float:left;content:'x';behavior:url(x)", ""),
        ("width:expression(alert(1));color:red", "color:red"),
        ("width:9999999px;height:10px", ""),
        (
            "font:italic bold 12px/1.5 'A \"B',serif",
            "font-style:italic;font-weight:bold;font-size:12px;line-height:1.5",
        ),
        ("white-space:pre", "white-space:pre-wrap"),
    ],
)
def test_what_stays_of_a_style(style: str, expected: str) -> None:
    quoted = style.replace('"', "&quot;")
    assert stored(f'<!doctype html><p style="{quoted}">x</p>') == (
        f'<p style="{expected}">x</p>' if expected else "<p>x</p>"
    )


@pytest.mark.parametrize(
    "markup",
    [
        '<p style="color:#fff;background:url(dark.png)">x</p>',
        '<table><tr><td background="dark.png"><font color=white>x</font></td></tr></table>',
        '<div style="background-image:url(d.png);color:#fff"><b><i>x</i></b></div>',
        '<style>tr:nth-child(odd) td{background:#000}</style><table><tr><td style="color:#fff">x</td></tr></table>',
        "<body bgcolor=black text=white>x</body>",
        '<body bgcolor=black link=yellow><a href="https://x.example/">x</a></body>',
        "<style>body{background:#111}p{color:#eee}</style><p>x</p>",
        "<font color=white><table bgcolor=white><tr><td>x</td></tr></table></font>",
        '<p style="color:var(--x);background:#000">x</p>',
        '<h1 style="background:linear-gradient(red,blue);-webkit-background-clip:text;color:transparent">x</h1>',
        '<p style="-webkit-text-fill-color:#fff;color:#000;background:#000">x</p>',
        "<style>.a{background:#000!important}</style><p class=a style='color:#fff;background:#fff'>x</p>",
        "<style><!-- .a .b>i{background:#000;color:#fff} --></style><div class=a><p class=b><i>x</i></p></div>",
    ],
)
def test_a_text_that_could_be_read_can_be_read(markup: str) -> None:
    colour, ground = "#000000", "#ffffff"
    html = stored(markup)
    for tag in re.findall("<[^/][^>]*>", html):
        if tag.startswith("<a "):
            colour = "#0000ee"
        colour = (re.findall('[" ;](?:color):([^;"]+)', tag) or [colour])[0]
        ground = (re.findall('(?:background-color:|bgcolor=")([^;"]+)', tag) or [ground])[0]
    text, below = parse_colour(colour), parse_colour(ground)
    assert text is not None
    assert below is not None
    assert contrast(text, below) >= 4.5


def test_white_on_white_stays_white_on_white() -> None:
    assert stored('<p style="color:#fff;background:#fff">spam</p>') == (
        '<p style="color:#fff;background-color:#fff">spam</p>'
    )


@pytest.mark.parametrize(
    "open_tag",
    [
        "<div style='display:none'>",
        "<div style='DISPLAY : none !important'>",
        "<span style='d\\69splay:none'>",
        "<span style='&#100;isplay:none'>",
        "<div hidden>",
        "<div style='visibility:hidden'>",
        "<div style='opacity:0'>",
        "<div style='font-size:0'>",
        "<div style='font-size:1px'>",
        "<div style='font-size:0'><span style='font-size:2em'>",
        "<div style='max-height:0;overflow:hidden'>",
        "<div style='height:1px;overflow:hidden'>",
        "<p style='text-indent:-9999px'>",
        "<div style='position:absolute;left:-9999px'>",
        "<div style='position:absolute;clip:rect(0,0,0,0)'>",
        "<div style='display:none'><table><tr><td style='display:block'>",
        "<style>.pre{display:none}</style><div class='pre'>",
        "<style>@media screen{div.pre b{display:none}}</style><div class='x pre'><b>",
        "<style>#p{display:none}</style><div id=p style='display:block'><span style='display:none'>",
        "<style>@media only screen and (min-width:480px){.phone{display:none!important}}</style><div class=phone>",
        "<style>@media print, (min-width: 30em){@supports (display:grid){.p{display:none}}}</style><div class=p>",
        "<style media='screen and (min-device-width:481px)'>.p{display:none}</style><div class=p>",
        "<div style='margin-left:-9999px'>",
        "<div style='margin:0 0 0 -9999px'>",
        "<div style='transform:translateX(-9999px)'>",
        "<div style='content-visibility:hidden'>",
        "<label style='display:none'>",
        "<x-preview style='display:none'>",
        "<template>",
        "<datalist><option>",
        "<progress value=1 max=2>",
    ],
)
def test_text_that_is_hidden_is_left_out(open_tag: str) -> None:
    assert "secret" not in stored(f"<p>before</p>{open_tag}secret <b>secret</b>")


@pytest.mark.parametrize(
    "markup",
    [
        "<div style='visibility:hidden'><p style='visibility:visible'>kept</p></div>",
        "<td style='font-size:0'><div style='font-size:0'><p style='font-size:14px'>kept</p></div>",
        "<span style='max-height:0;overflow:hidden'>kept</span>",
        "<div style='height:0'>kept</div>",
        "<style>@media print{p{display:none}} @media (prefers-color-scheme:dark){p{display:none}}</style><p>kept</p>",
        "<style>p:hover{display:none} p::before{display:none} [data-ogsc] p{display:none}</style><p>kept</p>",
        "<style>.a p{display:none}</style><p>kept</p>",
        "<style>p{display:none}</style><p style='display:block!important'>kept</p>",
        "<style>p{display:none!important}p.a{display:block!important}</style><p class=a>kept</p>",
        "<style>p.a{display:block}p{display:none}</style><p class=a>kept</p>",
        "<style>@media (max-width:480px){p{display:none}} @media not screen{p{display:none}}</style><p>kept</p>",
        "<style media='print'>p{display:none}</style><p>kept</p>",
        "<style media='(max-width:600px)'>p{display:none}</style><p>kept</p>",
        "<style>@supports not (display:grid){p{display:none}} @media{}</style><p>kept</p>",
        "<div style='margin:-40px 0 0 -1px'>kept</div>",
        "<noscript>kept</noscript>",
        "<xml>kept",
        "<textarea><b>kept</b></textarea>",
    ],
)
def test_text_that_is_seen_is_kept(markup: str) -> None:
    assert "kept" in stored(markup)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<section>One</section><section>Two</section>", "<div>One</div><div>Two</div>"),
        ("<nav>a</nav><aside>b</aside><figure>c</figure>", "<div>a</div><div>b</div><div>c</div>"),
        ("<button>Yes</button>", '<div style="background-color:#efefef;color:#000">Yes</div>'),
        ("<select><option>a<option>b</select>", None),
        ("<menu><li>a</menu>", "<ul><li>a</li></ul>"),
        ("<noscript><p>b</p></noscript>", "<p>b</p>"),
        ("<pre wrap>a  b</pre>", '<pre style="white-space:pre-wrap">a  b</pre>'),
        (
            "<p align=right>x</p><ul type=square><li value=3>y</ul>",
            '<p align="right">x</p><ul type="square"><li value="3">y</li></ul>',
        ),
        (
            '<label style="display:block">a</label><x-row style="display:block">b</x-row>',
            '<span style="display:block">a</span><span style="display:block">b</span>',
        ),
        ("<o:p>a</o:p><x-y>b</x-y>", "a<span>b</span>"),
        ("<mark>x</mark>", '<span style="background-color:#ff0;color:#000">x</span>'),
        (
            '<a href="https://x.example/?a=1&copy=2&lt;=3">x</a>',
            '<a href="https://x.example/?a=1&amp;copy=2&lt;=3">x</a>',
        ),
        ("<!--><p>x</p>--><!-- a --!><p>y</p>", "<p>x</p>--&gt;<p>y</p>"),
    ],
)
def test_what_becomes_of_a_tag(markup: str, expected: str | None) -> None:
    html = stored(markup)
    assert expected is None or html == expected
    if expected is None:
        assert html.count("<div>a</div><div>b</div>") == 1


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ('<img src="cid:chart" alt="Chart: Q3 results">', "[image: Chart: Q3 results]"),
        ('<img src="CID:image001.png@01D9">', "[image: image001.png]"),
        ('<img src="cid:x" alt="<script>&amp;">', "[image: &lt;script&gt;&amp;]"),
        ('<img src="data:image/png;base64,iVBORw0KGgo=">', "[image]"),
        ('<img src="https://x.example/logo.png" alt="Firm">', "Firm"),
        ('<img src="https://x.example/logo.png">', ""),
        ('<img src="cid:logo" width=1 height=1 alt=x>', ""),
        ('<img src="https://x.example/o.gif" style="display:none" alt=x>', ""),
    ],
)
def test_words_stand_where_a_picture_was(image: str, words: str) -> None:
    html = stored(f"<p>a{image}b</p>")
    assert html == (f"<p>a {words} b</p>" if words else "<p>ab</p>")


@pytest.mark.parametrize(
    "pixel",
    [
        'width="2" height="2"',
        'width="0"',
        'style="width:1px;height:1px"',
        'style="width:0px;max-height:0px;overflow:hidden"',
        'style="HEIGHT:0.01in"',
        'style="visibility:hidden"',
        'style="opacity:0"',
        'class="open"',
    ],
)
def test_what_only_reports_a_reading_never_stays(pixel: str) -> None:
    sheet = "<style>img.open{width:1px!important}</style>"
    html = stored(f'{sheet}<p>a<img src="https://t.example/o.gif" {pixel}>b</p>', remote_images=True)
    assert html == "<p>ab</p>"
    hidden = f'<div style="display:none"><p><img src="https://t.example/o.gif" {pixel}></p></div>'
    assert stored(f"<p>a</p>{hidden}", remote_images=True) == "<p>a</p>"


def test_pictures_of_other_servers_stay_where_the_setting_says_so() -> None:
    image = '<img src="https://x.example/logo.png" alt="Firm" width="120">'
    assert 'src="https://x.example/logo.png"' in stored(image, remote_images=True)
    assert stored('<td style="font-size:0"><img src="https://x.example/l.png">', remote_images=True).count("<img") == 1


# fmt: off
TAGS = st.sampled_from([
    "a", "b", "font", "p", "div", "span", "section", "button", "h1", "ul", "li", "pre", "blockquote", "center", "mark",
    "details", "summary", "fieldset", "legend", "svg", "math", "o:p", "x-body", "noscript", "form", "label",
])
TABLES = st.sampled_from([
    "table", "tr", "td", "th", "tbody", "caption", "colgroup", "col", "body", "html", "select", "option",
])
RAW = st.sampled_from(["style", "script", "title", "textarea", "xmp", "iframe", "xml", "template", "plaintext"])
STYLES = st.sampled_from([
    "color:#fff", "background:#000", "background:url(x)", "BACKGROUND:red", "color:inherit", "display:none",
    "display:block", "font-size:0", "font-size:2em", "visibility:visible", "white-space:pre", "margin:-5px",
    "color:var(--x)", "background:linear-gradient(#000,#fff)", "border:1px solid red", "border-left:0",
    "color:red!important",
    "font:bold 12px 'A B'", "opacity:0", "color:rgba(0,0,0,.5)", "background:rgba(9,9,9,.5)", "x:}</style>", "a:'", "(",
])
# fmt: on
ATTRIBUTES = st.one_of(
    st.just(""),
    st.lists(STYLES, max_size=4).map(lambda parts: ' style="' + ";".join(parts) + '"'),
    st.sampled_from(
        [
            " class=a",
            " class='b c'",
            " bgcolor=#000",
            " color=white",
            " hidden",
            " href='https://x.example/?a&copy=b'",
            " background=x.png",
            " title='<p>'",
            " align=right onclick=x",
            " text=white link=red",
            " x=0",
            " style",
        ]
    ),
)  # fmt: skip
SHEETS = st.lists(
    st.tuples(
        st.sampled_from([".a", "p", "div .b", "body", "td>p", "a:hover", "*", "p:first-child", "@media x"]), STYLES
    ),
    max_size=4,
).map(lambda rules: "<style>" + "".join(f"{selector}{{{style}}}" for selector, style in rules) + "</style>")
IMAGES = st.sampled_from(
    ["<img src=cid:a@b>", "<img src='https://x.example/a.png' alt='<b>'>", "<img alt=z>", "<br>", "<hr>"]
)
WORDS = st.sampled_from(["one ", "two", " &amp; ", "&nbsp;", "<", "\n", "é😀", "&#1;", "<!--", "-->", "]]>", "\x00"])


def soups(*more: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(
        st.one_of(
            WORDS,
            st.builds("<{}{}>".format, st.one_of(TAGS, *more), ATTRIBUTES),
            st.builds("</{}>".format, st.one_of(TAGS, *more)),
            IMAGES,
            SHEETS,
        ),
        max_size=25,
    ).map("".join)


class Strict(Reader):
    """Reads the tags, attributes and properties of a stored body."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        allowed = body_module.ATTRIBUTES["*"] | body_module.ATTRIBUTES.get(tag, set())
        assert tag in body_module.TAGS
        for name, value in attrs:
            assert name in allowed, (tag, name)
            if name == "style":
                assert {part.partition(":")[0] for part in (value or "").split(";")} <= WRITTEN, value


@given(soups(TABLES, RAW), st.booleans())
def test_whatever_comes_only_what_is_allowed_leaves_and_it_stays_as_it_is(markup: str, remote: bool) -> None:
    once = sanitise(Content(html=markup), remote_images=remote)
    read = Strict(once.html)
    assert read.balanced
    assert not read.open
    assert sanitise(Content(html=once.html), remote_images=remote).html == once.html


@given(st.lists(st.tuples(st.builds("<{}{}>".format, TAGS, st.just("")), st.booleans()), max_size=25))
def test_words_stay_all_of_them_and_in_their_order(tags: list[tuple[str, bool]]) -> None:
    markup = "".join(
        f"w{number} {tag}{tag.replace('<', '</') if closed else ''}" for number, (tag, closed) in enumerate(tags)
    )
    text = Reader(stored(f"{markup} end").replace("<", " <")).text
    assert text.split() == [*(f"w{number}" for number in range(len(tags))), "end"]


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "<p " + "".join(f"a{i}=1 " for i in range(n)) + ">x",
        lambda n: "<p " + "a=1 " * n + ">x",
        lambda n: "<p a='>' " + "b='>' " * n + ">x",
        lambda n: "<svg><style><!--</style><p " + "".join(f"a{i} " for i in range(n)) + ">x",
    ],
)
def test_a_tag_with_many_attributes_is_a_small_tag_to_the_parser(make: object) -> None:
    assert callable(make)
    few, many = scan(make(100), 1_000), scan(make(100_000), 1_000)
    assert len("".join(many.parts)) == len("".join(few.parts))
    assert [len(attributes) for _, attributes in many.attributes] == [
        len(attributes) for _, attributes in few.attributes
    ]


def test_a_body_nests_no_deeper_than_browsers_nest() -> None:
    deep = scan("<div>x" * 14_000, 15_000)
    assert not deep.cut
    assert "".join(deep.parts).count("x") == 14_000
    assert deep.parts.count("<div>") <= 1_000
    assert stored("<div>x" * 14_000).count("<div>") <= 300


def test_style_sheets_cost_no_more_tests_than_a_mail_is_worth() -> None:
    rules = rules_of(["* * {color:red} " * 5_000])
    assert rules is not None
    assert sum(len(parts) for parts in rules.parts.values()) <= 2_002
    found = [rules.match("p", number, {}, Place(ancestors=number)) for number in range(1_000)]
    assert found[0].declares == ()
    assert found[1].declares
    assert found[-1].declares == ()


def test_a_style_sheet_takes_no_room_that_the_text_needs() -> None:
    sheet = "<style>p{margin:0in;font-size:11pt;font-family:Calibri;color:navy}</style>"
    text = "".join(f"<p>Line {number} of a letter that is long</p>" for number in range(1_300))
    short = sanitise(Content(html=f"{sheet}<p>Dear Ann</p>"))
    whole = sanitise(Content(html=sheet + text))
    assert "Calibri" in short.html
    assert not whole.truncated
    assert whole.html.count("<p") == 1_300
    assert "Calibri" not in whole.html
    assert "color:navy" in whole.html
