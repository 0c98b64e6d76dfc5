"""What signs in: to Microsoft 365 as the application or as a person, to Salesforce as the connector's own user."""

from collections.abc import Mapping

from connector.errors import UsageError
from connector.graph.auth import ApplicationToken
from connector.graph.delegated import PrincipalToken, TokenFile
from connector.http.bounds import TOKEN_BYTES
from connector.http.transport import ServiceClient, TokenSource, Transport
from connector.salesforce.auth import ClientCredentials, Grant, JwtBearer
from connector.settings.model import AuthProvider, SalesforceCredential, Settings


def graph_token(settings: Settings, transport: Transport) -> TokenSource:
    """The source of tokens for Graph: the application's, or the named principal's."""
    provider = settings.graph_provider
    credential = settings.named_credentials.MicrosoftGraphAPI
    if credential.identity == "named_principal":
        return named_principal(settings, transport)
    secret = _entra_credential(provider)
    if secret is None:
        raise UsageError("There is neither consumer_secret nor certificate", where="auth_providers")
    return ApplicationToken(
        client_id=provider.consumer_key,
        credential=secret,
        authority=provider.authority,
        graph_url=credential.url,
        session=_entra(provider, transport).session(idempotent=True),
    )


def named_principal(settings: Settings, transport: Transport) -> PrincipalToken:
    """The person that mail is read as. Raises UsageError where the application itself signs in."""
    provider = settings.graph_provider
    credential = settings.named_credentials.MicrosoftGraphAPI
    if credential.identity != "named_principal" or credential.token_file is None:
        raise UsageError(
            f"The identity {credential.identity} signs in by itself",
            where="named_credentials.MicrosoftGraphAPI.identity",
            remedy="Nobody has to sign in; for a person instead, set identity: named_principal and token_file.",
        )
    return PrincipalToken(
        client_id=provider.consumer_key,
        credential=_entra_credential(provider),
        authority=provider.authority,
        scopes=provider.default_scopes,
        file=TokenFile(credential.token_file),
        # a code and a refresh token may be sent again: at worst it is refused, and a person signs in once more
        session=_entra(provider, transport).session(idempotent=True),
    )


def _entra(provider: AuthProvider, transport: Transport) -> ServiceClient:
    return transport.service("Microsoft Entra", provider.authority, setting="auth_providers", most=TOKEN_BYTES)


def _entra_credential(provider: AuthProvider) -> str | dict[str, str] | None:
    """What msal calls the client credential; None for a public app."""
    if provider.certificate is not None:
        key = provider.certificate.private_key.get_secret_value()
        return {"private_key": key, "thumbprint": provider.certificate.thumbprint.replace(":", "")}
    return None if provider.consumer_secret is None else provider.consumer_secret.get_secret_value()


class _GrantOfTheMoment:
    """A Grant that takes its secret at each sign-in: a scheduler runs for months, and secrets are replaced."""

    def __init__(self, credential: SalesforceCredential) -> None:
        self._credential = credential

    def form(self) -> Mapping[str, str]:
        """The form fields, with the secret as it is now. Raises UsageError."""
        return _grant(self._credential).form()


def grant(credential: SalesforceCredential) -> Grant:
    """How the connector's own user signs in to Salesforce. Raises UsageError."""
    _grant(credential)
    return _GrantOfTheMoment(credential)


def _grant(credential: SalesforceCredential) -> Grant:
    if credential.flow == "jwt" and credential.private_key is not None and credential.username is not None:
        return JwtBearer(
            url=credential.url,
            consumer_key=credential.consumer_key,
            username=credential.username,
            private_key=credential.private_key.get_secret_value(),
        )
    if credential.consumer_secret is None:
        raise UsageError(f"The flow {credential.flow} lacks a credential", where="named_credentials.Salesforce")
    return ClientCredentials(credential.consumer_key, credential.consumer_secret.get_secret_value())
