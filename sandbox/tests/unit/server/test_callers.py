"""Who may call the sandbox, and who may read its folder: programs of this machine's user, no page of another site."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest
import requests
from m365sandbox.callers import refusal
from m365sandbox.up import UpOptions, started

EVIL = "http://evil.example"


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, Any]]:
    with started(UpOptions(http=True)) as line:
        yield line


def ask(ready: dict[str, Any], path: str, *, secure: bool, method: str = "GET", **headers: str) -> int:
    base = ready["url"] if secure else ready["http_url"]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, base + path, headers=named, verify=ready["ca"], timeout=30).status_code


CALLS = [
    ("/sandbox/requests", "GET"),
    ("/sandbox/reset", "POST"),
    ("/sandbox/clock", "OPTIONS"),
    ("/v1.0/users", "GET"),
    ("/services/data/v66.0/query?q=x", "GET"),
    ("/services/oauth2/token", "POST"),
]
HOSTILE = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "https://localhost.evil.example"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "http://127.0.0.1.evil.example:8000"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Host": "evil.example"},
    {"Host": "evil.example:443"},
    {"Host": "localhost.evil.example"},
    {"Host": "localhost@evil.example"},
    {"Host": "192.168.1.7"},
    {"Host": "10.0.0.1:443"},
    {"Host": "sandbox.localhost"},
]


@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
@pytest.mark.parametrize(("path", "method"), CALLS)
def test_a_page_of_another_site_is_refused_and_changes_nothing(
    ready: dict[str, Any], path: str, method: str, secure: bool
) -> None:
    for headers in HOSTILE:
        assert ask(ready, path, secure=secure, method=method, **headers) == 403, headers


@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost"},
        {"Host": "127.0.0.1:9"},
        {"Host": "[::1]:9"},
        {"Host": "LOCALHOST"},
        {"Origin": "http://localhost:5173"},
        {"Origin": "https://127.0.0.1:9", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
def test_programs_and_own_pages_are_answered(ready: dict[str, Any], secure: bool, headers: dict[str, str]) -> None:
    assert ask(ready, "/sandbox/requests", secure=secure, **headers) == 200


def test_a_browser_may_be_sent_to_sign_in_from_anywhere_and_to_nothing_else() -> None:
    sent = {"host": "localhost", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert refusal("entra", "GET", sent) is None
    assert refusal("salesforce-auth", "GET", sent) is None
    for service, method in (("entra", "POST"), ("sandbox", "GET"), ("graph", "GET"), ("salesforce", "GET")):
        assert refusal(service, method, sent) is not None
    assert refusal("entra", "GET", {**sent, "host": "evil.example"}) is not None


# -- the folder -------------------------------------------------------------------------------------------------------


def modes(folder: Path) -> dict[str, int]:
    return {path.name: S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """A process whose new files others may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_to_all")
@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
def test_the_folder_and_all_in_it_is_its_owners(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "d"
    if there:
        folder.mkdir(mode=0o777)
    with started(UpOptions(dir=folder, firm="small")):
        found = modes(folder)
    assert found.pop("d") == 0o700
    assert {"salesforce.db", "graph.db", "salesforce.db-wal", "mail.json", "lock", "ca.pem", "complete"} <= found.keys()
    assert set(found.values()) == {0o600}


@pytest.mark.usefixtures("open_to_all")
def test_a_folder_of_an_earlier_version_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    with started(UpOptions(dir=folder)):
        pass
    for path in (folder, *folder.iterdir()):
        path.chmod(0o777 if path is folder else 0o644)
    with started(UpOptions(dir=folder)):
        found = modes(folder)
    assert found.pop("d") == 0o700
    assert set(found.values()) == {0o600}


def test_a_folder_with_other_things_keeps_its_rights(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    (folder / "letter.txt").write_text("x")
    (folder / "letter.txt").chmod(0o644)
    with started(UpOptions(dir=folder)):
        found = modes(folder)
    assert found.pop("d") == 0o755
    assert found.pop("letter.txt") == 0o644
    assert set(found.values()) == {0o600}
