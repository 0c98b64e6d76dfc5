"""What the platform makes of a new ContentVersion: its derived fields, the ContentDocument, and the links to it.

Object Reference, "ContentVersion": a version without ContentDocumentId starts a new document, which is linked to its
owner and to FirstPublishLocationId; one with it becomes the latest version of that document.
"""

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.values.draft import Draft


def derive(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Complete versions before they are checked for required values."""
    if sobject.name != "ContentVersion":
        return
    for draft in drafts:
        if not draft.errors:
            _derive_one(call, draft.values)


def _derive_one(call: Call, values: dict[str, Any]) -> None:
    path = PurePosixPath(str(values.get("PathOnClient") or ""))
    data = values.get("VersionData") or b""
    extension = path.suffix.removeprefix(".")[:40]
    if values.get("Title") is None and path.name:
        values["Title"] = path.stem
    values["FileExtension"] = extension or None
    values["FileType"] = (extension or "UNKNOWN").upper()[:20]
    values["ContentSize"] = len(data)
    values["Checksum"] = hashlib.md5(data, usedforsecurity=False).hexdigest()
    values["IsLatest"] = 1
    values["VersionNumber"] = "1"
    values["ContentModifiedDate"] = format_datetime(call.now)
    values["ContentModifiedById"] = call.user_id


def publish(call: Call, sobject: SObject, drafts: Sequence[Draft]) -> None:
    """Make or update the documents of versions that were just inserted."""
    if sobject.name != "ContentVersion":
        return
    for draft in drafts:
        if draft.values.get("ContentDocumentId") is None:
            _start_document(call, sobject, draft)
        else:
            _add_version(call, sobject, draft)


def _document(draft: Draft) -> dict[str, Any]:
    """What a document shows of its latest version."""
    names = ("Title", "FileType", "FileExtension", "ContentSize", "Description", "ContentModifiedDate")
    return {name: draft.values.get(name) for name in names} | {"LatestPublishedVersionId": draft.record_id}


def _start_document(call: Call, versions: SObject, draft: Draft) -> None:
    documents = _object(call, "ContentDocument")
    document_id = call.org.counters.record_ids(documents.key_prefix, 1)[0]
    audit = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "OwnerId")
    row = {"Id": document_id, "PublishStatus": "P", **_document(draft)}
    row |= {name: draft.values.get(name) for name in audit}
    tables.insert(call.org.connection, documents, [row])
    draft.values["ContentDocumentId"] = document_id
    tables.update(call.org.connection, versions, [(str(draft.record_id), {"ContentDocumentId": document_id})])
    _link(call, document_id, str(draft.values["OwnerId"]), "I")
    place = draft.values.get("FirstPublishLocationId")
    if place is not None:
        _link(call, document_id, str(place), "V")


def _add_version(call: Call, versions: SObject, draft: Draft) -> None:
    document_id = str(draft.values["ContentDocumentId"])
    connection = call.org.connection
    older = tables.select(connection, versions, ["Id"], "ContentDocumentId", [document_id])
    tables.update(connection, versions, [(row[0], {"IsLatest": 0}) for row in older if row[0] != draft.record_id])
    tables.update(connection, versions, [(str(draft.record_id), {"VersionNumber": str(len(older))})])
    tables.update(connection, _object(call, "ContentDocument"), [(document_id, _document(draft))])


def _link(call: Call, document_id: str, entity_id: str, share_type: str) -> None:
    links = _object(call, "ContentDocumentLink")
    row = {
        "Id": call.org.counters.record_ids(links.key_prefix, 1)[0],
        "ContentDocumentId": document_id,
        "LinkedEntityId": entity_id,
        "ShareType": share_type,
        "Visibility": "AllUsers",
        "SystemModstamp": format_datetime(call.now),
    }
    tables.insert(call.org.connection, links, [row])


def _object(call: Call, name: str) -> SObject:
    found = call.org.schema.object(name)
    if found is None:
        raise LookupError(name)
    return found
