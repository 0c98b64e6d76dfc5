"""What a run needs from the outside, as protocols. `graph/` and `salesforce/` implement them; tests have fakes.

All methods may raise `ServiceError` (the run stops). Those that concern one mailbox raise `MailboxError`, those that
concern one message return or raise `MessageError`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from connector.core.writing.rematch import Changes, FiledMail, Watch
from connector.errors import MessageError
from connector.model.mail import Attachment, Content, Folder, FolderTree, Header, Page, Unread
from connector.model.org import DirectoryUser, Hits, SettledError, Setup
from connector.model.records import (
    MailTask,
    Merge,
    NewFile,
    Row,
    RowError,
    RowResult,
    StoredEmail,
    StoredFile,
    StoredKey,
)
from connector.model.run import EventRecord, Failure, MailboxUpdate, WindowKind
from connector.model.values import FolderId, GraphUserId, MessageId, NormalAddress, RecordId

#: what a call is answered with
Answer_co = TypeVar("Answer_co", covariant=True)


class Download(Protocol):
    """A file that is being read: once, from the beginning."""

    @property
    def size(self) -> int | None:
        """Its bytes, where the source announced them."""
        ...

    @property
    def head(self) -> bytes:
        """Its first bytes, which iterating gives all the same."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """All its bytes, piece by piece. Raises MessageError where they cannot be read to their end."""
        ...


class SourceCall(Generic[Answer_co]):
    """What the reader asks of a mail source without waiting for it; each kind names what it is answered with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCall(SourceCall[Page]):
    """One page of [start, end) in ascending received time, or the page behind `link`.

    `kind` is that of the window, which sets its turn. `folder`: of this one alone; where it is not there any more,
    it holds nothing. `with_tree`: the folder tree too, in the same request. `ids_only`: the page holds `Listed`.
    `once`: an answer that fails is told at once. A page that cannot be read is a BrokenListError; a message of it that
    cannot be read is `Listed` in it.
    """

    mailbox: RecordId
    user: GraphUserId
    kind: WindowKind
    start: datetime
    end: datetime
    top: int
    link: str | None = None
    folder: FolderId | None = None
    with_tree: bool = False
    ids_only: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CountCall(SourceCall[int | None]):
    """About how many messages [start, end) holds, as a hint; None where the service does not say, or fails."""

    user: GraphUserId
    kind: WindowKind
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeCall(SourceCall[FolderTree]):
    """The folder tree of a mailbox."""

    user: GraphUserId
    kind: WindowKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderCall(SourceCall[Folder | None]):
    """One folder by id; None where there is none."""

    user: GraphUserId
    folder: FolderId


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadersCall(SourceCall[Sequence[Header | Unread]]):
    """The headers of messages of one mailbox by id, in any order, without those that are not there any more.

    `received`: when each was received, for those that cannot be read.
    """

    wanted: tuple[tuple[RecordId, GraphUserId, MessageId], ...]
    received: tuple[datetime, ...] = ()


class MailSource(Protocol):
    """Mail in Microsoft 365. Every call is safe from several threads; the limits of a mailbox are kept inside."""

    def start(self, call: SourceCall[Answer_co], done: Callable[[Answer_co | BaseException], None]) -> None:
        """Ask, and come back at once; `done` is called with the answer, or the error, in some thread of the source."""
        ...

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
        """As `PageCall`, and wait for it."""
        ...

    def folders(self, user: GraphUserId) -> FolderTree:
        """The folder tree of a mailbox. Raises MailboxError."""
        ...

    def headers(
        self, wanted: Sequence[tuple[RecordId, GraphUserId, MessageId]]
    ) -> Iterator[tuple[tuple[RecordId, GraphUserId, MessageId], Header | MessageError]]:
        """The headers of single messages by id, in any order; MessageGoneError for one that is not there."""
        ...

    def find_by_message_id(self, mailbox: RecordId, user: GraphUserId, internet_message_id: str) -> tuple[Header, ...]:
        """The messages of a mailbox that have this Message-ID, which need not be one."""
        ...

    def enclosed(self, mailbox: RecordId, user: GraphUserId, message: MessageId) -> Header | None:
        """The headers of the mail that is attached to a message; None where none is. Raises MailboxError."""
        ...

    def folder(self, user: GraphUserId, folder: FolderId) -> Folder | None:
        """One folder by id; None where there is none."""
        ...

    def contents(
        self, wanted: Sequence[Header], users: Mapping[RecordId, GraphUserId]
    ) -> Iterator[tuple[Header, Content | MessageError]]:
        """The bodies of many messages, mailboxes mixed, in any order, each exactly once.

        Attachments are listed with them, whatever the header says, and those marked that the body shows.
        """
        ...

    def attachments(
        self, wanted: Sequence[Header], users: Mapping[RecordId, GraphUserId]
    ) -> Iterator[tuple[Header, tuple[Attachment, ...] | MessageError]]:
        """The lists of attachments of many messages, mailboxes mixed, in any order, each exactly once."""
        ...

    def small_files(
        self, wanted: Sequence[tuple[GraphUserId, MessageId, str]], *, most: int
    ) -> Iterator[tuple[int, bytes | MessageError]]:
        """The contents of small attachments, each with its number in `wanted`, in any order.

        One of more than `most` bytes is an error with the code TOO_LARGE: it is to be opened with `download`.
        """
        ...

    def download(
        self, user: GraphUserId, message: MessageId, attachment: str | None
    ) -> AbstractContextManager[Download]:
        """Open an attachment, or with None the message itself as MIME. Nothing of it is held in memory.

        Entering raises MessageError (MessageGoneError where it is not there), and so does reading: on a body that
        ends early, and when the time for one attachment is up.
        """
        ...

    def find_user(self, names: Sequence[str]) -> DirectoryUser | None:
        """The user that has one of the names as UPN, or else as address; None where the tenant has none."""
        ...

    def has_user(self, address: str) -> bool | None:
        """Whether the directory has a user with this address; None where it cannot be asked."""
        ...

    def addresses(self, user: GraphUserId) -> tuple[str, ...] | None:
        """Every address that a user has today, in lower case; None where the directory cannot be asked."""
        ...

    def purpose(self, user: GraphUserId) -> str:
        """What a mailbox is for today, as `DirectoryUser.purpose`; empty where that cannot be asked."""
        ...

    @property
    def calls(self) -> int:
        """HTTP requests to /v1.0 so far."""
        ...


class SetupSource(Protocol):
    """What admins set: settings, exclusions, mailboxes, rights. Read anew by every run."""

    @property
    def now(self) -> datetime | None:
        """The Date of the newest answer (UTC); None before the first."""
        ...

    def read(self) -> Setup:
        """Everything at once. Raises SetupError where something cannot be read to its end."""
        ...


class Directory(Protocol):
    """Clients and stored mail in Salesforce."""

    def look_up(
        self, addresses: Iterable[NormalAddress], copies: Iterable[StoredKey]
    ) -> tuple[Hits, Sequence[StoredEmail]]:
        """Contacts and Accounts by address, and stored mail by key or Message-ID, in as few calls as can be.

        The recycle bin is included in stored mail. An address without a hit maps to an empty tuple.
        """
        ...

    def forget(self, addresses: Iterable[NormalAddress]) -> None:
        """Ask anew who has these addresses, when they are looked up next."""
        ...


class StoredMail(Protocol):
    """Stored mail that has to follow what people changed."""

    def expect(self, watch: Watch) -> None:
        """Find out what changed along with the next look-up, so that it needs no call of its own."""
        ...

    def changes(self) -> Changes:
        """What changed, by the last `expect`."""
        ...

    def mails_with(self, clients: Mapping[NormalAddress, Iterable[RecordId]]) -> Sequence[RecordId]:
        """The mails with one of these addresses that may lack a record which has it now; not those removed."""
        ...

    def read(self, emails: Sequence[RecordId]) -> Sequence[FiledMail]:
        """These mails with their participants and the keys of their Tasks."""
        ...

    def with_one_id(self, *, since: datetime) -> Iterable[Sequence[StoredEmail]]:
        """The mails that changed since then and have one Message-ID with another of them, in parts that hold all of an
        id; without their children, and without those that were removed or deleted."""
        ...

    def tasks(self, emails: Sequence[RecordId]) -> Sequence[MailTask]:
        """The Tasks below these mails, those that people made included."""
        ...

    def take_over(self, merges: Sequence[Merge]) -> Mapping[RecordId, RowError]:
        """Carry out merges whose rows are written, at most 200: files, then what is there twice, then the younger mail.

        The refusals, by younger mail, which stays then. Raises OrgFaultError where all are.
        """
        ...

    def blank(self, emails: Sequence[RecordId]) -> Mapping[RecordId, RowError]:
        """Delete participants, Tasks and files of removed mails and blank the rest; the refusals.

        What is refused is looked for again by the first run of the next day. Raises OrgFaultError where all are.
        """
        ...

    def delete(self, emails: Sequence[RecordId], *, today: date) -> Mapping[RecordId, RowError]:
        """Delete mails, with their files, that are still Unmatched and not to be kept until `today`; as `blank`."""
        ...

    def keep_away(self, deleted: Sequence[StoredEmail]) -> Mapping[RecordId, RowError]:
        """Put a tombstone in the place of mails that a person deleted, so that they are never stored again; the
        refusals, by mail. One that has a tombstone keeps it."""
        ...

    def deleted_before(self, returned: Mapping[RecordId, str]) -> Collection[RecordId]:
        """Those of new mails that a person deleted before, without a trace but a Task that has lost its mail.

        `returned`: the Task_Key__c of a Task that was there before its mail.
        """
        ...

    def take_back(self, tombstones: Mapping[RecordId, RecordId]) -> None:
        """Delete those tombstones whose mail was undeleted. `tombstones`: the mail that each stands in for."""
        ...


class FileSink(Protocol):
    """Files on stored mail. Every call is safe from several threads."""

    def upload_together(self, files: Sequence[tuple[NewFile, bytes]]) -> Sequence[MessageError | None]:
        """Store small files, whose contents are at hand, in one request; what became of each, in order.

        Raises ServiceError for what concerns the org as a whole.
        """
        ...

    def upload(self, file: NewFile, source: Callable[[], AbstractContextManager[Download]]) -> None:
        """Store a file once, also after attempts that may have succeeded; `source` is opened anew for each attempt.

        Raises MessageError where this file cannot be stored, and what reading the source raises; it is not stored then.
        """
        ...

    def find(self, emails: Iterable[RecordId]) -> Mapping[RecordId, tuple[StoredFile, ...]]:
        """The files on these Emails, those that people put there included."""
        ...

    def remove(self, documents: Sequence[RecordId]) -> None:
        """Delete files; those that are gone already are no matter."""
        ...


class RecordSink(Protocol):
    """Writes the rows of mails; `files` stores the files that belong to them."""

    @property
    def files(self) -> FileSink:
        """Files on the Emails that were written."""
        ...

    def write(self, mails: Sequence[Sequence[Row]], *, event: EventRecord) -> list[list[RowResult]]:
        """Write the rows of each mail; results in the same shape. A failed row never undoes another.

        `event` is touched by each request. Rows with `id` are updates, the others inserts with their audit fields.
        """
        ...


class RunLog(Protocol):
    """Events, errors and checkpoints: one call, in this order, after the rows of their windows are committed."""

    def save(
        self,
        *,
        event: EventRecord | None,
        failures: Sequence[Failure],
        mailboxes: Sequence[MailboxUpdate],
        settled: Sequence[SettledError] = (),
        answered: Sequence[RecordId] = (),
        matched_through: tuple[RecordId, datetime] | None = None,
    ) -> None:
        """Write them; `answered` are events whose Retry_Requested__c is done with.

        `matched_through` is the settings record and the time up to which changes of clients are dealt with.

        Raises ServiceError where any of them is refused: a checkpoint never moves in silence.
        """
        ...

    @property
    def calls(self) -> int:
        """HTTP requests to /services/data so far, sign-in apart."""
        ...
