"""The share of the org's daily API calls that the connector leaves to others.

Each answer of the REST API says how many calls all of the org's clients made in the last 24 hours, and how many they
may (REST guide, "Limit Info Header": `Sforce-Limit-Info: api-usage=18/5000`).
"""

import re
import threading

from connector.errors import ServiceError

HEADER = "Sforce-Limit-Info"
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
