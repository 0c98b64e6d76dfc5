"""The files that a stored mail should have, and what of them it lacks."""

from collections.abc import Sequence
from dataclasses import dataclass

from connector.core.writing.attachments import WantedFile, duplicates, missing, needs_list, sort_out, whole_mail
from connector.core.writing.records import subject_of
from connector.engine.decider import Candidate, Mail
from connector.errors import TRIED_AGAIN, MessageError
from connector.model.org import SyncSettings
from connector.model.records import StoredFile
from connector.model.values import RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFiles:
    """A stored mail and the files it should have, as its first copy shows them.

    `is_client`: whether it is client mail; of another no error row may name a file. `present` is None where it is not
    known what is there. `problem`: why more may be wanted than could be seen.
    """

    email: RecordId
    copies: tuple[Candidate, ...]
    key: str
    owner: RecordId
    is_client: bool = False
    wanted: tuple[WantedFile, ...] = ()
    present: tuple[StoredFile, ...] | None = ()
    problem: MessageError | None = None

    @property
    def lacking(self) -> tuple[WantedFile, ...]:
        """The wanted files that are not stored yet."""
        return missing(self.wanted, (file.key for file in self.present or ()))

    @property
    def surplus(self) -> tuple[RecordId, ...]:
        """Documents that are there a second time."""
        return second_files(self.present or (), self.key)


def case_of(mail: Mail, email: RecordId, settings: SyncSettings, *, existed: bool, truncated: bool) -> MailFiles:
    """What a mail that was just written, or found stored, should have. `existed`: another run wrote it meanwhile."""
    first = mail.listed_in or mail.copies[0]
    wanted: tuple[WantedFile, ...] = ()
    problem: MessageError | None = None
    if isinstance(mail.listed, MessageError):
        error = mail.listed
        problem = MessageError(
            f"Its attachments could not be listed: {error.what}", code=error.code, remedy=error.remedy, transient=True
        )
    elif mail.listed is not None:
        found = sort_out(mail.listed, mail.key, settings)
        wanted = found.files
        if found.scanning:
            problem = MessageError(
                "Microsoft 365 is still scanning its attachments",
                code="ATTACHMENT_SCAN",
                remedy=TRIED_AGAIN,
                transient=True,
            )
    if truncated:
        wanted = (*wanted, whole_mail(mail.key, subject_of(mail.copies[0].header)))
    stored = mail.stored.files if mail.stored is not None else ()
    return MailFiles(
        email=email,
        copies=(first, *(copy for copy in mail.copies if copy is not first)),
        key=mail.key,
        owner=mail.stored.owner if mail.stored is not None else mail.owner,
        is_client=mail.is_client,
        wanted=wanted,
        present=None if existed else stored,
        problem=problem,
    )


def copy_to_list(mail: Mail) -> Candidate | None:
    """The copy of a stored mail whose attachments are to be listed, or None where none are missing."""
    if mail.stored is None or not needs_list(mail.stored):
        return None
    return next((copy for copy in mail.copies if copy.header.has_attachments), mail.copies[0])


def second_files(files: Sequence[StoredFile], message_key: str) -> tuple[RecordId, ...]:
    """The documents among the files of a mail that stand for an attachment which another one stands for too."""
    own = [(file.key, file.document) for file in files if file.key.startswith(f"{message_key}:")]
    return tuple(RecordId(document) for document in duplicates(own))
