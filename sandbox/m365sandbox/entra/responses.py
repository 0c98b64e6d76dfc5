"""What Entra answers about itself: discovery and keys. Endpoints are built from the address the client used."""

from urllib.parse import urlsplit

from m365sandbox.entra import errors
from m365sandbox.entra.clouds import ALIASES, CACHE_NAMES, directory_host, instance, is_sign_in_host
from m365sandbox.entra.models import Tenant, Tokens
from m365sandbox.wire import Request, Response

#: As the protocol's own page of OpenID Connect shows them.
_CLAIMS = (
    "sub",
    "iss",
    "cloud_instance_name",
    "cloud_instance_host_name",
    "cloud_graph_host_name",
    "msgraph_host",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "nonce",
    "preferred_username",
    "name",
    "tid",
    "ver",
    "at_hash",
    "c_hash",
    "email",
)
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
            "userinfo_endpoint": f"https://{graph_host}/oidc/userinfo",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "claims_supported": list(_CLAIMS),
            "kerberos_endpoint": f"{base}/kerberos",
            "tenant_region_scope": None if shared else "EU",
            "cloud_instance_name": cloud,
            "cloud_graph_host_name": directory_host(request.base_url),
            "msgraph_host": graph_host,
            "rbac_url": "https://pas.windows.net",
        }
    )


def instance_discovery(request: Request) -> Response:
    """/common/discovery/instance: the clouds there are; this host is one of them, or one of its own."""
    endpoint = request.parameter("authorization_endpoint") or f"{request.base_url}/common/oauth2/v2.0/authorize"
    if request.parameter("api-version") is None:
        raise errors.missing_parameter("api-version")
    parts = urlsplit(endpoint)
    if parts.scheme != "https" or not is_sign_in_host(parts.hostname or "", request.base_url):
        raise errors.unknown_instance()
    host = request.base_url.partition("://")[2]
    tenant = parts.path.strip("/").split("/")[0] or "common"
    own = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
    clouds = [
        {"preferred_network": names[0], "preferred_cache": CACHE_NAMES.get(names[0], names[0]), "aliases": list(names)}
        for names in ALIASES
    ]
    is_known = any(host in names for names in ALIASES)
    return Response.of_json(
        {
            "tenant_discovery_endpoint": f"{request.base_url}/{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": clouds if is_known else [own, *clouds],
        }
    )


def key_set(tokens: Tokens, name: str) -> Response:
    """/{tenant}/discovery/v2.0/keys."""
    if name.lower() not in SHARED_TENANTS and not tokens.tenant.is_named(name):
        raise errors.tenant_not_found(name, "invalid_tenant")
    return Response.of_json(tokens.key_set())
