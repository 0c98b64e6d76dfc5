"""The firms a sandbox starts with: who is there, and which mailbox gets which copy of which mail."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from m365sandbox.clock import SandboxClock
from m365sandbox.firm import FirmSize, MailReport, populate
from m365sandbox.firm.compose import mime_of
from m365sandbox.firm.deliver import Mailbox, frequent_people, imported_deliveries
from m365sandbox.firm.large import LARGE_DOMAIN, adviser, client, generated_mail
from m365sandbox.firm.large_people import account_names, account_of, alias, contact_name, is_second
from m365sandbox.firm.letters import bundled_letters
from m365sandbox.firm.people import CLIENTS, DOMAIN, STAFF
from m365sandbox.graph.delivery.delivery import NewMessage
from m365sandbox.graph.delivery.members import RECIPE
from m365sandbox.mail.mime import message_of
from m365sandbox.mail.phrases import NEWSLETTERS
from m365sandbox.mail.source import MailSourceError

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PRIYA, TOM, ELENA, DESK = (staff.address for staff in STAFF)


class Org:
    """Keeps the rows it is given, as the Salesforce sandbox does."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def create_user(
        self, username: str, name: str, email: str, active: bool = True, permission_sets: Sequence[str] = ()
    ) -> dict[str, str]:
        user = f"005{len(self.users):012}"
        self.users[user] = {"username": username, "name": name, "permission_sets": list(permission_sets)}
        return {"id": user}

    def seed(self, object_name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        kept = self.rows.setdefault(object_name, [])
        start = len(kept)
        kept.extend(dict(row) for row in rows)
        return [f"{object_name}-{number}" for number in range(start, len(kept))]


class Tenant:
    """Keeps mailboxes and messages, as the Graph sandbox does."""

    def __init__(self) -> None:
        self.mailboxes: dict[str, dict[str, Any]] = {}
        self.messages: list[NewMessage] = []

    def create_mailbox(self, **fields: Any) -> str:
        self.mailboxes[fields["userPrincipalName"]] = fields
        return f"graph-{len(self.mailboxes)}"

    def add_messages(self, messages: Iterable[NewMessage]) -> list[dict[str, Any]]:
        self.messages.extend(messages)
        return []

    def copies(self, subject: str) -> list[tuple[str, str]]:
        return [(copy.upn, copy.folder) for copy in self.messages if copy.message["subject"] == subject]


def clock() -> SandboxClock:
    set_clock = SandboxClock()
    set_clock.set(NOW)
    return set_clock


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


def people_of(message: dict[str, Any]) -> set[str]:
    listed = [message["from"], *message["toRecipients"], *message["ccRecipients"], *message["bccRecipients"]]
    return {person["emailAddress"]["address"] for person in listed}


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


def test_received_times_are_spread_evenly_and_the_date_is_kept(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path, f"{number}.eml", "From: a@x.example\nDate: Mon, 3 Feb 2014 10:00:00 +0000")
    write(tmp_path, "undated.eml", "From: a@x.example\nDate: soon")
    _, tenant, _ = imported(tmp_path)
    received = [copy.received for copy in tenant.messages]
    assert received[-1] is not None
    # The clock runs on while the test does, so seconds are left out.
    assert [moment.replace(microsecond=0) - received[-1].replace(microsecond=0) for moment in received if moment] == [
        timedelta(hours=-(175 * 24 - 2)) / 5 * (5 - step) for step in range(6)
    ]
    assert timedelta(0) <= received[-1] - (NOW - timedelta(hours=2)) < timedelta(minutes=5)
    assert [copy.message.get("sentDateTime") for copy in tenant.messages] == ["2014-02-03T10:00:00Z"] * 5 + [None]


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


@pytest.mark.parametrize("address", ["no-at-sign", "two@@x.example", "spa ce@x.example", "a@localhost", "jö@x.example"])
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


SIZE = FirmSize(mailboxes=20, messages=3_000, contacts=600, seed=7)


@pytest.fixture(scope="module")
def generated() -> list[NewMessage]:
    boxes = [Mailbox(adviser(number)[1], frozenset({adviser(number)[1]})) for number in range(SIZE.mailboxes)]
    return list(generated_mail(SIZE, boxes, NOW))


def test_a_generated_firm_has_exactly_what_was_asked() -> None:
    org, tenant = Org(), Tenant()
    report = populate(org, tenant, clock(), firm="large", size=FirmSize(mailboxes=3, messages=50, contacts=70, seed=1))
    assert (report.messages, len(tenant.messages)) == (50, 50)
    assert (len(org.users), len(tenant.mailboxes), len(org.rows["Contact"])) == (3, 3, 70)
    assert {row["User_Principal_Name__c"] for row in org.rows["MS_Graph_User__c"]} == set(tenant.mailboxes)


def test_about_two_fifths_of_generated_mail_is_client_mail(generated: list[NewMessage]) -> None:
    clients = {client(number)[1] for number in range(SIZE.contacts)}
    seen: set[str] = set()
    people = 0
    for copy in generated:
        hits = people_of({**copy.message, "bccRecipients": []}) & clients
        if hits and copy.message["internetMessageId"] not in seen:
            seen.add(copy.message["internetMessageId"])
            people += len(hits)
    assert 0.35 < len(seen) / len(generated) < 0.45
    assert 1.0 < people / len(seen) < 1.4
    internal = [copy for copy in generated if all(who.endswith(LARGE_DOMAIN) for who in people_of_all(copy))]
    assert 0.2 < len(internal) / len(generated) < 0.35


def people_of_all(copy: NewMessage) -> set[str]:
    return people_of({"bccRecipients": [], **copy.message})


def test_the_same_seed_gives_the_same_mail(generated: list[NewMessage]) -> None:
    boxes = [Mailbox(adviser(number)[1], frozenset({adviser(number)[1]})) for number in range(SIZE.mailboxes)]
    again = generated_mail(SIZE, boxes, NOW)
    assert all(first == second for first, second in zip(generated, again, strict=True))
    other = generated_mail(FirmSize(20, 3_000, 600, seed=8), boxes, NOW)
    assert [copy.message["subject"] for copy in generated] != [copy.message["subject"] for copy in other]


def test_generated_mail_lies_in_the_last_six_months_oldest_first(generated: list[NewMessage]) -> None:
    times = [copy.received for copy in generated if copy.received is not None]
    assert times == sorted(times)
    assert NOW - timedelta(days=181) < times[0]
    assert times[-1] < NOW


def test_generated_copies_are_one_mail_in_several_mailboxes(generated: list[NewMessage]) -> None:
    copies: dict[str, list[NewMessage]] = {}
    for copy in generated:
        copies.setdefault(copy.message["internetMessageId"], []).append(copy)
    several = [group for group in copies.values() if len(group) > 1]
    assert len(several) > 300
    for group in several:
        assert len({copy.upn for copy in group}) == len(group)
        assert len({copy.message["sentDateTime"] for copy in group}) == 1
        first, *others = [copy.received for copy in group if copy.received is not None]
        assert all(later - first == timedelta(seconds=1) for later in others)


def test_generated_replies_name_what_they_answer(generated: list[NewMessage]) -> None:
    known = {copy.message["internetMessageId"] for copy in generated}
    replies = [copy for copy in generated if copy.message["subject"].startswith("Re: ")]
    assert len(replies) > 300
    for copy in replies:
        headers = {item["name"]: item["value"] for item in copy.message["internetMessageHeaders"]}
        assert headers["In-Reply-To"] in known
        assert headers["References"].endswith(headers["In-Reply-To"])


def test_generated_mail_lies_in_the_folders_of_its_kind(generated: list[NewMessage]) -> None:
    places = Counter(copy.folder for copy in generated)
    assert set(places) == {"inbox", "sentitems", "Inbox/Clients", "archive", "deleteditems", "junkemail"}
    newsletters = [copy for copy in generated if copy.folder == "deleteditems"]
    assert all("List-Unsubscribe" in str(copy.message["internetMessageHeaders"]) for copy in newsletters)
    assert {copy.message["isRead"] for copy in generated} == {True, False}


def test_a_tenth_of_client_mail_has_a_file_and_signatures_an_image(generated: list[NewMessage]) -> None:
    clients = {client(number)[1] for number in range(SIZE.contacts)}
    mail = {copy.message["internetMessageId"]: copy.message for copy in generated}
    with_client = [message for message in mail.values() if people_of({**message, "bccRecipients": []}) & clients]
    items = [item for message in mail.values() for item in message["attachments"]]
    files = [item for item in items if not item["isInline"]]
    assert 0.08 < sum(message["hasAttachments"] for message in with_client) / len(with_client) < 0.12
    sizes = sorted(item[RECIPE].size for item in files)
    assert 100_000 < median(sizes) < 220_000
    assert sizes[0] < 30_000
    assert 1_000_000 < sizes[-1] <= 10_000_000
    assert len({item["contentType"] for item in files}) >= 5
    assert {item["contentId"] for item in items if item["isInline"]} == {"logo"}
    logos = [message for message in mail.values() if "cid:logo" in body_of(message)]
    assert all(any(item["isInline"] for item in message["attachments"]) for message in logos)
    assert len(logos) > 50


def body_of(message: Mapping[str, Any]) -> str:
    return str(message[RECIPE].body()["content"])


def test_generated_bodies_have_the_sizes_of_real_ones(generated: list[NewMessage]) -> None:
    mail = {copy.message["internetMessageId"]: copy.message for copy in generated}
    newsletters = [len(body_of(message)) for message in mail.values() if is_newsletter(message)]
    letters = [len(body_of(message)) for message in mail.values() if not is_newsletter(message)]
    assert 9_000 < median(letters) < 16_000
    assert min(newsletters) > 35_000
    assert 75_000 < median(newsletters) < 90_000
    assert max(newsletters) < 140_000


def is_newsletter(message: Mapping[str, Any]) -> bool:
    return bool(message["from"]["emailAddress"]["address"] in NEWSLETTERS)


def test_a_generated_thread_grows_by_what_it_quotes(generated: list[NewMessage]) -> None:
    mail = {copy.message["internetMessageId"]: copy.message for copy in generated}
    grown = 0
    for message in mail.values():
        recipe = message[RECIPE]
        assert message["bodyPreview"].split("\r\n")[0][:60] in unescape(body_of(message))
        if not recipe.quoted or len(recipe.quoted) == 10:
            continue
        headers = {item["name"]: item["value"] for item in message["internetMessageHeaders"]}
        answered = mail[headers["In-Reply-To"]]
        assert recipe.quoted == (answered[RECIPE].own, *answered[RECIPE].quoted)
        assert body_of(message).count("<b>From:</b>") == len(recipe.quoted)
        grown += 1
    assert grown > 300


def test_generated_mail_has_many_scripts(generated: list[NewMessage]) -> None:
    text = "".join(copy.message["subject"] for copy in generated)
    for letter in ("ü", "ą", "Ε", "年", "ا"):
        assert letter in text


def test_mail_reaches_advisers_at_their_second_address_too(generated: list[NewMessage]) -> None:
    boxes = [Mailbox(adviser(0)[1], frozenset({adviser(0)[1], str(alias(0))}))]
    copies = list(generated_mail(FirmSize(mailboxes=1, messages=200, contacts=10), boxes, NOW))
    reached = Counter(who for copy in copies for who in people_of_all(copy))
    assert reached[str(alias(0))] > 5
    assert reached[adviser(0)[1]] > reached[str(alias(0))]
    assert alias(1) is None


def test_families_share_an_address_and_some_clients_have_two() -> None:
    org = Org()
    populate(org, Tenant(), clock(), firm="large", size=FirmSize(mailboxes=1, messages=0, contacts=600))
    contacts = org.rows["Contact"]
    shared = [count for count in Counter(row["Email"] for row in contacts).values() if count > 1]
    assert set(shared) == {2}
    assert 20 <= len(shared) <= 30
    people = Counter((row["FirstName"], row["LastName"], row["AccountId"]) for row in contacts)
    assert sum(count > 1 for count in people.values()) >= 24
    for number in range(600):
        if is_second(number):
            assert contact_name(number) == contact_name(number - 1)
            assert client(number)[1] != client(number - 1)[1]
            assert account_of(number) == account_of(number - 1)
    assert len(list(account_names(600))) == len(org.rows["Account"]) == 200


def test_a_firm_without_anybody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one mailbox"):
        FirmSize(mailboxes=0)
