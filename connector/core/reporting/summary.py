"""What a dry run foresees, counted by rule, with a few messages as examples. Pure.

It holds twenty lines of each rule and no more, however many messages there are. What is counted apart comes from what
admins set (exclusions, categories) or from the folders of a mailbox; the mails of each client are one count.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from connector.codes import Outcome
from connector.model.run import DryRunLine

#: so many messages stand as examples of a rule
EXAMPLES = 20
#: outcomes that several rules of an admin, or several folders, lead to
_BY_RULE = (Outcome.FOLDER, Outcome.OPTED_OUT, Outcome.EXCLUDED)
#: so many rules of one outcome are told apart; whatever else has that outcome is counted as one
_MOST_RULES = 1_000


@dataclass(slots=True, kw_only=True)
class RuleCount:
    """The messages that one rule decides: how many, and the first of them. `rule` is empty where the outcome says it.

    `rule_id`: the record that the rule stands in, if any.
    """

    outcome: Outcome
    rule: str
    rule_id: str | None
    count: int = 0
    examples: list[DryRunLine] = field(default_factory=list)


class DryRunSummary:
    """Takes the lines of a dry run one by one, and counts them by rule."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Outcome, str, str | None], RuleCount] = {}

    def take(self, line: DryRunLine) -> None:
        """Count a line; it is kept only where it is one of the first of its rule."""
        apart = line.outcome in _BY_RULE
        key = (line.outcome, line.rule if apart else "", line.rule_id if apart else None)
        if key not in self._counts and sum(known[0] is line.outcome for known in self._counts) >= _MOST_RULES:
            key = (line.outcome, "", None)
        found = self._counts.setdefault(key, RuleCount(outcome=key[0], rule=key[1], rule_id=key[2]))
        found.count += 1
        if len(found.examples) < EXAMPLES:
            found.examples.append(line)

    def rules(self) -> Iterator[RuleCount]:
        """The counts, in the order in which rules are asked, the most frequent of an outcome first."""
        order = list(Outcome)
        yield from sorted(
            self._counts.values(), key=lambda one: (order.index(one.outcome), -one.count, one.rule, one.rule_id or "")
        )
