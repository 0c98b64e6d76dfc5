"""How much work the org is: processor time of large requests, and many clients at once."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.salesforce_org import ROOT, Client, integration, new_org
from tests.support.sandbox_client import SandboxClient

pytestmark = pytest.mark.slow

BODY = ('<p>Dear Rita &amp; Ray, here\'s "the" plan.</p>' * 800)[:30_000]
THREADS = 16
ROUNDS = 6


def mail(number: int) -> dict[str, Any]:
    return {
        "attributes": {"type": "Email__c"},
        "Subject__c": f"Mail {number}",
        "Message_Key__c": f"{number:032x}",
        "Internet_Message_Id__c": f"<{number}@client.example>",
        "From_Address__c": "rita@client.example",
        "To__c": "ann@firm.example",
        "Sent_At__c": "2026-03-01T10:00:00Z",
        "Received_At__c": "2026-03-01T10:00:00Z",
        "Direction__c": "Inbound",
        "Match_Status__c": "Matched",
        "Body__c": BODY,
        "CreatedDate": "2026-03-01T10:00:00Z",
        "LastModifiedDate": "2026-03-01T10:00:00Z",
    }


def composite(*items: tuple[str, str, Any]) -> bytes:
    """A Composite request as the connector sends it."""
    subs = [
        {"method": method, "url": f"{ROOT}/{url}", "referenceId": f"r{place}", "body": body}
        for place, (method, url, body) in enumerate(items)
    ]
    return json.dumps({"allOrNone": False, "collateSubrequests": False, "compositeRequest": subs}).encode()


def processor_time(work: Callable[[], Any]) -> float:
    """Seconds of this process's processor time."""
    before = time.process_time()
    work()
    return time.process_time() - before


@pytest.fixture(scope="module")
def client() -> Client:
    """An org with a thousand mails of 30 KB."""
    client = integration(new_org())
    numbers = [range(start, start + 200) for start in range(0, 1000, 200)]
    body = composite(
        *(("POST", "composite/sobjects", {"records": [mail(number) for number in part]}) for part in numbers)
    )
    answers: list[Any] = []
    spent = processor_time(lambda: answers.append(client.send("POST", "composite", body)))
    assert answers[0].response.rows == 1000
    assert spent < 2, f"1,000 mails of 30 KB took {spent:.2f} s"
    return client


def test_a_thousand_mails_and_a_look_up_of_a_thousand_keys(client: Client) -> None:
    keys = ",".join(f"'{number:032x}'" for number in range(0, 2000, 2))
    soql = (
        f"SELECT Id, Message_Key__c, Internet_Message_Id__c, Sent_At__c FROM Email__c WHERE Message_Key__c IN ({keys})"
    )
    body = composite(("GET", f"query?q={soql}", None))
    answers: list[Any] = []
    spent = min(processor_time(lambda: answers.append(client.send("POST", "composite", body))) for _ in range(3))
    assert answers[0].body["compositeResponse"][0]["body"]["totalSize"] == 500
    assert spent < 0.1, f"a look-up of 1,000 keys took {spent * 1000:.0f} ms"


def test_a_look_up_does_not_read_the_whole_table(client: Client) -> None:
    """Ten keys among a thousand rows cost a fraction of what a thousand keys cost."""

    def look_up(count: int) -> float:
        keys = ",".join(f"'{number:032x}'" for number in range(count))
        body = composite(("GET", f"query?q=SELECT Id FROM Email__c WHERE Message_Key__c IN ({keys})", None))
        return min(processor_time(lambda: client.send("POST", "composite", body)) for _ in range(3))

    assert look_up(10) < look_up(1000) / 3


class Worker:
    """One thread's client of a served sandbox."""

    def __init__(self, served: SandboxClient, number: int) -> None:
        self._url = f"{served.url}{ROOT}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = served.ready["ca"]
        token = served.ready["salesforce"]["integration"]["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._number = number

    def send(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        answer = self._session.request(method, f"{self._url}/{path}", json=body, params=query, timeout=60)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def run(self) -> int:
        """Insert, change, upsert a row that all share, read and delete; the number of rows left."""
        left = 0
        for turn in range(ROUNDS):
            keys = [f"{self._number}-{turn}-{n}" for n in range(10)]
            records = [{"attributes": {"type": "Email__c"}, "Message_Key__c": key, "Subject__c": key} for key in keys]
            made = self.send("POST", "composite/sobjects", {"records": records})
            assert all(item["success"] for item in made)
            ids = [item["id"] for item in made]
            details = [
                {"attributes": {"type": "Email_Participant__c"}, "Participant_Key__c": key, "Email__c": email}
                for key, email in zip(keys, ids, strict=True)
            ]
            assert all(item["success"] for item in self.send("POST", "composite/sobjects", {"records": details}))
            self.send("PATCH", f"sobjects/Email__c/{ids[0]}", {"Subject__c": f"changed {keys[0]}"})
            self.send("PATCH", "sobjects/Email__c/Message_Key__c/shared", {"Subject__c": keys[0]})
            found = self.send("GET", "query", q=f"SELECT Id FROM Email__c WHERE Message_Key__c LIKE '{self._number}-%'")
            assert found["totalSize"] == left + 10
            self.send("DELETE", f"sobjects/Email__c/{ids[-1]}")
            left += 9
        self._session.close()
        return left


def test_sixteen_clients_at_once_neither_lose_nor_mix_rows(ready: dict[str, Any]) -> None:
    served = SandboxClient(ready)
    served.control("POST", "reset")
    workers = [Worker(served, number) for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        left = sum(pool.map(Worker.run, workers))
    check = Worker(served, 0)
    assert left == THREADS * ROUNDS * 9

    def total(soql: str, resource: str = "query") -> int:
        return int(check.send("GET", resource, q=soql)["totalSize"])

    assert total("SELECT COUNT() FROM Email__c") == left + 1
    assert total("SELECT COUNT() FROM Email__c WHERE Message_Key__c = 'shared'") == 1
    assert total("SELECT COUNT() FROM Email_Participant__c") == left
    assert total("SELECT COUNT() FROM Email__c WHERE Subject__c LIKE 'changed %'") == THREADS * ROUNDS
    assert total("SELECT COUNT() FROM Email__c", "queryAll") == THREADS * ROUNDS * 10 + 1
    rows = check.send("GET", "query", q="SELECT Participant_Key__c, Email__r.Message_Key__c FROM Email_Participant__c")
    assert all(row["Participant_Key__c"] == row["Email__r"]["Message_Key__c"] for row in rows["records"])
    served.close()
