"""Whether the sandbox is installed: `demo` and `sandbox` need it, a production install holds none of it."""

from importlib.util import find_spec

from connector.errors import UsageError


def require_sandbox() -> None:
    """Raise UsageError, with the command that installs it, where the sandbox is not there."""
    if find_spec("m365sandbox") is None:
        raise UsageError(
            "The sandbox is not installed",
            where="m365sync",
            remedy="Install it from the checkout: pip install ./sandbox.",
        )
