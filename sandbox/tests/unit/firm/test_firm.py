"""The firms a sandbox starts with: who is there, and which mailbox gets which copy of which mail."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from m365sandbox.firm import MailReport, populate
from m365sandbox.firm.compose import mime_of
from m365sandbox.firm.deliver import Mailbox, frequent_people, imported_deliveries, received_times
from m365sandbox.firm.letters import bundled_letters
from m365sandbox.firm.people import CLIENTS, DOMAIN, STAFF
from m365sandbox.mail.mime import message_of
from m365sandbox.mail.source import MailSourceError

from tests.unit.firm.firms import NOW, Org, Tenant, clock, people_of

PRIYA, TOM, ELENA, DESK = (staff.address for staff in STAFF)


@pytest.fixture(scope="module")
def small() -> tuple[Org, Tenant, MailReport]:
    org, tenant = Org(), Tenant()
    return org, tenant, populate(org, tenant, clock())


def imported(folder: Path) -> tuple[Org, Tenant, MailReport]:
    org, tenant = Org(), Tenant()
    return org, tenant, populate(org, tenant, clock(), mail=folder)


def write(folder: Path, name: str, headers: str) -> None:
    (folder / name).write_text(f"{headers}\n\ntext\n", encoding="utf-8")


def test_the_small_firm_has_linked_mailboxes_settings_and_rules(small: tuple[Org, Tenant, MailReport]) -> None:
    org, tenant, _ = small
    assert [user["permission_sets"] for user in org.users.values()] == [["Microsoft_365_Sync_User"]] * 3
    assert {name: box["userPurpose"] for name, box in tenant.mailboxes.items()} == {
        PRIYA: "user", TOM: "user", ELENA: "user", DESK: "shared"
    }  # fmt: skip
    rows = {row["User_Principal_Name__c"]: row for row in org.rows["MS_Graph_User__c"]}
    assert all(row["User__c"] in org.users for row in rows.values())
    assert rows[PRIYA]["Graph_User_Id__c"] == "graph-1"
    assert "Graph_User_Id__c" not in rows[ELENA]
    assert "Graph_User_Id__c" not in rows[DESK]
    (settings,) = org.rows["MS_Graph_Setting__c"]
    assert (settings["Name"], settings["Active__c"], settings["Keep_Unmatched__c"]) == ("Default", True, True)
    assert (settings["Unmatched_Retention_Days__c"], settings["Sync_Bcc__c"]) == (30, False)
    kinds = Counter(row["Type__c"] for row in org.rows["MS_Graph_Exclusion__c"])
    assert kinds == {"Internal Domain": 1, "External Address": 2, "Personal Address": 1}
    personal = next(row for row in org.rows["MS_Graph_Exclusion__c"] if row["Type__c"] == "Personal Address")
    assert org.users[personal["User__c"]]["username"] == PRIYA


def test_clients_live_in_households_and_companies(small: tuple[Org, Tenant, MailReport]) -> None:
    org, _, _ = small
    contacts = org.rows["Contact"]
    assert len(contacts) >= 10
    accounts = {f"Account-{number}": row["Name"] for number, row in enumerate(org.rows["Account"])}
    assert {accounts[row["AccountId"]] for row in contacts} == set(accounts.values())
    shared = Counter(row["Email"] for row in contacts)
    assert shared["famille@delacroix.example"] == 2
    assert all(row["Email"].endswith(".example") for row in contacts)


def test_bundled_mail_is_dated_in_the_last_five_months(small: tuple[Org, Tenant, MailReport]) -> None:
    _, tenant, report = small
    assert len(bundled_letters()) >= 60
    assert report.messages == len(tenant.messages)
    assert report.files == 0
    times = [copy.received for copy in tenant.messages if copy.received is not None]
    assert len(times) == len(tenant.messages)
    assert times == sorted(times)
    assert NOW - timedelta(days=155) < times[0] < NOW - timedelta(days=140)
    assert NOW - timedelta(days=3) < times[-1] < NOW


def test_every_copy_of_a_letter_has_its_message_id_and_date(small: tuple[Org, Tenant, MailReport]) -> None:
    _, tenant, _ = small
    sent: dict[str, set[str]] = {}
    for copy in tenant.messages:
        if copy.message["internetMessageId"]:
            sent.setdefault(copy.message["internetMessageId"], set()).add(copy.message["sentDateTime"])
    assert all(len(times) == 1 for times in sent.values())
    assert len(sent) >= 60


def test_the_same_mail_lies_in_two_mailboxes(small: tuple[Org, Tenant, MailReport]) -> None:
    assert small[1].copies("Notes of our meeting") == [(PRIYA, "sentitems"), (TOM, "inbox")]


def test_only_the_senders_copy_knows_the_bcc_clients(small: tuple[Org, Tenant, MailReport]) -> None:
    copies = [copy for copy in small[1].messages if copy.message["subject"] == "Quarterly letter to our clients"]
    blind = {copy.folder: len(copy.message["bccRecipients"]) for copy in copies}
    assert blind == {"sentitems": 5, "inbox": 0}


def test_folders_of_the_odd_ones(small: tuple[Org, Tenant, MailReport]) -> None:
    tenant = small[1]
    assert tenant.copies("Works pension: my view (not sent yet)") == [(PRIYA, "drafts")]
    assert tenant.copies("Your parcel could not be delivred") == [(TOM, "junkemail")]
    assert tenant.copies("Lunch on Tuesday") == [(TOM, "deleteditems")]
    assert sorted(tenant.copies("")) == [(PRIYA, "TeamsMessagesData"), (TOM, "TeamsMessagesData")]
    assert tenant.copies("Change of address") == [(DESK, "inbox")]


def test_the_demo_has_what_a_firm_meets(small: tuple[Org, Tenant, MailReport]) -> None:
    _, tenant, _ = small
    names = {item["name"] for copy in tenant.messages for item in copy.message["attachments"]}
    assert {"valuation.pdf", "comparison.csv", "notes.txt", "logo.png"} <= names
    own = {PRIYA, TOM, ELENA, DESK}
    colleagues = [copy for copy in tenant.messages if people_of(copy.message) <= own]
    assert len(colleagues) >= 3
    assert any("家族信託" in copy.message["subject"] for copy in tenant.messages)
    assert any("счёта" in copy.message["subject"] for copy in tenant.messages)


def test_a_reply_names_what_it_answers_and_stays_in_its_thread() -> None:
    thread = [letter for letter in bundled_letters() if letter.thread == "whitcombe-review"]
    first, reply = (message_of(mime_of(letter, NOW, with_bcc=True)) for letter in thread[:2])
    headers = {header["name"]: header["value"] for header in reply["internetMessageHeaders"]}
    assert headers["In-Reply-To"] == first["internetMessageId"]
    assert reply["subject"] == f"Re: {first['subject']}"
    assert reply["conversationIndex"][:28] == first["conversationIndex"][:28]


def test_two_demos_of_one_moment_are_the_same() -> None:
    other, tenant = Tenant(), Tenant()
    populate(Org(), tenant, clock())
    populate(Org(), other, clock())
    assert [copy.message["internetMessageId"] for copy in tenant.messages] == [
        copy.message["internetMessageId"] for copy in other.messages
    ]


def test_imported_mail_goes_to_whom_it_names_else_in_turn(tmp_path: Path) -> None:
    write(tmp_path, "1.eml", "Subject: stranger 1\nFrom: a@x.example")
    write(tmp_path, "2.eml", f"Subject: to two\nFrom: a@x.example\nTo: {TOM.upper()}\nCc: {ELENA}\nBcc: b@x.example")
    write(tmp_path, "3.eml", "Subject: stranger 2\nFrom: a@x.example")
    write(tmp_path, "4.eml", f"Subject: own\nFrom: {PRIYA}\nTo: a@x.example, {TOM}\nBcc: b@x.example")
    write(tmp_path, "5.eml", f"Subject: alias\nFrom: a@x.example\nTo: priya@{DOMAIN}")
    for number in (6, 7, 8):
        write(tmp_path, f"{number}.eml", f"Subject: stranger {number}\nFrom: a@x.example")
    _, tenant, report = imported(tmp_path)
    assert (report.files, report.refused, report.messages) == (8, [], 10)
    assert tenant.copies("stranger 1") == [(PRIYA, "inbox")]
    assert tenant.copies("to two") == [(TOM, "inbox"), (ELENA, "inbox")]
    assert tenant.copies("stranger 2") == [(TOM, "inbox")]
    assert tenant.copies("own") == [(PRIYA, "sentitems"), (TOM, "inbox")]
    assert tenant.copies("alias") == [(PRIYA, "inbox")]
    assert [tenant.copies(f"stranger {number}")[0][0] for number in (6, 7, 8)] == [ELENA, DESK, PRIYA]
    blind = [(copy.message["subject"], copy.folder) for copy in tenant.messages if copy.message["bccRecipients"]]
    assert blind == [("own", "sentitems")]


def test_mail_of_the_backfill_is_received_a_minute_after_its_date() -> None:
    day = timedelta(days=1)
    six_months = NOW.replace(year=2025, month=9)
    dates = [NOW - day, NOW - 170 * day, six_months + timedelta(hours=2), NOW - timedelta(minutes=1)]
    assert received_times(dates, NOW) == [date + timedelta(minutes=1) for date in dates[:3]] + [
        NOW - timedelta(seconds=1)
    ]


def test_older_future_and_undated_mail_is_spread_evenly_among_the_rest() -> None:
    inside = NOW - timedelta(days=20)
    dates = [NOW.replace(year=2014), inside, None, NOW + timedelta(days=1), NOW.replace(month=1, year=2025)]
    times = received_times(dates, NOW)
    span = timedelta(days=175) - timedelta(hours=2)
    oldest = NOW - timedelta(days=175)
    assert times == [oldest, inside + timedelta(minutes=1), oldest + span / 3, oldest + span * 2 / 3, oldest + span]
    assert received_times([None], NOW) == [oldest]


@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_the_backfill_begins_in_a_month_that_may_be_shorter(day: int) -> None:
    now = NOW.replace(month=8, day=day)
    begins = NOW.replace(month=2, day=28)
    assert received_times([begins + timedelta(hours=2)], now)[0] == begins + timedelta(hours=2, minutes=1)
    assert received_times([begins - timedelta(hours=2)], now) == [now - timedelta(days=175)]


def test_imported_mail_keeps_its_date(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path, f"{number}.eml", "From: a@x.example\nDate: Mon, 3 Feb 2014 10:00:00 +0000")
    write(tmp_path, "late.eml", "From: a@x.example\nDate: Mon, 2 Feb 2026 10:00:00 +0000")
    write(tmp_path, "undated.eml", "From: a@x.example\nDate: soon")
    _, tenant, _ = imported(tmp_path)
    sent = [copy.message.get("sentDateTime") for copy in tenant.messages]
    assert sent == ["2014-02-03T10:00:00Z"] * 3 + ["2026-02-02T10:00:00Z", None]
    assert tenant.messages[3].received == datetime(2026, 2, 2, 10, 1, tzinfo=UTC)


def test_the_people_of_a_domain_become_the_firm(tmp_path: Path) -> None:
    ann = "Ann Own <ann@own.example>"
    write(tmp_path, "1.eml", f"Subject: one\nFrom: c@x.example\nTo: {ann.upper()}\nCc: bo@sub.own.example")
    write(tmp_path, "2.eml", f"Subject: two\nFrom: {ann}\nTo: c@x.example\nBcc: d@x.example")
    write(tmp_path, "3.eml", "Subject: stranger\nFrom: c@x.example\nTo: odd..one@own.example, e@notown.example")
    org, tenant = Org(), Tenant()
    populate(org, tenant, clock(), mail=tmp_path, domains=["own.example"])
    assert list(tenant.mailboxes) == ["ann@own.example", "bo@sub.own.example"]
    rows = org.rows["MS_Graph_User__c"]
    assert [row["User_Principal_Name__c"] for row in rows] == list(tenant.mailboxes)
    assert [org.users[row["User__c"]]["permission_sets"] for row in rows] == [["Microsoft_365_Sync_User"]] * 2
    assert [row["Name"] for row in rows] == ["ANN OWN", "bo@sub.own.example"]
    assert [rule["Pattern__c"] for rule in org.rows["MS_Graph_Exclusion__c"]] == ["own.example"]
    assert tenant.copies("one") == [("ann@own.example", "inbox"), ("bo@sub.own.example", "inbox")]
    assert tenant.copies("two") == [("ann@own.example", "sentitems")]
    assert tenant.copies("stranger") == [("ann@own.example", "inbox")]
    assert [row["Email"] for row in org.rows["Contact"]] == ["c@x.example", "e@notown.example"]


def test_a_domain_that_no_message_has_leaves_the_services_empty(tmp_path: Path) -> None:
    write(tmp_path, "1.eml", "From: c@x.example")
    org, tenant = Org(), Tenant()
    with pytest.raises(MailSourceError, match=r"no address of own\.example"):
        populate(org, tenant, clock(), mail=tmp_path, domains=["own.example"])
    assert (org.rows, org.users, tenant.mailboxes) == ({}, {}, {})


def test_the_most_frequent_strangers_become_contacts_and_settings_keep_old_mail(tmp_path: Path) -> None:
    for number in range(25):
        for copy in range(2 if number == 24 else 1):
            write(tmp_path, f"{number:02}-{copy}.eml", f"From: Person {number} <p{number}@x.example>\nTo: {TOM}, noat")
    org, _, _ = imported(tmp_path)
    (settings,) = org.rows["MS_Graph_Setting__c"]
    assert (settings["Sync_Bcc__c"], settings["Unmatched_Retention_Days__c"]) == (True, 365)
    made = org.rows["Contact"][len(CLIENTS) :]
    assert len(made) == 20
    assert made[0] == {"FirstName": "Person", "LastName": "24", "Email": "p24@x.example"}
    assert DOMAIN not in {row["Email"].rpartition("@")[2] for row in made}


@pytest.mark.parametrize("address",
    [
        "no-at-sign", "two@@x.example", "spa ce@x.example", "a@localhost", "jö@x.example",
        "taro..y@docomo.example", "taro.@docomo.example", "a" * 70 + "@client.example",
    ],
)  # fmt: skip
def test_an_address_that_an_email_field_refuses_becomes_no_contact(address: str) -> None:
    message = {"from": {"emailAddress": {"name": "", "address": address}}, "toRecipients": [], "ccRecipients": []}
    assert frequent_people([message] * 3, [DOMAIN], 20) == []


def test_refused_files_are_reported_and_the_rest_is_delivered(tmp_path: Path) -> None:
    write(tmp_path, "good.eml", "From: a@x.example")
    (tmp_path / "empty.eml").write_bytes(b"")
    _, tenant, report = imported(tmp_path)
    assert report.refused == [{"file": "empty.eml", "reason": "the file is empty"}]
    assert (report.files, len(tenant.messages)) == (2, 1)


def test_one_message_alone_is_received_at_the_start() -> None:
    boxes = [Mailbox("a@firm.example", frozenset({"a@firm.example"}))]
    (copy,) = imported_deliveries([b"Subject: x\n\n"], boxes, NOW)
    assert copy.received == NOW - timedelta(days=175)


def test_mail_that_cannot_be_read_leaves_the_services_empty(tmp_path: Path) -> None:
    org, tenant = Org(), Tenant()
    with pytest.raises(MailSourceError, match="no such file"):
        populate(org, tenant, clock(), mail=tmp_path / "absent")
    write(tmp_path, "a.eml", "From: a@x.example")
    with pytest.raises(MailSourceError, match="no mailbox"):
        populate(org, tenant, clock(), firm="none", mail=tmp_path)
    assert (org.rows, org.users, tenant.mailboxes) == ({}, {}, {})


def test_no_firm_is_nothing() -> None:
    org, tenant = Org(), Tenant()
    assert populate(org, tenant, clock(), firm="none") == MailReport()
    assert (org.rows, tenant.mailboxes) == ({}, {})
