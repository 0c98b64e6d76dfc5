"""Mail that is not client mail, or no longer, stays out of Salesforce; whose mail it is decides about it."""

from typing import Any

import pytest

from tests.support.people import Person, adviser
from tests.support.world import World

FRIEND = "friend@home.example"


@pytest.fixture
def keeping(world: World) -> World:
    """A firm that keeps unmatched mail."""
    world.settings(Keep_Unmatched__c=True)
    world.internal_domain()
    world.client("Rita", "Reed", "rita@reed.example")
    return world


def subjects(world: World) -> set[str]:
    return {row["Subject__c"] for row in world.rows("SELECT Subject__c FROM Email__c")}


# --- error rows


def test_a_mail_that_fails_before_it_is_decided_on_is_told_by_its_ids_and_forgotten_when_it_is_no_client_s(
    firm: World,
) -> None:
    [row] = firm.rows("SELECT User__c FROM MS_Graph_User__c")
    firm.exclusion("Personal Address", "*@doctor.example", User__c=row["User__c"])
    parts = {"toRecipients": ["ada@firm.example"], "folder": "Inbox/Private"}
    firm.message(
        "ada", subject="Diagnosis", internetMessageId="<1@doctor.example>", **{**parts, "from": "dr@doctor.example"}
    )
    firm.message(
        "ada", subject="Statement", internetMessageId="<2@reed.example>", **{**parts, "from": "rita@reed.example"}
    )
    for within in (False, True):  # the tree does not show the folder, and it cannot be asked for
        firm.fault(service="graph", path="mailFolders/delta", sub=within, status=200, body={"value": []}, times=0)
        firm.fault(service="graph", path=r"mailFolders/[^/?]{40,}\?", sub=within, status=503, times=0)

    report = firm.sync(code=1)

    assert report["outcomes"]["failed"] == 2
    columns = "Subject__c, Internet_Message_Id__c, Message__c, Status__c"
    told = firm.rows(f"SELECT {columns} FROM MS_Graph_Sync_Error__c")
    assert {(error["Subject__c"], error["Internet_Message_Id__c"]) for error in told} == {(None, None)}
    assert not any(word in str(told) for word in ("Diagnosis", "Statement", "example"))

    firm.control("DELETE", "faults")
    for within in (False, True):
        firm.fault(service="graph", path=r"messages/[^?]*\?\$select=id,body", sub=within, status=500, times=0)
    firm.advance(minutes=20)
    firm.sync(code=1)

    told = firm.rows(f"SELECT {columns} FROM MS_Graph_Sync_Error__c ORDER BY Status__c")
    assert [error["Status__c"] for error in told] == ["Failed", "Resolved"]
    # the client's mail failed again, after it was decided on; of the other nothing is ever said
    assert told[0]["Subject__c"] == "Statement"
    assert (told[1]["Subject__c"], told[1]["Internet_Message_Id__c"]) == (None, None)


# --- personal rules


def test_a_personal_rule_that_cannot_be_understood_is_named_and_its_pattern_told_to_nobody(lax_firm: World) -> None:
    [row] = lax_firm.rows("SELECT Id, User__c FROM MS_Graph_User__c")
    lax_firm.exclusion("Personal Address", "divorce lawyer", User__c=row["User__c"])
    code, report, err = lax_firm.command("sync", "--json")
    assert (code, bool(report)) == (1, True)
    [box] = lax_firm.rows("SELECT Status_Detail__c FROM MS_Graph_User__c")
    [event] = lax_firm.rows("SELECT Error_Message__c FROM MS_Graph_Sync_Event__c")
    assert "EXC-" in box["Status_Detail__c"]
    assert "EXC-" in event["Error_Message__c"]
    checked = lax_firm.command("check", "--json")
    assert "divorce" not in str((box, event, report, err, checked))


def test_a_rule_of_one_user_hides_nobody_else_s_mail_whoever_owns_it(world: World) -> None:
    world.settings()
    world.internal_domain()
    world.client("Rita", "Reed", "rita@reed.example")
    ada, bob = adviser(world, "ada"), adviser(world, "bob")
    rule = {"Type__c": "Personal Address", "Pattern__c": "*@reed.example"}
    own: dict[str, Any] = bob.org.MS_Graph_Exclusion__c.create(rule)
    assert bob.may("update", "MS_Graph_Exclusion__c", own["id"], {"OwnerId": ada.id})
    for other in ({**rule, "User__c": ada.id}, {**rule, "Type__c": "External Address"}):
        assert not bob.may("create", "MS_Graph_Exclusion__c", other)
    internal = {"Type__c": "Internal Domain", "Pattern__c": "reed.example"}
    assert not bob.may("create", "MS_Graph_Exclusion__c", internal)
    assert not bob.may("update", "MS_Graph_Exclusion__c", own["id"], {"User__c": ada.id})
    for name in ("ada", "bob"):
        parts = {"from": "rita@reed.example", "toRecipients": [f"{name}@firm.example"]}
        world.message(name, subject=f"To {name}", **parts)

    report = world.sync()

    assert subjects(world) == {"To ada"}
    assert (report["outcomes"]["matched"], report["outcomes"]["excluded"]) == (1, 1)


# --- kept mail


def test_the_owner_is_told_of_kept_mail_that_a_colleague_s_contact_made_visible(keeping: World) -> None:
    ada, bob = adviser(keeping, "ada"), adviser(keeping, "bob")
    keeping.message("ada", subject="Private", **{"from": FRIEND, "toRecipients": ["ada@firm.example"]})
    keeping.message("ada", subject="Client", **{"from": "rita@reed.example", "toRecipients": ["ada@firm.example"]})
    keeping.sync()
    assert (ada.sees("Subject__c", "Email__c"), bob.sees("Subject__c", "Email__c")) == (
        {"Private", "Client"},
        {"Client"},
    )
    keeping.client("Fred", "Friend", FRIEND)
    keeping.advance(minutes=15)

    report = keeping.sync()

    assert bob.sees("Subject__c", "Email__c") == {"Private", "Client"}
    newly = "SELECT Subject__c FROM Email__c WHERE Match_Status__c = 'Matched' AND Matched_At__c = LAST_N_DAYS:30"
    keeping.advance(days=1)
    assert [row["Subject__c"] for row in ada.rows(f"{newly} AND OwnerId = '{ada.id}'")] == ["Private"]
    [event] = keeping.rows(
        f"SELECT Emails_Matched__c FROM MS_Graph_Sync_Event__c WHERE Run_Key__c = '{report['event']}'"
    )
    assert event["Emails_Matched__c"] == 1


def consents(world: World) -> dict[str, tuple[Any, Any]]:
    rows = world.rows("SELECT Subject__c, Match_Status__c, Consent__c FROM Email__c")
    return {row["Subject__c"]: (row["Match_Status__c"], row["Consent__c"]) for row in rows}


def test_kept_mail_waits_for_its_owner_where_the_settings_say_so(keeping: World) -> None:
    [setting] = keeping.rows("SELECT Id FROM MS_Graph_Setting__c")
    keeping.org.MS_Graph_Setting__c.update(setting["Id"], {"Ask_Owner__c": True})
    ada, bob = adviser(keeping, "ada"), adviser(keeping, "bob")
    boss = Person(keeping, "boss", permission_sets=("Microsoft_365_Sync_User", "Microsoft_365_Sync_Admin"))
    parts = {"from": FRIEND, "toRecipients": ["ada@firm.example"]}
    keeping.message("ada", subject="Private", **parts)
    keeping.sync()
    keeping.client("Fred", "Friend", FRIEND)
    keeping.advance(minutes=15)
    keeping.message("ada", subject="New", received=keeping.ago(minutes=5), **parts)

    for arguments in ([], ["--sweep"], []):
        keeping.sync(*arguments)
        # a mail that came after its client is client mail; one that was kept before waits, however often it is seen
        assert consents(keeping) == {"Private": ("Unmatched", "Waiting"), "New": ("Matched", None)}
        keeping.advance(minutes=70)
    assert bob.sees("Subject__c", "Email__c") == {"New"}
    assert (
        keeping.rows("SELECT Id FROM Email_Participant__c WHERE Email__r.Subject__c = 'Private' AND Contact__c != null")
        == []
    )

    [mail] = keeping.rows("SELECT Id FROM Email__c WHERE Subject__c = 'Private'")
    for other in (bob, boss):
        assert not other.may("update", "Email__c", mail["Id"], {"Consent__c": "Given"})
    for change in ({"Name": "x"}, {"OwnerId": bob.id}, {"Subject__c": "x"}, {"Match_Status__c": "Matched"}):
        assert not ada.may("update", "Email__c", mail["Id"], change), change
    assert ada.may("update", "Email__c", mail["Id"], {"Consent__c": "Given"})
    keeping.advance(minutes=5)
    report = keeping.sync()

    assert consents(keeping)["Private"] == ("Matched", None)
    assert (report["tasks"], bob.sees("Subject__c", "Email__c")) == (1, {"New", "Private"})


def test_where_the_owner_is_asked_no_more_what_waits_is_matched_the_next_day(keeping: World) -> None:
    [setting] = keeping.rows("SELECT Id FROM MS_Graph_Setting__c")
    keeping.org.MS_Graph_Setting__c.update(setting["Id"], {"Ask_Owner__c": True})
    adviser(keeping, "ada")
    keeping.message("ada", subject="Private", **{"from": FRIEND, "toRecipients": ["ada@firm.example"]})
    keeping.sync()
    keeping.client("Fred", "Friend", FRIEND)
    keeping.advance(minutes=15)
    keeping.sync()
    assert consents(keeping) == {"Private": ("Unmatched", "Waiting")}
    keeping.org.MS_Graph_Setting__c.update(setting["Id"], {"Ask_Owner__c": False})
    keeping.advance(hours=25)
    keeping.sync()
    assert consents(keeping) == {"Private": ("Matched", None)}


# --- delivery reports

REPORTER = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@firm.onmicrosoft.com"


def report_about(recipient: str, *, sender: str = REPORTER) -> bytes:
    text = f"""From: Microsoft Outlook <{sender}>
To: ada@firm.example
Subject: Undeliverable: Salaries
Message-ID: <{recipient}-{sender}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/html

<p>Delivery to {recipient} failed</p>
--b
Content-Type: message/rfc822

From: ada@firm.example
To: {recipient}
Subject: Salaries

Bob gets 100
--b--
"""
    return text.replace("\n", "\r\n").encode()


def deliver(world: World, mime: bytes) -> None:
    received = world.ago(days=1).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = f"mailboxes/ada@firm.example/messages?received={received}"
    world.control("POST", path, data=mime, headers={"Content-Type": "message/rfc822"})


@pytest.mark.parametrize("sender", [REPORTER, "postmaster@firm.onmicrosoft.com", "mailer-daemon@elsewhere.example"])
def test_of_a_delivery_report_the_enclosed_mail_decides(keeping: World, sender: str) -> None:
    adviser(keeping, "ada")
    for recipient in ("hr@firm.example", "rita@reed.example"):
        deliver(keeping, report_about(recipient, sender=sender))
    report = keeping.sync()
    assert (report["outcomes"]["internal"], report["outcomes"]["matched"], report["emails"]) == (1, 1, 1)
    [participant] = keeping.rows("SELECT Address__c, Role__c FROM Email_Participant__c")
    assert participant["Address__c"] == "rita@reed.example"


def test_the_tenant_s_own_domains_are_internal_though_nobody_entered_them(keeping: World) -> None:
    adviser(keeping, "ada")
    keeping.control(
        "PATCH",
        "mailboxes/ada@firm.example",
        {"proxyAddresses": ["SMTP:ada@firm.example", "smtp:ada@firm.onmicrosoft.com"]},
    )
    for sender in ("scanner@firm.onmicrosoft.com", "relay@firm.mail.onmicrosoft.com", "scanner@other.onmicrosoft.com"):
        keeping.message("ada", subject=sender, **{"from": sender, "toRecipients": ["ada@firm.example"]})
    keeping.sync()
    assert subjects(keeping) == {"scanner@other.onmicrosoft.com"}
