"""pytest's hooks of both suites, which load it as a plugin: -p testkit.suite.

Groups that run with CI=true only, hypothesis profiles, and the check of every answer of Graph.
"""

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from testkit.csdl.session import (  # noqa: F401 - pytest's hooks: every answer of Graph is checked
    pytest_configure,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_unconfigure,
)

GROUPS = ("node", "browser", "services", "slow")
IN_CI = os.environ.get("CI") == "true"

# Collected less often, the suite takes a seventh less time: thousands of schemas and clients live and die in it.
gc.set_threshold(100_000, 20, 100)

settings.register_profile("quick", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=200)
settings.load_profile("ci" if IN_CI else "quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the large groups by name unless CI=true."""
    if IN_CI:
        return
    for item in items:
        for group in GROUPS:
            if item.get_closest_marker(group):
                item.add_marker(pytest.mark.skip(reason=f"group {group}: runs with CI=true"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With CI=true nothing may be skipped."""
    outcome: Any = yield
    report = outcome.get_result()
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and with CI=true nothing may be: {report.longrepr}"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, no certificate bundle and no configuration of the person who runs the tests."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "M365SYNC_CONFIG"):
        monkeypatch.delenv(name, raising=False)
