"""`m365sync login`: a person signs in once, in a browser; from then on the connector reads as that person.

The browser comes back to a port of this machine that listens for this one answer.
"""

import sys
import threading
import time
import warnings
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

import typer

from connector.cli.options import Invocation
from connector.errors import SignInError
from connector.settings.model import load
from connector.wiring.credentials import named_principal
from connector.wiring.logs import configure_logging
from connector.wiring.services import open_door

_DONE = "You are signed in. Close this window and go back to the terminal."
_FAILED = "The sign-in did not succeed. Go back to the terminal."


def login(
    context: typer.Context,
    user: Annotated[str | None, typer.Option("--user", metavar="UPN", help="Who signs in, to fill it in.")] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser, or only print the address.")] = True,
    minutes: Annotated[float, typer.Option(metavar="N", min=0.01, max=60, help="How long to wait.")] = 5,
) -> int:
    """Sign in to Microsoft 365 as the named principal, in a browser on this machine.

    For identity: named_principal only. The tokens are kept in token_file, readable to you alone.
    """
    invocation: Invocation = context.obj
    settings = load(invocation.config, invocation.environ)
    configure_logging(settings, level="debug" if invocation.debug else "warning")
    with open_door(settings) as transport:
        principal = named_principal(settings, transport)
        with _listening() as listener:
            with warnings.catch_warnings():
                # the library would rather have the answer posted; the one who listens here takes it from the address
                warnings.filterwarnings("ignore", message="response_mode=", category=UserWarning)
                flow = principal.begin(f"http://localhost:{listener.server_port}", user=user)
            address = f"{settings.graph_provider.authorize_url}?{urlsplit(flow['auth_uri']).query}"
            print(f"Sign in here: {address}", file=sys.stderr, flush=True)
            if browser:  # some browsers come back only when they are closed
                threading.Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()
            returned = listener.wait(60 * minutes)
        name = principal.finish(flow, returned)
    typer.echo(f"Signed in as {name}. Mail is read as this person from now on.")
    return 0


class _Listener(HTTPServer):
    """Takes the one answer of the browser."""

    returned: dict[str, str] | None = None

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
    """Answers the browser; whatever it asks for besides (an icon) is not there."""

    server: _Listener
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
        """Say nothing: the address holds the code."""


@contextmanager
def _listening() -> Iterator[_Listener]:
    with _Listener(("127.0.0.1", 0), _Handler) as listener:
        yield listener
