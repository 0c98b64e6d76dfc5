"""A firm of any size, generated: the same numbers and seed give the same people and the same mail."""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from importlib.resources import files
from itertools import islice
from typing import Any

from connector.sandbox.clock import SandboxClock
from connector.sandbox.firm.deliver import Mailbox
from connector.sandbox.firm.phrases import FIRST_NAMES, LANGUAGES, LAST_NAMES, NEWSLETTERS, STRANGERS
from connector.sandbox.firm.small import SYNC_USER, seed_settings
from connector.sandbox.firm.stores import Mailboxes, MailReport, Records
from connector.sandbox.graph.delivery import NewMessage

LARGE_DOMAIN = "granite-partners.example"
_OLDEST = timedelta(days=178)
_NEWEST = timedelta(hours=3)
_ROWS = 2_000
_BATCH = 500
# Of 100 mails: of clients, among colleagues, newsletters (excluded), of strangers. Counted as copies, since mail among
# colleagues lies in two mailboxes, a little under 40 % of what is listed belongs on client records.
_KINDS = ("client",) * 47 + ("internal",) * 16 + ("newsletter",) * 25 + ("stranger",) * 12
_COPIED_COLLEAGUE = 0.06
_SECOND_CLIENT = 0.12
_REPLY = 0.55
_WITH_LOGO = 0.06
_WITH_FILE = 0.04
# Every so many Contacts one shares the address of the one before: couples.
_SHARED_ADDRESS_EVERY = 20
_CONTACTS_PER_ACCOUNT = 3


@dataclass(frozen=True, slots=True)
class FirmSize:
    """How large: `messages` counts what lies in all mailboxes together."""

    mailboxes: int = 20
    messages: int = 10_000
    contacts: int = 2_000
    seed: int = 1

    def __post_init__(self) -> None:
        if self.mailboxes < 1 or self.messages < 0 or self.contacts < 1:
            raise ValueError("a firm has at least one mailbox and one contact")


def populate_large(salesforce: Records, graph: Mailboxes, clock: SandboxClock, size: FirmSize) -> MailReport:
    """Put a generated firm and its mail into empty services."""
    boxes = build_large(salesforce, graph, size)
    waiting = iter(generated_mail(size, boxes, clock.now()))
    count = 0
    while batch := list(islice(waiting, _BATCH)):
        graph.add_messages(batch)
        count += len(batch)
    return MailReport(messages=count)


def build_large(salesforce: Records, graph: Mailboxes, size: FirmSize, *, imports: bool = False) -> list[Mailbox]:
    """The firm without its mail: users, mailboxes, settings, exclusions, Accounts and Contacts."""
    rows: list[dict[str, Any]] = []
    for number in range(size.mailboxes):
        name, address = adviser(number)
        user = salesforce.create_user(username=address, name=name, email=address, permission_sets=[SYNC_USER])["id"]
        graph_id = graph.create_mailbox(
            userPrincipalName=address, displayName=name, mail=address, proxyAddresses=[f"SMTP:{address}"]
        )
        row = {"Name": name, "Email_Address__c": address, "User_Principal_Name__c": address, "Active__c": True}
        rows.append({**row, "User__c": user, "Graph_User_Id__c": graph_id, "Mailbox_Type__c": "Personal"})
    salesforce.seed("MS_Graph_User__c", rows)
    seed_settings(salesforce, imports=imports)
    rules = [("Internal Domain", LARGE_DOMAIN), *(("External Address", f"*@{_domain(who)}") for who in NEWSLETTERS)]
    salesforce.seed(
        "MS_Graph_Exclusion__c", [{"Type__c": kind, "Pattern__c": rule, "Active__c": True} for kind, rule in rules]
    )
    _seed_clients(salesforce, size.contacts)
    addresses = [adviser(number)[1] for number in range(size.mailboxes)]
    return [Mailbox(address, frozenset([address])) for address in addresses]


def adviser(number: int) -> tuple[str, str]:
    """Name and address of a member of the firm."""
    first, last = _name(number)
    return f"{first} {last}", f"{first}.{last}{number}@{LARGE_DOMAIN}".lower()


def client(number: int) -> tuple[str, str]:
    """Name and address of a Contact."""
    first, last = _name(number)
    owner = number - 1 if number % _SHARED_ADDRESS_EVERY == _SHARED_ADDRESS_EVERY - 1 else number
    owner_first, owner_last = _name(owner)
    return f"{first} {last}", f"{owner_first}.{owner_last}.{owner}@clients{owner % 97}.example".lower()


def _name(number: int) -> tuple[str, str]:
    turn, place = divmod(number, len(FIRST_NAMES))
    return FIRST_NAMES[place], LAST_NAMES[(place * 7 + turn) % len(LAST_NAMES)]


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _seed_clients(salesforce: Records, contacts: int) -> None:
    accounts = -(-contacts // _CONTACTS_PER_ACCOUNT)
    ids: list[str] = []
    for start in range(0, accounts, _ROWS):
        numbers = range(start, min(start + _ROWS, accounts))
        ids += salesforce.seed("Account", [{"Name": _account_name(number)} for number in numbers])
    for start in range(0, contacts, _ROWS):
        numbers = range(start, min(start + _ROWS, contacts))
        salesforce.seed("Contact", [_contact_row(number, ids[number // _CONTACTS_PER_ACCOUNT]) for number in numbers])


def _account_name(number: int) -> str:
    last = _name(number * _CONTACTS_PER_ACCOUNT)[1]
    return f"{last} Holdings {number}" if number % 5 == 0 else f"{last} Household {number}"


def _contact_row(number: int, account: str) -> dict[str, Any]:
    first, last = _name(number)
    return {"FirstName": first, "LastName": last, "Email": client(number)[1], "AccountId": account}


@dataclass(slots=True)
class _Thread:
    """A conversation of an adviser: who takes part, and how long it is."""

    root: bytes
    subject: str
    sentences: tuple[str, ...]
    people: tuple[tuple[str, str], ...]
    length: int = 0


@dataclass(slots=True)
class _Writer:
    """Generates mail one by one, in the order of time."""

    size: FirmSize
    boxes: list[Mailbox]
    chance: random.Random
    threads: dict[int, list[_Thread]] = field(default_factory=dict)
    logo: str = ""
    sent: int = 0

    def mail(self, when: datetime) -> list[NewMessage]:
        """One mail, in as many copies as it has mailboxes."""
        self.sent += 1
        kind = self.chance.choice(_KINDS)
        owner = self.chance.randrange(len(self.boxes))
        if kind == "client":
            return self._client_mail(owner, when)
        if kind == "internal":
            return self._internal_mail(owner, when)
        if kind == "newsletter":
            who = self.chance.choice(NEWSLETTERS)
            author = (_domain(who).partition(".")[0].title(), who)
        else:
            first, last = self.chance.choice(FIRST_NAMES), self.chance.choice(LAST_NAMES)
            number = self.chance.randrange(10_000)
            author = (f"{first} {last}", f"{first}.{last}{number}@{self.chance.choice(STRANGERS)}".lower())
        thread = self._thread(())
        return [self._copy(owner, "inbox", self._message(thread, author, [adviser(owner)], [], when), when)]

    def _client_mail(self, owner: int, when: datetime) -> list[NewMessage]:
        known = self.threads.setdefault(owner, [])
        if known and self.chance.random() < _REPLY:
            thread = self.chance.choice(known)
        else:
            count = 2 if self.chance.random() < _SECOND_CLIENT else 1
            thread = self._thread(tuple(client(self._client_of(owner)) for _ in range(count)))
            known.append(thread)
            del known[:-8]
        copied: list[int] = []
        if len(self.boxes) > 1 and self.chance.random() < _COPIED_COLLEAGUE:
            copied = [(owner + self.chance.randrange(1, len(self.boxes))) % len(self.boxes)]
        cc = [adviser(number) for number in copied]
        outbound = self.chance.random() < 0.45
        if outbound:
            message = self._message(thread, adviser(owner), list(thread.people), cc, when)
        else:
            author, *others = thread.people
            message = self._message(thread, author, [adviser(owner)], [*others, *cc], when)
        own = self._copy(owner, "sentitems" if outbound else "inbox", message, when)
        return [own, *(self._copy(number, "inbox", message, when) for number in copied)]

    def _client_of(self, owner: int) -> int:
        """An adviser has clients of their own: every n-th Contact, n being the number of advisers."""
        own = range(owner % self.size.contacts, self.size.contacts, self.size.mailboxes)
        return self.chance.choice(own)

    def _internal_mail(self, owner: int, when: datetime) -> list[NewMessage]:
        if len(self.boxes) == 1:
            colleagues: list[int] = []
            people = [("Reception", f"reception@{LARGE_DOMAIN}")]
        else:
            colleagues = [(owner + self.chance.randrange(1, len(self.boxes))) % len(self.boxes)]
            people = [adviser(number) for number in colleagues]
        message = self._message(self._thread(()), adviser(owner), people, [], when)
        own = self._copy(owner, "sentitems", message, when)
        return [own, *(self._copy(number, "inbox", message, when) for number in colleagues)]

    def _thread(self, people: tuple[tuple[str, str], ...]) -> _Thread:
        subjects, sentences = self.chance.choice(LANGUAGES)
        return _Thread(self.chance.randbytes(16), self.chance.choice(subjects), sentences, people)

    def _copy(self, owner: int, folder: str, message: dict[str, Any], when: datetime) -> NewMessage:
        return NewMessage(self.boxes[owner].upn, message, when, folder)

    def _message(
        self,
        thread: _Thread,
        author: tuple[str, str],
        to: list[tuple[str, str]],
        cc: list[tuple[str, str]],
        when: datetime,
    ) -> dict[str, Any]:
        text = [self.chance.choice(thread.sentences) for _ in range(self.chance.randrange(2, 7))]
        index = b"\x01\xdb\x00\x00\x00\x00" + thread.root + b"\x10\x00\x00\x00\x00" * thread.length
        attachments = self._attachments()
        logo = '<img src="cid:logo">' if any(item["isInline"] for item in attachments) else ""
        subject = f"Re: {thread.subject}" if thread.length else thread.subject
        thread.length = min(thread.length + 1, 20)
        paragraphs = "".join(f"<p>{escape(sentence)}</p>" for sentence in text)
        signature = f"<p>{escape(author[0])}</p>{logo}"
        return {
            "subject": subject,
            "from": _person(author),
            "sender": _person(author),
            "toRecipients": [_person(who) for who in to],
            "ccRecipients": [_person(who) for who in cc],
            "body": {"contentType": "html", "content": f"<html><body>{paragraphs}{signature}</body></html>"},
            "bodyPreview": "\r\n".join(text)[:255],
            "internetMessageId": f"<{self.size.seed}.{self.sent}@{_domain(author[1])}>",
            "sentDateTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "conversationIndex": base64.b64encode(index).decode(),
            "hasAttachments": any(not item["isInline"] for item in attachments),
            "attachments": attachments,
        }

    def _attachments(self) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        if self.chance.random() < _WITH_LOGO:
            made.append(_file("logo.png", "image/png", self.logo, cid="logo"))
        if self.chance.random() < _WITH_FILE:
            size = int(self.chance.lognormvariate(9, 1)) % 200_000
            content = b"%PDF-1.4\n" + self.chance.randbytes(64) * (size // 64)
            made.append(_file(f"report-{self.sent}.pdf", "application/pdf", base64.b64encode(content).decode()))
        return made


def generated_mail(size: FirmSize, boxes: list[Mailbox], now: datetime) -> Iterator[NewMessage]:
    """Exactly `size.messages` copies of mail, spread over six months up to some hours before `now`, oldest first."""
    logo = (files("connector.sandbox.firm") / "mail" / "files" / "logo.png").read_bytes()
    writer = _Writer(size, boxes, random.Random(size.seed), logo=base64.b64encode(logo).decode())  # noqa: S311
    start = (now - _OLDEST).astimezone(UTC).replace(microsecond=0)
    span = (_OLDEST - _NEWEST).total_seconds()
    made = 0
    while made < size.messages:
        when = start + timedelta(seconds=int(span * made / size.messages))
        copies = writer.mail(when)[: size.messages - made]
        made += len(copies)
        yield from copies


def _person(who: tuple[str, str]) -> dict[str, Any]:
    return {"emailAddress": {"name": who[0], "address": who[1]}}


def _file(name: str, content_type: str, content: str, cid: str | None = None) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": name,
        "contentType": content_type,
        "isInline": cid is not None,
        "contentId": cid,
        "contentBytes": content,
    }
