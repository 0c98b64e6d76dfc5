"""Records in SOAP: the rows of a request, and the records, descriptions and facts of an answer."""

import base64
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.rest import xml_bodies
from m365sandbox.salesforce.rest.xml_bodies import escaped, local, written
from m365sandbox.salesforce.soap.messages import SoapFault

#: SOAP API guide, "AllowFieldTruncationHeader": the types that are cut where the header says so.
_CUT = frozenset({"combobox", "email", "encryptedstring", "multipicklist", "phone", "picklist", "string", "textarea"})
_INSTANT = len("2026-03-10T12:00:00.000+0000")
#: What REST says of an object or field beside what SOAP says.
_REST_ONLY = frozenset({"urls", "sobjectDescribeOption", "associateEntityType", "associateParentEntity"})


def row(element: ET.Element) -> tuple[str, dict[str, Any]]:
    """The type of a record and its values, as sObject Collections would be sent them.

    SOAP API guide, "update()": an element that is nil is ignored; `fieldsToNull` names the fields that become null.
    """
    name = ""
    values: dict[str, Any] = {}
    for item in element:
        key = local(item)
        if key == "type" and not name:
            name = xml_bodies.text(item).strip()
        elif key == "fieldsToNull":
            values[xml_bodies.text(item).strip()] = None
        elif xml_bodies.is_nil(item):
            continue
        elif len(item):
            kind, inner = row(item)
            values[key] = {"attributes": {"type": kind}, **inner} if kind else inner
        else:
            values[key] = xml_bodies.text(item)
    return name, values


def cut(sobject: SObject, values: dict[str, Any]) -> dict[str, Any]:
    """The values with texts that are too long cut to what their fields hold."""
    return {name: _cut(sobject, name, value) for name, value in values.items()}


def _cut(sobject: SObject, name: str, value: Any) -> Any:
    field = sobject.field(name)
    if field is None or not isinstance(value, str) or field.type not in _CUT or not field.length:
        return value
    units = value.encode("utf-16-le", "surrogatepass")[: 2 * field.length]
    return units.decode("utf-16-le", "ignore")


def record(call: Call, name: str, values: Mapping[str, Any]) -> str:
    """A record of a query's result in an element of this name."""
    kind = values["attributes"]["type"]
    sobject = call.org.schema.object(kind)
    record_id = values.get("Id")
    parts = [written("sf:type", kind), written("sf:Id", record_id) if record_id else '<sf:Id xsi:nil="true"/>']
    parts += [_member(call, sobject, values, key) for key in values if key != "attributes"]
    return f'<{name} xsi:type="sf:sObject">{"".join(parts)}</{name}>'


def _member(call: Call, sobject: SObject | None, values: Mapping[str, Any], key: str) -> str:
    value, name = values[key], f"sf:{key}"
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, dict) and "records" in value:
        return f'<{name} xsi:type="QueryResult">{query_result(call, value)}</{name}>'
    if isinstance(value, dict) and "attributes" in value:
        return record(call, name, value)
    if isinstance(value, dict):
        inner = "".join(written(part, text) for part, text in sorted(value.items()))
        return f'<{name} xsi:type="address">{inner}</{name}>'
    field = sobject.field(key) if sobject is not None else None
    if field is not None and sobject is not None and field.type == "base64":
        return written(name, _content(call, sobject, field.name, str(value)))
    if isinstance(value, str) and (field is None or field.type == "datetime") and _is_instant(value):
        value = value.replace("+0000", "Z")
    return written(name, ";".join(value) if isinstance(value, list) else value)


def _is_instant(value: str) -> bool:
    return len(value) == _INSTANT and value.endswith("+0000")


def _content(call: Call, sobject: SObject, name: str, url: str) -> str:
    """A file itself, of which a query over REST says only where it is."""
    [(data,)] = tables.select(call.org.connection, sobject, [name], "Id", [url.split("/")[-2]])
    return base64.b64encode(data or b"").decode()


def query_result(call: Call, page: Mapping[str, Any]) -> str:
    """What a page of a query's result holds."""
    locator = str(page.get("nextRecordsUrl", "")).rpartition("/")[2]
    parts = [
        written("done", page["done"]),
        written("queryLocator", locator) if locator else '<queryLocator xsi:nil="true"/>',
        *(record(call, "records", item) for item in page["records"]),
        written("size", page["totalSize"]),
    ]
    return "".join(parts)


def described(value: Mapping[str, Any]) -> str:
    """A description as REST gives it, in the order of the WSDL, which is that of the alphabet."""
    return "".join(_described(key, value[key]) for key in sorted(value) if key not in _REST_ONLY)


def _described(key: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_described(key, item) for item in value)
    if isinstance(value, dict):
        return f"<{key}>{described(value)}</{key}>"
    return written(key, value)


def facts(pairs: Mapping[str, Any]) -> str:
    """Members with their values; None is said to be nil."""
    return "".join(
        f'<{name} xsi:nil="true"/>' if value is None else f"<{name}>{escaped(_word(value))}</{name}>"
        for name, value in pairs.items()
    )


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def object_of(call: Call, name: str) -> SObject:
    """The object of that name. SoapFault where the caller has none."""
    sobject = call.org.schema.object(name)
    if sobject is None or not call.rights.can_read(sobject):
        raise SoapFault(
            "INVALID_TYPE",
            f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append "
            "the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate "
            "names.",
        )
    return sobject
