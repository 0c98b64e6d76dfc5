"""Attachments of a message: the list without contents, and the stream of one file.

The list names the fields it wants: without $select Graph sends every file along (Graph reference, "List attachments").
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote

import requests
import urllib3

from connector.errors import (
    TRIED_AGAIN,
    MailboxError,
    MailboxOutageError,
    MessageError,
    MessageGoneError,
    UnreachableError,
)
from connector.graph import parse
from connector.graph.batch import MailboxRequest
from connector.graph.client import IMMUTABLE, GraphClient, error_of, message_error
from connector.http.answers import UNREADABLE
from connector.http.subrequest import SubResponse
from connector.model.mail import Attachment, Header
from connector.model.values import GraphUserId, MessageId

#: what the list of the documentation asks for, which every version of the service takes
PLAIN_FIELDS = "id,name,contentType,size,isInline,lastModifiedDateTime"
#: contentId belongs to files alone, so it is asked for under its type; without that the query is refused
LIST_FIELDS = f"{PLAIN_FIELDS},microsoft.graph.fileAttachment/contentId"
#: the list as it comes with a message, without contents
EXPANDED = f"attachments($select={LIST_FIELDS})"
_PIECE = 64 * 1024
#: what is listed of one message, items and pages: more than Exchange takes, and than is stored
_MOST_LISTED, _MOST_PAGES = 5_000, 1_000
#: first bytes of a file, enough to recognise its kind
_HEAD = 64


def list_request(user: GraphUserId, header: Header, fields: str = LIST_FIELDS) -> MailboxRequest:
    """Asks for the attachments of a message, without their contents."""
    return MailboxRequest(user=user, url=f"{_path(user, header.id)}/attachments?$select={fields}", prefer=IMMUTABLE)


def content_request(user: GraphUserId, header: Header, *, with_list: bool) -> MailboxRequest:
    """Asks for the body of a message, `with_list` for its attachments too, without their contents."""
    options = (*parse.content_options(header), *([f"$expand={EXPANDED}"] if with_list else []))
    query = f"?{'&'.join(options)}" if options else ""
    return MailboxRequest(user=user, url=f"{_path(user, header.id)}{query}", prefer=IMMUTABLE)


def expanded(answer: SubResponse) -> SubResponse | None:
    """The list of attachments that came with a message, as if it had been asked for by itself; None where none did."""
    found = answer.body.get("attachments") if isinstance(answer.body, Mapping) else None
    if not isinstance(found, list):
        return None
    body = {"value": found, "@odata.nextLink": answer.body.get("attachments@odata.nextLink")}
    return SubResponse(status=200, body=body)


def read_list(client: GraphClient, user: GraphUserId, answer: SubResponse) -> tuple[Attachment, ...] | MessageError:
    """The attachments of the answer and of the pages behind it."""
    if answer.status != 200:
        return message_error(answer)
    found: list[Attachment] = []
    body, links = answer.body, set[str]()
    try:
        while True:
            found += map(parse.attachment, parse.items(body))
            link = parse.link(body)
            if not link or link in links or len(found) > _MOST_LISTED or len(links) >= _MOST_PAGES:
                # a list that repeats itself does not have the file twice
                return tuple({each.id: each for each in found}.values())
            links.add(link)
            body, _ = client.get(user, link)
    except MailboxError as error:
        return MessageError(f"The attachments could not be listed: {error.what}", remedy=TRIED_AGAIN, transient=True)
    except UNREADABLE as error:
        return MessageError(
            f"Graph listed an attachment that cannot be read ({type(error).__name__})", code="BAD_ITEM", transient=True
        )


@contextmanager
def download(
    client: GraphClient,
    user: GraphUserId,
    message: MessageId,
    attachment: str | None,
    *,
    limit: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator["Stream"]:
    """Open an attachment, or the message itself, for at most `limit` seconds. Raises MessageError."""
    part = "" if attachment is None else f"/attachments/{quote(attachment, safe='')}"
    try:
        with client.stream(user, f"/v1.0{_path(user, message)}{part}/$value", timeout=limit) as answer:
            if answer.status_code != 200:
                raise _refused(answer)
            if _is_of_a_gateway(answer):
                raise _broken("a web page came instead")
            yield Stream(answer, deadline=monotonic() + limit, monotonic=monotonic)
    except (UnreachableError, MailboxOutageError) as error:
        raise MessageError(
            f"Microsoft Graph did not give the file: {error.what}", code=error.code, remedy=TRIED_AGAIN, transient=True
        ) from error


def whole(client: GraphClient, place: tuple[GraphUserId, MessageId, str], *, most: int, limit: float) -> bytes:
    """A small attachment, for at most `limit` seconds. Raises MessageError, with TOO_LARGE over `most` bytes."""
    user, message, attachment = place
    pieces: list[bytes] = []
    length = 0
    with download(client, user, message, attachment, limit=limit) as stream:
        for piece in stream:
            pieces.append(piece)
            length += len(piece)
            if length > most:
                raise MessageError("The attachment is larger than it was listed", code="TOO_LARGE")
    return b"".join(pieces)


class Stream:
    """The port Download over an open answer. Its length is checked, so that half a file is never taken for a whole."""

    def __init__(self, answer: requests.Response, *, deadline: float, monotonic: Callable[[], float]) -> None:
        self._answer = answer
        self._deadline = deadline
        self._monotonic = monotonic
        self.size = _announced(answer)
        self.head = b""
        while len(self.head) < _HEAD and (piece := self._piece()):
            self.head += piece

    def __iter__(self) -> Iterator[bytes]:
        """All bytes. Raises MessageError on an early end, and when the time is up."""
        read, piece = 0, self.head
        while piece:
            read += len(piece)
            yield piece
            piece = self._piece()
        if self.size is not None and read != self.size:
            raise _broken(f"{read} of {self.size} bytes came")

    def _piece(self) -> bytes:
        if self._monotonic() > self._deadline:
            raise _late()
        try:
            # what has arrived, rather than as much as was asked for: a body that trickles must not outlast the deadline
            return self._answer.raw.read1(_PIECE) or b""
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # a silence, or the time of the whole answer: asking at once again would take as long
            if isinstance(error, urllib3.exceptions.ReadTimeoutError | TimeoutError):
                raise _late() from error
            raise _broken(type(error).__name__) from error


def _is_of_a_gateway(answer: requests.Response) -> bool:
    """Whether a gateway sent the page: every answer of Graph has a request-id, that with an attached page too."""
    is_page = answer.headers.get("Content-Type", "").lower().startswith("text/html")
    return is_page and "request-id" not in answer.headers


def _announced(answer: requests.Response) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdigit() and not answer.headers.get("Content-Encoding") else None


def _late() -> MessageError:
    return MessageError("The attachment took too long", code="ATTACHMENT_TIMEOUT", remedy=TRIED_AGAIN, transient=True)


def _broken(how: str) -> MessageError:
    return MessageError(
        f"The file broke off while it was read ({how})", code="BROKEN_OFF", remedy=TRIED_AGAIN, transient=True
    )


def _refused(answer: requests.Response) -> MessageError:
    """The error of a refusal; transient, because a file may be a placeholder for a while and a message may be moved."""
    error = message_error(SubResponse(status=answer.status_code, body={"error": error_of(answer)}))
    kind = MessageGoneError if isinstance(error, MessageGoneError) else MessageError
    text = error.what.replace("the message", "the file", 1).replace("The message", "The file", 1)
    return kind(text, code=error.code, remedy=TRIED_AGAIN, transient=True)


def _path(user: GraphUserId, message: MessageId) -> str:
    return f"/users/{quote(user, safe='')}/messages/{quote(message, safe='')}"
