"""A fresh org for tests, and a client that speaks to it without a socket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from m365sandbox.clock import SandboxClock
from m365sandbox.salesforce.metadata import Deployed, deploy
from m365sandbox.salesforce.service import SalesforceSandbox
from m365sandbox.wire import Request, Response

METADATA = Path(__file__).parents[3] / "sfdc_objects"
VERSION = "64.0"
ROOT = f"/services/data/v{VERSION}"
CLIENT_ID = "3MVGtest"
CLIENT_SECRET = "not-a-real-secret"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
BASE_URL = "https://localhost:8443"


@cache
def key_pair() -> tuple[str, str]:
    """Private and public key of the connected app, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@cache
def _deployed(folder: Path) -> Deployed:
    return deploy(folder)


def new_org(
    database: Path | None = None, clock: SandboxClock | None = None, metadata: Path = METADATA
) -> SalesforceSandbox:
    """An org as `--firm none` leaves it; its clock stands near NOW."""
    if clock is None:
        clock = SandboxClock()
        clock.set(NOW)
    return SalesforceSandbox(
        database=database,
        clock=clock,
        deployed=_deployed(metadata),
        jwt_public_key=key_pair()[1],
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with its body parsed."""

    status: int
    body: Any
    headers: Mapping[str, str]
    response: Response

    @property
    def code(self) -> str:
        """The first errorCode of an error answer."""
        return str(self.body[0]["errorCode"])

    @property
    def message(self) -> str:
        """The first message of an error answer."""
        return str(self.body[0]["message"])


@dataclass(frozen=True, slots=True)
class Client:
    """Requests of one user to one org."""

    org: SalesforceSandbox
    token: str

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, **query: str
    ) -> Answered:
        """One request; `path` is below /services/data/vX unless it starts with a slash."""
        whole = path if path.startswith("/") else f"{ROOT}/{path}".rstrip("/")
        sent = {"authorization": f"Bearer {self.token}", **(headers or {})}
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        request = Request(method, whole, whole, tuple(query.items()), sent, content, BASE_URL)
        response = self.org.handle(request)
        assert isinstance(response.body, bytes)
        kind = response.headers.get("Content-Type", "")
        parsed = json.loads(response.body) if response.body and "json" in kind else None
        return Answered(response.status, parsed, response.headers, response)

    def query(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query, without their attributes."""
        answer = self.send("GET", "query", q=soql)
        assert answer.status == 200, answer.body
        return [{key: value for key, value in item.items() if key != "attributes"} for item in answer.body["records"]]

    def create(self, name: str, **values: Any) -> Answered:
        """POST /sobjects/T."""
        return self.send("POST", f"sobjects/{name}", values)

    def made(self, name: str, **values: Any) -> str:
        """The id of a row that has to be accepted."""
        answer = self.create(name, **values)
        assert answer.status == 201, answer.body
        return str(answer.body["id"])

    def change(self, name: str, record_id: str, **values: Any) -> Answered:
        """PATCH /sobjects/T/ID."""
        return self.send("PATCH", f"sobjects/{name}/{record_id}", values)

    def row(self, name: str, record_id: str, fields: str) -> dict[str, Any]:
        """Fields of a row."""
        answer = self.send("GET", f"sobjects/{name}/{record_id}", fields=fields)
        assert answer.status == 200, answer.body
        return {key: value for key, value in answer.body.items() if key != "attributes"}

    def collection(
        self, method: str, name: str, rows: list[dict[str, Any]], *, all_or_none: bool = False, key: str = ""
    ) -> Answered:
        """Rows of one type through /composite/sobjects; with `key` an upsert."""
        path = f"composite/sobjects/{name}/{key}" if key else "composite/sobjects"
        records = [{"attributes": {"type": name}, **row} for row in rows]
        return self.send(method, path, {"allOrNone": all_or_none, "records": records})

    def composite(self, *requests: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
        """The answers of a Composite request's sub-requests, whose urls are below /services/data/vX."""
        subs = [
            {"referenceId": f"r{place}", **item, "url": f"{ROOT}/{item['url']}"} for place, item in enumerate(requests)
        ]
        answer = self.send("POST", "composite", {"allOrNone": all_or_none, "compositeRequest": subs})
        assert answer.status == 200, answer.body
        return list(answer.body["compositeResponse"])


def admin(org: SalesforceSandbox) -> Client:
    """The System Administrator."""
    return Client(org, org.admin.access_token)


def integration(org: SalesforceSandbox) -> Client:
    """The connector's own user."""
    return Client(org, org.integration.access_token)


def new_user(org: SalesforceSandbox, name: str, *sets: str, active: bool = True) -> tuple[str, Client]:
    """A Standard User with permission sets: the id, and a client."""
    made = org.create_user(f"{name.lower()}@firm.example", f"Ann {name}", f"{name.lower()}@firm.example", active, sets)
    return made["id"], Client(org, made["access_token"])


def code_of(answer: Answered, place: int = 0) -> str | None:
    """The statusCode of one row of a collection's answer, None where it was written."""
    errors = answer.body[place]["errors"]
    assert answer.body[place]["success"] is (not errors)
    return str(errors[0]["statusCode"]) if errors else None


def encoded(text: str) -> str:
    """A text as one part of a path."""
    return quote(text, safe="")
