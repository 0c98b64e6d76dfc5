"""The GETs for lists, counts, folders and single messages. Pure."""

from datetime import UTC, datetime
from urllib.parse import quote

from connector.graph import parse
from connector.graph.batch import MailboxRequest
from connector.graph.client import IMMUTABLE
from connector.model.values import MessageId
from connector.ports import PageCall

#: asked for by name, in this order: those that every mailbox has come first, because a chain ends at the first 404
WELL_KNOWN = ("msgfolderroot", "drafts", "outbox", "junkemail", "syncissues", "conversationhistory")
FOLDER_PAGE = "odata.maxpagesize=500"


def literal(text: str) -> str:
    """Text as an OData string literal, in quotes (OData 4.01, ABNF: a quote inside is doubled)."""
    return "'" + text.replace("'", "''") + "'"


def messages_path(user: str) -> str:
    return f"/users/{quote(user, safe='')}/messages"


def folders_path(user: str) -> str:
    return f"/users/{quote(user, safe='')}/mailFolders"


def list_request(call: PageCall) -> MailboxRequest:
    fields = parse.LISTED_FIELDS if call.ids_only else parse.HEADER_FIELDS
    query = f"$filter={_filter(call.start, call.end)}&$orderby=receivedDateTime&$select={fields}&$top={call.top}"
    user, folder = call.user, call.folder
    path = messages_path(user) if folder is None else f"{folders_path(user)}/{quote(folder, safe='')}/messages"
    return MailboxRequest(user=user, url=f"{path}?{query}", prefer=IMMUTABLE, once=call.once)


def header_request(user: str, message: MessageId) -> MailboxRequest:
    return MailboxRequest(
        user=user,
        url=f"{messages_path(user)}/{quote(message, safe='')}?$select={parse.HEADER_FIELDS}",
        prefer=IMMUTABLE,
    )


def count_request(user: str, start: datetime, end: datetime) -> MailboxRequest:
    query = f"$filter={_filter(start, end)}&$count=true&$select=id&$top=1"
    return MailboxRequest(user=user, url=f"{messages_path(user)}?{query}", prefer=IMMUTABLE)


def _filter(start: datetime, end: datetime) -> str:
    # by hand: the same as quoting the options, for a seventh of its time, and it is built some hundred times a mailbox
    return f"receivedDateTime%20ge%20{_time(start)}%20and%20receivedDateTime%20lt%20{_time(end)}"


def tree_requests(user: str) -> list[MailboxRequest]:
    """mailFolders/delta shows all folders flat, but v1.0 does not say which are well known: those are asked by name."""
    tree = MailboxRequest(
        user=user, url=f"{folders_path(user)}/delta?$select={parse.FOLDER_FIELDS}", prefer=FOLDER_PAGE
    )
    names = (f"{folders_path(user)}/{name}?$select={parse.FOLDER_FIELDS}" for name in WELL_KNOWN)
    return [tree, *(MailboxRequest(user=user, url=name, prefer=IMMUTABLE) for name in names)]


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
