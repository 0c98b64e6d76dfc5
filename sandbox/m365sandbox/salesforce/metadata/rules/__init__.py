"""What an org refuses of a package, by file, line and column, with the platform's message where it is known.

`problems` finds all of it in a package that was read; `refusals` says it, as a deployment does.
"""

from collections.abc import Iterator
from pathlib import Path

from m365sandbox.salesforce.metadata.package import Package, position
from m365sandbox.salesforce.metadata.rules import (
    fields,
    files,
    formulas,
    layouts,
    lists,
    navigation,
    objects,
    rights,
)
from m365sandbox.salesforce.metadata.rules.problem import Problem

__all__ = ["Problem", "problems", "refusals"]

_CHECKS = (files, objects, fields, layouts, lists, navigation, formulas, rights)


def problems(package: Package) -> Iterator[Problem]:
    """Every rule that a file breaks."""
    for module in _CHECKS:
        yield from module.check(package)


def refusals(folder: Path, package: Package) -> list[str]:
    """A line for each problem of the package that was read from the folder: its place, and what is wrong there."""
    roots = {file.place: file.root for file in package.files}
    lines = []
    for problem in problems(package):
        where = ""
        if problem.node is not None:
            line, column = position((folder / problem.place).read_bytes(), roots[problem.place], problem.node)
            where = f" ({line}:{column})"
        lines.append(f"{problem.place}: {problem.text}{where}")
    return list(dict.fromkeys(lines))
