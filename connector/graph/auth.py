"""Sign-in to Microsoft Entra through msal. One app object for the process: each has its own token cache."""

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msal
import requests
from msal.exceptions import MsalServiceError

from connector.errors import SignInError, UnreachableError

#: what to do about the AADSTS codes that admins meet (learn.microsoft.com: Microsoft Entra error codes)
REMEDIES = {
    7000215: "Enter the secret's Value, not its id, as consumer_secret; make a new one if it was lost.",
    7000222: "The client secret has expired: make a new one in the app registration and set consumer_secret.",
    700016: "Check consumer_key and tenant: the app registration was not found in this tenant.",
    90002: "Check tenant: there is no such tenant.",
    700027: "Upload the certificate to the app registration, or check thumbprint and private_key.",
    500011: "Check named_credentials.MicrosoftGraphAPI.url: the tenant knows no such service.",
    1002012: "Check the scope: it must be the Graph host with /.default.",
}


#: a token is renewed so long before it runs out (msal does the same)
_MARGIN = 300.0


class ApplicationToken:
    """Client credentials of the application identity. Safe from several threads; one request at a time (msal has no
    single flight). `credential` is msal's client_credential: a secret, or a dict of a certificate."""

    def __init__(
        self,
        *,
        client_id: str,
        credential: Any,
        authority: str,
        graph_url: str,
        session: requests.Session,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client_id = client_id
        self._credential = credential
        self._authority = authority
        self._scope = f"{graph_url.rstrip('/')}/.default"
        self._session = session
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._app: msal.ConfidentialClientApplication | None = None
        #: the token and until when it is good: searching msal's cache for every request would cost more than the rest
        self._kept: tuple[str, float] | None = None

    def token(self) -> str:
        """The token we have, or a new one. Raises SignInError or UnreachableError."""
        kept = self._kept
        if kept is not None and self._monotonic() < kept[1]:
            return kept[0]
        with self._lock:
            kept = self._kept  # another thread may have fetched one meanwhile
            if kept is None or self._monotonic() >= kept[1]:
                kept = self._kept = self._fetched()
            return kept[0]

    def drop(self, token: str) -> None:
        """Forget the token, because Graph refused it, unless another one came since."""
        with self._lock:
            if self._kept is not None and self._kept[0] == token:
                self._kept = None
                if self._app is not None:
                    self._app.remove_tokens_for_client()

    def _fetched(self) -> tuple[str, float]:
        asked = self._monotonic()
        try:
            app = self._app = self._app or self._make()
            answer: dict[str, Any] = app.acquire_token_for_client(scopes=[self._scope])
        except MsalServiceError as error:
            raise UnreachableError(
                f"Microsoft Entra does not answer: {error}", where=self._host, remedy="Try again later."
            ) from error
        if "access_token" not in answer:
            raise self._refused(answer)
        lifetime = float(answer.get("expires_in") or 0)
        return str(answer["access_token"]), asked + lifetime - min(_MARGIN, lifetime / 2)

    @property
    def _host(self) -> str:
        return urlsplit(self._authority).netloc

    def _make(self) -> msal.ConfidentialClientApplication:
        try:
            return msal.ConfidentialClientApplication(
                self._client_id,
                client_credential=self._credential,
                authority=self._authority,
                instance_discovery=False,
                http_client=self._session,
            )
        except ValueError as error:
            raise SignInError(
                "Microsoft Entra knows no such tenant, or does not say how to sign in to it",
                where=self._authority,
                remedy="Check tenant and token_endpoint_url under auth_providers.",
            ) from error

    def _refused(self, answer: dict[str, Any]) -> SignInError:
        description = str(answer.get("error_description") or answer.get("error") or "no reason given")
        codes = [code for code in answer.get("error_codes") or () if code in REMEDIES]
        remedy = REMEDIES[codes[0]] if codes else "Check auth_providers in the configuration and the app registration."
        return SignInError(
            f"Microsoft Entra refused the sign-in: {reason(description)}", where=self._host, remedy=remedy
        )


def reason(description: str) -> str:
    """Entra's own words without the ids behind them, which are for Microsoft's support."""
    return " ".join(description.partition("Trace ID:")[0].split()) or "no reason given"
