"""`m365sync sandbox up|reset`: both services, emulated on this machine."""

import json
import ssl
import urllib.request
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.output import show_json
from connector.errors import UnreachableError, UsageError

app = typer.Typer(no_args_is_help=True, help="Both services, emulated on this machine.")


class Firm(StrEnum):
    """What the sandbox holds at first."""

    SMALL = "small"
    LARGE = "large"
    NONE = "none"


class WeatherName(StrEnum):
    """How the services behave."""

    CALM = "calm"
    NORMAL = "normal"
    ROUGH = "rough"


@app.callback()
def group() -> None:
    """Both services, emulated on this machine."""


@app.command()
def up(
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="D", help="Keep data, ids and the CA here.", file_okay=False)
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="HTTPS port; 0 takes a free one.")] = 0,
    http: Annotated[bool, typer.Option("--http", help="Listen on a plain HTTP port too.")] = False,
    firm: Annotated[Firm, typer.Option(help="What it holds at first.")] = Firm.NONE,
    mail: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Mail to import: a folder, an mbox, a Maildir or one message.")
    ] = None,
    latency: Annotated[
        str, typer.Option(metavar="GRAPH_MS,SALESFORCE_MS,SALESFORCE_ROW_MS", help="Wait before each answer.")
    ] = "0,0,0",
    weather: Annotated[
        WeatherName, typer.Option(help="How often the services fail: never, now and then, or often.")
    ] = WeatherName.CALM,
    mailboxes: Annotated[int | None, typer.Option(min=1, metavar="N", help="Of a generated firm.")] = None,
    messages: Annotated[int | None, typer.Option(min=0, metavar="M", help="Of a generated firm.")] = None,
    contacts: Annotated[int | None, typer.Option(min=0, metavar="C", help="Of a generated firm.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="S", help="Of a generated firm.")] = None,
) -> None:
    """Serve until interrupted. One line of JSON on standard output says when, where and with which credentials."""
    from connector.sandbox.up import OptionError, UpOptions, serve  # the extra `sandbox` may not be installed

    if mail is not None and not mail.exists():
        raise UsageError(f"There is no {mail}", where="--mail", remedy="Name a folder of mail, an mbox or a message.")
    options = UpOptions(
        dir=directory,
        port=port,
        http=http,
        firm=firm.value,
        mail=mail,
        latency=_latency(latency),
        weather=weather.value,
        mailboxes=mailboxes,
        messages=messages,
        contacts=contacts,
        seed=seed,
    )
    try:
        serve(options)
    except OptionError as error:
        raise UsageError(str(error), where="sandbox up", remedy="Type m365sync sandbox up --help.") from error


@app.command()
def reset(
    directory: Annotated[Path, typer.Option("--dir", metavar="D", help="The folder of the running sandbox.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Bring a running sandbox back to the state right after `up`."""
    try:
        ready = json.loads((directory / "ready.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            "No sandbox runs on this folder", where=str(directory), remedy="Start one: m365sync sandbox up --dir D."
        ) from error
    context = ssl.create_default_context(cafile=ready["ca"])
    request = urllib.request.Request(f"{ready['url']}/sandbox/reset", data=b"", method="POST")  # noqa: S310 - https only
    try:
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:  # noqa: S310 - https only
            answer.read()
    except OSError as error:
        raise UnreachableError(
            "The sandbox does not answer", where=ready["url"], remedy="Start it: m365sync sandbox up --dir D."
        ) from error
    if as_json:
        show_json({"reset": True, "url": ready["url"]})
    else:
        typer.echo(f"The sandbox at {ready['url']} is as it was right after up.")


def _latency(text: str) -> tuple[float, float, float]:
    try:
        graph, salesforce, row = (float(part) for part in text.split(","))
    except ValueError as error:
        raise _no_latency(text) from error
    if min(graph, salesforce, row) < 0:
        raise _no_latency(text)
    return graph, salesforce, row


def _no_latency(text: str) -> UsageError:
    remedy = "Three numbers of milliseconds, such as 80,120,0.4."
    return UsageError(f"{text} is not a latency", where="--latency", remedy=remedy)
