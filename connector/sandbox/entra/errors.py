"""Entra's errors: the AADSTS codes that a client credentials request can meet, with the texts a client sees.

Shape (Microsoft identity platform, "error codes"): error, error_description, error_codes, timestamp, trace_id,
correlation_id, error_uri. Clients must branch on the code; the texts are those of the public error look-up.
"""

import uuid
from datetime import UTC, datetime

from connector.sandbox.wire import Response


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


def assertion_unknown_key() -> EntraError:
    """The app has no certificate, so no assertion can be right."""
    return EntraError(
        401,
        "invalid_client",
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on application.",
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
