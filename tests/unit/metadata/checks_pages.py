"""Checks of layouts, list views, compact layouts, tabs, apps, quick actions and validation rules."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from tests.unit.metadata.checks_files import Finding
from tests.unit.metadata.platform_rules import (
    COLUMN_NAMES,
    LONG,
    MOST_COLUMNS,
    MOST_COMPACT,
    MOTIFS,
    PLATFORM_RELATED_LISTS,
    STANDARD_BUTTONS,
    SYSTEM_FIELDS,
    TASK_COLUMNS,
)
from tests.unit.metadata.project import NAMESPACE, File, Project, each, flag, text, texts, values


def known(project: Project, owner: str) -> set[str]:
    """Every field of an object that a file may name."""
    return set(project.of_object(owner)) | SYSTEM_FIELDS


def fits(project: Project, owner: str, criterion: ET.Element) -> bool:
    """Whether a criterion names a field that is there and, of a picklist or checkbox, values that it has."""
    name, value = text(criterion, "field"), text(criterion, "value")
    field = project.fields.get((owner, name))
    if field is None:
        return COLUMN_NAMES.get(name, name) in SYSTEM_FIELDS
    if text(field, "type") in LONG:
        return False
    if text(field, "type") == "Checkbox":
        return value in ("0", "1", "True", "False")
    return text(field, "type") != "Picklist" or set(value.split(",")) <= set(values(field))


def _is_long(project: Project, owner: str, name: str) -> bool:
    field = project.fields.get((owner, name))
    return field is not None and text(field, "type") in LONG


def check(project: Project) -> Iterator[Finding]:
    """All findings of this module."""
    for file in project.of("layout"):
        yield from _layout(project, file)
    for file in project.of("listView"):
        yield from _list_view(project, file)
    for file in project.of("compactLayout"):
        yield from _compact_layout(project, file)
    for file in project.of("object"):
        assigned = text(file.root, "compactLayoutAssignment", "SYSTEM")
        there = {item.name for item in project.of("compactLayout") if item.owner == file.name}
        if assigned not in there | {"SYSTEM"}:
            yield Finding("compact-assignment", file.place, assigned)
    yield from _navigation(project)
    for file in project.of("quickAction"):
        yield from _quick_action(project, file)
    for file in project.of("validationRule"):
        yield from _validation_rule(project, file)


def _layout(project: Project, file: File) -> Iterator[Finding]:
    owner, root = file.name.partition("-")[0], file.root
    if owner not in project.objects:
        yield Finding("layout-name", file.place, owner)
        return
    shown: dict[str, str] = {}
    for item in root.iter(f"{NAMESPACE}layoutItems"):
        name = text(item, "field")
        if name and (name in shown or name not in known(project, owner)):
            yield Finding("layout-field", file.place, name)
        shown[name] = text(item, "behavior")
    for name in _must_be_filled(project, owner):
        if shown.get(name) != "Required":
            yield Finding("layout-required", file.place, f"{name} is {shown.get(name, 'missing')}")
    for related in each(root, "relatedLists"):
        yield from _related_list(project, file, owner, related)
    there = project.names("quickAction")
    for item in root.iter(f"{NAMESPACE}platformActionListItems"):
        name, kind = text(item, "actionName"), text(item, "actionType")
        if name not in (there if kind == "QuickAction" else STANDARD_BUTTONS):
            yield Finding("layout-action", file.place, name)
    for name in texts(root, "excludeButtons"):
        if name not in STANDARD_BUTTONS:
            yield Finding("layout-action", file.place, name)


def _must_be_filled(project: Project, owner: str) -> set[str]:
    found = {
        name
        for name, field in project.of_object(owner).items()
        if text(field, "type") == "MasterDetail" or flag(field, "required")
    }
    name_field = each(project.objects[owner], "nameField")
    return found | ({"Name"} if name_field and text(name_field[0], "type") == "Text" else set())


def _related_list(project: Project, file: File, owner: str, related: ET.Element) -> Iterator[Finding]:
    name, columns = text(related, "relatedList"), texts(related, "fields")
    sorted_by = text(related, "sortField")
    if sorted_by and sorted_by not in columns:
        yield Finding("sort-field", file.place, f"{name}: {sorted_by}")
    if name in PLATFORM_RELATED_LISTS:
        return
    child, _, lookup = name.partition(".")
    field = project.fields.get((child, lookup))
    if field is None or text(field, "referenceTo") != owner:
        yield Finding("related-list", file.place, name)
        return
    for column in columns:
        there = column in TASK_COLUMNS if child == "Activity" else _column(project, child, column)
        if not there:
            yield Finding("related-list", file.place, f"{name}: {column}")


def _column(project: Project, owner: str, column: str) -> bool:
    name = COLUMN_NAMES.get(column, column)
    return name in known(project, owner) and not _is_long(project, owner, name)


def _list_view(project: Project, file: File) -> Iterator[Finding]:
    columns = texts(file.root, "columns")
    for column in columns:
        if not _column(project, file.owner, column):
            yield Finding("list-column", file.place, column)
    if len(columns) > MOST_COLUMNS:
        yield Finding("list-column", file.place, f"{len(columns)} columns")
    for criterion in each(file.root, "filters"):
        if not fits(project, file.owner, criterion):
            yield Finding("list-filter", file.place, text(criterion, "field"))


def _compact_layout(project: Project, file: File) -> Iterator[Finding]:
    names = texts(file.root, "fields")
    for name in names:
        if name not in known(project, file.owner) or _is_long(project, file.owner, name):
            yield Finding("compact-field", file.place, name)
    if len(names) > MOST_COMPACT:
        yield Finding("compact-field", file.place, f"{len(names)} fields")


def _navigation(project: Project) -> Iterator[Finding]:
    motifs = {f"Custom{number}: {name}" for number, name in enumerate(MOTIFS.split("|"), start=1)}
    for file in project.of("tab"):
        if text(file.root, "motif") not in motifs:
            yield Finding("motif", file.place, text(file.root, "motif"))
        if flag(file.root, "customObject") and file.name not in project.objects:
            yield Finding("tab-object", file.place, file.name)
    for file in project.of("app"):
        for tab in texts(file.root, "tabs"):
            if tab not in project.names("tab") and not tab.startswith("standard-"):
                yield Finding("app-tab", file.place, tab)


def _quick_action(project: Project, file: File) -> Iterator[Finding]:
    owner = file.name.partition(".")[0]
    for item in file.root.iter(f"{NAMESPACE}quickActionLayoutItems"):
        if text(item, "field") not in known(project, owner):
            yield Finding("action-field", file.place, text(item, "field"))
    for override in each(file.root, "fieldOverrides"):
        field = project.fields.get((owner, text(override, "field")))
        value = text(override, "literalValue")
        if field is None or (text(field, "type") == "Picklist" and value not in values(field)):
            yield Finding("action-field", file.place, f"{text(override, 'field')} {value}")


def _validation_rule(project: Project, file: File) -> Iterator[Finding]:
    formula, owner = text(file.root, "errorConditionFormula"), file.owner
    shown = text(file.root, "errorDisplayField")
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', formula)
    permissions = {f"$Permission.{name}" for name in project.names("customPermission")}
    named = set(re.findall(r"\$[A-Za-z_.0-9]+", bare)) - permissions - {"$User.Id"}
    names = set(re.findall(r"(?<![$.\w])[A-Za-z]\w*\b(?!\()", bare)) - known(project, owner)
    for name in sorted(named | names | ({shown} - known(project, owner) if shown else set())):
        yield Finding("rule-field", file.place, name)
    for name, value in re.findall(r'ISPICKVAL\((\w+), "([^"]*)"\)', formula):
        field = project.fields.get((owner, name))
        if field is None or (value and value not in values(field)):
            yield Finding("rule-field", file.place, f"{name} {value}")
