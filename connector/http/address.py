"""Where a request goes: an address that a service names is checked, taken apart, and put together again from its parts.

Parsers disagree over odd addresses: `https://a\\@b/` is host b to one and host a to another. So nothing is decided by
one parser and sent by another: of an address only what follows the host is kept, and it is put behind our own origin.
"""

import re
from dataclasses import dataclass
from typing import Any, Self

import urllib3

_HTTPS = 443
#: host or address in brackets, port, and what follows: of the host only what stands in a DNS name, so no user,
#: no percent, no backslash, and no letter that merely looks like one of ours
_ABSOLUTE = re.compile(
    r"https://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?].*)?",
    re.IGNORECASE | re.ASCII,
)
#: what no address has in it; requests would take some of it out, others write it otherwise
_NEVER = re.compile(r"[\x00-\x1f\\\x7f-\x9f]")


class ForeignAddressError(ValueError):
    """The address is not one of this service: another host, port or scheme, or none that all read alike."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a service; the scheme is https."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The origin of a configured address. Raises ForeignAddressError."""
        found = cls._split(url)
        if found is None or _NEVER.search(url):
            raise ForeignAddressError(url)
        return found[0]

    def __str__(self) -> str:
        return f"https://{self.netloc}"

    @property
    def netloc(self) -> str:
        """Host, and port where it is not the usual one."""
        return self.host if self.port == _HTTPS else f"{self.host}:{self.port}"

    def address(self, url: Any) -> str:
        """The address that is sent to: `url` is a path, or an absolute address of this origin.

        Raises ForeignAddressError for anything else.
        """
        if not isinstance(url, str) or _NEVER.search(url):
            raise ForeignAddressError(str(url))
        if url.startswith("/") and not url.startswith("//"):
            rest = url
        else:
            found = self._split(url)
            if found is None or found[0] != self:
                raise ForeignAddressError(url)
            rest = found[1]
        address = f"{self}{rest if rest.startswith('/') else f'/{rest}'}"
        sent = urllib3.util.parse_url(address)  # what opens the connection
        if (sent.scheme, sent.auth, sent.host, sent.port or _HTTPS) != ("https", None, self.host, self.port):
            raise ForeignAddressError(url)
        return address

    @classmethod
    def _split(cls, url: str) -> tuple[Self, str] | None:
        """The origin and what follows it; None for what is no plain https address."""
        found = _ABSOLUTE.fullmatch(url.partition("#")[0])
        if found is None:
            return None
        return cls(found["host"].lower(), int(found["port"] or _HTTPS)), found["rest"] or "/"
