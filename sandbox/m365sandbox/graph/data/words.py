"""How the directory looks for words: begun anywhere in a name, in any order."""

import re

_PART = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|\d+|[^\W\d_]+")


def has_words(text: str | None, sought: str) -> bool:
    """Whether each word sought begins a word of the text, whatever the case.

    Words end at spaces, symbols, digits and where a small letter is followed by a capital one; those that only symbols
    part count as one word too (Graph, "Use the $search query parameter").
    """
    words = _words(text or "")
    return all(any(word.startswith(part) for word in words) for part in _parts(sought))


def _parts(text: str) -> list[str]:
    return [part.casefold() for part in _PART.findall(text)]


def _words(text: str) -> list[str]:
    joined = [re.sub(r"[\W_]", "", chunk).casefold() for chunk in text.split()]
    return [*_parts(text), *joined]
