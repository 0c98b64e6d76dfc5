"""Sign-in to Microsoft Entra through msal. One app object for the process: each has its own token cache."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msal
import requests
from msal.exceptions import MsalServiceError

from connector.errors import SignInError, UnreachableError
from connector.http.answers import UNREADABLE

#: what to do about the AADSTS codes that admins meet (learn.microsoft.com: Microsoft Entra error codes)
REMEDIES = {
    7000215: "Enter the secret's Value, not its id, as consumer_secret; make a new one if it was lost.",
    7000222: "The client secret has expired: make a new one in the app registration and set consumer_secret.",
    700025: "The app registration is a public client: take consumer_secret, or certificate, out of auth_providers.",
    7000218: "The app registration wants a secret: write consumer_secret, or certificate, into auth_providers.",
    7000112: "Enable the application in Entra (Enterprise applications, Properties): it is disabled.",
    700016: "Check consumer_key and tenant: the app registration was not found in this tenant.",
    90002: "Check tenant: there is no such tenant.",
    700027: "Upload the certificate to the app registration, or check thumbprint and private_key.",
    500011: "Check named_credentials.MicrosoftGraphAPI.url: the tenant knows no such service.",
    1002012: "Check the scope: it must be the Graph host with /.default.",
}


#: a token is renewed so long before it runs out (msal does the same)
_MARGIN = 300.0


class TokenCache:
    """The token we have, until shortly before it runs out. Safe from several threads; one fetches, the others wait
    (msal has no single flight). `fetch` gives a token and the seconds that it is good for."""

    def __init__(self, fetch: Callable[[], tuple[str, float]], monotonic: Callable[[], float]) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._lock = threading.Lock()
        #: the token and when it ends: searching msal's cache for every request would cost more than the rest
        self._kept: tuple[str, float] | None = None

    def token(self) -> str:
        """The token we have, or a new one. Raises what `fetch` raises."""
        kept = self._kept
        if kept is not None and self._monotonic() < kept[1]:
            return kept[0]
        with self._lock:
            kept = self._kept  # another thread may have fetched one meanwhile
            if kept is None or self._monotonic() >= kept[1]:
                asked = self._monotonic()
                token, lifetime = self._fetch()
                kept = self._kept = (token, asked + lifetime - min(_MARGIN, lifetime / 2))
            return kept[0]

    def drop(self, token: str, forget: Callable[[], None]) -> None:
        """Forget the token, and have `forget` do so elsewhere, unless another one came since."""
        with self._lock:
            if self._kept is not None and self._kept[0] == token:
                self._kept = None
                forget()


class ApplicationToken:
    """Client credentials of the application identity. Safe from several threads. `credential` is msal's
    client_credential: a secret, or a dict of a certificate."""

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
        self._app: msal.ConfidentialClientApplication | None = None
        self._keeper = TokenCache(self._fetched, monotonic)

    def token(self) -> str:
        """The token we have, or a new one. Raises SignInError or UnreachableError."""
        return self._keeper.token()

    def drop(self, token: str) -> None:
        """Forget the token, because Graph refused it, unless another one came since."""
        self._keeper.drop(token, self._forget)

    def _forget(self) -> None:
        if self._app is not None:
            self._app.remove_tokens_for_client()

    def _fetched(self) -> tuple[str, float]:
        try:
            app = self._app = self._app or self._make()
            answer: dict[str, Any] = app.acquire_token_for_client(scopes=[self._scope])
        except MsalServiceError as error:
            raise unreachable(error, self._host) from error
        except UNREADABLE as error:
            raise unreadable(error, self._host) from error
        return granted(answer, self._host)

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
            raise no_tenant(self._authority) from error
        except RuntimeError as error:  # what msal raises for a redirect, to a login page of a network for example
            raise unreadable(error, self._host) from error


def unreachable(error: MsalServiceError, host: str) -> UnreachableError:
    """The error where Entra gave no usable answer."""
    return UnreachableError(f"Microsoft Entra does not answer: {error}", where=host, remedy="Try again later.")


def unreadable(error: Exception, host: str) -> UnreachableError:
    """The error where Entra's answer is not what it has to be."""
    return UnreachableError(
        f"Microsoft Entra answered with something that cannot be read ({type(error).__name__})",
        where=host,
        remedy="A proxy or gateway may stand between; try again.",
    )


def granted(answer: Any, host: str) -> tuple[str, float]:
    """The token of an answer, and for how many seconds it is good. Raises SignInError, UnreachableError."""
    try:
        if "access_token" not in answer:
            raise refused(answer, host)
        token, seconds = answer["access_token"], float(answer.get("expires_in") or 0)
    except UNREADABLE as error:
        raise unreadable(error, host) from error
    if not isinstance(token, str) or not token:
        raise unreadable(TypeError("the token is no text"), host)
    return token, seconds


def no_tenant(authority: str) -> SignInError:
    """The error for a tenant whose configuration msal cannot read."""
    return SignInError(
        "Microsoft Entra knows no such tenant, or does not say how to sign in to it",
        where=authority,
        remedy="Check tenant and token_endpoint_url under auth_providers.",
    )


def refused(answer: Mapping[str, Any], host: str, *, otherwise: str = "") -> SignInError:
    """The error for a refusal, in Entra's own words; `otherwise` is the remedy for codes that are not listed."""
    description = str(answer.get("error_description") or answer.get("error") or "no reason given")
    codes = [code for code in answer.get("error_codes") or () if code in REMEDIES]
    usual = otherwise or "Check auth_providers in the configuration and the app registration."
    remedy = REMEDIES[codes[0]] if codes else usual
    return SignInError(f"Microsoft Entra refused the sign-in: {reason(description)}", where=host, remedy=remedy)


def reason(description: str) -> str:
    """Entra's own words without the ids behind them, which are for Microsoft's support."""
    return " ".join(description.partition("Trace ID:")[0].split()) or "no reason given"
