"""`m365sync` and `python -m connector`."""

import sys

from connector.cli.app import run


def main() -> None:
    """Run the command line and exit with its code (0 done, 1 something failed, 2 usage, 3 service)."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
