"""Rules removed one at a time: each named test must fail then (`scripts/mutants`)."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """One change that breaks a rule, and the test that must notice."""

    file: str
    """Relative to the checkout."""
    text: str
    """Occurs exactly once in the file."""
    replacement: str
    test: str
    """A pytest node id, relative to the checkout."""
