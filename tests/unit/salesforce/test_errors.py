"""What the org's refusals mean."""

import json
import re
from itertools import count
from typing import Any

import pytest
import requests

from connector.errors import ConnectorError, OrgFaultError, ServiceError, SetupError, SignInError, UnreachableError
from connector.salesforce.client import CompositeRequest
from connector.salesforce.errors import BY_CODE, error_for, one_line
from tests.unit.salesforce.org import Org


def error_of(status: int, content: Any) -> ServiceError:
    return error_for(status, content, asked="the object X__c", where="firm.my.salesforce.com")


@pytest.mark.parametrize("code", BY_CODE)
def test_every_listed_code_has_its_class_and_a_remedy(code: str) -> None:
    error = error_of(400, [{"errorCode": code, "message": "the org's words"}])
    assert type(error) is BY_CODE[code].error
    assert error.code == code
    assert error.remedy
    assert error.where == "firm.my.salesforce.com"
    assert "the org's words" in error.what


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], SignInError),
        (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], ServiceError),
        (404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}], SetupError),
        (404, "<html>", SetupError),
        (410, [], SetupError),
        (400, [{"errorCode": "SOMETHING_NEW", "message": "x"}], ServiceError),
        (403, "<html>Forbidden</html>", ServiceError),
        (500, "<html>", UnreachableError),
        (502, b"", UnreachableError),
        (503, {}, UnreachableError),
        (429, None, UnreachableError),
        (507, [{"errorCode": "STORAGE_LIMIT_EXCEEDED", "message": "storage limit exceeded"}], OrgFaultError),
    ],
)
def test_statuses(status: int, content: Any, kind: type[ConnectorError]) -> None:
    error = error_of(status, content)
    assert type(error) is kind
    assert error.remedy


@pytest.mark.parametrize(
    ("code", "message", "names"),
    [
        (
            "INVALID_TYPE",
            "\nSELECT Id FROM Email__c\n               ^\nERROR at Row:1:Column:16\nsObject type 'Email__c' is not "
            "supported. If you are attempting to use a custom object, be sure to append the '__c'",
            "The object Email__c is not deployed",
        ),
        (
            "INVALID_FIELD",
            "\nSELECT Id, Nope__c FROM Email__c\n           ^\nERROR at Row:1:Column:12\nNo such column 'Nope__c' on "
            "entity 'Email__c'. If you are attempting to use a custom field, be sure to append the '__c'",
            "The field Email__c.Nope__c is not deployed",
        ),
        (
            "INVALID_TYPE",
            "Didn't understand relationship 'Participants__r' in FROM part of query call.",
            "The relationship Participants__r is not deployed",
        ),
        ("INVALID_TYPE", "sObject-Typ 'Email__c' wird nicht unterstützt.", "The object Email__c is not deployed"),
        (
            "INVALID_FIELD",
            "\nSELECT Nope__c FROM Email__c\n       ^\nFEHLER in Zeile:1:Spalte:8\nKeine 'Nope__c' in 'Email__c'.",
            "The field Email__c.Nope__c is not deployed",
        ),
    ],
)
def test_what_is_missing_is_named(code: str, message: str, names: str) -> None:
    error = error_of(400, [{"errorCode": code, "message": message}])
    assert names in error.what
    assert "Microsoft_365_Sync_Integration" in error.remedy


def test_a_message_is_one_line_without_the_query() -> None:
    assert one_line("\nSELECT x\n ^\nERROR at Row:1:Column:8\nNo such\ncolumn") == "No such column"
    assert one_line("\nSELECT x\n ^\nFEHLER in Zeile:1:Spalte:8\nKeine Spalte") == "Keine Spalte"


def test_an_error_answer_to_a_whole_call_is_raised(org: Org) -> None:
    org.disturbances = [(403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "API is not enabled"}])]
    with pytest.raises(SetupError, match="API is not enabled"):
        org.client.composite([CompositeRequest(url="limits", asked="the limits")])


def test_the_first_failed_sub_request_is_raised(org: Org) -> None:
    org.resources["limits"] = (400, [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}])
    with pytest.raises(SetupError, match="the limits"):
        org.client.composite(
            [CompositeRequest(url="sobjects/A/describe", asked="A"), CompositeRequest(url="limits", asked="the limits")]
        )


def test_answers_come_in_the_order_of_the_questions(org: Org) -> None:
    org.resources = {"b": (200, {"b": 1}), "a": (200, {"a": 1}), "c": (404, [])}
    asks = [
        CompositeRequest(url="a", asked="a"),
        CompositeRequest(url="b", asked="b"),
        CompositeRequest(url="c", asked="c", absent_ok=True),
    ]
    assert [answer.body for answer in org.client.composite(asks)] == [{"a": 1}, {"b": 1}, []]
    assert org.client.calls == 1
    assert org.client.now.isoformat() == "2026-11-22T10:00:00+00:00"


def test_half_an_answer_is_not_taken_for_a_whole_one(org: Org) -> None:
    org.disturbances = [(200, {"compositeResponse": []})]
    with pytest.raises(UnreachableError, match="a part of a request"):
        org.client.composite([CompositeRequest(url="limits", asked="the limits")])


def test_a_lost_answer_is_asked_for_again(org: Org) -> None:
    org.disturbances = [requests.ConnectionError("reset"), (503, "busy")]
    org.client.composite([CompositeRequest(url="limits", asked="the limits")])
    assert org.client.calls == 3
    assert org.client.sent_again
    org.client.composite([CompositeRequest(url="limits", asked="the limits")])
    assert not org.client.sent_again


def test_a_session_that_ended_is_renewed_once(org: Org) -> None:
    ended = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
    org.disturbances = [(401, ended)]
    org.client.composite([CompositeRequest(url="limits", asked="the limits")])
    org.disturbances = [(401, ended), (401, ended)]
    with pytest.raises(SignInError):
        org.client.composite([CompositeRequest(url="limits", asked="the limits")])


def test_pages_and_child_rows_are_read_to_their_end(org: Org) -> None:
    def page(*ids: str, more: str = "") -> dict[str, Any]:
        link = {"nextRecordsUrl": f"/services/data/v66.0/query/{more}"} if more else {}
        return {"totalSize": 9, "done": not more, "records": [{"Id": name} for name in ids], **link}

    first = page("1", "2", more="p2")
    first["records"][0]["Kids__r"] = page("k1", more="k2")
    first["records"][1]["Kids__r"] = None
    org.wire.get("https://firm.my.salesforce.com/services/data/v66.0/query/p2", json=page("3"))
    org.wire.get("https://firm.my.salesforce.com/services/data/v66.0/query/k2", json=page("k2"))
    records = list(org.client.records(first))
    assert [record["Id"] for record in records] == ["1", "2", "3"]
    assert [kid["Id"] for kid in records[0]["Kids__r"]] == ["k1", "k2"]
    assert records[1]["Kids__r"] is None


def test_pages_that_lead_round_are_a_failure_of_the_service(org: Org) -> None:
    page = {"done": False, "records": [{"Id": "1"}], "nextRecordsUrl": "/services/data/v66.0/query/p"}
    org.wire.get("https://firm.my.salesforce.com/services/data/v66.0/query/p", json=page)
    with pytest.raises(UnreachableError, match="do not end"):
        list(org.client.records(page))


def test_pages_that_lead_on_for_ever_are_too(org: Org) -> None:
    pages = count(1)

    def page(*_: object) -> tuple[int, dict[str, str], str]:
        link = f"/services/data/v66.0/query/p{next(pages)}"
        return 200, {}, json.dumps({"done": False, "records": [], "nextRecordsUrl": link})

    org.wire.add_callback(
        "GET", re.compile("https://firm.my.salesforce.com/services/data/v66.0/query/.*"), callback=page
    )
    first = {"done": False, "records": [], "nextRecordsUrl": "/services/data/v66.0/query/p0"}
    with pytest.raises(UnreachableError, match="do not end"):
        list(org.client.records(first, most_pages=20))
    assert next(pages) == 21
