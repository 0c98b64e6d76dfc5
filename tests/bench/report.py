"""The figures as a table of 80 columns and as JSON: minimum, median and maximum of the runs."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from tests.bench.runs import Contender, Figures

#: Rate, heading, digits.
_COLUMNS = (
    ("mails_per_second", "mails/s", 1),
    ("salesforce_calls_per_1000_stored", "SF calls", 1),
    ("graph_requests_per_1000_listed", "Graph req", 1),
    ("graph_mb_per_1000_listed", "Graph MB", 2),
    ("cpu_seconds_per_1000_stored", "CPU s", 2),
    ("peak_mb", "peak MB", 0),
)


def spread(figures: Sequence[Figures]) -> dict[str, dict[str, float]]:
    """Minimum, median and maximum of each rate."""
    found: dict[str, dict[str, float]] = {}
    for name, _, _ in _COLUMNS:
        values = [one.rates[name] for one in figures]
        found[name] = {"min": min(values), "median": median(values), "max": max(values)}
    return found


def table(results: Mapping[Contender, Sequence[Figures]]) -> str:
    """Medians, below them the spread of the mails a second, and what each cannot do."""
    lines = [f"{'':10}" + "".join(f"{heading:>11}" for _, heading, _ in _COLUMNS)]
    lines.append(f"{'per 1,000':10}{'':11}{'stored':>11}{'listed':>11}{'listed':>11}{'stored':>11}")
    for contender, figures in results.items():
        rates = spread(figures)
        cells = "".join(f"{rates[name]['median']:>11,.{digits}f}" for name, _, digits in _COLUMNS)
        lines.append(f"{contender.name:10}{cells}")
    lines.append("")
    for contender, figures in results.items():
        rate = spread(figures)["mails_per_second"]
        one = figures[-1]
        lines.append(f"{contender.name}: {contender.title}")
        lines.append(
            f"  {one.listed:,} listed, {one.stored:,} stored, {one.participants:,} participants, {one.tasks:,} tasks, "
            f"{one.files:,} files"
        )
        lines.append(f"  mails a second: {rate['min']:.1f} to {rate['max']:.1f} in {len(figures)} runs")
        lines += [f"  WRONG: {each.wrong}" for each in figures if not each.ok]
        lines += [f"  cannot: {what}" for what in contender.cannot]
    return "\n".join(lines)


def as_json(results: Mapping[Contender, Sequence[Figures]], **asked: Any) -> dict[str, Any]:
    """Everything, with the machine named."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        # of the last minute, when all was done: what else the machine did
        "load": round(os.getloadavg()[0], 1),
        **asked,
        "contenders": {
            contender.name: {
                "title": contender.title,
                "cannot": list(contender.cannot),
                "rates": spread(figures),
                "runs": [one.as_json() for one in figures],
            }
            for contender, figures in results.items()
        },
    }


def machine() -> str:
    """What it ran on: cores and Python, no name of a host."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
