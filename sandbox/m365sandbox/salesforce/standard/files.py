"""Files: a document, its versions, and the links that show it on records."""

from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.standard.fields import (
    area,
    audit_fields,
    check,
    create_only,
    define,
    derived,
    lookup,
    make,
    number,
    owner,
    pick,
    text,
)


def content_version(places: tuple[str, ...]) -> SObject:
    """One version of a file; inserting one without ContentDocumentId makes the document too."""
    fields = [
        create_only(lookup("ContentDocumentId", "ContentDocument", child="ContentVersions", cascade_delete=True)),
        derived(check("IsLatest")),
        create_only(make("url", "ContentUrl", 1300)),
        derived(text("VersionNumber", 20)),
        text("Title", required=True, name_field=True),
        area("Description", 1000),
        text("ReasonForChange", 1000, filterable=False, sortable=False, groupable=False),
        pick("SharingOption", "A*;R"),
        create_only(text("PathOnClient", 500, required=True)),
        derived(make("datetime", "ContentModifiedDate")),
        derived(lookup("ContentModifiedById", "User")),
        owner(),
        area("TagCsv", 2000),
        derived(text("FileType", 20)),
        derived(pick("PublishStatus", "U;P*;R")),
        make("base64", "VersionData"),
        derived(number("ContentSize")),
        derived(text("FileExtension", 40)),
        create_only(lookup("FirstPublishLocationId", *places)),
        create_only(pick("Origin", "C*;H;S", restricted=True)),
        create_only(pick("ContentLocation", "S*;E;L", restricted=True)),
        derived(text("Checksum", 50)),
        create_only(check("IsMajorVersion", default=True)),
        *audit_fields(),
    ]
    return define("ContentVersion", "068", fields, sharing="Private", undeletable=False, deletable=False)


def content_document() -> SObject:
    """A file as a whole."""
    fields = [
        text("Title", required=True, name_field=True),
        derived(lookup("LatestPublishedVersionId", "ContentVersion")),
        derived(pick("PublishStatus", "U;P*;R")),
        derived(text("FileType", 20)),
        derived(text("FileExtension", 40)),
        derived(number("ContentSize")),
        area("Description", 1000),
        check("IsArchived"),
        pick("SharingOption", "A*;R"),
        derived(make("datetime", "ContentModifiedDate")),
        owner(),
        *audit_fields(),
    ]
    return define("ContentDocument", "069", fields, sharing="Private", createable=False)


def content_document_link(places: tuple[str, ...]) -> SObject:
    """Where a file is shown. A query must name a document or a linked record."""
    fields = [
        create_only(lookup("LinkedEntityId", *places, child="ContentDocumentLinks", required=True)),
        create_only(
            lookup(
                "ContentDocumentId", "ContentDocument", child="ContentDocumentLinks", required=True, cascade_delete=True
            )
        ),
        check("IsDeleted", createable=False, updateable=False),
        make("datetime", "SystemModstamp", createable=False, updateable=False, audit=True),
        pick("ShareType", "V;C;I", restricted=True),
        pick("Visibility", "AllUsers*;InternalUsers;SharedUsers", restricted=True),
    ]
    return define("ContentDocumentLink", "06A", fields, sharing="ControlledByParent", undeletable=False)
