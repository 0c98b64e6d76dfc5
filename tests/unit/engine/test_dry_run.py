"""What a dry run says of each message: the outcome, the rule, and the record, in one chunk or in several."""

import pytest

from connector.codes import Outcome
from connector.core.deciding import identity
from connector.core.deciding.match import Match
from connector.engine.decider import Candidate, Decider, Mail
from connector.engine.dry_run import DryRunDirectory, dry_run_lines
from connector.engine.mailboxes import linked_addresses
from connector.engine.outcomes import OutcomeLedger
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.model.mail import Decision, Header, Party, Role
from connector.model.org import ClientObject, Hit
from connector.model.records import MatchStatus, StoredKey
from connector.model.run import DryRunLine
from connector.model.values import GraphUserId, NormalAddress, RecordId
from tests.support import builders
from tests.support.firm import CLIENT, COLLEAGUE, STRANGER, Firm
from tests.unit.engine.contexts import context_of

BOTH = ("ada@firm.example", "bob@firm.example")


@pytest.fixture
def firm() -> Firm:
    made = Firm()
    made.org.settings = builders.settings(keep_unmatched=True, backfill_months=1)
    return made


def foreseen(firm: Firm) -> dict[str, DryRunLine]:
    """By the id of the message."""
    found = firm.dry_run()
    assert len({one.message for one in found}) == len(found)
    return {one.message: one for one in found}


def in_chunks(firm: Firm, *headers: Header) -> tuple[list[DryRunLine], OutcomeLedger]:
    """Each message in a chunk of its own, and then all of them once more."""
    queues: dict[RecordId, WindowQueue] = {}
    for box in firm.org.mailboxes.values():
        assert box.graph_user_id is not None
        tree = firm.tenant.folders(box.graph_user_id)
        queues[box.id] = WindowQueue(box, box.graph_user_id, tree=tree)
    setup, ledger, foresight = firm.org.read(), OutcomeLedger(trace={}), DryRunDirectory(firm.org)
    linked = linked_addresses(setup.mailboxes)
    decider = Decider(context_of(setup, source=firm.tenant, directory=foresight, ledger=ledger, linked=linked))
    found = []
    for group in (*((header,) for header in headers), headers):
        readings = [WalkedWindow(queues[header.mailbox], None, (header,)) for header in group]
        found += dry_run_lines(decider, readings, ledger, foresight=foresight)
    return found, ledger


def test_the_rule_and_the_record_of_every_kind(firm: Firm) -> None:
    stored = firm.mail("ada", id="stored", to=BOTH, message_id="<stored@x.example>")
    firm.sync()
    [email] = firm.org.table("Email__c")
    firm.mail("bob", id="copy", to=BOTH, message_id=stored.internet_message_id, sent_at=stored.sent_at)
    rule = builders.exclusion("*@shop.example")
    firm.org.exclusions.append(rule)
    firm.mail("ada", id="client")
    firm.mail("ada", id="stranger", from_=STRANGER)
    firm.mail("ada", id="shop", from_="news@shop.example")
    firm.mail("ada", id="internal", from_=COLLEAGUE)
    firm.mail("ada", id="first", to=BOTH, message_id="<both@x.example>")
    firm.mail("bob", id="second", to=BOTH, message_id="<both@x.example>")
    firm.wait(days=1)
    found = foreseen(firm)
    contact = "003000000000001AAA"
    told = {id_: (one.outcome, one.rule, one.rule_id) for id_, one in found.items()}
    assert told.pop("shop")[0::2] == (Outcome.EXCLUDED, rule.id)
    assert told.pop("internal")[0] is Outcome.INTERNAL
    assert told.pop("client") == (Outcome.MATCHED, "Contact has client@client.example", contact)
    assert told.pop("stranger") == (Outcome.UNMATCHED_KEPT, "Keep Unmatched Emails is on", None)
    assert told.pop("stored") == (Outcome.DUPLICATE, "stored from this very message", email)
    assert told.pop("copy") == (Outcome.DUPLICATE, "stored from another copy", email)
    assert told.pop("first")[0] is Outcome.MATCHED
    assert told.pop("second") == (Outcome.DUPLICATE, "another copy is stored in the same run", None)
    assert told == {}


def test_a_message_that_is_read_once_more_is_told_once(firm: Firm) -> None:
    header = firm.mail("ada")
    found, ledger = in_chunks(firm, header)
    assert [one.outcome for one in found] == [Outcome.MATCHED]
    assert ledger.by_outcome()[Outcome.MATCHED] == 1


def test_a_copy_in_a_later_chunk_is_no_second_mail(firm: Firm) -> None:
    both = [firm.mail(name, to=BOTH, message_id="<both@x.example>") for name in ("ada", "bob")]
    found, _ = in_chunks(firm, *both)
    assert [(one.outcome, one.rule_id) for one in found][1] == (Outcome.DUPLICATE, None)
    assert found[1].rule == "another copy is stored in the same run"


def test_a_mail_that_would_be_stored_is_found_by_its_key_or_its_message_id_alone(firm: Firm) -> None:
    header = firm.mail("ada", message_id="<both@x.example>")
    foresight = DryRunDirectory(firm.org)
    queue = WindowQueue(firm.box("ada"), firm.box("ada").graph_user_id)
    match = Match(
        party=Party(address=NormalAddress(CLIENT), name="", role=Role.FROM),
        contacts=(Hit(object=ClientObject.CONTACT, id=RecordId("003000000000001AAA")),),
    )
    candidate = Candidate(header, queue, Decision(outcome=None))
    foresight.note(Mail([candidate], "key", None, (match,), RecordId("005000000000001AAA")))
    mid = identity.message_id(header)
    by_key, by_id, other = (
        foresight.look_up([], [copy])[1] for copy in (StoredKey("key"), StoredKey("x", mid), StoredKey("x"))
    )
    assert [row.key for row in by_key] == [row.key for row in by_id] == ["key"]
    assert other == []
    assert by_key[0].match_status == MatchStatus.MATCHED
    assert [row.contact for row in by_key[0].participants] == ["003000000000001AAA"]
    both = foresight.look_up([NormalAddress(CLIENT)], [StoredKey("key", mid)])
    assert len(both[1]) == 1
    assert [hit.id for hit in both[0][NormalAddress(CLIENT)]] == ["003000000000001AAA"]


def test_a_ledger_without_trace_is_refused(firm: Firm) -> None:
    """The lines are read from it."""
    context = context_of(firm.org.read(), source=firm.tenant, directory=firm.org, ledger=OutcomeLedger())
    with pytest.raises(ValueError, match="trace"):
        dry_run_lines(Decider(context), [], context.ledger)


def test_nothing_of_a_chunk_is_kept_once_its_lines_are_out(firm: Firm) -> None:
    """But its outcome counts on, and it is not told again."""
    one, two = firm.mail("ada"), firm.mail("ada")
    queue = WindowQueue(firm.box("ada"), firm.box("ada").graph_user_id, tree=firm.tenant.folders(GraphUserId("ada")))
    context = context_of(firm.org.read(), source=firm.tenant, directory=firm.org, ledger=OutcomeLedger(trace={}))
    decider, ledger = Decider(context), context.ledger
    for header in (one, two):
        [line] = dry_run_lines(decider, [WalkedWindow(queue, None, (header,))], ledger)
        assert line.message == header.id
        assert (ledger.trace or {}).keys() == {(header.mailbox, header.id)}
    assert dry_run_lines(decider, [WalkedWindow(queue, None, (one, two))], ledger) == []
    assert ledger.listed == 2
