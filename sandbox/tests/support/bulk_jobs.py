"""Jobs of the Bulk APIs for tests: each is made, fed and worked off here."""

import csv
import io
from typing import Any
from xml.etree import ElementTree as ET

from m365sandbox.wire import Request, Response

from tests.support.salesforce_org import BASE_URL, Answered, Client

CSV = {"content-type": "text/csv"}
DATALOAD = "{http://www.force.com/2009/06/asyncapi/dataload}"
INSERT = {"object": "Contact", "operation": "insert"}


def work_off(client: Client) -> None:
    """Do all that jobs wait for."""
    while client.org.work():
        pass


def opened(client: Client, **members: Any) -> str:
    """The id of a new ingest job."""
    answer = client.send("POST", "jobs/ingest", {**INSERT, **members})
    assert answer.status == 200, answer.body
    return str(answer.body["id"])


def uploaded(client: Client, data: str | bytes, **members: Any) -> str:
    """The id of a job with its data complete, and nothing of it processed."""
    job = opened(client, **members)
    content = data.encode() if isinstance(data, str) else data
    assert client.send("PUT", f"jobs/ingest/{job}/batches", content, CSV).status == 201
    assert client.send("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"}).status == 200
    return job


def ingested(client: Client, data: str | bytes, **members: Any) -> dict[str, Any]:
    """What a job says of itself once it was worked off."""
    job = uploaded(client, data, **members)
    work_off(client)
    return told(client, job)


def told(client: Client, job: str, kind: str = "ingest") -> dict[str, Any]:
    """GET of a job."""
    answer = client.send("GET", f"jobs/{kind}/{job}")
    assert answer.status == 200, answer.body
    return dict(answer.body)


def text(answer: Answered) -> str:
    """The body of an answer in CSV."""
    assert answer.status == 200, answer.body
    body = answer.response.body
    return (body if isinstance(body, bytes) else b"".join(body)).decode(errors="surrogateescape")


def rows(client: Client, job: str, which: str) -> list[dict[str, str]]:
    """Results of an ingest job."""
    return list(csv.DictReader(io.StringIO(text(client.send("GET", f"jobs/ingest/{job}/{which}")))))


def refused(client: Client, data: str | bytes, **members: Any) -> list[str]:
    """The error of each row that a job refused."""
    return [row["sf__Error"] for row in rows(client, ingested(client, data, **members)["id"], "failedResults")]


# --- Bulk API 1


def async_send(
    client: Client, method: str, path: str, body: bytes = b"", kind: str = "application/xml", **headers: str
) -> Response:
    """One request below /services/async/64.0."""
    whole = f"/services/async/64.0/{path}"
    sent = {"x-sfdc-session": client.token, "content-type": kind, **headers}
    return client.org.handle(Request(method, whole, whole, (), sent, body, BASE_URL))


def content(response: Response) -> bytes:
    """The body of an answer."""
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


def xml(response: Response) -> dict[str, str]:
    """The members of an answer in XML."""
    root = ET.fromstring(content(response))  # noqa: S314 - our own answer
    return {item.tag.removeprefix(DATALOAD): item.text or "" for item in root}


def async_job(client: Client, operation: str, kind: str = "CSV", more: str = "", object_name: str = "Contact") -> str:
    """The id of a new job of Bulk API 1."""
    answer = async_send(client, "POST", "job", job_info(operation, kind, more, object_name))
    assert answer.status == 201, answer.body
    return xml(answer)["id"]


def job_info(operation: str, kind: str = "CSV", more: str = "", object_name: str = "Contact") -> bytes:
    """A job as it is asked for."""
    return (
        f'<jobInfo xmlns="{DATALOAD[1:-1]}"><operation>{operation}</operation><object>{object_name}</object>{more}'
        f"<contentType>{kind}</contentType></jobInfo>"
    ).encode()


def batch(client: Client, job: str, data: bytes, kind: str = "text/csv", **headers: str) -> str:
    """The path of a batch that was added."""
    answer = async_send(client, "POST", f"job/{job}/batch", data, kind, **headers)
    assert answer.status == 201, answer.body
    return f"job/{job}/batch/{xml(answer)['id']}"
