"""Whom connections trust: the public certificate authorities, or those of one file; read once in a process."""

import os
import ssl
from functools import lru_cache
from typing import Any

import certifi
from requests.adapters import HTTPAdapter

from connector.errors import UsageError
from connector.http.bounds import BoundedPool
from connector.http.proxies import Proxy


class TlsAdapter(HTTPAdapter):
    """One TLS context for all connections: reading the authorities anew for each costs more than the handshake.

    With a `proxy` they are tunnels through it, which nothing but its name and the host of the service is told.
    """

    def __init__(self, tls: ssl.SSLContext, proxy: Proxy | None = None) -> None:
        self._tls = tls
        self._proxy = proxy
        super().__init__(pool_connections=2, pool_maxsize=4, max_retries=0)

    def init_poolmanager(self, *args: Any, **how: Any) -> None:
        """Give the context to the pools, and have answers bounded."""
        super().init_poolmanager(*args, ssl_context=self._tls, **how)
        self.poolmanager.pool_classes_by_scheme = {"https": BoundedPool}

    def proxy_manager_for(self, proxy: str, **how: Any) -> Any:
        """As for connections without a proxy, and the same authorities for a proxy that speaks TLS itself."""
        manager = super().proxy_manager_for(proxy, ssl_context=self._tls, proxy_ssl_context=self._tls, **how)
        manager.pool_classes_by_scheme = {"https": BoundedPool}
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        """What the proxy alone is told."""
        del proxy  # its address holds no password
        authorization = self._proxy.authorization if self._proxy is not None else None
        return {} if authorization is None else {"Proxy-Authorization": authorization}

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> tuple[Any, Any]:
        """Keep requests from naming certificate files of its own."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._tls}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The context verifies; nothing is added per connection."""


def trusted(ca_file: str | None) -> ssl.SSLContext:
    """The context that trusts the authorities of a file, or the public ones. Raises UsageError for the file."""
    path = ca_file or certifi.where()
    try:
        return _authorities(path, os.stat(path).st_mtime_ns)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            "The certificate authorities cannot be read",
            where=f"tls.ca_file: {ca_file}",
            remedy="Name a readable PEM file, or leave it out to trust the public authorities.",
        ) from error


@lru_cache(maxsize=4)
def _authorities(path: str, _changed: int) -> ssl.SSLContext:
    """The context of a file: read once in a process, and again when the file was changed."""
    return ssl.create_default_context(cafile=path)
