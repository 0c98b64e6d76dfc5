"""Sessions of requests as the transport needs them, and as code that is not ours gets them."""

from collections.abc import Callable
from typing import Any

import requests


class PlainSession(requests.Session):
    """A session that follows no redirect, and does not look where one leads: what stands there may be no address."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class LentSession(requests.Session):
    """A session whose requests go through a service; its own adapters and settings are never used."""

    def __init__(self, send: Callable[..., requests.Response]) -> None:
        super().__init__()
        self._send_through = send

    def request(self, method: Any, url: Any, *args: Any, **how: Any) -> requests.Response:
        """As `requests.Session.request`, by keyword only; TLS, proxies, redirects and hooks are the transport's."""
        if args:
            raise TypeError("pass params, data and headers by keyword")
        for name in ("allow_redirects", "verify", "proxies", "cert", "hooks"):
            how.pop(name, None)
        return self._send_through(str(method), str(url), **how)
