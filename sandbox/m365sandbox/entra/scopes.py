"""Scopes: which resource they are of, and which delegated permissions an app may use."""

from collections.abc import Sequence
from dataclasses import dataclass

from m365sandbox.entra import errors, sign_in_errors
from m365sandbox.entra.apps import SCOPES, App
from m365sandbox.entra.clouds import GRAPH_GLOBAL, resources
from m365sandbox.entra.models import Tenant

OPENID = ("openid", "profile", "email", "offline_access")
DEFAULT = ".default"
_KNOWN = {scope.lower(): scope for scope in SCOPES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Scopes that were understood: `permissions` of the resource by their proper names, `shown` as they were asked."""

    resource: str
    permissions: tuple[str, ...]
    openid: tuple[str, ...]
    shown: tuple[str, ...]


def default_resource(tenant: Tenant, scope: str, base_url: str) -> str:
    """The resource that a client credentials request asks for: Graph, or this host standing in for it."""
    scopes = scope.split()
    if len(scopes) != 1:
        raise errors.scope_invalid(scope)
    resource, slash, suffix = scopes[0].rpartition("/")
    if not slash or suffix != DEFAULT:
        raise errors.scope_without_default(scope)
    return _known_resource(tenant, resource, base_url)


def delegated(tenant: Tenant, app: App, scope: str, base_url: str) -> Asked:
    """What a person's sign-in asks for. A scope without an address is one of Graph. Raises EntraError."""
    found: dict[str, None] = {}
    openid: list[str] = []
    asked_resources: set[str] = set()
    for item in scope.split():
        if item.lower() in OPENID:
            openid.append(item.lower())
            continue
        address, slash, name = item.rpartition("/")
        resource = _known_resource(tenant, address, base_url) if slash else default_graph(base_url)
        asked_resources.add(resource)
        for permission in _permissions(app, name or item):
            found[permission] = None
    if len(asked_resources) > 1:
        raise errors.scope_invalid(scope)
    return Asked(
        resource=next(iter(asked_resources), default_graph(base_url)),
        permissions=tuple(found),
        openid=tuple(openid),
        shown=tuple(scope.split()),
    )


def default_graph(base_url: str) -> str:
    """Graph as this sign-in host's tokens name it where a scope has no address."""
    known = resources(base_url)
    return GRAPH_GLOBAL if GRAPH_GLOBAL in known else known[0]


def _permissions(app: App, name: str) -> Sequence[str]:
    if name == DEFAULT:
        return app.scopes
    permission = _KNOWN.get(name.lower())
    if permission is None:
        raise sign_in_errors.unknown_scope(app.client_id, name)
    if permission not in app.scopes:
        raise sign_in_errors.consent_required(app.client_id, app.name, permission)
    return (permission,)


def _known_resource(tenant: Tenant, address: str, base_url: str) -> str:
    resource = address.rstrip("/").lower()
    if resource not in resources(base_url):
        raise errors.unknown_resource(address, tenant.domain)
    return resource
