"""`m365sync login`: a person signs in once, in a browser; from then on the connector reads as that person."""

import sys
import threading
import webbrowser
from typing import Annotated

import typer

from connector.cli.options import Invocation
from connector.cli.terminal import out
from connector.core.reporting.printable import printable
from connector.operations import login as operation
from connector.wiring.sign_in import sign_in_services


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

    def show(address: str) -> None:
        print(f"Sign in here: {printable(address)}", file=sys.stderr, flush=True)
        if browser:  # some browsers come back only when they are closed
            threading.Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()

    with sign_in_services(invocation.settings()) as services:
        name = operation.login(services, user=user, seconds=60 * minutes, show=show)
    out.print(f"Signed in as {name}. Mail is read as this person from now on.")
    return 0
