"""Checks of page layouts: their sections, fields, related lists and actions."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from m365sandbox.salesforce.metadata.package import NAMESPACE, File, Package, each, flag, text, texts
from m365sandbox.salesforce.metadata.rules.names import is_column, known, must_be_filled, name_type
from m365sandbox.salesforce.metadata.rules.objects import first
from m365sandbox.salesforce.metadata.rules.problem import Problem, no_such
from m365sandbox.salesforce.metadata.rules.table import (
    ALWAYS_READONLY,
    MOST_RELATED,
    NOT_ON_LAYOUTS,
    PLATFORM_RELATED_LISTS,
    SECTION_COLUMNS,
    STANDARD_BUTTONS,
)

_HISTORY = "RelatedEntityHistoryList"


def check(package: Package) -> Iterator[Problem]:
    """All problems of this kind."""
    for file in package.of("layout"):
        owner = file.name.partition("-")[0]
        if owner not in package.objects:
            yield Problem("layout-name", file.place, file.root, "Parent entity failed to deploy")
            continue
        yield from _sections(file)
        yield from _items(package, file, owner)
        for related in each(file.root, "relatedLists"):
            yield from _related_list(package, file, owner, related)
        yield from _actions(package, file)


def _sections(file: File) -> Iterator[Problem]:
    found = each(file.root, "layoutSections")
    if not found:
        yield Problem("layout-section", file.place, file.root, "Layout must have at least 1 section")
    for section in found:
        style, columns = text(section, "style"), len(each(section, "layoutColumns"))
        if columns != SECTION_COLUMNS.get(style, columns):
            words = f"A section of the style {style} has {SECTION_COLUMNS[style]} layoutColumns, not {columns}"
            yield Problem("layout-section", file.place, section, words)


def _items(package: Package, file: File, owner: str) -> Iterator[Problem]:
    shown: dict[str, str] = {}
    readonly = ALWAYS_READONLY | ({"Name"} if name_type(package, owner) == "AutoNumber" else set())
    needed = must_be_filled(package, owner)
    for item in file.root.iter(f"{NAMESPACE}layoutItems"):
        name, behaviour = text(item, "field"), text(item, "behavior")
        if not name:
            continue
        if name not in known(package, owner) - NOT_ON_LAYOUTS:
            words = no_such("CustomField", f"{owner}.{name}", "field")
            yield Problem("layout-field", file.place, first(item, "field"), words)
        elif name in shown:
            yield Problem("layout-field", file.place, first(item, "field"), f"Duplicate field: {name}")
        elif name in needed and behaviour != "Required":
            yield Problem("layout-required", file.place, item, f"Field:{name} must be Required")
        elif name in readonly and behaviour != "Readonly":
            yield Problem("layout-readonly", file.place, item, f"Field:{name} must be Readonly")
        shown[name] = behaviour
    for name in sorted(needed - set(shown)):
        words = f"Layout must contain an item for required layout field: {name}"
        yield Problem("layout-required", file.place, file.root, words)


def _related_list(package: Package, file: File, owner: str, related: ET.Element) -> Iterator[Problem]:
    name, columns = text(related, "relatedList"), texts(related, "fields")
    sorted_by = text(related, "sortField")
    if sorted_by and sorted_by not in columns:
        words = f"Invalid sortField:{sorted_by} in related list:{name}, it must be one of its fields"
        yield Problem("sort-field", file.place, first(related, "sortField"), words)
    if len(columns) > MOST_RELATED:
        words = f"The related list:{name} has {len(columns)} fields, the maximum is {MOST_RELATED}"
        yield Problem("related-list", file.place, related, words)
    if name == _HISTORY and not flag(package.objects[owner], "enableHistory"):
        yield Problem("related-history", file.place, first(related, "relatedList"), f"Cannot find related list:{name}")
    if name in PLATFORM_RELATED_LISTS:
        return
    child, _, lookup = name.partition(".")
    field = package.fields.get((child, lookup))
    # Which name the platform gives to a list by a custom lookup of Activity is not documented.
    if child == "Activity" or field is None or text(field, "referenceTo") != owner:
        yield Problem("related-list", file.place, first(related, "relatedList"), f"Cannot find related list:{name}")
        return
    for node in each(related, "fields"):
        if not is_column(package, child, node.text or ""):
            yield Problem("related-list", file.place, node, f"Invalid field:{node.text} in related list:{name}")


def _actions(package: Package, file: File) -> Iterator[Problem]:
    there = package.names("quickAction")
    for item in file.root.iter(f"{NAMESPACE}platformActionListItems"):
        name, kind = text(item, "actionName"), text(item, "actionType")
        if name not in (there if kind == "QuickAction" else STANDARD_BUTTONS):
            yield Problem("layout-action", file.place, first(item, "actionName"), no_such(kind, name, "QuickAction"))
    for node in each(file.root, "excludeButtons"):
        if node.text not in STANDARD_BUTTONS:
            yield Problem("layout-action", file.place, node, f"{node.text} is not a valid button")
