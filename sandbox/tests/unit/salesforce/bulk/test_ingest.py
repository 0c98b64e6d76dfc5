"""Bulk API 2.0 ingest: the life of a job, what CSV means, and what is refused."""

import gzip
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from m365sandbox.salesforce.jobs.registry import Batch, Job, Jobs

from tests.support.bulk_jobs import CSV, INSERT, ingested, opened, refused, rows, text, told, uploaded, work_off
from tests.support.salesforce_org import NOW, Client, admin, new_org, new_user


@pytest.fixture
def client() -> Client:
    return admin(new_org())


def names(client: Client) -> list[str]:
    return [row["LastName"] for row in client.query("SELECT LastName FROM Contact ORDER BY LastName")]


# --- the life of a job


def test_a_job_is_made_fed_closed_and_worked_off(client: Client) -> None:
    made = client.send("POST", "jobs/ingest", INSERT)
    job = made.body["id"]
    assert made.body["state"] == "Open"
    assert made.body["contentUrl"] == f"services/data/v64.0/jobs/ingest/{job}/batches"
    assert (made.body["lineEnding"], made.body["columnDelimiter"]) == ("LF", "COMMA")
    put = client.send("PUT", f"jobs/ingest/{job}/batches", b"LastName,Email\nA,a@x.example\n,b@x.example\n", CSV)
    assert (put.status, put.response.body) == (201, b"")
    closed = client.send("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"})
    assert (closed.body["state"], "contentUrl" in closed.body) == ("UploadComplete", False)
    assert names(client) == []  # nothing is done before the answer has left
    work_off(client)
    done = told(client, job)
    assert (done["state"], done["jobType"]) == ("JobComplete", "V2Ingest")
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"], done["retries"]) == (2, 1, 0)
    [good] = rows(client, job, "successfulResults")
    assert good == {"sf__Id": good["sf__Id"], "sf__Created": "true", "LastName": "A", "Email": "a@x.example"}
    [bad] = rows(client, job, "failedResults")
    error = "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    assert bad == {"sf__Id": "", "sf__Error": error, "LastName": "", "Email": "b@x.example"}
    assert rows(client, job, "unprocessedrecords") == []


def test_a_job_goes_on_slice_by_slice_and_can_be_aborted(client: Client) -> None:
    lines = [f"N{number:03}" for number in range(450)]
    job = uploaded(client, "LastName\n" + "\n".join(lines))
    assert told(client, job)["state"] == "UploadComplete"
    client.org.work()
    assert (told(client, job)["state"], told(client, job)["numberRecordsProcessed"]) == ("InProgress", 200)
    early = client.send("GET", f"jobs/ingest/{job}/successfulResults")
    assert (early.status, early.code) == (400, "INVALIDJOBSTATE")
    assert client.send("PATCH", f"jobs/ingest/{job}", {"state": "Aborted"}).body["state"] == "Aborted"
    work_off(client)
    assert names(client) == lines[:200]
    assert [row["LastName"] for row in rows(client, job, "unprocessedrecords")] == lines[200:]
    assert len(rows(client, job, "successfulResults")) == 200


def test_states_that_do_not_follow_each_other(client: Client) -> None:
    done = ingested(client, "LastName\nA")["id"]
    again = client.send("PATCH", f"jobs/ingest/{done}", {"state": "Aborted"})
    assert again.message == "InvalidJobState : Aborting already Completed Job not allowed"
    for state in ("UploadComplete", "JobComplete", "Open"):
        assert client.send("PATCH", f"jobs/ingest/{done}", {"state": state}).status == 400
    assert client.send("PUT", f"jobs/ingest/{done}/batches", b"x", CSV).code == "INVALIDJOBSTATE"
    job = opened(client)
    assert client.send("DELETE", f"jobs/ingest/{job}").code == "INVALIDJOBSTATE"
    client.send("PUT", f"jobs/ingest/{job}/batches", b"LastName\nB", CSV)
    twice = client.send("PUT", f"jobs/ingest/{job}/batches", b"LastName\nB", CSV)
    assert (twice.status, twice.code) == (400, "BULK_API_ERROR")
    assert client.send("DELETE", f"jobs/ingest/{done}").status == 204
    assert client.send("GET", f"jobs/ingest/{done}").code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        ({"object": "Nope"}, "INVALIDJOB", "InvalidJob : Unable to find object: Nope"),
        ({"object": "TaskStatus"}, "INVALIDENTITY", "Entity 'TaskStatus' is not supported by the Bulk API."),
        ({"operation": "merge"}, "API_ERROR", "Invalid value: 'merge' supplied for property: 'operation'"),
        ({"contentType": "JSON"}, "API_ERROR", "Invalid value: 'JSON' supplied for property: 'contentType'"),
        ({"lineEnding": "CR"}, "API_ERROR", "Invalid value: 'CR' supplied for property: 'lineEnding'"),
        ({"columnDelimiter": ";"}, "API_ERROR", "Invalid value: ';' supplied for property: 'columnDelimiter'"),
        ({"operation": "upsert"}, "INVALIDJOB", "Field name provided,  does not match an External ID for Contact"),
        (
            {"operation": "upsert", "externalIdFieldName": "Phone"},
            "INVALIDJOB",
            "Field name provided, Phone does not match an External ID for Contact",
        ),
        ({"operation": "hardDelete"}, "FEATURENOTENABLED", "hardDelete operation requires special user profile"),
        ({"nonsense": 1}, "JSON_PARSER_ERROR", "Unrecognized field"),
        ({"operation": ["insert"]}, "API_ERROR", "supplied for property: 'operation'"),
        ({"operation": {}}, "API_ERROR", "supplied for property: 'operation'"),
        ({"lineEnding": ["LF"]}, "API_ERROR", "supplied for property: 'lineEnding'"),
        ({"columnDelimiter": {}}, "API_ERROR", "supplied for property: 'columnDelimiter'"),
    ],
)
def test_a_job_that_cannot_be(client: Client, members: dict[str, object], code: str, message: str) -> None:
    answer = client.send("POST", "jobs/ingest", {**INSERT, **members})
    assert (answer.status, answer.code) == (400, code)
    assert message in answer.message


def test_only_csv_is_taken_and_packed_csv_too(client: Client) -> None:
    job = opened(client)
    assert client.send("PUT", f"jobs/ingest/{job}/batches", b"[]", {"content-type": "application/json"}).status == 415
    packed = {**CSV, "content-encoding": "gzip"}
    assert client.send("PUT", f"jobs/ingest/{job}/batches", gzip.compress(b"LastName\nA\n"), packed).status == 201
    client.send("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"})
    work_off(client)
    assert names(client) == ["A"]


def test_a_job_and_its_data_in_one_request(client: Client) -> None:
    parts = (
        '--B\r\nContent-Disposition: form-data; name="job"\r\nContent-Type: application/json\r\n\r\n'
        f"{json.dumps(INSERT)}\r\n"
        '--B\r\nContent-Disposition: form-data; name="content"; filename="content"\r\nContent-Type: text/csv\r\n\r\n'
        "LastName\nA\n\r\n--B--\r\n"
    )
    answer = client.send("POST", "jobs/ingest", parts.encode(), {"content-type": "multipart/form-data; boundary=B"})
    assert answer.body["state"] == "UploadComplete"
    work_off(client)
    assert names(client) == ["A"]


def test_jobs_are_listed_to_who_made_them(client: Client) -> None:
    first, second = opened(client), opened(client)
    listed = client.send("GET", "jobs/ingest").body
    assert (listed["done"], [job["id"] for job in listed["records"]]) == (True, [second, first])
    _, other = new_user(client.org, "Other")
    assert other.send("GET", "jobs/ingest").body["records"] == []
    assert other.send("GET", f"jobs/ingest/{first}").code == "INVALIDUSER"


# --- operations


def test_every_operation_writes_by_the_same_rules(client: Client) -> None:
    ids = [client.made("Contact", LastName=name, Email=f"{name}@x.example", Title="t") for name in ("a", "b", "c")]
    ingested(client, f"Id,Title,Email\n{ids[0]},,#N/A\n", operation="update")
    assert client.row("Contact", ids[0], "Title,Email") == {"Title": "t", "Email": None}
    errors = refused(client, f"Id,Title\n,x\n001Hn0000000001IAA,x\n{ids[0]},y\n", operation="update")
    assert errors == [
        "MISSING_ARGUMENT:Id not specified in an update call:--",
        "MALFORMED_ID:Contact ID: id value of incorrect type: 001Hn0000000001IAA:Id --",
    ]
    done = ingested(client, f"Id\n{ids[1]}\n{ids[1][:15]}\n", operation="delete")
    assert done["numberRecordsProcessed"] == 2
    assert names(client) == ["a", "c"]
    job = ingested(client, f"Id,LastName\n{ids[0]},x\n", operation="delete")
    assert (job["state"], job["errorMessage"][:14]) == ("Failed", "InvalidBatch :")


def test_an_upsert_says_what_it_made(client: Client) -> None:
    data = "Message_Key__c,Subject__c\nk1,one\nk2,two\nk2,three\n,none\n"
    upsert = {"object": "Email__c", "operation": "upsert", "externalIdFieldName": "Message_Key__c"}
    job = ingested(client, data, **upsert)
    assert (job["numberRecordsFailed"], job["externalIdFieldName"]) == (3, "Message_Key__c")
    errors = [row["sf__Error"].partition(":")[0] for row in rows(client, job["id"], "failedResults")]
    assert errors == ["DUPLICATE_VALUE", "DUPLICATE_VALUE", "MISSING_ARGUMENT"]
    again = ingested(client, "Message_Key__c,Subject__c\nk1,uno\nk3,three\n", **upsert)
    assert [row["sf__Created"] for row in rows(client, again["id"], "successfulResults")] == ["false", "true"]


def test_a_hard_deletion_leaves_nothing_in_the_bin(client: Client) -> None:
    client.org.seed("PermissionSet", [{"Name": "Hard", "Label": "Hard", "PermissionsBulkApiHardDelete": True}])
    [held] = client.query("SELECT Id FROM PermissionSet WHERE Name = 'Hard'")
    client.org.seed(
        "PermissionSetAssignment", [{"AssigneeId": client.org.admin.user_id, "PermissionSetId": held["Id"]}]
    )
    gone, binned = client.made("Contact", LastName="gone"), client.made("Contact", LastName="binned")
    assert ingested(client, f"Id\n{gone}\n", operation="hardDelete")["numberRecordsFailed"] == 0
    ingested(client, f"Id\n{binned}\n", operation="delete")
    left = client.send("GET", "queryAll", q="SELECT Id FROM Contact").body["records"]
    assert [row["Id"] for row in left] == [binned]


def test_rights_are_those_of_the_caller(client: Client) -> None:
    _, user = new_user(client.org, "Plain")
    assert user.send("POST", "jobs/ingest", {**INSERT, "object": "Email__c"}).code == "INVALIDJOB"
    _, connector = new_user(client.org, "Sync", "Microsoft_365_Sync_Integration", "Microsoft_365_Sync_Audit_Fields")
    job = ingested(connector, "Message_Key__c,CreatedDate\nk,2020-01-01T00:00:00.000Z\n", object="Email__c")
    plain = ingested(user, "LastName,CreatedDate\nA,2020-01-01T00:00:00.000Z\n")
    assert job["state"] == plain["state"] == "JobComplete"
    [row] = rows(user, plain["id"], "failedResults")
    assert row["sf__Error"].startswith("INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: CreatedDate.")


# --- CSV


def test_values_in_every_spelling(client: Client) -> None:
    data = (
        "LastName,FirstName,HasOptedOutOfEmail,Birthdate,Description,Owner.Username\n"
        f'"Quo""ted, Jr.",#N/A,YES,2000-01-02,"two\nlines",{client.org.admin.username}\n'
        " Spaced ,,0,,,\n"
    )
    assert ingested(client, data)["numberRecordsFailed"] == 0
    soql = "SELECT LastName, FirstName, HasOptedOutOfEmail, Birthdate, Description FROM Contact ORDER BY LastName"
    assert client.query(soql) == [
        {
            "LastName": 'Quo"ted, Jr.',
            "FirstName": None,
            "HasOptedOutOfEmail": True,
            "Birthdate": "2000-01-02",
            "Description": "two\nlines",
        },
        {
            "LastName": "Spaced",
            "FirstName": None,
            "HasOptedOutOfEmail": False,
            "Birthdate": None,
            "Description": None,
        },
    ]


def test_wrong_values_are_told_as_text(client: Client) -> None:
    errors = refused(client, "LastName,Birthdate,HasOptedOutOfEmail\nA,soon,\nB,,perhaps\n")
    assert errors == [
        "INVALID_TYPE_ON_FIELD_IN_RECORD:Birthdate: value not of required type: soon:Birthdate --",
        "INVALID_TYPE_ON_FIELD_IN_RECORD:Email Opt Out: value not of required type: perhaps:HasOptedOutOfEmail --",
    ]


@pytest.mark.parametrize(
    ("name", "mark"), [("SEMICOLON", ";"), ("TAB", "\t"), ("PIPE", "|"), ("CARET", "^"), ("BACKQUOTE", "`")]
)
def test_delimiters_hold_for_data_and_results(client: Client, name: str, mark: str) -> None:
    job = ingested(client, f"LastName{mark}FirstName\r\nA{mark}a,b\r\n", columnDelimiter=name, lineEnding="CRLF")
    assert job["state"] == "JobComplete", job
    results = text(client.send("GET", f"jobs/ingest/{job['id']}/successfulResults"))
    assert results.startswith(mark.join(('"sf__Id"', '"sf__Created"', '"LastName"', '"FirstName"')) + "\r\n")
    assert client.query("SELECT FirstName FROM Contact") == [{"FirstName": "a,b"}]


def test_relationships_are_named_in_the_header(client: Client) -> None:
    email = client.made("Email__c", Message_Key__c="k")
    participant = {"object": "Email_Participant__c"}
    data = "Email__r.Message_Key__c,Address__c,Participant_Key__c\nk,a@x.example,p1\nnone,b@x.example,p2\n"
    [error] = refused(client, data, **participant)
    wanted = "INVALID_FIELD:Foreign key external ID: none not found for field Message_Key__c in entity Email__c:--"
    assert error == wanted
    assert client.query("SELECT Email__c FROM Email_Participant__c") == [{"Email__c": email}]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"LastName,Nope\nA,x\n", "InvalidBatch : Field name not found : Nope"),
        (b"LastName,Account.Nope\nA,x\n", "InvalidBatch : Field name not found : Account.Nope"),
        (b"LastName;Email\nA;x\n", "InvalidBatch : Field name not found : LastName;Email"),
        (b"\xef\xbb\xbfLastName\nA\n", "InvalidBatch : Field name not found : \ufeffLastName"),
        (b'\xef\xbb\xbf"LastName"\nA\n', "Found unescaped quote. A value with quote should be within a quote"),
        (b'LastName,Email\nA, "b@x.example"\n', "Found unescaped quote. A value with quote should be within a quote"),
        (b'LastName,Email\n"A" ,b@x.example\n', "Not expecting more text after end quote"),
        (b'LastName\n"A\n', "EOF reached before closing an opened quote"),
        (
            b"LastName\r\nA\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        (b'LastName\n"A\r\nB"\n', "ClientInputError : LineEnding is invalid on user data."),
        (b"LastName\nA,B\n", "InvalidBatch : Failed to parse CSV."),
        (b"LastName\n\xff\n", "InvalidBatch : Failed to parse CSV. The data is not in UTF-8"),
        (b"LastName\n" + b"A" * 400_001 + b"\n", "Exceeded max length for one record: 400001."),
        (b"LastName,LastName\nA,B\n", "InvalidBatch : Duplicate field name"),
        (b"", "InvalidBatch : Records not found"),
    ],
)
def test_data_that_cannot_be_read_fails_the_job(client: Client, data: bytes, message: str) -> None:
    job = ingested(client, data)
    assert job["state"] == "Failed"
    assert message in job["errorMessage"]
    assert names(client) == []
    assert (
        text(client.send("GET", f"jobs/ingest/{job['id']}/unprocessedrecords")).encode(errors="surrogateescape") == data
    )


def test_what_was_written_before_a_failure_stays(client: Client) -> None:
    job = ingested(client, "LastName\n" + "A\n" * 200 + '"B\n')
    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", 200)
    assert len(names(client)) == 200
    assert text(client.send("GET", f"jobs/ingest/{job['id']}/unprocessedrecords")) == 'LastName\n"B\n'


# --- memory


def test_memory_does_not_grow_with_the_rows(client: Client) -> None:
    def peak(count: int) -> int:
        job = uploaded(client, b"LastName,Description\n" + b"A,%s\n" % (b"x" * 500) * count)
        tracemalloc.start()
        work_off(client)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert told(client, job)["numberRecordsProcessed"] == count
        return used

    peak(400)
    assert peak(4_000) < 1.5 * peak(1_000)


def test_a_fault_of_the_sandbox_is_no_complete_job() -> None:
    jobs = Jobs(lambda: NOW)
    job = jobs.add(kind="V2Ingest", user_id="", version="64.0", operation="insert", object="Contact")
    batch = jobs.add_batch(job)

    def broken(_job: Job, _batch: Batch) -> Iterator[None]:
        yield
        raise RuntimeError("a fault")

    jobs.queue(job, batch, broken)
    jobs.work()
    with pytest.raises(RuntimeError):
        jobs.work()
    assert (batch.state, jobs.work()) == ("Failed", False)
    assert batch.message.startswith("InternalServerError")


def test_a_job_within_a_form_that_is_nested_for_ever_is_refused(client: Client) -> None:
    nested = (
        b'--B\r\nContent-Disposition: form-data; name="job"\r\nContent-Type: application/json\r\n\r\n'
        + b"[" * 100_000
        + b'\r\n--B\r\nContent-Disposition: form-data; name="content"; filename="content"\r\n'
        + b"Content-Type: text/csv\r\n\r\nLastName\nA\n\r\n--B--\r\n"
    )
    answer = client.send("POST", "jobs/ingest", nested, {"content-type": "multipart/form-data; boundary=B"})
    assert (answer.status, answer.code) == (400, "JSON_PARSER_ERROR")
