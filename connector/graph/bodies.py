"""Bodies of messages with the lists of their attachments, and the contents of those.

    message with attachments, by Graph's word ──► its body, and their list: two requests, side by side in a $batch
    any other ──► its body, and the list with it (`$expand`): one request
         └── refused, or no list came with it ──► as if it had some

Graph's word is `hasAttachments`, which is false where all are inline: so no list is left out for it.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from connector.core.writing.containers import LARGEST, is_container, listed
from connector.core.writing.pictures import with_pictures
from connector.errors import MessageError, MessageGoneError
from connector.graph import attachments as files
from connector.graph.attachments import Stream, download, read_list, whole
from connector.graph.batch import MailboxRequest
from connector.graph.enclosed import EnclosedMail
from connector.graph.pages import content
from connector.graph.tickets import Rank
from connector.http.subrequest import SubResponse
from connector.model.mail import Attachment, Content, Header
from connector.model.values import GraphUserId, MessageId, RecordId

#: what a query is refused with that the service does not take
_REFUSED = frozenset({400, 500, 501})


class MailBodies(EnclosedMail):
    """The part of the port MailSource that reads bodies and attachments."""

    _attachment_timeout: float

    def contents(
        self, wanted: Sequence[Header], users: Mapping[RecordId, GraphUserId]
    ) -> Iterator[tuple[Header, Content | MessageError]]:
        """The bodies of many messages, mailboxes mixed, in any order, each exactly once, attachments listed with them.

        Files that stand inside an attachment (`core.writing.containers`) are listed beside it.
        """
        apart = [header for header in wanted if header.has_attachments]
        together = [header for header in wanted if not header.has_attachments]
        closed: list[tuple[Header, Content]] = []
        again: list[Header] = []
        # the second time as the documentation has it, for a service that takes no more
        for fields in (files.LIST_FIELDS, files.PLAIN_FIELDS):
            for header, answer in self._contents(apart, together, users, fields):
                if answer is None:
                    again.append(header)
                elif isinstance(answer, Content) and _containers(answer):
                    closed.append((header, answer))
                else:
                    yield header, _marked(answer)
            apart, together, again = again, [], []
        yield from self._opened(closed, users)

    def _contents(
        self,
        apart: Sequence[Header],
        together: Sequence[Header],
        users: Mapping[RecordId, GraphUserId],
        fields: str,
    ) -> Iterator[tuple[Header, Content | MessageError | None]]:
        """Bodies with lists: those of `apart` in two requests. None where the query for the list was refused, or no
        list came with a body."""
        requests: list[MailboxRequest] = []
        parts: list[tuple[Header, bool]] = []
        for header in (*apart, *together):
            user = users[header.mailbox]
            requests.append(files.content_request(user, header, with_list=len(requests) >= 2 * len(apart)))
            parts.append((header, False))
            if len(requests) < 2 * len(apart):
                requests.append(files.list_request(user, header, fields))
                parts.append((header, True))
        bodies: dict[int, SubResponse] = {}
        lists: dict[int, SubResponse] = {}
        for number, response in self._dispatcher.ask_many(requests, Rank.CONTENT):
            header, is_list = parts[number]
            if number >= 2 * len(apart):
                yield header, self._together(users[header.mailbox], response)
                continue
            (lists if is_list else bodies)[number // 2] = response
            if number // 2 in bodies and number // 2 in lists:
                body, listing = bodies.pop(number // 2), lists.pop(number // 2)
                if listing.status == 400 and fields != files.PLAIN_FIELDS:
                    yield header, None
                else:
                    yield header, _joined(content(body), self._attachment_list(users[header.mailbox], listing))

    def _together(self, user: GraphUserId, response: SubResponse) -> Content | MessageError | None:
        if response.status in _REFUSED:
            return None
        body = content(response)
        if isinstance(body, MessageError):
            return body
        listing = files.expanded(response)
        return None if listing is None else _joined(body, self._attachment_list(user, listing))

    def _opened(
        self, closed: Sequence[tuple[Header, Content]], users: Mapping[RecordId, GraphUserId]
    ) -> Iterator[tuple[Header, Content | MessageError]]:
        """The same with the files inside their attachments listed too. One that cannot be read now is stored, or fails,
        as the file that it is."""
        places = [(number, item) for number, (_, each) in enumerate(closed) for item in _containers(each)]
        wanted = [(users[closed[number][0].mailbox], closed[number][0].id, item.id) for number, item in places]
        inside: dict[int, list[Attachment]] = {}
        for place, answer in self.small_files(wanted, most=2 * LARGEST):
            number, item = places[place]
            if not isinstance(answer, MessageError):
                inside.setdefault(number, []).extend(listed(item, answer))
        for number, (header, each) in enumerate(closed):
            found = each.attachments if isinstance(each.attachments, tuple) else ()
            yield header, _marked(replace(each, attachments=(*found, *inside.get(number, ()))))

    def attachments(
        self, wanted: Sequence[Header], users: Mapping[RecordId, GraphUserId]
    ) -> Iterator[tuple[Header, tuple[Attachment, ...] | MessageError]]:
        """The lists of attachments of many messages, mailboxes mixed, in any order, each exactly once.

        The bodies are read for them, since they say which attachments are a part of the text.
        """
        for header, answer in self.contents(wanted, users):
            yield header, answer if isinstance(answer, MessageError) else answer.attachments or ()

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


def _containers(content: Content) -> tuple[Attachment, ...]:
    return tuple(filter(is_container, content.attachments)) if isinstance(content.attachments, tuple) else ()


def _marked(answer: Content | MessageError) -> Content | MessageError:
    return answer if isinstance(answer, MessageError) else with_pictures(answer)


def _joined(content: Content | MessageError, listed: tuple[Attachment, ...] | MessageError) -> Content | MessageError:
    """A body with its list; a message that went away between the two is gone."""
    if isinstance(content, MessageError):
        return content
    return listed if isinstance(listed, MessageGoneError) else replace(content, attachments=listed)
