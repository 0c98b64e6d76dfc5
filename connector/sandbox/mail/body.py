"""Which parts of a mail are its body and which are attachments, as Exchange decides it."""

from dataclasses import dataclass, field

from connector.sandbox.mail.charset import decode
from connector.sandbox.mail.parts import Part, leaves
from connector.sandbox.mail.text import html_of_text, text_of_html

_BODY_TYPES = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext"})


@dataclass(slots=True)
class Content:
    """A mail taken apart: its body as HTML and as text, and every part that is shown as an attachment."""

    html: str = ""
    text: str = ""
    attachments: list[Part] = field(default_factory=list)


def content_of(root: Part) -> Content:
    """The body of the mail and its attachments. Nothing is lost: a part that is no body is an attachment."""
    body, attachments = _split(root)
    content = Content(attachments=attachments)
    if body is None:
        return content
    written = decode(body.content(), body.parameters.get("charset"))
    if body.content_type == "text/html":
        content.html, content.text = written, text_of_html(written)
    else:
        content.html, content.text = html_of_text(written), written
    return content


def _split(part: Part) -> tuple[Part | None, list[Part]]:
    if not part.is_multipart:
        if part.content_type.startswith("multipart/"):  # no boundary that occurs in it: what there is, is text
            part.content_type = "text/plain"
        return (part, []) if _may_be_body(part) else (None, [part])
    if part.content_type == "multipart/alternative":
        return _best(part)
    if part.content_type == "multipart/related":
        part.children.sort(key=lambda child: not _is_start(part, child))
    body: Part | None = None
    attachments: list[Part] = []
    for child in part.children:
        found, others = _split(child)
        if body is None or (found is not None and _is_blank(body)):
            body, found = found, None  # blank text before the real body is dropped
        attachments += ([found] if found is not None and not _is_blank(found) else []) + others
    return body, attachments


def _best(part: Part) -> tuple[Part | None, list[Part]]:
    """Of several forms of the same body the HTML one; of the others, only what is no text is kept."""
    forms = [_split(child) for child in part.children]
    bodies = [body for body, _ in forms if body is not None]
    rich = [body for body in bodies if body.content_type == "text/html" and not _is_blank(body)]
    filled = [body for body in bodies if not _is_blank(body)]
    best = next(iter(rich or filled or bodies), None)
    return best, [attachment for _, attachments in forms for attachment in attachments]


def _may_be_body(part: Part) -> bool:
    return part.content_type in _BODY_TYPES and part.disposition != "attachment" and not part.filename


def _is_start(related: Part, child: Part) -> bool:
    """Whether it is the root of a multipart/related: the part named by `start`, else the first one with text."""
    start = related.parameters.get("start", "").strip("<> ")
    if start:
        return any(leaf.content_id == start for leaf in leaves(child)) or child.content_id == start
    return any(leaf.content_type in _BODY_TYPES for leaf in leaves(child))


def _is_blank(part: Part) -> bool:
    return not part.body.strip()
