"""Plain text that Exchange made HTML of: its columns stand below each other only where all letters are of one width.

Graph gives text-only mail as HTML, spaces as no-break spaces, in the font of a letter.
"""

import re
from dataclasses import replace

from connector.model.mail import Content

#: what Exchange writes into the head of what it converts, and around the text
_CONVERTED = "<!-- converted from text -->"
_TEXT = re.compile(r'<div class="?PlainText"?>', re.IGNORECASE)
#: Two spaces may part sentences; more of them hold a column or set a line in.
_COLUMN = re.compile("(?:&nbsp;|&#160;|\xa0){3,}[^&\xa0 <\r\n]")
_HEAD = 5_000


def in_columns(content: Content) -> Content:
    """The content in letters of one width if it is converted text with columns; else as it is."""
    if not content.is_html or _CONVERTED not in content.html[:_HEAD] or not _COLUMN.search(content.html):
        return content
    styled = _TEXT.sub('<div class="PlainText" style="font-family:monospace">', content.html, count=1)
    return replace(content, html=styled)
