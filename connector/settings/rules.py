"""Rules on values of the configuration, and on keys that depend on each other. A rule raises or yields the remedy."""

import re
import ssl
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic_core import PydanticCustomError

from connector.http.address import ForeignAddressError, Origin
from connector.http.proxies import SETTING, Proxy, ProxyError
from connector.settings.file import Secret

#: Tenants that stand for no tenant; an application has to say whose mail it reads.
_NO_TENANT = frozenset({"common", "organizations", "consumers"})
#: How the address of a tenant's token endpoint ends; what comes before it is the authority.
AUTHORITY_END = "/oauth2/v2.0/token"
_LOGIN_HOSTS = frozenset({"login.salesforce.com", "test.salesforce.com"})
#: Hosts of Salesforce's web pages; the API is served on the My Domain host.
_PAGES = (".lightning.force.com", ".salesforce-setup.com", ".visualforce.com", ".my.site.com")
#: Labels with a dot between them, or an address in brackets, of which urlsplit takes the brackets off.
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.%\w]*")
#: Entra and Salesforce take RSA keys of this many bits and more.
_LEAST_BITS = 2048
#: A namespace prefix: 1 to 15 letters, digits and single underscores, beginning with a letter.
_NAMESPACE = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|_(?=[A-Za-z0-9])){0,14}", re.ASCII)


def a_service_url(url: str) -> str:
    """https, a host, and no more than a path."""
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        raise _problem("is not a valid address") from None
    if parts.scheme != "https":
        raise _problem("has to begin with https://")
    if not _HOST.fullmatch(parts.hostname or "") or parts.port == 0 or re.search(r"[\s\\]", url.strip()):
        raise _problem("is not a valid address")
    if parts.username is not None or parts.query or parts.fragment:
        raise _problem("has to be an address without user, query or fragment")
    try:
        Origin.of(url.strip().replace("{tenant}", "tenant"))  # as it will be sent
    except ForeignAddressError:
        raise _problem("is not a valid address") from None
    return url.strip().rstrip("/")


def a_token_endpoint(url: str) -> str:
    """`https://HOST/TENANT/oauth2/v2.0/token`, where TENANT may be `{tenant}`."""
    url = a_service_url(url)
    if not url.endswith(AUTHORITY_END):
        raise _problem(f"has to end in {AUTHORITY_END}")
    if not urlsplit(url).path.removesuffix(AUTHORITY_END).strip("/"):
        raise _problem(f"has to name a tenant before {AUTHORITY_END}, or {{tenant}} for the one above")
    if re.search(r"[{}]", url.replace("{tenant}", "")):
        raise _problem("may have {tenant} in it, and no other words in braces")
    return url


def plain_text(text: str) -> str:
    """Text without space around it. Raises ValueError: a pasted value may have some."""
    if text != text.strip():
        raise _problem("begins or ends with a space")
    return text


def a_username(name: str) -> str:
    """A Salesforce username: it has the form of an email address."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", name):
        raise _problem("is not a Salesforce username, which looks like an email address: m365sync@firm.example")
    return name


def a_host(name: str) -> str:
    """A name or an address to listen on."""
    if not _HOST.fullmatch(name):
        raise _problem("is not a host name or an address; 127.0.0.1 is this machine only")
    return name


def a_client_secret(secret: Secret) -> Secret:
    """A secret as the portal shows it: one line."""
    if len(secret.get_secret_value().splitlines()) > 1:
        raise _problem("the secret has several lines; the value that the portal shows once is one line")
    return secret


def plain_proxy(value: object) -> object:
    """The address of a proxy may stand in the file itself, as long as there is no password in it."""
    if not isinstance(value, str) or value.startswith(("env:", "file:")):
        return value
    if "@" in value:
        raise _problem(
            "a password does not stand in this file: put the address into the environment or a file, and write "
            "env:NAME or file:PATH here"
        )
    return Secret(value, value)


def a_proxy(address: Secret) -> Secret:
    """`http://HOST:PORT`, with or without user and password."""
    try:
        Proxy.of(address.get_secret_value(), SETTING)
    except ProxyError as error:
        raise _problem(str(error)) from None
    return address


def a_tenant(tenant: str) -> str:
    """A domain or a GUID, as it stands in the sign-in address."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", tenant, re.ASCII):
        raise _problem("is not a tenant: a domain such as firm.onmicrosoft.com, or the tenant's id, is expected")
    return tenant


def a_namespace(namespace: str) -> str:
    """Empty, or a prefix that Salesforce could have given."""
    if namespace and not _NAMESPACE.fullmatch(namespace):
        raise _problem("is not a namespace prefix: up to 15 letters, digits and single underscores, without the `__`")
    return namespace


def a_private_key(secret: Secret) -> Secret:
    """An RSA key in PEM without passphrase: both services verify RS256."""
    try:
        key = _loaded(secret.get_secret_value())
    except TypeError:
        raise _problem(
            "the private key has a passphrase; store it without one, readable to the connector only"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _problem("is not a private key in PEM format (-----BEGIN PRIVATE KEY-----)") from None
    if not isinstance(key, RSAPrivateKey):
        raise _problem("is not an RSA key; make one with openssl genrsa 2048")
    if key.key_size < _LEAST_BITS:
        raise _problem(f"is an RSA key of {key.key_size} bits; {_LEAST_BITS} are needed, as openssl genrsa 2048 makes")
    return secret


@lru_cache(maxsize=4)
def _loaded(pem: str) -> PrivateKeyTypes:
    """The key of a PEM text, cached for the process: verifying an RSA key takes 50 ms. Raises ValueError."""
    return load_pem_private_key(pem.encode(), password=None)


def an_authority_file(path: str) -> str:
    """A PEM file with certificates that can be trusted."""
    try:
        ssl.create_default_context(cafile=path)
    except FileNotFoundError:
        raise _problem(f"there is no file {path}") from None
    except (OSError, ValueError):
        raise _problem(f"{path} is not a readable PEM file of certificates (-----BEGIN CERTIFICATE-----)") from None
    return path


def relations(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Problems between keys, as (key, message). Works on the raw file, so that they show up beside all others."""
    providers = _section(data, "auth_providers")
    credentials = _section(data, "named_credentials")
    graph = _section(credentials, "MicrosoftGraphAPI")
    yield from _of_salesforce(_section(credentials, "Salesforce"))
    yield from _of_graph(graph, providers)
    for name in providers:
        provider = _section(providers, name)
        if provider.get("consumer_secret") is not None and provider.get("certificate") is not None:
            yield f"auth_providers.{name}", "has both consumer_secret and certificate; keep one"


def _of_salesforce(salesforce: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    where = "named_credentials.Salesforce"
    needed = {"jwt": ("username", "private_key"), "client_credentials": ("consumer_secret",)}
    flow = salesforce.get("flow")
    if flow in ("jwt", "client_credentials"):
        for key in needed[flow]:
            if salesforce.get(key) is None:
                yield f"{where}.{key}", f"is missing; flow {flow} needs it"
        other = "client_credentials" if flow == "jwt" else "jwt"
        for key in needed[other]:
            if salesforce.get(key) is not None:
                yield f"{where}.{key}", f"belongs to flow {other}, not {flow}; take it out"
    yield from _bare_host(salesforce, where, "of the org (Setup, My Domain), such as https://firm.my.salesforce.com")
    host = _host(salesforce)
    if host in _LOGIN_HOSTS:
        yield f"{where}.url", f"{host} is only for signing in; write the org's My Domain address"
    if host.endswith(_PAGES):
        yield f"{where}.url", "is the address of the web pages; write the one that ends in .my.salesforce.com"


def _of_graph(graph: Mapping[str, Any], providers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    where = "named_credentials.MicrosoftGraphAPI"
    yield from _bare_host(graph, where, "without a version, such as https://graph.microsoft.com")
    name, identity = graph.get("auth_provider"), graph.get("identity")
    if isinstance(name, str) and name and providers and name not in providers:
        yield f"{where}.auth_provider", f"{name} is not one of auth_providers: {', '.join(map(str, providers))}"
    if identity == "named_principal" and graph.get("token_file") is None:
        yield f"{where}.token_file", "is missing; identity named_principal keeps its refresh token there"
    if identity == "application" and graph.get("token_file") is not None:
        yield f"{where}.token_file", "belongs to identity named_principal, not application; take it out"
    provider = _section(providers, name) if isinstance(name, str) else {}
    if identity != "application" or not provider:
        return
    for tenant in sorted(_tenants(provider) & _NO_TENANT):
        yield (
            f"auth_providers.{name}.tenant",
            f"{tenant} cannot be used with identity application; name the firm's own tenant",
        )
    if provider.get("consumer_secret") is None and provider.get("certificate") is None:
        yield f"auth_providers.{name}.consumer_secret", "is missing; identity application needs it, or certificate"


def _tenants(provider: Mapping[str, Any]) -> set[str]:
    """The tenant as named, and as written out in the addresses."""
    urls = (str(provider.get(key) or "") for key in ("authorize_endpoint_url", "token_endpoint_url"))
    written = {urlsplit(url).path.strip("/").split("/")[0].lower() for url in urls if "://" in url}
    return written | {str(provider.get("tenant")).strip().lower()}


def _bare_host(section: Mapping[str, Any], where: str, what: str) -> Iterator[tuple[str, str]]:
    url = section.get("url")
    if isinstance(url, str) and "://" in url and url.split("://", 1)[1].rstrip("/").find("/") >= 0:
        yield f"{where}.url", f"has a path; write the address {what}"


def _host(section: Mapping[str, Any]) -> str:
    url = section.get("url")
    try:
        return (urlsplit(url).hostname or "") if isinstance(url, str) else ""
    except ValueError:
        return ""


def _section(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = data.get(key)
    return part if isinstance(part, Mapping) else {}


def _problem(message: str) -> PydanticCustomError:
    return PydanticCustomError("problem", "{message}", {"message": message})
