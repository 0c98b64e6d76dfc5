"""Which app a request comes from, and whether it proves so: by a secret, a certificate, or not at all if public."""

from collections.abc import Mapping

from m365sandbox.entra import assertion, errors, sign_in_errors
from m365sandbox.entra.apps import App
from m365sandbox.entra.models import Tokens
from m365sandbox.entra.responses import SHARED_TENANTS

BY_SECRET, BY_CERTIFICATE, PUBLIC = "1", "2", "0"


def needed(form: Mapping[str, str], name: str) -> str:
    """A parameter that has to be there."""
    if not form.get(name):
        raise errors.missing_parameter(name)
    return form[name]


def app_of(tokens: Tokens, form: Mapping[str, str]) -> App:
    """The app that client_id names."""
    client_id = needed(form, "client_id")
    app = tokens.apps.find(client_id)
    if app is None:
        raise errors.unknown_application(client_id, tokens.tenant.domain)
    return app


def check_tenant(tokens: Tokens, name: str, app: App) -> None:
    """Refuse another tenant, and for a person's sign-in `common`, which is for apps of many tenants."""
    if name.lower() in SHARED_TENANTS:
        raise sign_in_errors.single_tenant(app.client_id, app.name)
    if not tokens.tenant.is_named(name):
        raise errors.tenant_not_found(name)


def prove(tokens: Tokens, app: App, form: Mapping[str, str], base_url: str) -> str:
    """How the app has proven who it is. Raises EntraError where it has not."""
    given = form.get("client_assertion") or form.get("client_secret")
    if app.public:
        if given:
            raise errors.client_is_public()
        return PUBLIC
    if form.get("client_assertion"):
        kind = needed(form, "client_assertion_type")
        if kind != assertion.ASSERTION_TYPE:
            raise errors.assertion_type(kind)
        assertion.verify(form["client_assertion"], app, audiences(tokens, base_url))
        return BY_CERTIFICATE
    if not given:
        raise errors.credential_missing()
    if not app.secret_is(given):
        raise errors.wrong_secret(app.client_id)
    if app.secret_has_expired:
        raise errors.expired_secret(app.client_id)
    return BY_SECRET


def audiences(tokens: Tokens, base_url: str) -> set[str]:
    """Whom an assertion may be made for: this tenant's token endpoint or its issuer."""
    names = (tokens.tenant.id, tokens.tenant.domain)
    endings = ("oauth2/v2.0/token", "oauth2/token", "v2.0", "")
    return {f"{base_url}/{name}/{ending}".rstrip("/").lower() for name in names for ending in endings}
