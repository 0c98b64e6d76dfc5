"""Checks of permission sets, sharing rules and External Client Apps."""

from collections.abc import Iterator

from m365sandbox.salesforce.metadata.package import File, Package, each, flag, text
from m365sandbox.salesforce.metadata.rules.names import misfit
from m365sandbox.salesforce.metadata.rules.objects import first
from m365sandbox.salesforce.metadata.rules.problem import Problem, depends, no_such
from m365sandbox.salesforce.metadata.rules.table import (
    AUDIT_PERMISSIONS,
    DEPENDENCIES,
    OBJECT_DEPENDENCIES,
    SHARING_WIDTH,
    STANDARD_MASTERS,
    STANDARD_OBJECTS,
    USER_PERMISSIONS,
    WITHOUT_PERMISSIONS,
)

_WORDS = {"allowCreate": "Create", "allowRead": "Read", "allowEdit": "Edit", "allowDelete": "Delete"}
_WORDS |= {"viewAllRecords": "View All", "modifyAllRecords": "Modify All", "viewAllFields": "View All Fields"}


def check(package: Package) -> Iterator[Problem]:
    """All problems of this kind."""
    for file in package.of("permissionset"):
        yield from _twice(file)
        yield from _fields(package, file)
        yield from _objects(package, file)
        yield from _user_permissions(package, file)
        yield from _places(package, file)
    for file in package.of("sharingRules"):
        yield from _sharing(package, file)
    yield from _client_apps(package)


def _twice(file: File) -> Iterator[Problem]:
    keys = {"fieldPermissions": "field", "objectPermissions": "object", "userPermissions": "name"}
    keys |= {"applicationVisibilities": "application", "customPermissions": "name", "tabSettings": "tab"}
    for tag, key in keys.items():
        seen: set[str] = set()
        for item in each(file.root, tag):
            name = text(item, key)
            if name in seen:
                yield Problem("permission-twice", file.place, item, f"Duplicate {tag}: {name}")
            seen.add(name)


def _fields(package: Package, file: File) -> Iterator[Problem]:
    for item in each(file.root, "fieldPermissions"):
        full = text(item, "field")
        owner, _, name = full.partition(".")
        field = package.fields.get(("Activity" if owner in ("Task", "Event") else owner, name))
        if name == "Name" or (field is not None and (flag(field, "required") or text(field, "type") == "MasterDetail")):
            words = f"You cannot deploy to a required field: {full}"
            yield Problem("field-permission", file.place, first(item, "field"), words)
        elif field is None:
            yield Problem("field-permission", file.place, first(item, "field"), no_such("CustomField", full, "field"))
        if flag(item, "editable") and not flag(item, "readable"):
            yield Problem("edit-without-read", file.place, item, depends(f"Edit {full}", f"Read {full}"))


def _objects(package: Package, file: File) -> Iterator[Problem]:
    readable = {text(item, "object") for item in each(file.root, "objectPermissions") if flag(item, "allowRead")}
    for item in each(file.root, "objectPermissions"):
        name = text(item, "object")
        if name not in package.objects and name not in STANDARD_OBJECTS - WITHOUT_PERMISSIONS:
            words = no_such("CustomObject", name, "field")
            yield Problem("object-permission", file.place, first(item, "object"), words)
        for right, others in OBJECT_DEPENDENCIES.items():
            missing = [f"{_WORDS[other]} {name}" for other in others if flag(item, right) and not flag(item, other)]
            if missing:
                words = depends(f"{_WORDS[right]} {name}", ", ".join(missing))
                yield Problem("object-permission", file.place, item, words)
        masters = package.masters(name) | ({STANDARD_MASTERS[name]} if name in STANDARD_MASTERS else set())
        for master in sorted(masters - readable):
            yield Problem("master-read", file.place, item, depends(f"Read {name}", f"Read {master}"))


def _user_permissions(package: Package, file: File) -> Iterator[Problem]:
    items = {text(item, "name"): item for item in each(file.root, "userPermissions") if flag(item, "enabled")}
    granted = set(items)
    for name in sorted(granted - USER_PERMISSIONS):
        yield Problem("user-permission", file.place, items[name], f"Unknown user permission: {name}")
    for name in sorted(granted & set(DEPENDENCIES)):
        missing = [other for other in DEPENDENCIES[name] if other not in granted]
        if missing:
            yield Problem("dependency", file.place, items[name], depends(name, ", ".join(missing)))
    switched_on = any(flag(settings.root, "enableAuditFieldsInactiveOwner") for settings in package.of("settings"))
    first_of_all = file.place.startswith(f"{package.directories[0]}/")
    if not (switched_on and first_of_all):
        for name in sorted(granted & AUDIT_PERMISSIONS):
            yield Problem("audit-setting", file.place, items[name], f"Unknown user permission: {name}")


def _places(package: Package, file: File) -> Iterator[Problem]:
    for tag, key, kind, type_name in (
        ("tabSettings", "tab", "tab", "CustomTab"),
        ("applicationVisibilities", "application", "app", "CustomApplication"),
        ("customPermissions", "name", "customPermission", "CustomPermission"),
    ):
        for item in each(file.root, tag):
            if text(item, key) not in package.names(kind):
                words = no_such(type_name, text(item, key), key)
                yield Problem("permission-tab", file.place, first(item, key), words)


def _sharing(package: Package, file: File) -> Iterator[Problem]:
    if file.name not in package.objects:
        words = f"Entity of type CustomObject named {file.name} cannot be found"
        yield Problem("sharing-object", file.place, file.root, words)
        return
    model = text(package.objects[file.name], "sharingModel")
    for rule in each(file.root, "sharingCriteriaRules"):
        access = {"Read": "Read", "Edit": "ReadWrite"}.get(text(rule, "accessLevel"), "Private")
        if model not in SHARING_WIDTH or SHARING_WIDTH.index(access) <= SHARING_WIDTH.index(model):
            words = f"Sharing rules of {file.name} cannot open what its sharing model {model} opens"
            yield Problem("sharing-object", file.place, rule, words)
        for criterion in each(rule, "criteriaItems"):
            wrong = misfit(package, file.name, criterion)
            if wrong:
                yield Problem("sharing-field", file.place, first(criterion, "field"), wrong)


def _client_apps(package: Package) -> Iterator[Problem]:
    for file in package.files:
        if not file.kind.startswith("eca"):
            continue
        app = text(file.root, "externalClientApplication", file.name if file.kind == "eca" else "")
        if app not in package.names("eca"):
            words = no_such("ExternalClientApplication", app, "externalClientApplication")
            yield Problem("client-app", file.place, first(file.root, "externalClientApplication"), words)
        if text(file.root, "permittedUsersPolicyType") == "AdminApprovedPreAuthorized":
            listed = text(file.root, "commaSeparatedPermissionSet").split(",")
            named = {name.strip() for name in listed if name.strip()}
            profiles = text(file.root, "commaSeparatedProfile")
            if not named <= package.names("permissionset") or not (named or profiles):
                words = no_such("PermissionSet", ", ".join(sorted(named)), "commaSeparatedPermissionSet")
                yield Problem("client-users", file.place, first(file.root, "commaSeparatedPermissionSet"), words)
