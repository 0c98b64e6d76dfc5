"""Whatever kind of value stands where in an answer, it ends as a failure by name: of an item, a mailbox or a service.

The right result is a value or one of our errors; a TypeError or KeyError would end a run as "Unexpected".
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from queue import SimpleQueue
from random import Random
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from responses import RequestsMock

from connector.core.writing.rematch import Watch
from connector.errors import ConnectorError, MessageError
from connector.graph.client import GraphClient
from connector.graph.dispatch import RequestDispatcher
from connector.graph.mail import GraphMail
from connector.http.transport import Transport
from connector.model.mail import Content, Header, Listed, Unread
from connector.model.records import NewFile, Row
from connector.model.run import EventRecord, WindowKind
from connector.model.values import FolderId, GraphUserId, MessageId, NormalAddress, RecordId
from connector.ports import CountCall, FolderCall, HeadersCall, PageCall, TreeCall
from connector.salesforce.directory import SalesforceDirectory
from connector.salesforce.files import SalesforceFiles
from connector.salesforce.run_log import SalesforceRunLog
from connector.salesforce.setup import EmailFields, SalesforceSetup
from connector.salesforce.stored_mail import SalesforceStoredMail
from connector.salesforce.writer import SalesforceWriter
from tests.support.builders import header
from tests.support.odd_json import odd
from tests.unit.salesforce.org import Org
from tests.unit.salesforce.test_setup import EXCLUSION, MAILBOX, OWN, SETTING, describe, field, records, writable

GRAPH = "https://graph.firm.example"
BOX, ADA = RecordId("a0M000000000001AAA"), GraphUserId("ada")
START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
EVENT = EventRecord(key="run-1", fields={"Run_Key__c": "run-1"})
PERSON = {"emailAddress": {"name": "Rita", "address": "rita@reed.example"}}
MESSAGE = {
    "id": "m1",
    "parentFolderId": "inbox",
    "receivedDateTime": "2026-03-01T08:00:00Z",
    "sentDateTime": "2026-03-01T08:00:00Z",
    "internetMessageId": "<m1@reed.example>",
    "conversationIndex": "AQ==",
    "subject": "Hello",
    "from": PERSON,
    "sender": PERSON,
    "toRecipients": [PERSON],
    "ccRecipients": [],
    "bccRecipients": [],
    "importance": "normal",
    "categories": ["Blue"],
    "webLink": "https://outlook.example/m1",
    "isDraft": False,
    "hasAttachments": True,
    "body": {"contentType": "html", "content": "<p>Hello</p>"},
    "bodyPreview": "Hello",
}
FILE = {"@odata.type": "#microsoft.graph.fileAttachment", "id": "f1", "name": "a.pdf", "size": 5, "isInline": False}
FOLDER = {"id": "inbox", "displayName": "Inbox", "parentFolderId": "root", "isHidden": False, "totalItemCount": 3}
USER = {
    "id": "ada",
    "userPrincipalName": "ada@x.example",
    "mail": "ada@x.example",
    "proxyAddresses": ["SMTP:a@x.example"],
}
#: good answers by what the path ends with
GOOD: dict[str, Any] = {
    "/messages": {"value": [MESSAGE, {**MESSAGE, "id": "m2"}], "@odata.count": 2},
    "/attachments": {"value": [FILE]},
    "/m1": MESSAGE,
    "/delta": {"value": [FOLDER]},
    "/userPurpose": {"value": "user"},
    "/users": {"value": [USER]},
    "/ada": USER,
    "": FOLDER,
}


def good(path: str) -> Any:
    return next(answer for end, answer in GOOD.items() if path.partition("?")[0].endswith(end))


@contextmanager
def graph(chance: Random, *, batched: bool) -> Iterator[GraphMail]:
    """A mail source whose answers are odd: inside a $batch, or the $batch itself."""

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        path = str(request.url).removeprefix(f"{GRAPH}/v1.0")
        if path != "/$batch":
            return 200, {}, json.dumps(odd(chance, good(path)))
        asked = json.loads(request.body or "{}")["requests"]
        found = [{"id": each["id"], "status": 200, "body": good(each["url"])} for each in asked]
        whole: Any = {"responses": found}
        if batched:
            whole = odd(chance, whole)
        else:
            for each in found:
                each["body"] = odd(chance, each["body"])
        return 200, {}, json.dumps(whole)

    with (
        RequestsMock(assert_all_requests_are_fired=False) as wire,
        Transport(sleep=lambda _: None, jitter=lambda: 0.0, max_attempts=1) as transport,
        RequestDispatcher(GraphClient(transport.service("Graph", GRAPH, counted="/v1.0")), workers=1) as dispatcher,
    ):
        for method in ("GET", "POST"):
            wire.add_callback(method, re.compile(re.escape(GRAPH)), callback=answer)
        yield GraphMail(dispatcher)


def started(mail: GraphMail, call: Any) -> Any:
    told: SimpleQueue[Any] = SimpleQueue()
    mail.start(call, told.put)
    answer = told.get(timeout=30)
    if isinstance(answer, BaseException):
        raise answer
    return answer


def page_of(**how: Any) -> PageCall:
    return PageCall(mailbox=BOX, user=ADA, kind=WindowKind.LIVE, start=START, end=END, top=50, **how)


HEADER = header(mailbox=BOX, id="m1", has_attachments=True)
ASKED: dict[str, Callable[[GraphMail], Any]] = {
    "page": lambda mail: started(mail, page_of()),
    "ids": lambda mail: started(mail, page_of(ids_only=True)),
    "page with tree": lambda mail: started(mail, page_of(with_tree=True)),
    "tree": lambda mail: started(mail, TreeCall(user=ADA, kind=WindowKind.LIVE)),
    "folder": lambda mail: started(mail, FolderCall(user=ADA, folder=FolderId("f"))),
    "count": lambda mail: started(mail, CountCall(user=ADA, kind=WindowKind.LIVE, start=START, end=END)),
    "headers": lambda mail: started(mail, HeadersCall(wanted=((BOX, ADA, MessageId("m1")),), received=(START,))),
    "retries": lambda mail: list(mail.headers([(BOX, ADA, MessageId("m1"))])),
    "elsewhere": lambda mail: mail.find_by_message_id(BOX, ADA, "m1@reed.example"),
    "contents": lambda mail: list(mail.contents([HEADER], {BOX: ADA})),
    "attachments": lambda mail: list(mail.attachments([HEADER], {BOX: ADA})),
    "user": lambda mail: mail.find_user(["ada@x.example"]),
    "has user": lambda mail: mail.has_user("ada@x.example"),
    "addresses": lambda mail: mail.addresses(ADA),
}


def is_whole(found: Any) -> bool:
    """Whether what came out has the kinds that it says: what is of another kind would fail later, unnamed."""
    if isinstance(found, Header):
        texts = (found.id, found.folder, found.subject, found.importance, found.web_link, *found.categories)
        people = [each for each in (found.from_, found.sender, *found.to, *found.cc, *found.bcc) if each]
        texts += tuple(text for each in people for text in (each.name, each.address))
        return all(isinstance(text, str) for text in texts) and isinstance(found.is_draft, bool)
    if isinstance(found, Content):
        listed = found.attachments
        files = () if listed is None or isinstance(listed, MessageError) else listed
        return all(isinstance(text, str) for text in (found.html, found.preview, *(each.id for each in files)))
    return True


@pytest.mark.parametrize("batched", [True, False], ids=["batch", "inside"])
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
@settings(max_examples=25, deadline=None)
@given(chance=st.integers(0, 2**32).map(Random))
def test_graph(chance: Random, ask: Callable[[GraphMail], Any], *, batched: bool) -> None:
    with graph(chance, batched=batched) as mail:
        try:
            found = ask(mail)
        except ConnectorError:
            return
    pages = getattr(found, "headers", found)
    for each in pages if isinstance(pages, list | tuple) else ():
        one = each[1] if isinstance(each, tuple) else each
        assert not isinstance(one, BaseException) or isinstance(one, ConnectorError)
        assert is_whole(one)
        assert isinstance(one, Header | Listed | Unread | Content | MessageError | tuple | str)


# -- Salesforce -------------------------------------------------------------------------------------------------------

ERROR = {
    "Id": "a0R000000000001AAA",
    "Error_Key__c": "e" * 64,
    "Mailbox__c": BOX,
    "Graph_Message_Id__c": "m1",
    "Internet_Message_Id__c": "m1@reed.example",
    "Received_At__c": "2026-01-31T08:00:00.000+0000",
    "Attempts__c": 1.0,
    "Next_Attempt_At__c": "2026-01-31T08:15:00.000+0000",
    "Status__c": "Failed",
    "Email__c": None,
    "Sync_Event__c": None,
    "Sync_Event__r": None,
    "Subject__c": None,
    "Code__c": "X",
    "Message__c": "x",
}
CONTACT = {
    "Id": "003000000000001AAA",
    "CreatedDate": "2026-01-01T00:00:00.000+0000",
    "AccountId": "001000000000001AAA",
    "Email": "rita@reed.example",
    "SystemModstamp": "2026-01-31T08:00:00.000+0000",
}
CHILD = {
    "Id": "a0P000000000001AAA",
    "Participant_Key__c": "k:1",
    "Address__c": "rita@reed.example",
    "Display_Name__c": "Rita",
    "Role__c": "From",
    "Contact__c": None,
    "Account__c": None,
}
LINK = {
    "LinkedEntityId": "a0E000000000001AAA",
    "ContentDocumentId": "069000000000001AAA",
    "ContentDocument": {"LatestPublishedVersion": {"Attachment_Key__c": "k:f"}},
}


def email() -> dict[str, Any]:
    from connector.salesforce import parse

    texts = dict.fromkeys(parse.READ_FIELDS, "x")
    return {
        **texts,
        "Id": "a0E000000000001AAA",
        "Message_Key__c": "k" * 32,
        "Internet_Message_Id__c": "m1@reed.example",
        "Graph_Message_Id__c": "m1",
        "Mailbox__c": BOX,
        "From_Address__c": "rita@reed.example",
        "Sent_At__c": "2026-01-31T08:00:00.000+0000",
        "Received_At__c": "2026-01-31T08:00:00.000+0000",
        "CreatedDate": "2026-01-31T08:00:00.000+0000",
        "CreatedById": "005000000000001AAA",
        "OwnerId": "005000000000001AAA",
        "Match_Status__c": "Matched",
        "IsDeleted": False,
        "Attachment_Count__c": 1.0,
        "Body_Truncated__c": False,
        "SystemModstamp": "2026-01-31T08:00:00.000+0000",
        "Subject__c": "Hello",
        "Preview__c": "Hello",
        "Web_Link__c": None,
        "Direction__c": "Inbound",
        "Name": "Hello",
        "Expires_On__c": None,
        "Participants__r": records(CHILD)[1],
        "ContentDocumentLinks": records(LINK)[1],
    }


def setup_answers() -> dict[str, tuple[int, Any]]:
    from connector.salesforce import rights

    status = field("Status", "picklist", picklistValues=[{"value": "Completed", "active": True}])
    return {
        **{f"sobjects/{name}/describe": writable(name) for name in rights.objects()},
        "sobjects/Organization": (200, {"Id": "00D000000000001AAA", "TimeZoneSidKey": "Europe/Berlin"}),
        "sobjects/MS_Graph_Setting__c/Key__c/default": (200, SETTING),
        "sobjects/Task/describe": writable("Task", status),
        "sobjects/Contact/describe": describe(field("Email", "email"), field("Name")),
        "sobjects/Account/describe": describe(field("Name")),
        "FROM MS_Graph_Exclusion__c": records(EXCLUSION),
        "FROM MS_Graph_User__c": records(MAILBOX),
        "FROM MS_Graph_Sync_Error__c": records(ERROR),
        "FROM PermissionSetGroupComponent": records(),
        "FROM PermissionSetAssignment": records(OWN),
    }


def directory(org: Org) -> SalesforceDirectory:
    return SalesforceDirectory(org.client, lambda: EmailFields(contact=("Email",), account=()))


def look_up(org: Org) -> Any:
    found = directory(org)
    found.expect(Watch(since=START, today=date(2026, 3, 2)))
    found.look_up([NormalAddress("rita@reed.example")], [("k" * 32, "m1@reed.example")])
    return found.changes()


def row(name: str = "Email__c", **fields: Any) -> Row:
    return Row(object=name, key_field="Message_Key__c", key="k", fields=fields)


def new_file() -> NewFile:
    return NewFile(
        email=RecordId("a0E000000000001AAA"),
        key="k:f",
        name="a.pdf",
        owner=RecordId("005000000000001AAA"),
        created_at=START,
    )


WORK: dict[str, Callable[[Org], Any]] = {
    "setup": lambda org: SalesforceSetup(org.client).read(),
    "look-up": look_up,
    "stored mail": lambda org: SalesforceStoredMail(org.client, directory(org)).read([RecordId("a0E000000000001AAA")]),
    "files": lambda org: SalesforceFiles(org.client).find([RecordId("a0E000000000001AAA")]),
    "rows": lambda org: SalesforceWriter(org.client).write([[row()]], event=EVENT),
    "checkpoint": lambda org: SalesforceRunLog(org.client).save(event=EVENT, failures=[], mailboxes=[]),
    "blanking": lambda org: SalesforceStoredMail(org.client, directory(org)).blank([RecordId("a0E000000000001AAA")]),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
@settings(max_examples=60, deadline=None)
@given(chance=st.integers(0, 2**32).map(Random))
def test_salesforce(chance: Random, work: Callable[[Org], Any]) -> None:
    with RequestsMock(assert_all_requests_are_fired=False) as wire:
        org = Org(wire)
        org.resources = {
            **setup_answers(),
            "FROM Contact": records(CONTACT),
            "FROM Email__c": records(email()),
            "FROM Email_Participant__c": records({**CHILD, "Email__c": "a0E000000000001AAA", "Email__r": None}),
            "FROM ContentDocumentLink": records({**LINK, "Id": "06A000000000001AAA"}),
            "FROM Task": records({"Id": "00T1", "Email__c": "a0E000000000001AAA", "Task_Key__c": "k:1"}),
        }
        org.change = lambda answer: odd(chance, answer)
        with suppress(ConnectorError):
            work(org)


@settings(max_examples=60, deadline=None)
@given(chance=st.integers(0, 2**32).map(Random))
def test_what_became_of_files_that_went_together(chance: Random) -> None:
    with RequestsMock(assert_all_requests_are_fired=False) as wire:
        org = Org(wire)
        answer = [{"id": "068000000000001AAA", "success": True, "errors": []}]
        wire.post(re.compile(r".*/composite/sobjects$"), json=odd(chance, answer))
        try:
            [became] = SalesforceFiles(org.client).upload_together([(new_file(), b"%PDF")])
        except ConnectorError:
            return
        assert became is None or isinstance(became, MessageError)
