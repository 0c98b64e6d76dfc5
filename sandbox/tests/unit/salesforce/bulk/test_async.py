"""Bulk API 1: jobs and batches in CSV, XML and JSON."""

import gzip
import json
from xml.etree import ElementTree as ET

import pytest

from tests.support.bulk_jobs import DATALOAD, async_job, async_send, batch, content, job_info, work_off, xml
from tests.support.salesforce_org import Client, admin, new_org, new_user


@pytest.fixture
def client() -> Client:
    return admin(new_org())


def state(client: Client, path: str) -> dict[str, str]:
    work_off(client)
    return xml(async_send(client, "GET", path))


def refusal(client: Client, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, str]:
    answer = async_send(client, method, path, body, **headers)
    found = xml(answer)
    return answer.status, found["exceptionCode"], found["exceptionMessage"]


def test_a_job_of_csv_lives_from_open_to_closed(client: Client) -> None:
    made = async_send(client, "POST", "job", job_info("insert", more="<concurrencyMode>Serial</concurrencyMode>"))
    assert (made.status, made.headers["Content-Type"]) == (201, "application/xml")
    job = xml(made)
    assert (job["state"], job["concurrencyMode"], job["apiVersion"]) == ("Open", "Serial", "64.0")
    path = batch(client, job["id"], b"LastName,Email\nA,a@x.example\n,b@x.example\n")
    assert xml(async_send(client, "GET", path))["state"] == "Queued"
    done = state(client, path)
    assert (done["state"], done["numberRecordsProcessed"], done["numberRecordsFailed"]) == ("Completed", "2", "1")
    head, good, bad = content(async_send(client, "GET", f"{path}/result")).decode().splitlines()
    assert head == '"Id","Success","Created","Error"'
    assert good.endswith('","true","true",""')
    assert bad == '"","false","false","REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"'
    closed = async_send(
        client,
        "POST",
        f"job/{job['id']}",
        f'<jobInfo xmlns="{DATALOAD[1:-1]}"><state>Closed</state></jobInfo>'.encode(),
    )
    found = xml(closed)
    assert (found["state"], found["numberBatchesCompleted"], found["numberRecordsFailed"]) == ("Closed", "1", "1")
    assert (
        refusal(client, "POST", f"job/{job['id']}/batch", b"LastName\nB", **{"content-type": "text/csv"})[1]
        == "InvalidJobState"
    )
    sent = content(async_send(client, "GET", f"{path}/request"))
    assert sent == b"LastName,Email\nA,a@x.example\n,b@x.example\n"


def test_rows_of_xml(client: Client) -> None:
    contact = client.made("Contact", LastName="Old", Email="old@x.example")
    job = async_job(client, "update", "XML")
    data = (
        f'<sObjects xmlns="{DATALOAD[1:-1]}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<sObject><Id>{contact}</Id><LastName>New</LastName><Email xsi:nil="true"/></sObject>'
        "<sObject><LastName>None</LastName></sObject></sObjects>"
    )
    path = batch(client, job, data.encode(), "application/xml")
    work_off(client)
    root = ET.fromstring(content(async_send(client, "GET", f"{path}/result")))  # noqa: S314 - our own answer
    told = [[(item.tag.removeprefix(DATALOAD), item.text) for item in result] for result in root]
    assert told[0] == [("id", contact), ("success", "true"), ("created", "false")]
    assert told[1][0][0] == "errors"
    assert client.row("Contact", contact, "LastName,Email") == {"LastName": "New", "Email": None}


def test_rows_and_answers_of_json(client: Client) -> None:
    body = json.dumps({"operation": "insert", "object": "Contact", "contentType": "JSON", "concurrencyMode": 1})
    made = json.loads(content(async_send(client, "POST", "job", body.encode(), "application/json")))
    assert (made["state"], made["concurrencyMode"], made["apiVersion"]) == ("Open", "Serial", 64.0)
    rows = json.dumps([{"LastName": "A", "HasOptedOutOfEmail": True}, {"FirstName": "x"}]).encode()
    added = json.loads(content(async_send(client, "POST", f"job/{made['id']}/batch", rows, "application/json")))
    assert (added["state"], added["jobId"]) == ("Queued", made["id"])
    work_off(client)
    path = f"job/{made['id']}/batch/{added['id']}/result"
    good, bad = json.loads(content(async_send(client, "GET", path, kind="application/json")))
    assert (good["success"], good["created"], good["errors"]) == (True, True, [])
    assert (bad["id"], bad["errors"][0]["statusCode"]) == (None, "REQUIRED_FIELD_MISSING")


@pytest.mark.parametrize("kind", ["CSV", "XML", "JSON"])
def test_a_query_has_a_list_of_results(client: Client, kind: str) -> None:
    client.made("Contact", LastName="A & B")
    job = async_job(client, "query", kind)
    media = {"CSV": "text/csv", "XML": "application/xml", "JSON": "application/json"}[kind]
    added = async_send(client, "POST", f"job/{job}/batch", b"SELECT LastName, Email, CreatedDate FROM Contact", media)
    found = json.loads(content(added)) if kind == "JSON" else xml(added)
    path = f"job/{job}/batch/{found['id']}/result"
    work_off(client)
    listed = content(async_send(client, "GET", path))
    result = json.loads(listed)[0] if kind == "JSON" else ET.fromstring(listed)[0].text  # noqa: S314 - our own answer
    answer = content(async_send(client, "GET", f"{path}/{result}")).decode()
    if kind == "CSV":
        assert answer.splitlines()[0] == '"LastName","Email","CreatedDate"'
        assert answer.splitlines()[1].startswith('"A & B","","2026-03-10T12:00:')
    elif kind == "XML":
        assert (
            '<records xsi:type="sObject"><type>Contact</type><LastName>A &amp; B</LastName><Email xsi:nil="true"/>'
            in answer
        )
    else:
        [record] = json.loads(answer)
        assert (record["LastName"], record["Email"]) == ("A & B", None)
        assert isinstance(record["CreatedDate"], int)


def test_a_query_that_cannot_be_is_a_failed_batch(client: Client) -> None:
    job = async_job(client, "query")
    for soql, words in (
        (b"SELECT MailingAddress FROM Contact", "FUNCTIONALITY_NOT_ENABLED: Selecting compound data not supported"),
        (b"SELECT Nope FROM Contact", "INVALID_FIELD: "),
        (b"SELECT Id FROM Account", "the job about Contact"),
    ):
        failed = state(client, batch(client, job, soql))
        assert failed["state"] == "Failed"
        assert failed["stateMessage"].startswith("InvalidBatch : Failed to process query: ")
        assert words in failed["stateMessage"]


def test_packed_requests_and_answers(client: Client) -> None:
    job = async_job(client, "insert")
    lines = "LastName\n" + "".join(f"N{number}\n" for number in range(100))
    path = batch(client, job, gzip.compress(lines.encode()), **{"content-encoding": "gzip"})
    assert state(client, path)["numberRecordsProcessed"] == "100"
    answer = async_send(client, "GET", f"{path}/result", **{"accept-encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(content(answer)).splitlines()) == 101


def test_an_aborted_job_leaves_its_batches_alone(client: Client) -> None:
    job = async_job(client, "insert")
    path = batch(client, job, b"LastName\nA\n")
    aborted = f'<jobInfo xmlns="{DATALOAD[1:-1]}"><state>Aborted</state></jobInfo>'.encode()
    assert xml(async_send(client, "POST", f"job/{job}", aborted))["state"] == "Aborted"
    assert state(client, path)["state"] == "NotProcessed"
    assert client.query("SELECT Id FROM Contact") == []
    text = "Aborting already Aborted Job not allowed"
    assert refusal(client, "POST", f"job/{job}", aborted) == (400, "InvalidJobState", text)


def test_limits_of_a_batch(client: Client) -> None:
    job = async_job(client, "insert")
    failed = state(client, batch(client, job, b"LastName\n" + b"A\n" * 10_001))
    words = "Exceeded number of records : 10002. Number of records should be less than or equal to 10001"
    assert failed["stateMessage"] == f"InvalidBatch : Failed to parse CSV. {words}"
    assert client.query("SELECT Id FROM Contact") == []
    large = refusal(client, "POST", f"job/{job}/batch", b"x" * 10_000_001, **{"content-type": "text/csv"})
    assert large == (400, "ClientInputError", "Failed to read request. Exceeded max size limit of 10000000")


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (job_info("insert", object_name="Nope"), "InvalidJob", "Unable to find object: Nope"),
        (job_info("merge"), "InvalidJob", "Invalid operation: merge"),
        (job_info("insert", "ZIP_CSV"), "InvalidJob", "The content type ZIP_CSV is not available here"),
        (job_info("upsert"), "InvalidJob", "Field name provided,  does not match an External ID for Contact"),
        (
            job_info("insert", more="<concurrencyMode>Fast</concurrencyMode>"),
            "InvalidJob",
            "Invalid concurrencyMode: Fast",
        ),
        (job_info("insert", more="<nonsense/>"), "InvalidJob", "Unrecognized field: nonsense"),
        (b"<jobInfo", "InvalidXML", ""),
        *(
            (
                "<!DOCTYPE x [<!ENTITY e 'merge'>]><jobInfo><operation>&e;</operation></jobInfo>".encode(form),
                "InvalidXML",
                "DOCTYPE is not allowed",
            )
            for form in ("utf-8", "utf-16", "utf-16-le", "utf-16-be")
        ),
    ],
)
def test_a_job_that_cannot_be(client: Client, body: bytes, code: str, message: str) -> None:
    status, told, words = refusal(client, "POST", "job", body)
    assert (status, told) == (400, code)
    assert message in words


def test_who_asks_and_for_what(client: Client) -> None:
    job = async_job(client, "insert")
    for token, words in (("", "Unable to find session id"), ("nonsense", "Invalid session id")):
        assert refusal(client, "GET", f"job/{job}", **{"x-sfdc-session": token}) == (400, "InvalidSessionId", words)
    _, other = new_user(client.org, "Other")
    assert refusal(other, "GET", f"job/{job}")[1] == "InvalidUser"
    assert refusal(client, "GET", "job/7500000000000AA")[1] == "InvalidJob"
    assert refusal(client, "GET", f"job/{job}/batch/7510000000000AA")[1] == "InvalidBatch"
    assert refusal(client, "GET", f"job/{job}/nonsense")[:2] == (404, "InvalidUrl")
    assert refusal(client, "DELETE", f"job/{job}")[:2] == (405, "MethodNotAllowed")
    chunked = {"sforce-enable-pkchunking": "TRUE"}
    assert refusal(client, "POST", "job", job_info("query"), **chunked)[1] == "FeatureNotEnabled"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("operation", []),
        ("operation", {}),
        ("contentType", ["CSV"]),
        ("contentType", {"a": 1}),
        ("concurrencyMode", True),
        ("concurrencyMode", False),
        ("concurrencyMode", []),
    ],
)
def test_a_member_of_json_that_is_no_text_is_refused(client: Client, member: str, value: object) -> None:
    body = {"operation": "insert", "object": "Contact", "contentType": "CSV", member: value}
    answer = async_send(client, "POST", "job", json.dumps(body).encode(), **{"content-type": "application/json"})
    assert (answer.status, json.loads(content(answer))["exceptionCode"]) == (400, "InvalidJob")


def test_json_that_is_nested_for_ever_is_refused(client: Client) -> None:
    nested = b"[" * 100_000
    answer = async_send(client, "POST", "job", nested, **{"content-type": "application/json"})
    assert (answer.status, json.loads(content(answer))["exceptionCode"]) == (400, "ClientInputError")
    job = async_job(client, "insert", "JSON")
    assert async_send(client, "POST", f"job/{job}/batch", nested, "application/json").status == 201
    work_off(client)
    assert "Failed to parse JSON" in content(async_send(client, "GET", f"job/{job}/batch")).decode()
