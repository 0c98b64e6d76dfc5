"""The local HTTP server to which the browser returns after a sign-in. It takes one answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connector.errors import SignInError

_DONE = "You are signed in. Close this window and go back to the terminal."
_FAILED = "The sign-in did not succeed. Go back to the terminal."


class SignInListener(HTTPServer):
    """Takes the one answer of the browser, on a free port of this machine."""

    returned: dict[str, str] | None = None

    @property
    def address(self) -> str:
        """The redirect address that the sign-in has to use."""
        return f"http://localhost:{self.server_port}"

    def wait(self, seconds: float) -> dict[str, str]:
        """What the browser brings back. Raises SignInError where it does not come in time."""
        end = time.monotonic() + seconds
        while self.returned is None:
            self.timeout = end - time.monotonic()
            if self.timeout <= 0:
                raise SignInError(
                    "Nobody signed in within the time",
                    where="login",
                    remedy="Type m365sync login again, and open the address in a browser on this machine.",
                )
            self.handle_request()
        return self.returned


class _Handler(BaseHTTPRequestHandler):
    """Answers the browser: a page for the answer of the sign-in, 404 for anything else (an icon)."""

    server: SignInListener
    timeout = 10

    def do_GET(self) -> None:
        """The way back from the sign-in."""
        parts = urlsplit(self.path)
        values = dict(parse_qsl(parts.query))
        if parts.path != "/" or "state" not in values:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.server.returned = values
        page = (_DONE if "code" in values else _FAILED).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the address of the request holds the code."""


@contextmanager
def listening() -> Iterator[SignInListener]:
    """A listener, for as long as the sign-in takes."""
    with SignInListener(("127.0.0.1", 0), _Handler) as listener:
        yield listener
