"""The specification as a machine: anything happens to mailboxes, to the org, to rules and rights, and to the connector.

Whatever the order, after every step nothing stands twice, nothing private was sent, what was removed stays away and no
timestamp is ahead of what is stored or logged; after every run each message has the one outcome that the oracle names;
and once all is well again, a sweep leaves exactly what the oracle owes.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Collection

from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from connector.codes import Outcome
from connector.engine.report import RunReport
from connector.errors import UnreachableError
from connector.model.values import GraphUserId
from tests.property.oracle import PRIVATE, Item
from tests.property.story import OWNERS, Story
from tests.support.fakes import Calls, CrashError

#: when in a run something happens, by the number of the call
moments = st.integers(1, 70)


class At(Calls):
    """Calls of which the one with this number does something first, or instead."""

    def __init__(self, number: int, do: Callable[[str], None]) -> None:
        super().__init__()
        self._number = number
        self._do = do

    def __call__(self, name: str) -> None:
        super().__call__(name)
        if len(self.names) == self._number:
            self._do(name)


class FirmMachine(Story):
    """The story of a firm, and of the connector that serves it."""

    def __init__(self) -> None:
        super().__init__()
        #: places behind a timestamp that were found stored, logged or nobody's
        self.accounted: set[str] = set()
        self.org.on_save = self.never_ahead

    # -- the connector ----------------------------------------------------------------------------------------------

    @rule(sweep=st.booleans(), well=st.booleans())
    def runs(self, sweep: bool, well: bool) -> None:
        if well:
            self.services_are_well_again()
        self._run(sweep=sweep)

    @rule(every=st.booleans())
    def retries(self, every: bool) -> None:
        self._begin()
        report = self.firm.sync(retries_only=True, every_error=every)
        assert set(report.outcomes.values()) != {None}

    @rule(number=moments, sweep=st.booleans())
    def is_killed(self, number: int, sweep: bool) -> None:
        self._begin()
        with contextlib.suppress(CrashError):
            self.firm.sync(Calls(crash_at=number), sweep=sweep)
        self.never_ahead()

    @rule(number=moments)
    def loses_an_answer(self, number: int) -> None:
        """A service does not answer, at any request, perhaps after it did what it was asked for."""

        def lost(name: str) -> None:
            raise UnreachableError(f"no answer to {name}")

        self._begin()
        self.firm.sync(At(number, lost))

    @rule(number=moments)
    def runs_twice_at_once(self, number: int) -> None:
        """While one run stands still at a call, another is made from beginning to end."""
        self._begin()

        def other(_: str) -> None:
            mine = self.org.call
            self.firm.sync()
            self.org.call = self.tenant.call = mine

        self.firm.sync(At(number, other))
        self.never_ahead()

    # -- what always holds ------------------------------------------------------------------------------------------

    @invariant()
    def all_is_as_it_always_is(self) -> None:
        self.nothing_stands_twice()
        self.nothing_private_is_sent()
        self.what_was_removed_stays_away()

    def nothing_stands_twice(self) -> None:
        mails = Counter(row["Internet_Message_Id__c"] for row in self.org.rows("Email__c"))
        assert max(mails.values(), default=1) == 1, mails
        for name, key in (("Email_Participant__c", "Participant_Key__c"), ("Task", "Task_Key__c")):
            keys = Counter(row[key] for row in self.org.rows(name))
            assert max(keys.values(), default=1) == 1, keys
        tasks = Counter((self._mid(row["Email__c"]), row["WhoId"]) for row in self.org.rows("Task"))
        people = Counter(
            (self._mid(row["Email__c"]), row["Address__c"], row.get("Contact__c"))
            for row in self.org.rows("Email_Participant__c")
            if row.get("Contact__c")  # of two Contacts with one address that vanished two rows stay
        )
        for found in (tasks, people):
            assert not [each for each, count in found.items() if count > 1 and each[0] not in self.merged]

    def nothing_private_is_sent(self) -> None:
        for mail in self.oracle.private():
            for text in self.org.heard:
                assert mail.mid not in text, mail
                assert mail.subject not in text, mail
                assert "secret" not in mail.sender or mail.sender not in text, mail

    def what_was_removed_stays_away(self) -> None:
        for row in self.org.rows("Email__c"):
            mid = row["Internet_Message_Id__c"]
            assert (row["Match_Status__c"] == "Removed") == (f"<{mid}>" in self.oracle.removed)

    def never_ahead(self) -> None:
        """At every save: what lies behind a timestamp is stored, or logged, or nobody's."""
        for item in self.oracle.items.values():
            if item.id not in self.accounted and not item.overtaken and self._is_behind(item):
                assert self._is_settled(item), f"{item} is behind the timestamps, and nowhere"
                self.accounted.add(item.id)

    def teardown(self) -> None:
        """All is well again; everybody may be read; one retry and one sweep, and all is as the oracle has it."""
        self.services_are_well_again()
        self.a_validation_rule_comes_or_goes(refuses=False)
        self.oracle.active = True
        self._settings()
        for owner in OWNERS:
            for lacks in ("right", "link"):
                self.rights_change(owner, lacks, gives=True)
        self.firm.wait(minutes=1)
        self._begin()
        assert self.firm.sync(retries_only=True, every_error=True).failure is None
        report = self._run(sweep=True)
        assert report.failure is None
        assert report.exit_code == 0
        self.firm.wait(minutes=1)
        self.equals_the_oracle()
        assert self._run(sweep=True).stored == 0
        self.equals_the_oracle()
        self.all_is_as_it_always_is()

    def equals_the_oracle(self) -> None:
        standing = {f"<{row['Internet_Message_Id__c']}>" for row in self.org.rows("Email__c")}
        for mail in self.oracle.mails:
            wanted = any(self.oracle.wanted(item) for item in self.oracle.copies(mail))
            assert not wanted or mail.mid in standing, f"{mail} is lost"
            assert mail.mid not in standing or mail.seen_as & {"matched", "unmatched_kept"}, f"{mail} was never wanted"
        related = {
            (self._mid(row["Email__c"]), row["Contact__c"])
            for row in self.org.rows("Email_Participant__c")
            if row.get("Contact__c")
        }
        told = {(self._mid(row["Email__c"]), row["WhoId"]) for row in self.org.rows("Task")}
        owed = set(self.oracle.owed())
        assert owed <= related, f"not related: {owed - related}"
        assert owed <= told, f"no Task: {owed - told}"
        assert related <= self.oracle.related, f"related by nobody: {related - self.oracle.related}"

    # -- how it is done ---------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.oracle.about_to_run(self.org.now)

    def _run(self, *, sweep: bool = False) -> RunReport:
        """An undisturbed run, and what it has to have said."""
        before = {f"<{row['Internet_Message_Id__c']}>" for row in self.org.rows("Email__c")}
        unread = [item for item in self.oracle.items.values() if not item.overtaken and not self._is_behind(item)]
        self._begin()
        report = self.firm.sync(sweep=sweep)
        outcomes = {place[1]: outcome for place, outcome in self.firm.outcomes.items()}
        assert sum(report.outcomes.values()) == report.listed
        if report.failure is not None or not self.oracle.active:
            return report
        assert report.listed == len(outcomes)
        self._said(outcomes, before)
        for item in self.oracle.items.values() if sweep else unread:
            is_well = GraphUserId(item.owner) not in self.tenant.broken and item.received < self.org.now
            if is_well and self.oracle.is_read(item) and self._in_range(item):
                # the second road does not go through Junk Email
                is_listed = item.id in outcomes or item.folder == "junk" or self._is_logged(item)
                assert is_listed, f"{item} was not listed"
                assert self._is_settled(item), item
        return report

    def _said(self, outcomes: dict[str, Outcome], before: Collection[str]) -> None:
        written: Counter[str] = Counter()
        for id_, outcome in outcomes.items():
            item = self.oracle.items[id_]
            kind, mid = self.oracle.kind(item), item.mail.mid
            if outcome is Outcome.FAILED:
                assert self._is_logged(item)
            elif kind in PRIVATE:
                assert outcome == kind, (outcome, item)
            else:
                assert outcome in self._possible(item, is_stored=mid in before), (outcome, item)
                written[mid] += outcome in (Outcome.MATCHED, Outcome.UNMATCHED_KEPT)
        assert max(written.values(), default=1) <= 1, written

    def _possible(self, item: Item, *, is_stored: bool) -> set[str]:
        """What a mail may be told to be whose headers do not rule it out: its copies are decided on together."""
        kinds = {self.oracle.kind(copy) for copy in self.oracle.copies(item.mail)} - PRIVATE
        dropped = {"unmatched_dropped"} if kinds == {"unmatched_dropped"} else set()
        if item.mail.mid in self.oracle.removed:
            return {"removed"} | dropped
        if is_stored:
            return {"duplicate"} | dropped
        return dropped or {"duplicate"} | kinds - {"unmatched_dropped"}

    def _is_settled(self, item: Item) -> bool:
        standing = {f"<{row['Internet_Message_Id__c']}>" for row in self.org.rows("Email__c")}
        return item.mail.mid in standing or self._is_logged(item) or not self.oracle.wanted(item)

    def _is_logged(self, item: Item) -> bool:
        return any(row["Graph_Message_Id__c"] == item.id for row in self.org.rows("MS_Graph_Sync_Error__c"))

    def _is_behind(self, item: Item) -> bool:
        box = self.firm.box(item.owner)
        parts = ((box.backfill_from, box.backfill_through), (box.live_from, box.live_through))
        return any(since and through and since <= item.received < through for since, through in parts)

    def _in_range(self, item: Item) -> bool:
        since = self.firm.box(item.owner).backfill_from
        return since is not None and since <= item.received


def test_nothing_is_lost_repeated_or_disclosed_whatever_happens() -> None:
    run_state_machine_as_test(FirmMachine, settings=profile(stateful_step_count=40))
