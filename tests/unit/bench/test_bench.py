"""What scripts/bench reckons: which mail is right, the spread of runs, rows of the contenders, and plots."""

import json
from html import escape
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.bench.contenders.rows import composite, contacts_of, refused, rows_of
from tests.bench.plot import Panel, drawing, scale
from tests.bench.report import spread, table
from tests.bench.runs import CONTENDERS, Figures, wrong
from tests.bench.stage import Stage

CLIENTS = contacts_of([
    {"Id": "003A", "AccountId": "001A", "Email": "Ann@client.example"},
    {"Id": "003B", "AccountId": "001A", "Email": "ann@client.example"},
    {"Id": "003C", "AccountId": None, "Email": "cyd@client.example"},
])  # fmt: skip


def person(address: str) -> dict[str, Any]:
    return {"emailAddress": {"name": "Somebody", "address": address}}


def message(number: int, *to: str) -> dict[str, Any]:
    return {
        "subject": "Review",
        "from": person("Adviser@firm.example"),
        "toRecipients": [person(who) for who in to],
        "sentDateTime": "2026-03-01T10:00:00Z",
        "receivedDateTime": "2026-03-01T10:00:01Z",
        "internetMessageId": f"<{number}@mail.example>",
        "bodyPreview": "Hello",
        "body": {"content": "<p>Hello</p>"},
    }


def figures(seconds: float, told: str = "") -> Figures:
    return Figures(
        ok=not told, wrong=told, listed=1_000, stored=400, participants=500, tasks=500, files=7, seconds=seconds,
        cpu_seconds=2, peak_mb=90, graph_requests=50, graph_bytes=12_000_000, salesforce_calls=4,
        sandbox_cpu_seconds=3,
    )  # fmt: skip


def test_a_mail_has_a_row_for_each_contact_and_its_account_once() -> None:
    rows = rows_of(message(1, "ANN@client.example", "ann@client.example", "cyd@client.example"), CLIENTS)
    assert rows is not None
    email, participants, tasks = rows
    assert (email["Internet_Message_Id__c"], email["Body__c"]) == ("<1@mail.example>", "<p>Hello</p>")
    assert [row["Contact__c"] for row in participants] == ["003A", "003B", "003C"]
    assert [row.get("Account__c") for row in participants] == ["001A", None, None]
    assert [row["WhoId"] for row in tasks] == ["003A", "003B", "003C"]
    assert len({row["Participant_Key__c"] for row in participants}) == 3


def test_a_body_is_cut_to_what_a_rich_text_field_counts() -> None:
    page = '<p class="a">&quot;Yes&quot;</p>' * 4_000
    rows = rows_of({**message(1, "cyd@client.example"), "body": {"content": page}}, CLIENTS)
    assert rows is not None
    assert 60_000 < len(escape(rows[0]["Body__c"])) <= 131_072 < len(escape(page))


def test_mail_without_a_client_and_drafts_have_none() -> None:
    assert rows_of(message(1, "who@unknown.example"), CLIENTS) is None
    assert rows_of({**message(1, "cyd@client.example"), "isDraft": True}, CLIENTS) is None


def test_a_composite_holds_two_hundred_mails_in_five_collections_at_most() -> None:
    mails = [rows_of(message(number, "ann@client.example"), CLIENTS) for number in range(200)]
    requests = composite([mail for mail in mails if mail])["compositeRequest"]
    assert [len(one["body"]["records"]) for one in requests] == [200] * 5
    assert len({one["referenceId"] for one in requests}) == 5
    assert "Message_Key__c" in json.dumps(requests[1]["body"]["records"][0]["Email__r"])


def test_what_is_there_already_is_not_refused() -> None:
    good, there = {"success": True, "errors": []}, {"success": False, "errors": [{"statusCode": "DUPLICATE_VALUE"}]}
    bad = {"success": False, "errors": [{"statusCode": "STRING_TOO_LONG"}]}
    answer = {"compositeResponse": [{"referenceId": "Task_0", "body": [good, there, bad]}]}
    assert refused(answer) == ["Task_0: {'statusCode': 'STRING_TOO_LONG'}"]
    halted = {"compositeResponse": [{"referenceId": "Task_0", "body": [{"errorCode": "PROCESSING_HALTED"}]}]}
    assert len(refused(halted)) == 1


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (["<a@x>", "b@x"], ""),
        (["a@x"], "1 missing"),
        (["a@x", "b@x", "c@x"], "1 not wanted"),
        (["a@x", "b@x", "<b@x>"], "1 twice"),
        ([], "2 missing"),
    ],
)
def test_the_right_mails_are_stored_once(stored: list[str], told: str) -> None:
    assert wrong(stored, {"<a@x>", "<b@x>"}) == told


def test_a_sample_is_of_the_first_mailbox() -> None:
    stage = Stage(folder=..., listed=5, seen=[[("a", True), ("b", False), ("c", True)], [("a", True), ("d", True)]])  # type: ignore[arg-type]
    assert stage.expected(None) == {"a", "c", "d"}
    assert stage.expected(2) == {"a"}
    assert (stage.count(None), stage.count(2), stage.count(300)) == (5, 2, 3)


def test_rates_are_per_thousand_and_spread_over_the_runs() -> None:
    rates = spread([figures(10), figures(40), figures(20)])
    assert rates["mails_per_second"] == {"min": 10, "median": 20, "max": 40}
    assert rates["graph_mb_per_1000_listed"]["median"] == pytest.approx(12)
    assert rates["graph_requests_per_1000_listed"]["median"] == 50
    assert rates["salesforce_calls_per_1000_stored"]["median"] == 10
    assert rates["cpu_seconds_per_1000_stored"]["median"] == 5


def test_the_table_is_readable_at_80_columns_and_tells_what_is_wrong() -> None:
    text = table({one: [figures(10, "3 missing")] for one in CONTENDERS})
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("WRONG: 3 missing") == len(CONTENDERS)
    for contender in CONTENDERS:
        assert contender.script is None or contender.cannot
        assert all(what in text for what in contender.cannot)


def test_values_far_apart_stand_on_a_logarithmic_axis() -> None:
    wide, near = scale([1, 10_000]), scale([3, 47])
    assert [wide.place(value) for value in (1, 100, 10_000)] == pytest.approx([0, 0.5, 1])
    assert near.place(0) == 0
    assert near.ticks[-1] >= 47
    assert near.place(near.ticks[-1]) == pytest.approx(1)
    assert scale([0, 0]).place(0) == 0


def test_a_drawing_is_one_image_with_all_points() -> None:
    page = drawing("mails & more", [Panel("CPU", [(1, 2), (10, 3), (1_000, 9)]), Panel("MB", [(1, 90)])])
    root = ElementTree.fromstring(page)  # noqa: S314 - our own
    assert len(root.findall(".//{*}circle")) == 4
    assert "mails & more" in [text.text for text in root.findall(".//{*}text")]
