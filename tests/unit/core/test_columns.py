"""Plain text that Exchange made HTML of keeps its columns in the field."""

import pytest

from connector.core.writing.body import sanitise
from connector.core.writing.columns import in_columns
from connector.model.mail import Content

PAGE = (
    '<html><head>\r\n<meta charset="utf-8"><!-- converted from text --><style>.x {{}}</style></head>\r\n<body>\r\n'
    '<font size="2"><span style="font-size:11pt;"><div class="PlainText">{}</div></span></font>\r\n</body></html>'
)


@pytest.mark.parametrize(
    "text",
    [
        "Name&nbsp;&nbsp;&nbsp;&nbsp;Value<br>\r\nA&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;100",
        "List:<br>\r\n&nbsp;&nbsp;&nbsp;&nbsp;first",
        "Name\xa0\xa0\xa0\xa0Value",
    ],
)
def test_text_with_columns_is_shown_in_letters_of_one_width(text: str) -> None:
    html = sanitise(in_columns(Content(html=PAGE.format(text)))).html
    assert "font-family:monospace" in html
    assert html.count("\xa0") + html.count("&nbsp;") == text.count("\xa0") + text.count("&nbsp;")


@pytest.mark.parametrize(
    "content",
    [
        Content(html=PAGE.format("Dear Ann,&nbsp;&nbsp;hello<br>\r\n&nbsp;&nbsp;x<br>&nbsp;&nbsp;&nbsp;<br>")),
        Content(html='<div class="PlainText">a&nbsp;&nbsp;&nbsp;&nbsp;b</div>'),
        Content(html=PAGE.format("a&nbsp;&nbsp;&nbsp;&nbsp;b"), is_html=False),
    ],
)
def test_other_text_stays_as_it_is(content: Content) -> None:
    assert in_columns(content) is content
