"""The command: options, the order of the runs, the table and the JSON file."""

import argparse
import compileall
import json
import sys
import tempfile
from pathlib import Path

from tests.bench import growth, report
from tests.bench.bare import bare
from tests.bench.runs import CONTENDERS, Contender, Figures, measured
from tests.bench.stage import PROFILES, Firm, Stage, prepared

#: The best of 50, 100, 250, 500 and 1,000 for the pipeline: see docs/performance.md.
PAGE_SIZE = 250
_CONNECTOR = Path(__file__).parents[2] / "connector"


def main() -> int:
    """Run, print, write. The exit code is 1 where a contender has not stored exactly the right mails."""
    asked = _parser().parse_args()
    compileall.compile_dir(_CONNECTOR, quiet=1)  # as pip leaves an installed package, the contenders' for example
    if asked.growth:
        return growth.run(
            asked.growth, asked.points, latency=asked.latency or "0,0,0", attachments=asked.attachments,
            file=asked.json, svg=asked.svg,
        )  # fmt: skip
    chosen = [one for one in CONTENDERS if not asked.only or one.name in asked.only]
    firm = Firm(mailboxes=asked.mailboxes, messages=asked.messages, contacts=asked.contacts, seed=asked.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        _say(f"filling {firm.mailboxes} mailboxes with {firm.messages} messages each")
        stage = prepared(Path(scratch) / "stage", firm, attachments=asked.attachments)
        if asked.page_sizes:
            return _page_sizes(stage, asked)
        results = _interleaved(chosen, stage, asked)
        loop = bare(stage, Path(scratch)) if asked.bare else None
    print(f"\n{_latency(asked)} on {report.machine()}, attachments {'in' if asked.attachments else 'left out'}\n")
    print(report.table(results))
    if loop:
        print(
            f"bare: {loop['requests']:,} requests of m365sync in a plain loop take {loop['cpu_seconds']:.1f} s of "
            f"processor\n  time, {loop['cpu_seconds_per_1000_stored']:.2f} s for 1,000 stored; the run took "
            f"{loop['cpu_seconds_of_the_run']:.1f} s"
        )
    if asked.json:
        how = {"profile": asked.profile, "latency": _latency(asked), "attachments": asked.attachments}
        how |= {"mailboxes": firm.mailboxes, "messages": firm.messages, "contacts": firm.contacts, "seed": firm.seed}
        value = report.as_json(results, **how, page_size=asked.page_size, bare=loop)
        asked.json.write_text(json.dumps(value, indent=1), encoding="utf-8")
    return int(not all(one.ok for figures in results.values() for one in figures))


def _interleaved(chosen: list[Contender], stage: Stage, asked: argparse.Namespace) -> dict[Contender, list[Figures]]:
    """Each contender once, then each once more: what the machine does meanwhile meets all of them."""
    results: dict[Contender, list[Figures]] = {one: [] for one in chosen}
    for _ in range(asked.runs):
        for contender in chosen:
            wanted = asked.attachments and contender.has_attachments
            figures = measured(
                contender, stage, _latency(asked), attachments=wanted, page_size=asked.page_size, watch=_say
            )
            results[contender].append(figures)
    return results


def _page_sizes(stage: Stage, asked: argparse.Namespace) -> int:
    """The pipeline alone with each page size, in turn: where its best one is."""
    pipeline = next(one for one in CONTENDERS if one.name == "pipeline")
    sizes = [int(part) for part in asked.page_sizes.split(",")]
    found: dict[int, list[Figures]] = {size: [] for size in sizes}
    for _ in range(asked.runs):
        for size in sizes:
            found[size].append(
                measured(pipeline, stage, _latency(asked), attachments=asked.attachments, page_size=size, watch=_say)
            )
    print(f"{'page':>6}{'mails/s':>10}{'of runs':>16}{'Graph req':>11}{'peak MB':>9}")
    for size, figures in found.items():
        rate = report.spread(figures)["mails_per_second"]
        of_runs = f"{rate['min']:.1f} to {rate['max']:.1f}"
        last = figures[-1]
        print(
            f"{size:>6}{rate['median']:>10.1f}{of_runs:>16}{last.graph_requests:>11,}{last.peak_mb:>9.0f}  {last.wrong}"
        )
    return int(not all(one.ok for figures in found.values() for one in figures))


def _latency(asked: argparse.Namespace) -> str:
    return str(asked.latency or PROFILES[asked.profile])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="This project and what users would pick instead, on the same mail."
    )
    parser.add_argument("--profile", choices=tuple(PROFILES), default="wire", help="where it runs (default: wire)")
    parser.add_argument("--latency", metavar="NUMBERS", help="as of `sandbox up`, in place of a profile")
    parser.add_argument("--mailboxes", type=int, default=20, metavar="N")
    parser.add_argument("--messages", type=int, default=500, metavar="N", help="in each mailbox")
    parser.add_argument("--contacts", type=int, default=2_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    parser.add_argument(
        "--without-attachments", dest="attachments", action="store_false", help="leave files out of all"
    )
    names = tuple(one.name for one in CONTENDERS)
    parser.add_argument("--only", action="append", choices=names, help="this contender; may be repeated")
    parser.add_argument("--page-size", type=int, default=PAGE_SIZE, metavar="N", help="of the pipeline and of dlt")
    parser.add_argument("--page-sizes", metavar="N,N", help="the pipeline alone with each of these page sizes instead")
    parser.add_argument("--bare", action="store_true", help="also what the requests of m365sync cost by themselves")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--growth", choices=tuple(growth.AXES), help="what this project costs along an axis instead")
    parser.add_argument("--points", metavar="N,N", help="of the axis; without it those of tests/bench/growth.py")
    parser.add_argument("--svg", type=Path, metavar="FOLDER", help="write the plots of --growth there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
