"""Whom connections trust: the public certificate authorities, or those of one file; read once in a process."""

import os
import ssl
from functools import lru_cache
from typing import Any

import certifi
from requests.adapters import HTTPAdapter

from connector.errors import UsageError
from connector.http.bounds import BoundedPool


class TlsAdapter(HTTPAdapter):
    """One TLS context for all connections: reading the authorities anew for each costs more than the handshake."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        super().__init__(pool_connections=2, pool_maxsize=4, max_retries=0)

    def init_poolmanager(self, *args: Any, **how: Any) -> None:
        """Give the context to the pools, and have answers bounded."""
        super().init_poolmanager(*args, ssl_context=self._tls, **how)
        self.poolmanager.pool_classes_by_scheme = {"https": BoundedPool}

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
