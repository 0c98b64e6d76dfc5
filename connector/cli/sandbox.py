"""`m365sync sandbox up|reset`: hands its arguments on to the sandbox, a distribution of its own."""

import typer

from connector.cli.installed import require_sandbox


def sandbox(context: typer.Context) -> int:
    """Both services, emulated on this machine: up, reset. Its help: m365sync sandbox up --help."""
    require_sandbox()
    from m365sandbox.__main__ import run

    code: int = run(context.args, command="m365sync sandbox")
    return code
