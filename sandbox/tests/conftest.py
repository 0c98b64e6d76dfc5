"""What all tests of the sandbox share: one running sandbox per worker, and the proof of COVERAGE.md."""

from collections.abc import Iterator
from typing import Any

import pytest
from testkit.serving import WEATHER, serving
from testkit.suite import IN_CI

from tests.support.coverage_rows import Ran
from tests.support.sandbox_client import SandboxClient


def pytest_configure(config: pytest.Config) -> None:
    """Watch over the run as a whole."""
    if IN_CI and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Ran(config))


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A sandbox without a firm in a process of its own: its ready line."""
    with serving(tmp_path_factory.mktemp("sandbox"), "--firm", "none", "--weather", WEATHER) as line:
        yield line


@pytest.fixture
def running(ready: dict[str, Any]) -> Iterator[SandboxClient]:
    """The sandbox as it was right after `up`."""
    client = SandboxClient(ready)
    try:
        client.control("POST", "reset").raise_for_status()
        yield client
    finally:
        client.close()
