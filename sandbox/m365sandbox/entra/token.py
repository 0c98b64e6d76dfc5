"""/{tenant}/oauth2/v2.0/token: client credentials, authorisation codes and refresh tokens against access tokens."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from m365sandbox.entra import errors, sign_in_errors
from m365sandbox.entra.apps import App
from m365sandbox.entra.clients import app_of, check_tenant, needed, prove
from m365sandbox.entra.grants import Grants, challenge_of
from m365sandbox.entra.models import TOKEN_SECONDS, People, Person, Tokens
from m365sandbox.entra.responses import SHARED_TENANTS
from m365sandbox.entra.scopes import Asked, default_resource, delegated
from m365sandbox.wire import Request, Response

NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
_NO_PERSON = "client_credentials"
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class TokenEndpoint:
    """Answers token requests of one tenant."""

    def __init__(self, tokens: Tokens, grants: Grants, people: People) -> None:
        self._tokens = tokens
        self._grants = grants
        self._people = people

    def answer(self, request: Request, name: str) -> Response:
        """The tokens. Raises EntraError."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        grant = needed(form, "grant_type")
        if name.lower() in SHARED_TENANTS and grant == _NO_PERSON:
            raise errors.no_tenant_named()
        if name.lower() not in SHARED_TENANTS and not self._tokens.tenant.is_named(name):
            raise errors.tenant_not_found(name)
        granted = {
            _NO_PERSON: self._for_itself,
            "authorization_code": self._for_code,
            "refresh_token": self._for_refresh_token,
        }.get(grant)
        if granted is None:
            raise errors.unsupported_grant(grant)
        app = app_of(self._tokens, form)
        check_tenant(self._tokens, name, app)
        return Response.of_json(granted(request, form, app), 200, NO_STORE)

    def device_code(self, request: Request, name: str) -> Response:
        """The device code flow, which no app here may use: a confidential one has to prove itself, and a public one is
        told that the grant is not supported. Raises EntraError."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if name.lower() not in SHARED_TENANTS and not self._tokens.tenant.is_named(name):
            raise errors.tenant_not_found(name)
        app = app_of(self._tokens, form)
        check_tenant(self._tokens, name, app)
        if not app.public:
            raise errors.credential_missing()
        raise errors.unsupported_grant(_DEVICE_CODE)

    def _for_itself(self, request: Request, form: Mapping[str, str], app: App) -> dict[str, Any]:
        if not (form.get("client_assertion") or form.get("client_secret")):
            raise errors.credential_needed()
        method = prove(self._tokens, app, form, request.base_url)
        resource = default_resource(self._tokens.tenant, needed(form, "scope"), request.base_url)
        return {
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "ext_expires_in": TOKEN_SECONDS,
            "access_token": self._tokens.issue(resource, app=app, method=method),
        }

    def _for_code(self, request: Request, form: Mapping[str, str], app: App) -> dict[str, Any]:
        text = needed(form, "code")
        needed(form, "redirect_uri")
        method = prove(self._tokens, app, form, request.base_url)
        code = self._grants.redeem(text, app.client_id)
        if form["redirect_uri"] != code.redirect_uri:
            raise sign_in_errors.redirect_differs()
        _check_verifier(code.challenge, code.challenge_method, form.get("code_verifier"))
        person = self._person(code.user_id, code.issued)
        code.redeemed = True
        scope = form.get("scope") or " ".join(code.scopes)
        asked = delegated(self._tokens.tenant, app, scope, request.base_url)
        return self._for_person(request, form, app, person, asked, method, code.nonce, set(code.scopes))

    def _for_refresh_token(self, request: Request, form: Mapping[str, str], app: App) -> dict[str, Any]:
        text = needed(form, "refresh_token")
        method = prove(self._tokens, app, form, request.base_url)
        kept = self._grants.refresh(text, app.client_id)
        person = self._person(kept.user_id, kept.issued)
        scope = form.get("scope") or " ".join(kept.scopes)
        asked = delegated(self._tokens.tenant, app, scope, request.base_url)
        return self._for_person(request, form, app, person, asked, method, None, {"offline_access", *asked.openid})

    def _person(self, user_id: str, granted: float) -> Person:
        """Who gave the grant, if the grant still holds."""
        person = self._people.find(user_id)
        if person is None:
            raise sign_in_errors.unknown_person(user_id, self._tokens.tenant.domain)
        if not person.enabled:
            raise sign_in_errors.disabled_person()
        if granted < person.valid_from:
            raise sign_in_errors.grant_revoked(_instant(granted), _instant(person.valid_from))
        return person

    def _for_person(
        self,
        request: Request,
        form: Mapping[str, str],
        app: App,
        person: Person,
        asked: Asked,
        method: str,
        nonce: str | None,
        openid: set[str],
    ) -> dict[str, Any]:
        """The tokens. `openid` holds the scopes that were consented to when the person signed in."""
        carried = tuple(scope for scope in ("openid", "profile", "email") if scope in openid)
        shown = dict.fromkeys((*(name for name in asked.shown if name != "offline_access"), *carried))
        value: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join(shown),
            "expires_in": TOKEN_SECONDS,
            "ext_expires_in": TOKEN_SECONDS,
            "access_token": self._tokens.issue_for(person, asked.resource, asked.permissions, app, method),
        }
        if "offline_access" in openid:
            value["refresh_token"] = self._grants.new_refresh_token(
                client_id=app.client_id,
                user_id=person.id,
                resource=asked.resource,
                scopes=tuple(dict.fromkeys((*asked.shown, *carried, "offline_access"))),
            )
        if "openid" in openid:
            value["id_token"] = self._tokens.issue_id_token(person, app, request.base_url, nonce)
        if form.get("client_info"):
            value["client_info"] = client_info(person, self._tokens.tenant.id)
        return value


def client_info(person: Person, tenant: str) -> str:
    """Who signed in, as msal keys its accounts."""
    raw = json.dumps({"uid": person.id, "utid": tenant}).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _check_verifier(challenge: str | None, method: str, verifier: str | None) -> None:
    if challenge is None:
        if verifier:
            raise sign_in_errors.verifier_mismatch()
        return
    if not verifier:
        raise sign_in_errors.verifier_missing()
    if challenge_of(verifier, method) != challenge:
        raise sign_in_errors.verifier_mismatch()


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
