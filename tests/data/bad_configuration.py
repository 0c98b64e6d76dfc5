"""Configurations that are wrong in every way that a person gets them wrong, with the exact words that say so.

In a text, FOLDER stands for the folder of the configuration and ELLIPSIS (…) for words that are not ours.
"""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

#: the secret that must never be shown
HUSH = "hush-hush-secret"
#: as a value: take the key out
GONE = object()

AP, MG, SF = (
    "auth_providers.Microsoft365Sync",
    "named_credentials.MicrosoftGraphAPI",
    "named_credentials.Salesforce",
)


@dataclass(frozen=True, slots=True)
class Case:
    """Values set by dotted path, and every problem that is told, as `key: text`."""

    values: dict[str, Any]
    problems: tuple[str, ...]

    @property
    def name(self) -> str:
        """For the test's id."""
        path, value = next(iter(self.values.items()))
        return f"{path}={'(gone)' if value is GONE else str(value)[:30]!r}"


def bad(path: str, value: Any, *texts: str, at: str | None = None) -> Case:
    """One value; the problem is told `at` another key where that has to be mended."""
    return Case({path: value}, tuple(f"{at or path}: {text}" for text in texts))


def minimal() -> dict[str, Any]:
    """The least that a file has to say."""
    return {
        "auth_providers": {
            "Microsoft365Sync": {
                "tenant": "firm.example",
                "consumer_key": "app",
                "consumer_secret": "env:M365_CLIENT_SECRET",
            }
        },
        "named_credentials": {
            "MicrosoftGraphAPI": {
                "url": "https://graph.microsoft.com",
                "auth_provider": "Microsoft365Sync",
                "identity": "application",
            },
            "Salesforce": {
                "url": "https://firm.my.salesforce.com",
                "flow": "jwt",
                "consumer_key": "app",
                "username": "sync@firm.example",
                "private_key": "env:SALESFORCE_PRIVATE_KEY",
            },
        },
    }


def changed(data: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The configuration with values set by dotted path."""
    data = copy.deepcopy(data)
    for path, value in values.items():
        *parents, last = path.split(".")
        place = data
        for name in parents:
            place = place.setdefault(name, {})
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    return data


def pem(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> str:
    """A private key as it stands in a file."""
    hidden = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden).decode()


def environment() -> dict[str, str]:
    """Secrets, good and odd."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    good = pem(key)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "M365_CLIENT_SECRET": HUSH,
        "SALESFORCE_PRIVATE_KEY": good,
        "EMPTY": "  ",
        "LOCKED": pem(key, b"pass"),
        "CURVE": pem(ec.generate_private_key(ec.SECP256R1())),
        "SMALL": pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505 - to be refused
        "PUBLIC": public.decode(),
        "CUT": good[: len(good) // 2],
        "TWO_LINES": f"{HUSH}\n{HUSH}",
    }


def furnish(folder: Path) -> None:
    """The files that the cases name."""
    (folder / "empty").touch()
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    (folder / "words.pem").write_text("hello\n", encoding="utf-8")
    (folder / "broken.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", encoding="utf-8"
    )


TEXT = "text is expected; put it in quotes"
NUMBER = "a whole number is expected"
SECTION = "a section with keys is expected"
NONE = "has no value"
EMPTY = "is empty"
MISSING = "is missing"
ONE = "one value is expected, not a list"
ADDRESS = "is not a valid address"
SPACE = "begins or ends with a space"
NO_SECRET = (
    "a secret does not stand in this file: put it into the environment or a file, and write env:NAME or file:PATH here"
)
NO_PASSWORD = (
    "a password does not stand in this file: put the address into the environment or a file, and write env:NAME or "
    "file:PATH here"
)
NO_PROXY = "is not the address of a proxy, such as http://proxy.firm.example:8080"
NO_TENANT = "is not a tenant: a domain such as firm.onmicrosoft.com, or the tenant's id, is expected"
NO_KEY = "is not a private key in PEM format (-----BEGIN PRIVATE KEY-----)"
NO_CA = "is not a readable PEM file of certificates (-----BEGIN CERTIFICATE-----)"
NO_THUMBPRINT = "is not a thumbprint: 40 hexadecimal digits are expected, as the Entra portal shows them"
NO_NAMESPACE = "is not a namespace prefix: up to 15 letters, digits and single underscores, without the `__`"
NO_VERSION = 'has to be a version from "59.0" on, such as "66.0"'
NO_USERNAME = "is not a Salesforce username, which looks like an email address: m365sync@firm.example"
USER_IN_URL = "has to be an address without user, query or fragment"
GRAPH_PATH = "has a path; write the address without a version, such as https://graph.microsoft.com"
ORG_PATH = "has a path; write the address of the org (Setup, My Domain), such as https://firm.my.salesforce.com"
WEB_PAGES = "is the address of the web pages; write the one that ends in .my.salesforce.com"
END = "/oauth2/v2.0/token"
CERTIFICATE = {"private_key": "env:SALESFORCE_PRIVATE_KEY", "thumbprint": "ab" * 20}
_NUMBERS = {
    "http.timeout_seconds": (1, 600),
    "http.max_attempts": (1, 20),
    "http.max_wait_seconds": (0, 3600),
    "sync.workers": (1, 64),
    "sync.requests_per_mailbox": (1, 4),
    "sync.overlap_minutes": (0, 1440),
    "sync.settle_seconds": (0, 3600),
    "sync.sweep_days": (3, 366),
    "sync.slice_minutes": (1, 60),
    "sync.attachment_timeout_seconds": (1, 3600),
    "salesforce.daily_call_budget_percent": (1, 100),
    "salesforce.writers": (1, 4),
    "metrics.port": (1, 65535),
}

VALUES: list[Case] = [
    # numbers
    *(
        bad(path, value, f"has to be from {least} to {most}")
        for path, (least, most) in _NUMBERS.items()
        for value in (least - 1, most + 1)
    ),
    *(bad(path, True, NUMBER) for path in _NUMBERS),
    *(bad("sync.workers", value, NUMBER) for value in ("32", "", 2.5)),
    bad("sync.workers", 10**30, "has to be from 1 to 64"),
    bad("sync.workers", [32], ONE),
    bad("sync.workers", {"count": 32}, "one value is expected, not a section"),
    bad("sync.workers", None, NONE),
    bad("http.timeout_seconds", "60s", NUMBER),
    bad("salesforce.daily_call_budget_percent", "80%", NUMBER),
    # sections
    *(bad(name, 5, SECTION) for name in ("tls", "http", "sync", "salesforce", "metrics", "logging")),
    *(bad(name, [], SECTION) for name in ("auth_providers", "named_credentials", "http", AP, MG, SF)),
    *(bad(name, None, NONE) for name in ("auth_providers", "named_credentials", "http", AP, MG, SF)),
    *(bad(name, GONE, MISSING) for name in ("auth_providers", "named_credentials", MG, SF)),
    bad("auth_providers", {}, EMPTY),
    # keys that are none
    bad("sync.worker", 3, "unknown key, workers may be meant"),
    bad("sync.Workers", 3, "unknown key, workers may be meant"),
    bad("loging", {}, "unknown key, logging may be meant"),
    bad("SYNC", {}, "unknown key, sync may be meant"),
    bad("named_credentials.Salesforse", {}, "unknown key, Salesforce may be meant"),
    bad("frequency", "Hourly", "unknown key"),
    bad(f"{AP}.client_id", "x", "unknown key, consumer_key may be meant"),
    bad(f"{AP}.tenant_id", "x", "unknown key, tenant may be meant"),
    bad(f"{SF}.client_secret", "x", "unknown key, consumer_secret may be meant"),
    bad(f"{SF}.user", "x", "unknown key, username may be meant"),
    # the rest of the optional part
    bad("salesforce.api_version", 66.0, TEXT),
    bad("salesforce.api_version", 64, TEXT),
    *(bad("salesforce.api_version", value, NO_VERSION) for value in ("66", "66.5", "v66.0", "58.0", "100.0", "")),
    bad("salesforce.namespace", None, NONE),
    bad("salesforce.namespace", False, TEXT),
    *(
        bad("salesforce.namespace", value, NO_NAMESPACE)
        for value in ("a__b", "acme__", "9acme", "far_too_long_a_prefix")
    ),
    bad("metrics.host", "", EMPTY),
    bad("metrics.host", 127.0, TEXT),
    bad("metrics.host", "no host!", "is not a host name or an address; 127.0.0.1 is this machine only"),
    bad("metrics.port", "8365", NUMBER),
    *(
        bad("logging.level", value, "has to be debug, info, warning or error")
        for value in ("loud", "INFO", False, None, 3)
    ),
    *(bad("logging.format", value, "has to be json or text") for value in ("xml", "JSON", True)),
    bad("tls.ca_file", "", EMPTY),
    bad("tls.ca_file", 7, TEXT),
    bad("tls.ca_file", "nowhere.pem", "there is no file FOLDER/nowhere.pem"),
    bad("tls.ca_file", ".", f"FOLDER {NO_CA}"),
    *(bad("tls.ca_file", name, f"FOLDER/{name} {NO_CA}") for name in ("empty", "binary", "words.pem", "broken.pem")),
    # a proxy
    *(bad("http.proxy", value, NO_PROXY) for value in ("", "http://", "proxy:0", "http://proxy/path", "a b:1")),
    bad("http.proxy", "socks5://proxy:1080", "has to begin with http:// or https://"),
    *(bad("http.proxy", f"{scheme}me:{HUSH}@proxy:1", NO_PASSWORD) for scheme in ("http://", "")),
    bad("http.proxy", 8080, "env:NAME or file:PATH is expected"),
    bad("http.proxy", "env:NOWHERE", "the environment variable NOWHERE is not set"),
    bad("http.proxy", "env:TWO_LINES", NO_PROXY),
    # Entra
    bad(f"{AP}.tenant", GONE, MISSING),
    bad(f"{AP}.tenant", "", EMPTY),
    bad(f"{AP}.tenant", None, NONE),
    bad(f"{AP}.tenant", False, TEXT),
    *(
        bad(f"{AP}.tenant", value, NO_TENANT)
        for value in ("my firm", " firm.example", "https://login.microsoftonline.com/firm", "{tenant}")
    ),
    *(
        bad(
            f"{AP}.tenant",
            value,
            f"{value.lower()} cannot be used with identity application; name the firm's own tenant",
        )
        for value in ("common", "Organizations", "consumers")
    ),
    bad(f"{AP}.consumer_key", GONE, MISSING),
    bad(f"{AP}.consumer_key", "", EMPTY),
    bad(f"{AP}.consumer_key", None, NONE),
    bad(f"{AP}.consumer_key", 12, TEXT),
    bad(f"{AP}.consumer_key", " app ", SPACE),
    bad(f"{AP}.consumer_secret", GONE, "is missing; identity application needs it, or certificate"),
    bad(f"{AP}.consumer_secret", None, "is missing; identity application needs it, or certificate"),
    *(
        bad(f"{AP}.consumer_secret", value, NO_SECRET)
        for value in (HUSH, "", f"${HUSH}", "ENV:M365_CLIENT_SECRET", f"${{{HUSH}}}")
    ),
    bad(f"{AP}.consumer_secret", 12345, "env:NAME or file:PATH is expected"),
    bad(f"{AP}.consumer_secret", False, "env:NAME or file:PATH is expected"),
    bad(f"{AP}.consumer_secret", "env:", "nothing stands after env: write env:NAME or file:PATH"),
    bad(f"{AP}.consumer_secret", "file: ", "nothing stands after file: write env:NAME or file:PATH"),
    bad(f"{AP}.consumer_secret", "env:NOWHERE", "the environment variable NOWHERE is not set"),
    bad(f"{AP}.consumer_secret", "env:EMPTY", "the environment variable EMPTY is empty"),
    bad(f"{AP}.consumer_secret", "file:nowhere", "there is no file FOLDER/nowhere"),
    bad(f"{AP}.consumer_secret", "file:empty", "the file FOLDER/empty is empty"),
    bad(f"{AP}.consumer_secret", "file:binary", "the file FOLDER/binary is not text"),
    bad(f"{AP}.consumer_secret", "file:.", "the file FOLDER cannot be read: Is a directory"),
    bad(f"{AP}.consumer_secret", "file:empty/x", "the file FOLDER/empty/x cannot be read: Not a directory"),
    bad(
        f"{AP}.consumer_secret",
        "env:TWO_LINES",
        "the secret has several lines; the value that the portal shows once is one line",
    ),
    bad(f"{AP}.certificate", CERTIFICATE, "has both consumer_secret and certificate; keep one", at=AP),
    Case(
        {f"{AP}.consumer_secret": GONE, f"{AP}.certificate": {**CERTIFICATE, "thumbprint": "xyz"}},
        (f"{AP}.certificate.thumbprint: {NO_THUMBPRINT}",),
    ),
    Case(
        {f"{AP}.consumer_secret": GONE, f"{AP}.certificate": {**CERTIFICATE, "thumbprint": "ab" * 32}},
        (f"{AP}.certificate.thumbprint: {NO_THUMBPRINT}",),
    ),
    Case(
        {f"{AP}.consumer_secret": GONE, f"{AP}.certificate": {**CERTIFICATE, "thumbprint": 1234}},
        (f"{AP}.certificate.thumbprint: {TEXT}",),
    ),
    Case(
        {f"{AP}.consumer_secret": GONE, f"{AP}.certificate": {}},
        (f"{AP}.certificate.private_key: {MISSING}", f"{AP}.certificate.thumbprint: {MISSING}"),
    ),
    Case(
        {f"{AP}.consumer_secret": GONE, f"{AP}.certificate": {**CERTIFICATE, "private_key": "env:PUBLIC"}},
        (f"{AP}.certificate.private_key: {NO_KEY}",),
    ),
    bad(f"{AP}.default_scopes", "", EMPTY),
    bad(f"{AP}.default_scopes", ["Mail.Read"], ONE),
    bad(f"{AP}.authorize_endpoint_url", "login", "has to begin with https://"),
    bad(f"{AP}.token_endpoint_url", "", EMPTY),
    bad(f"{AP}.token_endpoint_url", f"http://login.example/x{END}", "has to begin with https://"),
    bad(f"{AP}.token_endpoint_url", "https://login.microsoftonline.com/{tenant}", f"has to end in {END}"),
    bad(
        f"{AP}.token_endpoint_url",
        f"https://login.microsoftonline.com{END}",
        f"has to name a tenant before {END}, or {{tenant}} for the one above",
    ),
    bad(
        f"{AP}.token_endpoint_url",
        f"https://login.microsoftonline.com/{{tenent}}{END}",
        "may have {tenant} in it, and no other words in braces",
    ),
    bad(
        f"{AP}.token_endpoint_url",
        f"https://login.microsoftonline.com/common{END}",
        "common cannot be used with identity application; name the firm's own tenant",
        at=f"{AP}.tenant",
    ),
    # Microsoft Graph
    bad(f"{MG}.auth_provider", GONE, MISSING),
    bad(f"{MG}.auth_provider", "", EMPTY),
    bad(f"{MG}.auth_provider", None, NONE),
    bad(f"{MG}.auth_provider", "Other", "Other is not one of auth_providers: Microsoft365Sync"),
    bad(f"{MG}.identity", GONE, MISSING),
    *(
        bad(f"{MG}.identity", value, "has to be application or named_principal")
        for value in ("Application", "user", None, True)
    ),
    bad(
        f"{MG}.identity",
        "named_principal",
        "is missing; identity named_principal keeps its refresh token there",
        at=f"{MG}.token_file",
    ),
    bad(f"{MG}.token_file", "t", "belongs to identity named_principal, not application; take it out"),
    bad(f"{MG}.url", GONE, MISSING),
    bad(f"{MG}.url", "", EMPTY),
    bad(f"{MG}.url", None, NONE),
    bad(f"{MG}.url", 5, TEXT),
    bad(f"{MG}.url", ["https://graph.microsoft.com"], ONE),
    *(
        bad(f"{MG}.url", value, "has to begin with https://")
        for value in ("graph.microsoft.com", "http://graph.microsoft.com", "ftp://graph.microsoft.com", "//graph")
    ),
    *(
        bad(f"{MG}.url", value, ADDRESS)
        for value in (
            "https://",
            "https:/graph.microsoft.com",
            "https://graph microsoft.com",
            "https://graph..microsoft.com",
            "https://.",
            "https://graph.microsoft.com\\v1.0",
            "https://graph.microsoft.com:port",
            "https://graph.microsoft.com:0",
            "https://graph.microsoft.com:99999",
            "https://graph.microsoft.com:-1",
            "https://[::1",
        )
    ),
    *(
        bad(f"{MG}.url", value, USER_IN_URL)
        for value in (
            "https://user:word@graph.microsoft.com",
            "https://graph.microsoft.com?x=1",
            "https://graph.microsoft.com#x",
        )
    ),
    bad(f"{MG}.url", "https://graph.microsoft.com/v1.0", GRAPH_PATH),
    # Salesforce
    bad(f"{SF}.url", "http://firm.my.salesforce.com", "has to begin with https://"),
    bad(f"{SF}.url", "https://firm.my.salesforce.com/services/data", ORG_PATH),
    *(
        bad(f"{SF}.url", f"https://{host}", f"{host} is only for signing in; write the org's My Domain address")
        for host in ("login.salesforce.com", "test.salesforce.com")
    ),
    bad(f"{SF}.url", "https://firm.lightning.force.com", WEB_PAGES),
    bad(f"{SF}.url", "https://firm.my.salesforce-setup.com", WEB_PAGES),
    bad(f"{SF}.flow", GONE, MISSING),
    *(bad(f"{SF}.flow", value, "has to be jwt or client_credentials") for value in ("password", "JWT", None, True)),
    bad(f"{SF}.consumer_key", GONE, MISSING),
    bad(f"{SF}.consumer_key", 12345, TEXT),
    bad(f"{SF}.consumer_key", "key\n", SPACE),
    bad(f"{SF}.username", GONE, "is missing; flow jwt needs it"),
    bad(f"{SF}.username", "", EMPTY),
    bad(f"{SF}.username", "m365sync", NO_USERNAME),
    bad(f"{SF}.username", "m365 sync@firm.example", NO_USERNAME),
    bad(f"{SF}.private_key", GONE, "is missing; flow jwt needs it"),
    bad(f"{SF}.private_key", "-----BEGIN PRIVATE KEY-----", NO_SECRET),
    bad(f"{SF}.private_key", "file:nowhere.key", "there is no file FOLDER/nowhere.key"),
    *(bad(f"{SF}.private_key", f"env:{name}", NO_KEY) for name in ("M365_CLIENT_SECRET", "PUBLIC", "CUT")),
    bad(
        f"{SF}.private_key",
        "env:LOCKED",
        "the private key has a passphrase; store it without one, readable to the connector only",
    ),
    bad(f"{SF}.private_key", "env:CURVE", "is not an RSA key; make one with openssl genrsa 2048"),
    bad(
        f"{SF}.private_key",
        "env:SMALL",
        "is an RSA key of 1024 bits; 2048 are needed, as openssl genrsa 2048 makes",
    ),
    bad(
        f"{SF}.consumer_secret",
        "env:M365_CLIENT_SECRET",
        "belongs to flow client_credentials, not jwt; take it out",
    ),
    Case(
        {f"{SF}.flow": "client_credentials"},
        (
            f"{SF}.consumer_secret: is missing; flow client_credentials needs it",
            f"{SF}.username: belongs to flow jwt, not client_credentials; take it out",
            f"{SF}.private_key: belongs to flow jwt, not client_credentials; take it out",
        ),
    ),
]


def one_of_each(cases: list[Case]) -> list[Case]:
    """The first case of each text."""
    firsts: dict[str, Case] = {}
    for case in cases:
        firsts.setdefault(case.problems[0].partition(": ")[2], case)
    return list(firsts.values())


@dataclass(frozen=True, slots=True)
class File:
    """What stands in the file, and the line that is told: what, where in the file, and the remedy."""

    content: str | bytes
    what: str
    remedy: str
    line: int | None = None


_LINE = "Correct that line: indent by spaces, not tabs, and put text with a colon in quotes."
_BEGIN = "Start from config/connector.example.yaml."
_COMPARE = "Compare it with config/connector.example.yaml; it may hold control characters or an impossible date."
_UTF_8 = "Save it as UTF-8: an editor may call it Encoding."
_NOT_YAML = "The configuration is not valid YAML"
_KEY = f"{_NOT_YAML}: a key has to be text"
_OTHER_NUMBER = f"{_NOT_YAML}: a value would be read as another number than it shows"

FILES: list[File] = [
    File("", "The configuration is empty", _BEGIN),
    File("# nothing but a comment\n", "The configuration is empty", _BEGIN),
    File("- a\n- b\n", "The configuration is not a list of keys and values", _BEGIN),
    File("sync\n  workers 3\n", "The configuration is not a list of keys and values", _BEGIN),
    File("<html></html>\n", "The configuration is not a list of keys and values", _BEGIN),
    File("sync: {}\n".encode("utf-16"), "The configuration is not text in UTF-8", _UTF_8),
    File("# Grüße\n".encode("latin-1"), "The configuration is not text in UTF-8", _UTF_8),
    File(b"\0\0\0", _NOT_YAML, _COMPARE),
    File("a: \x07\n", _NOT_YAML, _COMPARE),
    File("a: 2026-13-45\n", _NOT_YAML, _COMPARE),
    File("[" * 1_500, _NOT_YAML, _COMPARE),
    File("sync:\n\tworkers: 3\n", f"{_NOT_YAML}: found character '\\t' that cannot start any token", _LINE, 2),
    File("sync: {}\nsync: {}\n", f"{_NOT_YAML}: the key sync is given twice", _LINE, 2),
    File("sync:\n  workers: 3\n  workers: 4\n", f"{_NOT_YAML}: the key workers is given twice", _LINE, 3),
    File("tls: {ca_file: a: b}\n", f"{_NOT_YAML}: expected ',' or '}}', but got ':'", _LINE, 1),
    File('tls: {ca_file: "C:\\certs"}\n', f"{_NOT_YAML}: found unknown escape character 'c'", _LINE, 1),
    File("--- {}\n--- {}\n", f"{_NOT_YAML}: but found another document", _LINE, 2),
    File("a: *nowhere\n", f"{_NOT_YAML}: found undefined alias 'nowhere'", _LINE, 1),
    File(
        "a: !!python/object:os.system x\n",
        f"{_NOT_YAML}: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object:os.system'",
        _LINE,
        1,
    ),
    File("1: x\n", _KEY, _LINE, 1),
    File("sync:\n  on: 4\n", _KEY, _LINE, 2),
    File("sync: {no: 4}\n", _KEY, _LINE, 1),
    File("? [a]\n: b\n", _KEY, _LINE, 1),
    File("http:\n  max_wait_seconds: 12:30\n", _OTHER_NUMBER, _LINE, 2),
    File("sync: {workers: 010}\n", _OTHER_NUMBER, _LINE, 1),
    File("sync: {workers: 0x10}\n", _OTHER_NUMBER, _LINE, 1),
    File("metrics: {port: 8_365}\n", _OTHER_NUMBER, _LINE, 1),
]
