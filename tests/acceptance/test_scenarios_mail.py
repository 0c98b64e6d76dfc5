"""What becomes of mail when rules, clients, folders and records change between runs."""

from typing import Any

import pytest

from tests.support.world import DOMAIN, World

ADA, RITA = f"ada@{DOMAIN}", "rita@reed.example"
FILE = {
    "@odata.type": "#microsoft.graph.fileAttachment",
    "name": "a.txt",
    "contentType": "text/plain",
    "contentBytes": "YQ==",
}


def change(world: World, **fields: Any) -> None:
    """The settings record."""
    [row] = world.rows("SELECT Id FROM MS_Graph_Setting__c")
    world.org.MS_Graph_Setting__c.update(row["Id"], fields)


def mail(world: World, subject: str, *, to: str = "ada", **how: Any) -> dict[str, str]:
    return world.message(to, subject=subject, **{"from": RITA, "toRecipients": [f"{to}@{DOMAIN}"], **how})


def stored(world: World) -> dict[str, str]:
    """Subjects of stored mail, and whether it is related."""
    return {
        row["Subject__c"]: row["Match_Status__c"]
        for row in world.rows("SELECT Subject__c, Match_Status__c FROM Email__c")
    }


def outcomes(report: dict[str, Any]) -> dict[str, int]:
    """Those that there were."""
    return {name: count for name, count in report["outcomes"].items() if count}


def read_again(world: World) -> dict[str, Any]:
    """The whole backfill once more."""
    [row] = world.rows("SELECT Id FROM MS_Graph_User__c WHERE Name = 'Ada'")
    world.org.MS_Graph_User__c.update(row["Id"], {"Backfill_Through__c": None})
    return world.sync()


# -- exclusions -------------------------------------------------------------------------------------------------------


def test_a_rule_is_not_retroactive_in_either_direction(firm: World) -> None:
    """Mail stored before it stays; mail of its time stays out by every road, also when the rule was deleted."""
    mail(firm, "before", received=firm.ago(hours=5))
    firm.sync()
    cleared = firm.exclusion("External Address", RITA)
    deleted = firm.exclusion("External Address", "*@odd.example")
    firm.client("Omar", "Odd", "omar@odd.example")
    mail(firm, "of its time", received=firm.ago(minutes=5))
    mail(firm, "of the other's", received=firm.ago(minutes=5), **{"from": "omar@odd.example"})
    firm.advance(minutes=5)
    assert outcomes(firm.sync()) == {"excluded": 2}
    firm.org.MS_Graph_Exclusion__c.update(cleared, {"Active__c": False})
    firm.org.MS_Graph_Exclusion__c.delete(deleted)
    firm.advance(minutes=10)
    mail(firm, "afterwards", received=firm.ago(minutes=1))
    mail(firm, "afterwards too", received=firm.ago(minutes=1), **{"from": "omar@odd.example"})
    assert outcomes(firm.sync()) == {"excluded": 2, "matched": 2}
    everything = {"before": "Matched", "afterwards": "Matched", "afterwards too": "Matched"}
    # what is stored from before the removal stays, though it would be kept out if it came now
    assert outcomes(firm.sync("--sweep")) == {"excluded": 3, "duplicate": 2}
    assert outcomes(read_again(firm)) == {"excluded": 3, "duplicate": 2}
    firm.client("Rudi", "Reed", RITA)
    firm.advance(minutes=1)
    firm.sync()
    assert stored(firm) == everything
    # a rule that is made later keeps out what was not read yet, however old
    firm.exclusion("External Address", RITA)
    mail(firm, "late", received=firm.ago(days=2))
    assert outcomes(firm.sync("--sweep")) == {"excluded": 5, "duplicate": 1}
    assert stored(firm) == everything


PATTERNS = {
    "External Address": ("*@news.example", "*news*@shop.example", "@bulk.example"),
    "Internal Domain": ("in.example",),
}
WRITERS = {
    "x@news.example": "excluded",
    "x@sub.news.example": "matched",
    "daily-news-1@shop.example": "excluded",
    "NEWS@Shop.Example": "excluded",
    "other@shop.example": "matched",
    "a@bulk.example": "excluded",
    "a@b.bulk.example": "matched",
    "c@in.example": "internal",
    "c@eu.in.example": "internal",
    "c@notin.example": "matched",
}


def test_what_patterns_mean(firm: World) -> None:
    for kind, patterns in PATTERNS.items():
        for pattern in patterns:
            firm.exclusion(kind, pattern)
    for number, writer in enumerate(WRITERS):
        firm.client("Client", f"Number {number}", writer.lower())
        mail(firm, writer, received=firm.ago(days=1), **{"from": writer})
    firm.sync()
    assert set(stored(firm)) == {writer for writer, outcome in WRITERS.items() if outcome == "matched"}


def test_an_address_that_one_user_keeps_private(firm: World) -> None:
    """The other's copy stores the mail; the first user is its owner none the less, as the first recipient."""
    firm.adviser("bob")
    [ada] = firm.rows("SELECT User__c FROM MS_Graph_User__c WHERE Name = 'Ada'")
    firm.exclusion("Personal Address", RITA, User__c=ada["User__c"])
    both = {"internetMessageId": "<both@reed.example>", "toRecipients": [ADA, f"bob@{DOMAIN}"]}
    received = firm.ago(days=1)
    mail(firm, "both", received=received, **both)
    mail(firm, "both", to="bob", received=received, **both)
    mail(firm, "mine alone", received=received)
    report = firm.sync()
    assert outcomes(report) == {"excluded": 2, "matched": 1}
    [email] = firm.rows("SELECT OwnerId, Mailbox__r.Name FROM Email__c")
    assert (email["OwnerId"], email["Mailbox__r"]["Name"]) == (ada["User__c"], "Bob")
    [participant] = firm.rows("SELECT Address__c FROM Email_Participant__c")
    assert participant["Address__c"] == RITA


DELIVERED = {
    "by an alias": (["a.da@firm.example"], "matched"),
    "in capitals": (["ADA@FIRM.example"], "matched"),
    "by a group": (["everybody@firm.example"], "matched"),
    "by a group beside a colleague": (["colleague@firm.example", "everybody@firm.example"], "matched"),
    "beside a colleague": (["colleague@firm.example"], "bcc"),
    "beside a stranger": (["someone@else.example"], "bcc"),
    "to nobody": ([], "bcc"),
}


def test_ways_in_which_a_mail_is_delivered(firm: World) -> None:
    firm.control("PATCH", f"mailboxes/{ADA}", {"proxyAddresses": [f"SMTP:{ADA}", "smtp:a.da@firm.example"]})
    firm.mailbox("colleague")
    for how, (recipients, _) in DELIVERED.items():
        mail(firm, how, received=firm.ago(days=1), toRecipients=recipients)
    foreseen = outcomes(firm.sync("--dry-run"))
    assert foreseen == outcomes(firm.sync()) == {"bcc": 3, "matched": 4}
    assert set(stored(firm)) == {how for how, (_, outcome) in DELIVERED.items() if outcome == "matched"}
    change(firm, Sync_Bcc__c=True)
    assert outcomes(read_again(firm)) == {"duplicate": 4, "matched": 3}


# -- folders ----------------------------------------------------------------------------------------------------------


class Outlook:
    """What a person does in the mailbox, with an application that may."""

    def __init__(self, world: World) -> None:
        app = world.control("POST", "apps", {"name": "Outlook", "roles": ["Mail.ReadWrite", "Mail.Send"]})
        form = {
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "grant_type": "client_credentials",
            "scope": "https://graph.microsoft.com/.default",
        }
        token = f"{world.url}/{world.ready['graph']['tenant']}/oauth2/v2.0/token"
        self._http, self._url = world.org.session, f"{world.url}/v1.0/users/{ADA}"
        granted = self._http.post(token, data=form).json()
        self._headers = {"Authorization": f"Bearer {granted['access_token']}", "Prefer": 'IdType="ImmutableId"'}

    def do(self, method: str, path: str, body: Any = None) -> Any:
        how = {} if body is None else {"json": body}
        answer = self._http.request(method, f"{self._url}/{path}", headers=self._headers, **how)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def move(self, message: str, folder: str) -> None:
        moved = self.do("POST", f"messages/{message}/move", {"destinationId": folder})
        assert moved["id"] == message


@pytest.mark.calls  # asks Graph itself, once
def test_a_mail_that_is_moved_and_deleted_stays_as_it_is(firm: World) -> None:
    outlook = Outlook(firm)
    message = mail(firm, "client's", received=firm.ago(days=1))["id"]
    firm.sync()
    for folder in ("deleteditems", "archive", "junkemail", "inbox"):
        outlook.move(message, folder)
        firm.advance(days=1)
        report = firm.sync("--sweep")
        assert (report["emails"], report["event"], stored(firm)) == (0, None, {"client's": "Matched"}), folder
    outlook.do("DELETE", f"messages/{message}")
    firm.advance(days=1)
    assert firm.sync("--sweep")["event"] is None
    assert stored(firm) == {"client's": "Matched"}


@pytest.mark.calls  # asks Graph itself, once
def test_a_mail_released_from_junk_comes_with_the_next_sweep(firm: World) -> None:
    outlook = Outlook(firm)
    firm.sync()
    spam = mail(firm, "taken for spam", received=firm.now(), folder="junkemail")["id"]
    firm.advance(minutes=5)
    assert outcomes(firm.sync()) == {"folder": 1}
    firm.advance(hours=19)
    firm.sync()
    outlook.move(spam, "inbox")
    firm.advance(hours=1)
    assert firm.sync()["emails"] == 0, "the first road is past it, and no sweep is due"
    firm.advance(hours=5)
    assert firm.sync()["emails"] == 1


@pytest.mark.calls  # asks Graph itself, once
def test_a_draft_is_stored_once_it_is_sent(firm: World) -> None:
    outlook = Outlook(firm)
    to = [{"emailAddress": {"address": RITA}}]
    draft = outlook.do("POST", "messages", {"subject": "Offer", "toRecipients": to, "body": {"content": "Dear Rita"}})
    firm.advance(minutes=1)
    assert outcomes(firm.sync()) == {"draft": 1}
    outlook.do("POST", f"messages/{draft['id']}/send")
    firm.advance(minutes=1)
    report = firm.sync()
    assert (outcomes(report), stored(firm)) == ({"matched": 1}, {"Offer": "Matched"})
    [email] = firm.rows("SELECT Direction__c FROM Email__c")
    assert email["Direction__c"] == "Outbound"
    assert firm.sync()["emails"] == 0


# -- records ----------------------------------------------------------------------------------------------------------


def test_unmatched_mail_that_a_person_deleted_or_whose_time_is_over(firm: World) -> None:
    change(firm, Keep_Unmatched__c=True, Unmatched_Retention_Days__c=10)
    omar = {"from": "omar@odd.example"}
    for subject, days in (("deleted", 1), ("expires", 5), ("too old", 11)):
        mail(firm, subject, received=firm.ago(days=days), attachments=[FILE], **omar)
    assert outcomes(firm.sync()) == {"unmatched_kept": 2, "unmatched_dropped": 1}
    [row] = firm.rows("SELECT Id FROM Email__c WHERE Subject__c = 'deleted'")
    firm.org.Email__c.delete(row["Id"])
    assert outcomes(read_again(firm)) == {"removed": 1, "duplicate": 1, "unmatched_dropped": 1}
    firm.advance(days=6)
    firm.sync()
    assert stored(firm) == {None: "Removed"}  # the tombstone of what the person deleted
    assert outcomes(firm.sync("--sweep")) == {"removed": 1, "unmatched_dropped": 2}
    # a client's mail is stored, whether it was never kept or its time was over; what a person deleted stays away
    firm.client("Omar", "Odd", "omar@odd.example")
    report = firm.sync("--sweep")
    assert report["outcomes"]["matched"] == 2
    assert stored(firm) == {"too old": "Matched", "expires": "Matched", None: "Removed"}


def test_a_client_that_is_deleted_and_made_again(firm: World) -> None:
    [contact] = firm.rows("SELECT Id FROM Contact")
    mail(firm, "about", received=firm.ago(days=1))
    firm.sync()
    firm.org.Contact.delete(contact["Id"])
    firm.advance(minutes=1)
    report = firm.sync()
    assert (report["event"], stored(firm)) == (None, {"about": "Matched"})
    again = firm.client("Rita", "Again", RITA)
    firm.advance(minutes=1)
    assert firm.sync()["tasks"] == 1
    [participant] = firm.rows("SELECT Contact__c, Participant_Key__c FROM Email_Participant__c")
    assert participant["Contact__c"] == again
    assert participant["Participant_Key__c"].endswith(again)


def test_a_relation_that_a_person_made_changed_and_took_away(firm: World) -> None:
    change(firm, Keep_Unmatched__c=True)
    [rita] = firm.rows("SELECT Id FROM Contact")
    mail(firm, "unknown", received=firm.ago(days=1), **{"from": "omar@odd.example"})
    firm.sync()
    [row] = firm.rows("SELECT Id FROM Email_Participant__c")
    for contact in (rita["Id"], firm.client("Dora", "Dee", "dora@dee.example"), None):
        firm.org.Email_Participant__c.update(row["Id"], {"Contact__c": contact})
        firm.advance(days=20)
        firm.sync("--sweep")
        [participant] = firm.rows("SELECT Id, Contact__c FROM Email_Participant__c")
        assert (participant["Id"], participant["Contact__c"]) == (row["Id"], contact)
        assert stored(firm) == {"unknown": "Matched"}
    [email] = firm.rows("SELECT Expires_On__c FROM Email__c")
    assert email["Expires_On__c"] is None


def test_an_event_lists_what_it_counts_and_a_merge_moves_no_mail(firm: World) -> None:
    firm.adviser("bob")
    sent = firm.ago(minutes=30)
    both = {"internetMessageId": "<both@reed.example>", "toRecipients": [ADA, f"bob@{DOMAIN}"]}
    mail(firm, "both", received=sent, **both)
    first = firm.sync()["event"]
    mail(firm, "both", to="bob", received=sent, **both)
    mail(firm, "bob's", to="bob", received=firm.ago(minutes=1))
    firm.advance(minutes=5)
    second = firm.sync()["event"]
    rows = firm.rows("SELECT Run_Key__c, Emails_Synced__c FROM MS_Graph_Sync_Event__c")
    counted = {row["Run_Key__c"]: int(row["Emails_Synced__c"]) for row in rows}
    listed = [row["Sync_Event__r"]["Run_Key__c"] for row in firm.rows("SELECT Sync_Event__r.Run_Key__c FROM Email__c")]
    assert counted == {first: 1, second: 1} == {event: listed.count(event) for event in (first, second)}
