"""The national clouds: which sign-in host issues tokens for which Graph host (Graph: national cloud deployments).

A client reaches the sandbox under such a name by a transport of its own; the Host header says which cloud it means.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

#: Graph as the app registration knows it: by address, and by its application id, which is the same in all clouds.
GRAPH_ID = "00000003-0000-0000-c000-000000000000"
GRAPH_GLOBAL = "https://graph.microsoft.com"

GRAPH_HOSTS: Mapping[str, tuple[str, ...]] = {
    "login.microsoftonline.com": ("graph.microsoft.com",),
    "login.microsoftonline.us": ("graph.microsoft.us", "dod-graph.microsoft.us"),
    "login.chinacloudapi.cn": ("microsoftgraph.chinacloudapi.cn",),
    "login.partner.microsoftonline.cn": ("microsoftgraph.chinacloudapi.cn",),
}
INSTANCES: Mapping[str, str] = {
    "login.microsoftonline.us": "microsoftonline.us",
    "login.chinacloudapi.cn": "partner.microsoftonline.cn",
    "login.partner.microsoftonline.cn": "partner.microsoftonline.cn",
}
#: The names of each cloud's sign-in hosts, the one to ask first.
ALIASES: tuple[tuple[str, ...], ...] = (
    ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"),
    ("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
    ("login.microsoftonline.us", "login.usgovcloudapi.net"),
)
#: How tokens are keyed: in the global cloud by an older name.
CACHE_NAMES: Mapping[str, str] = {"login.microsoftonline.com": "login.windows.net"}
_DIRECTORY_HOSTS: Mapping[str, str] = {
    "login.chinacloudapi.cn": "graph.chinacloudapi.cn",
    "login.partner.microsoftonline.cn": "graph.chinacloudapi.cn",
}


def directory_host(base_url: str) -> str:
    """The cloud's Azure AD Graph, which discovery still names."""
    return _DIRECTORY_HOSTS.get(_host(base_url), "graph.windows.net")


def is_sign_in_host(host: str, base_url: str) -> bool:
    """Whether a host signs people in: that of a cloud, or the one that is being asked."""
    return host == _host(base_url) or any(host in names for names in ALIASES)


def resources(base_url: str) -> tuple[str, ...]:
    """The addresses for which a sign-in host issues Graph tokens; a local host stands in for the global cloud."""
    hosts = GRAPH_HOSTS.get(_host(base_url))
    if hosts is None:
        return (GRAPH_GLOBAL, GRAPH_ID, base_url.lower())
    return (*(f"https://{host}" for host in hosts), GRAPH_ID)


def accepts(base_url: str, audience: str) -> bool:
    """Whether Graph under this address takes a token for `audience`: tokens do not work across clouds."""
    host = _host(base_url)
    if any(host in graph for graph in GRAPH_HOSTS.values()):
        return audience in (f"https://{host}", GRAPH_ID)
    return audience in (GRAPH_GLOBAL, GRAPH_ID) or urlsplit(audience).hostname in ("localhost", "127.0.0.1", "::1")


def instance(base_url: str) -> tuple[str, str]:
    """The cloud's name and its Graph host, as discovery tells them."""
    host = _host(base_url)
    return INSTANCES.get(host, "microsoftonline.com"), GRAPH_HOSTS.get(host, ("graph.microsoft.com",))[0]


def _host(base_url: str) -> str:
    return urlsplit(base_url).hostname or ""
