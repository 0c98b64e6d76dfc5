"""What a status means for the run, a mailbox, a message: the whole table."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from responses import RequestsMock
from responses.matchers import header_matcher, query_param_matcher

from connector.errors import (
    ConnectorError,
    MailboxError,
    MailboxOutageError,
    MailboxUnavailableError,
    MessageError,
    MessageGoneError,
    ServiceError,
    SetupError,
    SignInError,
    UnreachableError,
)
from connector.graph.batch import MailboxRequest
from connector.graph.client import (
    AGAIN,
    BUSY,
    IMMUTABLE,
    NO_MAILBOX,
    GraphClient,
    mailbox_error,
    message_error,
    service_error,
)
from connector.graph.silence import ENOUGH
from connector.http.subrequest import SubResponse
from tests.unit.graph.conftest import URL

DATE = "Mon, 02 Mar 2026 12:00:00 GMT"
SERVED = datetime(2026, 3, 2, 12, tzinfo=UTC)
REFUSALS = [status for status in (*range(400, 432), 451, *range(500, 512)) if status != 401]


def error(code: str, message: str = "Why it is so.") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "1"}}}


def ask(user: str = "ada", path: str = "messages/1") -> MailboxRequest:
    return MailboxRequest(user=user, url=f"/users/{user}/{path}", prefer=IMMUTABLE)


# -- one mailbox ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(NO_MAILBOX))
def test_404_with_one_of_these_codes_is_no_mailbox(code: str) -> None:
    found = mailbox_error(404, {"code": code.upper()}, "ada")
    assert type(found) is MailboxUnavailableError
    assert found.where == "user ada"


@pytest.mark.parametrize("status", REFUSALS)
def test_every_other_status_concerns_the_mailbox_alone(status: int) -> None:
    found = mailbox_error(status, {"code": "SomeCode", "message": "Why it is so."}, "ada")
    assert isinstance(found, MailboxError)
    assert f"{status} SomeCode: Why it is so." in str(found)
    assert found.remedy
    kind = MailboxOutageError if status in BUSY else MailboxError
    assert type(found) is kind
    if kind is MailboxError:
        assert found.code == ("ACCESS_DENIED" if status == 403 else "REFUSED")


def test_a_mailbox_that_hides_itself_is_one_that_denies_access() -> None:
    found = mailbox_error(404, {"code": "ErrorItemNotFound"}, "ada")
    assert isinstance(found, MailboxError)
    assert found.code == "ACCESS_DENIED"
    assert "a person who has signed in needs full access to it" in found.remedy


def test_a_message_that_fails_names_the_request_for_microsoft_s_support() -> None:
    """From the body, or the header where it has none; nothing of it reaches a terminal as a control."""
    body = {"error": {"code": "X", "message": "Why.", "innerError": {"request-id": "ab-12\x1b[2J"}}}
    found = message_error(SubResponse(status=400, body=body))
    assert "request-id ab-12" in str(found)
    assert "\x1b" not in str(found)
    assert "request-id" not in str(message_error(SubResponse(status=400, body={"error": {"code": "X"}})))


def test_401_concerns_the_run() -> None:
    assert type(mailbox_error(401, {"code": "InvalidAuthenticationToken"}, "ada")) is SignInError


def test_a_gateway_without_code_is_told_by_its_status() -> None:
    assert "(503)" in str(mailbox_error(503, {}, "ada"))


@pytest.mark.parametrize("status", [*REFUSALS, 401])
def test_what_a_status_means_for_the_run(status: int) -> None:
    kind = {401: SignInError, 403: SetupError}.get(status, ServiceError)
    found = service_error(status, {"code": "SomeCode"})
    assert type(found) is kind
    assert f"{status} SomeCode" in str(found)
    assert found.remedy


@pytest.mark.parametrize("status", REFUSALS)
def test_what_a_status_means_for_one_message(status: int) -> None:
    found = message_error(SubResponse(status=status, body=error("SomeCode")))
    assert type(found) is (MessageGoneError if status == 404 else MessageError)
    if status != 404:
        assert found.code == f"GRAPH_{status}"
        assert found.transient is (status in BUSY)


@pytest.mark.parametrize("body", [{}, {"error": None}, {"error": "text"}])
def test_an_answer_without_error_object_is_an_error_all_the_same(body: dict[str, Any]) -> None:
    assert "500" in str(message_error(SubResponse(status=500, body=body)))


# -- one GET ----------------------------------------------------------------------------------------------------


def test_a_get_asks_for_immutable_ids_and_tells_when_it_was_served(client: GraphClient, wire: RequestsMock) -> None:
    matches = [header_matcher({"Prefer": 'IdType="ImmutableId"'}), query_param_matcher({"$top": "1"})]
    wire.get(f"{URL}/v1.0/users/ada/messages", json={"value": []}, headers={"Date": DATE}, match=matches)
    assert client.get("ada", "/v1.0/users/ada/messages", params={"$top": "1"}) == ({"value": []}, SERVED)
    assert client.calls == 1


def test_a_get_raises_what_the_table_says(client: GraphClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1.0/x", status=404, json=error("MailboxNotEnabledForRESTAPI"))
    with pytest.raises(MailboxUnavailableError):
        client.get("ada", "/v1.0/x")


def test_try_get_hands_the_refusal_back(client: GraphClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1.0/x", status=404, json=error("ErrorItemNotFound"))
    found = client.try_get("ada", "/v1.0/x")
    assert (found.status, found.body["error"]["code"]) == (404, "ErrorItemNotFound")


def test_a_refused_token_stops_the_run_whatever_was_asked(client: GraphClient, wire: RequestsMock) -> None:
    for method in (client.get, client.try_get):
        wire.get(f"{URL}/v1.0/x", status=401, json=error("InvalidAuthenticationToken"))
        with pytest.raises(SignInError):
            method("ada", "/v1.0/x")


def test_a_refusal_that_is_a_web_page_keeps_its_status(client: GraphClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1.0/x", status=403, body="<html>no</html>")
    with pytest.raises(MailboxError) as caught:
        client.get("ada", "/v1.0/x")
    assert caught.value.code == "ACCESS_DENIED"


@pytest.mark.parametrize("body", ["[]", ""])
def test_a_good_status_without_a_json_object_is_no_answer(client: GraphClient, wire: RequestsMock, body: str) -> None:
    wire.get(f"{URL}/v1.0/x", body=body)
    with pytest.raises(MailboxOutageError):  # of this mailbox: it must not stop the others
        client.get("ada", "/v1.0/x")


def test_places_are_free_again_after_a_failure(client: GraphClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1.0/x", status=400, json=error("BadRequest"))
    for _ in range(5):
        with pytest.raises(MailboxError):
            client.get("ada", "/v1.0/x")


# -- $batch ----------------------------------------------------------------------------------------------------


def batch_answer(*items: tuple[int, int, Any]) -> dict[str, Any]:
    return {"responses": [{"id": str(number), "status": status, "body": body} for number, status, body in items]}


def test_a_batch_is_answered_in_the_order_asked(client: GraphClient, wire: RequestsMock) -> None:
    body = batch_answer((2, 404, error("ErrorItemNotFound")), (1, 200, {"id": "1"}))
    wire.post(f"{URL}/v1.0/$batch", json=body, headers={"Date": DATE})
    answers, served = client.send_batch([ask("ada"), ask("bob")])
    assert [answer and answer.status for answer in answers] == [200, 404]
    assert served == SERVED
    sent = json.loads(wire.calls[0].request.body or "{}")
    assert [item["url"] for item in sent["requests"]] == ["/users/ada/messages/1", "/users/bob/messages/1"]


@pytest.mark.parametrize("status", sorted(AGAIN))
def test_what_says_nothing_has_to_be_asked_again(client: GraphClient, wire: RequestsMock, status: int) -> None:
    wire.post(f"{URL}/v1.0/$batch", json=batch_answer((1, 200, {"id": "1"}), (2, status, error("Busy"))))
    answers, _ = client.send_batch([ask("ada"), ask("bob")])
    assert [answer and answer.body for answer in answers] == [{"id": "1"}, None]


@pytest.mark.parametrize("status", [200, 400, 403, 404, 410])
def test_what_says_something_is_not_asked_again(client: GraphClient, wire: RequestsMock, status: int) -> None:
    wire.post(f"{URL}/v1.0/$batch", json=batch_answer((1, status, error("X"))))
    answers, _ = client.chain([ask()])
    assert [answer.status for answer in answers] == [status]
    assert client.calls == 1


def test_an_answer_that_is_missing_in_a_chain_is_asked_for_alone(client: GraphClient, wire: RequestsMock) -> None:
    wire.post(f"{URL}/v1.0/$batch", json=batch_answer((1, 200, {"id": "1"})))
    wire.get(f"{URL}/v1.0/users/ada/messages/2", status=404, json=error("ErrorItemNotFound"))
    answers, _ = client.chain([ask(), ask(path="messages/2")])
    assert [answer.status for answer in answers] == [200, 404]


@pytest.mark.parametrize("lost", ["late", "no object"])
def test_a_chain_that_is_lost_as_a_whole_is_asked_for_one_by_one(
    client: GraphClient, wire: RequestsMock, lost: str
) -> None:
    """One answer that does not come is no mailbox that cannot be read."""
    if lost == "late":
        wire.post(f"{URL}/v1.0/$batch", body=requests.ReadTimeout("late"))
    else:
        wire.post(f"{URL}/v1.0/$batch", json=["x"])
    for number in (1, 2):
        wire.get(f"{URL}/v1.0/users/ada/messages/{number}", json={"id": str(number)})
    answers, _ = client.chain([ask(), ask(path="messages/2")])
    assert [answer.body for answer in answers] == [{"id": "1"}, {"id": "2"}]
    assert client.calls == 3
    assert not client.silence.is_silent("ada")


def test_what_is_asked_again_and_stays_busy_keeps_its_status(client: GraphClient, wire: RequestsMock) -> None:
    wire.post(f"{URL}/v1.0/$batch", json=batch_answer((1, 429, error("TooManyRequests"))))
    wire.get(f"{URL}/v1.0/users/ada/messages/1", status=429, json=error("TooManyRequests"))
    [answer] = client.chain([ask()])[0]
    assert answer.status == 429
    assert message_error(answer).transient


@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_a_batch_that_fails_as_a_whole_stops_the_run(client: GraphClient, wire: RequestsMock, status: int) -> None:
    wire.post(f"{URL}/v1.0/$batch", status=status, json=error("X"))
    with pytest.raises(ServiceError):
        client.send_batch([ask()])


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_batch_over_which_the_server_stumbles_is_asked_for_one_by_one(
    client: GraphClient, wire: RequestsMock, status: int
) -> None:
    """One item may be bad; what asks for it alone is told of its own mailbox."""
    wire.post(f"{URL}/v1.0/$batch", status=status, json=error("InternalServerError"))
    answers, _ = client.send_batch([ask("ada"), ask("bob")])
    assert answers == [None, None]


def test_a_mailbox_that_answers_within_a_batch_is_not_silent(client: GraphClient, wire: RequestsMock) -> None:
    """Two lists that came late and a good answer between them are no mailbox that hangs; busy is no answer."""
    client.silence.answered()
    for status, silent in ((200, False), (404, False), (503, True)):
        user = f"ada{status}"
        for _ in range(ENOUGH - 1):
            client.silence.unanswered(user)
        wire.post(f"{URL}/v1.0/$batch", json=batch_answer((1, status, {"id": "1"})))
        client.send_batch([ask(user)])
        client.silence.unanswered(user)
        assert client.silence.is_silent(user) is silent


def test_a_chain_is_one_request(client: GraphClient, wire: RequestsMock) -> None:
    wire.post(f"{URL}/v1.0/$batch", json=batch_answer(*((number, 200, {"id": str(number)}) for number in range(1, 8))))
    answers, _ = client.chain([ask() for _ in range(7)])
    assert len([*answers]) == 7
    assert client.calls == 1


# -- streams ----------------------------------------------------------------------------------------------------


def test_a_stream_is_open_inside_and_closed_after(client: GraphClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1.0/x/$value", body=b"bytes", match=[header_matcher({"Accept-Encoding": "identity"})])
    for _ in range(5):
        with client.stream("ada", "/v1.0/x/$value", timeout=5) as answer:
            assert answer.raw.read() == b"bytes"
        assert answer.raw.closed


def test_a_stream_hands_refusals_over_but_not_a_refused_token(client: GraphClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1.0/gone", status=404, json=error("ErrorItemNotFound"))
    wire.get(f"{URL}/v1.0/token", status=401, json=error("InvalidAuthenticationToken"))
    with client.stream("ada", "/v1.0/gone", timeout=5) as answer:
        assert answer.status_code == 404
    with pytest.raises(SignInError), client.stream("ada", "/v1.0/token", timeout=5):
        pass


def test_no_answer_at_all_is_a_service_error(client: GraphClient, wire: RequestsMock) -> None:
    wire.get(f"{URL}/v1.0/x", body=requests.ConnectionError("reset"))
    with pytest.raises(UnreachableError) as caught:
        client.get("ada", "/v1.0/x")
    assert isinstance(caught.value, ConnectorError)


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_an_outage_and_no_fault_of_the_mailbox(status: int) -> None:
    """A login page of a network that every mailbox meets stops the run."""
    assert isinstance(mailbox_error(status, {}, "ada"), MailboxOutageError)
