"""Checks of validation rules: that what they name is there. That they can be played: build.py compiles them."""

import re
from collections.abc import Iterator

from m365sandbox.salesforce.metadata.package import File, Package, text, values
from m365sandbox.salesforce.metadata.rules.names import known
from m365sandbox.salesforce.metadata.rules.objects import first
from m365sandbox.salesforce.metadata.rules.problem import Problem

#: Texts in either quotes, and comments: what is in them is no name.
_NO_NAMES = re.compile(r"""/\*.*?\*/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.DOTALL)
#: A name by itself: no function, no global, and no part of a path through a relationship.
_FIELD = re.compile(r"(?<![$.:\w])[A-Za-z]\w*\b(?!\s*[(.:])")
_PERMISSION = re.compile(r"\$Permission\.(\w+)")
_CHOICE = re.compile(r"""ISPICKVAL\(\s*(\w+)\s*,\s*["']([^"']*)["']\s*\)""")
_WORDS = frozenset({"TRUE", "FALSE", "NULL"})


def check(package: Package) -> Iterator[Problem]:
    """All problems of this kind."""
    for file in package.of("validationRule"):
        yield from _validation_rule(package, file)


def _validation_rule(package: Package, file: File) -> Iterator[Problem]:
    formula, owner = text(file.root, "errorConditionFormula"), file.owner
    node = first(file.root, "errorConditionFormula")
    bare = _NO_NAMES.sub('""', formula)
    fields = {name.lower() for name in known(package, owner)}
    names = {name for name in _FIELD.findall(bare) if name.upper() not in _WORDS and name.lower() not in fields}
    names |= {f"$Permission.{name}" for name in set(_PERMISSION.findall(bare)) - package.names("customPermission")}
    for name in sorted(names):
        yield Problem("rule-field", file.place, node, f"Field {name} does not exist. Check spelling.")
    shown = text(file.root, "errorDisplayField")
    if shown and shown not in known(package, owner):
        words = f"Field {shown} does not exist. Check spelling."
        yield Problem("rule-field", file.place, first(file.root, "errorDisplayField"), words)
    for name, value in _CHOICE.findall(formula):
        field = package.fields.get((owner, name))
        if field is not None and value and value not in values(field):
            yield Problem("rule-field", file.place, node, f"Picklist value: {value} in picklist: {name} not found")
