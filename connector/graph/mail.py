"""Mail in Microsoft 365 behind the port `MailSource`: pages of a window, folder trees, bodies by $batch, users."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from connector.core.writing.attachments import shows_inline
from connector.errors import MailboxError, MessageError, MessageGoneError, SetupError
from connector.graph import parse
from connector.graph.attachments import Stream, download, list_request, read_list
from connector.graph.batch import MailboxRequest
from connector.graph.client import IMMUTABLE, GraphClient, mailbox_error, message_error, service_error
from connector.graph.dispatch import Coalescer
from connector.http.subrequest import SubResponse
from connector.model.mail import Attachment, Content, Folder, FolderTree, Header, Page
from connector.model.org import DirectoryUser
from connector.model.values import FolderId, GraphUserId, MessageId, Place, RecordId

#: asked for by name, in this order: those that every mailbox has come first, because a chain ends at the first 404
WELL_KNOWN = ("msgfolderroot", "drafts", "outbox", "junkemail", "syncissues", "conversationhistory")
FOLDER_PAGE = "odata.maxpagesize=500"


class GraphMail:
    """Reads mail and users. Safe from several threads. `pool` sends what is bundled, `requests` at a time.

    `person`: who has signed in, where that is a person and not the application.
    """

    def __init__(
        self,
        client: GraphClient,
        *,
        pool: Executor,
        requests: int,
        attachment_timeout: float = 120,
        person: Callable[[], DirectoryUser | None] | None = None,
    ) -> None:
        self._client = client
        self._coalescer = Coalescer(client, pool, most=requests)
        self._attachment_timeout = attachment_timeout
        self._person = person

    @property
    def calls(self) -> int:
        """HTTP requests to /v1.0 so far."""
        return self._client.calls

    # -- windows ----------------------------------------------------------------------------------------------------

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
        """One page of [start, end) in ascending received time, or the page behind `link`.

        `folder`: of this one alone. One that was deleted behind the reader holds nothing: what was moved out of it
        before is found where it is now.
        """
        if link is not None:
            response, served = self._client.try_get_at(user, link)
        else:
            response, served = self._coalescer.ask(_list(user, start, end, top, folder))
        if folder is not None and _is_gone(response):
            return Page(headers=(), link=None, served_at=served)
        return _page(mailbox, _good(response, user), served)

    def count(self, user: GraphUserId, start: datetime, end: datetime) -> int | None:
        """About how many messages [start, end) holds, by Graph's own count.

        It was seen as -1 beside a filter (observed: microsoft-graph-docs issue 4870), and too high, since hidden items
        are counted (issue 17875): it may be shown, and decides nothing.
        """
        response, _ = self._coalescer.ask(_counting(user, start, end))
        found = response.body.get("@odata.count") if response.status == 200 else None
        return found if isinstance(found, int) and found >= 0 else None

    def page_with_folders(
        self, mailbox: RecordId, user: GraphUserId, start: datetime, end: datetime, *, top: int
    ) -> tuple[Page, FolderTree]:
        """A first page and the folder tree in one request: a chain, so that the mailbox is asked once at a time."""
        answers, served = self._client.chain([_list(user, start, end, top), *_tree_requests(user)])
        page = _page(mailbox, _good(next(answers), user), served)
        return page, self._tree(user, answers)

    def folders(self, user: GraphUserId) -> FolderTree:
        """The folder tree in one request."""
        answers, _ = self._client.chain(_tree_requests(user))
        return self._tree(user, answers)

    def _tree(self, user: str, answers: Iterator[SubResponse]) -> FolderTree:
        """The tree, of the answers to `_tree_requests`; further pages are asked for one by one."""
        folders: dict[FolderId, Folder] = {}
        page = _good(next(answers), user)
        links: set[str] = set()
        while True:
            for item in _items(page):
                if "@removed" not in item:
                    found = parse.folder(item)
                    folders[found.id] = found
            link = page.get("@odata.nextLink")
            if link is None:
                break
            if link in links:
                raise MailboxError("Graph's list of folders does not end", where=f"user {user}", code="LINK_LOOP")
            links.add(link)
            page, _ = self._client.get(user, link, prefer=FOLDER_PAGE)
        for name, answer in zip(WELL_KNOWN, answers, strict=True):
            if answer.status != 404:  # not every mailbox has them all
                found = parse.folder(_good(answer, user), well_known=name)
                folders[found.id] = found
        return FolderTree(folders=folders)

    def headers(
        self, wanted: Sequence[tuple[RecordId, GraphUserId, MessageId]]
    ) -> Iterator[tuple[tuple[RecordId, GraphUserId, MessageId], Header | MessageError]]:
        """The headers of single messages by id, in any order; MessageGoneError for one that is not there."""
        requests = [
            MailboxRequest(
                user=user,
                url=f"{_messages(user)}/{quote(message, safe='')}?$select={parse.HEADER_FIELDS}",
                prefer=IMMUTABLE,
            )
            for _, user, message in wanted
        ]
        for index, response in self._coalescer.ask_many(requests):
            yield wanted[index], _single(wanted[index][0], response)

    def find_by_message_id(self, mailbox: RecordId, user: GraphUserId, internet_message_id: str) -> tuple[Header, ...]:
        """The messages of a mailbox that have this Message-ID, which need not be one."""
        literal = internet_message_id.replace("'", "''")
        asked = {"$filter": f"internetMessageId eq '{literal}'", "$select": parse.HEADER_FIELDS, "$top": "50"}
        answer, _ = self._client.get(user, f"/v1.0{_messages(user)}", params=asked)
        return tuple(parse.header(mailbox, item) for item in _items(answer))

    def folder(self, user: GraphUserId, folder: FolderId) -> Folder | None:
        """One folder by id; None where there is none."""
        url = f"/v1.0{_folders(user)}/{quote(folder, safe='')}"
        response = self._client.try_get(user, url, params={"$select": parse.FOLDER_FIELDS})
        if response.status == 200:
            return parse.folder(response.body)
        if response.status == 404:
            return None
        raise mailbox_error(response.status, response.body.get("error") or {}, user)

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
            url = f"{_messages(user)}/{quote(header.id, safe='')}?$select={parse.CONTENT_FIELDS}"
            requests.append(MailboxRequest(user=user, url=url, prefer=IMMUTABLE))
            parts.append((index, False))
            if header.has_attachments:
                requests.append(list_request(user, header))
                parts.append((index, True))
        bodies: dict[int, Content | MessageError] = {}
        lists: dict[int, tuple[Attachment, ...] | MessageError] = {}
        inline: dict[Place, Content] = {}
        for number, response in self._coalescer.ask_many(requests):
            index, is_list = parts[number]
            header = wanted[index]
            if is_list:
                lists[index] = read_list(self._client, users[header.mailbox], response)
            else:
                bodies[index] = _content(response)
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
        requests = [list_request(users[header.mailbox], header) for header in wanted]
        for index, response in self._coalescer.ask_many(requests):
            header = wanted[index]
            yield header, read_list(self._client, users[header.mailbox], response)

    def download(self, user: GraphUserId, message: MessageId, attachment: str | None) -> AbstractContextManager[Stream]:
        """Open an attachment, or with None the message itself as MIME."""
        return download(self._client, user, message, attachment, limit=self._attachment_timeout)

    # -- users ------------------------------------------------------------------------------------------------------

    def find_user(self, names: Sequence[str]) -> DirectoryUser | None:
        """The user that has the first name as UPN, or else one of the names as an address.

        A person who may not read the directory is found nonetheless; for another, MailboxError says what is missing.
        """
        try:
            return self._find_user(names)
        except SetupError:
            if self._person is None:
                raise
            return self._found_without_directory(names, self._person())

    def _found_without_directory(self, names: Sequence[str], person: DirectoryUser | None) -> DirectoryUser:
        if person is not None and person.mail.casefold() in {name.casefold() for name in names}:
            return person
        raise MailboxError(
            f"The directory may not be read, so that {names[0]} cannot be looked up",
            where="auth_providers, default_scopes",
            remedy="Add User.Read.All of Microsoft Graph to default_scopes, have an administrator consent, and type "
            "m365sync login; or fill in Graph User Id on the MS Graph User record.",
            code="DIRECTORY",
        )

    def _find_user(self, names: Sequence[str]) -> DirectoryUser | None:
        for number, name in enumerate(names):
            item = self._user_by_upn(name) if number == 0 else None
            item = item or self._user_by_address(name)
            if item is not None:
                return parse.directory_user(item, self._purpose(item["id"]))
        return None

    def has_user(self, address: str) -> bool | None:
        """Whether the directory has a user with this address; None where it cannot be asked."""
        response = self._client.try_get("directory", "/v1.0/users", params=_by_address(address))
        return bool(response.body.get("value")) if response.status == 200 else None

    def addresses(self, user: GraphUserId) -> tuple[str, ...] | None:
        """Every address that a user has today, in lower case; None where the directory does not tell."""
        response = self._user(user)
        return parse.directory_user(response.body, "").addresses if response.status == 200 else None

    def _user_by_upn(self, name: str) -> Mapping[str, Any] | None:
        response = self._user(name)
        if response.status == 200:
            found: Mapping[str, Any] = response.body
            return found
        if response.status in (400, 404):
            return None
        raise service_error(response.status, response.body.get("error") or {})

    def _user(self, key: str) -> SubResponse:
        """The directory's answer about one user, by id or User Principal Name."""
        url = f"/v1.0/users/{quote(key, safe='')}"
        return self._client.try_get(key, url, params={"$select": parse.USER_FIELDS})

    def _user_by_address(self, address: str) -> Mapping[str, Any] | None:
        response = self._client.try_get("directory", "/v1.0/users", params=_by_address(address))
        if response.status != 200:
            raise service_error(response.status, response.body.get("error") or {})
        return next(iter(response.body.get("value") or ()), None)

    def _purpose(self, user: str) -> str:
        """Graph's userPurpose; empty where it may not be asked: a person's own mailbox is all that a person may ask."""
        response = self._client.try_get(user, f"/v1.0/users/{user}/mailboxSettings/userPurpose")
        if response.status == 403:
            return ""
        return parse.purpose(_good(response, user))


def _messages(user: str) -> str:
    return f"/users/{quote(user, safe='')}/messages"


def _folders(user: str) -> str:
    return f"/users/{quote(user, safe='')}/mailFolders"


def _list(user: str, start: datetime, end: datetime, top: int, folder: FolderId | None = None) -> MailboxRequest:
    query = f"$filter={_filter(start, end)}&$orderby=receivedDateTime&$select={parse.HEADER_FIELDS}&$top={top}"
    path = _messages(user) if folder is None else f"{_folders(user)}/{quote(folder, safe='')}/messages"
    return MailboxRequest(user=user, url=f"{path}?{query}", prefer=IMMUTABLE)


def _counting(user: str, start: datetime, end: datetime) -> MailboxRequest:
    query = f"$filter={_filter(start, end)}&$count=true&$select=id&$top=1"
    return MailboxRequest(user=user, url=f"{_messages(user)}?{query}", prefer=IMMUTABLE)


def _filter(start: datetime, end: datetime) -> str:
    # by hand: the same as quoting the options, for a seventh of its time, and it is built some hundred times a mailbox
    return f"receivedDateTime%20ge%20{_time(start)}%20and%20receivedDateTime%20lt%20{_time(end)}"


def _tree_requests(user: str) -> list[MailboxRequest]:
    """mailFolders/delta shows all folders flat, but v1.0 does not say which are well known: those are asked by name."""
    tree = MailboxRequest(user=user, url=f"{_folders(user)}/delta?$select={parse.FOLDER_FIELDS}", prefer=FOLDER_PAGE)
    names = (f"{_folders(user)}/{name}?$select={parse.FOLDER_FIELDS}" for name in WELL_KNOWN)
    return [tree, *(MailboxRequest(user=user, url=name, prefer=IMMUTABLE) for name in names)]


def _good(answer: SubResponse, user: str) -> Mapping[str, Any]:
    """The body of an answer. Raises what its status means for the mailbox."""
    if answer.status != 200:
        error = answer.body.get("error")
        raise mailbox_error(answer.status, error if isinstance(error, Mapping) else {}, user)
    body: Mapping[str, Any] = answer.body
    return body


def _is_gone(answer: SubResponse) -> bool:
    """Whether Graph has no such item; that it has no such mailbox is told by other codes."""
    error = answer.body.get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    return answer.status == 404 and str(code).lower() == "erroritemnotfound"


def _by_address(address: str) -> dict[str, str]:
    literal = address.replace("'", "''")
    return {
        "$filter": f"mail eq '{literal}' or proxyAddresses/any(p:p eq 'smtp:{literal}')",
        "$select": parse.USER_FIELDS,
    }


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _page(mailbox: RecordId, answer: Mapping[str, Any], served: datetime) -> Page:
    headers = tuple(parse.header(mailbox, item) for item in _items(answer))
    return Page(headers=headers, link=answer.get("@odata.nextLink"), served_at=served)


def _joined(
    content: Content | MessageError, listed: tuple[Attachment, ...] | MessageError | None
) -> Content | MessageError:
    """A body with its list; a message that went away between the two is gone."""
    if isinstance(content, MessageError):
        return content
    return listed if isinstance(listed, MessageGoneError) else replace(content, attachments=listed)


def _single(mailbox: RecordId, response: SubResponse) -> Header | MessageError:
    if response.status != 200:
        return message_error(response)
    try:
        return parse.header(mailbox, response.body)
    except MailboxError as error:
        return MessageError(error.what, where=error.where, remedy=error.remedy, code=error.code)


def _items(answer: Mapping[str, Any]) -> Sequence[Any]:
    """The `value` of a list. An answer without one is no empty list: it would close a window over unread mail."""
    items = answer.get("value")
    if not isinstance(items, list):
        raise MailboxError(
            "Microsoft Graph answered a list without a value",
            remedy="The next run tries again; report it if it stays.",
            code="BAD_LIST",
        )
    return items


def _content(response: SubResponse) -> Content | MessageError:
    return parse.content(response.body) if response.status == 200 else message_error(response)
