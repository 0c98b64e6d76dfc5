"""A served sandbox and a plain client of it."""

from typing import Any

import requests
from simple_salesforce.api import Salesforce


class SandboxClient:
    """Requests to a running sandbox, over TLS checked against its CA. `graph` signs in first."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self.url: str = ready["url"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ready["ca"]
        self._token: str | None = None
        #: Salesforce as the admin sees it
        self.org = Salesforce(
            instance_url=self.url,
            session_id=ready["salesforce"]["admin"]["access_token"],
            session=self.session,
            version="64.0",
        )

    def control(self, method: str, path: str, **more: Any) -> requests.Response:
        """A control call."""
        return self.session.request(method, f"{self.url}/sandbox/{path}", timeout=30, **more)

    def graph(self, path: str, method: str = "GET", **more: Any) -> requests.Response:
        """A Graph request with a token."""
        headers = {"Authorization": f"Bearer {self.token()}", **more.pop("headers", {})}
        return self.session.request(method, f"{self.url}/v1.0/{path}", headers=headers, timeout=30, **more)

    def token(self) -> str:
        """An access token for Graph, kept."""
        if self._token is None:
            graph = self.ready["graph"]
            form = {
                "grant_type": "client_credentials",
                "client_id": graph["client_id"],
                "client_secret": graph["client_secret"],
                "scope": f"{self.url}/.default",
            }
            url = f"{self.url}/{graph['tenant']}/oauth2/v2.0/token"
            self._token = str(self.session.post(url, data=form, timeout=30).json()["access_token"])
        return self._token

    def close(self) -> None:
        """Let go of the connections."""
        self.session.close()
