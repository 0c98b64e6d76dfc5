"""Mail with files, and what of it is stored."""

import base64
from typing import Any

from tests.support.world import World

FILES = (
    "SELECT LinkedEntityId, ContentDocument.Title, ContentDocument.LatestPublishedVersion.PathOnClient, "
    "ContentDocument.LatestPublishedVersion.ContentSize, ContentDocument.LatestPublishedVersion.Attachment_Key__c, "
    "ContentDocument.LatestPublishedVersion.OwnerId, ContentDocument.LatestPublishedVersion.CreatedDate "
    "FROM ContentDocumentLink WHERE LinkedEntityId IN ({ids})"
)
PDF = b"%PDF-1.7 the plan"


def furnish(world: World, **settings: object) -> str:
    """An active sync, an internal domain, one adviser with one client. Returns the adviser's user."""
    world.settings(**settings)
    world.internal_domain()
    user, _ = world.adviser("ada")
    world.client("Rita", "Reed", "rita@reed.example")
    return user


def file(name: str = "plan.pdf", content: bytes = PDF, **members: Any) -> dict[str, Any]:
    """A file attachment as Graph writes it."""
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": name,
        "contentType": "application/pdf",
        "contentBytes": base64.b64encode(content).decode(),
        **members,
    }


def link(name: str) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.referenceAttachment", "name": name, "size": 400}


def item(name: str) -> dict[str, Any]:
    message = {
        "@odata.type": "#microsoft.graph.message",
        "subject": name,
        "body": {"contentType": "text", "content": "The one you asked for"},
    }
    return {"@odata.type": "#microsoft.graph.itemAttachment", "name": name, "item": message}


def mail(world: World, *attachments: dict[str, Any], owner: str = "ada", **members: Any) -> dict[str, str]:
    """A mail of the client with attachments."""
    members = {"from": "rita@reed.example", "toRecipients": ["ada@firm.example"], **members}
    return world.message(owner, attachments=list(attachments), **members)


def email(world: World) -> dict[str, Any]:
    """The one Email."""
    [row] = world.rows(
        "SELECT Id, Message_Key__c, Attachment_Count__c, Attachment_Notes__c, OwnerId, CreatedDate, Body__c, "
        "Body_Truncated__c FROM Email__c"
    )
    return row


def files(world: World) -> list[dict[str, Any]]:
    """The newest versions of the files on all Emails, by name."""
    ids = [row["Id"] for row in world.rows("SELECT Id FROM Email__c")]
    found = world.rows(FILES.format(ids=",".join(f"'{id}'" for id in ids)))
    versions = [{**row["ContentDocument"]["LatestPublishedVersion"], "Email": row["LinkedEntityId"]} for row in found]
    return sorted(versions, key=lambda version: version["PathOnClient"])


def content(world: World, name: str) -> bytes:
    """What is in a file."""
    [version] = world.rows(f"SELECT Id FROM ContentVersion WHERE PathOnClient = '{name}'")
    answer = world.org.session.get(
        f"{world.url}/services/data/v66.0/sobjects/ContentVersion/{version['Id']}/VersionData",
        headers=world.org.headers,
        timeout=60,
    )
    assert answer.status_code == 200
    return bytes(answer.content)


def errors(world: World) -> list[dict[str, Any]]:
    return world.rows(
        "SELECT Code__c, Message__c, Status__c, Email__c, Next_Attempt_At__c, Attempts__c FROM MS_Graph_Sync_Error__c"
    )
