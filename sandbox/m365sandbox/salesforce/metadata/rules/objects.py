"""Checks of objects, and of what their fields, list views and compact layouts are together."""

from collections import Counter
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from m365sandbox.salesforce.metadata.package import File, Package, each, flag, text
from m365sandbox.salesforce.metadata.rules.problem import Problem, no_such
from m365sandbox.salesforce.metadata.rules.table import (
    MOST_EXTERNAL_IDS,
    MOST_MASTERS,
    MOST_TRACKED,
    SHARING_OF_CUSTOM,
    SHARING_WIDTH,
)


def check(package: Package) -> Iterator[Problem]:
    """All problems of this kind."""
    for file in package.of("object"):
        yield from _apis(file)
        yield from _name_field(file)
        yield from _sharing(package, file)
        assigned = text(file.root, "compactLayoutAssignment", "SYSTEM")
        there = {item.name for item in package.of("compactLayout") if item.owner == file.name}
        if assigned not in there | {"SYSTEM"}:
            words = no_such("CompactLayout", f"{file.name}.{assigned}", "compactLayoutAssignment")
            yield Problem("compact-assignment", file.place, first(file.root, "compactLayoutAssignment"), words)
    yield from _relationship_names(package)
    yield from _labels(package)
    yield from _counts(package)


def first(node: ET.Element, tag: str) -> ET.Element:
    """The child of that name, else the element itself."""
    return next(iter(each(node, tag)), node)


def _apis(file: File) -> Iterator[Problem]:
    tags = ("enableSharing", "enableBulkApi", "enableStreamingApi")
    if len({flag(file.root, tag) for tag in tags}) > 1:
        words = f"{', '.join(tags)} must all have the same value"
        yield Problem("apis", file.place, first(file.root, tags[0]), words)


def _name_field(file: File) -> Iterator[Problem]:
    found = each(file.root, "nameField")
    if not found:
        yield Problem("name-field", file.place, file.root, "Must specify a nameField of type Text or AutoNumber")
    for field in found:
        kind, form = text(field, "type"), text(field, "displayFormat")
        if kind not in ("AutoNumber", "Text"):
            yield Problem("name-field", file.place, field, "Must specify a nameField of type Text or AutoNumber")
        elif kind == "AutoNumber" and not is_number_format(form):
            words = "Must specify 'displayFormat' for a CustomField of type AutoNumber"
            yield Problem("name-field", file.place, field, words)
        elif kind == "Text" and form:
            words = "Can not specify 'displayFormat' for a CustomField of type Text"
            yield Problem("name-field", file.place, field, words)
        if flag(field, "trackHistory") and not flag(file.root, "enableHistory"):
            yield Problem("history", file.place, field, "History tracking is not enabled for the entity")


def is_number_format(form: str) -> bool:
    """Whether automatic numbers can be written so: one group of up to ten zeros, 30 characters in all."""
    _, brace, rest = form.partition("{")
    zeros, end, _ = rest.partition("}")
    return bool(brace and end) and 0 < len(zeros) <= 10 and set(zeros) == {"0"} and len(form) <= 30


def _sharing(package: Package, file: File) -> Iterator[Problem]:
    root = file.root
    node = first(root, "sharingModel")
    inside, outside = text(root, "sharingModel"), text(root, "externalSharingModel")
    detail = bool(package.masters(file.name))
    if inside == "ControlledByParent" and not detail:
        words = "Cannot set sharingModel to ControlledByParent on a CustomObject without a MasterDetail relationship "
        words += "field"
        yield Problem("sharing-model", file.place, node, words)
    elif detail and inside != "ControlledByParent":
        words = "A CustomObject with a MasterDetail relationship field must have the sharingModel ControlledByParent"
        yield Problem("sharing-model", file.place, node, words)
    elif not {inside, outside} - {""} <= SHARING_OF_CUSTOM:
        words = f"A CustomObject cannot have the sharing models {inside} and {outside}"
        yield Problem("sharing-model", file.place, node, words)
    if _is_wider(inside, outside):
        words = "The external sharing model must not be wider than the sharing model"
        yield Problem("external-sharing", file.place, first(root, "externalSharingModel"), words)


def _is_wider(inside: str, outside: str) -> bool:
    if "ControlledByParent" in (inside, outside):
        return outside not in ("", inside)
    known = inside in SHARING_WIDTH and outside in SHARING_WIDTH
    return known and SHARING_WIDTH.index(outside) > SHARING_WIDTH.index(inside)


def _relationship_names(package: Package) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for file in package.of("field"):
        name, parent = text(file.root, "relationshipName").lower(), text(file.root, "referenceTo")
        if not name:
            continue
        if (parent, name) in seen:
            label = text(package.objects[parent], "label") if parent in package.objects else parent
            words = f"There is already a Child Relationship named {text(file.root, 'relationshipName')} on {label}."
            yield Problem("relationship-name", file.place, first(file.root, "relationshipName"), words)
        seen.add((parent, name))


def _labels(package: Package) -> Iterator[Problem]:
    """Setup shows them side by side; of list views the platform refuses the second."""
    seen: set[tuple[str, str, str]] = set()
    for kind in ("compactLayout", "field", "listView"):
        for file in package.of(kind):
            key = (kind, file.owner, text(file.root, "label").lower())
            if key in seen:
                words = f"Duplicate label: {text(file.root, 'label')}"
                yield Problem("label-twice", file.place, first(file.root, "label"), words)
            seen.add(key)


def _counts(package: Package) -> Iterator[Problem]:
    """What an object may have only so many of."""
    owners: dict[str, list[File]] = {}
    for file in package.of("field"):
        owners.setdefault(file.owner, []).append(file)
    for owner, files in owners.items():
        last, roots = files[-1], [file.root for file in files]
        if _count(roots, "externalId") > MOST_EXTERNAL_IDS:
            words = f"You have reached the maximum number of {MOST_EXTERNAL_IDS} external id fields on {owner}"
            yield Problem("external-id", last.place, last.root, words)
        tracked = [file for file in files if flag(file.root, "trackHistory")]
        if tracked and owner in package.objects and not flag(package.objects[owner], "enableHistory"):
            words = f"History tracking is not enabled for the entity {owner}"
            yield Problem("history", tracked[0].place, first(tracked[0].root, "trackHistory"), words)
        elif len(tracked) > MOST_TRACKED:
            words = f"The maximum number of fields with history tracking is {MOST_TRACKED}"
            yield Problem("history", tracked[-1].place, first(tracked[-1].root, "trackHistory"), words)
        if Counter(text(root, "type") for root in roots)["MasterDetail"] > MOST_MASTERS:
            words = f"You have reached the maximum number of {MOST_MASTERS} master-detail relationships on {owner}"
            yield Problem("master-detail", last.place, last.root, words)


def _count(fields: Iterable[ET.Element], tag: str) -> int:
    return sum(flag(field, tag) for field in fields)
