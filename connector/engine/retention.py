"""Blanks mail that a person removed, keeps away what a person deleted, and deletes unmatched mail whose retention is
over."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog

from connector.codes import Action, ErrorStatus
from connector.core.writing.records import org_date
from connector.core.writing.rematch import Changes
from connector.model.org import SettledError, Setup
from connector.model.records import RowError
from connector.model.values import RecordId
from connector.ports import StoredMail

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What `clear` did: error rows that are done with, and refusals as sentences."""

    settled: tuple[SettledError, ...] = ()
    remarks: tuple[str, ...] = ()
    #: mails of which no error row may say anything from now on
    gone: frozenset[RecordId] = frozenset()


def clear(stored_mail: StoredMail, changes: Changes, setup: Setup) -> Cleared:
    """Blank removed mail, put tombstones in the place of deleted mail, and delete mail whose retention is over.

    Raises ServiceError when the run cannot go on.
    """
    remarks: list[str] = []
    if changes.deleted:
        refused = stored_mail.keep_away([email for _, email in sorted(changes.deleted.items())])
        log.info("Deleted mail kept away", action=Action.MAIL_KEPT_AWAY, emails=len(changes.deleted) - len(refused))
        remarks += _remarks("kept away for good", refused)
    if changes.tombstones:
        stored_mail.take_back(changes.tombstones)
    if changes.removed:
        refused = stored_mail.blank(sorted(changes.removed))
        log.info("Removed mail blanked", action=Action.MAIL_BLANKED, emails=len(changes.removed) - len(refused))
        remarks += _remarks("blanked", refused)
    if changes.expired:
        refused = stored_mail.delete(sorted(changes.expired), today=org_date(setup.now, setup.org))
        log.info("Unmatched mail deleted", action=Action.MAIL_DELETED, emails=len(changes.expired) - len(refused))
        remarks += _remarks("deleted", refused)
    gone = changes.removed | changes.expired | changes.deleted.keys()
    settled = (error for error in setup.errors if error.email in gone)
    return Cleared(
        settled=tuple(SettledError(id=error.id, status=ErrorStatus.RESOLVED, forget=True) for error in settled),
        remarks=tuple(remarks),
        gone=frozenset(gone),
    )


def _remarks(verb: str, refused: Mapping[RecordId, RowError]) -> Iterator[str]:
    for email, error in refused.items():
        log.warning("Mail not cleared", action=Action.MAIL_NOT_CLEARED, email=email, code=error.code)
        yield f"The email {email} could not be {verb} ({error.code}: {error.message})"
