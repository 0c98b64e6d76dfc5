"""Files of mails in memory: a tenant that gives them, a shelf that takes them, and a run's filing between the two."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import count

from connector.core.writing.attachments import sort_out
from connector.engine.attachments import AttachmentStore
from connector.engine.decider import Candidate
from connector.engine.filing import SMALL
from connector.engine.mail_files import MailFiles
from connector.engine.outcomes import OutcomeLedger
from connector.engine.windows import WindowQueue
from connector.errors import MessageError
from connector.model.mail import Attachment, AttachmentKind, Decision, Header
from connector.model.records import NewFile, StoredFile
from connector.model.values import GraphUserId, MessageId, RecordId
from connector.ports import Download
from tests.support.builders import header, mailbox, settings
from tests.support.fake_org import FakeOrg
from tests.support.fakes import FakeTenant
from tests.unit.engine.contexts import context_of

KEY, EMAIL, OWNER = "0" * 32, RecordId("a0E000000000001AAA"), RecordId("005000000000001AAA")
SETTINGS = settings()


class Tenant(FakeTenant):
    """Attachments by message: the list of each, and what downloading each raises, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[MessageId, tuple[Attachment, ...] | MessageError] = {}
        self.faults: dict[str, list[Exception]] = {}
        self.opened: list[str] = []
        #: the small files by message and attachment, and what was asked for at a time
        self.small: dict[tuple[MessageId, str], bytes | MessageError] = {}
        self.together: list[list[tuple[MessageId, str]]] = []
        #: the largest size that a small file might have, for each time that some were asked for
        self.limits: list[int] = []
        #: called before small files are given
        self.at_small: Callable[[], object] = lambda: None

    def small_files(
        self, wanted: Sequence[tuple[GraphUserId, MessageId, str]], *, most: int
    ) -> Iterator[tuple[int, bytes | MessageError]]:
        if wanted:
            self.together.append([(message, attachment) for _, message, attachment in wanted])
            self.limits.append(most)
            self.at_small()
        for number, (_, message, attachment) in reversed([*enumerate(wanted)]):  # in any order
            yield number, self.small[message, attachment]

    def attachments(
        self, wanted: Sequence[Header], users: Mapping[RecordId, GraphUserId]
    ) -> Iterator[tuple[Header, tuple[Attachment, ...] | MessageError]]:
        yield from ((header, self.lists[header.id]) for header in wanted)

    def download(
        self, user: GraphUserId, message: MessageId, attachment: str | None
    ) -> AbstractContextManager[Download]:
        return self._open(f"{message}/{attachment}")

    @contextmanager
    def _open(self, place: str) -> Iterator[Download]:
        self.opened.append(place)
        if faults := self.faults.get(place):
            raise faults.pop(0)
        yield File()


class File:
    """What is downloaded: as large as it was listed."""

    head, size = b"%PDF", SMALL + 1

    def __iter__(self) -> Iterator[bytes]:
        yield self.head
        yield _REST


_REST = bytes(SMALL - 3)
#: the listed size of a small file here: its contents are some bytes, the rest is what a mailbox keeps beside them
LISTED = 4_000


class Shelf:
    """FileSink: what was put there, and by whom else."""

    def __init__(self) -> None:
        self.files: dict[tuple[RecordId, str], NewFile] = {}
        self.there: dict[RecordId, tuple[StoredFile, ...]] = {}
        self.found: list[list[RecordId]] = []
        self.removed: list[RecordId] = []
        #: what went up together, and what is refused there by name
        self.requests: list[list[NewFile]] = []
        self.refused: dict[str, MessageError] = {}
        self.outage: Exception | None = None
        self._documents = count(1)
        self._lock = threading.Lock()

    def upload_together(self, files: Sequence[tuple[NewFile, bytes]]) -> Sequence[MessageError | None]:
        assert all(content for _, content in files)
        with self._lock:
            self.requests.append([file for file, _ in files])
            if self.outage is not None:
                raise self.outage
            for file, _ in files:
                if file.name not in self.refused:
                    self._put(file)
        return [self.refused.get(file.name) for file, _ in files]

    def upload(self, file: NewFile, source: Callable[[], AbstractContextManager[Download]]) -> None:
        with source() as download:
            assert sum(map(len, download)) == download.size
        with self._lock:
            self._put(file)

    def _put(self, file: NewFile) -> None:
        assert (file.email, file.key) not in self.files
        self.files[file.email, file.key] = file
        document = RecordId(f"069{next(self._documents):012d}AAA")
        self.there[file.email] = (*self.there.get(file.email, ()), StoredFile(key=file.key, document=document))

    def find(self, emails: Iterable[RecordId]) -> Mapping[RecordId, tuple[StoredFile, ...]]:
        self.found.append([*emails])
        return {email: self.there.get(email, ()) for email in self.found[-1]}

    def remove(self, documents: Sequence[RecordId]) -> None:
        assert len(set(documents)) == len(documents)
        self.removed += documents


def attached(name: str, place: str = "", *, size: int = SMALL + 1) -> Attachment:
    """Large, unless told otherwise."""
    return Attachment(id=place or name, kind=AttachmentKind.FILE, name=name, content_type="application/pdf", size=size)


def copy_in(number: int) -> Candidate:
    """The copy of the mail in a mailbox of its own."""
    box = mailbox(id=RecordId(f"a0M{number:012d}AAA"), user_principal_name=f"adviser{number}@firm.example")
    queue = WindowQueue(box, GraphUserId(f"user-{number}"))
    return Candidate(header(mailbox=box.id, id=f"copy{number}"), queue, Decision(outcome=None))


def case(*names: str, copies: int = 1, number: int = 1, size: int = SMALL + 1, **fields: object) -> MailFiles:
    """A mail with these files of this size each, none of which is there yet."""
    wanted = sort_out([attached(name, size=size) for name in names], KEY, SETTINGS).files
    known = MailFiles(
        email=RecordId(f"a0E{number:012d}AAA"),
        copies=tuple(copy_in(n) for n in range(number, number + copies)),
        key=KEY,
        owner=OWNER,
        is_client=True,
        wanted=wanted,
    )
    return replace(known, **fields)  # type: ignore[arg-type]


class Filing:
    """A run's filing."""

    def __init__(self) -> None:
        self.tenant, self.shelf, self.ledger = Tenant(), Shelf(), OutcomeLedger()

    def store(self) -> AttachmentStore:
        org = FakeOrg()
        org.settings = SETTINGS
        return AttachmentStore(
            context_of(org.read(), source=self.tenant, directory=org, ledger=self.ledger), self.shelf
        )

    def file(self, *cases: MailFiles) -> None:
        """All of them, to the end."""
        with self.store() as store:
            store.take(cases)
            store.finish()

    @property
    def names(self) -> list[str]:
        return sorted(file.name for file in self.shelf.files.values())
