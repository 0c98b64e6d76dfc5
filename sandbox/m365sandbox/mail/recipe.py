"""Content that is made when it is asked for: a recipe of some bytes stands in its place, so that a generated firm of
any size is quickly made and takes little memory.

The same recipe gives the same content, in any process.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import NamedTuple

from m365sandbox.mail.phrases import LANGUAGES

#: What a packed recipe begins with, and no compressed text.
_MARK = b"\0"
_BLOCK = 64
_STYLE = "font-size:11.0pt;font-family:&quot;Calibri&quot;,sans-serif;mso-fareast-language:EN-US"
_LINE = f'<p class="MsoNormal"><span style="{_STYLE}">{{}}<o:p></o:p></span></p>\n'
_ROW = (
    '<tr><td style="padding:12px 24px;font-family:Arial,sans-serif;font-size:14px;line-height:20px;color:#333333">'
    '<a href="https://news.example/read" style="color:#0b5394;text-decoration:none">{}</a></td></tr>\n'
)
_CLASSES = "\n".join(
    f"{name} {{margin:0cm;margin-bottom:.0001pt;font-size:{size}pt;font-family:&quot;Calibri&quot;,sans-serif;}}"
    for name, size in (("p.MsoNormal", 11), ("li.MsoNormal", 11), ("div.MsoNormal", 11), ("span.EmailStyle17", 11))
)
_HEAD = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>\n'
    '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\n'
    f"<style><!--\n{_CLASSES}\na:link {{color:#0563C1;text-decoration:underline;}}\n--></style>\n</head>\n"
    '<body lang="EN-GB" link="#0563C1" vlink="#954F72">\n<div class="WordSection1">\n'
)
_FOOT = "</div>\n</body>\n</html>\n"
_NOTICE = (
    "This message is meant for its addressee only. If you have received it by mistake, please tell the sender and "
    "delete it. The value of investments may go down as well as up."
)


class Part(NamedTuple):
    """What one person wrote: so many characters of HTML in a language, chosen by the seed."""

    seed: int
    language: int
    size: int
    author: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRecipe:
    """A mail's body in HTML: its own part, and below it those of the mails that it answers, the last one first."""

    own: Part
    quoted: tuple[Part, ...] = ()
    has_logo: bool = False
    is_newsletter: bool = False

    def packed(self) -> bytes:
        """As it is kept."""
        return _MARK + json.dumps([self.own, self.quoted, self.has_logo, self.is_newsletter]).encode()

    def body(self) -> dict[str, str]:
        """The body as a message has it."""
        return {"contentType": "html", "content": self._html()}

    def preview(self) -> str:
        """Its first words as plain text, without making the rest."""
        return "\r\n".join(_chosen(self.own, LANGUAGES[self.own.language][1], 5))[:255]

    def _html(self) -> str:
        if self.is_newsletter:
            return f"{_HEAD}<table>\n{_filled(_ROW, self.own)}</table>\n{_FOOT}"
        picture = _LINE.format('<img src="cid:logo">') if self.has_logo else ""
        shown = [_HEAD, _written(self.own), picture, _LINE.format(escape(_NOTICE))]
        for part in self.quoted:
            line = f"<b>From:</b> {escape(part.author)}<br><b>Sent:</b> {part.when}"
            shown += ['<div style="border:none;border-top:solid #E1E1E1 1.0pt">', _LINE.format(line), "</div>\n"]
            shown.append(_written(part))
        return "".join([*shown, _FOOT])


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecipe:
    """A file of `size` bytes that begins as its type does."""

    seed: int
    size: int
    head: bytes = b""

    def packed(self) -> bytes:
        """As it is kept."""
        return _MARK + json.dumps([self.seed, self.size, self.head.decode("latin-1")]).encode()

    def pieces(self, length: int) -> Iterator[bytes]:
        """The content in pieces of this length; no more than one of them is in memory."""
        block = random.Random(self.seed).randbytes(_BLOCK)  # noqa: S311 - no secret
        for start in range(0, self.size, length):
            end = min(start + length, self.size)
            turn = start % _BLOCK
            piece = (block * ((end - start + turn) // _BLOCK + 1))[turn : turn + end - start]
            yield self.head[start:end] + piece[len(self.head[start:end]) :]


def is_recipe(packed: bytes) -> bool:
    """Whether this is a packed recipe."""
    return packed.startswith(_MARK)


def body_of(packed: bytes) -> dict[str, str]:
    """The body that a packed recipe gives."""
    own, quoted, has_logo, is_newsletter = json.loads(packed.removeprefix(_MARK))
    parts = tuple(Part(*part) for part in quoted)
    return BodyRecipe(own=Part(*own), quoted=parts, has_logo=has_logo, is_newsletter=is_newsletter).body()


def file_of(packed: bytes) -> FileRecipe:
    """The recipe of a file."""
    seed, size, head = json.loads(packed.removeprefix(_MARK))
    return FileRecipe(seed=seed, size=size, head=head.encode("latin-1"))


def _written(part: Part) -> str:
    return _filled(_LINE, part) + _LINE.format(escape(part.author))


def _filled(shape: str, part: Part) -> str:
    """Sentences of a part, each in this shape, as many as its size takes."""
    lines, average = _lines(shape, part.language)
    return "".join(_chosen(part, lines, part.size // average))


def _chosen(part: Part, lines: Sequence[str], count: int) -> list[str]:
    """So many of the lines that belong to a part's sentences. More of them begin with the same."""
    return random.Random(part.seed).choices(lines, k=max(1, count))  # noqa: S311 - no secret


@cache
def _lines(shape: str, language: int) -> tuple[tuple[str, ...], int]:
    """The sentences of a language in a shape, and how long they are on average."""
    lines = tuple(shape.format(escape(sentence)) for sentence in LANGUAGES[language][1])
    return lines, sum(map(len, lines)) // len(lines)
