"""What the decider makes of a message once clients, stored copies and the directory have answered."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from connector.codes import Outcome
from connector.core.deciding import identity
from connector.core.deciding.exclude import compile_rules
from connector.engine.context import RunContext
from connector.engine.decider import Decider, Mail
from connector.engine.outcomes import OutcomeLedger
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.errors import MessageGoneError
from connector.model.mail import Header
from connector.model.org import ClientObject, DirectoryUser, Hit, Hits, MatchTies
from connector.model.records import MatchStatus, StoredEmail, StoredKey, StoredParticipant
from connector.model.values import GraphUserId, NormalAddress, RecordId
from tests.support.builders import at, internal, settings, stored
from tests.support.fakes import FakeTenant
from tests.support.firm import CLIENT, STRANGER, Firm, outcomes_of
from tests.unit.engine.contexts import context_of

GROUP = "all@firm.example"
USER = DirectoryUser(id=GraphUserId("u"), user_principal_name=GROUP, mail=GROUP, addresses=(GROUP,), purpose="user")


class Clients:
    """Who is a client and what is stored: what a look-up answers."""

    def __init__(self) -> None:
        self.hits: dict[NormalAddress, tuple[Hit, ...]] = {}
        self.stored: list[StoredEmail] = []

    def look_up(
        self, addresses: Iterable[NormalAddress], copies: Iterable[StoredKey]
    ) -> tuple[Hits, Sequence[StoredEmail]]:
        return {address: self.hits[address] for address in addresses if address in self.hits}, self.stored

    def forget(self, addresses: Iterable[NormalAddress]) -> None:
        """Nothing is remembered here."""


class Directory(FakeTenant):
    """A tenant whose directory may not be asked."""

    silent = False

    def has_user(self, address: str) -> bool | None:
        found = super().has_user(address)
        return None if self.silent else found


class Deciding:
    """One chunk of Ada's mailbox; Bob's is linked too."""

    def __init__(self, **fields: Any) -> None:
        self.firm, self.clients, self.tenant, self.ledger = Firm(), Clients(), Directory(), OutcomeLedger(trace={})
        self.firm.tenant = self.tenant
        self.boxes = {name: self.firm.box(name) for name in ("ada", "bob")}
        for name in self.boxes:
            self.tenant.boxes[GraphUserId(name)] = {}
        self.settings = fields
        self.sync_users = {box.user for box in self.boxes.values()}
        contact = Hit(object=ClientObject.CONTACT, id=RecordId("003000000000001AAA"), created_at=at(days=-9))
        self.clients.hits[NormalAddress(CLIENT)] = (contact,)

    def mails(self, *headers: Header, queue: str = "ada") -> list[Mail]:
        """What goes on of messages that came to the lane's mailbox."""
        box = self.boxes[queue]
        lane = WindowQueue(box, GraphUserId(queue))
        lane.tree = self.tenant.folders(GraphUserId(queue))
        linked = {NormalAddress(box.email): box.user for box in self.boxes.values()}
        return Decider(self.context(linked)).mails([WalkedWindow(lane, None, headers)])

    def context(self, linked: dict[NormalAddress, RecordId]) -> RunContext:
        """A run in which these addresses are linked."""
        return context_of(
            replace(self.firm.org.read(), sync_users=frozenset(self.sync_users)),
            source=self.tenant,
            directory=self.clients,
            ledger=self.ledger,
            rules=compile_rules([internal()]),
            linked=linked,
            **self.settings,
        )

    def outcome(self, header: Header, **how: Any) -> Outcome | None:
        """What it was settled as; None where it goes on."""
        self.mails(header, **how)
        return outcomes_of(self.ledger).get((header.mailbox, header.id))

    def mail(self, **fields: Any) -> Header:
        return self.firm.mail("ada", **fields)

    def copy_of(self, header: Header, **fields: Any) -> StoredEmail:
        """Its row."""
        row = stored(key=identity.message_key(header), internet_message_id=identity.message_id(header), **fields)
        self.clients.stored.append(row)
        return row


# -- Bcc and groups ----------------------------------------------------------------------------------------------------


def test_a_mail_to_an_internal_address_without_user_came_by_a_group() -> None:
    deciding = Deciding()
    assert deciding.outcome(deciding.mail(to=(CLIENT, GROUP))) is None


def test_a_mail_to_a_colleague_came_by_bcc() -> None:
    deciding = Deciding()
    deciding.tenant.users[GROUP] = USER
    assert deciding.outcome(deciding.mail(to=(CLIENT, GROUP))) is Outcome.BCC


def test_where_the_directory_cannot_be_asked_it_is_bcc() -> None:
    deciding = Deciding()
    deciding.tenant.silent = True
    assert deciding.outcome(deciding.mail(to=(CLIENT, GROUP))) is Outcome.BCC


def test_one_group_among_colleagues_is_enough_and_nobody_is_asked_for_twice() -> None:
    deciding = Deciding()
    deciding.tenant.users["colleague@firm.example"] = USER
    headers = [deciding.mail(to=(CLIENT, "colleague@firm.example"), cc=GROUP) for _ in range(2)]
    asked = deciding.tenant.calls
    assert len(deciding.mails(*headers)) == 2
    # the tree, the addresses of the mailbox, and each address once
    assert deciding.tenant.calls - asked == 4


def test_addresses_that_came_since_are_asked_for_once_and_only_of_what_may_be_a_bcc() -> None:
    deciding = Deciding()
    alias = "a.da@brand.example"
    deciding.tenant.users["ada"] = replace(USER, id=GraphUserId("ada"), addresses=("ada@firm.example", alias))
    assert len(deciding.mails(deciding.mail())) == 1
    # the tree
    assert deciding.tenant.calls == 1
    headers = [deciding.mail(to=recipients) for recipients in ((STRANGER,), (CLIENT, alias), (STRANGER,))]
    assert deciding.mails(*headers)[0].chosen.id == headers[1].id
    assert [outcomes_of(deciding.ledger).get((header.mailbox, header.id)) for header in headers] == [
        Outcome.BCC,
        None,
        Outcome.BCC,
    ]
    # the tree again, and the addresses
    assert deciding.tenant.calls == 3
    deciding.tenant.users.clear()
    assert deciding.outcome(deciding.mail(to=(CLIENT, alias))) is Outcome.BCC


# -- whose it is -------------------------------------------------------------------------------------------------------


def test_the_owner_is_the_linked_sender_unless_the_permission_set_is_gone() -> None:
    deciding = Deciding()
    sent = deciding.mail(from_="bob@firm.example", to=(CLIENT, "ada@firm.example"))
    [mail] = deciding.mails(sent)
    assert mail.owner == deciding.boxes["bob"].user
    deciding.sync_users = {deciding.boxes["ada"].user}
    [mail] = deciding.mails(sent)
    assert mail.owner == deciding.boxes["ada"].user


def test_a_mail_that_names_no_linked_mailbox_belongs_to_the_one_that_was_read() -> None:
    deciding = Deciding(sync_bcc=True)
    [mail] = deciding.mails(deciding.mail(from_=CLIENT, to=STRANGER))
    assert mail.owner == deciding.boxes["ada"].user


def test_the_senders_own_copy_is_chosen() -> None:
    deciding = Deciding()
    fields = {"from_": "bob@firm.example", "to": (CLIENT, "ada@firm.example"), "message_id": "<one@firm.example>"}
    theirs = deciding.mail(**fields)
    own = replace(deciding.mail(**fields), mailbox=deciding.boxes["bob"].id)
    queues = {name: WindowQueue(box, GraphUserId(name)) for name, box in deciding.boxes.items()}
    for name, queue in queues.items():
        queue.tree = deciding.tenant.folders(GraphUserId(name))
    decider = Decider(deciding.context({}))
    [mail] = decider.mails([WalkedWindow(queues["ada"], None, (theirs,)), WalkedWindow(queues["bob"], None, (own,))])
    assert [copy.header.id for copy in mail.copies] == [own.id, theirs.id]


def test_linked_mailboxes_and_internal_domains_are_ours() -> None:
    deciding = Deciding()
    linked = NormalAddress("partner@other.example")
    decider = Decider(deciding.context({linked: RecordId("005000000000001AAA")}))
    assert decider.is_ours(linked)
    assert decider.is_ours(NormalAddress("who@mail.firm.example"))
    assert not decider.is_ours(NormalAddress(CLIENT))


@pytest.mark.parametrize(("ties", "count"), [(MatchTies.ALL, 2), (MatchTies.OLDEST, 1)])
def test_of_several_records_with_one_address_all_or_the_oldest(ties: MatchTies, count: int) -> None:
    deciding = Deciding(match_ties=ties)
    second = Hit(object=ClientObject.CONTACT, id=RecordId("003000000000002AAA"), created_at=at(days=-1))
    deciding.clients.hits[NormalAddress(CLIENT)] += (second,)
    [mail] = deciding.mails(deciding.mail())
    assert len(mail.matches[0].contacts) == count


# -- unmatched, removed ------------------------------------------------------------------------------------------------


def test_unmatched_mail_is_dropped_unless_it_is_kept() -> None:
    deciding = Deciding()
    assert deciding.outcome(deciding.mail(from_=STRANGER)) is Outcome.UNMATCHED_DROPPED
    keeping = Deciding(keep_unmatched=True)
    assert keeping.outcome(keeping.mail(from_=STRANGER)) is None


@pytest.mark.parametrize(("days", "outcome"), [(30, None), (31, Outcome.UNMATCHED_DROPPED)])
def test_unmatched_mail_past_its_retention_is_dropped(days: int, outcome: Outcome | None) -> None:
    deciding = Deciding(keep_unmatched=True, unmatched_retention_days=30)
    assert deciding.outcome(deciding.mail(from_=STRANGER, days=days)) is outcome


@pytest.mark.parametrize("state", [{"match_status": MatchStatus.REMOVED}, {"is_deleted": True}])
def test_what_was_removed_is_never_stored_again(state: dict[str, Any]) -> None:
    deciding = Deciding()
    header = deciding.mail()
    row = deciding.copy_of(header, **state)
    assert deciding.outcome(header) is Outcome.REMOVED
    assert deciding.ledger.trace is not None
    _, reason = deciding.ledger.trace[header.mailbox, header.id]
    assert reason is not None
    assert reason.rule_id == row.id


def test_a_row_in_use_comes_before_one_in_the_recycle_bin() -> None:
    deciding = Deciding()
    header = deciding.mail()
    deciding.copy_of(header, is_deleted=True)
    used = deciding.copy_of(header)
    [mail] = deciding.mails(header)
    assert mail.stored == used


def test_a_relation_set_by_hand_keeps_a_mail_that_matches_nobody() -> None:
    deciding = Deciding()
    header = deciding.mail(from_=STRANGER)
    person = StoredParticipant(
        id=RecordId("a0P000000000001AAA"), key="k", address=STRANGER, contact=RecordId("003000000000005AAA")
    )
    deciding.copy_of(header, match_status=MatchStatus.UNMATCHED, participants=(person,))
    assert deciding.outcome(header) is None


def test_a_message_that_failed_before_in_this_run_is_decided_again() -> None:
    deciding = Deciding()
    header = deciding.mail()
    assert len(deciding.mails(header)) == 1
    deciding.ledger.settle(header, Outcome.FAILED)
    assert len(deciding.mails(header)) == 1
    deciding.ledger.settle(header, Outcome.MATCHED)
    assert deciding.mails(header) == []


# -- a whole run -------------------------------------------------------------------------------------------------------


def test_what_matches_nobody_is_stored_as_unmatched_and_told_so() -> None:
    firm = Firm()
    firm.org.settings = settings(keep_unmatched=True)
    unknown, known = firm.mail("ada", from_=STRANGER), firm.mail("ada")
    firm.sync()
    assert firm.outcomes == {
        (unknown.mailbox, unknown.id): Outcome.UNMATCHED_KEPT,
        (known.mailbox, known.id): Outcome.MATCHED,
    }
    assert {row["Match_Status__c"] for row in firm.org.rows("Email__c")} == {"Matched", "Unmatched"}
    assert len(firm.org.rows("Task")) == 1


def test_a_body_that_the_chosen_copy_has_lost_comes_from_the_next() -> None:
    firm = Firm()
    fields = {"to": ("ada@firm.example", "bob@firm.example"), "message_id": "<one@client.example>"}
    first, second = firm.mail("ada", **fields), firm.mail("bob", **fields)
    firm.tenant.bodies_broken[first.id] = MessageGoneError("gone")
    firm.sync()
    outcomes = firm.outcomes
    assert outcomes[second.mailbox, second.id] is Outcome.MATCHED
    assert outcomes[first.mailbox, first.id] is Outcome.DUPLICATE
    [row] = firm.org.rows("Email__c")
    assert row["Graph_Message_Id__c"] == second.id
