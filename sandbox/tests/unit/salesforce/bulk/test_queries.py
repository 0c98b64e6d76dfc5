"""Bulk API 2.0 query jobs: their life, their pages, and what they refuse."""

import pytest

from tests.support.bulk_jobs import text, told, work_off
from tests.support.salesforce_org import Answered, Client, admin, new_org


@pytest.fixture
def client() -> Client:
    return admin(new_org())


def asked(client: Client, soql: str, operation: str = "query", **members: str) -> str:
    answer = client.send("POST", "jobs/query", {"operation": operation, "query": soql, **members})
    assert (answer.status, answer.body["state"]) == (200, "UploadComplete")
    return str(answer.body["id"])


def results(client: Client, job: str, **query: str) -> Answered:
    return client.send("GET", f"jobs/query/{job}/results", **query)


def test_a_result_comes_page_by_page(client: Client) -> None:
    client.org.seed("Contact", [{"LastName": f"N{number}"} for number in range(5)])
    job = asked(client, "SELECT LastName FROM Contact ORDER BY LastName")
    assert results(client, job).code == "INVALIDJOBSTATE"
    work_off(client)
    done = told(client, job, "query")
    assert (done["state"], done["jobType"], done["numberRecordsProcessed"]) == ("JobComplete", "V2Query", 5)
    found, locator = [], ""
    while locator != "null":
        page = results(client, job, maxRecords="2", **({"locator": locator} if locator else {}))
        head, *lines = text(page).splitlines()
        assert (head, len(lines)) == ('"LastName"', int(page.headers["Sforce-NumberOfRecords"]))
        found += lines
        locator = page.headers["Sforce-Locator"]
    assert found == [f'"N{number}"' for number in range(5)]
    assert results(client, job, locator="nonsense").code == "INVALID_QUERY_LOCATOR"
    assert results(client, job, maxRecords="0").code == "API_ERROR"


def test_values_are_written_as_csv_has_them(client: Client) -> None:
    client.made(
        "Contact", LastName='Quo"ted', HasOptedOutOfEmail=True, Description="two\nlines 2026-01-01T00:00:00.000+0000"
    )
    soql = "SELECT LastName, HasOptedOutOfEmail, Description, Email, Owner.Name, CreatedDate FROM Contact"
    job = asked(client, soql, columnDelimiter="SEMICOLON", lineEnding="CRLF")
    work_off(client)
    head, row = text(results(client, job)).split("\r\n")[:2]
    assert head == '"LastName";"HasOptedOutOfEmail";"Description";"Email";"Owner.Name";"CreatedDate"'
    assert row.startswith(
        '"Quo""ted";"true";"two\nlines 2026-01-01T00:00:00.000+0000";"";"System Administrator";"2026-'
    )
    assert row.endswith('.000Z"')


def test_nothing_found_is_a_header(client: Client) -> None:
    job = asked(client, "SELECT Id, LastName FROM Contact")
    work_off(client)
    page = results(client, job)
    assert (text(page), page.headers["Sforce-Locator"]) == ('"Id","LastName"\n', "null")


def test_query_all_reads_the_recycle_bin(client: Client) -> None:
    client.send("DELETE", f"sobjects/Contact/{client.made('Contact', LastName='gone')}")
    for operation, lines in (("query", 1), ("queryAll", 2)):
        job = asked(client, "SELECT LastName FROM Contact", operation)
        work_off(client)
        assert len(text(results(client, job)).splitlines()) == lines


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT COUNT() FROM Contact", "API_ERROR", "Aggregate Relationships not supported in Bulk Query"),
        ("SELECT COUNT(Id) FROM Contact", "API_ERROR", "Aggregate Relationships not supported in Bulk Query"),
        ("SELECT LastName FROM Contact GROUP BY LastName", "API_ERROR", "Aggregate"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR", "Aggregate"),
        ("SELECT MailingAddress FROM Contact", "API_ERROR", "Selecting compound data not supported in Bulk Query"),
        ("SELECT Id FROM Contact LIMIT 1 OFFSET 1", "API_ERROR", "OFFSET"),
        ("SELECT TYPEOF What WHEN Account THEN Name END FROM Task", "API_ERROR", "TYPEOF"),
        ("SELECT Nope FROM Contact", "INVALID_FIELD", "No such column 'Nope'"),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported"),
        ("SELECT Id", "MALFORMED_QUERY", ""),
        ("", "API_ERROR", "Invalid value: '' supplied for property: 'query'"),
    ],
)
def test_what_bulk_cannot_query_is_refused_at_once(client: Client, soql: str, code: str, message: str) -> None:
    answer = client.send("POST", "jobs/query", {"operation": "query", "query": soql})
    assert (answer.status, answer.code) == (400, code)
    assert message in answer.message


def test_a_job_is_aborted_or_deleted(client: Client) -> None:
    job = asked(client, "SELECT Id FROM Contact")
    assert client.send("DELETE", f"jobs/query/{job}").code == "INVALIDJOBSTATE"
    assert client.send("PATCH", f"jobs/query/{job}", {"state": "Aborted"}).body["state"] == "Aborted"
    work_off(client)
    assert results(client, job).code == "INVALIDJOBSTATE"
    assert client.send("DELETE", f"jobs/query/{job}").status == 204
    assert client.send("GET", f"jobs/query/{job}").status == 404
    assert client.send("GET", "jobs/ingest/" + asked(client, "SELECT Id FROM Contact")).status == 404


@pytest.mark.parametrize("operation", [[], {}, ["query"], None, 1])
def test_an_operation_that_is_no_text_is_refused(client: Client, operation: object) -> None:
    answer = client.send("POST", "jobs/query", {"operation": operation, "query": "SELECT Id FROM Contact"})
    assert (answer.status, answer.code) == (400, "API_ERROR")
