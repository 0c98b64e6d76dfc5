"""The verbs, and where each is: its module is imported when it is used, so that no other verb costs its start-up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb: a function of a module of connector.cli, or the Typer that the module holds as `app`."""

    module: str
    function: str
    help: str
    context_settings: Mapping[str, Any] = field(default_factory=dict)

    def load(self, name: str) -> Any:
        """Import the module, and make the command of it."""
        found = getattr(import_module(f"connector.cli.{self.module}"), self.function)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        app = typer.Typer(**PLAIN)
        app.command(name, short_help=self.help, context_settings=dict(self.context_settings))(found)
        return typer.main.get_command(app)


#: of every Typer: help as plain text, and errors as the one handler in app.py shows them
PLAIN: Mapping[str, Any] = {"add_completion": False, "rich_markup_mode": None, "pretty_exceptions_enable": False}
#: all arguments after the verb are handed on to the sandbox, which parses them
_HANDED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}

VERBS: Mapping[str, Verb] = {
    "demo": Verb(module="demo", function="demo", help="A sandbox with a small firm, and one sync."),
    "sync": Verb(module="sync", function="sync", help="Run one sync now."),
    "run": Verb(module="run", function="run", help="Keep syncing on the schedule, until stopped."),
    "schedule": Verb(module="schedule", function="schedule", help="Show when the next runs are due."),
    "check": Verb(module="check", function="check", help="Try everything a run needs; say what to fix."),
    "status": Verb(module="status", function="status", help="Show each mailbox, and the next run."),
    "retry": Verb(module="sync", function="retry", help="Try failed messages again."),
    "explain": Verb(module="explain", function="explain", help="Explain what becomes of one message."),
    "login": Verb(module="login", function="login", help="Sign in to Microsoft 365 as a person."),
    "sandbox": Verb(
        module="sandbox",
        function="sandbox",
        help="Both services, emulated on this machine.",
        context_settings=_HANDED_ON,
    ),
    "config": Verb(module="config", function="app", help="The configuration file."),
}


class VerbGroup(TyperGroup):
    """The group of all verbs. Help lists them from the table; the one that is typed is loaded."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, verb in VERBS.items():
            self.add_command(TyperCommand(name, short_help=verb.help, rich_markup_mode=None))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The name, the loaded command, and the arguments behind it. Raises TyperException for an unknown verb."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, VERBS[name].load(name) if name is not None else command, rest
