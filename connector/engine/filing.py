"""Files of stored mails on their way: which are small, how many are read and sent together, and what went wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from connector.core.writing.attachments import WantedFile
from connector.engine.mail_files import MailFiles
from connector.errors import MessageError
from connector.model.values import GraphUserId, MessageId

#: a file up to this size is small: read whole, and sent with others
SMALL = 1024 * 1024
#: contents that go up in one request: files, and bytes, which grow by a third as base64 (37.5 MB are allowed: REST
#: guide, blob data)
MOST_FILES, MOST_BYTES = 200, 9_000_000
#: what is read of a file whatever size was listed
_LEAST = 32 * 1024


@dataclass(slots=True, eq=False)
class Filing:
    """A mail whose files are on their way."""

    case: MailFiles
    waiting: int
    stored: int = 0
    errors: list[tuple[str, MessageError]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FileContent:
    """A small file that waits to go up with others."""

    filing: Filing
    wanted: WantedFile
    content: bytes


def summary_of(filing: Filing) -> MessageError:
    """One error for all files of a mail that failed: code and remedy of the first, transient where any is."""
    errors = [error for _, error in filing.errors]
    named = filing.case.is_client
    parts = [f"{name if named else 'A file'}: {error.what.rstrip('.')}" for name, error in filing.errors]
    if filing.case.problem is not None:
        errors.insert(0, filing.case.problem)
        parts.insert(0, filing.case.problem.what)
    first = errors[0]
    return MessageError(
        f"The mail is stored, but not all its attachments. {'; '.join(parts)}",
        code=first.code,
        remedy=first.remedy,
        transient=any(error.transient for error in errors),
        by_rule=any(error.by_rule for error in errors),
    )


def parts_of(
    small: Sequence[tuple[Filing, WantedFile]],
) -> Iterator[tuple[list[tuple[Filing, WantedFile]], int]]:
    """Parts that are read at a time, each with the largest size that one of its files may turn out to have.

    A size that was listed may be wrong, so a part is as many files as could take twice a request's bytes, were each
    twice as large as the largest of them was listed.
    """
    part: list[tuple[Filing, WantedFile]] = []
    most = 0
    for each in sorted(small, key=lambda each: each[1].size):
        larger = 2 * max(each[1].size, _LEAST)
        if part and (len(part) == MOST_FILES or (len(part) + 1) * larger > 2 * MOST_BYTES):
            yield part, most
            part = []
        part.append(each)
        most = larger
    if part:
        yield part, most


def is_small(wanted: WantedFile) -> bool:
    """Whether a file is read whole and sent with others."""
    return wanted.attachment is not None and wanted.size <= SMALL


def place_of(case: MailFiles, wanted: WantedFile) -> tuple[GraphUserId, MessageId, str]:
    """Where a file is read: in the first copy of its mail."""
    first = case.copies[0]
    return first.queue.user, first.header.id, wanted.attachment or ""
