"""/{tenant}/oauth2/v2.0/authorize: a person's sign-in and consent, which here nobody has to click.

Whom `login_hint` names signs in, else the first user of the directory who can. What the client could not know without
a browser (an unregistered address, an unknown app) is a page; everything else goes back to the client's address.
"""

import uuid
from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode

from m365sandbox.entra import errors, sign_in_errors
from m365sandbox.entra.apps import App
from m365sandbox.entra.clients import app_of, check_tenant, needed
from m365sandbox.entra.errors import EntraError
from m365sandbox.entra.grants import Code, Grants
from m365sandbox.entra.models import People, Person, Tokens
from m365sandbox.entra.scopes import delegated
from m365sandbox.entra.token import client_info
from m365sandbox.wire import Request, Response

_MODES = ("query", "fragment", "form_post")
_METHODS = ("S256", "plain")


class AuthorizeEndpoint:
    """Answers sign-in requests of one tenant."""

    def __init__(self, tokens: Tokens, grants: Grants, people: People) -> None:
        self._tokens = tokens
        self._grants = grants
        self._people = people

    def answer(self, request: Request, name: str) -> Response:
        """A redirect to the client with a code or an error; a page where it is not known whom to redirect to."""
        asked = dict(request.query)
        if request.method == "POST":
            asked |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            app = self._app(asked, name)
            person = self._person(asked)
        except EntraError as refusal:
            return _page(refusal)
        try:
            values = self._granted(request, asked, app, person)
        except EntraError as refusal:
            values = refusal.redirected()
        if "state" in asked:
            values["state"] = asked["state"]
        return _returned(asked, {**values, "session_state": str(uuid.uuid4())})

    def _app(self, asked: Mapping[str, str], name: str) -> App:
        app = app_of(self._tokens, asked)
        check_tenant(self._tokens, name, app)
        uri = needed(asked, "redirect_uri")
        if not app.redirects_to(uri):
            raise sign_in_errors.redirect_mismatch(app.client_id, uri)
        if asked.get("response_mode", "query") not in _MODES:
            raise errors.missing_parameter("response_mode")
        return app

    def _person(self, asked: Mapping[str, str]) -> Person | None:
        """Who signs in; None where nobody may be asked to."""
        if asked.get("prompt") == "none":
            return None
        hint = asked.get("login_hint")
        person = self._people.find(hint) if hint else self._people.first()
        if person is None:
            raise sign_in_errors.unknown_person(hint or "(anybody)", self._tokens.tenant.domain)
        if not person.enabled:
            raise sign_in_errors.disabled_person()
        return person

    def _granted(self, request: Request, asked: Mapping[str, str], app: App, person: Person | None) -> dict[str, str]:
        kind = needed(asked, "response_type")
        if kind != "code":
            raise sign_in_errors.response_type(kind)
        method = asked.get("code_challenge_method", "plain")
        if method not in _METHODS:
            raise sign_in_errors.challenge_method(method)
        scopes = delegated(self._tokens.tenant, app, needed(asked, "scope"), request.base_url)
        if person is None:
            raise sign_in_errors.not_signed_in()
        code = Code(
            client_id=app.client_id,
            user_id=person.id,
            redirect_uri=asked["redirect_uri"],
            resource=scopes.resource,
            scopes=scopes.shown,
            nonce=asked.get("nonce"),
            challenge=asked.get("code_challenge"),
            challenge_method=method,
        )
        values = {"code": self._grants.new_code(code)}
        if asked.get("client_info"):
            values["client_info"] = client_info(person, self._tokens.tenant.id)
        return values


def _returned(asked: Mapping[str, str], values: Mapping[str, str]) -> Response:
    """The way back to the client, as response_mode wants it."""
    uri, mode = asked["redirect_uri"], asked.get("response_mode", "query")
    if mode == "form_post":
        fields = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}"/>' for name, value in values.items()
        )
        form = f'<form method="POST" name="hiddenform" action="{escape(uri)}">{fields}</form>'
        script = "<script>document.forms[0].submit();</script>"
        return _html(200, f"<html><head><title>Working...</title></head><body>{form}{script}</body></html>")
    mark = "#" if mode == "fragment" else "&" if "?" in uri else "?"
    headers = {"Location": f"{uri}{mark}{urlencode(values)}", "Cache-Control": "no-store, no-cache"}
    return Response(302, headers)


def _page(refusal: EntraError) -> Response:
    text = f"AADSTS{refusal.code}: {refusal.message}"
    body = f"<html><head><title>Sign in to your account</title></head><body><p>{escape(text)}</p></body></html>"
    return _html(400, body)


def _html(status: int, body: str) -> Response:
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store, no-cache"}
    return Response(status, headers, body.encode())
