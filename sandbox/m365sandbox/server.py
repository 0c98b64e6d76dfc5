"""The sandbox's one server: it turns ASGI into `Request` and `Response`, sends each path to its service, waits the
asked latency, plays the planted faults and logs what it answered.

Handlers run in the event loop, one after the other, so a service needs no lock and every request is atomic.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from itertools import chain
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, unquote_plus
from zlib import crc32

from m365sandbox.callers import refusal
from m365sandbox.clock import SandboxClock
from m365sandbox.connection import RESET
from m365sandbox.latency import Latency, Line
from m365sandbox.traffic import Fault, Faults, LoggedRequest, RequestLog, SubFaults
from m365sandbox.weather import Gust, Weather
from m365sandbox.wire import Request, Response, Service, WorkingService

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
#: A body larger than this goes to a temporary file, so that a service can read it in parts.
IN_MEMORY_BYTES = 16 * 2**20
#: A slow body comes in so many pieces.
SLOW_PIECES = 4


@dataclass(slots=True, kw_only=True)
class SandboxApp:
    """The ASGI application."""

    graph: Service
    entra: Service
    salesforce: WorkingService
    control: Service
    clock: SandboxClock
    faults: Faults
    log: RequestLog
    latency: Latency
    #: what all answers of Graph share
    line: Line
    weather: Weather
    #: who asks Salesforce with this bearer token has fine weather: the administrator at play
    calm_token: str
    _work: "asyncio.Task[None] | None" = field(default=None, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await _read_body(receive)
        try:
            await Exchange(scope, body, send, self).run()
        finally:
            if not isinstance(body, bytes):
                body.close()
            self._go_on()

    def _go_on(self) -> None:
        """See to it that what a request has left to do is done once it has been answered."""
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._work_off())

    async def _work_off(self) -> None:
        """Work left by requests, a slice at a time, so that other requests are answered in between."""
        while self.salesforce.work():
            await asyncio.sleep(0)


def service_of(path: str) -> str:
    """Which service a path belongs to, by the names the request log uses; `sandbox` is the control API."""
    first, _, rest = path.lstrip("/").lower().partition("/")
    if first == "sandbox":
        return "sandbox"
    if first in ("v1.0", "beta"):
        return "graph"
    if first == "services":
        return "salesforce" if rest.startswith(("data", "soap", "async")) else "salesforce-auth"
    return "salesforce-auth" if first in ("id", "secur") else "entra"


class Exchange:
    """One request with its answer."""

    def __init__(self, scope: Scope, body: bytes | BinaryIO, send: Send, app: SandboxApp) -> None:
        self.app = app
        self.scope = scope
        self.service = service_of(scope["path"])
        self.inside = SubFaults(app.faults, _faulted_as(self.service), self._weather_inside)
        self.request = _request(scope, body, self.inside)
        self.sent = 0
        self.status = 0
        self._pause = 0.0
        self._send = send
        self._started = time.perf_counter()
        self._arrived = app.clock.now()

    async def run(self) -> None:
        """Answer it, and log it unless it is the control API's, or from a page of another site."""
        refused = refusal(self.service, self.request.method, self.request.headers)
        if refused is not None:
            await self._answer(Response.of_json({"error": refused}, 403))
            return
        if self.service == "sandbox":
            await self._answer(self.app.control.handle(self.request))
            return
        number = self.app.log.next_number()
        try:
            await self._serve(self._fault())
        finally:
            self.app.log.add(self._logged(number))

    async def _serve(self, fault: Fault | None) -> None:
        if fault is not None:
            self.app.weather.spare(*self._known_as())
        fault = fault or self._weather()
        if fault is not None and fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault is not None and fault.drop == "before":
            self._reset()
            return
        if fault is not None and fault.replaces:
            await self._answer(fault.answer(), cut=fault.drop == "middle")
            return
        response = self._service().handle(self.request)
        try:
            seconds = self.app.latency.seconds(self.service, response) + self.inside.delay_ms / 1000
            if seconds:
                await asyncio.sleep(seconds)
            if fault is not None and fault.drop == "after":
                self._reset()
                return
            if isinstance(fault, Gust) and fault.slow_ms and isinstance(response.body, bytes):
                response = in_pieces(response, response.body)
                self._pause = fault.slow_ms / 1000 / SLOW_PIECES
            await self._answer(response, cut=fault is not None and fault.drop == "middle")
        finally:
            if response.done is not None:
                response.done()

    def _service(self) -> Service:
        if self.service == "graph":
            return self.app.graph
        return self.app.entra if self.service == "entra" else self.app.salesforce

    def _fault(self) -> Fault | None:
        query = self._query()
        target = f"{self.request.path}?{query}" if query else self.request.path
        return self.app.faults.met_by(_faulted_as(self.service), self.request.method, target)

    def _weather(self) -> Fault | None:
        is_theirs = self.service in ("graph", "salesforce")
        if self.app.weather.is_calm or not is_theirs or self.request.headers.get("authorization") == self._calm():
            return None
        return self.app.weather.over(*self._known_as(), self.app.clock.now())

    def _known_as(self) -> tuple[str, str, str, int]:
        """What tells that a client repeats a request: service, method, path?query, and a digest of the body."""
        request = self.request
        digest = crc32(request.content) if isinstance(request.content, bytes) else request.size
        return self.service, request.method, f"{request.raw_path}?{self._query()}", digest

    def _weather_inside(self, method: str, url: str) -> Fault | None:
        if self.request.headers.get("authorization") == self._calm():
            return None
        return self.app.weather.inside(self.service, method, url, self.app.clock.now())

    def _calm(self) -> str:
        return f"Bearer {self.app.calm_token}"

    def _query(self) -> str:
        raw: bytes = self.scope["query_string"]
        return unquote_plus(raw.decode("latin-1")) if raw else ""

    async def _answer(self, response: Response, *, cut: bool = False) -> None:
        """Send the answer, or with `cut` its first half, after which the connection is reset."""
        if cut and response.body == b"":
            self._reset()  # the middle of no body is before it
            return
        self.status = response.status
        body = response.body
        headers: Headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in response.headers.items()]
        if not any(name.lower() == b"date" for name, _ in headers):
            headers.append((b"date", format_datetime(self.app.clock.now(), usegmt=True).encode()))
        if isinstance(body, bytes) and response.status not in (204, 304):
            headers.append((b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": response.status, "headers": headers})
        if isinstance(body, bytes):
            await (self._send_half(iter([body]), len(body)) if cut else self._send_chunk(body, more=False))
        elif cut:
            await self._send_half(body, int(response.headers.get("Content-Length", 0)))
        else:
            await self._send_all(body)

    async def _send_all(self, chunks: Iterator[bytes]) -> None:
        try:
            for chunk in chunks:
                await self._send_chunk(chunk, more=True)
                if self._pause:
                    await asyncio.sleep(self._pause)
        except LookupError:
            self._reset()  # what it was read from has been deleted meanwhile
            return
        await self._send_chunk(b"", more=False)

    async def _send_half(self, chunks: Iterator[bytes], length: int) -> None:
        """Half of the body; of one whose length is not known, half of its first chunk."""
        first = next(chunks, b"")
        left = (length or len(first)) // 2
        for chunk in chain([first], chunks):
            await self._send_chunk(chunk[:left], more=True)
            left -= len(chunk)
            if left <= 0:
                break
        # Let the half leave before the reset, which discards what has not been sent.
        await asyncio.sleep(0.02)
        self._reset()

    async def _send_chunk(self, chunk: bytes, *, more: bool) -> None:
        if self.service == "graph":
            seconds = self.app.line.seconds(len(chunk), asyncio.get_running_loop().time())
            if seconds:
                await asyncio.sleep(seconds)
        self.sent += len(chunk)
        await self._send({"type": "http.response.body", "body": chunk, "more_body": more})

    def _reset(self) -> None:
        self.status = 0
        self.scope[RESET]()

    def _logged(self, number: int) -> LoggedRequest:
        return LoggedRequest(
            n=number,
            at=self._arrived.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            service=self.service,
            method=self.request.method,
            path=self.request.path,
            query=self._query(),
            status=self.status,
            ms=round((time.perf_counter() - self._started) * 1000, 2),
            bytes_in=self.request.size,
            bytes_out=self.sent,
        )


def in_pieces(response: Response, body: bytes) -> Response:
    """The same answer with its body in pieces, between which the server pauses."""
    size = -(-len(body) // SLOW_PIECES) or 1
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    headers = {**response.headers, "Content-Length": str(len(body))}
    return replace(response, headers=headers, body=iter(pieces))


def _faulted_as(service: str) -> str:
    """The name by which faults know a service."""
    return "salesforce" if service == "salesforce-auth" else service


async def _read_body(receive: Receive) -> bytes | BinaryIO:
    """The whole body: bytes, or a temporary file where it is large."""
    message = await receive()
    chunks: list[bytes] = [message.get("body", b"")]
    size = len(chunks[0])
    while message.get("more_body"):
        if size > IN_MEMORY_BYTES:
            return await _spooled(chunks, receive)
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _spooled(chunks: list[bytes], receive: Receive) -> BinaryIO:
    """What has come and what is still to come, in a file."""
    file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed after the answer
    try:
        file.writelines(chunks)
        message: dict[str, Any] = {"more_body": True}
        while message.get("more_body"):
            message = await receive()
            file.write(message.get("body", b""))
    except BaseException:
        file.close()
        raise
    return file


def _request(scope: Scope, body: bytes | BinaryIO, inside: SubFaults) -> Request:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1")
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    host = headers.get("host") or "{}:{}".format(*scope["server"])
    raw_query: bytes = scope["query_string"]
    query = parse_qsl(raw_query.decode("latin-1"), keep_blank_values=True) if raw_query else ()
    return Request(
        method=scope["method"],
        path=scope["path"],
        raw_path=scope["raw_path"].decode("latin-1"),
        query=tuple(query),
        headers=headers,
        content=body,
        base_url=f"{scope['scheme']}://{host}",
        sub_fault=inside,
    )
