"""Checks of permission sets, sharing rules and External Client Apps."""

from collections import Counter
from collections.abc import Iterator

from tests.unit.metadata.checks_files import Finding
from tests.unit.metadata.checks_pages import fits
from tests.unit.metadata.platform_rules import (
    AUDIT_PERMISSIONS,
    DEPENDENCIES,
    OBJECT_DEPENDENCIES,
    SHARING_WIDTH,
    STANDARD_MASTERS,
    STANDARD_OBJECTS,
    USER_PERMISSIONS,
)
from tests.unit.metadata.project import File, Project, each, flag, text


def check(project: Project) -> Iterator[Finding]:
    """All findings of this module."""
    for file in project.of("permissionset"):
        yield from _twice(file)
        yield from _fields(project, file)
        yield from _objects(project, file)
        yield from _user_permissions(project, file)
        yield from _places(project, file)
    for file in project.of("sharingRules"):
        yield from _sharing(project, file)
    yield from _client_apps(project)


def _twice(file: File) -> Iterator[Finding]:
    for tag, key in (("fieldPermissions", "field"), ("objectPermissions", "object"), ("userPermissions", "name")):
        for name, times in Counter(text(item, key) for item in each(file.root, tag)).items():
            if times > 1:
                yield Finding("permission-twice", file.place, name)


def _fields(project: Project, file: File) -> Iterator[Finding]:
    for item in each(file.root, "fieldPermissions"):
        owner, _, name = text(item, "field").partition(".")
        field = project.fields.get(("Activity" if owner in ("Task", "Event") else owner, name))
        if field is None or flag(field, "required") or text(field, "type") == "MasterDetail":
            yield Finding("field-permission", file.place, f"{owner}.{name}")
        if flag(item, "editable") and not flag(item, "readable"):
            yield Finding("edit-without-read", file.place, f"{owner}.{name}")


def _objects(project: Project, file: File) -> Iterator[Finding]:
    readable = {text(item, "object") for item in each(file.root, "objectPermissions") if flag(item, "allowRead")}
    for item in each(file.root, "objectPermissions"):
        name = text(item, "object")
        if name not in project.objects and name not in STANDARD_OBJECTS:
            yield Finding("object-permission", file.place, name)
        for right, others in OBJECT_DEPENDENCIES.items():
            missing = [other for other in others if flag(item, right) and not flag(item, other)]
            if missing:
                yield Finding("object-permission", file.place, f"{name}: {right} without {', '.join(missing)}")
        masters = project.masters(name) | ({STANDARD_MASTERS[name]} if name in STANDARD_MASTERS else set())
        for master in sorted(masters - readable):
            yield Finding("master-read", file.place, f"{name} without {master}")


def _user_permissions(project: Project, file: File) -> Iterator[Finding]:
    granted = {text(item, "name") for item in each(file.root, "userPermissions") if flag(item, "enabled")}
    for name in sorted(granted - USER_PERMISSIONS):
        yield Finding("user-permission", file.place, name)
    for name in sorted(granted & set(DEPENDENCIES)):
        for other in set(DEPENDENCIES[name]) - granted:
            yield Finding("dependency", file.place, f"{name} depends on {other}")
    switched_on = any(flag(settings.root, "enableAuditFieldsInactiveOwner") for settings in project.of("settings"))
    first = file.place.startswith(f"{project.directories[0]}/")
    if granted & AUDIT_PERMISSIONS and not (switched_on and first):
        yield Finding("audit-setting", file.place, ", ".join(sorted(granted & AUDIT_PERMISSIONS)))


def _places(project: Project, file: File) -> Iterator[Finding]:
    for tag, key, kind in (
        ("tabSettings", "tab", "tab"),
        ("applicationVisibilities", "application", "app"),
        ("customPermissions", "name", "customPermission"),
    ):
        for item in each(file.root, tag):
            if text(item, key) not in project.names(kind):
                yield Finding("permission-tab", file.place, text(item, key))


def _sharing(project: Project, file: File) -> Iterator[Finding]:
    if file.name not in project.objects:
        yield Finding("sharing-object", file.place, file.name)
        return
    model = text(project.objects[file.name], "sharingModel")
    for rule in each(file.root, "sharingCriteriaRules"):
        access = {"Read": "Read", "Edit": "ReadWrite"}.get(text(rule, "accessLevel"), "Private")
        if model not in SHARING_WIDTH or SHARING_WIDTH.index(access) <= SHARING_WIDTH.index(model):
            yield Finding("sharing-object", file.place, f"{text(rule, 'fullName')} on {model}")
        for criterion in each(rule, "criteriaItems"):
            if not fits(project, file.name, criterion):
                yield Finding("sharing-field", file.place, text(criterion, "field"))


def _client_apps(project: Project) -> Iterator[Finding]:
    for file in project.files:
        if not file.kind.startswith("eca"):
            continue
        if file.kind == "ecaGlblOauth":
            yield Finding("client-secret", file.place, "deploy it, then delete it")
        app = text(file.root, "externalClientApplication", file.name if file.kind == "eca" else "")
        if app not in project.names("eca"):
            yield Finding("client-app", file.place, app)
        if text(file.root, "permittedUsersPolicyType") == "AdminApprovedPreAuthorized":
            listed = text(file.root, "commaSeparatedPermissionSet").split(",")
            named = {name.strip() for name in listed if name.strip()}
            profiles = text(file.root, "commaSeparatedProfile")
            if not named <= project.names("permissionset") or not (named or profiles):
                yield Finding("client-users", file.place, ", ".join(sorted(named)) or "nobody")
