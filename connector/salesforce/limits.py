"""When a run has to stop for the org's sake: its daily API calls are used up, or it refuses every row of an object.

Each answer of the REST API says how many calls all of the org's clients made in the last 24 hours, and how many they
may (REST guide, "Limit Info Header": `Sforce-Limit-Info: api-usage=18/5000`).
"""

import re
import threading
from collections import Counter
from collections.abc import Iterable

from connector.errors import OrgFaultError, ServiceError
from connector.model.records import RowResult
from connector.salesforce.errors import BY_CODE
from connector.salesforce.results import waits_for_parent

HEADER = "Sforce-Limit-Info"
#: So many rows of an object refused with one code, and none taken, are a fault of the org.
ENOUGH = 50
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


class Budget:
    """Up to `percent` of the calls that an org has. Safe from several threads.

    An org that says nothing has no limit.
    """

    def __init__(self, percent: int) -> None:
        self._percent = percent
        self._lock = threading.Lock()
        self._usage: tuple[int, int] | None = None

    def note(self, header: str | None) -> None:
        """What an answer said; answers that overtake each other do no harm, the next one is newer."""
        found = _USAGE.search(header or "")
        if found is not None:
            with self._lock:
                self._usage = int(found[1]), int(found[2])

    def require_room(self, *, where: str) -> None:
        """Raise ServiceError where the share is used up."""
        with self._lock:
            usage = self._usage
        if usage is None:
            return
        used, limit = usage
        if used * 100 >= limit * self._percent:
            raise ServiceError(
                f"{used} of the org's {limit} API calls of the last 24 hours are used, "
                f"and the connector stops at {self._percent} %",
                where=where,
                remedy="Runs go on by themselves when some are free again. Setup, System Overview shows the use; "
                "salesforce.daily_call_budget_percent sets the share.",
                code="API_BUDGET",
            )


class OrgFaultWatch:
    """Finds out, by the rows of a whole run, whether the org is at fault or the mail. Not thread-safe."""

    def __init__(self) -> None:
        self._refused: Counter[tuple[str, str]] = Counter()
        self._taken: set[str] = set()

    def see(self, results: Iterable[RowResult]) -> None:
        """Count rows as they ended. Raises OrgFaultError with the org's own message."""
        refused: dict[tuple[str, str], str] = {}
        for result in results:
            name = result.row.object
            if result.done:
                self._taken.add(name)
            elif result.error is not None and not waits_for_parent(result):
                self._refused[name, result.error.code] += 1
                refused.setdefault((name, result.error.code), result.error.message)
        for (name, code), message in refused.items():
            if name not in self._taken and self._refused[name, code] >= ENOUGH:
                raise self._fault(name, code, message)

    @staticmethod
    def _fault(name: str, code: str, message: str) -> OrgFaultError:
        meaning = BY_CODE.get(code)
        remedy = meaning.remedy if meaning else f"Look at the required fields, validation rules and flows of {name}."
        return OrgFaultError(f"The org refuses every row of {name} ({code}: {message})", where=name, remedy=remedy)
