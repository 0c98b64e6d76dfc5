"""What both sandboxed services speak: one request in, one response out, plain values only.

The server (`server.py`) turns ASGI messages into `Request` and `Response`; the services know nothing of ASGI,
so every answer can be tested without a socket.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

#: Asked for each request inside a $batch or Composite, with its method and its url in every form it may be named by
#: (not decoded): the answer that stands in for it, or None.
SubFault = Callable[..., "Response | None"]


def no_sub_fault(_method: str, *_urls: str) -> "Response | None":
    """No request inside another one meets a fault."""
    return None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as a service sees it. `path` is percent-decoded, `raw_path` is not; header names are lower case.

    `query` keeps the order and the repetition of the parameters, decoded (`+` is a space).
    `base_url` is scheme://host[:port] as the client addressed it, without a trailing slash: links are built from it.
    `content` is what was sent: bytes, or a file where it is large. Read it by `body`, or in parts from `open()`.
    """

    method: str
    path: str
    raw_path: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | BinaryIO = b""
    base_url: str = "https://localhost"
    sub_fault: SubFault = no_sub_fault

    @property
    def body(self) -> bytes:
        """All that was sent. A large body is read from its file each time, so ask once."""
        return self.content if isinstance(self.content, bytes) else self.open().read()

    def open(self) -> BinaryIO:
        """What was sent, as a file at its start. It lasts until the request has been answered."""
        if isinstance(self.content, bytes):
            return io.BytesIO(self.content)
        self.content.seek(0)
        return self.content

    @property
    def size(self) -> int:
        """How many bytes were sent."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return self.content.seek(0, io.SEEK_END)

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        return next((value for key, value in self.query if key == name), None)

    def json(self) -> Any:
        """The body as JSON. Raises ValueError where it is none."""
        return json.loads(self.body)


@dataclass(slots=True)
class Response:
    """One HTTP answer. `body` may be an iterator of chunks for large content, with Content-Length among the headers
    where it is known. An iterator that raises LookupError has lost its source: the connection is then reset.

    For `--latency`: `items` has, for each request inside (a $batch has several), how many messages and attachments its
    answer holds, and `at_once` is how many of them are carried out at a time; `rows` is how many Salesforce rows were
    written. `done` is called once the answer has left, or could not.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = b""
    items: tuple[int, ...] = (0,)
    at_once: int = 1
    rows: int = 0
    done: Callable[[], None] | None = None

    @classmethod
    def of_json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> "Response":
        """A JSON answer in UTF-8, compact."""
        content = {"Content-Type": "application/json;charset=UTF-8", **(headers or {})}
        return cls(status, content, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


class Service(Protocol):
    """One emulated service behind the server."""

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises for what a client can send."""
        ...


class WorkingService(Service, Protocol):
    """A service that goes on with what was asked of it after its answer."""

    def work(self) -> bool:
        """Do a slice of it, in a moment. False where nothing is left."""
        ...
