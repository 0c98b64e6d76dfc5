"""Why no answer came: exceptions of requests as kinds of core/scheduling/retry.py, and as text for the admin."""

import re
import ssl
from typing import Literal

import requests
import urllib3

from connector.errors import NoAnswerError, TooLargeError, UnreachableError, UnreadableAnswerError
from connector.http.proxies import SETTING, Proxy

#: statuses of a failure of the server, which may be that of one item of what was asked for
OF_THE_SERVER = frozenset({500, 502, 503, 504})
_LOST = (
    requests.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


#: what http.client raises where a proxy answers CONNECT with anything but 200; the reason is the proxy's, and cut
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3}[^\x00-\x1f\x7f-\x9f]{0,60})")


class BrokenAnswerError(requests.RequestException):
    """An answer with a good status whose body is not JSON, such as the HTML page of a gateway."""


class LargeAnswerError(requests.RequestException):
    """An answer that is larger than its kind may be; asking once more would bring it once more."""


def kind_of(error: requests.RequestException) -> Literal["connection", "timeout"] | None:
    """The kind of a failure without an answer, for core/scheduling/retry.py; None where sending again cannot help."""
    if is_untrusted(error) or (_refused_tunnel(error) or "5")[0] != "5":
        return None
    if isinstance(error, requests.Timeout):
        return "timeout"
    if isinstance(error, (BrokenAnswerError, *_LOST)):
        return "connection"
    return None


def meaning(error: requests.RequestException) -> type[UnreachableError]:
    """What it means for the caller that no answer came."""
    if is_late(error):
        return NoAnswerError
    if isinstance(error, LargeAnswerError):
        return TooLargeError
    return UnreadableAnswerError if isinstance(error, BrokenAnswerError) else UnreachableError


def explained(error: requests.RequestException, check: str, *, proxy: Proxy | None = None) -> tuple[str, str]:
    """What happened and what to do, for each kind of RequestException; `proxy` is the one that it was sent through."""
    if proxy is not None and (found := _of_proxy(error, proxy)) is not None:
        return found
    if is_untrusted(error):
        return (
            "its certificate is not trusted",
            f"Name the authority that signed it in tls.ca_file. {check}.",
        )
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS connection failed", f"{check}, and that the port speaks HTTPS."
    if isinstance(error, LargeAnswerError):
        return str(error), "Report it if it stays; what was asked for may be cut into smaller parts."
    if is_late(error):
        return "it did not answer in time", "Try again later, or raise http.timeout_seconds."
    if _name_unknown(error):
        return "its host name is not known", f"{check}, and the name resolution of this machine."
    if isinstance(error, requests.Timeout):
        return "no connection came about in time", f"{check}, and that a firewall lets this machine through."
    if never_connected(error):
        return "the connection was refused", f"{check}, and that a firewall lets this machine through."
    if isinstance(error, BrokenAnswerError):
        return "it answered with something that is not JSON", f"{check}; a proxy or gateway may stand between."
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return "its address is not valid", f"{check}."
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "the connection was lost", "Try again; the next run resumes where this one stopped."
    return f"the request failed ({type(error).__name__})", f"{check}."


def _of_proxy(error: requests.RequestException, proxy: Proxy) -> tuple[str, str] | None:
    """The same, where it is the proxy that did not connect us; None where the service is to be looked at."""
    status = _refused_tunnel(error)
    if status is not None and status.startswith("407"):
        lacks = "does not take the user and password given" if proxy.authorization else "asks for a user and password"
        return (
            f"the proxy {proxy.url} {lacks} ({status})",
            f"Write them into {proxy.setting}, as http://USER:PASSWORD@HOST:PORT, special characters percent-encoded"
            + (", by way of env:NAME or file:PATH." if proxy.setting == SETTING else "."),
        )
    if status is not None:
        return (
            f"the proxy {proxy.url} does not connect it ({status})",
            "Have the proxy let this machine through to the host that is named, port 443 included, or list the host in "
            "NO_PROXY if it is to be reached without.",
        )
    if not isinstance(error, requests.exceptions.ProxyError):
        return None
    if _name_unknown(error):
        return f"the host name of the proxy {proxy.url} is not known", f"Check {proxy.setting}."
    if is_untrusted(error) or any(isinstance(cause, ssl.SSLError) for cause in causes(error)):
        return (
            f"the proxy {proxy.url} does not speak TLS that is trusted",
            f"Write http:// in {proxy.setting}, or name the authority of its certificate in tls.ca_file.",
        )
    return (
        f"the proxy {proxy.url} does not answer",
        f"Check {proxy.setting}, and that the proxy is up and lets this machine in.",
    )


def _refused_tunnel(error: BaseException) -> str | None:
    """The status line with which a proxy refused to connect us, `403 Forbidden`; None where none did."""
    found = (_TUNNEL.match(str(cause)) for cause in causes(error) if isinstance(cause, OSError))
    return next((match[1] for match in found if match is not None), None)


def causes(error: BaseException) -> list[BaseException]:
    """The error and the errors that urllib3 wrapped in it."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return found


def never_connected(error: BaseException) -> bool:
    """Whether nothing was sent, so that sending it now is the first time."""
    return any(
        isinstance(cause, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)
        for cause in causes(error)
    )


def is_late(error: BaseException) -> bool:
    """Whether the service got the request and did not answer in time, so that it may still be at it."""
    return isinstance(error, requests.Timeout) and not never_connected(error)


def _name_unknown(error: BaseException) -> bool:
    return any(isinstance(cause, urllib3.exceptions.NameResolutionError) for cause in causes(error))


def is_untrusted(error: BaseException) -> bool:
    """Whether the service showed a certificate that no trusted authority has signed."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error))
