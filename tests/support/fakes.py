"""Microsoft 365 in memory, behind the port MailSource; and calls that can be counted and cut off.

`Calls` counts every call of every port and can end the process at any of them: from then on nothing gets through.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any

from connector.engine.windows import WindowQueue
from connector.errors import MailboxError, MailboxUnavailableError, MessageError, MessageGoneError, ServiceError
from connector.model.mail import Attachment, Content, Folder, FolderTree, Header, Listed, Page
from connector.model.org import DirectoryUser
from connector.model.values import FolderId, GraphUserId, MessageId, RecordId, whole_second
from connector.ports import CountCall, Download, FolderCall, HeadersCall, PageCall, SourceCall, TreeCall
from tests.support.builders import NOW

ROOT, INBOX, JUNK = FolderId("root"), FolderId("inbox"), FolderId("junk")


class CrashError(BaseException):
    """The process ended here: no handler of the connector may catch it."""


class Calls:
    """Every call of a port, counted from 1. The one numbered `crash_at`, and all that follow, end in a crash."""

    def __init__(self, crash_at: int | None = None) -> None:
        self.names: list[str] = []
        self._crash_at = crash_at
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self._lock:
            self.names.append(name)
            if self._crash_at is not None and len(self.names) >= self._crash_at:
                raise CrashError(f"{len(self.names)}: {name}")


class Gate(Calls):
    """Holds reading up after 1,000 messages until they are looked up, so that there are two chunks at least.

    The call named `crash_on` ends in a crash.
    """

    def __init__(self, crash_on: str | None = None) -> None:
        super().__init__()
        self._crash_on = crash_on
        self._read = 0
        self._looked_up = threading.Event()

    def __call__(self, name: str) -> None:
        super().__call__(name)
        if name == self._crash_on:
            raise CrashError(name)
        if name == "look_up":
            self._looked_up.set()

    def walked(self, queue: WindowQueue, messages: int) -> None:
        """As the run's `progress`."""
        self._read += messages
        if self._read >= 1000:
            assert self._looked_up.wait(60)


class FakeTenant:
    """MailSource. Lists are served in pages with links; `broken` mailboxes raise what is set for them."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.call: Callable[[str], None] = Calls()
        self.boxes: dict[GraphUserId, dict[MessageId, tuple[Header, Content]]] = {}
        self.broken: dict[GraphUserId, MailboxError] = {}
        self.outage: ServiceError | None = None
        self.bodies_broken: dict[MessageId, MessageError] = {}
        self.users: dict[str, DirectoryUser] = {}
        #: mail that is attached to messages
        self.inside: dict[MessageId, Header] = {}
        #: called for each page that is asked for, and may raise what is answered instead
        self.at_list: Callable[[GraphUserId, datetime, datetime], None] = lambda *_: None
        #: messages that the list of the whole mailbox passes over
        self.skipped: set[MessageId] = set()
        #: whether folders say that they hold very much
        self.large = False
        #: whether it says how many messages a range holds
        self.counts = True
        self.calls = 0
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="tenant")

    def start(self, call: SourceCall[Any], done: Callable[[Any], None]) -> None:
        """In a thread, as a tenant answers."""
        self._threads.submit(lambda: done(self._answer(call)))

    def _answer(self, call: SourceCall[Any]) -> Any:
        try:
            match call:
                case PageCall():
                    page = self.page(
                        call.mailbox, call.user, call.start, call.end, top=call.top, link=call.link, folder=call.folder
                    )
                    if call.ids_only:
                        listed = (Listed(id=each.id, received_at=each.received_at) for each in page.headers)
                        page = replace(page, headers=tuple(listed))
                    return replace(page, tree=self.folders(call.user)) if call.with_tree else page
                case CountCall():
                    return self.count(call.user, call.start, call.end)
                case TreeCall():
                    return self.folders(call.user)
                case FolderCall():
                    return self.folder(call.user, call.folder)
                case HeadersCall():
                    return tuple(found for _, found in self.headers(call.wanted) if isinstance(found, Header))
        except MailboxError as error:
            return None if isinstance(call, CountCall) else error
        except BaseException as error:  # handed to the reader, crashes too
            return error
        raise TypeError(call)

    def put(self, user: str, header: Header, content: Content | None = None) -> Header:
        """A message in a mailbox; an id is used once."""
        box = self.boxes.setdefault(GraphUserId(user), {})
        assert header.id not in box, "an id names one message"
        assert header.received_at == whole_second(header.received_at)
        box[header.id] = (header, content or Content(html="<p>Dear client</p>", preview="Dear client"))
        return header

    def page(
        self,
        mailbox: RecordId,
        user: GraphUserId,
        start: datetime,
        end: datetime,
        *,
        top: int,
        link: str | None,
        folder: FolderId | None = None,
    ) -> Page:
        self._asked("page" if folder is None else "folder page", user)
        self.at_list(user, start, end)
        assert 1 <= top <= 1000
        assert start == whole_second(start) < end == whole_second(end)
        place = int(link.rpartition("#")[2]) if link else 0
        headers = sorted(
            (
                header
                for header, _ in self.boxes[user].values()
                if start <= header.received_at < end
                and (header.id not in self.skipped if folder is None else header.folder == folder)
            ),
            key=lambda header: (header.received_at, header.id),
        )
        more = place + top < len(headers)
        shown = tuple(replace(header, mailbox=mailbox) for header in headers[place : place + top])
        return Page(headers=shown, link=f"next#{place + top}" if more else None, served_at=self.now)

    def count(self, user: GraphUserId, start: datetime, end: datetime) -> int | None:
        self._asked("count", user)
        if not self.counts:
            return None
        return sum(start <= header.received_at < end for header, _ in self.boxes[user].values())

    def folders(self, user: GraphUserId) -> FolderTree:
        self._asked("folders", user)
        found = (
            Folder(id=ROOT, parent=None, well_known="msgfolderroot"),
            Folder(id=INBOX, parent=ROOT, name="Inbox"),
            Folder(id=JUNK, parent=ROOT, name="Junk", well_known="junkemail"),
        )
        held = Counter(header.folder for header, _ in self.boxes[user].values())
        times = 10_000 if self.large else 1
        return FolderTree(folders={folder.id: replace(folder, items=held[folder.id] * times) for folder in found})

    def folder(self, user: GraphUserId, folder: FolderId) -> Folder | None:
        self._asked("folder", user)
        return None

    def headers(
        self, wanted: Sequence[tuple[RecordId, GraphUserId, MessageId]]
    ) -> Iterator[tuple[tuple[RecordId, GraphUserId, MessageId], Header | MessageError]]:
        for mailbox, user, message in wanted:
            header: Header | MessageError | None = self._refused("header", user)
            if header is None:
                found = self.boxes[user].get(message)
                header = replace(found[0], mailbox=mailbox) if found else MessageGoneError("gone")
            yield (mailbox, user, message), header

    def find_by_message_id(self, mailbox: RecordId, user: GraphUserId, internet_message_id: str) -> tuple[Header, ...]:
        self._asked("find", user)
        box = self.boxes[user].values()
        found = (header for header, _ in box if header.internet_message_id == internet_message_id)
        return tuple(replace(header, mailbox=mailbox) for header in found)

    def enclosed(self, mailbox: RecordId, user: GraphUserId, message: MessageId) -> Header | None:
        self._asked("enclosed", user)
        return self.inside.get(message)

    def contents(
        self, wanted: Sequence[Header], users: Mapping[RecordId, GraphUserId]
    ) -> Iterator[tuple[Header, Content | MessageError]]:
        for header in reversed(wanted):  # in any order
            gone = self._refused("content", users[header.mailbox])
            found = self.boxes[users[header.mailbox]].get(header.id)
            if gone is None:
                gone = MessageGoneError("gone") if found is None else self.bodies_broken.get(header.id)
            if gone is None and found is not None:
                yield header, replace(found[1], attachments=())
            elif gone is not None:
                yield header, gone

    def attachments(
        self, wanted: Sequence[Header], users: Mapping[RecordId, GraphUserId]
    ) -> Iterator[tuple[Header, tuple[Attachment, ...] | MessageError]]:
        for header in wanted:
            self._asked("attachments", users[header.mailbox])
            yield header, ()

    def small_files(
        self, wanted: Sequence[tuple[GraphUserId, MessageId, str]], *, most: int
    ) -> Iterator[tuple[int, bytes | MessageError]]:
        raise MessageGoneError("this tenant has no attachments")

    def download(
        self, user: GraphUserId, message: MessageId, attachment: str | None
    ) -> AbstractContextManager[Download]:
        raise MessageGoneError("this tenant has no attachments")

    def find_user(self, names: Sequence[str]) -> DirectoryUser | None:
        self._asked("find_user", None)
        return next((self.users[name] for name in names if name in self.users), None)

    def has_user(self, address: str) -> bool | None:
        self._asked("has_user", None)
        return address in self.users

    def addresses(self, user: GraphUserId) -> tuple[str, ...] | None:
        self._asked("addresses", None)
        return next((known.addresses for known in self.users.values() if known.id == user), None)

    def purpose(self, user: GraphUserId) -> str:
        self._asked("purpose", None)
        return next((known.purpose for known in self.users.values() if known.id == user), "")

    def _refused(self, name: str, user: GraphUserId) -> MessageError | None:
        """What a mailbox that cannot be read answers where messages are asked for one by one."""
        try:
            self._asked(name, user)
        except MailboxUnavailableError as error:
            return MessageGoneError(error.what)
        except MailboxError as error:
            return MessageError(error.what, code=error.code, transient=True)
        return None

    def _asked(self, name: str, user: GraphUserId | None) -> None:
        self.calls += 1
        self.call(name)
        if self.outage is not None:
            raise self.outage
        if user in self.broken:
            raise self.broken[user]
        if user is not None and user not in self.boxes:
            raise MailboxUnavailableError("no such mailbox", where=user)
