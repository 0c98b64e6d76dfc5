"""The firm that most scenarios begin with."""

import pytest

from tests.support.world import World


@pytest.fixture
def firm(world: World) -> World:
    """An adviser and a client; unmatched mail is dropped."""
    world.settings()
    world.internal_domain()
    world.adviser("ada")
    world.client("Rita", "Reed", "rita@reed.example")
    return world
