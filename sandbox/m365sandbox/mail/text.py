"""Plain text and HTML of a body, each made from the other where a mail has only one.

format=flowed and text/enriched are shown otherwise than they are written.
"""

import html
import re

# What Exchange puts around a plain text body when a client asks for HTML, as seen in answers of the real service.
_CONVERTED = (
    '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    "<!-- converted from text --><style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; "
    "border-left: #800000 2px solid; } --></style></head>\r\n<body>\r\n"
    '<font size="2"><span style="font-size:11pt;"><div class="PlainText">{}</div></span></font>\r\n'
    "</body>\r\n</html>\r\n"
)
_LINK = re.compile(r"https?://[^\s<>\"]+")
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(style|script|title)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/table|/blockquote)\b[^<>]*>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>?")

_TAB = 8
PREVIEW_UNITS = 255


def html_of_text(text: str) -> str:
    """The plain text as the HTML page Exchange makes of it: lines and columns kept, addresses of pages made links."""
    return _CONVERTED.replace("{}", "<br>\r\n".join(_line(line) for line in text.expandtabs(_TAB).splitlines()))


def _line(line: str) -> str:
    parts: list[str] = []
    at = 0
    for link in _LINK.finditer(line):
        url = html.escape(link.group())
        parts += [html.escape(line[at : link.start()], quote=False), f'<a href="{url}">{url}</a>']
        at = link.end()
    parts.append(html.escape(line[at:], quote=False))
    return re.sub(r"^ +| {2,}", lambda spaces: "&nbsp;" * len(spaces.group()), "".join(parts))


def text_of_html(markup: str) -> str:
    """The words of an HTML body, one line for each block."""
    text = _HIDDEN.sub("", markup)
    text = re.sub(r"[ \t\r\n]+", " ", text)
    text = _TAG.sub("", _CELL.sub("\t", _BREAK.sub("\n", text)))
    lines = [" ".join(line.split(" ")).strip() for line in html.unescape(text).replace("\xa0", " ").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def preview_of(text: str) -> str:
    """The first 255 UTF-16 units of the text, no pair split, as `bodyPreview` has them."""
    shown = "\r\n".join(line.rstrip() for line in text.strip()[: 2 * PREVIEW_UNITS].splitlines())[:PREVIEW_UNITS]
    while len(shown.encode("utf-16-le", "replace")) > 2 * PREVIEW_UNITS:
        shown = shown[:-1]
    return shown.rstrip()


_COMMAND = re.compile(r"<(?:<|(/?)([A-Za-z0-9-]{1,60})>)")


def unflowed(text: str, *, delete_spaces: bool) -> str:
    """Lines that end in a space are one with the next of the same quote depth (RFC 3676 4)."""
    shown: list[str] = []
    depth_before, open_line = 0, False
    for line in text.splitlines():
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # space-stuffing
        flows = content.endswith(" ") and content != "-- "
        written = content[:-1] if flows and delete_spaces else content
        if open_line and depth == depth_before and content != "-- ":
            shown[-1] += written
        else:
            shown.append(f"{'>' * depth}{' ' if depth else ''}{written}")
        depth_before, open_line = depth, flows
    return "\n".join(shown)


def text_of_enriched(text: str) -> str:
    """The words of text/enriched (RFC 1896): one line break is a space, of more one is taken away."""
    broken = re.sub(r"(\r?\n)+", lambda found: "\n" * max(found.group().count("\n") - 1, 0) or " ", text)
    shown: list[str] = []
    at, hidden = 0, 0
    for command in _COMMAND.finditer(broken):
        if not hidden:
            shown.append(broken[at : command.start()])
        if command.group(2) is None:
            shown.append("" if hidden else "<")
        elif command.group(2).lower() == "param":
            hidden = max(0, hidden + (-1 if command.group(1) else 1))
        at = command.end()
    shown.append(broken[at:] if not hidden else "")
    return "".join(shown)
