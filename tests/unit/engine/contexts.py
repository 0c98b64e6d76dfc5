"""What travels through a run, as tests of its parts need it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connector.core.deciding.exclude import Rules, compile_rules
from connector.engine.context import RunContext
from connector.engine.outcomes import OutcomeLedger
from connector.model.org import Setup
from connector.model.values import NormalAddress, RecordId
from connector.ports import Directory, MailSource


def context_of(
    setup: Setup,
    *,
    source: MailSource,
    directory: Directory,
    ledger: OutcomeLedger,
    rules: Rules | None = None,
    linked: Mapping[NormalAddress, RecordId] | None = None,
    **settings: Any,
) -> RunContext:
    """A run of this set-up, by its own rules and settings, but for those that are given."""
    assert setup.settings is not None
    return RunContext(
        setup=setup,
        settings=replace(setup.settings, **settings),
        rules=rules or compile_rules(setup.exclusions),
        linked=linked or {},
        source=source,
        directory=directory,
        ledger=ledger,
        key="run-1",
    )
