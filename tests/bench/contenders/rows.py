"""Salesforce rows of a client's mail, the same for each contender: an Email, its participants, a Task for each client.

Needs nothing but Python. A contender that matched otherwise would do other work, and its figures would tell nothing.
"""

import hashlib
import json
import sys
from html import escape
from pathlib import Path
from typing import Any

API = "/services/data/v66.0"
#: A rich text field holds 131,072, and counts `<`, `&` and quotes as the entities that they become.
BODY_LIMIT = 131_000
#: Salesforce takes so many rows in a Collection, and five Collections in a Composite.
MOST_ROWS = 200
#: What a contender asks of a message.
HEADERS = (
    "id,subject,from,toRecipients,ccRecipients,sentDateTime,receivedDateTime,internetMessageId,bodyPreview,importance,"
    "webLink,conversationId,hasAttachments,isDraft"
)
ROLES = (("from", "From"), ("toRecipients", "To"), ("ccRecipients", "Cc"))
OBJECTS = ("Email__c", "Email_Participant__c", "Task")
#: Id and Account of each Contact, by address in lower case.
Contacts = dict[str, list[tuple[str, str]]]
Row = dict[str, Any]


def job() -> dict[str, Any]:
    """What this process was asked to do."""
    asked: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return asked


def done(**said: Any) -> None:
    """Say what was done."""
    print(json.dumps(said), flush=True)


def contacts_of(records: list[Row]) -> Contacts:
    """The Contacts of a query for Id, AccountId and Email."""
    found: Contacts = {}
    for record in records:
        found.setdefault(record["Email"].lower(), []).append((record["Id"], record["AccountId"]))
    return found


def addresses(message: Row) -> list[tuple[str, str, str]]:
    """Address, name and role of everybody in a message, each address once."""
    found: dict[str, tuple[str, str, str]] = {}
    for member, role in ROLES:
        value = message.get(member) or []
        for person in value if isinstance(value, list) else [value]:
            who = person["emailAddress"]
            found.setdefault(who["address"].lower(), (who["address"].lower(), who.get("name") or "", role))
    return list(found.values())


def key_of(message: Row) -> str:
    """The external id of a message: the same for its copies in other mailboxes."""
    return hashlib.sha256(message["internetMessageId"].encode()).hexdigest()[:32]


def rows_of(message: Row, contacts: Contacts) -> tuple[Row, list[Row], list[Row]] | None:
    """The Email, its participants and its Tasks; None where no client takes part."""
    if message.get("isDraft") or not message.get("internetMessageId"):
        return None
    key = key_of(message)
    parent = {"Email__r": {"Message_Key__c": key}}
    copied = {"Subject__c": (message["subject"] or "(no subject)")[:255], "Sent_At__c": message["sentDateTime"]}
    participants: list[Row] = []
    tasks: list[Row] = []
    listed: set[str] = set()
    for address, name, role in addresses(message):
        for contact, account in contacts.get(address, ()):
            own = hashlib.sha256(f"{key}{contact}".encode()).hexdigest()
            row = {"Participant_Key__c": own, "Address__c": address, "Display_Name__c": name[:255], "Role__c": role}
            row |= {"Contact__c": contact, **copied, **parent}
            if account and account not in listed:
                listed.add(account)
                row["Account__c"] = account
            participants.append(row)
            tasks.append({
                "Task_Key__c": own, "Subject": f"Email: {copied['Subject__c']}"[:255], "WhoId": contact,
                "TaskSubtype": "Email", "Status": "Completed", "Priority": "Normal",
                "ActivityDate": message["sentDateTime"][:10], "Description": message["bodyPreview"], **parent,
            })  # fmt: skip
    return (_email(message, key, copied), participants, tasks) if participants else None


def _email(message: Row, key: str, copied: Row) -> Row:
    sender = message["from"]["emailAddress"]

    def text(member: str) -> str:
        return "; ".join(person["emailAddress"]["address"] for person in message.get(member) or [])

    return {
        **copied,
        "Name": copied["Subject__c"][:80],
        "From_Address__c": sender["address"],
        "From_Name__c": sender.get("name"),
        "To__c": text("toRecipients"),
        "Cc__c": text("ccRecipients"),
        "Received_At__c": message["receivedDateTime"],
        "Body__c": _cut((message.get("body") or {}).get("content") or ""),
        "Preview__c": message["bodyPreview"][:255],
        "Importance__c": (message.get("importance") or "normal").title(),
        "Message_Key__c": key,
        "Internet_Message_Id__c": message["internetMessageId"],
        "Match_Status__c": "Matched",
    }


def _cut(body: str) -> str:
    """What a rich text field takes of a body, about."""
    counted = len(escape(body))
    return body if counted <= BODY_LIMIT else body[: len(body) * BODY_LIMIT // counted * 19 // 20]


def collection(name: str, rows: list[Row]) -> Row:
    """Up to 200 rows as a request inside a Composite."""
    records = [{"attributes": {"type": name}, **row} for row in rows]
    body = {"allOrNone": False, "records": records}
    return {"method": "POST", "url": f"{API}/composite/sobjects", "body": body}


def composite(batch: list[tuple[Row, list[Row], list[Row]]]) -> Row:
    """One Composite for up to 200 mails with up to 400 participants: Emails first, since their children name them."""
    kinds = [[mail[0] for mail in batch], [row for mail in batch for row in mail[1]]]
    kinds.append([row for mail in batch for row in mail[2]])
    requests = [
        {**collection(name, rows[at : at + MOST_ROWS]), "referenceId": f"{name}_{at}"}
        for name, rows in zip(OBJECTS, kinds, strict=True)
        for at in range(0, len(rows), MOST_ROWS)
    ]
    return {"allOrNone": False, "collateSubrequests": False, "compositeRequest": requests}


def refused(answer: Row) -> list[str]:
    """What a Composite refused, but for rows that are there already."""
    said: list[str] = []
    for part in answer["compositeResponse"]:
        results = part["body"] if isinstance(part["body"], list) else [part["body"]]
        for result in results:
            errors = result.get("errors", []) if "success" in result else [result]
            said += [f"{part['referenceId']}: {error}" for error in errors if "DUPLICATE_VALUE" not in str(error)]
    return said


def file_row(attachment: Row, email_id: str) -> Row:
    """A file on an Email."""
    name = attachment["name"] or "attachment"
    return {
        "Title": name[:255],
        "PathOnClient": name,
        "VersionData": attachment["contentBytes"],
        "FirstPublishLocationId": email_id,
    }


def is_document(attachment: Row) -> bool:
    """Whether an attachment is a file of its own, and no picture inside the mail."""
    return attachment["@odata.type"] == "#microsoft.graph.fileAttachment" and not attachment["isInline"]
