"""Who may call: programs on this machine, and pages that it serves itself; never a page of another site in a browser.

A browser sends to a loopback port what any page tells it to. Such a page is known by what the browser adds: `Origin`,
`Sec-Fetch-Site`, and, where a name of its own was made to lead here (DNS rebinding), by the `Host`.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: where a browser is sent from anywhere, and comes to by itself: the pages of a sign-in
_SIGN_IN = ("entra", "salesforce-auth")


def refusal(service: str, method: str, headers: Mapping[str, str]) -> str | None:
    """Why this call is refused, None where it is not. Names of `headers` in lower case; `service` as the log says."""
    host = headers.get("host")
    if host is not None and not _is_loopback(f"//{host}"):
        return f"the sandbox answers to localhost, not to {host[:100]}"
    if service in _SIGN_IN and method == "GET" and headers.get("sec-fetch-mode") == "navigate":
        return None
    origin = headers.get("origin")
    if origin is not None and not _is_loopback(origin):
        return f"the sandbox is not for pages of {origin[:100]}"
    if headers.get("sec-fetch-site") == "cross-site":
        return "the sandbox is not for pages of other sites"
    return None


def _is_loopback(url: str) -> bool:
    """Whether the host of an origin, or of `//host:port`, is this machine. What is no address is not."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = parts.username is None and not parts.path.strip("/") and "\\" not in url and "," not in url
    return plain and (parts.hostname or "") in _LOOPBACK
