"""A Graph sandbox in memory with one signed-in application, asked without a socket."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from m365sandbox.clock import SandboxClock
from m365sandbox.entra.models import Tenant, Tokens
from m365sandbox.graph.service import GraphSandbox
from m365sandbox.wire import Request, Response

ADA = "ada@firm.example"
START = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)


@cache
def tokens() -> Tokens:
    """One tenant for all tests: making its key takes time."""
    return Tokens(Tenant())


class GraphTenant:
    """Ask the service as a client would; `value` gives the JSON of an answer that must be 200."""

    def __init__(self, database: str = ":memory:") -> None:
        self.clock = SandboxClock()
        self.graph = GraphSandbox(tokens=tokens(), clock=self.clock, database=database)
        self.token = tokens().issue("https://graph.microsoft.com")

    def ask(
        self,
        url: str,
        method: str = "GET",
        *,
        body: Any = None,
        prefer: str | None = 'IdType="ImmutableId"',
        headers: dict[str, str] | None = None,
        raw: bytes = b"",
    ) -> Response:
        """One request; `url` is a path with its query, or an absolute link. `raw` is a body that is no JSON."""
        parts = urlsplit(url)
        sent = {"authorization": f"Bearer {self.token}", **({"prefer": prefer} if prefer else {})}
        sent |= {"content-type": "application/json"} if body is not None else {}
        sent |= headers or {}
        return self.graph.handle(
            Request(
                method=method,
                path=unquote(parts.path),
                raw_path=parts.path,
                query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name: value for name, value in sent.items() if value},
                content=raw if body is None else json.dumps(body).encode(),
                base_url="https://localhost:8443",
            )
        )

    def may_write(self) -> "GraphTenant":
        """From now on with an app that may change and send mail."""
        app = tokens().apps.first
        writer = replace(app, roles=(*app.roles, "Mail.ReadWrite", "Mail.Send"))
        self.token = tokens().issue("https://graph.microsoft.com", app=writer)
        return self

    def made(self, url: str, body: Any = None, **more: Any) -> Any:
        """The JSON of a POST whose answer must be 201."""
        response = self.ask(url, "POST", body=body, **more)
        assert response.status == 201, response.body
        return content(response)

    def done(self, url: str, method: str, status: int, body: Any = None) -> None:
        """A change whose answer must be this status, and empty."""
        response = self.ask(url, method, body=body)
        assert (response.status, response.body) == (status, b"")

    def value(self, url: str, **more: Any) -> Any:
        """The JSON of a successful answer."""
        response = self.ask(url, **more)
        assert response.status == 200, response.body
        return content(response)

    def pages(self, url: str) -> list[list[dict[str, Any]]]:
        """All pages of a list, its links followed to the end."""
        found = []
        following: str | None = url
        while following:
            page = self.value(following)
            found.append(page["value"])
            following = page.get("@odata.nextLink")
        return found

    def code(self, url: str, status: int, **more: Any) -> str:
        """The code of an answer that must be an error with this status."""
        response = self.ask(url, **more)
        assert response.status == status, response.body
        return str(content(response)["error"]["code"])

    def mailbox(self, upn: str = ADA, **fields: Any) -> str:
        """Make a mailbox."""
        return self.graph.create_mailbox(userPrincipalName=upn, **fields)

    def fill(self, count: int, *, upn: str = ADA, folder: str = "inbox", start: datetime = START) -> list[str]:
        """Put in messages a minute apart, named by number; gives their immutable ids."""
        return [
            self.graph.add_message(upn, {"subject": f"Mail {number}"}, start + timedelta(minutes=number), folder)["id"]
            for number in range(count)
        ]


def content(response: Response) -> Any:
    """The JSON of an answer."""
    assert isinstance(response.body, bytes)
    return json.loads(response.body)
