"""An org per test."""

from collections.abc import Iterator

import pytest
from responses import RequestsMock

from tests.unit.salesforce.org import Org


@pytest.fixture
def org() -> Iterator[Org]:
    with RequestsMock(assert_all_requests_are_fired=False) as wire:
        org = Org(wire)
        yield org
        org.transport.close()
