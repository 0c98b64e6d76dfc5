"""Through which proxy a service is asked: that of `http.proxy`, or what HTTPS_PROXY and NO_PROXY say.

Nothing else of the environment counts. The password of a proxy stands in no address that is sent, shown or logged.
"""

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

#: the key of the configuration, as errors name it
SETTING = "http.proxy"
#: in this order, as curl and requests look them up
_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_EXCEPTIONS = ("no_proxy", "NO_PROXY")
_PLACE = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class ProxyError(ValueError):
    """What was given is no address of a proxy; the text says what is wrong with it, and quotes none of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Proxy:
    """A proxy that is asked to connect us. `url` has no user and no password; `setting` is what names it."""

    url: str
    setting: str
    #: the value of Proxy-Authorization, if it wants one
    authorization: str | None = None

    @classmethod
    def of(cls, text: str, setting: str) -> Self:
        """A proxy by its address, `[http://][USER:PASSWORD@]HOST[:PORT]`. Raises ProxyError."""
        text = text.strip()
        scheme, _, rest = text.partition("://") if re.match("[A-Za-z0-9+]+://", text) else ("http", "", text)
        if scheme.lower() not in _DEFAULT_PORTS:
            raise ProxyError("has to begin with http:// or https://")
        login, _, place = rest.rpartition("@")
        parts = _PLACE.fullmatch(place)
        port = int(parts["port"] or _DEFAULT_PORTS[scheme.lower()]) if parts is not None else 0
        if parts is None or not 0 < port < 65536:
            raise ProxyError("is not the address of a proxy, such as http://proxy.firm.example:8080")
        user, _, password = login.partition(":")
        basic = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
        return cls(
            url=f"{scheme.lower()}://{parts['host'].lower()}:{port}",
            setting=setting,
            authorization=f"Basic {basic}" if login else None,
        )

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"


@dataclass(frozen=True, slots=True)
class ProxyChoice:
    """One proxy for all services, or none, and the hosts that are asked without it."""

    proxy: Proxy | None = None
    exceptions: tuple[str, ...] = ()

    @classmethod
    def of(cls, configured: str | None, environ: Mapping[str, str]) -> Self:
        """`configured` is that of `http.proxy`, for all hosts; where there is none, the environment says. Raises
        ProxyError, which names the variable."""
        if configured is not None:
            return cls(proxy=Proxy.of(configured, SETTING))
        name = next((name for name in _VARIABLES if environ.get(name, "").strip()), None)
        if name is None:
            return cls()
        listed = next((environ[name] for name in _EXCEPTIONS if environ.get(name, "").strip()), "")
        try:
            proxy = Proxy.of(environ[name], name)
        except ProxyError as error:
            raise ProxyError(f"the environment variable {name} {error}") from None
        return cls(proxy=proxy, exceptions=tuple(re.split(r"[\s,]+", listed.strip().lower())))

    def for_host(self, host: str, port: int) -> Proxy | None:
        """The proxy that connects us with a host, or None."""
        excepted = any(_is_meant(entry, host.lower().strip("[]"), port) for entry in self.exceptions if entry)
        return None if excepted else self.proxy


def _is_meant(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY covers a host: `*`, a name and those below it, an address or a range of them."""
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name, _, wanted = entry.rpartition(":") if re.search(r":[0-9]+$", entry) else (entry, "", "")
    if wanted and int(wanted) != port:
        return False
    name = name.strip("[]").removeprefix("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))
