"""The names of the connector, as its source shows them: modules, folders, classes, threads and locks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONNECTOR = ROOT / "connector"


def modules() -> Iterator[tuple[Path, ast.Module]]:
    """Every module with its path below `connector/`."""
    for path in sorted(CONNECTOR.rglob("*.py")):
        yield path.relative_to(CONNECTOR), ast.parse(path.read_text(encoding="utf-8"))


def public_classes(tree: ast.Module) -> Iterator[str]:
    """The names of public classes at the top of a module."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def words_of(name: str) -> list[str]:
    """The words of a CamelCase or snake_case name, in small letters."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)]


def cells(document: Path, column: int) -> Iterator[str]:
    """The cells of one column of all tables of a document, headings left out."""
    for line in document.read_text(encoding="utf-8").splitlines():
        parts = [part.strip() for part in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(parts) > column and not set(parts[0]) <= set("- "):
            yield parts[column]


def quoted_paths(text: str) -> list[str]:
    """What stands in backticks and looks like the path of a file or folder."""
    return [each for each in re.findall(r"`([\w./-]+)`", text) if re.search(r"/|\.(py|md|toml|yaml)$", each)]
