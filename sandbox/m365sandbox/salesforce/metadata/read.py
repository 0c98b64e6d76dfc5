"""The folder on disk: which files there are, and what each says."""

from collections.abc import Iterator
from pathlib import Path

from m365sandbox.salesforce.data.schema import Field, Sharing
from m365sandbox.salesforce.metadata.field import read_field, read_name_field
from m365sandbox.salesforce.metadata.model import (
    Criterion,
    CustomObject,
    FieldPermission,
    Metadata,
    MetadataError,
    ObjectPermission,
    PermissionSet,
    SharingRule,
    ValidationRule,
)
from m365sandbox.salesforce.metadata.package import read_project
from m365sandbox.salesforce.metadata.xml import Document

_SHARING: dict[str, Sharing] = {
    "Private": "Private",
    "Read": "Read",
    "ReadWrite": "ReadWrite",
    "ReadWriteTransfer": "ReadWrite",
    "ControlledByParent": "ControlledByParent",
}


def locate() -> Path:
    """The packaged `sfdc_objects`, else the checkout's beside `sandbox/`. MetadataError where there is neither."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "sfdc_objects", package.parent.parent / "sfdc_objects"):
        if (folder / "sfdx-project.json").is_file():
            return folder
    raise MetadataError("sfdc_objects/sfdx-project.json is missing: the package is incomplete. Install it again.")


def read_metadata(folder: Path) -> Metadata:
    """Read every package directory of an SFDX project, in the project's order."""
    places = [folder / name for name in read_project(folder)[1]]
    fields: dict[str, tuple[Field, ...]] = {}
    for path in _files(places, "fields/*.field-meta.xml"):
        owner = path.parent.parent.name.lower()
        fields[owner] = (*fields.get(owner, ()), read_field(path))
    return Metadata(
        objects=tuple(_read_object(path) for path in _files(places, "*.object-meta.xml") if _is_custom(path)),
        fields=fields,
        permission_sets=tuple(_read_permission_set(path) for path in _files(places, "*.permissionset-meta.xml")),
        sharing_rules=tuple(
            rule for path in _files(places, "*.sharingRules-meta.xml") for rule in _read_sharing_rules(path)
        ),
        validation_rules=tuple(
            _read_validation_rule(path) for path in _files(places, "validationRules/*.validationRule-meta.xml")
        ),
        custom_permissions=frozenset(
            path.name.removesuffix(".customPermission-meta.xml")
            for path in _files(places, "*.customPermission-meta.xml")
        ),
        audit_fields_enabled=any(_enables_audit_fields(path) for path in _files(places, "Security.settings-meta.xml")),
    )


def _files(places: list[Path], pattern: str) -> Iterator[Path]:
    for place in places:
        yield from sorted(place.rglob(pattern))


def _is_custom(path: Path) -> bool:
    return path.name.removesuffix(".object-meta.xml").endswith("__c")


def _read_object(path: Path) -> CustomObject:
    root = Document.of_file(path, "CustomObject")
    if path.parent.name != path.name.removesuffix(".object-meta.xml"):
        raise root.error(f"it stands in the folder {path.parent.name}, which is not its name.")
    name_field = root.one("nameField")
    if name_field is None:
        raise root.error("nameField is missing.")
    sharing = root.need("sharingModel")
    if sharing not in _SHARING:
        raise root.error(f"sharingModel {sharing} is unknown.")
    return CustomObject(
        name=path.name.removesuffix(".object-meta.xml"),
        label=root.need("label"),
        label_plural=root.need("pluralLabel"),
        sharing=_SHARING[sharing],
        activities=root.flag("enableActivities"),
        searchable=root.flag("enableSearch"),
        name_field=read_name_field(name_field),
    )


def _read_permission_set(path: Path) -> PermissionSet:
    root = Document.of_file(path, "PermissionSet")
    objects = [_read_object_permission(item) for item in root.all("objectPermissions")]
    fields = [_read_field_permission(item) for item in root.all("fieldPermissions")]
    return PermissionSet(
        name=path.name.removesuffix(".permissionset-meta.xml"),
        label=root.need("label"),
        description=root.get("description"),
        has_activation_required=root.flag("hasActivationRequired"),
        user_permissions=frozenset(item.need("name") for item in root.all("userPermissions") if item.flag("enabled")),
        custom_permissions=frozenset(
            item.need("name") for item in root.all("customPermissions") if item.flag("enabled")
        ),
        objects={item.object.lower(): item for item in objects},
        fields={place: item for item in fields for place in _places_of(item)},
    )


def _places_of(item: FieldPermission) -> Iterator[tuple[str, str]]:
    """The fields that a permission covers: what is granted on a Task covers the Event, for fields of Activity."""
    name = item.field.lower()
    yield item.object.lower(), name
    if item.object.lower() == "task" and name.endswith("__c"):
        yield "event", name


def _read_object_permission(item: Document) -> ObjectPermission:
    found = ObjectPermission(
        object=item.need("object"),
        create=item.flag("allowCreate"),
        read=item.flag("allowRead"),
        edit=item.flag("allowEdit"),
        delete=item.flag("allowDelete"),
        view_all=item.flag("viewAllRecords"),
        modify_all=item.flag("modifyAllRecords"),
        view_all_fields=item.flag("viewAllFields"),
    )
    # Metadata API guide, "PermissionSet": a right that builds on another is refused without it.
    needs_read = found.create or found.edit or found.delete or found.view_all or found.modify_all
    if needs_read and not found.read:
        raise item.error(f"objectPermissions of {found.object} lack allowRead, which the others depend on.")
    if found.delete and not found.edit:
        raise item.error(f"objectPermissions of {found.object} have allowDelete without allowEdit.")
    if found.modify_all and not (found.view_all and found.edit and found.delete):
        raise item.error(f"objectPermissions of {found.object} have modifyAllRecords without what it depends on.")
    return found


def _read_field_permission(item: Document) -> FieldPermission:
    where, _, name = item.need("field").partition(".")
    if not name:
        raise item.error(f"fieldPermissions name {where}, expected Object.Field.")
    found = FieldPermission(object=where, field=name, readable=item.flag("readable"), editable=item.flag("editable"))
    if found.editable and not found.readable:
        raise item.error(f"fieldPermissions of {where}.{name} are editable but not readable.")
    return found


def _read_sharing_rules(path: Path) -> Iterator[SharingRule]:
    root = Document.of_file(path, "SharingRules")
    for item in root.all("sharingCriteriaRules"):
        shared_to = item.one("sharedTo")
        if shared_to is None:
            raise item.error("sharedTo is missing.")
        tag, text = shared_to.first_tag()
        yield SharingRule(
            object=path.name.removesuffix(".sharingRules-meta.xml"),
            name=item.need("fullName"),
            access=item.need("accessLevel"),
            shared_to=text or tag,
            criteria=tuple(
                Criterion(line.need("field"), line.need("operation"), line.get("value"))
                for line in item.all("criteriaItems")
            ),
            boolean_filter=item.get("booleanFilter"),
        )


def _read_validation_rule(path: Path) -> ValidationRule:
    root = Document.of_file(path, "ValidationRule")
    return ValidationRule(
        object=path.parent.parent.name,
        name=root.need("fullName"),
        active=root.flag("active"),
        formula=root.need("errorConditionFormula"),
        message=root.need("errorMessage"),
        field=root.get("errorDisplayField"),
    )


def _enables_audit_fields(path: Path) -> bool:
    return Document.of_file(path, "SecuritySettings").flag("enableAuditFieldsInactiveOwner")
