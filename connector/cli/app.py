"""The command line: global options, and the one place where an error becomes a line and an exit code."""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from connector import __version__
from connector.cli.options import DEFAULT_CONFIG, Invocation
from connector.cli.output import show_error, show_trace
from connector.cli.stop import INTERRUPTED, interruptible
from connector.cli.verbs import PLAIN, VerbGroup
from connector.errors import ConnectorError, UsageError

app = typer.Typer(
    name="m365sync",
    cls=VerbGroup,
    no_args_is_help=True,
    **PLAIN,
    help="Keeps a firm's Microsoft 365 mail on its client records in Salesforce.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"m365sync {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", help="The configuration file.", envvar="M365SYNC_CONFIG", metavar="FILE")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Log every request, and show tracebacks.")] = False,
    _: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    """Options that stand before the verb."""
    context.obj = Invocation(config=config or DEFAULT_CONFIG, debug=debug, environ=dict(os.environ))


def run(arguments: Sequence[str]) -> int:
    """Run one command. Returns the exit code; an error is one line on standard error, with --json also an object."""
    as_json = "--json" in arguments
    debug = "--debug" in arguments
    try:
        _require_text(arguments)
        with interruptible():
            result = app(list(arguments), standalone_mode=False)
    except ConnectorError as error:
        if debug:
            show_trace(traceback.format_exc())
        show_error(error.detail, as_json=as_json)
        return error.exit_code
    except TyperException as error:
        show_error(usage(error).detail, as_json=as_json)
        return 2
    except (typer.Abort, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if debug:
            show_trace(traceback.format_exc())
        unexpected = ConnectorError(
            f"Unexpected {type(error).__name__}: {error}",
            remedy="Run the command again with --debug before the verb, and report what it shows.",
            code="UNEXPECTED",
        )
        show_error(unexpected.detail, as_json=as_json)
        return 3
    return result if isinstance(result, int) else 0


def _require_text(arguments: Sequence[str]) -> None:
    """Raise UsageError for an argument without text: an empty variable of a script names no mailbox, file or event."""
    for number, argument in enumerate(arguments):
        name, _, value = (
            argument.partition("=") if argument.startswith("--") and "=" in argument else ("", "", argument)
        )
        if not value.strip():
            before = arguments[number - 1] if number else ""
            name = name or (before if before.startswith("--") else f"argument {number + 1}")
            raise UsageError(f"{name} is empty", where="m365sync", remedy="Write a value, or leave it out.")


def usage(error: TyperException) -> UsageError:
    """An error of the parser as UsageError; where a command is missing, its help is printed first."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "m365sync"
    message = getattr(error, "format_message", error.__str__)()
    if message.startswith("Usage:"):
        typer.echo(message, err=True)
        message = "A command is missing"
    return UsageError(message, where=command, remedy=f"Type {command} --help.")
