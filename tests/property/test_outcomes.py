"""The outcomes partition any mailbox, and a dry run and `explain` say what the sync does, before and after."""

from hypothesis import given

from connector.codes import Outcome
from connector.core.deciding.address import normalise
from connector.model.mail import Header
from tests.property.mailboxes import Case, cases, explained, placed
from tests.support.builders import at
from tests.support.fakes import JUNK

#: settled by the headers of a message alone
BY_HEADERS = (
    Outcome.DRAFT,
    Outcome.FOLDER,
    Outcome.OPTED_OUT,
    Outcome.BCC,
    Outcome.INTERNAL,
    Outcome.EXCLUDED,
)
OURS = ("ada@firm.example", "bob@firm.example")
#: the backfill of a month goes back to here
READ_FROM = at(days=-28)


def by_headers(case: Case, header: Header) -> Outcome | None:
    """DESIGN's table for this firm, written down a second time and as plainly as can be; None: not settled so far."""
    rules = {rule.pattern: rule for rule in case.rules}

    def stands(pattern: str) -> bool:
        removed = rules[pattern].removed_at if pattern in rules else None
        return pattern in rules and (removed is None or header.received_at < removed)

    def internal(address: str) -> bool:
        if "@" not in address or address in OURS or address.endswith(("@firm.example", ".firm.example")):
            return True
        return address.endswith("@shared.example") and stands("shared.example")

    def excluded(address: str) -> bool:
        mine = ("*@private.example", "mum@private.example") if owner == "ada" else ("client@client.example",) * 2
        return (
            (address == "news@list.example" and stands("*@list.example"))
            or (address == "spouse@client.example" and stands("spouse@client.example"))
            or (address == "who@unknown.example" and stands("who@*"))
            or (address == mine[1] and stands(mine[0]))
        )

    owner = "ada" if header.mailbox.endswith("1AAA") else "bob"
    senders = [who for who in (header.from_, header.sender) if who is not None]
    visible = [normalise(who.address) for who in (*senders, *header.to, *header.cc) if who.address.strip()]
    everyone = [*visible, *(normalise(who.address) for who in header.bcc if who.address.strip())]
    external = [address for address in everyone if not internal(address)]
    if header.is_draft:
        return Outcome.DRAFT
    if header.folder == JUNK:
        return Outcome.FOLDER
    if any(category.strip().lower() == "do not sync" for category in header.categories):
        return Outcome.OPTED_OUT
    groups = [normalise(who.address) for who in (*header.to, *header.cc) if who.address.strip()]
    by_group = any("@" in group and internal(group) and group not in OURS for group in groups)
    if not case.settings.sync_bcc and f"{owner}@firm.example" not in visible and not by_group:
        return Outcome.BCC
    if everyone and not external:
        return Outcome.INTERNAL
    if external and all(excluded(address) for address in external):
        return Outcome.EXCLUDED
    return None


@given(cases())
def test_every_listed_message_has_exactly_one_outcome_and_none_fails(case: Case) -> None:
    firm = case.firm()
    report = firm.sync()
    outcomes, counts = firm.outcomes, report.outcomes
    assert report.failure is None
    assert set(outcomes) == {placed(header) for header in case.headers if header.received_at >= READ_FROM}
    assert set(counts) == set(Outcome)
    assert sum(counts.values()) == report.listed == len(outcomes)
    assert counts[Outcome.FAILED] == report.errors == len(firm.org.rows("MS_Graph_Sync_Error__c")) == 0
    for header in case.headers:
        if header.received_at >= READ_FROM:
            expected = by_headers(case, header)
            assert outcomes[placed(header)] is expected or (
                expected is None and outcomes[placed(header)] not in BY_HEADERS
            )
    stored = counts[Outcome.MATCHED] + counts[Outcome.UNMATCHED_KEPT]
    assert len(firm.org.rows("Email__c")) == report.emails == stored
    assert case.settings.keep_unmatched or not counts[Outcome.UNMATCHED_KEPT]
    for event in firm.events():
        assert (event["Status__c"], event["Emails_Synced__c"], event["Emails_Failed__c"]) == ("Succeeded", stored, 0)
    assert len(firm.events()) == (1 if stored else 0)


@given(cases())
def test_a_dry_run_says_what_the_run_does(case: Case) -> None:
    firm = case.firm()
    foreseen = firm.dry_run()
    assert firm.org.tables.get("Email__c", {}) == {}
    found = {(line.mailbox, line.message): line.outcome for line in foreseen}
    assert len(found) == len(foreseen)
    firm.sync()
    assert found == firm.outcomes


@given(cases())
def test_explain_says_what_the_run_does_before_and_after(case: Case) -> None:
    firm = case.firm()
    listed = [header for header in case.headers if header.received_at >= READ_FROM]
    before = {placed(header): explained(firm, header) for header in listed}
    firm.sync()
    outcomes = firm.outcomes
    assert {place: found.outcome for place, found in before.items()} == outcomes
    after = {placed(header): explained(firm, header) for header in listed}
    assert {place: found.outcome for place, found in after.items()} == outcomes
    emails = {(row["Mailbox__c"], row["Graph_Message_Id__c"]): id_ for id_, row in firm.org.table("Email__c").items()}
    for place, found in after.items():
        assert before[place].email is None
        ruled_out = found.outcome in (*BY_HEADERS, Outcome.UNMATCHED_DROPPED)
        assert all(remark.startswith("Another copy") and ruled_out for remark in found.remarks)
        assert bool(found.remarks) == (ruled_out and found.email is not None)
        if found.outcome in (Outcome.MATCHED, Outcome.UNMATCHED_KEPT):
            assert found.email == emails[place]
        if found.outcome is Outcome.DUPLICATE:
            assert (found.email, found.rule_id) == (found.rule_id, found.email)
            assert found.email in emails.values()
        assert [step.rule for step in found.steps if step.applies] == [found.outcome]
        assert found.rule
        assert found.sentence.endswith(".")


@given(cases())
def test_a_second_run_repeats_what_it_said(case: Case) -> None:
    firm = case.firm()
    firm.sync()
    first = firm.outcomes
    again = firm.sync()
    assert again.stored == 0
    for place, outcome in firm.outcomes.items():
        stored = first[place] in (Outcome.MATCHED, Outcome.UNMATCHED_KEPT)
        assert outcome is (Outcome.DUPLICATE if stored else first[place])


@given(cases())
def test_mail_behind_the_backfill_is_not_read_and_explain_says_so(case: Case) -> None:
    firm = case.firm()
    firm.sync()
    for header in case.headers:
        if header.received_at < READ_FROM:
            found = explained(firm, header)
            assert found.email is None or found.outcome in (*BY_HEADERS, Outcome.DUPLICATE, Outcome.UNMATCHED_DROPPED)
            if found.email is None and found.outcome not in (*BY_HEADERS, Outcome.UNMATCHED_DROPPED):
                assert "before Backfill From" in found.remedy
                assert "Set Backfill From" in found.remedy
