"""What answers of Graph about messages hold: pages of lists, headers by id, bodies. Pure.

An item that cannot be read fails alone: it is `Listed` in its page, and `Unread` where it was asked for by its id.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.errors import (
    TRIED_AGAIN,
    BrokenListError,
    MailboxError,
    MailboxOutageError,
    MessageError,
    MessageGoneError,
)
from connector.graph import parse
from connector.graph.client import describe, error_in, message_error
from connector.http.subrequest import SubResponse
from connector.model.mail import Content, Header, Page, Unread
from connector.model.values import RecordId
from connector.ports import HeadersCall, PageCall


def read_page(call: PageCall, answer: Mapping[str, Any], served: datetime) -> Page:
    """A page of an answer; a message of which no more than its id can be read is `Listed`.

    Raises BrokenListError where the list cannot be read, or an item of it has no id: it may be read in another way.
    """
    try:
        link, items = parse.link(answer), parse.items(answer)
        headers = tuple(parse.in_list(call.mailbox, item, call.start, ids_only=call.ids_only) for item in items)
    except MailboxError as error:
        raise broken_list(error.what, call.user) from error
    return Page(headers=headers, link=link, served_at=served)


def broken_list(what: str, user: str) -> BrokenListError:
    """The error for a list that cannot be read as it was asked for."""
    return BrokenListError(
        f"Microsoft Graph could not read the mailbox ({what})",
        where=f"user {user}",
        remedy="The next run resumes where this one stopped.",
    )


def said(response: SubResponse) -> str:
    """What a refusal says, for an admin."""
    return describe(response.status, error_in(response))


def is_gone(response: SubResponse) -> bool:
    """Whether Graph has no such item; for a missing mailbox it has other codes."""
    return response.status == 404 and str(error_in(response).get("code")).lower() == "erroritemnotfound"


def all_headers(
    call: HeadersCall, answers: Sequence[Header | BaseException | None]
) -> tuple[Header | Unread, ...] | BaseException:
    """The headers without those of messages that are gone, and what cannot be read, by name; or the first error of
    another kind. Where several were asked for and none came for a cause that passes, it is the mailbox."""
    others = [each for each in answers if isinstance(each, BaseException) and not isinstance(each, MessageError)]
    if others:
        return others[0]
    bad = [each for each in answers if isinstance(each, MessageError) and not isinstance(each, MessageGoneError)]
    if len(bad) == len(answers) > 1 and all(error.transient for error in bad):
        return MailboxOutageError(bad[0].what, where=bad[0].where, remedy=bad[0].remedy)
    found: list[Header | Unread] = []
    for number, ((_, _, message), answer) in enumerate(zip(call.wanted, answers, strict=True)):
        if isinstance(answer, Header):
            found.append(answer)
        elif isinstance(answer, MessageError) and not isinstance(answer, MessageGoneError):
            received = call.received[number] if number < len(call.received) else None
            found.append(Unread(id=message, received_at=received, error=answer))
    return tuple(found)


def single(mailbox: RecordId, user: str, response: SubResponse) -> Header | MessageError:
    """The header of a message that was asked for by its id."""
    if response.status != 200:
        return message_error(response)
    try:
        return parse.header(mailbox, response.body)
    except MailboxError as error:
        # Graph may show it in another way later
        where = error.where or f"user {user}"
        return MessageError(error.what, where=where, remedy=error.remedy, code=error.code, transient=True)


def content(response: SubResponse) -> Content | MessageError:
    """The body of a message; what is not a message is a failure of that message, never an empty mail."""
    if response.status != 200:
        return message_error(response)
    try:
        return parse.content(response.body)
    except (KeyError, TypeError, ValueError) as error:
        return MessageError(
            f"Microsoft Graph sent something that is not this message ({error})",
            code="BAD_ITEM",
            remedy=TRIED_AGAIN,
            transient=True,
        )
