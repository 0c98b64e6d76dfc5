"""Entra's errors around a person's sign-in: the authorise page, codes and refresh tokens, PKCE and consent."""

from m365sandbox.entra.errors import EntraError


def single_tenant(client_id: str, name: str) -> EntraError:
    """`common` with an app that belongs to one tenant."""
    return EntraError(
        400,
        "invalid_request",
        50194,
        f"Application '{client_id}'({name}) is not configured as a multi-tenant application. Usage of the /common "
        "endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or "
        "configure the application to be multi-tenant.",
    )


def redirect_mismatch(client_id: str, uri: str) -> EntraError:
    """An address that the app has not registered."""
    return EntraError(
        400,
        "invalid_request",
        50011,
        f"The redirect URI '{uri}' specified in the request does not match the redirect URIs configured for the "
        f"application '{client_id}'. Make sure the redirect URI sent in the request matches one added to your "
        "application in the Azure portal.",
    )


def redirect_differs() -> EntraError:
    """A code is redeemed with another redirect_uri than it was asked for."""
    return EntraError(
        400,
        "invalid_grant",
        70000,
        "The request was denied because one or more parameters are invalid: the redirect_uri is not the one that the "
        "authorization code was requested with.",
    )


def response_type(given: str) -> EntraError:
    """Something else than an authorisation code is asked for."""
    return EntraError(
        400,
        "unsupported_response_type",
        700054,
        f"response_type '{given}' is not enabled for the application.",
    )


def not_signed_in() -> EntraError:
    """prompt=none, and there is no session."""
    return EntraError(400, "login_required", 50058, "A silent sign-in request was sent but no user is signed in.")


def unknown_person(name: str, tenant: str) -> EntraError:
    """Nobody of that name can sign in."""
    return EntraError(
        400,
        "invalid_grant",
        50034,
        f"The user account {name} does not exist in the {tenant} directory. To sign into this application, the account "
        "must be added to the directory.",
    )


def disabled_person() -> EntraError:
    """The account has been blocked."""
    return EntraError(400, "invalid_grant", 50057, "The user account is disabled.")


def consent_required(client_id: str, name: str, scope: str) -> EntraError:
    """A delegated permission that nobody has consented to."""
    return EntraError(
        400,
        "invalid_grant",
        65001,
        f"The user or administrator has not consented to use the application with ID '{client_id}' named '{name}'. "
        f"Send an interactive authorization request for this user and resource. (scope {scope})",
    )


def unknown_scope(client_id: str, scope: str) -> EntraError:
    """A delegated permission that Graph has not."""
    return EntraError(
        400,
        "invalid_client",
        650053,
        f"The application '{client_id}' asked for scope '{scope}' that doesn't exist on the resource "
        "'00000003-0000-0000-c000-000000000000'. Contact the app vendor.",
    )


def grant_malformed() -> EntraError:
    """A code or refresh token that this tenant never gave."""
    return EntraError(
        400, "invalid_grant", 70000, "Provided grant is invalid or malformed. The grant cannot be recognised."
    )


def grant_of_another_app() -> EntraError:
    """A refresh token that was given to another app."""
    return EntraError(
        400,
        "invalid_grant",
        700005,
        "Provided grant was intended to use against another application.",
    )


def code_of_another_app() -> EntraError:
    """A code that was given to another app."""
    return EntraError(
        400,
        "invalid_grant",
        700005,
        "Provided Authorization Code is intended to use against other application.",
    )


def code_redeemed() -> EntraError:
    """A code is used a second time."""
    return EntraError(
        400,
        "invalid_grant",
        54005,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing "
        "refresh token.",
    )


def code_expired() -> EntraError:
    """A code is used too late."""
    return EntraError(
        400, "invalid_grant", 70008, "The provided authorization code or refresh token has expired due to inactivity."
    )


def refresh_inactive() -> EntraError:
    """A refresh token was not used for too long."""
    return EntraError(
        400, "invalid_grant", 700082, "The refresh token has expired due to inactivity. Send a new interactive request."
    )


def grant_revoked(issued: str, valid_from: str) -> EntraError:
    """The person's sessions were revoked after the grant: a new password, or revokeSignInSessions."""
    return EntraError(
        400,
        "invalid_grant",
        50173,
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have "
        f"changed or reset their password. The grant was issued on '{issued}' and the TokensValidFrom date (before "
        f"which tokens are not valid) for this user is '{valid_from}'.",
    )


def verifier_mismatch() -> EntraError:
    """PKCE: the code_verifier is not the one whose hash came with the request for the code."""
    return EntraError(
        400,
        "invalid_grant",
        501481,
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    )


def verifier_missing() -> EntraError:
    """PKCE: the request for the code had a code_challenge, the redemption has no code_verifier."""
    return EntraError(
        400, "invalid_grant", 50148, "The code_verifier does not match the code_challenge supplied in the request."
    )


def challenge_method(given: str) -> EntraError:
    """code_challenge_method is neither S256 nor plain."""
    return EntraError(
        400,
        "invalid_request",
        501491,
        f"Invalid size or method of Code_Challenge parameter: '{given}'.",
    )
