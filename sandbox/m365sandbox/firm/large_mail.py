"""The mail of a generated firm: threads with clients, mail among colleagues, newsletters, and strangers."""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from m365sandbox.firm.deliver import Mailbox
from m365sandbox.firm.large_people import LARGE_DOMAIN, FirmSize, adviser, client
from m365sandbox.graph.delivery.delivery import NewMessage
from m365sandbox.graph.delivery.members import RECIPE
from m365sandbox.mail.phrases import FIRST_NAMES, LANGUAGES, LAST_NAMES, NEWSLETTERS, STRANGERS
from m365sandbox.mail.recipe import BodyRecipe, FileRecipe, Part

_OLDEST = timedelta(days=178)
_NEWEST = timedelta(hours=3)
# Of 100 mails: of clients, among colleagues, newsletters (excluded), of strangers. Counted as copies, since mail among
# colleagues lies in two mailboxes, a little under 40 % of what is listed belongs on client records.
_KINDS = ("client",) * 47 + ("internal",) * 16 + ("newsletter",) * 25 + ("stranger",) * 12
_COPIED_COLLEAGUE = 0.06
_SECOND_CLIENT = 0.12
_REPLY = 0.55
_OUTBOUND = 0.45
_WITH_LOGO = 0.06
# Files come with a tenth of the clients' mail, and with less of the other.
_WITH_FILE = {"client": 0.1}
_WITH_FILE_ELSE = 0.04
# Sizes follow log-normal laws, given by their median and their spread: a file in bytes, what one person writes in
# characters of HTML. A reply is shorter, but quotes what it answers.
_FILE = (150_000, 1.2, 200, 10_000_000)
_FIRST_MAIL = (9_500, 0.8, 1_000, 120_000)
_REPLY_MAIL = (2_500, 0.7, 600, 60_000)
_NEWSLETTER = (40_000, 120_000)
_QUOTED = 10
_FILE_TYPES = (
    ("pdf", "application/pdf", b"%PDF-1.4\n"),
    ("pdf", "application/pdf", b"%PDF-1.7\n"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
    ("jpg", "image/jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"),
    ("csv", "text/csv", b"date;amount\r\n"),
)
# Where a kind of mail lies, by how often a folder stands here; what is sent lies in Sent Items.
_FOLDERS = {
    "client": ("inbox",) * 7 + ("Inbox/Clients", "Inbox/Clients", "archive"),
    "internal": ("inbox",),
    "newsletter": ("inbox", "inbox", "deleteditems"),
    "stranger": ("inbox",) * 4 + ("junkemail",),
}
_READ_AFTER = timedelta(days=2)


@dataclass(slots=True)
class _Thread:
    """A conversation of an adviser: who takes part, how long it is, and its last mail."""

    root: bytes
    language: int
    subject: str
    people: tuple[tuple[str, str], ...]
    length: int = 0
    references: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


@dataclass(slots=True)
class _Writer:
    """Generates mail one by one, in the order of time."""

    size: FirmSize
    boxes: list[Mailbox]
    chance: random.Random
    newest: datetime
    transport: timedelta
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
        message = self._message(kind, self._thread(()), author, [self._reached(owner)], [], when)
        if kind == "newsletter":
            header = {"name": "List-Unsubscribe", "value": f"<mailto:unsubscribe@{_domain(author[1])}>"}
            message["internetMessageHeaders"] = [header]
        return [self._copy(owner, self._folder(kind), message, when)]

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
            copied = [self._colleague(owner)]
        cc = [adviser(number) for number in copied]
        outbound = self.chance.random() < _OUTBOUND
        if outbound:
            message = self._message("client", thread, adviser(owner), list(thread.people), cc, when)
        else:
            author, *others = thread.people
            message = self._message("client", thread, author, [self._reached(owner)], [*others, *cc], when)
        own = self._copy(owner, "sentitems" if outbound else self._folder("client"), message, when)
        return [own, *(self._later_copy(number, message, when) for number in copied)]

    def _client_of(self, owner: int) -> int:
        """An adviser has clients of their own: every n-th Contact, n being the number of advisers."""
        own = range(owner % self.size.contacts, self.size.contacts, self.size.mailboxes)
        return self.chance.choice(own)

    def _colleague(self, owner: int) -> int:
        return (owner + self.chance.randrange(1, len(self.boxes))) % len(self.boxes)

    def _reached(self, owner: int) -> tuple[str, str]:
        """An adviser as others write to them: now and then at their second address."""
        name, address = adviser(owner)
        others = self.boxes[owner].addresses - {address}
        return (name, min(others)) if others and self.chance.random() < 0.2 else (name, address)

    def _internal_mail(self, owner: int, when: datetime) -> list[NewMessage]:
        if len(self.boxes) == 1:
            colleagues: list[int] = []
            people = [("Reception", f"reception@{LARGE_DOMAIN}")]
        else:
            colleagues = [self._colleague(owner)]
            people = [adviser(number) for number in colleagues]
        message = self._message("internal", self._thread(()), adviser(owner), people, [], when)
        own = self._copy(owner, "sentitems", message, when)
        return [own, *(self._later_copy(number, message, when) for number in colleagues)]

    def _thread(self, people: tuple[tuple[str, str], ...]) -> _Thread:
        language = self.chance.randrange(len(LANGUAGES))
        return _Thread(self.chance.randbytes(16), language, self.chance.choice(LANGUAGES[language][0]), people)

    def _folder(self, kind: str) -> str:
        return self.chance.choice(_FOLDERS[kind])

    def _later_copy(self, owner: int, message: dict[str, Any], when: datetime) -> NewMessage:
        """Another mailbox's copy of the same mail: the same Message-ID, received a little later."""
        return self._copy(owner, "inbox", message, when + self.transport)

    def _copy(self, owner: int, folder: str, message: dict[str, Any], when: datetime) -> NewMessage:
        is_read = folder == "sentitems" or self.newest - when > _READ_AFTER
        return NewMessage(self.boxes[owner].upn, {**message, "isRead": is_read}, when, folder)

    def _message(
        self,
        kind: str,
        thread: _Thread,
        author: tuple[str, str],
        to: list[tuple[str, str]],
        cc: list[tuple[str, str]],
        when: datetime,
    ) -> dict[str, Any]:
        index = b"\x01\xdb\x00\x00\x00\x00" + thread.root + b"\x10\x00\x00\x00\x00" * thread.length
        attachments = self._attachments(kind)
        recipe = self._body(kind, thread, author[0], when, has_logo=any(item["isInline"] for item in attachments))
        message_id = f"<{self.size.seed}.{self.sent}@{_domain(author[1])}>"
        message = {
            "subject": f"Re: {thread.subject}" if thread.length else thread.subject,
            "from": _person(author),
            "sender": _person(author),
            "toRecipients": [_person(who) for who in to],
            "ccRecipients": [_person(who) for who in cc],
            RECIPE: recipe,
            "bodyPreview": recipe.preview(),
            "internetMessageId": message_id,
            "sentDateTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "conversationIndex": base64.b64encode(index).decode(),
            "hasAttachments": any(not item["isInline"] for item in attachments),
            "attachments": attachments,
        }
        if thread.references:
            message["internetMessageHeaders"] = [
                {"name": "In-Reply-To", "value": thread.references[-1]},
                {"name": "References", "value": " ".join(thread.references)},
            ]
        thread.references = (*thread.references, message_id)[-10:]
        thread.length = min(thread.length + 1, 20)
        thread.parts = (recipe.own, *thread.parts)[:_QUOTED]
        return message

    def _body(self, kind: str, thread: _Thread, author: str, when: datetime, *, has_logo: bool) -> BodyRecipe:
        if kind == "newsletter":
            size = self.chance.randrange(*_NEWSLETTER)
        else:
            size = self._size(_REPLY_MAIL if thread.parts else _FIRST_MAIL)
        part = Part(self.chance.getrandbits(32), thread.language, size, author, when.strftime("%d %B %Y %H:%M"))
        return BodyRecipe(own=part, quoted=thread.parts, has_logo=has_logo, is_newsletter=kind == "newsletter")

    def _size(self, law: tuple[int, float, int, int]) -> int:
        median, spread, least, most = law
        return min(max(int(median * self.chance.lognormvariate(0, spread)), least), most)

    def _attachments(self, kind: str) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        if self.chance.random() < _WITH_LOGO:
            made.append({**_file("logo.png", "image/png", "logo"), "contentBytes": self.logo})
        if self.chance.random() < _WITH_FILE.get(kind, _WITH_FILE_ELSE):
            ending, content_type, head = self.chance.choice(_FILE_TYPES)
            recipe = FileRecipe(seed=self.chance.getrandbits(32), size=self._size(_FILE), head=head)
            made.append({**_file(f"report-{self.sent}.{ending}", content_type), RECIPE: recipe})
        return made


def generated_mail(size: FirmSize, boxes: list[Mailbox], now: datetime) -> Iterator[NewMessage]:
    """Exactly `size.messages` copies of mail, spread over six months up to some hours before `now`, oldest first."""
    logo = (files("m365sandbox.firm") / "mail" / "files" / "logo.png").read_bytes()
    start = (now - _OLDEST).astimezone(UTC).replace(microsecond=0)
    span = (_OLDEST - _NEWEST).total_seconds()
    writer = _Writer(
        size,
        boxes,
        random.Random(size.seed),  # noqa: S311 - no secret
        newest=start + timedelta(seconds=int(span)),
        # a mail among so many that they come within a second reaches everybody at once, so that time goes on
        transport=timedelta(seconds=1 if span >= 2 * size.messages else 0),
        logo=base64.b64encode(logo).decode(),
    )
    made = 0
    while made < size.messages:
        when = start + timedelta(seconds=int(span * made / size.messages))
        copies = writer.mail(when)[: size.messages - made]
        made += len(copies)
        yield from copies


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _person(who: tuple[str, str]) -> dict[str, Any]:
    return {"emailAddress": {"name": who[0], "address": who[1]}}


def _file(name: str, content_type: str, cid: str | None = None) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": name,
        "contentType": content_type,
        "isInline": cid is not None,
        "contentId": cid,
    }
