"""What the tests of clients share: what jsforce found, once for each address and worker."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from testkit.serving import serving

from tests.support.node_process import node


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The ready line of a sandbox with both ports."""
    folder = tmp_path_factory.mktemp("jsforce")
    with serving(folder, "--http") as line:
        yield line


def drive(ready: dict[str, Any], url: str) -> dict[str, Any]:
    """What every scenario found at this address."""
    org = ready["salesforce"]
    settings = {
        "url": url,
        "token": org["admin"]["access_token"],
        "username": org["integration"]["username"],
        "clientId": org["client_id"],
        "clientSecret": org["client_secret"],
        "privateKey": Path(org["private_key"]).read_text(encoding="utf-8"),
    }
    found: dict[str, Any] = node("jsforce.mjs", stdin=settings, NODE_EXTRA_CA_CERTS=ready["ca"])
    return {**found, "ready": ready, "url": url}


@pytest.fixture(scope="session")
def over_https(served: dict[str, Any]) -> dict[str, Any]:
    return drive(served, served["url"])


@pytest.fixture(scope="session")
def over_http(served: dict[str, Any], over_https: dict[str, Any]) -> dict[str, Any]:
    """A second round in the same org: scenarios count their own rows only once."""
    subprocess.run(
        [sys.executable, "-c", _RESET, f"{served['url']}/sandbox/reset", served["ca"]],
        check=True,
        timeout=60,
    )
    assert over_https
    return drive(served, served["http_url"])


_RESET = "import requests, sys; requests.post(sys.argv[1], verify=sys.argv[2], timeout=30).raise_for_status()"


@pytest.fixture(params=["https", "http"])
def found(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the scenarios found, once over HTTPS and once over HTTP."""
    driven: dict[str, Any] = request.getfixturevalue(f"over_{request.param}")
    return driven
