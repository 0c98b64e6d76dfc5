"""Checks of validation rules: that what they name is there. That they can be played: build.py compiles them."""

import re
from collections.abc import Iterator

from m365sandbox.salesforce.metadata.package import File, Package, text, values
from m365sandbox.salesforce.metadata.rules.names import known
from m365sandbox.salesforce.metadata.rules.objects import first
from m365sandbox.salesforce.metadata.rules.problem import Problem


def check(package: Package) -> Iterator[Problem]:
    """All problems of this kind."""
    for file in package.of("validationRule"):
        yield from _validation_rule(package, file)


def _validation_rule(package: Package, file: File) -> Iterator[Problem]:
    formula, owner = text(file.root, "errorConditionFormula"), file.owner
    node = first(file.root, "errorConditionFormula")
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', formula)
    permissions = {f"$Permission.{name}" for name in package.names("customPermission")}
    named = set(re.findall(r"\$[A-Za-z_.0-9]+", bare)) - permissions - {"$User.Id"}
    names = set(re.findall(r"(?<![$.\w])[A-Za-z]\w*\b(?!\()", bare)) - known(package, owner) - {"TRUE", "FALSE", "NULL"}
    for name in sorted(named | names):
        yield Problem("rule-field", file.place, node, f"Field {name} does not exist. Check spelling.")
    shown = text(file.root, "errorDisplayField")
    if shown and shown not in known(package, owner):
        words = f"Field {shown} does not exist. Check spelling."
        yield Problem("rule-field", file.place, first(file.root, "errorDisplayField"), words)
    for name, value in re.findall(r'ISPICKVAL\((\w+), "([^"]*)"\)', formula):
        field = package.fields.get((owner, name))
        if field is not None and value and value not in values(field):
            yield Problem("rule-field", file.place, node, f"Picklist value: {value} in picklist: {name} not found")
