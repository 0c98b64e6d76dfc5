"""Serves /metrics, /healthz and /readyz beside the scheduler. Off unless metrics.port is set; on loopback unless told
otherwise. Answers GET and HEAD only, says nothing of what was asked, and never waits long for a client."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import structlog

from connector.codes import Action
from connector.engine.pulse import Pulse, Verdict
from connector.errors import UsageError
from connector.service.metrics import Metrics

log = structlog.get_logger(__name__)

#: Prometheus' text format (prometheus.io, "Exposition formats")
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TEXT_TYPE = "text/plain; charset=utf-8"
#: seconds that a client may take to ask
_PATIENCE = 10


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], metrics: Metrics, pulse: Pulse) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.metrics = metrics
        self.pulse = pulse
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "m365sync"
    sys_version = ""
    timeout: ClassVar[int] = _PATIENCE

    def do_GET(self) -> None:
        """One of the three pages."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """The same without a body."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:
        """Probes come every few seconds: the log is not theirs."""

    def _answer(self, *, with_body: bool) -> None:
        status, kind, body = self._page()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _page(self) -> tuple[HTTPStatus, str, bytes]:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            return HTTPStatus.OK, _METRICS_TYPE, self.server.metrics.text()
        if path == "/healthz":
            return _probe(self.server.pulse.alive())
        if path == "/readyz":
            return _probe(self.server.pulse.ready())
        return HTTPStatus.NOT_FOUND, _TEXT_TYPE, b"/metrics, /healthz, /readyz\n"


def _probe(verdict: Verdict) -> tuple[HTTPStatus, str, bytes]:
    status = HTTPStatus.OK if verdict.ok else HTTPStatus.SERVICE_UNAVAILABLE
    return status, _TEXT_TYPE, f"{'ok' if verdict.ok else 'not ok'}: {verdict.detail}\n".encode()


@contextmanager
def serving(host: str, port: int | None, metrics: Metrics, pulse: Pulse) -> Iterator[str | None]:
    """Serve while the block runs; yields the address, None where no port is set. Raises UsageError where nothing can
    listen there."""
    if port is None:
        yield None
        return
    try:
        server = _Server((host, port), metrics, pulse)
    except OSError as error:
        raise UsageError(
            f"Nothing can listen on {host}, port {port}: {error.strerror or type(error).__name__}",
            where="metrics",
            remedy="Choose a port that is free, and an address of this machine, or leave metrics.port out.",
        ) from error
    address = f"http://{f'[{host}]' if ':' in host else host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    log.info("Metrics are served", action=Action.METRICS_SERVED, address=address)
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
