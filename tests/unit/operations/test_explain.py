"""`explain` where it says more than a dry run: what is stored, what failed, what is not read, and by which name."""

from dataclasses import replace

import pytest

from connector.codes import Outcome
from connector.core.reading.folders import unread_reason
from connector.core.reporting.explanation import Explanation
from connector.engine.decider import Decider
from connector.engine.dry_run import DryRunDirectory, dry_run_lines
from connector.engine.mailboxes import linked_addresses
from connector.engine.outcomes import OutcomeLedger
from connector.engine.reader import WalkedWindow, WindowQueue
from connector.errors import MailboxError, MessageError, SetupError, UsageError
from connector.model.mail import Folder, FolderTree, Header, Recipient
from connector.model.org import ClientObject, Hit
from connector.model.records import Row, RowError
from connector.model.values import FolderId, GraphUserId, MessageId, RecordId
from connector.operations.explain import explain
from tests.support import builders
from tests.support.firm import CLIENT, COLLEAGUE, STRANGER, Firm
from tests.unit.engine.contexts import context_of

BOTH = ("ada@firm.example", "bob@firm.example")


@pytest.fixture
def firm() -> Firm:
    made = Firm()
    made.org.settings = builders.settings(keep_unmatched=True, backfill_months=1)
    return made


def told(firm: Firm, message: Header | str, upn: str = "ada@firm.example") -> Explanation:
    name = message if isinstance(message, str) else message.id
    return explain(firm.org, firm.tenant, firm.org, upn=upn, message=name)


# -- stored mail ----------------------------------------------------------------------------------


def test_a_rule_made_since_counts_but_the_record_is_told(firm: Firm) -> None:
    mail = firm.mail("ada")
    firm.sync()
    rule = builders.exclusion("*@client.example")
    firm.org.exclusions.append(rule)
    found = told(firm, mail)
    [email] = firm.org.table("Email__c")
    assert (found.outcome, found.rule_id, found.email) == (Outcome.EXCLUDED, rule.id, email)
    [remark] = found.remarks
    assert f"stored all the same, as Matched Email {email}" in remark
    assert "*@client.example" in found.sentence


def test_a_setting_changed_since_counts_but_the_record_is_told(firm: Firm) -> None:
    mail = firm.mail("ada", from_=STRANGER)
    firm.sync()
    assert firm.org.settings is not None
    firm.org.settings = replace(firm.org.settings, keep_unmatched=False)
    found = told(firm, mail)
    assert (found.outcome, len(found.remarks)) == (Outcome.UNMATCHED_DROPPED, 1)
    assert "Unmatched Email" in found.remarks[0]


def test_what_the_mail_was_related_to_before_is_among_the_matches(firm: Firm) -> None:
    mail = firm.mail("ada", from_=STRANGER)
    firm.sync()
    [row] = firm.org.table("Email_Participant__c")
    omar = RecordId("003000000000009AAA")
    firm.org.edit("Email_Participant__c", row, Contact__c=omar)
    firm.sync()
    found = told(firm, mail)
    assert (found.outcome, found.rule_id) == (Outcome.MATCHED, omar)
    assert [(match.address, match.object, match.id) for match in found.matches] == [(STRANGER, "Contact", omar)]


def test_a_client_that_is_gone_does_not_make_the_mail_unmatched(firm: Firm) -> None:
    mail = firm.mail("ada")
    firm.sync()
    firm.org.clients.clear()
    found = told(firm, mail)
    assert found.outcome is Outcome.MATCHED
    assert found.rule == f"Contact was related to {CLIENT} before"


def test_a_removed_mail_is_told_with_its_record(firm: Firm) -> None:
    mail = firm.mail("ada")
    firm.sync()
    [email] = firm.org.table("Email__c")
    firm.org.edit("Email__c", email, Match_Status__c="Removed")
    firm.sync()
    found = told(firm, mail)
    assert (found.outcome, found.rule_id, found.remarks) == (Outcome.REMOVED, email, ())
    assert "never stored again" in found.remedy


# -- failed mail ----------------------------------------------------------------------------------


def test_what_could_not_be_stored_failed_until_it_is(firm: Firm) -> None:
    mail = firm.mail("ada")
    firm.tenant.bodies_broken[mail.id] = MessageError("busy", code="GRAPH_503", transient=True)
    assert told(firm, mail).outcome is Outcome.MATCHED
    firm.sync()
    found = told(firm, mail)
    [row] = firm.org.table("MS_Graph_Sync_Error__c")
    assert (found.outcome, found.rule_id, found.email) == (Outcome.FAILED, row, None)
    assert found.error is not None
    assert "tried again by itself from 2026-03-02 12:15 UTC" in found.remedy
    assert [step.rule for step in found.steps if step.applies] == ["failed"]
    firm.tenant.bodies_broken.clear()
    firm.wait(minutes=20)
    firm.sync()
    assert told(firm, mail).outcome is Outcome.MATCHED


def test_a_rule_made_since_comes_before_the_failure(firm: Firm) -> None:
    mail = firm.mail("ada")
    firm.tenant.bodies_broken[mail.id] = MessageError("busy", code="GRAPH_503", transient=True)
    firm.sync()
    firm.org.exclusions.append(builders.exclusion("*@client.example"))
    found = told(firm, mail)
    assert (found.outcome, found.error is None) == (Outcome.EXCLUDED, False)


def refuse(row: Row) -> RowError | None:
    return RowError(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="No.") if row.object == "Task" else None


def test_a_mail_that_lacks_rows_failed_though_its_record_is_there(firm: Firm) -> None:
    mail = firm.mail("ada")
    firm.org.rule = refuse
    firm.sync()
    found = told(firm, mail)
    [email] = firm.org.table("Email__c")
    assert (found.outcome, found.email) == (Outcome.FAILED, email)
    assert "not tried again by itself" in found.remedy


def test_a_mail_that_lacks_a_file_only_is_stored(firm: Firm) -> None:
    mail = firm.mail("ada")
    firm.sync()
    [email] = firm.org.table("Email__c")
    firm.org.table("MS_Graph_Sync_Error__c")[RecordId("a0R")] = {
        "Error_Key__c": "e",
        "Mailbox__c": mail.mailbox,
        "Graph_Message_Id__c": mail.id,
        "Internet_Message_Id__c": mail.internet_message_id,
        "Received_At__c": mail.received_at,
        "Attempts__c": 1,
        "Next_Attempt_At__c": None,
        "Status__c": "Failed",
        "Code__c": "ATTACHMENT_SCAN",
        "Message__c": "The mail is stored, but not all its attachments.",
        "Email__c": email,
    }
    found = told(firm, mail)
    assert (found.outcome, found.email, found.error is None) == (Outcome.MATCHED, email, False)


def test_a_folder_that_cannot_be_had_is_a_failure_before_any_run(firm: Firm) -> None:
    mail = firm.mail("ada", folder="elsewhere")
    found = told(firm, mail)
    assert found.outcome is firm.dry_run()[0].outcome is Outcome.FAILED
    assert found.rule.startswith("FOLDER_GONE: ")
    assert "It could not be stored: FOLDER_GONE: " in found.sentence


# -- copies ---------------------------------------------------------------------------------------


def test_one_of_two_copies_is_stored(firm: Firm) -> None:
    for mid in ("<1@x.example>", None):
        ada, bob = (firm.mail(box, to=BOTH, message_id=mid, subject="The same") for box in ("ada", "bob"))
        outcomes = [told(firm, ada).outcome, told(firm, bob, "bob@firm.example").outcome]
        assert outcomes == [Outcome.MATCHED, Outcome.DUPLICATE]
    firm.sync()
    copy, _ = next(iter(firm.tenant.boxes[GraphUserId("bob")].values()))
    found = told(firm, copy, "bob@firm.example")
    assert found.outcome is Outcome.DUPLICATE
    assert found.email in firm.org.table("Email__c")


def test_a_copy_of_before_the_backfill_does_not_count(firm: Firm) -> None:
    sent = builders.at(days=-41)
    mail = firm.mail("ada", to=BOTH, message_id="<1@x.example>", sent_at=sent)
    firm.mail("bob", to=BOTH, message_id="<1@x.example>", received_at=builders.at(days=-40), sent_at=sent)
    before = told(firm, mail).outcome
    firm.sync()
    assert before is firm.outcomes[mail.mailbox, mail.id] is Outcome.MATCHED


def test_a_copy_that_no_run_reads_does_not_count(firm: Firm) -> None:
    mails = [firm.mail(box, to=BOTH, message_id="<1@x.example>") for box in ("ada", "bob")]
    box = firm.org.mailboxes[mails[0].mailbox]
    firm.org.mailboxes[box.id] = replace(box, active=False)
    assert told(firm, mails[1], "bob@firm.example").outcome is Outcome.MATCHED
    unread = told(firm, mails[0])
    assert unread.remarks == ("The mailbox is not read: Active is off on this mailbox.",)


def test_a_copy_in_a_mailbox_that_cannot_be_read_does_not_count(firm: Firm) -> None:
    firm.mail("ada", to=BOTH, message_id="<1@x.example>")
    mail = firm.mail("bob", to=BOTH, message_id="<1@x.example>")
    firm.tenant.broken[GraphUserId("ada")] = MailboxError("busy", where="ada")
    assert told(firm, mail, "bob@firm.example").outcome is Outcome.MATCHED
    with pytest.raises(MailboxError):
        told(firm, "<1@x.example>")


def test_what_another_copy_knows_makes_a_mail_matched(firm: Firm) -> None:
    """Ada's copy shows a stranger only, for she excludes the client; Bob's copy shows the client."""
    assert firm.org.settings is not None
    firm.org.settings = replace(firm.org.settings, keep_unmatched=False)
    firm.org.exclusions.append(builders.exclusion(CLIENT, "Personal Address", user=firm.box("ada").user))
    ada, _ = (firm.mail(box, to=BOTH, cc=(STRANGER,), message_id="<1@x.example>") for box in ("ada", "bob"))
    before = told(firm, ada).outcome
    firm.sync()
    assert before is firm.outcomes[ada.mailbox, ada.id]


def test_a_dry_run_counts_a_copy_of_an_earlier_chunk_as_stored(firm: Firm) -> None:
    """The later copy shows no client: that the mail is related is known by the first one only."""
    assert firm.org.settings is not None
    firm.org.settings = replace(firm.org.settings, keep_unmatched=False, sync_bcc=True)
    own = firm.mail("ada", from_=BOTH[0], to="x@unknown.example", bcc=(CLIENT,), message_id="<1@x.example>")
    other = firm.mail("bob", from_=BOTH[0], to="x@unknown.example", cc=BOTH[1], message_id="<1@x.example>")
    setup = firm.org.read()
    foresight, ledger = DryRunDirectory(firm.org), OutcomeLedger(trace={})
    context = context_of(
        setup, source=firm.tenant, directory=foresight, ledger=ledger, linked=linked_addresses(setup.mailboxes)
    )
    decider = Decider(context)
    foreseen = []
    for header in (own, other):
        box = firm.org.mailboxes[header.mailbox]
        assert box.graph_user_id is not None
        queue = WindowQueue(box, box.graph_user_id)
        queue.tree = firm.tenant.folders(box.graph_user_id)
        foreseen += dry_run_lines(decider, [WalkedWindow(queue, None, (header,))], ledger, foresight=foresight)
    assert [found.outcome for found in foreseen] == [Outcome.MATCHED, Outcome.DUPLICATE]
    assert [found.rule_id for found in foreseen] == ["003000000000001AAA", None]


# -- what an internal mail is internal by -----------------------------------------------------------------


def test_a_report_that_shows_no_mail_is_said_to_be_one(firm: Firm) -> None:
    found = told(firm, firm.mail("ada", from_="postmaster@client.example"))
    assert found.outcome is Outcome.INTERNAL
    assert found.sentence == "It is a delivery report that does not show its mail."
    assert [(step.rule, step.value) for step in found.steps if step.applies] == [
        ("internal", "a delivery report that does not show its mail")
    ]


def test_mail_among_colleagues_names_no_rule_that_is_in_no_record(firm: Firm) -> None:
    firm.org.exclusions.clear()
    found = told(firm, firm.mail("ada", from_=BOTH[1], to=BOTH[0]))
    assert (found.outcome, found.sentence) == (Outcome.INTERNAL, "All its addresses are those of linked mailboxes.")
    assert "never a client's" in found.remedy


def test_mail_from_a_domain_that_microsoft_gave_the_tenant_names_it(firm: Firm) -> None:
    box = firm.box("ada")
    firm.org.mailboxes[box.id] = replace(box, aliases=("ada@firm.onmicrosoft.com",))
    found = told(firm, firm.mail("ada", from_="scan@firm.onmicrosoft.com"))
    assert found.outcome is Outcome.INTERNAL
    assert found.sentence == "All its addresses are the firm's own, by a domain of the tenant itself."


# -- what no run reads ----------------------------------------------------------------------------


def test_mail_behind_the_backfill(firm: Firm) -> None:
    found = told(firm, firm.mail("ada", days=40))
    assert (found.outcome, found.stored) == (Outcome.MATCHED, False)
    assert found.verdict == "would be matched; not stored"
    assert "set Backfill From of the MS Graph User ada@firm.example to 2026-01-21 00:00 UTC" in found.remedy.replace(
        "Set", "set"
    )


def test_mail_that_runs_have_passed(firm: Firm) -> None:
    assert firm.org.settings is not None
    firm.org.settings = replace(firm.org.settings, keep_unmatched=False)
    mail = firm.mail("ada", days=20, from_=STRANGER)
    firm.sync()
    assert told(firm, mail).outcome is Outcome.UNMATCHED_DROPPED
    firm.org.client(Hit(object=ClientObject.CONTACT, id=RecordId("003000000000009AAA")), STRANGER)
    found = told(firm, mail)
    assert found.verdict == "would be matched; not stored"
    assert found.remedy == "Runs have passed the time at which it was received. Run m365sync sync --sweep."
    firm.sync(sweep=True)
    assert told(firm, mail).verdict == "matched"


def test_mail_of_just_now_is_read_by_the_next_run(firm: Firm) -> None:
    firm.sync()
    firm.wait(minutes=5)
    found = told(firm, firm.mail("ada", days=-5 / 1440))
    assert (found.verdict, found.remarks) == ("would be matched; not stored", ())
    assert found.remedy == "The next run reads it; m365sync sync does one now."


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"active": False}, "switched off"),
        ({"licensed_users": 0}, "not enabled"),
        ({"keep_unmatched": True}, "without an active Internal Domain"),
    ],
)
def test_why_nothing_is_read_at_all(firm: Firm, fields: dict[str, object], words: str) -> None:
    mail = firm.mail("ada")
    firm.org.settings = builders.settings(**fields)
    firm.org.exclusions.clear()
    assert any(words in remark for remark in told(firm, mail).remarks)


def test_without_settings_there_is_nothing_to_decide_by(firm: Firm) -> None:
    firm.org.settings = None
    with pytest.raises(SetupError, match="no settings record"):
        told(firm, "x")


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["<odd id>", "odd id", "<odd@x.example>", "odd@x.example", " odd@x.example "])
def test_a_message_by_its_message_id(firm: Firm, name: str) -> None:
    mid = "<odd@x.example>" if "@" in name else "<odd id>"
    mail = firm.mail("ada", message_id=mid)
    assert told(firm, name).header.id == mail.id


def test_a_message_id_that_has_no_brackets_in_the_mailbox(firm: Firm) -> None:
    mail = firm.mail("ada", message_id="bare@x.example")
    assert told(firm, "bare@x.example").header.id == mail.id


def test_a_message_that_is_not_there(firm: Firm) -> None:
    with pytest.raises(UsageError, match="no message"):
        told(firm, "AAkALgAA0")


def test_a_mailbox_by_its_name_before_another_by_its_address(firm: Firm) -> None:
    """Two rows may share a name: one's UPN is the other's address."""
    box = firm.box("bob")
    firm.org.mailboxes[box.id] = replace(box, email="ada@firm.example")
    firm.org.mailboxes = dict(reversed(firm.org.mailboxes.items()))
    mail = firm.mail("ada", from_=COLLEAGUE)
    assert told(firm, mail, "ADA@firm.example").outcome is Outcome.INTERNAL
    with pytest.raises(UsageError, match="No mailbox is named"):
        told(firm, mail, "eve@firm.example")


def test_the_reasons_that_are_no_folders_of_mail_are_those_of_the_tree() -> None:
    """So that nobody is told to move a chat."""
    from connector.core.reporting.explanation import _NO_MAIL

    hidden = Folder(id=FolderId("h"), parent=FolderId("r"), hidden=True)
    outside = Folder(id=FolderId("o"), parent=None)
    tree = FolderTree(folders={folder.id: folder for folder in (hidden, outside)})
    assert {unread_reason(tree, folder.id) for folder in (hidden, outside)} == set(_NO_MAIL)


def test_addresses_of_an_unmatched_mail_are_named(firm: Firm) -> None:
    many = tuple(Recipient(address=f"{n}@unknown.example") for n in range(4))
    one, more = firm.mail("ada", from_=STRANGER), firm.mail("ada", from_=STRANGER, cc=many, id=MessageId("more"))
    assert f"has {STRANGER}, so it would be kept as unmatched until 2026-03-31." in told(firm, one).sentence
    assert "1@unknown.example or 2 more," in told(firm, more).sentence
