"""What Entra answers: discovery, keys and tokens. Endpoints are built from the address the client used."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from connector.sandbox.entra import errors
from connector.sandbox.entra.models import GRAPH_RESOURCES, TOKEN_SECONDS, Tenant, Tokens
from connector.sandbox.wire import Request, Response

SHARED_TENANTS = ("common", "organizations", "consumers")
NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


def openid_configuration(tenant: Tenant, request: Request, name: str) -> Response:
    """/{tenant}/v2.0/.well-known/openid-configuration. With `common` the issuer is a template, as Entra has it."""
    shared = name.lower() in SHARED_TENANTS
    if not shared and not tenant.is_named(name):
        raise errors.tenant_not_found(name, "invalid_tenant")
    base = f"{request.base_url}/{name.lower() if shared else tenant.id}"
    issuer_tenant = "{tenantid}" if shared else tenant.id
    return Response.of_json(
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{request.base_url}/{issuer_tenant}/v2.0",
            "request_uri_parameter_supported": False,
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "http_logout_supported": True,
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "tenant_region_scope": None if shared else "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
        }
    )


def instance_discovery(request: Request) -> Response:
    """/common/discovery/instance: this host is a cloud of its own."""
    host = request.base_url.partition("://")[2]
    endpoint = request.parameter("authorization_endpoint") or f"{request.base_url}/common/oauth2/v2.0/authorize"
    tenant = endpoint.partition("://")[2].split("/")[1] if endpoint.count("/") > 2 else "common"
    return Response.of_json(
        {
            "tenant_discovery_endpoint": f"{request.base_url}/{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
    )


def key_set(tokens: Tokens, name: str) -> Response:
    """/{tenant}/discovery/v2.0/keys."""
    if name.lower() not in SHARED_TENANTS and not tokens.tenant.is_named(name):
        raise errors.tenant_not_found(name, "invalid_tenant")
    return Response.of_json(tokens.key_set())


def token(tokens: Tokens, request: Request, name: str) -> Response:
    """/{tenant}/oauth2/v2.0/token for the client credentials grant."""
    tenant = tokens.tenant
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    grant = _needed(form, "grant_type")
    if name.lower() in SHARED_TENANTS:
        raise errors.no_tenant_named()
    if not tenant.is_named(name):
        raise errors.tenant_not_found(name)
    if grant != "client_credentials":
        raise errors.unsupported_grant(grant)
    _check_client(tenant, form)
    audience = _audience(tenant, _needed(form, "scope"), request.base_url)
    value = {
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "ext_expires_in": TOKEN_SECONDS,
        "access_token": tokens.issue(audience),
    }
    return Response.of_json(value, 200, NO_STORE)


def _needed(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise errors.missing_parameter(name)
    return form[name]


def _check_client(tenant: Tenant, form: Mapping[str, Any]) -> None:
    client_id = _needed(form, "client_id")
    if client_id.lower() != tenant.client_id.lower():
        raise errors.unknown_application(client_id, tenant.domain)
    if form.get("client_assertion"):
        raise errors.assertion_unknown_key()
    if not form.get("client_secret"):
        raise errors.credential_needed()
    if form["client_secret"] != tenant.client_secret:
        raise errors.wrong_secret(tenant.client_id)


def _audience(tenant: Tenant, scope: str, base_url: str) -> str:
    """The resource that a `.default` scope asks for: Graph, or this host standing in for it."""
    scopes = scope.split()
    if len(scopes) != 1:
        raise errors.scope_invalid(scope)
    resource, slash, suffix = scopes[0].rpartition("/")
    if not slash or suffix != ".default":
        raise errors.scope_without_default(scope)
    resource = resource.rstrip("/")
    if resource.lower() not in (*GRAPH_RESOURCES, base_url.lower()):
        raise errors.unknown_resource(resource, tenant.domain)
    return resource.lower()
