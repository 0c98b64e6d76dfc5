"""/sobjects: what objects and fields are like, as the caller may use them."""

from typing import Any

from m365sandbox.salesforce.call import Answer, Call, visible_object
from m365sandbox.salesforce.data import ids
from m365sandbox.salesforce.data.schema import ChildRelationship, Field, SObject
from m365sandbox.salesforce.data.storage import decode
from m365sandbox.salesforce.rest import recent
from m365sandbox.salesforce.rest.replication import is_replicated
from m365sandbox.salesforce.rest.search import is_searchable

_XSD = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "base64": "xsd:base64Binary",
    "address": "urn:address",
}
_NAME_PARTS = ("FirstName", "LastName", "MiddleName", "Salutation", "Suffix")


def describe_global(call: Call) -> Answer:
    """GET /sobjects."""
    objects = [item for item in call.org.schema.objects.values() if call.rights.can_read(item)]
    found = [_summary(call, item) for item in sorted(objects, key=lambda item: item.name)]
    return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": found})


def basic(call: Call, name: str) -> Answer:
    """GET /sobjects/T: a summary and the records seen last."""
    sobject = visible_object(call, name)
    return Answer(
        200, {"objectDescribe": _summary(call, sobject), "recentItems": recent.items(call, sobject.key_prefix)}
    )


def describe(call: Call, name: str) -> Answer:
    """GET /sobjects/T/describe: fields without field-level security for the caller are left out."""
    sobject = visible_object(call, name)
    fields = [item for item in sobject.fields.values() if call.rights.can_read_field(sobject, item)]
    compounds = _compounds(sobject)
    body = {
        **_summary(call, sobject),
        "fields": [_field(call, sobject, item, compounds) for item in fields],
        "childRelationships": [_child(item) for item in sobject.child_relationships],
        "recordTypeInfos": [_master_record_type()],
        "actionOverrides": [],
        "namedLayoutInfos": [],
        "supportedScopes": [{"label": f"All {sobject.label_plural}", "name": "everything"}],
        "listviewable": None,
        "lookupLayoutable": None,
        "networkScopeFieldName": None,
        "compactLayoutable": True,
        "searchLayoutable": True,
        "defaultImplementation": None,
        "extendedInterfaces": None,
        "extendsInterfaces": None,
        "implementedBy": None,
        "implementsInterfaces": None,
        "sobjectDescribeOption": "FULL",
    }
    return Answer(200, body)


def _master_record_type() -> dict[str, Any]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": ids.make("012", 0),
        "urls": {},
    }


def _summary(call: Call, sobject: SObject) -> dict[str, Any]:
    rights = call.rights
    root = f"{call.root}/sobjects/{sobject.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": rights.can_create(sobject),
        "custom": sobject.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": rights.can_delete(sobject),
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.key_prefix,
        "label": sobject.label,
        "labelPlural": sobject.label_plural,
        "layoutable": True,
        "mergeable": sobject.name in ("Account", "Contact", "Lead"),
        "mruEnabled": True,
        "name": sobject.name,
        "queryable": sobject.queryable,
        "replicateable": is_replicated(sobject),
        "retrieveable": True,
        "searchable": is_searchable(sobject),
        "triggerable": True,
        "undeletable": sobject.undeletable and rights.can_delete(sobject),
        "updateable": rights.can_edit(sobject),
        "urls": {"sobject": root, "describe": f"{root}/describe", "rowTemplate": f"{root}/{{ID}}"},
    }


def _compounds(sobject: SObject) -> dict[str, str]:
    """The compound field that each of its parts belongs to: an address, or the name of a person."""
    found = {part: item.name for item in sobject.fields.values() for _, part in item.parts}
    name = sobject.field("Name")
    if name is not None and name.generated is not None and sobject.field("FirstName") is not None:
        found |= dict.fromkeys(_NAME_PARTS, name.name)
    return found


def _field(call: Call, sobject: SObject, field: Field, compounds: dict[str, str]) -> dict[str, Any]:
    rights = call.rights
    createable = rights.can_create(sobject) and rights.can_create_field(sobject, field)
    updateable = rights.can_edit(sobject) and rights.can_edit_field(sobject, field)
    return {
        "aggregatable": not field.long_text,
        "aiPredictionField": False,
        "autoNumber": field.auto_number is not None,
        "byteLength": field.length * 3,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": field.cascade_delete,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": compounds.get(field.name),
        "controllerName": None,
        "createable": createable,
        "custom": field.custom,
        "defaultValue": _default(field),
        "defaultValueFormula": None,
        "defaultedOnCreate": field.default is not None or field.audit or field.type == "boolean",
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": field.precision if field.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": "richtextarea" if field.html else "plaintextarea" if field.type == "textarea" else None,
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.groupable,
        "highScaleNumber": False,
        "htmlFormatted": field.html,
        "idLookup": field.id_lookup or field.external_id or field.type == "id",
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.polymorphic,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": [
            {
                "active": item.active,
                "defaultValue": item.default,
                "label": item.label,
                "validFor": None,
                "value": item.value,
            }
            for item in field.picklist
        ],
        "polymorphicForeignKey": field.polymorphic,
        "precision": 0 if field.type == "int" else field.precision,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name,
        "relationshipOrder": 0 if field.cascade_delete and field.custom else None,
        "restrictedDelete": field.restricted_delete,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": False,
        "soapType": _XSD.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": field.type,
        "unique": field.unique,
        "updateable": updateable,
        "writeRequiresMasterRead": False,
    }


def _default(field: Field) -> Any:
    """Object Reference: defaultValue is shown for checkboxes; picklists mark it among their values."""
    if field.type == "boolean":
        return bool(field.default)
    return None if field.default == "$User" or field.default is None else decode(field, field.default)


def _child(relationship: ChildRelationship) -> dict[str, Any]:
    return {
        "cascadeDelete": relationship.field.cascade_delete,
        "childSObject": relationship.child.name,
        "deprecatedAndHidden": False,
        "field": relationship.field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": relationship.name,
        "restrictedDelete": relationship.field.restricted_delete,
    }
