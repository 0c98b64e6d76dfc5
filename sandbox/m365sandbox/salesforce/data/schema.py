"""The shape of the emulated org: objects, fields and relationships, as describe knows them.

Everything is plain frozen data, built once by `metadata.org_schema`. Names are looked up without regard to case,
as the platform does; the spelling in the data is the one answers carry.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Sharing = Literal["Private", "Read", "ReadWrite", "ControlledByParent"]

ID_TYPES = frozenset({"id", "reference"})
NUMBER_TYPES = frozenset({"int", "double", "currency", "percent"})
PICKLIST_TYPES = frozenset({"picklist", "multipicklist", "combobox"})
TEXT_TYPES = frozenset({"string", "textarea", "email", "phone", "url", "encryptedstring"}) | PICKLIST_TYPES


@dataclass(frozen=True, slots=True)
class PicklistValue:
    """One value of a picklist: `value` is the API name that rows hold, `label` what people see."""

    label: str
    value: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class Junction:
    """Where a list of ids (JunctionIdList) comes from: rows of `child` that meet `condition` and whose `owner` is the
    row with the list; the ids stand in `value`.
    """

    child: str
    owner: str
    value: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `type` is describe's word for it; `length` counts UTF-16 units, as Salesforce does.

    `required` means not nillable and without a default (Salesforce refuses the row without it).
    `child_relationship` is what a reference is called on the parent (`Contacts`, `Participants__r`).
    `generated` is an SQLite expression over other columns of the row for what Salesforce derives (Contact.Name):
    such a column is never written. `parts` name the columns a compound field is made of; it has no column itself.
    `virtual` fields have no column either; a query answers those of which `parts` or a `junction` say how.
    `personal` fields differ from user to user: their values stand beside the rows, not in them.
    `any_parent` marks a reference that is polymorphic on the platform though only one of its objects is emulated.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    child_relationship: str | None = None
    cascade_delete: bool = False
    restricted_delete: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    id_lookup: bool = False
    required: bool = False
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    default: str | bool | float | None = None
    picklist: tuple[PicklistValue, ...] = ()
    restricted: bool = False
    name_field: bool = False
    auto_number: str | None = None
    html: bool = False
    custom: bool = False
    audit: bool = False
    permissionable: bool = False
    generated: str | None = None
    parts: tuple[tuple[str, str], ...] = ()
    virtual: bool = False
    junction: Junction | None = None
    any_parent: bool = False
    personal: bool = False

    @property
    def has_column(self) -> bool:
        """Whether the object's table has a column of this name."""
        return not self.virtual and not self.parts

    @property
    def answered(self) -> bool:
        """Whether a query can select it."""
        return self.has_column or bool(self.parts) or self.junction is not None

    @property
    def stored(self) -> bool:
        """Whether rows are written with a value for it (a generated column is only read)."""
        return self.has_column and self.generated is None

    @property
    def polymorphic(self) -> bool:
        """Whether it may point at rows of several objects."""
        return self.any_parent or len(self.reference_to) > 1

    @property
    def nillable(self) -> bool:
        """Whether a row may hold null here."""
        return not self.required and self.type not in ("boolean", "id") and self.default is None and not self.audit

    @property
    def long_text(self) -> bool:
        """Long text area or rich text: not filterable, not sortable."""
        return self.type == "textarea" and self.length > 255

    @property
    def is_text(self) -> bool:
        """Compared as text, without case unless `case_sensitive`."""
        return self.type in TEXT_TYPES

    @property
    def is_id(self) -> bool:
        """Holds a record id."""
        return self.type in ID_TYPES

    @property
    def is_number(self) -> bool:
        """Holds a number."""
        return self.type in NUMBER_TYPES

    def default_picklist_value(self) -> str | None:
        """The value a new row gets when it names none."""
        return next((item.value for item in self.picklist if item.default and item.active), None)


@dataclass(frozen=True, slots=True)
class SaveRule:
    """An active validation rule, ready to be asked about a row being saved (see `validation`).

    `reads` are the fields that it looks at; `field` is where its message is shown, empty for the whole record.
    """

    name: str
    message: str
    field: str
    holds: Callable[[Any], bool]
    reads: frozenset[str]


@dataclass(frozen=True, slots=True)
class ChildRelationship:
    """A reference seen from the object it points at. `name` is None where SOQL cannot walk it."""

    child: "SObject"
    field: Field
    name: str | None


@dataclass(frozen=True, eq=False, kw_only=True)
class SObject:
    """One object. `fields` is by lower-case name, in the order of describe. Compared by identity."""

    name: str
    label: str
    label_plural: str
    key_prefix: str
    fields: Mapping[str, Field]
    custom: bool = False
    sharing: Sharing = "ReadWrite"
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    queryable: bool = True
    activities: bool = False
    searchable: bool = False
    rules: tuple[SaveRule, ...] = ()
    child_relationships: list[ChildRelationship] = field(default_factory=list, init=False, repr=False)
    _relationships: dict[str, Field] = field(default_factory=dict, init=False, repr=False)
    _children: dict[str, tuple["SObject", Field]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for item in self.fields.values():
            if item.relationship_name:
                self._relationships[item.relationship_name.lower()] = item

    def field(self, name: str) -> Field | None:
        """The field of that name, whatever its case."""
        return self.fields.get(name.lower())

    def relationship(self, name: str) -> Field | None:
        """The reference field that SOQL walks by this name (`Account`, `Email__r`)."""
        return self._relationships.get(name.lower())

    def child(self, name: str) -> "tuple[SObject, Field] | None":
        """The object and its reference field behind a child relationship (`Contacts`, `Participants__r`)."""
        return self._children.get(name.lower())

    @property
    def name_field(self) -> Field | None:
        """The field that names a record to people (Name, Subject, CaseNumber …)."""
        return next((item for item in self.fields.values() if item.name_field), None)

    @property
    def has_owner(self) -> bool:
        """Whether records have an owner: a detail of a master-detail has none."""
        return "ownerid" in self.fields

    @property
    def master(self) -> Field | None:
        """The first master-detail field, for objects controlled by their parent."""
        return next((item for item in self.fields.values() if item.cascade_delete and item.custom), None)

    @property
    def has_recycle_bin(self) -> bool:
        """Whether deleted rows stay, marked by IsDeleted."""
        return "isdeleted" in self.fields

    def link_child(self, relationship: ChildRelationship) -> None:
        """Used while a Schema is built: makes a reference known to the object it points at."""
        self.child_relationships.append(relationship)
        if relationship.name:
            self._children[relationship.name.lower()] = (relationship.child, relationship.field)


class Schema:
    """All objects of the org, by name without case and by key prefix."""

    def __init__(self, objects: Iterable[SObject]) -> None:
        self.objects: dict[str, SObject] = {item.name.lower(): item for item in objects}
        self._by_prefix = {item.key_prefix: item for item in self.objects.values()}
        for child in self.objects.values():
            for item in child.fields.values():
                self._link(child, item)

    def _link(self, child: SObject, item: Field) -> None:
        for target in item.reference_to:
            parent = self.objects.get(target.lower())
            if parent is not None:
                parent.link_child(ChildRelationship(child, item, item.child_relationship))

    def object(self, name: str) -> SObject | None:
        """The object of that name, whatever its case."""
        return self.objects.get(name.lower())

    def of_id(self, record_id: str) -> SObject | None:
        """The object a record id belongs to, by its first three characters."""
        return self._by_prefix.get(record_id[:3])
