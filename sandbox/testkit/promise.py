"""A promise that is broken on purpose, and the test that must notice: `scripts/promises` tries them all.

Those of the connector stand in tests/promises/, those of the sandbox in sandbox/tests/promises/.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

#: the folder below the checkout from which a distribution is imported and its tests are run
FOLDERS = {"connector": ".", "m365sandbox": "sandbox"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One sentence that a user relies on, and one change to the code that breaks it."""

    says: str
    """The sentence, with where it is promised: a section of DESIGN.md or an issue."""
    where: str
    """A function, class or constant by its dotted name: `connector.core.reading.cutter:WindowCutter.next`."""
    change: tuple[str, str]
    """Old and new text. The old one occurs once in the source of `where`, and nothing outside it is touched."""
    caught_by: str
    """The pytest node id of the test that must fail, as seen from the folder of the distribution."""

    @property
    def folder(self) -> str:
        """Where its test is run, below the checkout."""
        return FOLDERS[self.where.partition(".")[0]]

    @property
    def module(self) -> str:
        """The module that is changed."""
        return self.where.partition(":")[0]

    @property
    def file(self) -> Path:
        """The file that is changed, below the checkout; that of a package where there is one of this name."""
        return Path(self.folder, *self.module.split(".")).with_suffix(".py")

    def broken(self, source: str) -> str:
        """The source of its file with the promise broken. Raises LookupError where the change does not fit."""
        begin, end = span(source, self.where.partition(":")[2])
        old, new = self.change
        found = source[begin:end].count(old)
        if found != 1:
            raise LookupError(f"its text occurs {found} times in {self.where}")
        if old == new:
            raise LookupError("it changes nothing")
        return source[:begin] + source[begin:end].replace(old, new) + source[end:]


def span(source: str, name: str) -> tuple[int, int]:
    """From where to where the object of this name stands in the source, decorators included. Raises LookupError."""
    scope: ast.AST = ast.parse(source)
    for part in name.split("."):
        scope = next((node for node in ast.iter_child_nodes(scope) if part in _names(node)), scope)
        if part not in _names(scope):
            raise LookupError(f"there is no {name}")
    lines = source.splitlines(keepends=True)
    first = min([scope.lineno, *(node.lineno for node in getattr(scope, "decorator_list", ()))])
    return sum(map(len, lines[: first - 1])), sum(map(len, lines[: scope.end_lineno]))


def _names(node: ast.AST) -> set[str]:
    """The names that a definition or an assignment gives."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}
