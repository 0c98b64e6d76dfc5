"""A sign-in in a browser: the address that is shown, and what comes back."""

from collections.abc import Mapping
from typing import Any

import pytest

from connector.errors import SignInError
from connector.operations.login import SignInServices, login

AUTHORIZE = "https://login.example/firm/authorize"


class FakePrincipal:
    """Signs in whoever brings the code."""

    def __init__(self) -> None:
        self.began: list[tuple[str, str | None]] = []

    def begin(self, redirect_uri: str, *, user: str | None = None) -> dict[str, Any]:
        self.began.append((redirect_uri, user))
        return {"auth_uri": "https://msal.example/elsewhere?client_id=app&state=s", "state": "s"}

    def finish(self, flow: Mapping[str, Any], returned: Mapping[str, str]) -> str:
        if returned["state"] != flow["state"]:
            raise SignInError("It does not belong to this sign-in")
        return f"whoever has {returned['code']}"


class FakeBrowser:
    """Comes back with what it is given, once somebody was shown the address."""

    address = "http://localhost:4711"

    def __init__(self, **returned: str) -> None:
        self.returned = returned
        self.shown: list[str] = []
        self.waited: list[float] = []

    def wait(self, seconds: float, *, state: str) -> Mapping[str, str]:
        assert self.shown, "nobody knows the address"
        assert state == "s"
        self.waited.append(seconds)
        return self.returned


def test_who_signs_in_is_shown_the_configured_address_with_msal_s_query() -> None:
    principal, browser = FakePrincipal(), FakeBrowser(code="a code", state="s")
    services = SignInServices(principal=principal, answer=browser, authorize_url=AUTHORIZE)
    assert login(services, user="ada@firm.example", seconds=90, show=browser.shown.append) == "whoever has a code"
    assert principal.began == [("http://localhost:4711", "ada@firm.example")]
    assert browser.shown == [f"{AUTHORIZE}?client_id=app&state=s"]
    assert browser.waited == [90]


def test_an_answer_to_another_sign_in_is_refused() -> None:
    browser = FakeBrowser(code="a code", state="another")
    services = SignInServices(principal=FakePrincipal(), answer=browser, authorize_url=AUTHORIZE)
    with pytest.raises(SignInError):
        login(services, user=None, seconds=90, show=browser.shown.append)
