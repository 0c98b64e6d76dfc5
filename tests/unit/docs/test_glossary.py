"""docs/glossary.md has a word for every name of the connector's folders, modules and classes."""

import re

from tests.support.names import CONNECTOR, ROOT, cells, modules, public_classes, quoted_paths, words_of

DOCUMENT = ROOT / "docs" / "glossary.md"
#: rooms whose public classes are held to the glossary
ROOMS = ("core", "engine", "graph", "operations")
#: ordinary words of programming and of the two services, which need no explanation here
ORDINARY = frozenset(
    re.findall(
        r"[a-z]+",
        """
    answer any app application at auth browser builder cache changes checked cleared cli client codes config
    connection credential declaration demo done errors explain facts fields filed graph history http ids in index
    installed last listener log login logs matched memory options output packed parse policy pool probe queries read
    request result results rights salesforce services sign soql sorted source state status step stop stream switches
    sync task tasks terminal text time timing tls token unknown unlogged values view walked watch
    """,
    )
)


def defined() -> frozenset[str]:
    """The words of the first column, each in singular and plural."""
    words = {word for cell in cells(DOCUMENT, 0) for word in re.findall(r"[a-z]+", cell.lower())}
    return frozenset(words | {f"{word}s" for word in words} | {f"{word}es" for word in words})


def used() -> dict[str, str]:
    """Every word of a name, with one name that has it."""
    found: dict[str, str] = {}
    for path, tree in modules():
        names = [part for part in path.with_suffix("").parts if not part.startswith("__")]
        if path.parts[0] in ROOMS:
            names += public_classes(tree)
        for name in names:
            for word in words_of(name):
                found.setdefault(word, f"{name} ({path})")
    return found


def test_every_word_of_a_name_is_in_the_glossary() -> None:
    known = defined() | ORDINARY | {f"{word}s" for word in ORDINARY}
    assert {word: name for word, name in used().items() if word not in known} == {}


def test_the_list_of_ordinary_words_holds_nothing_that_is_not_used() -> None:
    words = used().keys() | {word.removesuffix("s") for word in used()}
    assert sorted(ORDINARY - words) == []


def test_no_ordinary_word_is_explained() -> None:
    assert sorted(ORDINARY & {cell.lower() for cell in cells(DOCUMENT, 0)}) == []


def test_what_the_glossary_names_exists() -> None:
    paths = [path for cell in cells(DOCUMENT, 2) for path in quoted_paths(cell)]
    assert len(paths) > 50
    assert [path for path in paths if not (CONNECTOR / path).exists() and not (ROOT / path).exists()] == []
