"""The firm that most scenarios begin with."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.lax_org import lax_org
from tests.support.world import World


@pytest.fixture
def firm(world: World) -> World:
    """An adviser and a client; unmatched mail is dropped."""
    return _furnished(world)


@pytest.fixture(scope="session")
def lax_ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with lax_org(tmp_path_factory.mktemp("lax")) as ready:
        yield ready


@pytest.fixture
def lax_world(lax_ready: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> Iterator[World]:
    """An empty org whose validation rules are off: what they refuse can be there, as in an org of before."""
    with World(lax_ready, capfd) as world:
        world.reset()
        yield world


@pytest.fixture
def lax_firm(lax_world: World) -> World:
    """The same firm in such an org."""
    return _furnished(lax_world)


def _furnished(world: World) -> World:
    world.settings()
    world.internal_domain()
    world.adviser("ada")
    world.client("Rita", "Reed", "rita@reed.example")
    return world
