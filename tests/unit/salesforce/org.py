"""An org of one endpoint for unit tests: answers Composite requests over `responses`, each row as the test decides."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from responses import RequestsMock

from connector.http.transport import Transport
from connector.salesforce.auth import ClientCredentials, SalesforceToken
from connector.salesforce.client import SalesforceClient
from connector.salesforce.wire import Names

URL = "https://firm.my.salesforce.com"
ORG, USER = "00D000000000001AAA", "005000000000001AAA"
DATE = "Sun, 22 Nov 2026 10:00:00 GMT"
ROOT = f"{URL}/services/data/v66.0"

Result = Mapping[str, Any]
#: Decides about one record of a Collection; None: it is taken.
RowRule = Callable[[str, Mapping[str, Any]], Result | None]


def refusal(code: str, message: str, *fields: str) -> Result:
    """A row's error in a Collection."""
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": list(fields)}]}


class Org:
    """Keeps what was sent; rows are taken once per key, as by a unique external id."""

    def __init__(self, wire: RequestsMock, *, namespace: str = "") -> None:
        self.wire = wire
        self.requests: list[list[dict[str, Any]]] = []
        self.raw: list[dict[str, Any]] = []
        self.taken: dict[str, str] = {}
        self.rule: RowRule = lambda _object, _record: None
        #: Answers whole sub-requests by the start of their path below the version: status and body.
        self.resources: dict[str, tuple[int, Any]] = {}
        #: Raised or answered instead of the next Composites, one each.
        self.disturbances: list[Exception | tuple[int, Any]] = []
        #: what a Composite is answered with, of the answer that it should be
        self.change: Callable[[Any], Any] = lambda answer: answer
        wire.post(
            f"{URL}/services/oauth2/token",
            json={"access_token": "tok", "instance_url": URL, "id": f"{URL}/id/{ORG}/{USER}"},
        )
        wire.add_callback("POST", f"{ROOT}/composite", callback=self._composite)
        self.transport = Transport(sleep=lambda _: None)
        token = SalesforceToken(self.transport.service("Salesforce", URL), ClientCredentials("key", "secret"))
        service = self.transport.service("Salesforce", URL, counted="/services/data", token=token)
        self.client = SalesforceClient(service, token, version="66.0", names=Names(namespace))

    @property
    def collections(self) -> list[tuple[str, str, int]]:
        """(method, object, number of rows) of every Collection that was sent."""
        return [
            (ask["method"], ask["body"]["records"][0]["attributes"]["type"], len(ask["body"]["records"]))
            for asks in self.requests
            for ask in asks
            if "/composite/sobjects" in ask["url"]
        ]

    def _composite(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        payload = json.loads(request.body or "{}")
        self.raw.append(payload)
        self.requests.append(payload["compositeRequest"])
        if self.disturbances:
            disturbance = self.disturbances.pop(0)
            if isinstance(disturbance, Exception):
                raise disturbance
            return disturbance[0], {"Date": DATE}, json.dumps(disturbance[1])
        answers = [self._answer(ask) for ask in payload["compositeRequest"]]
        return 200, {"Date": DATE}, json.dumps(self.change({"compositeResponse": answers}))

    def _answer(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        path = ask["url"].removeprefix("/services/data/v66.0/")
        status, body = self._resource(path, ask)
        return {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": ask["referenceId"]}

    def _resource(self, path: str, ask: Mapping[str, Any]) -> tuple[int, Any]:
        for start, answer in self.resources.items():
            if path.startswith(start) or start in soql_of(path):
                return answer
        if path.startswith("composite/sobjects"):
            return 200, [self._row(record) for record in ask["body"]["records"]]
        if path.startswith("query"):
            return 200, {"totalSize": 0, "done": True, "records": []}
        return 200, {"id": "a00000000000001AAA", "success": True, "created": True}

    def _row(self, record: Mapping[str, Any]) -> Result:
        name = record["attributes"]["type"]
        refused = self.rule(name, record)
        if refused is not None:
            return refused
        field = next((field for field in KEYS if field in record), "")
        key = str(record.get(field, ""))
        if "id" not in record and key in self.taken:
            message = f"duplicate value found: {field} duplicates value on record with id: {self.taken[key][:15]}"
            return refusal("DUPLICATE_VALUE", message)
        identity = str(record.get("id") or f"a0{len(self.taken):013d}AAA")
        self.taken[key or identity] = identity
        return {"id": identity, "success": True, "errors": []}


KEYS = ("Message_Key__c", "Participant_Key__c", "Task_Key__c", "Error_Key__c")


def soql_of(path: str) -> str:
    """The query of a sub-request; empty for others."""
    return parse_qs(urlsplit(path).query).get("q", [""])[0]
