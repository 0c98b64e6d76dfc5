"""Short ways to write standard fields and objects as data. Labels follow from names where they agree."""

import re
from dataclasses import replace
from functools import cache
from typing import Any

from m365sandbox.salesforce.data.schema import Field, PicklistValue, SObject
from m365sandbox.salesforce.standard.labels import LABELS

#: Types whose describe says groupable false.
_UNGROUPABLE = frozenset({"datetime", "time", "double", "currency", "percent", "base64"})
_LENGTHS = {"email": 80, "phone": 40, "url": 255, "picklist": 255, "combobox": 255, "id": 18, "reference": 18}


@cache
def label_of(name: str) -> str:
    """`MailingPostalCode` becomes `Mailing Postal Code`, `AccountId` `Account ID`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"\bId\b", "ID", words)


def make(kind: str, name: str, length: int = 0, **more: Any) -> Field:
    """One standard field; what is not said follows from its type."""
    length = length or _LENGTHS.get(kind, 0)
    long_text = kind == "textarea" and length > 255
    if long_text or kind == "base64":
        more = {"filterable": False, "sortable": False, "groupable": False, **more}
    if kind in _UNGROUPABLE:
        more = {"groupable": False, **more}
    if kind == "boolean":
        more = {"default": False, **more}
    if kind in ("currency", "double"):
        more = {"precision": 18, "scale": 2 if kind == "currency" else 0, **more}
    return Field(name=name, type=kind, length=length, **{"label": label_of(name), **more})


def text(name: str, length: int = 255, **more: Any) -> Field:
    """A text field."""
    return make("string", name, length, **more)


def area(name: str, length: int = 32_000, **more: Any) -> Field:
    """A text area, long over 255 characters."""
    return make("textarea", name, length, **more)


def check(name: str, default: bool = False, **more: Any) -> Field:
    """A checkbox."""
    return make("boolean", name, default=default, **more)


def number(name: str, **more: Any) -> Field:
    """A whole number."""
    return make("int", name, precision=more.pop("precision", 9), **more)


def pick(name: str, values: str, **more: Any) -> Field:
    """A picklist; `values` are parted by `;`, the one that ends in `*` is the default."""
    items = tuple(
        PicklistValue(item.rstrip("*"), item.rstrip("*"), default=item.endswith("*"))
        for item in values.split(";")
        if item
    )
    return make(more.pop("kind", "picklist"), name, picklist=items, **more)


def lookup(name: str, *targets: str, child: str | None = None, **more: Any) -> Field:
    """A reference; its relationship is the name without `Id`."""
    relation = more.pop("relationship_name", name.removesuffix("Id"))
    return make("reference", name, reference_to=targets, relationship_name=relation, child_relationship=child, **more)


def derived(item: Field) -> Field:
    """The field as one that only the platform writes."""
    return replace(item, createable=False, updateable=False, permissionable=False)


def create_only(item: Field) -> Field:
    """The field as one that cannot be changed once the row is there."""
    return replace(item, updateable=False)


def setup(item: Field) -> Field:
    """The field as one that field-level security does not cover."""
    return replace(item, permissionable=False)


def address(prefix: str) -> list[Field]:
    """The columns of an address and the compound field over them (`Mailing` gives MailingStreet … MailingAddress)."""
    columns = [
        area(f"{prefix}Street", 255),
        text(f"{prefix}City", 40),
        text(f"{prefix}State", 80, label=f"{label_of(prefix)} State/Province".strip()),
        text(f"{prefix}PostalCode", 20, label=f"{label_of(prefix)} Zip/Postal Code".strip()),
        text(f"{prefix}Country", 80),
        make("double", f"{prefix}Latitude", scale=15),
        make("double", f"{prefix}Longitude", scale=15),
        pick(f"{prefix}GeocodeAccuracy", "Address;NearAddress;Block;Street;Zip;Neighborhood;City;County;State;Unknown"),
    ]
    parts = tuple((item.name.removeprefix(prefix), item.name) for item in columns)
    compound = make(
        "address", f"{prefix}Address", parts=parts, createable=False, updateable=False, sortable=False, groupable=False
    )
    return [*columns, compound]


def person_name(length: int = 121) -> Field:
    """`Name` made of first and last name."""
    expression = "trim(coalesce(\"FirstName\", '') || ' ' || coalesce(\"LastName\", ''))"
    return text(
        "Name",
        length,
        label="Full Name",
        name_field=True,
        required=True,
        generated=expression,
        createable=False,
        updateable=False,
    )


def audit_fields(*, deleted: bool = True) -> list[Field]:
    """IsDeleted (where rows go to the recycle bin) and the five fields that say who and when."""
    bin_flag = [check("IsDeleted", label="Deleted", createable=False, updateable=False)] if deleted else []
    read_only: dict[str, Any] = {"createable": False, "updateable": False, "audit": True}
    return [
        *bin_flag,
        make("datetime", "CreatedDate", **read_only),
        lookup("CreatedById", "User", **read_only),
        make("datetime", "LastModifiedDate", **read_only),
        lookup("LastModifiedById", "User", **read_only),
        make("datetime", "SystemModstamp", **read_only),
    ]


def record_id(label: str) -> Field:
    """`Id`, the first field of every object."""
    return make("id", "Id", label=f"{label} ID", createable=False, updateable=False, id_lookup=True)


def seen() -> list[Field]:
    """When the caller last saw a record or one related to it."""
    read_only: dict[str, Any] = {"createable": False, "updateable": False, "personal": True}
    return [make("datetime", name, **read_only) for name in ("LastViewedDate", "LastReferencedDate")]


def owner(*targets: str) -> Field:
    """`OwnerId`."""
    return lookup("OwnerId", *(targets or ("User",)), default="$User")


def define(
    name: str, prefix: str, fields: list[Field], *, plural: str = "", security: bool = False, **more: Any
) -> SObject:
    """A standard object. With `security` its optional fields need field-level security; Id comes by itself."""
    label = more.pop("label", label_of(name))
    labels = LABELS.get(name, {})
    items = [replace(item, label=labels[item.name]) if item.name in labels else item for item in fields]
    items.insert(0, record_id(label))
    if security:
        items = [_secured(item) for item in items]
    return SObject(
        name=name,
        label=label,
        label_plural=plural or f"{label}s",
        key_prefix=prefix,
        fields={item.name.lower(): item for item in items},
        **more,
    )


def _secured(item: Field) -> Field:
    always = item.type == "id" or item.required or item.name_field or item.audit
    always = always or item.name in ("IsDeleted", "OwnerId") or (not item.createable and not item.parts)
    return item if always else replace(item, permissionable=True)
