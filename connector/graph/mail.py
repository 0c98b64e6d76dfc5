"""Mail in Microsoft 365 behind the port `MailSource`: pages of a window, folder trees, bodies by $batch, users."""

import copy
import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from queue import SimpleQueue
from typing import Any, TypeVar
from urllib.parse import quote

from connector.core.writing.attachments import shows_inline
from connector.errors import (
    MailboxError,
    MessageError,
    MessageGoneError,
)
from connector.graph import attachments as files
from connector.graph import parse
from connector.graph.attachments import Stream, download, read_list, whole
from connector.graph.batch import MailboxRequest
from connector.graph.client import BROKEN, IMMUTABLE, error_in, mailbox_error
from connector.graph.dispatch import RequestDispatcher
from connector.graph.enclosed import EnclosedMail
from connector.graph.pages import all_headers, broken_list, content, is_gone, read_page, said, single
from connector.graph.queries import (
    FOLDER_PAGE,
    WELL_KNOWN,
    count_request,
    folders_path,
    header_request,
    list_request,
    messages_path,
    tree_requests,
)
from connector.graph.tickets import Answer, Rank
from connector.http.subrequest import SubResponse
from connector.model.mail import Attachment, Content, Folder, FolderTree, Header, Page
from connector.model.org import DirectoryUser
from connector.model.run import WindowKind
from connector.model.values import FolderId, GraphUserId, MessageId, Place, RecordId
from connector.ports import CountCall, FolderCall, HeadersCall, PageCall, SourceCall, TreeCall

T = TypeVar("T")
#: pages of the folder tree, of 500 folders each
_MOST_PAGES = 1_000


class GraphMail(EnclosedMail):
    """The port MailSource. Safe from several threads. `dispatcher` sends; nothing is asked of Graph beside it.

    `person`: who has signed in, where that is a person and not the application.
    """

    def __init__(
        self,
        dispatcher: RequestDispatcher,
        *,
        attachment_timeout: float = 120,
        person: Callable[[], DirectoryUser | None] | None = None,
    ) -> None:
        super().__init__(dispatcher, person=person)
        self._attachment_timeout = attachment_timeout

    @property
    def calls(self) -> int:
        """HTTP requests to /v1.0 so far."""
        return self._client.calls

    # -- windows ----------------------------------------------------------------------------------------------------

    def start(self, call: SourceCall[T], done: Callable[[Any], None]) -> None:
        """Ask, and return at once; `done` gets the answer or error in a dispatcher's thread, and must not block."""
        match call:
            case PageCall(with_tree=True):
                self._run(call.user, call.kind, lambda: self._page_with_tree(call), done)
            case PageCall():
                self._start_page(call, done)
            case CountCall():
                request = count_request(call.user, call.start, call.end)
                self._dispatcher.submit(request, _rank(call.kind), lambda answer: done(_count(answer)))
            case TreeCall():
                self._run(call.user, call.kind, lambda: self._all_folders(call.user), done)
            case FolderCall():
                self._run(call.user, WindowKind.SWEEP, lambda: self._folder(call.user, call.folder), done)
            case HeadersCall():
                self._start_headers(call, done)
            case _:
                raise TypeError(f"{type(call).__name__} is no call of this source")

    def _run(self, user: str, kind: WindowKind, job: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self._dispatcher.run(user, _rank(kind), job, done)

    def _start_page(self, call: PageCall, done: Callable[[Any], None]) -> None:
        url = self._client.below_root(call.link) if call.link is not None else None
        if call.link is not None and url is None:
            # an address of another host: asked for all the same, so that it is refused by name
            link = call.link
            self._run(call.user, call.kind, lambda: self._page(call, self._client.try_get_at(call.user, link)), done)
            return
        request = list_request(call)
        if url is not None:
            request = MailboxRequest(user=call.user, url=url, prefer=IMMUTABLE, once=call.once)
        self._dispatcher.submit(request, _rank(call.kind), _then(lambda answer: self._page(call, answer), done))

    def _page(self, call: PageCall, answer: Answer) -> Page:
        """A page of an answer. A folder that was deleted behind the reader holds nothing: what was moved out of it
        before is found where it is now."""
        response, served = answer
        if call.folder is not None and is_gone(response):
            return Page(headers=(), link=None, served_at=served)
        if response.status in BROKEN:
            raise broken_list(said(response), call.user)
        return read_page(call, _good(response, call.user), served)

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
        """One page of [start, end) in ascending received time, or the page behind `link`: see `PageCall`."""
        call = PageCall(
            mailbox=mailbox, user=user, kind=WindowKind.LIVE, start=start, end=end, top=top, link=link, folder=folder
        )
        return self._waited(call)

    def count(self, user: GraphUserId, start: datetime, end: datetime) -> int | None:
        """About how many messages [start, end) holds, by Graph's own count: see `CountCall`."""
        return self._waited(CountCall(user=user, kind=WindowKind.LIVE, start=start, end=end))

    def folders(self, user: GraphUserId) -> FolderTree:
        """The folder tree in one request."""
        return self._waited(TreeCall(user=user, kind=WindowKind.LIVE))

    def folder(self, user: GraphUserId, folder: FolderId) -> Folder | None:
        """One folder by id; None where there is none."""
        return self._waited(FolderCall(user=user, folder=folder))

    def _waited(self, call: SourceCall[T]) -> T:
        """Ask, and wait for the answer. Raises the error that came instead."""
        told: SimpleQueue[T | BaseException] = SimpleQueue()
        self.start(call, told.put)
        answer = told.get()
        if isinstance(answer, BaseException):
            raise copy.copy(answer) from answer
        return answer

    def _page_with_tree(self, call: PageCall) -> Page:
        """A page and the folder tree in one request: a chain, so that the mailbox is asked once at a time."""
        answers, served = self._client.chain([list_request(call), *tree_requests(call.user)])
        page = self._page(call, (next(answers), served))
        return replace(page, tree=self._tree(call.user, answers))

    def _all_folders(self, user: str) -> FolderTree:
        answers, _ = self._client.chain(tree_requests(user))
        return self._tree(user, answers)

    def _folder(self, user: str, folder: FolderId) -> Folder | None:
        url = f"/v1.0{folders_path(user)}/{quote(folder, safe='')}"
        response = self._client.try_get(user, url, params={"$select": parse.FOLDER_FIELDS})
        if response.status == 200:
            return parse.folder(response.body)
        if response.status == 404:
            return None
        raise mailbox_error(response.status, error_in(response), user)

    def _start_headers(self, call: HeadersCall, done: Callable[[Any], None]) -> None:
        """Ask for each message; call `done` once, when all answers have come."""
        answers: list[Header | BaseException | None] = [None] * len(call.wanted)
        missing, lock = [len(answers)], threading.Lock()

        def arrived(number: int, answer: Any) -> None:
            mailbox, user, _ = call.wanted[number]
            answers[number] = answer if isinstance(answer, BaseException) else single(mailbox, user, answer[0])
            with lock:
                missing[0] -= 1
                last = missing[0] == 0
            if last:
                done(all_headers(call, answers))

        for number, (_, user, message) in enumerate(call.wanted):
            told = functools.partial(arrived, number)
            self._dispatcher.submit(header_request(user, message), Rank.SWEEP, told)

    def _tree(self, user: str, answers: Iterator[SubResponse]) -> FolderTree:
        """The tree, of the answers to `_tree_requests`; further pages are asked for one by one."""
        folders: dict[FolderId, Folder] = {}
        page = _good(next(answers), user)
        links: set[str] = set()
        while True:
            for item in parse.items(page):
                # one that cannot be read is asked for by its id, once a message lies in it
                if (found := parse.listed_folder(item)) is not None:
                    folders[found.id] = found
            link = parse.link(page)
            if link is None:
                break
            if link in links or len(links) >= _MOST_PAGES:
                raise MailboxError("Graph's list of folders does not end", where=f"user {user}", code="LINK_LOOP")
            links.add(link)
            page, _ = self._client.get(user, link, prefer=FOLDER_PAGE)
        for name, answer in zip(WELL_KNOWN, answers, strict=True):
            if answer.status != 404:  # not every mailbox has them all
                known = parse.folder(_good(answer, user), well_known=name)
                folders[known.id] = known
        return FolderTree(folders=folders)

    def headers(
        self, wanted: Sequence[tuple[RecordId, GraphUserId, MessageId]]
    ) -> Iterator[tuple[tuple[RecordId, GraphUserId, MessageId], Header | MessageError]]:
        """The headers of single messages by id, in any order; MessageGoneError for one that is not there."""
        requests = [header_request(user, message) for _, user, message in wanted]
        for index, response in self._dispatcher.ask_many(requests, Rank.CONTENT):
            mailbox, user, _ = wanted[index]
            yield wanted[index], single(mailbox, user, response)

    def find_by_message_id(self, mailbox: RecordId, user: GraphUserId, internet_message_id: str) -> tuple[Header, ...]:
        """The messages of a mailbox that have this Message-ID, which need not be one."""
        literal = internet_message_id.replace("'", "''")
        asked = {"$filter": f"internetMessageId eq '{literal}'", "$select": parse.HEADER_FIELDS, "$top": "50"}
        with self._dispatcher.place(user):
            answer, _ = self._client.get(user, f"/v1.0{messages_path(user)}", params=asked)
        return tuple(parse.header(mailbox, item) for item in parse.items(answer) if isinstance(item, Mapping))

    # -- bodies -----------------------------------------------------------------------------------------------------

    def contents(
        self, wanted: Sequence[Header], users: Mapping[RecordId, GraphUserId], *, inline_images: bool = False
    ) -> Iterator[tuple[Header, Content | MessageError]]:
        """The bodies of many messages, mailboxes mixed, in any order, each exactly once, attachments listed with them.

        With `inline_images` those of a body that shows parts of its mail are listed too.
        """
        requests: list[MailboxRequest] = []
        parts: list[tuple[int, bool]] = []
        for index, header in enumerate(wanted):
            user = users[header.mailbox]
            url = f"{messages_path(user)}/{quote(header.id, safe='')}{parse.content_query(header)}"
            requests.append(MailboxRequest(user=user, url=url, prefer=IMMUTABLE))
            parts.append((index, False))
            if header.has_attachments:
                requests.append(files.list_request(user, header))
                parts.append((index, True))
        bodies: dict[int, Content | MessageError] = {}
        lists: dict[int, tuple[Attachment, ...] | MessageError] = {}
        inline: dict[Place, Content] = {}
        for number, response in self._dispatcher.ask_many(requests, Rank.CONTENT):
            index, is_list = parts[number]
            header = wanted[index]
            if is_list:
                lists[index] = self._attachment_list(users[header.mailbox], response)
            else:
                bodies[index] = content(response)
            if index not in bodies or (header.has_attachments and index not in lists):
                continue
            answer = _joined(bodies.pop(index), lists.pop(index, None))
            if inline_images and not header.has_attachments and isinstance(answer, Content) and shows_inline(answer):
                inline[header.mailbox, header.id] = answer
            else:
                yield header, answer
        shown = [header for header in wanted if (header.mailbox, header.id) in inline]
        for header, found in self.attachments(shown, users):
            yield header, _joined(inline[header.mailbox, header.id], found)

    def attachments(
        self, wanted: Sequence[Header], users: Mapping[RecordId, GraphUserId]
    ) -> Iterator[tuple[Header, tuple[Attachment, ...] | MessageError]]:
        """The lists of attachments of many messages, mailboxes mixed, in any order, each exactly once."""
        requests = [files.list_request(users[header.mailbox], header) for header in wanted]
        for index, response in self._dispatcher.ask_many(requests, Rank.CONTENT):
            header = wanted[index]
            yield header, self._attachment_list(users[header.mailbox], response)

    def _attachment_list(self, user: GraphUserId, response: SubResponse) -> tuple[Attachment, ...] | MessageError:
        """A list of attachments; pages behind it are asked for one by one."""
        if response.status == 200 and response.body.get("@odata.nextLink"):
            with self._dispatcher.place(user):
                return read_list(self._client, user, response)
        return read_list(self._client, user, response)

    def small_files(
        self, wanted: Sequence[tuple[GraphUserId, MessageId, str]], *, most: int
    ) -> Iterator[tuple[int, bytes | MessageError]]:
        """The contents of small attachments: each is read whole and its place in the mailbox given back."""
        limit = self._attachment_timeout
        jobs = (functools.partial(whole, self._client, place, most=most, limit=limit) for place in wanted)
        yield from self._dispatcher.run_many(
            ((place[0], job) for place, job in zip(wanted, jobs, strict=True)), Rank.FILE
        )

    @contextmanager
    def download(self, user: GraphUserId, message: MessageId, attachment: str | None) -> Iterator[Stream]:
        """Open an attachment, or with None the message itself as MIME; its place in the mailbox is held meanwhile."""
        with (
            self._dispatcher.place(user, for_file=True),
            download(self._client, user, message, attachment, limit=self._attachment_timeout) as stream,
        ):
            yield stream


def _good(answer: SubResponse, user: str) -> Mapping[str, Any]:
    """The body of an answer. Raises what its status means for the mailbox."""
    if answer.status != 200:
        raise mailbox_error(answer.status, error_in(answer), user)
    body: Mapping[str, Any] = answer.body
    return body


def _count(answer: Any) -> int | BaseException | None:
    """What the count says; a mailbox that cannot be read is reported by its pages."""
    if isinstance(answer, BaseException):
        return None if isinstance(answer, MailboxError) else answer
    response: SubResponse = answer[0]
    found = response.body.get("@odata.count") if response.status == 200 else None
    return found if isinstance(found, int) and found >= 0 else None


def _rank(kind: WindowKind) -> Rank:
    return {WindowKind.LIVE: Rank.LIVE, WindowKind.BACKFILL: Rank.BACKFILL}.get(kind, Rank.SWEEP)


def _then(read: Callable[[Answer], Any], done: Callable[[Any], None]) -> Callable[[Any], None]:
    """`done` with what is read of an answer, or with the error."""

    def arrived(answer: Any) -> None:
        if not isinstance(answer, BaseException):
            try:
                answer = read(answer)
            except Exception as error:  # of any kind: the caller of `done` waits for it
                answer = error
        done(answer)

    return arrived


def _joined(
    content: Content | MessageError, listed: tuple[Attachment, ...] | MessageError | None
) -> Content | MessageError:
    """A body with its list; a message that went away between the two is gone."""
    if isinstance(content, MessageError):
        return content
    return listed if isinstance(listed, MessageGoneError) else replace(content, attachments=listed)
