"""Style declarations as CSS means them: names in any case, shorthands taken apart, values that are harmless.

A declaration is kept where a rich text field may show it. Some are kept only to be asked: whether an element is seen.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

import tinycss2

from connector.core.writing.colours import BARE_HEX, parse_colour, written_colour


class Declaration(NamedTuple):
    """One property in small letters, and its value in a form that is safe to write."""

    name: str
    value: str
    important: bool = False


#: The value of `background-image` where a picture, or of `color` where a colour that is not known, was set.
UNKNOWN: Final = "?"
#: Letters have this colour instead of their `color`.
FILL: Final = "-webkit-text-fill-color"

_WIDE: Final = frozenset({"inherit", "initial", "unset", "revert"})
_UNITS: Final = {"px": 1.0, "pt": 4 / 3, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "pc": 16.0, "em": 16.0}
_UNITS_EVERY: Final = _UNITS | {"rem": 16.0, "ex": 8.0, "ch": 8.0}
_SIDES: Final = ("top", "right", "bottom", "left")
#: Nothing is wider or higher than this, so that no mail covers the page that shows it.
_LONGEST_PX = 2_000
_LENGTH = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)([a-z%]*)")
_IDENT = re.compile("-?[a-z][a-z0-9-]*")
_FONT_WORD = re.compile(r"[A-Za-z][\w-]*")
_FONT_NAME = re.compile(r"[\w .-]+")
_BORDER_STYLES: Final = frozenset(
    {"none", "hidden", "solid", "dashed", "dotted", "double", "groove", "ridge", "inset", "outset"}
)
_BORDER_WIDTHS: Final = frozenset({"thin", "medium", "thick"})
#: Each may be shown, and hides nothing.
_DISPLAYS: Final = frozenset(
    {"block", "flex", "grid", "inline", "inline-block", "inline-flex", "inline-table", "list-item", "table"}
    | {f"table-{part}" for part in ("caption", "cell", "row", "row-group", "header-group", "footer-group")}
)

# What a caller may write, and what it may only ask.
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "border-collapse": frozenset({"collapse", "separate"}),
    "caption-side": frozenset({"top", "bottom"}),
    "direction": frozenset({"ltr", "rtl"}),
    "font-style": frozenset({"normal", "italic", "oblique"}),
    "font-variant": frozenset({"normal", "small-caps"}),
    "list-style-position": frozenset({"inside", "outside"}),
    "table-layout": frozenset({"auto", "fixed"}),
    "text-align": frozenset({"left", "right", "center", "justify", "start", "end"}),
    "text-transform": frozenset({"none", "uppercase", "lowercase", "capitalize"}),
    "white-space": frozenset({"normal", "nowrap", "pre", "pre-wrap", "pre-line", "break-spaces"}),
    "word-break": frozenset({"normal", "break-all", "break-word", "keep-all"}),
    "overflow-wrap": frozenset({"normal", "break-word", "anywhere"}),
}


def _text(node: Any) -> str | None:
    """The node as it may be written again, or None where it may not."""
    kind = node.type
    if kind == "ident":
        return node.lower_value if _IDENT.fullmatch(node.lower_value) else None
    if kind == "number":
        return f"{node.value:g}"
    if kind == "percentage":
        return f"{node.value:g}%"
    if kind == "dimension":
        return f"{node.value:g}{node.lower_unit}" if node.lower_unit in _UNITS_EVERY else None
    if kind in ("hash", "function"):
        return written_colour(node.serialize())
    return None


@lru_cache(maxsize=4096)
def pixels(value: str, font: float = 16.0) -> float | None:
    """A written length in pixels, None where it is no length; per cent and em count against `font`."""
    match = _LENGTH.fullmatch(value)
    if not match:
        return None
    number = float(match[1])
    if match[2] == "%":
        return number * font / 100
    if match[2] in ("em", "ex", "ch"):
        return number * font * (1 if match[2] == "em" else 0.5)
    return number * _UNITS_EVERY.get(match[2], 1.0)


def _words(nodes: Sequence[Any]) -> list[str] | None:
    """The nodes of a value without its white space; None where one of them may not be written."""
    words = []
    for node in nodes:
        if node.type in ("whitespace", "comment"):
            continue
        text = _text(node)
        if text is None:
            return None
        words.append(text)
    return words


def _is_length(word: str, *, negative: bool = False, percent: bool = True, quirks: bool = False) -> bool:
    size = pixels(word)
    if size is None or (word.endswith("%") and not percent):
        return False
    if word[-1].isdigit() and size != 0 and not quirks:
        return False
    return abs(size) <= _LONGEST_PX and (negative or size >= 0)


def _lengths(most: int, words: Sequence[str], *, auto: bool = False, negative: bool = False) -> bool:
    """Whether these are at most `most` lengths."""
    return 0 < len(words) <= most and all(
        (auto and word == "auto") or _is_length(word, negative=negative) for word in words
    )


def _is_colour(word: str) -> bool:
    return word == "currentcolor" or parse_colour(word) is not None


def _is_border(words: Sequence[str]) -> bool:
    return 0 < len(words) <= 3 and all(
        word in _BORDER_STYLES or word in _BORDER_WIDTHS or _is_length(word, percent=False) or _is_colour(word)
        for word in words
    )


def _is_line_height(words: Sequence[str]) -> bool:
    """A line lower than its letters would lay lines over each other."""
    if len(words) != 1:
        return False
    size = pixels(words[0])
    if words[0] == "normal" or size is None:
        return words[0] == "normal"
    if words[0][-1].isdigit():
        return 0.9 <= size <= 10
    return 9 <= size <= 200 if not words[0].endswith(("%", "em")) else 14 <= size <= 160


def _is_decoration(words: Sequence[str]) -> bool:
    lines = {"none", "underline", "line-through", "overline", "solid", "double", "dotted", "dashed", "wavy", "auto"}
    return 0 < len(words) <= 4 and all(word in lines or _is_colour(word) for word in words)


def _one(words: Sequence[str], allowed: Callable[[str], bool]) -> bool:
    return len(words) == 1 and allowed(words[0])


def _is_vertical(word: str) -> bool:
    return word in {"baseline", "top", "middle", "bottom", "text-top", "text-bottom", "sub", "super"}


def _is_weight(word: str) -> bool:
    return word in {"normal", "bold", "bolder", "lighter"} or (word.isdigit() and 1 <= int(word) <= 1000)


_SIZE_WORDS: Final = {
    "xx-small": 9.0,
    "x-small": 10.0,
    "small": 13.0,
    "medium": 16.0,
    "large": 18.0,
    "x-large": 24.0,
    "xx-large": 32.0,
    "xxx-large": 48.0,
}


def _is_size(word: str) -> bool:
    return word in _SIZE_WORDS or word in ("smaller", "larger") or _is_length(word, quirks=True)


def font_pixels(value: str, parent: float) -> float:
    """The size of letters that `font-size` sets inside letters of `parent` pixels."""
    if value in _SIZE_WORDS:
        return _SIZE_WORDS[value]
    if value in ("smaller", "larger"):
        return parent * (1.2 if value == "larger" else 1 / 1.2)
    size = pixels(value, parent)
    return parent if size is None or value in _WIDE else size


_KEPT: Final[Mapping[str, Callable[[Sequence[str]], bool]]] = {
    **{
        name: partial(lambda allowed, words: _one(words, allowed.__contains__), words) for name, words in _WORDS.items()
    },
    **{f"border{side}": _is_border for side in ("", *(f"-{side}" for side in _SIDES))},
    **{f"border-{side}-{part}": _is_border for side in _SIDES for part in ("width", "style", "color")},
    **{
        f"{name}-{side}": partial(_lengths, 1, auto=name == "margin")
        for name in ("margin", "padding")
        for side in _SIDES
    },
    "border-color": lambda words: 0 < len(words) <= 4 and all(map(_is_colour, words)),
    "border-radius": partial(_lengths, 4),
    "border-spacing": partial(_lengths, 2),
    "border-style": lambda words: 0 < len(words) <= 4 and all(word in _BORDER_STYLES for word in words),
    "border-width": lambda words: 0 < len(words) <= 4 and _is_border(words[:1]) and not any(map(_is_colour, words)),
    "display": lambda words: _one(words, _DISPLAYS.__contains__),
    "font-size": lambda words: _one(words, _is_size),
    "font-weight": lambda words: _one(words, _is_weight),
    "height": partial(_lengths, 1, auto=True),
    "line-height": _is_line_height,
    "list-style-type": lambda words: _one(words, lambda word: bool(_IDENT.fullmatch(word))),
    "margin": partial(_lengths, 4, auto=True),
    "max-width": partial(_lengths, 1),
    "min-width": partial(_lengths, 1),
    "padding": partial(_lengths, 4),
    "text-decoration": _is_decoration,
    "text-decoration-line": _is_decoration,
    "vertical-align": lambda words: _one(words, lambda word: _is_vertical(word) or _is_length(word, negative=True)),
    "width": partial(_lengths, 1, auto=True),
}
#: Asked, never written.
ASKED: Final = frozenset({
    "background-clip", "background-image", "clip", "clip-path", "content-visibility", "left", "max-height", "opacity",
    "overflow", "position", "right", "text-indent", "top", "transform", "visibility",
})  # fmt: skip
#: Asked only: margins that lay an element beside the page.
AWAY: Final = "margin?"
#: The properties that may stand in a body.
WRITTEN: Final = frozenset(_KEPT) | {"background-color", "color", "font-family"}


@lru_cache(maxsize=8192)
def declarations(css: str, quirks: bool = False) -> tuple[Declaration, ...]:
    """The declarations of a style attribute, in their order. `quirks` accepts colours without `#`, as browsers do."""
    return tuple(parsed(tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True), quirks))


def parsed(nodes: Iterable[Any], quirks: bool) -> Iterator[Declaration]:
    """The declarations among the nodes of a rule."""
    for node in nodes:
        if node.type == "declaration" and len(node.value) <= 200:
            for name, value in _longhands(node.lower_name, node.value, quirks):
                yield Declaration(name, value, node.important)


def _longhands(name: str, nodes: Sequence[Any], quirks: bool) -> Iterator[tuple[str, str]]:
    nodes = [node for node in nodes if node.type not in ("whitespace", "comment")]
    words = _words(nodes)
    wide = words[0] if words and len(words) == 1 and words[0] in _WIDE else None
    if name in ("color", "background-color", FILL):
        yield from ((name, value) for value in _colour(nodes, quirks))
    elif name in ("background", "background-image"):
        yield from _background(nodes, whole=name == "background")
    elif name == "font":
        yield from _font(nodes)
    elif name == "font-family":
        family = _family(nodes)
        if family:
            yield name, family
    elif name == "list-style":
        yield from _list_style(words or ())
    elif name in ("-webkit-background-clip", "background-clip"):
        yield "background-clip", (words or [""])[0]
    elif name == "word-wrap":
        yield from _longhands("overflow-wrap", nodes, quirks)
    elif name in ("overflow-x", "overflow-y"):
        yield from _longhands("overflow", nodes, quirks)
    elif name in ("margin-inline", "padding-inline", "text-decoration-color"):
        return
    elif name in _KEPT:
        if wide:
            if name not in ("width", "height", "display", "max-width", "min-width"):
                yield name, wide
        elif words and _KEPT[name](words):
            yield name, " ".join(words)
        elif words and (away := _away(name, words)):
            yield AWAY, away
        elif words == ["none"] and name == "display":
            # asked only
            yield name, "none"
    elif name in ASKED:
        yield name, " ".join(words) if words else tinycss2.serialize(nodes[:20]).lower()


def _away(name: str, words: Sequence[str]) -> str | None:
    """The margin at the top or on the left that is negative, which is not written."""
    if name == "margin" and len(words) <= 4:
        sides = (words[0], words[(0, 1, 1, 3)[len(words) - 1]])
    elif name in ("margin-left", "margin-top"):
        sides = (words[0], words[0])
    else:
        return None
    return next((side for side in sides if (pixels(side) or 0) < 0), None)


def _colour(nodes: Sequence[Any], quirks: bool) -> Iterator[str]:
    """The colour that a property of one colour sets; nothing where it is no colour at all."""
    if len(nodes) != 1:
        return
    node = nodes[0]
    if node.type == "ident" and (node.lower_value in _WIDE or node.lower_value == "currentcolor"):
        yield node.lower_value
    elif node.type in ("ident", "hash", "function"):
        value = node.lower_value if node.type == "ident" else node.serialize()
        written = written_colour(value) or (f"#{value}" if quirks and BARE_HEX.fullmatch(value) else None)
        if written:
            yield written
        elif node.type == "function" and node.lower_name not in ("url", "calc"):
            # a colour in a space of its own, or a variable
            yield _fallback(node) or UNKNOWN
    elif quirks and node.type in ("number", "dimension") and BARE_HEX.fullmatch(node.serialize()):
        yield f"#{node.serialize().lower()}"


def _fallback(node: Any) -> str | None:
    """What `var(--name, colour)` falls back to."""
    if node.lower_name != "var":
        return None
    colours = [text for part in node.arguments if (text := written_colour(part.serialize()))]
    return colours[-1] if colours else None


def _background(nodes: Sequence[Any], *, whole: bool) -> Iterator[tuple[str, str]]:
    """The colour of a background, and whether a picture lies on it."""
    colour, picture = "transparent", "none"
    for node in nodes:
        if node.type == "ident" and node.lower_value in _WIDE:
            colour = node.lower_value
        elif node.type == "url" or (node.type == "function" and node.lower_name == "url"):
            picture = UNKNOWN
        elif node.type == "function" and node.lower_name.endswith(("gradient", "image-set", "cross-fade", "image")):
            picture = UNKNOWN
            first = (written_colour(part.serialize()) for part in node.arguments if part.type != "literal")
            colour = next(filter(None, first), colour)
        elif node.type in ("ident", "hash", "function"):
            found = next(_colour([node], quirks=False), None)
            if found and whole:
                colour = found
    if whole or colour != "transparent":
        yield "background-color", colour
    yield "background-image", picture


def _font(nodes: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """`font: italic bold 12px/1.5 Calibri, sans-serif`."""
    for index, node in enumerate(nodes):
        text = _text(node)
        if text is None:
            return
        if node.type == "ident" and text in ("italic", "oblique"):
            yield "font-style", text
        elif node.type == "ident" and text == "small-caps":
            yield "font-variant", text
        elif _is_weight(text) and text != "normal":
            yield "font-weight", text
        elif text != "normal" and _is_size(text):
            yield "font-size", text
            rest = nodes[index + 1 :]
            if len(rest) > 1 and rest[0] == "/":
                height = _text(rest[1])
                if height and _is_line_height([height]):
                    yield "line-height", height
                rest = rest[2:]
            if family := _family(rest):
                yield "font-family", family
            return


def _family(nodes: Sequence[Any]) -> str | None:
    """The names of fonts, without quotes where they need none: a quote counts five characters."""
    names: list[list[str]] = [[]]
    for node in nodes:
        if node.type in ("whitespace", "comment"):
            continue
        if node == ",":
            names.append([])
        elif node.type in ("ident", "string") and _FONT_NAME.fullmatch(node.value):
            names[-1].append(node.value)
        else:
            return None
    found = [" ".join(name) for name in names if name]
    return (
        ",".join(name if all(map(_FONT_WORD.fullmatch, name.split(" "))) else f"'{name}'" for name in found[:8]) or None
    )


def _list_style(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        if word in ("inside", "outside"):
            yield "list-style-position", word
        elif _IDENT.fullmatch(word):
            yield "list-style-type", word
