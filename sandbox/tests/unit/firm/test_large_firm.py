"""Generated firms: as large as was asked for, and like the mail of real ones."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from html import unescape
from statistics import median
from typing import Any

import pytest
from m365sandbox.firm import FirmSize, populate
from m365sandbox.firm.deliver import Mailbox
from m365sandbox.firm.large import LARGE_DOMAIN, adviser, client, generated_mail
from m365sandbox.firm.large_people import account_names, account_of, alias, contact_name, is_second
from m365sandbox.graph.delivery.delivery import NewMessage
from m365sandbox.graph.delivery.members import RECIPE
from m365sandbox.mail.phrases import NEWSLETTERS

from tests.unit.firm.firms import NOW, Org, Tenant, clock, people_of

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
