"""The local HTTP server to which the browser returns after a sign-in. It takes the one answer of this sign-in.

Anything on this machine, and any page in a browser, can call it: what does not bring the state of this sign-in is
answered and forgotten, and who hangs up, or says nothing, holds up nobody.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connector.errors import SignInError

_DONE = "You are signed in. Close this window and go back to the terminal."
#: seconds; answers are taken in threads of their own
_LOOK_EVERY = 0.2
_FAILED = "The sign-in did not succeed. Go back to the terminal."


class SignInListener(ThreadingHTTPServer):
    """Takes the one answer of the browser, on a free port of this machine."""

    daemon_threads = True
    block_on_close = False
    #: of the sign-in that is waited for
    state: str | None = None
    returned: dict[str, str] | None = None

    @property
    def address(self) -> str:
        """The redirect address that the sign-in has to use."""
        return f"http://localhost:{self.server_port}"

    def wait(self, seconds: float, *, state: str) -> dict[str, str]:
        """What the browser brings back with this state. Raises SignInError where it does not come in time."""
        end = time.monotonic() + seconds
        self.state = state
        while self.returned is None:
            self.timeout = min(end - time.monotonic(), _LOOK_EVERY)
            if self.timeout <= 0:
                raise SignInError(
                    "Nobody signed in within the time",
                    where="login",
                    remedy="Type m365sync login again, and open the address in a browser on this machine.",
                )
            self.handle_request()
        return self.returned

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up is no fault, and what it sent may be a secret."""


class _Handler(BaseHTTPRequestHandler):
    """Answers the browser: a page for the answer of the sign-in, 404 for anything else (an icon)."""

    server: SignInListener
    timeout = 10

    def do_GET(self) -> None:
        """The way back from the sign-in."""
        parts = urlsplit(self.path)
        values = dict(parse_qsl(parts.query))
        wanted = self.server.state
        if parts.path != "/" or wanted is None or not compare_digest(values.get("state", "").encode(), wanted.encode()):
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
