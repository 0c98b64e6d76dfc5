"""Every answer fits Microsoft's own schema, no member of a mail type is never served, and the check itself can fail."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from testkit.csdl.answers import Asked, check_answer
from testkit.csdl.places import Place, UnknownPlaceError, place
from testkit.csdl.primitives import PRIMITIVES
from testkit.csdl.schema import graph_schema
from testkit.csdl.session import never_valued, problems, table
from testkit.csdl.specimens import furnished, shown
from testkit.csdl.values import Checker
from testkit.graph_tenant import ADA, GraphTenant, content

# The types of which every member is served with a value. Nothing lies below a search folder.
COMPLETE = {
    "message": set(),
    "eventMessageRequest": set(),
    "recipient": set(),
    "emailAddress": set(),
    "fileAttachment": set(),
    "itemAttachment": set(),
    "referenceAttachment": set(),
    "mailFolder": set(),
    "followupFlag": set(),
    "location": set(),
    "patternedRecurrence": set(),
    "dateTimeTimeZone": set(),
}


@pytest.fixture(scope="module")
def tenant() -> GraphTenant:
    return furnished()


@pytest.fixture(scope="module")
def answers(tenant: GraphTenant) -> list[tuple[str, Any]]:
    return list(shown(tenant))


def checked(url: str, value: Any, status: int = 200, method: str = "GET", kind: str = "application/json") -> list[str]:
    checker = Checker()
    check_answer(checker, Asked.of(method, url), status, {"Content-Type": kind}, json.dumps(value).encode())
    return checker.problems


def test_every_specimen_fits(answers: list[tuple[str, Any]]) -> None:
    assert [problem for url, value in answers for problem in checked(url, value)] == []


@pytest.mark.parametrize("kind", COMPLETE)
def test_every_member_is_served_with_a_value(kind: str, answers: list[tuple[str, Any]]) -> None:
    checker = Checker()
    for url, value in answers:
        check_answer(
            checker, Asked.of("GET", url), 200, {"Content-Type": "application/json"}, json.dumps(value).encode()
        )
    assert never_valued(checker.seen, kind) == COMPLETE[kind]


@pytest.fixture(scope="module")
def message(tenant: GraphTenant) -> dict[str, Any]:
    """One message as it is answered."""
    found = tenant.value(f"/v1.0/users/{ADA}/messages?$filter=subject eq 'A meeting that moved'")["value"]
    value: dict[str, Any] = tenant.value(f"/v1.0/users/{ADA}/messages/{found[0]['id']}?$expand=attachments")
    return value


def _set(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return change


def _drop(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda value: value.pop(name) and None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_set("mentions", to=[]), "mentions: no member of eventMessageRequest"),
        (_set("@odata.wrong", to=1), "@odata.wrong: no annotation"),
        (_set("subject", to=5), "subject: 5 is no Edm.String"),
        (_set("subject", to="\ud83d"), "subject: '\\ud83d' is no Edm.String"),
        (_set("isRead", to="true"), "isRead: 'true' is no Edm.Boolean"),
        (_set("importance", to="High"), "importance: 'High' is no member of importance"),
        (_set("body", "contentType", to="HTML"), "body.contentType: 'HTML' is no member of bodyType"),
        (_set("receivedDateTime", to="2026-03-01 08:00:00"), "is no Edm.DateTimeOffset"),
        (_set("receivedDateTime", to="2026-02-30T08:00:00Z"), "is no Edm.DateTimeOffset"),
        (_set("receivedDateTime", to="2026-03-01T08:00:00"), "is no Edm.DateTimeOffset"),
        (_set("recurrence", "range", "endDate", to="2026-3-1"), "endDate: '2026-3-1' is no Edm.Date"),
        (_set("conversationIndex", to="*"), "conversationIndex: '*' is no Edm.Binary"),
        (_set("attachments", 0, "size", to=None), "size: null, and is never null"),
        (_set("attachments", 0, "size", to=2**31), "size: 2147483648 is no Edm.Int32"),
        (_set("attachments", 0, "@odata.type", to="#microsoft.graph.file"), "@odata.type #microsoft.graph.file is not"),
        (_set("attachments", 0, "@odata.type", to="#microsoft.graph.message"), "message is no attachment"),
        (_set("toRecipients", to=None), "toRecipients: None is no list"),
        (_set("toRecipients", to=[None]), "toRecipients[]: null"),
        (_set("toRecipients", to=["a@client.example"]), "'a@client.example' is no recipient"),
        (_set("flag", "startDateTime", "dateTime", to=None), "dateTime: null, and is never null"),
        (_set("location", "coordinates", "latitude", to="51"), "latitude: '51' is no Edm.Double"),
        (_set("uniqueBody", to=None), "uniqueBody: was not asked for"),
        (_set("changeKey", to="other"), "@odata.etag: is not made of changeKey"),
        (_drop("subject"), "subject: was asked for, and is missing"),
        (_drop("location"), "location: was asked for, and is missing"),
        (_drop("id"), "id: missing"),
        (_drop("@odata.context"), "@odata.context: None"),
        (_set("@odata.context", to="https://x/v1.0/$metadata#users"), "@odata.context: users tells many user"),
        (_set("@odata.count", to=1), "on what is no list"),
    ],
)
def test_what_breaks_the_schema_is_found(
    message: dict[str, Any], change: Callable[[dict[str, Any]], None], problem: str
) -> None:
    url = f"/v1.0/users/{ADA}/messages/{message['id']}?$expand=attachments"
    assert checked(url, message) == []
    value = json.loads(json.dumps(message))
    change(value)
    found = checked(url, value)
    assert any(problem in line for line in found), found


def test_an_attachment_must_tell_its_type(message: dict[str, Any]) -> None:
    url = f"/v1.0/users/{ADA}/messages/{message['id']}?$expand=attachments"
    value = json.loads(json.dumps(message))
    del value["attachments"][0]["@odata.type"]
    assert any("attachment is abstract" in line for line in checked(url, value))


LIST = {"@odata.context": f"https://x/v1.0/$metadata#users('{ADA}')/messages(subject)", "value": []}
ITEM = {"@odata.etag": 'W/"x"', "id": "AAMk", "subject": "x"}


@pytest.mark.parametrize(
    ("url", "value", "problem"),
    [
        ("messages?$select=subject", {**LIST, "value": [ITEM]}, None),
        ("messages?$select=subject", {**LIST, "value": [{**ITEM, "isRead": True}]}, "isRead: was not asked for"),
        ("messages?$select=subject,isRead", {**LIST, "value": []}, "tells the selection ['subject']"),
        ("messages", LIST, "tells the selection ['subject']"),
        ("messages?$select=subject", {**LIST, "@odata.nextLink": "/v1.0/x"}, "is not absolute"),
        ("messages?$select=subject", {**LIST, "@odata.deltaLink": "https://x"}, "on what is no list of changes"),
        ("messages?$select=subject", {**LIST, "@odata.count": "7"}, "@odata.count: '7'"),
        ("messages?$select=subject", {**LIST, "next": 1}, "`value` only"),
        ("messages?$select=subject", {**LIST, "value": {}}, "value: no list"),
        ("mailFolders/inbox/messages/delta", {**LIST, "value": []}, "either a nextLink or a deltaLink"),
        ("inbox", LIST, "the metadata has nothing there"),
        ("messages/delta/x/y", LIST, "the metadata has nothing there"),
    ],
)
def test_lists(url: str, value: Any, problem: str | None) -> None:
    found = checked(f"/v1.0/users/{ADA}/{url}", value)
    assert found == [] if problem is None else any(problem in line for line in found), found


@pytest.mark.parametrize(
    ("removed", "fits"),
    [
        ({"id": "A", "@removed": {"reason": "deleted"}}, True),
        ({"id": "A", "@removed": {"reason": "gone"}}, False),
        ({"id": "A", "@removed": {"reason": "deleted"}, "subject": "x"}, False),
    ],
)
def test_removed_messages(removed: dict[str, Any], fits: bool) -> None:
    value = {
        "@odata.context": "https://x/v1.0/$metadata#Collection(message)",
        "@odata.deltaLink": "https://x/v1.0/y",
        "value": [{"@odata.type": "#microsoft.graph.message", **removed}],
    }
    assert (checked(f"/v1.0/users/{ADA}/mailFolders/inbox/messages/delta", value) == []) is fits


INNER = {"date": "2026-03-01T08:00:00", "request-id": "x", "client-request-id": "y"}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"error": {"code": "X", "message": "y", "innerError": INNER}}, None),
        ({"error": {"code": "X", "message": "y"}}, None),
        ({"error": {"code": "X"}}, "error.message: missing"),
        ({"error": {"code": None, "message": "y"}}, "error.code: null"),
        ({"error": {"code": "X", "message": "y", "status": 404}}, "error.status: no member"),
        ({"error": {"code": "X", "message": "y", "innerError": {**INNER, "date": "2026-03-01T08:00:00Z"}}}, "date"),
        ({"code": "X", "message": "y"}, "a refusal has `error` only"),
    ],
)
def test_refusals(value: Any, problem: str | None) -> None:
    found = checked("/v1.0/users/x", value, 404)
    assert found == [] if problem is None else any(problem in line for line in found), found


def test_the_answers_in_a_batch_are_checked_one_by_one() -> None:
    request = {"requests": [{"id": "1", "method": "GET", "url": "/users/x"}, {"id": "2", "method": "GET", "url": "/y"}]}
    good = {"id": "1", "status": 404, "headers": {"Content-Type": "application/json"}}
    answer = {"responses": [{**good, "body": {"error": {"code": "X"}}}, {**good, "id": "2", "status": 200, "body": {}}]}
    checker = Checker()
    asked = Asked.of("POST", "/v1.0/$batch", json.dumps(request).encode())
    check_answer(checker, asked, 200, {"Content-Type": "application/json"}, json.dumps(answer).encode())
    assert checker.problems == [
        "[GET /v1.0/users/x] error.message: missing",
        "[GET /v1.0/y] address: the metadata has nothing there (y)",
    ]


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("users", Place("user", "many")),
        ("users('a%40b')/messages/AAMk", Place("message", "one")),
        ("users/a/MAILFOLDERS/inbox/childfolders", Place("mailFolder", "many")),
        ("users/a/mailFolders('inbox')/messages/delta()", Place("message", "many", is_delta=True)),
        ("users/a/mailFolders/microsoft.graph.delta()", Place("mailFolder", "many", is_delta=True)),
        ("users/a/messages/m/attachments/t/$value", Place("", "stream")),
        ("users/a/messages/$count", Place("", "stream")),
        ("users/a/messages/m/microsoft.graph.eventMessage", Place("eventMessage", "one")),
        ("users/a/messages/m/move", Place("message", "one")),
        ("users/a/messages/m/send", Place("", "nothing")),
        ("users/a/mailboxSettings/userPurpose", Place("userPurpose", "value")),
        ("users/a/mailboxSettings/workingHours", Place("workingHours", "one")),
        ("users/a/proxyAddresses", Place("Collection(Edm.String)", "value")),
        ("users/a/translateExchangeIds", Place("convertIdResult", "many")),
    ],
)
def test_what_stands_at_an_address(address: str, there: Place) -> None:
    assert place(address) == there


@pytest.mark.parametrize(
    "address", ["", "groups", "users/a/inbox", "users/a/messages/$value", "users/a/messages/m/body/x"]
)
def test_where_there_is_nothing(address: str) -> None:
    with pytest.raises(UnknownPlaceError):
        place(address)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("Edm.TimeOfDay", ["08:00:00", "17:30:00.0000000"], ["8:00", "25:00:00", None]),
        ("Edm.Duration", ["PT1H", "P1DT2.5S", "-P3D"], ["P", "PT", "1H", "PT1X"]),
        ("Edm.Date", ["2026-02-28"], ["2026-02-30", "20260228"]),
        ("Edm.Int32", [0, -(2**31)], [True, 1.0, "1", 2**31]),
        ("Edm.Double", [1, 1.5], [True, "1"]),
        ("Edm.DateTimeOffset", ["2026-03-01T08:00:00.1234567Z", "2026-03-01T08:00:00+01:00"], ["2026-03-01", "x"]),
    ],
)
def test_primitives(kind: str, good: list[Any], bad: list[Any]) -> None:
    assert all(PRIMITIVES[kind](value) for value in good)
    assert not any(PRIMITIVES[kind](value) for value in bad)


def test_derived_types_have_the_members_of_their_bases() -> None:
    members = graph_schema().structures["eventMessageRequest"].members
    assert {"id", "changeKey", "subject", "startDateTime", "meetingRequestType"} <= set(members)
    assert graph_schema().is_a("eventMessageRequest", "outlookItem")
    assert not graph_schema().is_a("fileAttachment", "message")


def test_the_run_tells_what_was_wrong_and_what_it_saw(tmp_path: Path) -> None:
    (tmp_path / "problems-1.txt").write_text("b\na\n", "utf-8")
    (tmp_path / "problems-2.txt").write_text("a\n", "utf-8")
    assert problems(tmp_path) == ["a", "b"]
    checker = Checker()
    checker.value({"emailAddress": {"name": None, "address": "a@client.example"}}, "recipient", "x")
    lines = table(1, checker.seen)
    assert lines[0] == "1 answers checked"
    assert "  emailAddress: 1, 1 of 2 members, never a value: name" in lines


def test_answers_in_memory_say_what_they_are(tenant: GraphTenant) -> None:
    """The body that the tests look at is the one that is checked: JSON of a known content type."""
    response = tenant.ask(f"/v1.0/users/{ADA}/messages?$select=subject")
    assert response.headers["Content-Type"].startswith("application/json")
    assert set(content(response)) >= {"@odata.context", "value"}


def test_a_shape_is_remembered_and_nothing_else(message: dict[str, Any]) -> None:
    """What has been complete once is remembered by its shape: another shape, or another etag, is looked at anew."""
    url = f"/v1.0/users/{ADA}/messages/{message['id']}?$expand=attachments"
    checker = Checker()

    def problems_of(value: Any) -> list[str]:
        checker.problems.clear()
        check_answer(
            checker, Asked.of("GET", url), 200, {"Content-Type": "application/json"}, json.dumps(value).encode()
        )
        return list(checker.problems)

    assert problems_of(message) == []
    assert len(problems_of({name: part for name, part in message.items() if name != "subject"})) == 1
    assert len(problems_of({**message, "@odata.etag": 'W/"other"'})) == 1
    assert problems_of(message) == []
