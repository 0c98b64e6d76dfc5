"""What a sender may choose: names, numbers and lengths of everything in a mail. Work grows with it, never with its
square, and what is stored of it has an end.

Eight times as much may take up to 24 times the processor's time: linear is 8, a square 64.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connector.core.deciding.address import LONGEST_ADDRESS, is_smtp, normalise
from connector.core.deciding.exclude import MOST_CANDIDATES, MailboxView, Rules, compile_rules, decide, group_candidates
from connector.core.deciding.identity import message_id, message_key
from connector.core.writing import records
from connector.core.writing.attachments import MOST_FILES, file_name, sort_out
from connector.core.writing.body import preview, sanitise
from connector.core.writing.children import MOST_PARTICIPANTS
from connector.core.writing.plan import plan
from connector.core.writing.text import units
from connector.model.mail import Attachment, AttachmentKind, Content, Recipient
from connector.model.records import StoredParticipant
from connector.model.values import NormalAddress, RecordId
from tests.support.builders import NOW, exclusion, header, internal, settings, stored
from tests.unit.core.excluding import ADA, PERSONAL
from tests.unit.core.recording import KEY, contact, desired, match

TIMES, AT_MOST = 8, 24
BOX = MailboxView(id=RecordId("a0M"), user=RecordId("005"), addresses=frozenset())
RULES = compile_rules([internal(), exclusion("*a*b*c*@x.example"), exclusion("no@x.example")])


def decided(to: list[Recipient]) -> object:
    rules = compile_rules([internal(), exclusion("*a*b*c*@x.example"), exclusion("no@x.example")])
    return decide(header(to=to), BOX, rules, settings(), frozenset(), folder_reason=None, bcc_by_group=True)


def people(number: int) -> list[Recipient]:
    return [Recipient(name=f"Person {each}", address=f"p{each}@client.example") for each in range(number)]


def links(number: int) -> list[Attachment]:
    return [
        Attachment(id=f"a{each}", kind=AttachmentKind.REFERENCE, name=f"link {each}", size=1) for each in range(number)
    ]


def same_names(number: int) -> list[Attachment]:
    return [Attachment(id=f"a{each}", kind=AttachmentKind.FILE, name="scan.pdf", size=9) for each in range(number)]


def plain(text: str) -> object:
    return sanitise(Content(html=text, is_html=False))


#: name: what to make of a number, what to do with it, the smaller number
CASES: dict[str, tuple[Callable[[int], Any], Callable[[Any], object], int]] = {
    "address in brackets": (lambda n: "<" * n + "a@b.c" + ">" * n, normalise, 20_000),
    "address with mailto": (lambda n: "mailto:" * n + "a@b.c", normalise, 10_000),
    "address in quotes": (lambda n: "'\"" * n + "a@b.c" + "\"'" * n, normalise, 10_000),
    "address with spaces": (lambda n: "< " * n + "a@b.c" + " >" * n, normalise, 10_000),
    "address with dots": (lambda n: "<" * n + "a@b.c" + ".>" * n, normalise, 10_000),
    "address of many signs": (lambda n: "a@" * n + "b.c", normalise, 50_000),
    "address in other letters": (lambda n: "a@" + "\u00fc." * n + "c", normalise, 50_000),
    "domain of many labels": (lambda n: [Recipient(address="x@" + "a." * n + "client.example")], decided, 20_000),
    "recipients": (people, decided, 1_000),
    "recipients on one line": (people, lambda to: desired(copies=(header(to=to, cc=to, bcc=to),)), 1_000),
    "participants": (
        lambda n: [match(each.address, name=each.name) for each in people(n)],
        lambda matches: desired(*matches),
        2_000,
    ),
    "participants of clients": (
        lambda n: [match(each.address, contact(number)) for number, each in enumerate(people(n))],
        lambda matches: desired(*matches),
        2_000,
    ),
    "categories": (
        lambda n: header(categories=tuple(f"Category {each}" for each in range(n))),
        lambda mail: decide(mail, BOX, RULES, settings(), frozenset(), folder_reason=None, bcc_by_group=True),
        5_000,
    ),
    "notes": (links, lambda listed: sort_out(listed, KEY, settings()), 2_000),
    "files of one name": (same_names, lambda listed: sort_out(listed, KEY, settings()), 1_000),
    "name of a file": (lambda n: ". " * n + "\u202e" * n, file_name, 20_000),
    "subject": (lambda n: header(subject="e\u0301 \x07" * n), lambda mail: desired(copies=(mail,)), 10_000),
    "subject of marks": (lambda n: header(subject="e" + "\u0301" * n), lambda mail: desired(copies=(mail,)), 20_000),
    "name of the sender": (
        lambda n: header(from_=Recipient(name="\u202eN " * n, address="a@b.c")),
        lambda mail: desired(copies=(mail,)),
        20_000,
    ),
    "message id": (lambda n: header(message_id="<" * n + "x" + "> " * n), message_id, 20_000),
    "key": (lambda n: header(message_id="<x@y>" * n), message_key, 20_000),
    "index of a conversation": (lambda n: header(conversation_index="A" * 4 * n), records.conversation_key, 50_000),
    "preview": (lambda n: header(preview=" \u200c" * n + "x" + "\u200c" * n), preview, 10_000),
    "plain text": (lambda n: "line <b>\n" * n, plain, 2_000),
    "plain text of blank lines": (lambda n: "\n" * n + "a    b", plain, 50_000),
    "plain text of blanks": (lambda n: "a" + " " * n + "\n" + "a   b", plain, 50_000),
    "plain text of tabs": (lambda n: "\t" * n + "x", plain, 5_000),
}


def seconds(work: Callable[[Any], object], value: Any) -> float:
    """The processor's time, the least of three."""
    found = []
    for _ in range(3):
        begun = time.thread_time()
        work(value)
        found.append(time.thread_time() - begun)
    return min(found)


@pytest.mark.parametrize("name", CASES)
def test_work_grows_with_the_mail_and_not_with_its_square(name: str) -> None:
    make, work, number = CASES[name]
    work(make(10))
    few, many = make(number), make(TIMES * number)
    least = 0.0005  # shorter times say nothing
    # a machine that does other work slows the one or the other: what grows with the square does so each time
    assert any(seconds(work, many) <= AT_MOST * max(seconds(work, few), least) for _ in range(3))


def test_a_mail_to_a_hundred_thousand_gets_five_hundred_participants() -> None:
    to = people(100_000)
    matches = [match(each.address) for each in to]
    matches[70_000] = match(to[70_000].address, contact(1))
    mail = desired(*matches, copies=(header(to=to),), attachments=sort_out([], KEY, settings()))
    assert len(mail.participants) == MOST_PARTICIPANTS == 500
    assert [row.fields["Contact__c"] for row in mail.participants if "Contact__c" in row.fields] == [contact(1).id]
    assert len(mail.tasks) == 1
    first = [row.fields["Address__c"] for row in mail.participants][:499]
    assert first == [each.address for each in to[:499]]
    assert mail.email.fields["Attachment_Notes__c"] == "… and 99500 more participants, who have no row of their own"
    assert mail.email.fields["To__c"].endswith(" more")
    assert units(mail.email.fields["To__c"]) <= 32_000


def test_the_clients_among_many_go_first_up_to_the_limit() -> None:
    matches = [match(f"p{number}@x.example", contact(number)) for number in range(600)]
    mail = desired(match("first@x.example"), *matches)
    assert [row.fields.get("Contact__c") for row in mail.participants] == [contact(number).id for number in range(500)]
    assert len(mail.tasks) == 500


def test_one_address_of_many_records_is_limited_too() -> None:
    mail = desired(match("info@x.example", *map(contact, range(700))), match("b@x.example"))
    assert len(mail.participants) == 500
    assert len(mail.tasks) == 500


@pytest.mark.parametrize("number", [499, 500])
def test_up_to_the_limit_nothing_is_left_out_or_said(number: int) -> None:
    matches = [match(each.address) for each in people(number)]
    mail = desired(*matches, attachments=sort_out([], KEY, settings()))
    assert len(mail.participants) == number
    assert "Attachment_Notes__c" not in mail.email.fields


def test_the_line_is_the_last_of_the_notes_and_fits() -> None:
    listed = [replace(each, name="n" * 200) for each in links(1_000)]
    matches = [match(each.address) for each in people(600)]
    notes = desired(*matches, attachments=sort_out(listed, KEY, settings())).email.fields["Attachment_Notes__c"]
    lines = notes.split("\n")
    assert lines[-1] == "… and 100 more participants, who have no row of their own"
    assert lines[-2].startswith("… and ")
    assert units(notes) + len(lines) <= 32_768


def test_it_waits_for_the_scan_since_what_stands_there_is_not_written_again() -> None:
    scanning = [Attachment(id="a", kind=AttachmentKind.FILE, name="Safe Attachments Scan In Progress", size=9)]
    matches = [match(each.address) for each in people(600)]
    for attachments in (None, sort_out(scanning, KEY, settings())):
        assert "Attachment_Notes__c" not in desired(*matches, attachments=attachments).email.fields


def test_what_a_second_copy_adds_stays_within_the_limit_unless_it_is_a_client() -> None:
    there = tuple(
        StoredParticipant(id=RecordId(f"a0P{number:012d}AAA"), key=f"{KEY}:{number}", address=f"q{number}@x.example")
        for number in range(498)
    )
    more = [match("client@x.example", contact(7)), *(match(each.address) for each in people(100))]
    planned = plan(desired(*more), stored(key=KEY, participants=there))
    rows = [row for row in planned.inserts if row.object == "Email_Participant__c"]
    assert len(rows) == 2
    assert rows[0].fields["Contact__c"] == contact(7).id


def test_a_mail_keeps_a_thousand_files_and_says_how_many_it_does_not() -> None:
    found = sort_out([replace(each, name=f"{each.id}.pdf") for each in same_names(10_000)], KEY, settings())
    assert len(found.files) == MOST_FILES == 1_000
    assert found.notes == "9000 files, not stored: a mail keeps 1000 at most"
    assert found.fields["Attachment_Count__c"] == 1_000


def test_so_many_colleagues_of_one_mail_are_looked_up_and_no_more() -> None:
    to = [f"c{number}@firm.example" for number in range(10_000)]
    asked = group_candidates(header(to=to), BOX, RULES, settings(), frozenset())
    assert list(asked) == to[:MOST_CANDIDATES]


@pytest.mark.parametrize(
    "domain", ["a." * 50_000 + "firm.example", "firm.example", "a.firm.example", "." * 900 + "firm.example"]
)
def test_a_long_domain_is_still_a_subdomain_of_ours(domain: str) -> None:
    assert RULES.internal_domain(NormalAddress(f"x@{domain}"), header().received_at)


@pytest.mark.parametrize(
    "domain", ["a" * 300 + "firm.example", "firm.example." + "a." * 50_000 + "example", "a." * 200 + "example"]
)
def test_and_no_other_is(domain: str) -> None:
    assert not RULES.internal_domain(NormalAddress(f"x@{domain}"), header().received_at)


def test_an_address_of_any_length_is_normalised_once_for_all() -> None:
    for text in (
        "<" * 400 + "A@b.c" + ">" * 400,
        "mailto:" * 100 + "'A@B.c..'",
        " " * 400 + "A@b.C",
        "x" * 400 + "@B.c",
    ):
        once = normalise(text)
        assert normalise(once) == once
        assert is_smtp(once)
    assert normalise("<" * LONGEST_ADDRESS + "A@b.c" + ">" * LONGEST_ADDRESS) == "a@b.c"


# -- what users may keep: rules ---------------------------------------------------------------------------------------


def personal(pattern: str, number: int) -> Rules:
    return compile_rules([exclusion(pattern.format(n=each), PERSONAL) for each in range(number)])


@pytest.mark.parametrize("pattern", ["*@*.shop{n}.example", "news{n}*@x.example", "*offer{n}*", "a*{n}@shop.example"])
def test_work_for_an_address_does_not_grow_with_the_number_of_patterns(pattern: str) -> None:
    """A hundred times as many patterns; to try each would take a hundred times as long."""
    few, many = personal(pattern, 100), personal(pattern, 10_000)
    numbers = iter(range(100_000_000))  # an address that was seen is remembered

    def ask(rules: Rules) -> None:
        for _ in range(300):
            address = NormalAddress(f"person{next(numbers)}@mail.client.example")
            assert rules.personal(ADA, address, NOW) is None

    assert seconds(ask, many) <= 25 * max(seconds(ask, few), 0.001)


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("*@*.shop{n}.example", "a@mail.shop77.example"),
        ("news{n}*@x.example", "news77letter@x.example"),
        ("*offer{n}*", "an-offer77-of@x.example"),
        ("a*{n}@shop.example", "ab77@shop.example"),
        ("*b\u00fc{n}*", "a@xn--b77-joa.example"),
    ],
)
def test_the_one_that_matches_is_found_among_many(pattern: str, address: str) -> None:
    rules = personal(pattern, 200)
    found = rules.personal(ADA, NormalAddress(address), NOW)
    if pattern.startswith("*b"):
        address = normalise("a@b\u00fc77.example")
        found = rules.personal(ADA, address, NOW)
    assert found is not None
    assert found.pattern in (pattern.format(n=77), pattern.format(n=7))
