"""Entra's errors: the AADSTS codes that sign-in can meet, with the texts a client sees.

Shape (Microsoft identity platform, "error codes"): error, error_description, error_codes, timestamp, trace_id,
correlation_id, error_uri. Clients must branch on the code; the texts are those of the public error look-up.
"""

import uuid
from datetime import UTC, datetime

from m365sandbox.wire import Response


class EntraError(Exception):
    """A refusal. `error` is the OAuth error, `code` the AADSTS number."""

    def __init__(self, status: int, error: str, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.code = code
        self.message = message

    def response(self, base_url: str, correlation_id: str | None) -> Response:
        """The JSON answer, in the shape above."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        trace = str(uuid.uuid4())
        correlation = correlation_id or str(uuid.uuid4())
        description = (
            f"AADSTS{self.code}: {self.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        )
        value = {
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{base_url}/error?code={self.code}",
        }
        return Response.of_json(value, self.status, {"Cache-Control": "no-store, no-cache"})

    def redirected(self) -> dict[str, str]:
        """The same as parameters of the address that a browser is sent back to."""
        return {"error": self.error, "error_description": f"AADSTS{self.code}: {self.message}"}


def tenant_not_found(tenant: str, error: str = "invalid_request") -> EntraError:
    """The tenant in the path is not this one."""
    return EntraError(
        400,
        error,
        90002,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    )


def no_tenant_named() -> EntraError:
    """`common` and its like, with an identity that belongs to one tenant."""
    return EntraError(
        400,
        "invalid_request",
        50059,
        "No tenant-identifying information found in either the request or implied by any provided credentials.",
    )


def missing_parameter(name: str) -> EntraError:
    """A form field that every token request needs."""
    return EntraError(
        400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'."
    )


def unknown_instance() -> EntraError:
    """Instance discovery for a host that is no sign-in host."""
    return EntraError(400, "invalid_instance", 50049, "Unknown or invalid instance.")


def unsupported_grant(grant: str) -> EntraError:
    """A grant type that this app may not use."""
    return EntraError(400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")


def unknown_application(client_id: str, tenant: str) -> EntraError:
    """No such app in this tenant."""
    return EntraError(
        400,
        "unauthorized_client",
        700016,
        f"Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You may have sent your authentication request to the wrong tenant.",
    )


def credential_needed() -> EntraError:
    """Neither a secret nor an assertion came."""
    return EntraError(
        401,
        "invalid_client",
        7000216,
        "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    )


def wrong_secret(client_id: str) -> EntraError:
    """The secret is not the app's."""
    return EntraError(
        401,
        "invalid_client",
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        f"the client secret ID, for a secret added to app '{client_id}'.",
    )


def _assertion_failed(reason: str) -> EntraError:
    return EntraError(
        401, "invalid_client", 700027, f"Client assertion failed signature validation. [Reason - {reason}]"
    )


def assertion_unknown_key(thumbprint: str) -> EntraError:
    """The app has no certificate with this thumbprint."""
    return _assertion_failed(f"The key was not found., Thumbprint of key used by client: '{thumbprint}'")


def assertion_signature(thumbprint: str) -> EntraError:
    """The signature is not by the key of the certificate it names."""
    return _assertion_failed(f"The key was used but the signature is wrong., Thumbprint of key: '{thumbprint}'")


def assertion_key_expired(thumbprint: str) -> EntraError:
    """The certificate's time is over."""
    return _assertion_failed(f"The key used is expired., Thumbprint of key used by client: '{thumbprint}'")


def assertion_malformed() -> EntraError:
    """No JWT, or one that is signed in another way than a certificate's."""
    return EntraError(401, "invalid_client", 50027, "JWT token is invalid or malformed.")


def assertion_out_of_time() -> EntraError:
    """It has expired, is not valid yet, or does not say until when."""
    return EntraError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")


def assertion_of_another(client_id: str) -> EntraError:
    """Its issuer is not the app that client_id names."""
    message = f"Client assertion application identifier doesn't match 'client_id' parameter. Expected '{client_id}'."
    return EntraError(401, "invalid_client", 700021, message)


def assertion_audience(audience: str) -> EntraError:
    """It was made for somebody else."""
    return EntraError(
        401,
        "invalid_client",
        700023,
        f"Client assertion audience claim does not match Realm issuer. The audience was '{audience}'.",
    )


def assertion_type(given: str) -> EntraError:
    """client_assertion_type is not the JWT bearer one."""
    return EntraError(
        400, "invalid_request", 900144, f"The value '{given}' of 'client_assertion_type' is not the JWT bearer type."
    )


def expired_secret(client_id: str) -> EntraError:
    """The secret is the app's and its time is over."""
    return EntraError(
        401,
        "invalid_client",
        7000222,
        f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new keys "
        "for your app, or consider using certificate credentials for added security.",
    )


def client_is_public() -> EntraError:
    """A public client presents a credential."""
    return EntraError(
        401,
        "invalid_client",
        700025,
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    )


def credential_missing() -> EntraError:
    """A confidential client redeems a code or refresh token without a credential."""
    return EntraError(
        401,
        "invalid_client",
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    )


def scope_without_default(scope: str) -> EntraError:
    """Client credentials ask for all that was granted, never for single permissions."""
    return EntraError(
        400,
        "invalid_scope",
        1002012,
        f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
        "/.default suffixed to the resource identifier (application ID URI).",
    )


def scope_invalid(scope: str) -> EntraError:
    """Something that is no scope at all, or scopes of several resources."""
    return EntraError(
        400,
        "invalid_scope",
        70011,
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter "
        f"'scope' is not valid. The scope {scope} is not valid.",
    )


def unknown_resource(resource: str, tenant: str) -> EntraError:
    """A resource that this tenant does not know."""
    return EntraError(
        400,
        "invalid_resource",
        500011,
        f"The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You might have sent your authentication request to the wrong tenant.",
    )
