"""docs/sandbox.md names every control call, every key and every value there is to choose from."""

import re
from pathlib import Path

import pytest
from m365sandbox.control.urls import ROUTES
from m365sandbox.graph.delivery.members import SCAN_SECONDS
from m365sandbox.graph.models import MAILBOX_STATES, TenantSettings
from m365sandbox.graph.users.directory import GIVEN, GIVEN_ACCESS, GIVEN_STATE
from m365sandbox.options import FIRMS
from m365sandbox.salesforce.org import OrgState
from m365sandbox.traffic import DROPS, FAULT_SERVICES, Fault
from m365sandbox.weather import GIVEN_WEATHER, WEATHERS

TEXT = (Path(__file__).parents[4] / "docs" / "sandbox.md").read_text("utf-8")
TENANT = TenantSettings()
KEYS = [
    *GIVEN,
    GIVEN_STATE,
    *GIVEN_ACCESS,
    *GIVEN_WEATHER,
    *WEATHERS,
    *MAILBOX_STATES,
    *OrgState().as_json(),
    *TENANT.as_json(),
    *(value for values in TENANT.CHOICES.values() for value in values),
    *(name for name in Fault(id="f1").as_json() if name != "id"),
    *("status", "body", "method", "path", "drop"),
    *FAULT_SERVICES,
    *DROPS,
]


@pytest.mark.parametrize("key", sorted(set(KEYS)))
def test_every_key_and_value_is_named(key: str) -> None:
    assert re.search(rf"`{key}`", TEXT)


@pytest.mark.parametrize("route", ROUTES, ids="/".join)
def test_every_call_is_named_with_its_methods(route: tuple[str, ...]) -> None:
    path = re.escape("/sandbox/" + "/".join(route)).replace(r"\*", r"\{(?:upn|client_id)\}")
    (methods,) = re.findall(rf"^\| ([^|]*{path}[?`][^|]*) \|", TEXT, re.MULTILINE)
    for method in ROUTES[route]:
        assert method in methods


@pytest.mark.parametrize("firm", FIRMS)
def test_every_firm_is_told(firm: str) -> None:
    assert f"\n| {firm} |" in TEXT


def test_the_scan_of_attachments_is_told() -> None:
    assert f'"{SCAN_SECONDS}"' in TEXT
