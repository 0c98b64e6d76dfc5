"""Checks of one custom field: what its type asks for, and what it does not have."""

import re
from collections.abc import Iterator

from m365sandbox.salesforce.metadata.package import File, Package, each, flag, number, text, values
from m365sandbox.salesforce.metadata.rules.files import is_name
from m365sandbox.salesforce.metadata.rules.objects import first, is_number_format
from m365sandbox.salesforce.metadata.rules.problem import Problem
from m365sandbox.salesforce.metadata.rules.table import (
    EXTERNAL_ID_TYPES,
    LONG,
    LONGEST_LONG_TEXT,
    LONGEST_TEXT,
    MOST_DIGITS,
    NEVER_REQUIRED,
    ONLY_OF,
    SHORTEST_LONG_TEXT,
    STANDARD_OBJECTS,
    UNIQUE_TYPES,
    WITHOUT_DEFAULT,
)

_NUMBERS = ("Number", "Currency", "Percent")
_LITERALS = {
    "Text": r'"[^"]*"',
    "TextArea": r'"[^"]*"',
    "Url": r'"[^"]*"',
    "Email": r'"[^"]*"',
    "Phone": r'"[^"]*"',
    "Checkbox": "true|false",
    **dict.fromkeys(_NUMBERS, r"-?\d+(\.\d+)?"),
}


def check(package: Package) -> Iterator[Problem]:
    """All problems of this kind."""
    for file in package.of("field"):
        yield from _unfit(file)
        yield from _lengths(file)
        yield from _index(file)
        yield from _default(file)
        yield from _choices(file)
        yield from _relation(package, file)


def must(file: File, rule: str, tag: str) -> Problem:
    """The field lacks what its type asks for."""
    words = f"Must specify '{tag}' for a CustomField of type {text(file.root, 'type')}"
    return Problem(rule, file.place, file.root, words)


def cannot(file: File, rule: str, tag: str) -> Problem:
    """The field has what its type has not."""
    words = f"Can not specify '{tag}' for a CustomField of type {text(file.root, 'type')}"
    return Problem(rule, file.place, first(file.root, tag), words)


def _unfit(file: File) -> Iterator[Problem]:
    kind = text(file.root, "type")
    for tag, kinds in ONLY_OF.items():
        # a flag that is off says nothing; `_relation` knows master-details
        said = text(file.root, tag, "false")
        if kind not in kinds and said != "false" and (tag, kind) != ("deleteConstraint", "MasterDetail"):
            yield cannot(file, "unfit", tag)
    if kind in NEVER_REQUIRED - {"MasterDetail"} and flag(file.root, "required"):
        yield cannot(file, "unfit", "required")
    if kind == "AutoNumber" and not is_number_format(text(file.root, "displayFormat")):
        yield must(file, "name-field", "displayFormat")


def _lengths(file: File) -> Iterator[Problem]:
    root, kind = file.root, text(file.root, "type")
    length = number(root, "length")
    if kind == "Text" and not 1 <= (length or 0) <= LONGEST_TEXT:
        yield _wrong_length(file, "text-length", 1, LONGEST_TEXT) if length else must(file, "text-length", "length")
    if kind in LONG and not SHORTEST_LONG_TEXT <= (length or 0) <= LONGEST_LONG_TEXT:
        yield _wrong_length(file, "long-text-length", SHORTEST_LONG_TEXT, LONGEST_LONG_TEXT)
    if kind in LONG and number(root, "visibleLines") is None:
        yield must(file, "visible-lines", "visibleLines")
    if kind in _NUMBERS:
        precision, scale = number(root, "precision"), number(root, "scale")
        if precision is None or scale is None:
            yield must(file, "digits", "precision" if precision is None else "scale")
        elif not scale <= precision <= MOST_DIGITS:
            words = f"The sum of the length and decimal places must be an integer less than or equal to {MOST_DIGITS}"
            yield Problem("digits", file.place, first(root, "precision"), words)


def _wrong_length(file: File, rule: str, least: int, most: int) -> Problem:
    words = f"The length of a {text(file.root, 'type')} field must be between {least} and {most}"
    return Problem(rule, file.place, first(file.root, "length"), words)


def _index(file: File) -> Iterator[Problem]:
    root, kind = file.root, text(file.root, "type")
    if flag(root, "externalId") and kind not in EXTERNAL_ID_TYPES:
        yield cannot(file, "external-id", "externalId")
    if flag(root, "unique") and kind not in UNIQUE_TYPES:
        yield cannot(file, "unique", "unique")
    if flag(root, "caseSensitive") and kind == "Text" and not flag(root, "unique"):
        words = "Can not specify 'caseSensitive' for a CustomField that is not unique"
        yield Problem("case-sensitive", file.place, first(root, "caseSensitive"), words)


def _default(file: File) -> Iterator[Problem]:
    root, kind, said = file.root, text(file.root, "type"), text(file.root, "defaultValue").strip()
    if kind == "Checkbox" and said not in ("true", "false"):
        yield must(file, "checkbox-default", "defaultValue")
    elif said and kind in WITHOUT_DEFAULT:
        yield cannot(file, "default-value", "defaultValue")
    # what has a bracket or an operator is a formula, which only an org can read
    elif said and kind in _LITERALS and not re.fullmatch(_LITERALS[kind], said) and not re.search(r"[($&+]", said):
        words = f"Field {said} does not exist. Check spelling."
        yield Problem("default-value", file.place, first(root, "defaultValue"), words)


def _choices(file: File) -> Iterator[Problem]:
    if text(file.root, "type") != "Picklist":
        return
    seen: set[str] = set()
    for node in file.root.iter():
        if not node.tag.endswith("}value"):
            continue
        name = text(node, "fullName").lower()
        if name in seen:
            yield Problem("picklist-twice", file.place, node, f"Duplicate picklist value: {text(node, 'fullName')}")
        seen.add(name)
    chosen = [node for node in file.root.iter() if node.tag.endswith("}value") and flag(node, "default")]
    if len(chosen) > 1:
        yield Problem("picklist-defaults", file.place, chosen[1], "A picklist can only have one default value")
    if not values(file.root) and not any(each(one, "valueSetName") for one in each(file.root, "valueSet")):
        yield must(file, "missing", "valueSet")


def _relation(package: Package, file: File) -> Iterator[Problem]:
    root, kind = file.root, text(file.root, "type")
    if kind not in ("Lookup", "MasterDetail"):
        return
    target, name = text(root, "referenceTo"), text(root, "relationshipName")
    if target not in package.objects and target not in STANDARD_OBJECTS | {"User"}:
        words = f"referenceTo value of '{target}' does not resolve to a valid sObject type"
        yield Problem("lookup-target", file.place, first(root, "referenceTo"), words)
    if not name:
        yield must(file, "relationship-name", "relationshipName")
    elif not is_name(name):
        words = f"The relationship name {name} can only contain alphanumeric characters and must begin with a letter"
        yield Problem("relationship-name", file.place, first(root, "relationshipName"), words)
    if kind == "Lookup" and flag(root, "required") and text(root, "deleteConstraint", "SetNull") == "SetNull":
        words = "Must specify either cascade delete or restrict delete for required lookup foreign key"
        yield Problem("required-lookup", file.place, first(root, "required"), words)
    for tag in ("deleteConstraint", "required"):
        if kind == "MasterDetail" and text(root, tag):
            yield cannot(file, "master-detail", tag)
