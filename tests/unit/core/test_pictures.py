"""Which attachments the text of a mail shows, and their names in the place of their ids."""

import pytest

from connector.core.writing.body import sanitise
from connector.core.writing.pictures import with_pictures
from connector.model.mail import Attachment, AttachmentKind, Content


def picture(name: str = "IMG_1234.png", content_id: str = "8A5B-00@home", **fields: object) -> Attachment:
    given = {"id": name, "kind": AttachmentKind.FILE, "content_type": "image/png", "size": 900, **fields}
    return Attachment(name=name, content_id=content_id, **given)  # type: ignore[arg-type]


def marked(html: str, *items: Attachment, is_html: bool = True) -> list[bool]:
    found = with_pictures(Content(html=html, is_html=is_html, attachments=items)).attachments
    assert isinstance(found, tuple)
    return [item.is_shown for item in found]


@pytest.mark.parametrize(
    "html",
    [
        '<img src="cid:8A5B-00@home">',
        "<IMG SRC=CID:8a5b-00@HOME>",
        "<img src='cid:8A5B-00%40home' alt=x>",
        '<img src="cid:8A5B-00&#64;home">',
        '<td background="cid:8A5B-00@home">',
        '<div style="background:url(cid:8A5B-00@home)">',
        '<!--[if gte vml 1]><v:imagedata src="cid:8A5B-00@home"/><![endif]-->',
    ],
)
def test_a_picture_is_shown_by_its_id_however_that_is_written(html: str) -> None:
    assert marked(html, picture(), picture("other.png", "other")) == [True, False]


def test_by_its_name_only_where_it_has_no_id() -> None:
    assert marked('<img src="cid:a.png">', picture("a.png", ""), picture("b.png", "")) == [True, False]
    assert marked('<img src="cid:a.png">', picture("a.png", "something-else")) == [False]


def test_a_text_that_is_no_html_shows_nothing() -> None:
    assert marked("cid:8A5B-00@home", picture(), is_html=False) == [False]
    assert marked("<p>acid:8A5B-00@home</p>", picture()) == [False]


@pytest.mark.parametrize("name", ["IMG_1234.png", "Scan 12 @ home.png", "Übersicht <1>.png", "a'b\"c.png", "50%.png"])
def test_the_body_names_the_picture_in_its_place(name: str) -> None:
    content = with_pictures(Content(html='<p>See <img src="cid:8A5B-00@home"></p>', attachments=(picture(name),)))
    stored = sanitise(content).html
    escaped = name.replace("<", "&lt;").replace(">", "&gt;")
    assert f"[image: {escaped}]" in stored


def test_a_document_that_is_shown_by_its_id_is_marked_too() -> None:
    pdf = picture("form.pdf", "PDF1@home", content_type="application/pdf")
    assert marked('<object type="application/pdf" data="cid:PDF1@home"></object>', pdf) == [True]
