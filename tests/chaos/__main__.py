"""The command: for so many minutes, round after round from the same state, and a line of a table for each round."""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.storm import COLUMNS, Firm, Storm, undisturbed


def main() -> int:
    """Rounds until the time is over, one at least. The exit code is 1 where a round left anything else."""
    asked = _parser().parse_args()
    firm = Firm(mailboxes=asked.mailboxes, messages=asked.messages, contacts=asked.contacts, seed=asked.seed)
    begun, wrong, number = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        stage = Path(scratch) / "stage"
        print(f"{firm.mailboxes} mailboxes with {firm.messages} messages each, seed {firm.seed}", file=sys.stderr)
        expected, now, seconds = undisturbed(firm, stage)
        print(f"undisturbed: {len(expected['emails'])} mails on record in {seconds:.0f} s", file=sys.stderr)
        print(COLUMNS.header(), flush=True)
        while not number or time.monotonic() - begun < asked.minutes * 60:
            number += 1
            folder = Path(scratch) / f"round-{number}"
            shutil.copytree(stage, folder)
            storm = Storm(
                folder, random.Random(f"{asked.seed}-{number}"), now=now, seconds=seconds, weather=asked.weather
            )
            result = storm.run(number, expected)
            print(COLUMNS.line(result), flush=True)
            for line in result.differences:
                print(f"   {line}", flush=True)
            wrong += not result.is_well
            shutil.rmtree(folder)
    print(f"{number} rounds, {wrong} with a difference, {time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="begin no further round after so long")
    parser.add_argument("--seed", type=int, default=1, help="of the firm, the weather and the kills")
    parser.add_argument("--mailboxes", type=int, default=8)
    parser.add_argument("--messages", type=int, default=100, help="in each mailbox, about")
    parser.add_argument("--contacts", type=int, default=300)
    parser.add_argument("--weather", choices=("calm", "normal", "rough"), default="rough")
    return parser


if __name__ == "__main__":
    sys.exit(main())
