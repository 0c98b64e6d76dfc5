"""Sign-in as a named principal: a person's consent once (`m365sync login`), then refresh tokens from a file.

Microsoft identity platform, "authorization code flow": PKCE, a redirect to a loopback address of any port. Each refresh
gives a new refresh token, which replaces the one in the file; the old one stays good, so that two connectors on one
file do no harm. A refresh token that is not used ends after 90 days ("Refresh tokens in the Microsoft identity
platform").
"""

import json
import os
import stat
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msal
import requests
from msal.exceptions import MsalServiceError

from connector.errors import SignInError, UsageError
from connector.graph.auth import TokenCache, granted, no_tenant, refused, unreachable, unreadable
from connector.http.answers import UNREADABLE
from connector.model.org import DirectoryUser
from connector.model.values import GraphUserId

#: How long a refresh token lives without use.
UNUSED = timedelta(days=90)
#: Scopes that msal adds itself and refuses in our list.
_OWN_SCOPES = frozenset({"openid", "offline_access", "profile"})
_LOGIN = "Type m365sync login."
#: The rights of group and others on a file.
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SETTING = "named_credentials.MicrosoftGraphAPI.token_file"


class TokenFile:
    """The one file that the connector keeps: a named principal's tokens, readable to its own user only.

    It is replaced as a whole: a reader sees the old or the new, never a half.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def load(self) -> str | None:
        """What it holds; None where there is no file. Raises UsageError where others may read it, or we may not."""
        try:
            with self.path.open(encoding="utf-8") as file:
                if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
                    raise UsageError(
                        "The token file can be read by others",
                        where=f"{_SETTING}: {self.path}",
                        remedy=f"Type chmod 600 {self.path}, then m365sync login, since others may have read it.",
                    )
                return file.read()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable("read", error) from error

    def save(self, text: str) -> None:
        """Replace what it holds. Raises UsageError where it cannot be written."""
        try:
            # mkstemp makes the file readable to its owner only
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        except OSError as error:
            raise self._unusable("written", error) from error
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise self._unusable("written", error) from error

    @property
    def written_at(self) -> datetime | None:
        """When it was replaced last, by this machine's clock; None where there is no file."""
        try:
            return datetime.fromtimestamp(self.path.stat().st_mtime, tz=UTC)
        except OSError:
            return None

    def _unusable(self, verb: str, error: Exception) -> UsageError:
        return UsageError(
            f"The token file cannot be {verb}: {getattr(error, 'strerror', None) or type(error).__name__}",
            where=f"{_SETTING}: {self.path}",
            remedy="Name a file in a folder that the connector's user may write, and no one else may read.",
        )


#: what msal reads of its entries without asking whether it is there: texts, and times as numbers
_TEXTS: Mapping[str, Sequence[str]] = {
    "AccessToken": ("secret", "home_account_id", "environment", "client_id", "realm", "target"),
    "RefreshToken": ("secret", "home_account_id", "environment", "client_id", "target"),
    "IdToken": ("secret", "home_account_id", "environment", "client_id", "realm"),
    "Account": ("home_account_id", "environment", "realm", "local_account_id", "username"),
    "AppMetadata": ("client_id", "environment"),
}
_TIMES: Mapping[str, Sequence[str]] = {"AccessToken": ("expires_on", "cached_at")}


def _is_cache(text: str) -> bool:
    """Whether this is what msal once wrote: it does not look itself."""
    try:
        kinds = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(kinds, dict) or (kinds and not kinds.keys() & _TEXTS.keys()):
        return False
    # a later msal may keep further kinds, which it reads itself
    return all(
        isinstance(entries, dict) and all(_is_entry(kind, each) for each in entries.values())
        for kind, entries in kinds.items()
    )


def _is_entry(kind: str, entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    plain = all(value is None or isinstance(value, str | int | bool) for value in entry.values())
    texts = all(isinstance(entry.get(name), str) for name in _TEXTS.get(kind, ()))
    return plain and texts and all(str(entry.get(name)).isdecimal() for name in _TIMES.get(kind, ()))


class PrincipalToken:
    """A `TokenSource` from the refresh token of a file. Safe from several threads.

    `credential` is msal's client_credential, None for a public app; `scopes` as configured, apart by spaces.
    """

    def __init__(
        self,
        *,
        client_id: str,
        credential: Any,
        authority: str,
        scopes: str,
        file: TokenFile,
        session: requests.Session,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client_id = client_id
        self._credential = credential
        self._authority = authority
        self._scopes = [scope for scope in scopes.split() if scope not in _OWN_SCOPES]
        self._file = file
        self._session = session
        self._keeper = TokenCache(self._fetched, monotonic)
        #: Graph refused the token that the file holds
        self._stale = False

    def token(self) -> str:
        """The token we have, or a new one. Raises SignInError, UnreachableError, and UsageError for the file."""
        return self._keeper.token()

    def drop(self, token: str) -> None:
        """Forget the token, because Graph refused it, unless another one came since."""
        self._keeper.drop(token, self._forget)

    def person(self) -> DirectoryUser | None:
        """The user who signed in, as the sign-in named them; None before the first. Raises UsageError for the file."""
        account = next(iter(self._kept().search(msal.TokenCache.CredentialType.ACCOUNT)), None)
        if account is None:
            return None
        name = str(account.get("username") or "")
        oid = GraphUserId(str(account.get("local_account_id") or ""))
        return DirectoryUser(id=oid, user_principal_name=name, mail=name, addresses=(name.lower(),), purpose="")

    def begin(self, redirect_uri: str, *, user: str | None = None) -> dict[str, Any]:
        """A sign-in in a browser: msal's flow, whose `auth_uri` is to be opened. Raises SignInError."""
        with warnings.catch_warnings():
            # msal asks for a posted answer by default; our listener reads it from the address
            warnings.filterwarnings("ignore", message="response_mode=", category=UserWarning)
            flow: dict[str, Any] = self._app(msal.SerializableTokenCache()).initiate_auth_code_flow(
                self._scopes, redirect_uri=redirect_uri, login_hint=user
            )
        return flow

    def finish(self, flow: Mapping[str, Any], returned: Mapping[str, str]) -> str:
        """Redeem what the browser brought back, and keep the tokens. Returns who signed in.

        Raises SignInError, UnreachableError, and UsageError for the file.
        """
        cache = msal.SerializableTokenCache()
        try:
            answer = self._app(cache).acquire_token_by_auth_code_flow(dict(flow), dict(returned))
        except MsalServiceError as error:
            raise unreachable(error, self._host) from error
        except json.JSONDecodeError as error:
            raise unreadable(error, self._host) from error
        except ValueError as error:
            raise SignInError(
                "What the browser brought back does not belong to this sign-in", where=self._host, remedy=_LOGIN
            ) from error
        except UNREADABLE as error:
            raise unreadable(error, self._host) from error
        granted(answer, self._host)
        if "refresh_token" not in answer:
            raise SignInError(
                "Microsoft Entra gave no refresh token",
                where=self._host,
                remedy="Let the app registration's default_scopes include offline_access.",
            )
        self._file.save(cache.serialize())
        return str((answer.get("id_token_claims") or {}).get("preferred_username") or "")

    def _forget(self) -> None:
        self._stale = True

    def _fetched(self) -> tuple[str, float]:
        cache = self._kept()
        app = self._app(cache)
        account = next(iter(app.get_accounts()), None)
        if account is None:
            raise self._nobody()
        try:
            answer = app.acquire_token_silent_with_error(self._scopes, account=account, force_refresh=self._stale)
        except MsalServiceError as error:
            raise unreachable(error, self._host) from error
        except UNREADABLE as error:
            raise unreadable(error, self._host) from error
        if answer is None:
            raise self._nobody()
        if isinstance(answer, Mapping) and "access_token" not in answer:
            raise refused(answer, self._host, otherwise=_LOGIN)
        found = granted(answer, self._host)
        if cache.has_state_changed:
            self._file.save(cache.serialize())
        self._stale = False
        return found

    def _kept(self) -> msal.SerializableTokenCache:
        text = self._file.load()
        if not text:
            raise self._nobody()
        if not _is_cache(text):
            raise SignInError("The token file is damaged", where=str(self._file.path), remedy=_LOGIN)
        cache = msal.SerializableTokenCache()
        cache.deserialize(text)
        return cache

    def _nobody(self) -> SignInError:
        return SignInError("Nobody has signed in to Microsoft 365 yet", where=str(self._file.path), remedy=_LOGIN)

    @property
    def _host(self) -> str:
        return urlsplit(self._authority).netloc

    def _app(self, cache: msal.SerializableTokenCache) -> Any:
        common: dict[str, Any] = {
            "authority": self._authority,
            "instance_discovery": False,
            "http_client": self._session,
            "token_cache": cache,
        }
        try:
            if self._credential is None:
                return msal.PublicClientApplication(self._client_id, **common)
            return msal.ConfidentialClientApplication(self._client_id, client_credential=self._credential, **common)
        except ValueError as error:
            raise no_tenant(self._authority) from error
        except RuntimeError as error:  # what msal raises for a redirect, to a login page of a network for example
            raise unreadable(error, self._host) from error
