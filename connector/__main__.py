"""`m365sync` and `python -m connector`."""

import gc
import sys

from connector.cli.app import run
from connector.cli.output import PatientErrors


def main() -> None:
    """Run the command line and exit with its code (0 done, 1 something failed, 2 usage, 3 service)."""
    # A run holds thousands of messages at a time, none of them in a cycle: looking for cycles less often takes
    # processor time off both sides of scripts/bench (10.2 s to 9.5 s in the connector).
    gc.set_threshold(100_000, 20, 100)
    if sys.stderr is not None:  # a process may be begun without
        sys.stderr = PatientErrors(sys.stderr)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
