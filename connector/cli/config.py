"""`m365sync config show`."""

from typing import Annotated

import typer
import yaml

from connector.cli.options import Invocation
from connector.cli.output import show_json
from connector.cli.verbs import PLAIN
from connector.settings.model import load, render

app = typer.Typer(name="config", no_args_is_help=True, help="The configuration file.", **PLAIN)


@app.callback()
def group() -> None:
    """The configuration file."""


@app.command(short_help="Show the configuration with its defaults.")
def show(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
) -> None:
    """Show the configuration with its defaults filled in; of a secret only its reference is shown."""
    invocation: Invocation = context.obj
    text = render(load(invocation.config, invocation.environ))
    if as_json:
        show_json(yaml.safe_load(text))
    else:
        typer.echo(text, nl=False)
