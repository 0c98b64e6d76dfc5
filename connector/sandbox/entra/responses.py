"""What Entra answers about itself: discovery and keys. Endpoints are built from the address the client used."""

from connector.sandbox.entra import errors
from connector.sandbox.entra.clouds import instance
from connector.sandbox.entra.models import Tenant, Tokens
from connector.sandbox.wire import Request, Response

SHARED_TENANTS = ("common", "organizations", "consumers")


def openid_configuration(tenant: Tenant, request: Request, name: str) -> Response:
    """/{tenant}/v2.0/.well-known/openid-configuration. With `common` the issuer is a template, as Entra has it."""
    shared = name.lower() in SHARED_TENANTS
    if not shared and not tenant.is_named(name):
        raise errors.tenant_not_found(name, "invalid_tenant")
    base = f"{request.base_url}/{name.lower() if shared else tenant.id}"
    issuer_tenant = "{tenantid}" if shared else tenant.id
    cloud, graph_host = instance(request.base_url)
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
            "cloud_instance_name": cloud,
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": graph_host,
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
