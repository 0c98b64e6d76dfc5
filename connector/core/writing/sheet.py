"""Style sheets of a mail: which of their rules an element gets.

Selectors of names, classes, ids and attributes are known, after ancestors and parents. Of a selector that asks for more
(`:nth-child`, a sibling) only the rest is looked at, and what it sets counts as not known. Rules for other media
(`media`) and for what a pointer does are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

import tinycss2

from connector.core.writing.media import applies, is_supported
from connector.core.writing.style import Declaration, parsed

#: Markers of a declaration whose selector matches in part: the element may have a colour, or a background, of its own.
COLOUR_UNKNOWN: Final = Declaration("color?", "")
GROUND_UNKNOWN: Final = Declaration("background?", "")

_LONGEST_SHEET = 200_000
#: Conditions within conditions: more are not looked into.
_DEEPEST = 5
_MOST_PARTS = 2_000
#: How often an element of one mail is held against a part of a selector, before the sheets are left aside.
_MOST_TESTS = 300_000
_NEVER: Final = frozenset(
    {"active", "after", "before", "checked", "empty", "first-letter", "first-line", "focus", "focus-within", "hover",
     "placeholder", "selection", "target", "visited"}
)  # fmt: skip
_ALWAYS: Final = frozenset({"any-link", "link"})


class _Test(NamedTuple):
    """An attribute selector."""

    name: str
    operator: str
    value: str


@dataclass(slots=True)
class _Compound:
    """`td.head[align=right]`: what is asked of one element."""

    tag: str = ""
    id: str = ""
    classes: frozenset[str] = frozenset()
    tests: tuple[_Test, ...] = ()
    pseudo: int = 0
    uncertain: bool = False

    @property
    def key(self) -> str:
        if self.id:
            return f"#{self.id}"
        return f".{min(self.classes)}" if self.classes else self.tag


@dataclass(frozen=True, slots=True)
class _Part:
    """One compound of a selector, behind those before it; `declares` where it is the last."""

    bit: int
    compound: _Compound
    before: int
    child: bool
    weight: tuple[int, int, int, int] = (0, 0, 0, 0)
    declares: tuple[Declaration, ...] = ()


class Place(NamedTuple):
    """Which parts of selectors an element's ancestors, and which its parent, match: one bit for each."""

    ancestors: int = 0
    parent: int = 0


class Matched(NamedTuple):
    """What an element gets, the weakest first, and the place of its children."""

    declares: tuple[Declaration, ...]
    place: Place


@dataclass(slots=True)
class Rules:
    """The rules of all style sheets of one mail."""

    parts: Mapping[str, Sequence[_Part]]
    #: the attributes that selectors ask for by name
    tested: frozenset[str]
    _seen: dict[tuple[str, int, Place], Matched] = field(default_factory=dict)
    _tests: int = 0

    def match(self, tag: str, number: int, attributes: Mapping[str, str], place: Place) -> Matched:
        """What an element gets. `number` is one for elements with the same tag, class, id, and `tested` attributes."""
        key = (tag, number, place)
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = self._match(tag, attributes, place)
        return found

    def _match(self, tag: str, attributes: Mapping[str, str], place: Place) -> Matched:
        classes = frozenset(attributes.get("class", "").split()[:50])
        own, hits = 0, []
        for key in ("", tag, f"#{attributes.get('id', '')}", *(f".{name}" for name in sorted(classes))):
            for part in self.parts.get(key, ()):
                self._tests += 1
                if self._tests > _MOST_TESTS:
                    return Matched((), place)
                if (
                    part.before and not part.before & (place.parent if part.child else place.ancestors)
                ) or not _matches(part.compound, tag, classes, attributes):
                    continue
                own |= part.bit
                if part.declares:
                    hits.append(part)
        hits.sort(key=lambda part: part.weight)
        declares = tuple(declaration for part in hits for declaration in part.declares)
        return Matched(declares, Place(place.ancestors | own, own))


def rules_of(sheets: Sequence[str]) -> Rules | None:
    """The rules of style sheets in their order; None where there are none."""
    parts = _parts("\n".join(sheets)[:_LONGEST_SHEET]) if sheets else None
    if not parts:
        return None
    tests = (test.name for some in parts.values() for part in some for test in part.compound.tests)
    return Rules(parts, frozenset(tests))


@lru_cache(maxsize=32)
def _parts(css: str) -> Mapping[str, Sequence[_Part]]:
    index: dict[str, list[_Part]] = {}
    count = 0
    for order, (prelude, content) in enumerate(_rules(tinycss2.parse_stylesheet(css, True, True))):
        declares = tuple(parsed(tinycss2.parse_blocks_contents(content, True, True), quirks=False))
        for selector in _selectors(prelude):
            before = 0
            uncertain = any(compound.uncertain for compound, _ in selector)
            for place, (compound, child) in enumerate(selector):
                last = place == len(selector) - 1
                bit = 1 << count
                count += 1
                part = _Part(
                    bit,
                    compound,
                    before,
                    child,
                    (*_weight(selector), order),
                    (_unknown(declares) if uncertain else declares) if last else (),
                )
                index.setdefault(compound.key, []).append(part)
                before = bit
            if count > _MOST_PARTS:
                return index
    return index


def _rules(nodes: Sequence[Any], depth: int = 0) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
    for node in nodes:
        if node.type == "qualified-rule":
            yield node.prelude, node.content
        elif node.type == "at-rule" and node.content and depth < _DEEPEST:
            condition = tinycss2.serialize(node.prelude[:100])
            holds = {"media": applies, "supports": is_supported}.get(node.lower_at_keyword)
            if holds is not None and holds(condition):
                yield from _rules(tinycss2.parse_rule_list(node.content, True, True), depth + 1)


def _unknown(declares: Sequence[Declaration]) -> tuple[Declaration, ...]:
    names = {declaration.name for declaration in declares}
    found = []
    if "color" in names:
        found.append(COLOUR_UNKNOWN)
    if any(name.startswith("background-") for name in names):
        found.append(GROUND_UNKNOWN)
    return tuple(found)


def _weight(selector: Sequence[tuple[_Compound, bool]]) -> tuple[int, int, int]:
    compounds = [compound for compound, _ in selector]
    return (
        sum(bool(compound.id) for compound in compounds),
        sum(len(compound.classes) + len(compound.tests) + compound.pseudo for compound in compounds),
        sum(bool(compound.tag) for compound in compounds),
    )


def _matches(compound: _Compound, tag: str, classes: frozenset[str], attributes: Mapping[str, str]) -> bool:
    return (
        (not compound.tag or compound.tag == tag)
        and (not compound.id or compound.id == attributes.get("id"))
        and compound.classes <= classes
        and all(_holds(test, attributes) for test in compound.tests)
    )


def _holds(test: _Test, attributes: Mapping[str, str]) -> bool:
    value = attributes.get(test.name)
    if value is None:
        return False
    wanted = test.value
    match test.operator:
        case "":
            return True
        case "=":
            return value == wanted
        case "~=":
            return wanted in value.split()
        case "|=":
            return value == wanted or value.startswith(f"{wanted}-")
        case "^=":
            return bool(wanted) and value.startswith(wanted)
        case "$=":
            return bool(wanted) and value.endswith(wanted)
        case _:
            return bool(wanted) and wanted in value


def _selectors(prelude: Sequence[Any]) -> Iterator[list[tuple[_Compound, bool]]]:
    """The selectors of a rule, each a list of compounds and whether the one before is the parent."""
    start = 0
    for index in range(len(prelude) + 1):
        if index == len(prelude) or prelude[index] == ",":
            selector = _selector([node for node in prelude[start:index] if node.type != "comment"])
            if selector:
                yield selector
            start = index + 1


def _selector(nodes: Sequence[Any]) -> list[tuple[_Compound, bool]] | None:
    compounds: list[tuple[_Compound, bool]] = []
    current: _Compound | None = None
    child = gap = sibling = False
    position = 0
    while position < len(nodes):
        node = nodes[position]
        position += 1
        if node.type == "whitespace":
            gap = True
            continue
        if node in (">", "+", "~"):
            if current is None:
                return None
            if node == ">":
                compounds.append((current, child))
                child = True
            else:
                # a sibling is not looked for: what stands behind it takes its place
                sibling = True
            current, gap = None, False
            continue
        if current is None:
            current, sibling = _Compound(uncertain=sibling), False
        elif gap:
            compounds.append((current, child))
            current, child = _Compound(), False
        gap = False
        taken = _simple(current, node, nodes, position)
        if taken is None:
            return None
        position = taken
    if current is None:
        return None
    compounds.append((current, child))
    return compounds


def _simple(compound: _Compound, node: Any, nodes: Sequence[Any], position: int) -> int | None:
    """Adds the simple selector at `node` to `compound`; answers the position behind it, None where none matches."""
    if node.type == "ident":
        compound.tag = node.lower_value
    elif node == "*":
        pass
    elif node.type == "hash":
        compound.id = node.value
    elif node == "." and position < len(nodes) and nodes[position].type == "ident":
        compound.classes |= {nodes[position].value}
        position += 1
    elif node.type == "[] block":
        test = _test(node.content)
        if test is None:
            return None
        compound.tests += (test,)
    elif node == ":" and position < len(nodes):
        pseudo = nodes[position]
        position += 1
        name = getattr(pseudo, "lower_value", None) or getattr(pseudo, "lower_name", None)
        if pseudo == ":" or not name or name in _NEVER:
            return None
        if name == "root":
            compound.tag = "html"
        elif name not in _ALWAYS:
            compound.uncertain = True
        compound.pseudo += 1
    else:
        return None
    return position


def _test(nodes: Sequence[Any]) -> _Test | None:
    """`[name]`, `[name=value]`; None for the marks that a mail program sets itself, and for what is no selector."""
    words = [node for node in nodes if node.type != "whitespace"]
    if not words or words[0].type != "ident" or words[0].lower_value.startswith(("data-", "x-", "owa")):
        return None
    if len(words) == 1:
        return _Test(words[0].lower_value, "", "")
    if len(words) < 3 or words[1].type != "literal" or words[2].type not in ("ident", "string"):
        return None
    return _Test(words[0].lower_value, words[1].value, words[2].value)
