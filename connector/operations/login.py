"""A person signs in once, in a browser; from then on the connector reads as that person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit


class Principal(Protocol):
    """The person that mail is read as."""

    def begin(self, redirect_uri: str, *, user: str | None = None) -> dict[str, Any]:
        """A sign-in in a browser: what `finish` needs; `auth_uri` is to be opened. Raises SignInError."""
        ...

    def finish(self, flow: Mapping[str, Any], returned: Mapping[str, str]) -> str:
        """Redeem what the browser brought back, and keep the tokens. Returns who signed in.

        Raises SignInError, UnreachableError, and UsageError for the token file.
        """
        ...


class BrowserAnswer(Protocol):
    """The local address to which the browser returns, and what it brings."""

    @property
    def address(self) -> str:
        """The address that the sign-in leads back to."""
        ...

    def wait(self, seconds: float, *, state: str) -> Mapping[str, str]:
        """What the browser brings back with this state; anything else is passed over. Raises SignInError where it does
        not come in time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInServices:
    """The services of a sign-in. `authorize_url`: where the browser is sent to, without a query."""

    principal: Principal
    answer: BrowserAnswer
    authorize_url: str


def login(services: SignInServices, *, user: str | None, seconds: float, show: Callable[[str], None]) -> str:
    """Have a person sign in within `seconds`; returns who did. The tokens are kept.

    `user` is filled in for them; `show` is called once with the address that they have to open. Raises SignInError,
    UnreachableError, and UsageError for the token file.
    """
    flow = services.principal.begin(services.answer.address, user=user)
    show(f"{services.authorize_url}?{urlsplit(flow['auth_uri']).query}")
    return services.principal.finish(flow, services.answer.wait(seconds, state=flow["state"]))
