"""What `sfdc_objects/` says, as plain data."""

from dataclasses import dataclass, field

from m365sandbox.salesforce.data.schema import Field, Sharing


class MetadataError(Exception):
    """A file of `sfdc_objects/` that an org would refuse; the message names the file and what is wrong in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomObject:
    """What an `.object-meta.xml` says."""

    name: str
    label: str
    label_plural: str
    sharing: Sharing
    activities: bool
    searchable: bool = False
    name_field: Field


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPermission:
    """The rights of one permission set on one object."""

    object: str
    create: bool = False
    read: bool = False
    edit: bool = False
    delete: bool = False
    view_all: bool = False
    modify_all: bool = False
    view_all_fields: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPermission:
    """The rights of one permission set on one field."""

    object: str
    field: str
    readable: bool = False
    editable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionSet:
    """What a `.permissionset-meta.xml` grants. Objects and fields are by lower-case names."""

    name: str
    label: str
    description: str = ""
    has_activation_required: bool = False
    user_permissions: frozenset[str] = frozenset()
    custom_permissions: frozenset[str] = frozenset()
    objects: dict[str, ObjectPermission] = field(default_factory=dict)
    fields: dict[tuple[str, str], FieldPermission] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of a criteria sharing rule: `operation` is metadata's word (`equals`, `notEqual`, `contains` …)."""

    field: str
    operation: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingRule:
    """A criteria sharing rule: rows that meet the criteria are shared (`access` Read or Edit) with `shared_to`."""

    object: str
    name: str
    access: str
    shared_to: str
    criteria: tuple[Criterion, ...]
    boolean_filter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRule:
    """A validation rule, as data: a true formula refuses the row with `message`."""

    object: str
    name: str
    active: bool
    formula: str
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Everything read from one folder. `fields` are by lower-case object name (`activity` for Task and Event)."""

    objects: tuple[CustomObject, ...]
    fields: dict[str, tuple[Field, ...]]
    permission_sets: tuple[PermissionSet, ...] = ()
    sharing_rules: tuple[SharingRule, ...] = ()
    validation_rules: tuple[ValidationRule, ...] = ()
    custom_permissions: frozenset[str] = frozenset()
    audit_fields_enabled: bool = False
