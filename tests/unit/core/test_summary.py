"""A dry run's summary: every line is counted once, and only the first of a rule are kept."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from connector.codes import Outcome
from connector.core.reporting.summary import EXAMPLES, DryRunSummary
from connector.model.run import DryRunLine
from connector.model.values import MessageId, RecordId

RULES = st.tuples(st.sampled_from(Outcome), st.sampled_from(["a rule", "another"]))


def line(outcome: Outcome, rule: str, number: int) -> DryRunLine:
    return DryRunLine(
        mailbox=RecordId("a0M"),
        mailbox_name="ada@firm.example",
        message=MessageId(str(number)),
        internet_message_id=None,
        outcome=outcome,
        rule=rule,
        rule_id=None,
    )


@given(st.lists(RULES, max_size=200))
def test_every_line_is_counted_once_and_twenty_of_a_rule_are_kept(given_: list[tuple[Outcome, str]]) -> None:
    summary = DryRunSummary()
    for number, (outcome, rule) in enumerate(given_):
        summary.take(line(outcome, rule, number))
    found = list(summary.rules())
    by_outcome: Counter[Outcome] = Counter()
    for one in found:
        by_outcome[one.outcome] += one.count
        assert len(one.examples) == min(one.count, EXAMPLES)
    assert by_outcome == Counter(outcome for outcome, _ in given_)
    order = list(Outcome)
    assert [order.index(one.outcome) for one in found] == sorted(order.index(one.outcome) for one in found)


def test_clients_are_one_count_and_exclusions_are_told_apart() -> None:
    summary = DryRunSummary()
    for number in range(2_500):
        summary.take(line(Outcome.MATCHED, f"Contact has {number}@client.example", number))
        summary.take(line(Outcome.EXCLUDED, f"rule {number % 1_500}", number))
    found = list(summary.rules())
    assert [one.count for one in found if one.outcome is Outcome.MATCHED] == [2_500]
    excluded = [one.count for one in found if one.outcome is Outcome.EXCLUDED]
    assert len(excluded) == 1_001
    assert sum(excluded) == 2_500
