"""Checks of objects and fields, and of what they say about each other."""

from collections import Counter
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from tests.unit.metadata.checks_files import Finding
from tests.unit.metadata.platform_rules import (
    EXTERNAL_ID_TYPES,
    LONG,
    LONGEST_LONG_TEXT,
    LONGEST_TEXT,
    MOST_DIGITS,
    MOST_EXTERNAL_IDS,
    MOST_MASTERS,
    MOST_TRACKED,
    SHARING_WIDTH,
    SHORTEST_LONG_TEXT,
    STANDARD_OBJECTS,
    UNIQUE_TYPES,
)
from tests.unit.metadata.project import File, Project, each, flag, number, text, texts, values


def check(project: Project) -> Iterator[Finding]:
    """All findings of this module."""
    for file in project.of("object"):
        yield from _object(project, file)
    for file in project.of("field"):
        yield from _lengths(file)
        yield from _index(file)
        yield from _choices(file)
        yield from _relation(project, file)
    yield from _relationship_names(project)
    yield from _counts(project)


def _object(project: Project, file: File) -> Iterator[Finding]:
    root = file.root
    apis = {flag(root, tag) for tag in ("enableBulkApi", "enableSharing", "enableStreamingApi")}
    if len(apis) > 1:
        yield Finding("apis", file.place, "not all the same")
    name_fields = each(root, "nameField")
    if not name_fields or (text(name_fields[0], "type") == "AutoNumber" and not text(name_fields[0], "displayFormat")):
        yield Finding("name-field", file.place, "missing")
    inside, outside = text(root, "sharingModel"), text(root, "externalSharingModel")
    if (inside == "ControlledByParent") != bool(project.masters(file.name)):
        yield Finding("sharing-model", file.place, inside)
    if inside == "ControlledByParent" or outside == "ControlledByParent":
        wider = inside != outside
    else:
        known = inside in SHARING_WIDTH and outside in SHARING_WIDTH
        wider = known and SHARING_WIDTH.index(outside) > SHARING_WIDTH.index(inside)
    if wider:
        yield Finding("external-sharing", file.place, f"{outside} outside, {inside} inside")


def _lengths(file: File) -> Iterator[Finding]:
    root, kind = file.root, text(file.root, "type")
    length = number(root, "length")
    if kind == "Text" and not 1 <= (length or 0) <= LONGEST_TEXT:
        yield Finding("text-length", file.place, str(length))
    if kind in LONG and not SHORTEST_LONG_TEXT <= (length or 0) <= LONGEST_LONG_TEXT:
        yield Finding("long-text-length", file.place, str(length))
    if kind in LONG and number(root, "visibleLines") is None:
        yield Finding("visible-lines", file.place, "missing")
    if kind in ("Number", "Currency", "Percent"):
        precision, scale = number(root, "precision"), number(root, "scale")
        if precision is None or scale is None or not scale <= precision <= MOST_DIGITS:
            yield Finding("digits", file.place, f"{precision}, {scale}")


def _index(file: File) -> Iterator[Finding]:
    kind = text(file.root, "type")
    if flag(file.root, "externalId") and kind not in EXTERNAL_ID_TYPES:
        yield Finding("external-id", file.place, kind)
    if flag(file.root, "unique") and kind not in UNIQUE_TYPES:
        yield Finding("unique", file.place, kind)


def _choices(file: File) -> Iterator[Finding]:
    root, kind = file.root, text(file.root, "type")
    if kind == "Checkbox" and text(root, "defaultValue") not in ("true", "false"):
        yield Finding("checkbox-default", file.place, "missing")
    if kind != "Picklist":
        return
    found = values(root)
    if len({value.lower() for value in found}) < len(found):
        yield Finding("picklist-twice", file.place, ", ".join(found))
    chosen = [said for said in texts(root, "default") if said == "true"]
    if len(chosen) > 1:
        yield Finding("picklist-defaults", file.place, str(len(chosen)))


def _relation(project: Project, file: File) -> Iterator[Finding]:
    root, kind = file.root, text(file.root, "type")
    if kind not in ("Lookup", "MasterDetail"):
        return
    target = text(root, "referenceTo")
    if target not in project.objects and target not in STANDARD_OBJECTS | {"User"}:
        yield Finding("lookup-target", file.place, target)
    if not text(root, "relationshipName"):
        yield Finding("relationship-name", file.place, "missing")
    if kind == "Lookup" and flag(root, "required") and text(root, "deleteConstraint", "SetNull") == "SetNull":
        yield Finding("required-lookup", file.place, "SetNull")
    if kind == "MasterDetail" and (text(root, "deleteConstraint") or text(root, "required")):
        yield Finding("master-detail", file.place, "deleteConstraint or required")


def _relationship_names(project: Project) -> Iterator[Finding]:
    seen: dict[tuple[str, str], str] = {}
    for file in project.of("field"):
        name = text(file.root, "relationshipName").lower()
        if not name:
            continue
        key = text(file.root, "referenceTo"), name
        if key in seen:
            yield Finding("relationship-name", file.place, f"as in {seen[key]}")
        seen[key] = file.place


def _counts(project: Project) -> Iterator[Finding]:
    """What an object may have only so many of."""
    owners = {owner for owner, _ in project.fields}
    for owner in sorted(owners):
        found = project.of_object(owner).values()
        if _count(found, "externalId") > MOST_EXTERNAL_IDS:
            yield Finding("external-id", owner, "too many")
        tracked = _count(found, "trackHistory")
        keeps = owner not in project.objects or flag(project.objects[owner], "enableHistory")
        if tracked > MOST_TRACKED or (tracked and not keeps):
            yield Finding("history", owner, f"{tracked} fields")
        if Counter(text(field, "type") for field in found)["MasterDetail"] > MOST_MASTERS:
            yield Finding("master-detail", owner, "too many")


def _count(fields: Iterable[ET.Element], tag: str) -> int:
    return sum(flag(field, tag) for field in fields)
