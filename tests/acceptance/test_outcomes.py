"""Which mail is stored: each outcome, through the whole path."""

from typing import Any

import pytest

from tests.support.world import World

OUTCOMES = {
    "draft", "folder", "opted_out", "bcc", "internal", "excluded", "unmatched_dropped", "removed", "duplicate",
    "unmatched_kept", "matched", "failed",
}  # fmt: skip


def outcome(world: World) -> str:
    """The one outcome of the one message there is."""
    report = world.sync()
    assert report["listed"] == 1
    assert set(report["outcomes"]) == OUTCOMES
    [found] = [name for name, count in report["outcomes"].items() if count]
    return found


def inbound(world: World, sender: str = "rita@reed.example", **members: Any) -> dict[str, str]:
    """A mail from a client in the adviser's inbox."""
    return world.message("ada", **{"from": sender, "toRecipients": ["ada@firm.example"], **members})


def test_matched(firm: World) -> None:
    inbound(firm)
    assert outcome(firm) == "matched"


def test_draft(firm: World) -> None:
    firm.message(
        "ada", folder="drafts", isDraft=True, toRecipients=["rita@reed.example"], **{"from": "ada@firm.example"}
    )
    assert outcome(firm) == "draft"


@pytest.mark.parametrize("folder", ["junkemail", "outbox", "conversationhistory", "syncissues", "conflicts"])
def test_folder(firm: World, folder: str) -> None:
    inbound(firm, folder=folder)
    assert outcome(firm) == "folder"


@pytest.mark.parametrize("folder", ["deleteditems", "archive", "sentitems", "Inbox/Clients/Reed"])
def test_folders_that_are_read(firm: World, folder: str) -> None:
    inbound(firm, folder=folder)
    assert outcome(firm) == "matched"


def test_opted_out(firm: World) -> None:
    inbound(firm, categories=["do not sync"])
    assert outcome(firm) == "opted_out"


def test_bcc(firm: World) -> None:
    inbound(firm, toRecipients=["other@elsewhere.example"])
    assert outcome(firm) == "bcc"


def test_internal(firm: World) -> None:
    inbound(firm, sender="bob@mail.firm.example")
    assert outcome(firm) == "internal"


def test_a_linked_mailbox_is_internal_on_whatever_domain(firm: World) -> None:
    firm.adviser("bob", Email_Address__c="bob@partner.example")
    inbound(firm, sender="bob@partner.example")
    assert outcome(firm) == "internal"


def test_excluded_for_all(firm: World) -> None:
    firm.exclusion("External Address", "*@reed.example")
    inbound(firm)
    assert outcome(firm) == "excluded"


def test_an_excluded_address_is_only_skipped_while_another_is_left(firm: World) -> None:
    other = firm.client("Omar", "Odd", "omar@odd.example")
    firm.exclusion("External Address", "rita@reed.example")
    inbound(firm, ccRecipients=["omar@odd.example"])
    assert outcome(firm) == "matched"
    assert [row["Contact__c"] for row in firm.rows("SELECT Contact__c FROM Email_Participant__c")] == [other]


def test_unmatched_dropped(firm: World) -> None:
    inbound(firm, sender="stranger@unknown.example")
    assert outcome(firm) == "unmatched_dropped"
    assert firm.rows("SELECT Id FROM Email__c") == []


def test_unmatched_kept(firm: World) -> None:
    [setting] = firm.rows("SELECT Id FROM MS_Graph_Setting__c")
    firm.org.MS_Graph_Setting__c.update(setting["Id"], {"Keep_Unmatched__c": True})
    inbound(firm, sender="stranger@unknown.example")
    assert outcome(firm) == "unmatched_kept"
    [email] = firm.rows("SELECT Match_Status__c, Expires_On__c FROM Email__c")
    assert email["Match_Status__c"] == "Unmatched"
    assert email["Expires_On__c"] == firm.ago(days=-29).strftime("%Y-%m-%d")
    [participant] = firm.rows("SELECT Address__c, Contact__c FROM Email_Participant__c")
    assert (participant["Address__c"], participant["Contact__c"]) == ("stranger@unknown.example", None)
    assert firm.rows("SELECT Id FROM Task") == []


def test_unmatched_past_its_retention_is_dropped(firm: World) -> None:
    [setting] = firm.rows("SELECT Id FROM MS_Graph_Setting__c")
    firm.org.MS_Graph_Setting__c.update(setting["Id"], {"Keep_Unmatched__c": True})
    firm.backfill_months(2)
    inbound(firm, sender="stranger@unknown.example", received=firm.ago(days=40))
    assert outcome(firm) == "unmatched_dropped"


def test_two_mails_with_one_message_id_and_different_senders_are_two(firm: World) -> None:
    firm.client("Omar", "Odd", "omar@odd.example")
    inbound(firm, internetMessageId="<same@id.example>")
    inbound(firm, sender="omar@odd.example", internetMessageId="<same@id.example>")
    report = firm.sync()
    assert (report["outcomes"]["matched"], report["emails"]) == (2, 2)


def test_an_account_with_an_address_is_a_client_too(world: World) -> None:
    """Account has no Email field by default, so only Contacts match; a household's mail matches by its members."""
    world.settings()
    world.internal_domain()
    world.adviser("ada")
    account = world.create("Account", Name="Reed Household")
    for first in ("Rita", "Rob"):
        world.client(first, "Reed", f"{first.lower()}@reed.example", account=account)
    inbound(world, ccRecipients=["rob@reed.example"])
    assert outcome(world) == "matched"
    rows = world.rows("SELECT Account__c FROM Email_Participant__c ORDER BY Participant_Key__c")
    assert sorted(row["Account__c"] or "" for row in rows) == ["", account]
    assert len(world.rows("SELECT Id FROM Task")) == 2


def test_several_records_with_one_address(firm: World) -> None:
    firm.client("Rob", "Reed", "rita@reed.example")
    inbound(firm)
    assert outcome(firm) == "matched"
    assert len(firm.rows("SELECT Id FROM Email_Participant__c")) == 2
    assert len(firm.rows("SELECT Id FROM Task")) == 2


def test_the_oldest_of_several_records(firm: World) -> None:
    [setting] = firm.rows("SELECT Id FROM MS_Graph_Setting__c")
    firm.org.MS_Graph_Setting__c.update(setting["Id"], {"Match_Ties__c": "Oldest"})
    firm.advance(hours=1)
    firm.client("Rob", "Reed", "rita@reed.example")
    inbound(firm)
    assert outcome(firm) == "matched"
    [row] = firm.rows("SELECT Contact__r.FirstName FROM Email_Participant__c")
    assert row["Contact__r"]["FirstName"] == "Rita"


def test_a_mail_that_looks_like_a_reference_of_composite(firm: World) -> None:
    text = "@{Email.id} and @{x}"
    inbound(firm, subject=text, body={"contentType": "html", "content": f"<p>{text} @&#123;y}}</p>"})
    assert outcome(firm) == "matched"
    [email] = firm.rows("SELECT Subject__c, Body__c FROM Email__c")
    assert email["Subject__c"].replace("\u2060", "") == text
    assert "Email.id" in email["Body__c"]
