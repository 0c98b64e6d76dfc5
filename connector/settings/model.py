"""Step 1 of a run: the configuration, read whole and checked whole, before any service is asked.

It says only how to connect, how fast, and how to log; what decides about a mail stands in MS_Graph_Setting__c.
Every key is documented in config/connector.example.yaml.
"""

import difflib
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from connector.errors import UsageError
from connector.http.proxies import SETTING as PROXY
from connector.http.proxies import ProxyChoice, ProxyError
from connector.settings.file import EXAMPLE, Secret, Surroundings, read, surroundings
from connector.settings.rules import (
    AUTHORITY_END,
    a_client_secret,
    a_host,
    a_namespace,
    a_private_key,
    a_proxy,
    a_service_url,
    a_tenant,
    a_token_endpoint,
    a_username,
    an_authority_file,
    plain_proxy,
    plain_text,
    relations,
)

_SCOPES = "openid offline_access https://graph.microsoft.com/Mail.Read https://graph.microsoft.com/Mail.Read.Shared"
_LOGIN = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/"


def _located(text: str, info: ValidationInfo) -> str:
    around = surroundings(info)
    return os.fspath(around.path(text))


Text = Annotated[str, Field(min_length=1), AfterValidator(plain_text)]
Url = Annotated[str, Field(min_length=1), AfterValidator(a_service_url)]
TokenEndpoint = Annotated[str, Field(min_length=1), AfterValidator(a_token_endpoint)]
ClientSecret = Annotated[Secret, AfterValidator(a_client_secret)]
PrivateKey = Annotated[Secret, AfterValidator(a_private_key)]
ProxyUrl = Annotated[Secret, BeforeValidator(plain_proxy), AfterValidator(a_proxy), WithJsonSchema({"type": "string"})]
FilePath = Annotated[str, Field(min_length=1), AfterValidator(_located)]


class Section(BaseModel):
    """A section of the file: frozen, no unknown keys, no guessing of types, and no values in error messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Certificate(Section):
    """The certificate that stands for the application in Entra, instead of a secret."""

    private_key: PrivateKey
    thumbprint: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}:?){19}[0-9A-Fa-f]{2}$")]


class AuthProvider(Section):
    """How to sign in to one Entra tenant."""

    tenant: Annotated[str, Field(min_length=1), AfterValidator(a_tenant)]
    authorize_endpoint_url: Url = _LOGIN + "authorize"
    token_endpoint_url: TokenEndpoint = _LOGIN + "token"
    consumer_key: Text
    consumer_secret: ClientSecret | None = None
    certificate: Certificate | None = None
    default_scopes: Text = _SCOPES

    @property
    def authority(self) -> str:
        """What msal calls the authority: the address of the tenant."""
        return self.token_endpoint_url.removesuffix(AUTHORITY_END).replace("{tenant}", self.tenant)

    @property
    def authorize_url(self) -> str:
        """The address that a person's browser is sent to by `login`."""
        return self.authorize_endpoint_url.replace("{tenant}", self.tenant)


class GraphCredential(Section):
    """Where Microsoft Graph is, and as whom it is asked."""

    url: Url
    auth_provider: Text
    identity: Literal["application", "named_principal"]
    token_file: FilePath | None = None


class SalesforceCredential(Section):
    """Where the org is, and how to sign in to it."""

    url: Url
    flow: Literal["jwt", "client_credentials"]
    consumer_key: Text
    username: Annotated[Text, AfterValidator(a_username)] | None = None
    private_key: PrivateKey | None = None
    consumer_secret: ClientSecret | None = None


class NamedCredentials(Section):
    """The addresses of both services, and how to sign in to each."""

    MicrosoftGraphAPI: GraphCredential
    Salesforce: SalesforceCredential


class Tls(Section):
    """The certificate authorities that are trusted."""

    ca_file: Annotated[FilePath, AfterValidator(an_authority_file)] | None = None


class Http(Section):
    """Time-out, attempts and pauses of a request, and the proxy that it goes through."""

    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 60
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 5
    max_wait_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    proxy: ProxyUrl | None = None


class Sync(Section):
    """How many requests at a time, and how much received time is read again."""

    workers: Annotated[int, Field(ge=1, le=64)] = 32
    requests_per_mailbox: Annotated[int, Field(ge=1, le=4)] = 3
    overlap_minutes: Annotated[int, Field(ge=0, le=1440)] = 60
    settle_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    sweep_days: Annotated[int, Field(ge=3, le=366)] = 35
    slice_minutes: Annotated[int, Field(ge=1, le=60)] = 10
    attachment_timeout_seconds: Annotated[int, Field(ge=1, le=3600)] = 120


class Salesforce(Section):
    """The version, share and concurrency of API calls to the org."""

    api_version: Annotated[str, Field(pattern=r"^(59|[6-9][0-9])\.0$")] = "66.0"
    namespace: Annotated[str, AfterValidator(a_namespace)] = ""
    daily_call_budget_percent: Annotated[int, Field(ge=1, le=100)] = 80
    writers: Annotated[int, Field(ge=1, le=4)] = 4


class Metrics(Section):
    """Where `m365sync run` serves metrics and probes; without a port nowhere."""

    host: Annotated[Text, AfterValidator(a_host)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] | None = None


class Logging(Section):
    """Log lines, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] | None = None


class Settings(Section):
    """The configuration file as a whole."""

    auth_providers: Annotated[dict[str, AuthProvider], Field(min_length=1)]
    named_credentials: NamedCredentials
    tls: Tls = Tls()
    http: Http = Http()
    sync: Sync = Sync()
    salesforce: Salesforce = Salesforce()
    metrics: Metrics = Metrics()
    logging: Logging = Logging()
    _proxies: ProxyChoice = PrivateAttr(default_factory=ProxyChoice)

    def model_post_init(self, context: Any) -> None:
        """What the environment says of proxies belongs to the settings, though not to the file."""
        if isinstance(context, Surroundings):
            configured = None if self.http.proxy is None else self.http.proxy.get_secret_value()
            try:
                self._proxies = ProxyChoice.of(configured, context.environ)
            except ProxyError as error:
                raise PydanticCustomError("problem", "{message}", {"message": str(error)}) from None

    @property
    def proxies(self) -> ProxyChoice:
        """Through what services are asked: `http.proxy`, or what the environment says."""
        return self._proxies

    @property
    def graph_provider(self) -> AuthProvider:
        """The provider that MicrosoftGraphAPI names."""
        return self.auth_providers[self.named_credentials.MicrosoftGraphAPI.auth_provider]


def load(path: str | Path, environ: Mapping[str, str]) -> Settings:
    """The settings of a file, secrets resolved. Raises one UsageError that names every problem."""
    file = Path(path)
    data = read(file)
    problems: list[str] = []
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(data, context=Surroundings(environ, file.absolute().parent))
    except ValidationError as error:
        problems += [_worded(detail, data) for detail in error.errors(include_input=False, include_url=False)]
    problems += [f"{key}: {message}" for key, message in relations(data)]
    if problems or settings is None:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise UsageError(
            f"The configuration has {count}: {'; '.join(problems)}",
            where=str(file),
            remedy=f"Every key is explained in {EXAMPLE}.",
        )
    return settings


def render(settings: Settings) -> str:
    """The settings as YAML, defaults filled in; of a secret only its reference is shown."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)


def json_schema() -> dict[str, Any]:
    """The JSON schema of the file, as saved in config/schema.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}


_WORDS = {
    "missing": "is missing",
    "string_type": "text is expected; put it in quotes",
    "string_too_short": "is empty",
    "int_type": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "dict_type": "a section with keys is expected",
    "model_type": "a section with keys is expected",
    "too_short": "is empty",
}
_SECTION_KIND = ("dict_type", "model_type")
_OTHER_KIND = (*_SECTION_KIND, "string_type", "int_type")
#: What other tools call our keys.
_SYNONYMS = {
    "client_id": "consumer_key",
    "client_secret": "consumer_secret",
    "tenant_id": "tenant",
    "instance_url": "url",
    "login_url": "url",
    "user": "username",
    "key": "private_key",
    "key_file": "private_key",
    "ca": "ca_file",
    "version": "api_version",
}
_PATTERNS = {
    "thumbprint": "is not a thumbprint: 40 hexadecimal digits are expected, as the Entra portal shows them",
    "api_version": 'has to be a version from "59.0" on, such as "66.0"',
}


def _worded(detail: ErrorDetails, data: Any) -> str:
    """One problem: section.key, what is wrong with it, and what would be right. Never the value."""
    where = [str(part) for part in detail["loc"]]
    # of the settings as a whole only the proxy is left to be found wrong
    key, context = ".".join(where) or PROXY, detail.get("ctx") or {}
    kind = detail["type"]
    if kind == "extra_forbidden":
        known = list(_known_keys(where[:-1]))
        meant = [_SYNONYMS.get(where[-1].lower(), ""), *difflib.get_close_matches(where[-1].lower(), known, n=1)]
        found = next((name for name in meant if name in known), None)
        return f"{key}: unknown key" + (f", {found} may be meant" if found else "")
    shape = _shape(detail, data)
    if shape is not None:
        return f"{key}: {shape}"
    if kind == "string_pattern_mismatch":
        return f"{key}: {_PATTERNS[where[-1]]}"
    if kind in ("greater_than_equal", "less_than_equal"):
        least, most = _range(where)
        return f"{key}: has to be from {least} to {most}"
    if kind == "literal_error":
        return f"{key}: has to be {str(context['expected']).replace(chr(39), '')}"
    # a rule's own words, without those that the validation library puts before them
    text = str(context["error"]) if kind in ("value_error", "assertion_error") and "error" in context else detail["msg"]
    return f"{key}: {_WORDS.get(kind, text)}"


def _shape(detail: ErrorDetails, data: Any) -> str | None:
    """What is wrong with a value of another kind altogether: none, a list or a section in place of one value."""
    if detail["type"] not in _OTHER_KIND:
        return None
    value = data
    for part in detail["loc"]:
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return "has no value"
    if isinstance(value, list | dict) and detail["type"] not in _SECTION_KIND:
        return f"one value is expected, not a {'list' if isinstance(value, list) else 'section'}"
    return None


@cache
def _schema() -> dict[str, Any]:
    return Settings.model_json_schema()


def _field_at(where: list[str]) -> dict[str, Any]:
    """The part of the JSON schema that describes a key."""
    schema = _schema()
    part: dict[str, Any] = schema
    for name in where:
        part = _followed(part, schema)
        part = part.get("properties", {}).get(name) or part.get("additionalProperties") or {}
    return _followed(part, schema)


def _followed(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for choice in (part, *part.get("anyOf", [])):
        if "$ref" in choice:
            found: dict[str, Any] = schema["$defs"][choice["$ref"].rsplit("/", 1)[-1]]
            return found
    return next((choice for choice in part.get("anyOf", ()) if choice.get("type") != "null"), part)


def _known_keys(where: list[str]) -> Iterator[str]:
    yield from _field_at(where).get("properties", {})


def _range(where: list[str]) -> tuple[int, int]:
    part = _field_at(where)
    return part["minimum"], part["maximum"]
