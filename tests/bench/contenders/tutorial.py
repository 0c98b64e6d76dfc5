"""The tutorial way: O365 reads a mailbox message by message, simple-salesforce looks up each address and creates each
row, as the two libraries' own introductions show it.

Takes a sample only: `limit` messages of the first mailbox.
"""

import base64
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from O365 import Account
from O365.utils.token import MemoryTokenBackend
from requests.adapters import HTTPAdapter
from rows import Contacts, Row, addresses, contacts_of, done, file_row, job, key_of, rows_of
from simple_salesforce import Salesforce

MICROSOFT = ("login.microsoftonline.com", "graph.microsoft.com")


def send_microsofts_to(url: str, authority: str) -> None:
    """O365 writes Microsoft's hosts itself: what goes there goes to the sandbox, and is told that it is Microsoft."""
    here = urlsplit(url).netloc
    send = HTTPAdapter.send

    def elsewhere(self: HTTPAdapter, request: requests.PreparedRequest, *how: Any, **more: Any) -> requests.Response:
        asked = urlsplit(str(request.url))
        if asked.netloc in MICROSOFT:
            request.url = asked._replace(netloc=here).geturl()
            request.headers["Host"] = asked.netloc
        more["verify"] = authority
        return send(self, request, *how, **more)

    HTTPAdapter.send = elsewhere  # type: ignore[method-assign]


def graph_form(message: Any) -> Row:
    """A message of O365 as Graph has it."""

    def person(who: Any) -> Row:
        return {"emailAddress": {"name": who.name, "address": who.address}}

    return {
        "subject": message.subject,
        "from": person(message.sender),
        "toRecipients": [person(who) for who in message.to],
        "ccRecipients": [person(who) for who in message.cc],
        "sentDateTime": message.sent.isoformat(),
        "receivedDateTime": message.received.isoformat(),
        "internetMessageId": message.internet_message_id,
        "bodyPreview": message.body_preview,
        "importance": message.importance.value,
        "isDraft": message.is_draft,
        "body": {"content": message.body},
    }


def look_up(salesforce: Salesforce, message: Row) -> Contacts:
    """The Contacts of a message, one query for each address."""
    found: list[Row] = []
    for address, _, _ in addresses(message):
        quoted = address.replace("\\", "\\\\").replace("'", "\\'")
        found += salesforce.query(f"SELECT Id, AccountId, Email FROM Contact WHERE Email = '{quoted}'")["records"]
    return contacts_of(found)


def main() -> None:
    """One run, and what it did."""
    asked = job()
    ready = asked["ready"]
    graph = ready["graph"]
    send_microsofts_to(ready["url"], ready["ca"])
    account = Account(
        (graph["client_id"], graph["client_secret"]),
        auth_flow_type="credentials",
        tenant_id=graph["tenant"],
        token_backend=MemoryTokenBackend(),
    )
    account.authenticate()
    token = ready["salesforce"]["integration"]["access_token"]
    salesforce = Salesforce(instance_url=ready["url"], session_id=token, version="66.0")
    mailbox = account.mailbox(resource=asked["mailboxes"][0])
    counts = {"listed": 0, "files": 0}
    since = mailbox.new_query().greater_equal("receivedDateTime", datetime.fromisoformat(asked["since"]))
    order = "receivedDateTime"
    for message in mailbox.get_messages(asked["limit"], batch=asked["page_size"], query=since, order_by=order):
        counts["listed"] += 1
        shown = graph_form(message)
        rows = rows_of(shown, look_up(salesforce, shown))
        if rows is None:
            continue
        email = rows[0]
        del email["Message_Key__c"]
        salesforce.Email__c.upsert(f"Message_Key__c/{key_of(shown)}", email)
        for participant in rows[1]:
            salesforce.Email_Participant__c.create(participant)
        for task in rows[2]:
            salesforce.Task.create(task)
        if asked["attachments"] and message.has_attachments:
            counts["files"] += store_files(salesforce, message, key_of(shown))
    done(**counts)


def store_files(salesforce: Salesforce, message: Any, key: str) -> int:
    """The files of a message, one after the other."""
    email = salesforce.Email__c.get_by_custom_id("Message_Key__c", key)["Id"]
    message.attachments.download_attachments()
    files = [item for item in message.attachments if not item.is_inline and item.content]
    for item in files:
        content = item.content if isinstance(item.content, str) else base64.b64encode(item.content).decode()
        salesforce.ContentVersion.create(file_row({"name": item.name, "contentBytes": content}, email))
    return len(files)


if __name__ == "__main__":
    main()
