"""`m365sync explain`: why a message is, or is not, on a client record."""

from typing import Annotated, Any

import typer

from connector.cli.options import AsJson, Invocation
from connector.cli.output import show_json
from connector.cli.terminal import out
from connector.core.reporting.explanation import Explanation
from connector.operations import explain as operation
from connector.wiring.runs import read_limits
from connector.wiring.services import explain_services


def explain(
    context: typer.Context,
    upn: Annotated[str, typer.Argument(metavar="UPN", help="The mailbox.", show_default=False)],
    message_id: Annotated[
        str,
        typer.Argument(metavar="MESSAGE_ID", help="Its id in Graph, or its Message-ID in quotes.", show_default=False),
    ],
    as_json: AsJson = False,
) -> int:
    """Explain what becomes of one message: every rule in order, the matches, the stored record, the error row."""
    invocation: Invocation = context.obj
    settings = invocation.settings()
    with explain_services(settings) as (setup, mail, directory):
        explanation = operation.explain(
            setup, mail, directory, upn=upn, message=message_id, limits=read_limits(settings)
        )
    if as_json:
        show_json(explanation_object(explanation))
    else:
        show(explanation)
    return 0


def explanation_object(explanation: Explanation) -> dict[str, Any]:
    """The JSON object of `explain --json`."""
    error = explanation.error
    return {
        "mailbox": explanation.mailbox,
        "message_id": explanation.header.id,
        "internet_message_id": explanation.header.internet_message_id,
        "outcome": explanation.outcome.value,
        "rule": explanation.rule,
        "rule_id": explanation.rule_id,
        "steps": [{"rule": step.rule, "applies": step.applies, "value": step.value} for step in explanation.steps],
        "matches": [
            {"address": match.address, "object": match.object, "id": match.id} for match in explanation.matches
        ],
        "email_id": explanation.email,
        "stored": explanation.stored,
        "error": None
        if error is None
        else {"id": error.id, "code": error.code, "message": error.text, "attempts": error.attempts},
        "sentence": explanation.sentence,
        "remedy": explanation.remedy,
        "remarks": [*explanation.remarks],
    }


def show(explanation: Explanation) -> None:
    """Print an explanation: the rules, the record, and what to do."""
    header = explanation.header
    out.print(f"{header.subject or '(no subject)'}, received {header.received_at:%Y-%m-%d %H:%M} UTC")
    out.print(f"in {explanation.mailbox}")
    for step in explanation.steps:
        sign = "■" if step.applies else "·"
        out.print(f"  {sign} {step.rule:<18} {step.value}".rstrip())
    out.print(f"Outcome: {explanation.verdict}. {explanation.sentence}")
    if explanation.rule_id is not None:
        out.print(f"  decided by the record {explanation.rule_id}")
    for match in explanation.matches:
        out.print(f"  {match.address} is {match.object} {match.id}")
    if explanation.email is not None:
        out.print(f"  stored as Email {explanation.email}")
    if (error := explanation.error) is not None:
        times = "once" if error.attempts == 1 else f"{error.attempts} times"
        out.print(f"  tried {times}: {error.code}: {error.text}")
    for line in (explanation.remedy, *explanation.remarks):
        if line:
            out.print(line)
