"""Any bytes that call themselves mail: read as Exchange would, and made into rows. Nothing is raised, all fits.

A longer run by hand: MAIL_FUZZ_EXAMPLES=50000 pytest tests/property/test_mail.py
"""

import json
import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from m365sandbox.graph.delivery.members import check_message
from m365sandbox.mail.mbox import messages_of
from m365sandbox.mail.mime import date_of, message_of

from connector.core.deciding.address import normalise
from connector.core.deciding.identity import created_time, group_copies, message_key, sent_time
from connector.core.writing.attachments import sort_out
from connector.core.writing.body import sanitise
from connector.core.writing.notice import announced
from connector.core.writing.text import encoded_length, units
from connector.graph import parse
from connector.model.mail import Party, Role
from connector.model.values import RecordId
from tests.support.builders import NOW
from tests.support.builders import settings as sync_settings
from tests.unit.core.recording import contact, desired, match
from tests.unit.core.test_records import LIMITS, texts

FIXTURES = Path(__file__).parents[2] / "sandbox" / "tests" / "fixtures" / "mail"
SEEDS = [file.read_bytes()[:20_000] for file in sorted(FIXTURES.iterdir())]
EXAMPLES = int(os.environ.get("MAIL_FUZZ_EXAMPLES", "150"))
FORM = {"Body__c": encoded_length}

line = st.sampled_from(
    [
        b"From ",
        b"From: ",
        b"To: ",
        b"Subject: ",
        b"Date: ",
        b"Content-Type: multipart/mixed; boundary=b",
        b"--b",
        b"--b--",
        b"Content-Type: text/html; charset=",
        b"Content-Type: text/calendar; method=REQUEST",
        b"BEGIN:VCALENDAR",
        b"BEGIN:VEVENT",
        b"DTSTART;TZID=",
        b"DTSTART:20260703T090000Z",
        b"DTEND:99991231T235959Z",
        b"DURATION:P99999D",
        b"END:VEVENT",
        b"LOCATION:",
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment; filename*0*=",
        b"=?utf-8?B?",
        b"=?x?q?=ff?=",
        b"begin 644 a",
        b"end",
        b"<p>",
        b"<!--",
        b"&#x1F600;",
        b"\xf0\x9f\x98\x80",
        b"Message-ID: <",
        b"Thread-Index: ",
        b"(((",
        b'"',
        b"group: a@b.example, ;",
        b"/O=EXCHANGELABS/OU=X/CN=Y",
        b"format=flowed",
        b"\x1b$B",
        b"\t",
        b"X" * 300,
        b"\xed\xa0\x80",
        b"\r",
        b" ",
        b"@{x.y}",
        b"-----BEGIN PGP MESSAGE-----",
    ]
)
made = st.lists(st.one_of(line, st.binary(max_size=12), st.just(b"\n"), st.just(b"\r\n")), max_size=60).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A mail with pieces of it lost, repeated, or in the place of others."""
    raw = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 400)))
        raw[start:end] = draw(st.one_of(made, st.binary(max_size=6), st.just(bytes(raw[start:end]) * 3)))
    return bytes(raw)


def check_whole_way(raw: bytes) -> None:
    """From the bytes of a mail to its rows. Raises AssertionError where something does not fit."""
    date_of(raw)
    message = message_of(raw)
    check_message(message)
    item = json.loads(json.dumps(message, ensure_ascii=False).encode("utf-8"))
    item |= {"id": "AAkALgAA1", "parentFolderId": "inbox", "receivedDateTime": "2026-03-02T11:00:00Z"}
    item.pop("@odata.etag", None)
    copy = parse.header(RecordId("a0M000000000001AAA"), item)
    content = announced(parse.content(item), "Europe/London")
    listed = [parse.attachment({"id": str(number), **part}) for number, part in enumerate(item["attachments"])]
    assert sent_time(copy) <= copy.received_at
    assert created_time(copy, NOW) <= NOW
    assert group_copies([copy, copy])
    key = message_key(copy)
    files = sort_out(listed, key, sync_settings())
    assert all(0 < units(file.name) <= 255 for file in files.files)
    people = [who.address for who in (copy.from_, *copy.to, *copy.cc, *copy.bcc) if who is not None]
    matches = [match("ann@client.example", contact(1))]
    for address in filter(None, map(normalise, people)):
        assert normalise(address) == address
        matches.append(type(matches[0])(party=Party(address=address, name=people[0], role=Role.CC)))
    mail = desired(*matches, copies=(copy,), key=key, body=sanitise(content), attachments=files)
    for row in (mail.email, *mail.participants, *mail.tasks):
        for field, value in texts(row).items():
            value.encode("utf-8")
            assert 0 < FORM.get(field, units)(value) <= LIMITS.get(field, 32_768 if "Notes" in field else 255), field


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=EXAMPLES == 150)
@given(st.one_of(made, mutated()))
def test_any_bytes_become_rows_that_fit(raw: bytes) -> None:
    check_whole_way(raw)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=EXAMPLES == 150)
@given(st.lists(st.one_of(made, mutated()), max_size=4))
def test_an_mbox_of_any_bytes_is_taken_apart(pieces: list[bytes]) -> None:
    for raw in messages_of(b"\nFrom - \n".join([b"", *pieces])):
        message_of(raw)
