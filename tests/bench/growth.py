"""What a run of this project costs along one axis, everything else kept: processor time, requests, calls, memory."""

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench import report
from tests.bench.plot import Panel, drawing
from tests.bench.runs import CONTENDERS, measured
from tests.bench.stage import Firm, Sandbox, prepared

#: What is drawn: figure, heading.
DRAWN = (
    ("cpu_seconds", "processor seconds"),
    ("peak_mb", "peak memory, MB"),
    ("graph_requests", "Graph requests"),
    ("salesforce_calls", "Salesforce calls"),
)
_PLANTED = 400


def _nothing(_sandbox: Sandbox, _point: int) -> None:
    """The firm is all there is."""


def _exclude(sandbox: Sandbox, point: int) -> None:
    """So many addresses that nobody writes from."""
    rows = [{"Type__c": "External Address", "Pattern__c": f"*@excluded{n}.example"} for n in range(point)]
    sandbox.create("MS_Graph_Exclusion__c", rows)


def _address(sandbox: Sandbox, point: int) -> None:
    """400 mails to so many Contacts each."""
    people = sorted({row["Email"] for row in sandbox.rows("SELECT Email FROM Contact")})
    (mailbox,) = sandbox.rows("SELECT User_Principal_Name__c FROM MS_Graph_User__c")
    upn = mailbox["User_Principal_Name__c"]
    oldest = datetime.now(UTC) - timedelta(days=170)
    for number in range(_PLANTED):
        moment = (oldest + timedelta(hours=10) * number).strftime("%Y-%m-%dT%H:%M:%SZ")
        reached = [people[(number * 7 + turn) % len(people)] for turn in range(point)]
        message = {
            "subject": f"To {point} people",
            "from": {"emailAddress": {"name": upn, "address": upn}},
            "toRecipients": [{"emailAddress": {"name": who, "address": who}} for who in reached],
            "sentDateTime": moment,
            "body": {"contentType": "html", "content": "<p>Dear clients</p>"},
        }
        sandbox.control("POST", f"mailboxes/{upn}/messages?received={moment}&folder=sentitems", message)


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One thing that grows. `firm` is how large a firm a point has, `more` puts in what a firm has not."""

    label: str
    points: tuple[int, ...]
    firm: Callable[[int], Firm]
    more: Callable[[Sandbox, int], None] = _nothing


AXES = {
    "mailboxes": Axis(
        label="mailboxes, of 10 messages each",
        points=(1, 10, 100, 500, 2_000),
        firm=lambda point: Firm(mailboxes=point, messages=10),
    ),
    "messages": Axis(
        label="messages in 20 mailboxes",
        points=(1_000, 10_000, 50_000, 200_000),
        firm=lambda point: Firm(messages=point // 20),
    ),
    "contacts": Axis(
        label="Contacts, with 2,000 messages in 20 mailboxes",
        points=(1_000, 10_000, 100_000, 1_000_000),
        firm=lambda point: Firm(messages=100, contacts=point),
    ),
    "exclusions": Axis(
        label="exclusions, with 2,000 messages in 20 mailboxes",
        points=(1, 100, 1_000, 5_000),
        firm=lambda _point: Firm(messages=100),
        more=_exclude,
    ),
    "participants": Axis(
        label=f"Contacts on each of {_PLANTED} mails",
        points=(1, 5, 20, 100),
        firm=lambda _point: Firm(mailboxes=1, messages=0, contacts=600),
        more=_address,
    ),
}


def run(name: str, points: str | None, *, latency: str, attachments: bool, file: Path | None, svg: Path | None) -> int:
    """Measure each point, print it, and write the JSON file and the plot. 1 where the wrong mails were stored."""
    axis = AXES[name]
    found: list[dict[str, Any]] = []
    print(f"{axis.label}; --latency {latency}; {report.machine()}")
    print(f"{'':>10}{'CPU s':>9}{'peak MB':>9}{'Graph':>9}{'SF calls':>9}{'listed':>9}{'stored':>9}{'s':>9}")
    for point in [int(part) for part in points.split(",")] if points else axis.points:
        found.append(_measured(axis, point, latency, attachments=attachments))
        shown = found[-1]
        print(
            f"{point:>10,}{shown['cpu_seconds']:>9.1f}{shown['peak_mb']:>9.0f}{shown['graph_requests']:>9,}"
            f"{shown['salesforce_calls']:>9,}{shown['listed']:>9,}{shown['stored']:>9,}{shown['seconds']:>9.1f}"
            f"  {shown['wrong']}",
            flush=True,
        )
    if file:
        value = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": report.machine(), "axis": name}
        value |= {"label": axis.label, "latency": latency, "attachments": attachments, "points": found}
        file.write_text(json.dumps(value, indent=1), encoding="utf-8")
    if svg:
        panels = [Panel(heading, [(one["point"], one[figure]) for one in found]) for figure, heading in DRAWN]
        (svg / f"growth-{name}.svg").write_text(drawing(axis.label, panels), encoding="utf-8")
    return int(not all(one["ok"] for one in found))


def _measured(axis: Axis, point: int, latency: str, *, attachments: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        firm = axis.firm(point)
        stage = prepared(
            Path(scratch) / "stage", firm, attachments=attachments, more=lambda sandbox: axis.more(sandbox, point)
        )
        figures = measured(CONTENDERS[0], stage, latency, attachments=attachments, page_size=0, watch=_say)
    return {"point": point, **figures.as_json()}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
