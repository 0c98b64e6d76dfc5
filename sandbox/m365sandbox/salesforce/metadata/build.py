"""Standard objects and metadata joined into one schema, with the checks an org makes on deploy."""

from dataclasses import dataclass, replace
from pathlib import Path

from m365sandbox.salesforce.data.schema import Field, SaveRule, Schema, SObject
from m365sandbox.salesforce.formula import FormulaError, Names, compile_condition
from m365sandbox.salesforce.metadata.model import (
    CustomObject,
    Metadata,
    MetadataError,
    PermissionSet,
    ValidationRule,
)
from m365sandbox.salesforce.metadata.package import load
from m365sandbox.salesforce.metadata.read import read_metadata
from m365sandbox.salesforce.metadata.rules import refusals
from m365sandbox.salesforce.standard import USER_PERMISSIONS, standard_objects
from m365sandbox.salesforce.standard.fields import audit_fields, owner, record_id
from m365sandbox.salesforce.standard.people import with_person_accounts

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: Custom fields of Activity belong to both objects.
_OBJECTS_OF = {"activity": ("task", "event")}


@dataclass(frozen=True, slots=True)
class Deployed:
    """A folder's metadata, and the schema of an org that it was deployed to."""

    metadata: Metadata
    schema: Schema


def deploy(folder: Path) -> Deployed:
    """Read an SFDX project and check it as an org does. Several orgs may share what it gives.

    MetadataError for what an org would refuse: a line for each problem, with file, line and column.
    """
    refused = refusals(folder, load(folder))
    if refused:
        raise MetadataError("\n".join(refused))
    metadata = read_metadata(folder)
    return Deployed(metadata, org_schema(metadata))


def org_schema(metadata: Metadata, *, shared_activities: bool = False, person_accounts: bool = False) -> Schema:
    """The org's schema after a deploy of the metadata. MetadataError for what an org would refuse."""
    names = [item.name for item in metadata.objects]
    active = [item.name for item in metadata.objects if item.activities]
    standard = standard_objects(names, active, shared_activities=shared_activities)
    objects = {item.name.lower(): item for item in standard}
    for place, item in enumerate(sorted(metadata.objects, key=lambda item: item.name)):
        objects[item.name.lower()] = _custom_object(item, metadata, place)
    for name, fields in metadata.fields.items():
        for target in _OBJECTS_OF.get(name, (name,)):
            objects[target] = _with_fields(objects, target, fields)
    # A relationship name of Activity leads to the tasks.
    objects["event"] = replace(objects["event"], fields=_without_child_names(objects["event"]))
    if person_accounts:
        objects["account"], objects["contact"] = with_person_accounts(objects["account"], objects["contact"])
    _add_rules(objects, metadata)
    schema = Schema(objects.values())
    _check_references(schema)
    for permission_set in metadata.permission_sets:
        _check_permission_set(schema, permission_set, metadata.custom_permissions)
    return schema


def _custom_object(item: CustomObject, metadata: Metadata, place: int) -> SObject:
    detail = any(field.cascade_delete and field.required for field in metadata.fields.get(item.name.lower(), ()))
    fields = [
        record_id("Record"),
        *([] if detail else [owner("Group", "User")]),
        item.name_field,
        *audit_fields(),
    ]
    return SObject(
        name=item.name,
        label=item.label,
        label_plural=item.label_plural,
        key_prefix=f"a0{_DIGITS[place]}",
        fields={field.name.lower(): field for field in fields},
        custom=True,
        sharing=item.sharing,
        activities=item.activities,
        searchable=item.searchable,
    )


def _with_fields(objects: dict[str, SObject], name: str, fields: tuple[Field, ...]) -> SObject:
    if name not in objects:
        raise MetadataError(f"objects/{name}/fields: there is no such object.")
    known = objects[name]
    return replace(known, fields={**known.fields, **{item.name.lower(): item for item in fields}})


def _without_child_names(event: SObject) -> dict[str, Field]:
    return {
        name: replace(item, child_relationship=None) if item.custom else item for name, item in event.fields.items()
    }


def _add_rules(objects: dict[str, SObject], metadata: Metadata) -> None:
    """Compile the active validation rules: what an org, or this one, could not play is refused by its name."""
    for item in metadata.validation_rules:
        sobject = objects.get(item.object.lower())
        if sobject is None:
            raise MetadataError(f"objects/{item.object}/validationRules: there is no such object.")
        if item.active:
            names = Names(sobject.name, sobject.fields, objects["user"].fields, metadata.custom_permissions)
            rule = _compiled_rule(item, sobject, names)
            objects[item.object.lower()] = replace(sobject, rules=(*sobject.rules, rule))


def _compiled_rule(item: ValidationRule, sobject: SObject, names: Names) -> SaveRule:
    where = f"{item.object}.{item.name} (validation rule)"
    try:
        condition = compile_condition(item.formula, names)
    except FormulaError as wrong:
        raise MetadataError(f"{where}: {wrong}") from wrong
    field = sobject.field(item.field) if item.field else None
    if item.field and field is None:
        raise MetadataError(f"{where}: errorDisplayField {item.field} does not exist.")
    return SaveRule(item.name, item.message, field.name if field else "", condition.holds, condition.fields)


def _check_references(schema: Schema) -> None:
    for sobject in schema.objects.values():
        for item in sobject.fields.values():
            for target in item.reference_to:
                if schema.object(target) is None:
                    raise MetadataError(f"{sobject.name}.{item.name} refers to {target}, which does not exist.")


def _check_permission_set(schema: Schema, item: PermissionSet, custom_permissions: frozenset[str]) -> None:
    where = f"{item.name}.permissionset-meta.xml"
    for name in sorted(item.user_permissions - set(USER_PERMISSIONS)):
        raise MetadataError(f"{where}: Unknown user permission: {name}.")
    for name in sorted(item.custom_permissions - custom_permissions):
        raise MetadataError(f"{where}: no CustomPermission named {name} found.")
    for granted in item.objects.values():
        if schema.object(granted.object) is None:
            raise MetadataError(f"{where}: no object named {granted.object} found.")
    for permission in item.fields.values():
        sobject = schema.object(permission.object)
        field = sobject.field(permission.field) if sobject else None
        full = f"{permission.object}.{permission.field}"
        if field is None:
            raise MetadataError(f"{where}: no field named {full} found.")
        # Observed on deploys: "You cannot deploy to a required field" (master-detail and Name count as such).
        if not field.permissionable:
            raise MetadataError(f"{where}: You cannot deploy to a required field: {full}.")
