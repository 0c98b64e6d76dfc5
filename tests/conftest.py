"""What all tests of the connector share: a clean log, one sandbox per worker."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from testkit.serving import WEATHER, serving

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """A command configures structlog with the standard error of its test, which is closed afterwards."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A sandbox without a firm in a process of its own: its ready line."""
    with serving(tmp_path_factory.mktemp("sandbox"), "--firm", "none", "--weather", WEATHER) as line:
        yield line


@pytest.fixture
def world(ready: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> "Iterator[World]":
    """The sandbox as it was right after `up`, to be furnished by the test."""
    # imported here: a unit test needs none of the commands, whose import would take half its time
    from tests.support.world import World

    with World(ready, capfd) as world:
        world.reset()
        yield world
