"""When a run has to wait for the org's sake: its daily API calls are used up, or it refuses every row of an object.

Each answer of the REST API says how many calls all of the org's clients made in the last 24 hours, and how many they
may (REST guide, "Limit Info Header": `Sforce-Limit-Info: api-usage=18/5000`).
"""

import re
import threading
from collections import Counter
from collections.abc import Iterable

from connector.core.scheduling.policy import LIVE_PERCENT
from connector.errors import OrgFaultError, ServiceError
from connector.model.records import RowResult
from connector.salesforce.errors import BY_CODE

HEADER = "Sforce-Limit-Info"
#: So many rows of an object in a row, refused with one code, are a fault of the org.
ENOUGH = 50
#: Codes that one row is enough for: no room, no calls, no sight of the object, whatever the row.
OF_THE_ORG = frozenset(
    {
        "STORAGE_LIMIT_EXCEEDED",
        "LIMIT_EXCEEDED",
        "REQUEST_LIMIT_EXCEEDED",
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
        "FUNCTIONALITY_NOT_ENABLED",
        "INVALID_TYPE",
    }
)
#: Codes of a row alone: another transaction holds its parent.
_PASSING = frozenset({"UNABLE_TO_LOCK_ROW"})
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


class Budget:
    """The connector's share of the calls that an org has: backfills wait at `percent`, everything at 95 %, or at
    `percent` where that is more. Safe from several threads.

    An org that says nothing has no limit.
    """

    def __init__(self, percent: int) -> None:
        self._backfill_percent = percent
        self._percent = max(percent, LIVE_PERCENT)
        self._lock = threading.Lock()
        self._usage: tuple[int, int] | None = None

    def note(self, header: str | None) -> None:
        """What an answer said; answers that overtake each other do no harm, the next one is newer."""
        found = _USAGE.search(header or "")
        if found is not None:
            with self._lock:
                self._usage = int(found[1]), int(found[2])

    def backfill_pause(self) -> str | None:
        """Why backfills wait, in a sentence; None where they need not."""
        used = self._used(self._backfill_percent)
        return used and (
            f"The backfill waits: {used}, and backfills stop at {self._backfill_percent} % "
            "(salesforce.daily_call_budget_percent). It goes on with a later run, when some are free again."
        )

    def require_room(self, *, where: str) -> None:
        """Raise ServiceError where live mail has to wait too."""
        used = self._used(self._percent)
        if used is not None:
            raise ServiceError(
                f"{used[0].upper()}{used[1:]}, and the connector stops at {self._percent} %",
                where=where,
                remedy="Runs go on by themselves when some are free again. Setup, System Overview shows who uses them.",
                code="API_BUDGET",
            )

    def _used(self, percent: int) -> str | None:
        """How many calls are used, where they are this share of all."""
        with self._lock:
            usage = self._usage
        if usage is None or usage[0] * 100 < usage[1] * percent:
            return None
        return f"{usage[0]} of the org's {usage[1]} API calls of the last 24 hours are used"


class OrgFaultWatch:
    """Finds out, by the rows of a whole run, whether the org is at fault or the mail. Not thread-safe.

    A fault may begin at any time: what counts is how many rows of an object were refused with one code since the last
    that was taken. Some codes say by themselves that no row can be taken.
    """

    def __init__(self) -> None:
        self._refused: Counter[tuple[str, str]] = Counter()

    def see(self, results: Iterable[RowResult]) -> None:
        """Count rows as they ended, in order; not those that failed with their parent only.

        Raises OrgFaultError with the org's own message.
        """
        for result in results:
            name, error = result.row.object, result.error
            if error is None:
                for known in [known for known in self._refused if known[0] == name]:
                    del self._refused[known]
                continue
            if error.code in _PASSING:
                continue
            self._refused[name, error.code] += 1
            if self._refused[name, error.code] >= ENOUGH or error.code in OF_THE_ORG:
                raise self._fault(name, error.code, error.message)

    @staticmethod
    def _fault(name: str, code: str, message: str) -> OrgFaultError:
        meaning = BY_CODE.get(code)
        remedy = meaning.remedy if meaning else f"Look at the required fields, validation rules and flows of {name}."
        return OrgFaultError(f"The org refuses every row of {name} ({code}: {message})", where=name, remedy=remedy)
