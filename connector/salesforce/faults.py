"""Tells a fault of the org from a fault of the mail: when every row of an object is refused for one reason."""

from collections import Counter
from collections.abc import Iterable

from connector.errors import OrgFaultError
from connector.salesforce.errors import BY_CODE
from connector.salesforce.results import Outcome, waits_for_parent

#: So many rows refused with one code, and none taken.
ENOUGH = 50


class OrgFaultWatch:
    """Counts over a whole run."""

    def __init__(self) -> None:
        self._refused: Counter[tuple[str, str]] = Counter()
        self._taken: set[str] = set()

    def see(self, outcomes: Iterable[Outcome]) -> None:
        """Count rows as they ended. Raises OrgFaultError with the org's own message."""
        refused: dict[tuple[str, str], str] = {}
        for outcome in outcomes:
            name = outcome.row.object
            if outcome.done:
                self._taken.add(name)
            elif outcome.error is not None and not waits_for_parent(outcome):
                self._refused[name, outcome.error.code] += 1
                refused.setdefault((name, outcome.error.code), outcome.error.message)
        for (name, code), message in refused.items():
            if name not in self._taken and self._refused[name, code] >= ENOUGH:
                raise self._fault(name, code, message)

    @staticmethod
    def _fault(name: str, code: str, message: str) -> OrgFaultError:
        meaning = BY_CODE.get(code)
        remedy = meaning.remedy if meaning else f"Look at the required fields, validation rules and flows of {name}."
        return OrgFaultError(f"The org refuses every row of {name} ({code}: {message})", where=name, remedy=remedy)
