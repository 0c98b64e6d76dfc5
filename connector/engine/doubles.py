"""Merges mail that two connectors at once stored twice: the first run of a day looks for it.

On a day without such mail that is one call, and a second one where one Message-ID has several rows, as bulk senders
make them. The row that was made first stays; it takes over what the other has, and the other is deleted last: whatever
breaks off in between is done again by the next run, which finds both.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from connector.codes import Action
from connector.core.deciding.doubles import Double, doubles
from connector.core.writing.merging import merge
from connector.engine.context import RunContext
from connector.model.records import Merge, RowError
from connector.model.run import EventRecord
from connector.model.values import RecordId, batched
from connector.ports import RecordSink, StoredMail

log = structlog.get_logger(__name__)

#: how far before the last run both rows may have been written or changed: a connector may have stood still for a while,
#: and what was refused is tried again on so many days
LOOK_BACK = timedelta(days=3)
#: mails merged together: they take one Collection of each kind of row
SLICE = 200


class DoubledMail:
    """The merging of one run. `remarks` say what was refused; the next first runs of a day try it again."""

    def __init__(self, context: RunContext, stored_mail: StoredMail, sink: RecordSink) -> None:
        self._context = context
        self._stored_mail = stored_mail
        self._sink = sink
        self.remarks: list[str] = []

    def merge(self, event: EventRecord) -> None:
        """Find and merge them. Raises ServiceError when the run cannot go on."""
        through = self._context.settings.matched_through or self._context.setup.now
        for rows in self._stored_mail.with_one_id(since=min(through, self._context.setup.now) - LOOK_BACK):
            found = doubles(rows, self._context.boxes)
            while found:
                # of a mail that is there three times, the third is merged into what came of the first two
                now = list({double.older.id: double for double in reversed(found)}.values())
                found = [double for double in found if double not in now]
                for part in batched(now, SLICE):
                    self._merge(part, event)

    def _merge(self, part: Sequence[Double], event: EventRecord) -> None:
        merges = self._planned(part)
        results = self._sink.write([each.rows for each in merges], event=event)
        refused: dict[RecordId, RowError] = {}
        complete: list[Merge] = []
        for each, written in zip(merges, results, strict=True):
            for result in written:
                self._context.ledger.count(result)
            error = next((result.error for result in written if result.error is not None), None)
            if error is None:
                complete.append(each)
            else:
                refused[each.younger] = error
        if complete:
            refused |= self._stored_mail.take_over(complete)
        log.info("Mail stored twice merged", action=Action.MAIL_MERGED, emails=len(merges) - len(refused))
        self._note(refused)

    def _planned(self, part: Sequence[Double]) -> list[Merge]:
        ids = [row.id for double in part for row in (double.older, double.younger)]
        filed = {mail.stored.id: mail for mail in self._stored_mail.read(ids)}
        tasks = self._stored_mail.tasks(ids)
        files = self._sink.files.find(ids)
        return [
            merge(
                filed[double.older.id],
                filed[double.younger.id],
                tasks=[task for task in tasks if task.email in (double.older.id, double.younger.id)],
                files=(files.get(double.older.id, ()), files.get(double.younger.id, ())),
                org=self._context.setup.org,
            )
            for double in part
            # a person may have removed one meanwhile
            if double.older.id in filed and double.younger.id in filed
        ]

    def _note(self, refused: Mapping[RecordId, RowError]) -> None:
        for email, error in refused.items():
            log.warning("Mail not merged", action=Action.MAIL_NOT_MERGED, email=email, code=error.code)
            self.remarks.append(
                f"The email {email} is stored twice and could not be merged ({error.code}: {error.message})"
            )
