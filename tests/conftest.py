"""What all tests share: groups that run with CI=true only, a clean environment, one sandbox per worker."""

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import settings

from tests.coverage_rows import Ran
from tests.csdl import session as graph_answers
from tests.csdl.session import (  # noqa: F401 - pytest's hooks: every answer of Graph is checked
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_unconfigure,
)

if TYPE_CHECKING:
    from tests.world import World

GROUPS = ("node", "browser", "slow")
IN_CI = os.environ.get("CI") == "true"

# Collected less often, the suite takes a seventh less time: thousands of schemas and clients live and die in it.
gc.set_threshold(100_000, 20, 100)

settings.register_profile("quick", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=200)
settings.load_profile("ci" if IN_CI else "quick")


def pytest_configure(config: pytest.Config) -> None:
    """Watch over the run as a whole."""
    graph_answers.pytest_configure(config)
    if IN_CI and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Ran(config))


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
def own_logging() -> Iterator[None]:
    """A command configures structlog with the standard error of its test, which is closed afterwards."""
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, no certificate bundle and no configuration of the person who runs the tests."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "M365SYNC_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A sandbox without a firm in a process of its own: its ready line."""
    folder: Path = tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "connector", "sandbox", "up", "--firm", "none", "--dir", str(folder)]
    command += ["--weather", os.environ.get("M365SYNC_TEST_WEATHER", "calm")]  # with any other: -m "not calls"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the sandbox did not start: see its error above"
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        process.stdout.close()


@pytest.fixture
def world(ready: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> "Iterator[World]":
    """The sandbox as it was right after `up`, to be furnished by the test."""
    # imported here: a unit test needs none of the commands, whose import would take half its time
    from tests.world import World

    with World(ready, capfd) as world:
        world.reset()
        yield world
