"""One custom field of the metadata as the schema knows it."""

from pathlib import Path
from typing import Any

from m365sandbox.salesforce.data.schema import Field, PicklistValue
from m365sandbox.salesforce.metadata.xml import Document

#: Metadata's type, describe's word for it, and the length where metadata names none.
_TYPES = {
    "AutoNumber": ("string", 30),
    "Checkbox": ("boolean", 0),
    "Currency": ("currency", 0),
    "Date": ("date", 0),
    "DateTime": ("datetime", 0),
    "Email": ("email", 80),
    "Html": ("textarea", None),
    "LongTextArea": ("textarea", None),
    "Lookup": ("reference", 18),
    "MasterDetail": ("reference", 18),
    "MultiselectPicklist": ("multipicklist", 4099),
    "Number": ("double", 0),
    "Percent": ("percent", 0),
    "Phone": ("phone", 40),
    "Picklist": ("picklist", 255),
    "Text": ("string", None),
    "TextArea": ("textarea", 255),
    "Time": ("time", 0),
    "Url": ("url", 255),
}
_NUMBERS = ("Number", "Currency", "Percent")
_UNGROUPABLE = ("DateTime", "Time", "Html", "LongTextArea", "MultiselectPicklist", *_NUMBERS)


def read_field(path: Path) -> Field:
    """The field of one `.field-meta.xml`. MetadataError for what the emulated org cannot hold, such as a formula."""
    root = Document.of_file(path, "CustomField")
    name = root.need("fullName")
    if name != path.name.removesuffix(".field-meta.xml"):
        raise root.error(f"fullName is {name}, which is not the name of the file.")
    kind = root.need("type")
    if root.get("formula") or kind not in _TYPES:
        raise root.error(f"a {'formula' if root.get('formula') else kind} field is not emulated.")
    describe_type, length = _TYPES[kind]
    searchable = kind not in ("Html", "LongTextArea")
    required = root.flag("required")
    return Field(
        name=name,
        label=root.need("label"),
        type=describe_type,
        length=root.number("length") if length is None else length,
        precision=root.number("precision") if kind in _NUMBERS else 0,
        scale=root.number("scale") if kind in _NUMBERS else 0,
        **_reference(root, kind),
        external_id=root.flag("externalId"),
        unique=root.flag("unique"),
        case_sensitive=root.flag("caseSensitive") and root.flag("unique"),
        id_lookup=root.flag("externalId"),
        required=required or kind == "MasterDetail",
        createable=kind != "AutoNumber",
        updateable=kind not in ("AutoNumber", "MasterDetail") or root.flag("reparentableMasterDetail"),
        filterable=searchable,
        sortable=searchable and kind != "MultiselectPicklist",
        groupable=kind not in _UNGROUPABLE,
        default=_default(root, kind),
        picklist=_picklist(root) if "icklist" in kind else (),
        restricted=_is_restricted(root),
        auto_number=root.need("displayFormat") if kind == "AutoNumber" else None,
        html=kind == "Html",
        custom=True,
        permissionable=not required and kind != "MasterDetail",
    )


def read_name_field(item: Document) -> Field:
    """The Name field of a custom object: text, or an automatic number."""
    automatic = item.need("type") == "AutoNumber"
    return Field(
        name="Name",
        label=item.need("label"),
        type="string",
        length=80,
        name_field=True,
        id_lookup=True,
        createable=not automatic,
        updateable=not automatic,
        auto_number=item.need("displayFormat") if automatic else None,
    )


def _reference(root: Document, kind: str) -> dict[str, Any]:
    if kind not in ("Lookup", "MasterDetail"):
        return {}
    child = root.get("relationshipName").strip()
    return {
        "reference_to": (root.need("referenceTo"),),
        "relationship_name": root.need("fullName").removesuffix("__c") + "__r",
        "child_relationship": f"{child}__r" if child else None,
        "cascade_delete": kind == "MasterDetail" or root.get("deleteConstraint") == "Cascade",
        "restricted_delete": root.get("deleteConstraint") == "Restrict",
    }


def _default(root: Document, kind: str) -> str | bool | float | None:
    text = root.get("defaultValue").strip()
    if kind == "Checkbox":
        return root.flag("defaultValue")
    if not text:
        return None
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        return text[1:-1]
    if kind in _NUMBERS and text.replace(".", "", 1).lstrip("-").isdecimal():
        return float(text)
    raise root.error(f"the default value {text} is a formula, which is not emulated.")


def _is_restricted(root: Document) -> bool:
    value_set = root.one("valueSet")
    return value_set is not None and value_set.flag("restricted")


def _picklist(root: Document) -> tuple[PicklistValue, ...]:
    value_set = root.one("valueSet")
    definition = value_set.one("valueSetDefinition") if value_set else None
    if definition is None:
        raise root.error("valueSetDefinition is missing (global value sets are not emulated).")
    return tuple(
        PicklistValue(
            label=item.get("label") or item.need("fullName"),
            value=item.need("fullName"),
            active=item.flag("isActive", default=True),
            default=item.flag("default"),
        )
        for item in definition.all("value")
    )
