"""Which proxy a host is asked through."""

import base64

import pytest

from connector.http.proxies import Proxy, ProxyChoice, ProxyError

URL = "http://proxy.firm.example:3128"


@pytest.mark.parametrize(
    ("text", "url", "login"),
    [
        ("http://proxy.firm.example:3128/", URL, None),
        ("proxy.firm.example:3128", URL, None),
        ("HTTP://Proxy.Firm.Example:3128", URL, None),
        ("https://proxy", "https://proxy:443", None),
        ("proxy", "http://proxy:80", None),
        ("http://[::1]:8080", "http://[::1]:8080", None),
        ("http://me:pass@proxy.firm.example:3128", URL, "me:pass"),
        ("http://me:p%40s%3As@proxy.firm.example:3128", URL, "me:p@s:s"),
        ("http://me:p@s://s@proxy.firm.example:3128", URL, "me:p@s://s"),
        ("me:p://s@proxy.firm.example:3128", URL, "me:p://s"),
        ("http://only@proxy.firm.example:3128", URL, "only:"),
        ("http://Zoë:ü@proxy.firm.example:3128", URL, "Zoë:ü"),
    ],
)
def test_an_address_without_what_is_secret(text: str, url: str, login: str | None) -> None:
    proxy = Proxy.of(text, "http.proxy")
    assert proxy.url == url
    wanted = None if login is None else f"Basic {base64.b64encode(login.encode()).decode()}"
    assert proxy.authorization == wanted
    assert repr(proxy) == f"Proxy({url!r})"


@pytest.mark.parametrize(
    "text", ["", "http://", "socks5://p:1", "ftp://p", "http://p:0", "http://p:70000", "http://p/path", "http://a b"]
)
def test_what_is_no_proxy(text: str) -> None:
    with pytest.raises(ProxyError):
        Proxy.of(text, "http.proxy")


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": "http://other"}, None),
        ({"HTTPS_PROXY": URL}, URL),
        ({"https_proxy": URL, "HTTPS_PROXY": "http://other"}, URL),
        ({"ALL_PROXY": URL}, URL),
        ({"HTTPS_PROXY": URL, "ALL_PROXY": "http://other"}, URL),
    ],
)
def test_the_environment(environ: dict[str, str], found: str | None) -> None:
    proxy = ProxyChoice.of(None, environ).for_host("graph.microsoft.com", 443)
    assert (proxy and proxy.url) == found


@pytest.mark.parametrize(
    ("listed", "host", "past"),
    [
        ("*", "graph.microsoft.com", True),
        ("microsoft.com", "graph.microsoft.com", True),
        (".microsoft.com", "graph.microsoft.com", True),
        ("*.microsoft.com", "graph.microsoft.com", True),
        ("a.example  Graph.Microsoft.Com", "graph.microsoft.com", True),
        ("a.example,graph.microsoft.com:443", "graph.microsoft.com", True),
        ("graph.microsoft.com:8443", "graph.microsoft.com", False),
        ("soft.com", "graph.microsoft.com", False),
        ("raph.microsoft.com, ,", "graph.microsoft.com", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "graph.microsoft.com", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("::1", "[::1]", True),
        ("", "graph.microsoft.com", False),
    ],
)
def test_hosts_that_are_asked_past_it(listed: str, host: str, past: bool) -> None:
    choice = ProxyChoice.of(None, {"HTTPS_PROXY": URL, "NO_PROXY": listed})
    assert (choice.for_host(host, 443) is None) is past
    assert ProxyChoice.of(URL, {"NO_PROXY": listed}).for_host(host, 443) is not None


def test_lower_case_exceptions_count_first() -> None:
    choice = ProxyChoice.of(None, {"HTTPS_PROXY": URL, "NO_PROXY": "a.example", "no_proxy": "b.example"})
    assert choice.for_host("a.example", 443) is not None
    assert choice.for_host("b.example", 443) is None
