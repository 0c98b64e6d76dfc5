"""Blanks mail that a person removed, and deletes unmatched mail whose retention is over, both with their files."""

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


def clear(stored_mail: StoredMail, changes: Changes, setup: Setup) -> Cleared:
    """Blank removed mail, and delete mail whose retention is over. Raises ServiceError when the run cannot go on."""
    remarks: list[str] = []
    if changes.removed:
        refused = stored_mail.blank(sorted(changes.removed))
        log.info("Removed mail blanked", action=Action.RECORDS_WRITTEN, emails=len(changes.removed) - len(refused))
        remarks += _remarks("blanked", refused)
    if changes.expired:
        refused = stored_mail.delete(sorted(changes.expired), today=org_date(setup.now, setup.org))
        log.info("Unmatched mail deleted", action=Action.RECORDS_WRITTEN, emails=len(changes.expired) - len(refused))
        remarks += _remarks("deleted", refused)
    gone = changes.removed | changes.expired
    settled = (error for error in setup.errors if error.email in gone)
    return Cleared(
        settled=tuple(SettledError(id=error.id, status=ErrorStatus.RESOLVED) for error in settled),
        remarks=tuple(remarks),
    )


def _remarks(verb: str, refused: Mapping[RecordId, RowError]) -> Iterator[str]:
    for email, error in refused.items():
        log.warning("Mail not cleared", action=Action.MESSAGE_FAILED, email=email, code=error.code)
        yield f"The email {email} could not be {verb} ({error.code}: {error.message})"
