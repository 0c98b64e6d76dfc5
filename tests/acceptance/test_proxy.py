"""Both services and both sign-ins through a real proxy: from the environment or the configuration, or past it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from connector.cli.app import run
from tests.support.proxy import ConnectProxy, nobody
from tests.support.world import World

#: what is said of a proxy, for docs/troubleshooting.md
TOLD = (
    "Salesforce cannot be reached: the proxy http://proxy.example:1 does not answer",
    "Salesforce cannot be reached: the host name of the proxy http://proxy.example:1 is not known",
    "Salesforce cannot be reached: the proxy http://proxy.example:1 asks for a user and password (407 Authenticate)",
    "Salesforce cannot be reached: the proxy http://proxy.example:1 does not take the user and password given (407 A)",
    "Salesforce cannot be reached: the proxy http://proxy.example:1 does not connect it (403 Forbidden)",
    "the environment variable HTTPS_PROXY is not the address of a proxy, such as http://proxy.firm.example:8080",
    "the environment variable HTTPS_PROXY has to begin with http:// or https://",
)

SECRET = "hush:hush/@1"
QUOTED = "hush%3Ahush%2F%401"
VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "HTTP_PROXY")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def proxy() -> Iterator[ConnectProxy]:
    with ConnectProxy() as proxy:
        yield proxy


@pytest.fixture
def client_mail(firm: World) -> World:
    """One mail of a client waits."""
    firm.message("ada", toRecipients=["ada@firm.example"], **{"from": "rita@reed.example"})
    return firm


def place(world: World) -> str:
    return urlsplit(world.url).netloc


def with_http(world: World, tmp_path: Path, **http: Any) -> None:
    """The configuration of this world from now on."""
    data = yaml.safe_load(Path(world.config).read_text(encoding="utf-8"))
    data["http"] = {**data["http"], **http}
    data["tls"]["ca_file"] = str(Path(world.config).parent / data["tls"]["ca_file"])
    file = tmp_path / "proxied.yaml"
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    world.config = str(file)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_environment_names_it_for_all_that_is_sent(
    client_mail: World, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, proxy.url)
    assert client_mail.sync()["emails"] == 1
    assert set(proxy.asked) == {place(client_mail)}
    sent = [request for request in client_mail.requests() if request["service"] != "graph"]
    assert {request["service"] for request in sent} >= {"entra", "salesforce", "salesforce-auth"}
    # services are told nothing of it, and it is told no token
    assert not [line for line in proxy.headers if "authorization" in line.lower()]


def test_every_connection_of_a_run_is_a_tunnel(client_mail: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as down:  # were one request sent past the proxy, it would be answered
        monkeypatch.setenv("HTTPS_PROXY", down)
        client_mail.control("DELETE", "requests")
        client_mail.command("sync", "--json")
        client_mail.command("check", "--json")
    assert client_mail.requests() == []


def test_hosts_of_no_proxy_are_asked_past_it(
    client_mail: World, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "firm.internal, localhost")
    assert client_mail.sync()["emails"] == 1
    assert proxy.asked == []


def test_the_configuration_goes_before_the_environment(
    client_mail: World, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_http(client_mail, tmp_path, proxy=proxy.url)
    monkeypatch.setenv("NO_PROXY", "*")
    with nobody() as down:
        monkeypatch.setenv("HTTPS_PROXY", down)
        assert client_mail.sync()["emails"] == 1
    assert set(proxy.asked) == {place(client_mail)}


def test_a_password_reaches_the_proxy_and_nobody_else(
    client_mail: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with ConnectProxy(login=f"firm user:{SECRET}") as proxy:
        monkeypatch.setenv("FIRM_PROXY", f"http://firm%20user:{QUOTED}@{proxy.place}")
        with_http(client_mail, tmp_path, proxy="env:FIRM_PROXY")
        assert client_mail.sync()["emails"] == 1
        code = run(["--config", client_mail.config, "--debug", "config", "show"])
        shown = capfd.readouterr()
        assert (code, "proxy: env:FIRM_PROXY" in shown.out) == (0, True)

        wrong = monkeypatch.setenv("FIRM_PROXY", f"http://firm%20user:{QUOTED}no@{proxy.place}")
        assert wrong is None
        code = run(["--config", client_mail.config, "--debug", "sync", "--json"])
        said = capfd.readouterr()
        assert code == 3
        assert "hush" not in said.err + said.out + shown.out + shown.err
        assert f"the proxy {proxy.url} does not take the user and password given (407" in said.out
        assert "http.proxy" in said.out


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("407 Proxy Authentication Required", "asks for a user and password (407 Proxy Authentication Required)"),
        ("403 Forbidden", "does not connect it (403 Forbidden)"),
        ("502 Bad Gateway", "does not connect it (502 Bad Gateway)"),
    ],
)
def test_one_that_refuses_is_named_with_its_words(
    firm: World, monkeypatch: pytest.MonkeyPatch, status: str, words: str
) -> None:
    with ConnectProxy(refuses=status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        code, report, err = firm.command("sync", "--json")
        assert code == 3
        assert report is not None
        assert report["error"]["message"] == f"Salesforce cannot be reached: the proxy {proxy.url} {words}"
        assert report["error"]["where"] == place(firm)
        assert report["error"]["message"] in " ".join(err.split())
        # what it means to refuse is not asked again; what passes is
        assert len(proxy.asked) == (2 if status.startswith("5") else 1)
        code, report, _ = firm.command("check", "--json")
        assert report is not None
        found = {check["subject"]: check["detail"] for check in report["checks"] if check["name"] == "sign-in"}
        assert code == 1
        assert set(found) == {"Microsoft 365", "Salesforce"}
        assert all(f"the proxy {proxy.url} {words}" in detail for detail in found.values())


def test_one_that_is_down_is_named(firm: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody() as down:
        monkeypatch.setenv("https_proxy", down.replace("http://", f"http://me:{QUOTED}@"))
        code, report, err = firm.command("sync", "--json")
    assert code == 3
    assert report is not None
    assert report["error"]["message"] == f"Salesforce cannot be reached: the proxy {down} does not answer"
    assert report["error"]["remedy"].startswith("Check https_proxy")
    assert "hush" not in err


@pytest.mark.parametrize("value", ["socks5://proxy:1080", "http://", f"http://me:{SECRET}@:0", "http://a b:1"])
def test_a_variable_that_names_no_proxy_is_said_before_anybody_is_asked(
    firm: World, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    firm.control("DELETE", "requests")
    code, report, err = firm.command("sync", "--json")
    assert code == 2
    assert report is not None
    assert "http.proxy: the environment variable HTTPS_PROXY " in report["error"]["message"]
    assert "hush" not in err
    assert firm.requests() == []


def test_a_netrc_file_changes_nothing(
    client_mail: World, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login somebody password else\ndefault login x password y\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    assert client_mail.sync()["emails"] == 1
