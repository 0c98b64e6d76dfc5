"""Which fields an object has for files that name them, and whether a criterion fits them."""

from xml.etree import ElementTree as ET

from m365sandbox.salesforce.metadata.package import Package, flag, text, values
from m365sandbox.salesforce.metadata.rules.problem import no_such
from m365sandbox.salesforce.metadata.rules.table import COLUMN_NAMES, LONG, SYSTEM_FIELDS


def known(package: Package, owner: str) -> set[str]:
    """Every field of an object that a file may name."""
    missing = {"OwnerId"} if package.masters(owner) else set()
    return set(package.of_object(owner)) | (SYSTEM_FIELDS - missing)


def is_long(package: Package, owner: str, name: str) -> bool:
    """Whether the field is long or rich text, which lists cannot show or filter."""
    field = package.fields.get((owner, name))
    return field is not None and text(field, "type") in LONG


def is_column(package: Package, owner: str, column: str) -> bool:
    """Whether a list of the object's records can show that column."""
    name = COLUMN_NAMES.get(column, column)
    return name in known(package, owner) and not is_long(package, owner, name)


def misfit(package: Package, owner: str, criterion: ET.Element) -> str:
    """What is wrong with a criterion that names a field and, of a picklist or checkbox, values; empty where nothing."""
    name, value = text(criterion, "field"), text(criterion, "value")
    field = package.fields.get((owner, name))
    if field is None:
        there = COLUMN_NAMES.get(name, name) in known(package, owner)
        return "" if there else no_such("CustomField", f"{owner}.{name}", "field")
    kind = text(field, "type")
    if kind in LONG:
        return f"{name} is long text, which cannot be filtered"
    if kind == "Checkbox" and value not in ("0", "1", "True", "False"):
        return f"{value} is no value of the checkbox {name}"
    wrong = sorted(set(value.split(",")) - set(values(field))) if kind == "Picklist" and value else []
    return f"Picklist value: {wrong[0]} in picklist: {name} not found" if wrong else ""


def must_be_filled(package: Package, owner: str) -> set[str]:
    """Fields without which a record cannot be saved."""
    found = {
        name
        for name, field in package.of_object(owner).items()
        if text(field, "type") == "MasterDetail" or flag(field, "required")
    }
    return found | ({"Name"} if name_type(package, owner) == "Text" else set())


def name_type(package: Package, owner: str) -> str:
    """Text or AutoNumber."""
    return next((text(node, "type") for node in package.objects[owner].iter() if node.tag.endswith("}nameField")), "")
