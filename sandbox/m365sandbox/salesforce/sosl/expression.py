"""The text between the braces of FIND: words, phrases, AND, OR, AND NOT, parentheses, `*` and `?`.

SOSL reference, "FIND": words that stand side by side must all be there; quotes make a phrase; `*` stands for any
characters and `?` for one; case does not matter. Punctuation parts words, in the search as in the records.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal


class MalformedSearchError(Exception):
    """The text is no SOSL, or SOSL that is not emulated."""


_TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:\\.|[^"\\])*)"|((?:\\.|[^\s()"\\])+))')
_ESCAPED = re.compile(r"\\(.)")
_WORD = re.compile(r"\w+")
_PATTERN_WORD = re.compile(r"[\w*?]+")
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow one another in one text."""

    words: tuple[re.Pattern[str], ...]
    literals: tuple[str, ...]

    def holds(self, texts: Sequence[Sequence[str]]) -> bool:
        """Whether one of the texts, each cut into words, has the phrase."""
        return any(self._is_in(words) for words in texts)

    def _is_in(self, words: Sequence[str]) -> bool:
        length = len(self.words)
        starts = range(len(words) - length + 1)
        return any(all(map(re.Pattern.fullmatch, self.words, words[start : start + length])) for start in starts)

    def hints(self) -> Iterator[str]:
        """What a text with the phrase has in it: the longest piece of a word without wildcards."""
        yield max(self.literals, key=len, default="")


@dataclass(frozen=True, slots=True)
class Combination:
    """Expressions joined by AND, OR or AND NOT."""

    operator: Literal["AND", "OR", "AND NOT"]
    left: "Expression"
    right: "Expression"

    def holds(self, texts: Sequence[Sequence[str]]) -> bool:
        """Whether a record with these texts is found."""
        if self.operator == "OR":
            return self.left.holds(texts) or self.right.holds(texts)
        return self.left.holds(texts) and self.right.holds(texts) is (self.operator == "AND")

    def hints(self) -> Iterator[str]:
        """Pieces of text of which a record that is found has one."""
        yield from self.left.hints()
        if self.operator == "OR":
            yield from self.right.hints()


Expression = Phrase | Combination


def words_of(text: str) -> list[str]:
    """A text as the words that searches are compared with."""
    return _WORD.findall(text.casefold())


def parse_expression(text: str) -> Expression:
    """The expression between the braces. Raises MalformedSearchError."""
    tokens = list(_tokens(text))
    letters = sum(len(item) for token in tokens if isinstance(token, Phrase) for item in token.literals)
    if letters < _SHORTEST and all(isinstance(token, Phrase) for token in tokens):
        shown = f": {text.strip()}" if text.strip() else ""
        raise MalformedSearchError(f"search term must be longer than one character{shown}")
    expression, rest = _alternatives(tokens)
    if rest:
        raise MalformedSearchError(f"unexpected token: {rest[0]}")
    return expression


def _tokens(text: str) -> Iterator["str | Phrase"]:
    """Parentheses and operators as they stand, everything else as phrases."""
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise MalformedSearchError(f"unexpected token: {text[place]}")
        place = match.end()
        opening, closing, quoted, plain = match.groups()
        if opening or closing:
            yield opening or closing
        elif plain in ("AND", "OR", "NOT"):
            yield plain
        else:
            phrase = _phrase(_ESCAPED.sub(r"\1", quoted if plain is None else plain))
            # Punctuation alone (`Acme \& Co`) parts words and is none.
            yield from [phrase] if phrase.words else []


def _phrase(text: str) -> Phrase:
    words = _PATTERN_WORD.findall(text.casefold())
    literals = tuple(piece for word in words for piece in re.split(r"[*?]", word) if piece)
    return Phrase(tuple(_compiled(word) for word in words), literals)


def _compiled(word: str) -> re.Pattern[str]:
    kinds: Iterable[str] = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in word)
    return re.compile("".join(kinds))


_Tokens = list["str | Phrase"]


def _alternatives(tokens: _Tokens) -> tuple[Expression, _Tokens]:
    left, tokens = _together(tokens)
    while tokens[:1] == ["OR"]:
        right, tokens = _together(tokens[1:])
        left = Combination("OR", left, right)
    return left, tokens


def _together(tokens: _Tokens) -> tuple[Expression, _Tokens]:
    left, tokens = _single(tokens)
    while tokens and tokens[0] not in ("OR", ")"):
        if tokens[:2] == ["AND", "NOT"]:
            right, tokens = _single(tokens[2:])
            left = Combination("AND NOT", left, right)
        else:
            right, tokens = _single(tokens[1:] if tokens[0] == "AND" else tokens)
            left = Combination("AND", left, right)
    return left, tokens


def _single(tokens: _Tokens) -> tuple[Expression, _Tokens]:
    if not tokens:
        raise MalformedSearchError("unexpected end of the search expression")
    first, rest = tokens[0], tokens[1:]
    if isinstance(first, Phrase):
        return first, rest
    if first == "(":
        inner, rest = _alternatives(rest)
        if rest[:1] != [")"]:
            raise MalformedSearchError("expecting a right parentheses in the search expression")
        return inner, rest[1:]
    raise MalformedSearchError(f"unexpected token: {first}")
