"""The folder of a sandbox: its databases, its secrets, its CA, and the connector's configuration for it.

With the same folder another `up` has the same ids, keys and data. Secrets are readable by their owner only.
"""

import contextlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import trustme
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from m365sandbox.entra.models import Tenant

if sys.platform != "win32":
    import fcntl

_PRIVATE, _PRIVATE_FOLDER = 0o600, 0o700
#: what tells a folder of ours, or one that may become one, from a person's other folders
_OURS = "sandbox.json"
#: beside the databases
_FILES = (
    _OURS, "apps.json", "ca.key", "ca.pem", "complete", "connector.yaml", "jwt.key", "lock", "m365-client-secret",
    "mail.json", "ready.json",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the sandbox's services are: what must not change from one `up` to the next."""

    tenant: Tenant
    salesforce_client_id: str
    salesforce_client_secret: str
    jwt_key: str

    @property
    def jwt_public_key(self) -> str:
        """The public half of the key with which clients sign in to Salesforce, PEM."""
        # made below, so it needs none of OpenSSL's checks, which take longer than all else here
        key = serialization.load_pem_private_key(
            self.jwt_key.encode(), password=None, unsafe_skip_rsa_key_validation=True
        )
        return (
            key.public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode()
        )


class Home:
    """One sandbox folder, made when absent."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        self.directory = directory.resolve()
        self.ca_file = self.directory / "ca.pem"
        self.config_file = self.directory / "connector.yaml"
        self.jwt_key_file = self.directory / "jwt.key"
        self.salesforce_database = self.directory / "salesforce.db"
        self.graph_database = self.directory / "graph.db"
        self._state_file = self.directory / _OURS
        self._complete_file = self.directory / "complete"
        self._close_to_others()

    def _close_to_others(self) -> None:
        """The folder and what an earlier `up` left in it: mail and secrets are nobody else's. A folder that holds other
        things keeps its rights; our files in it are made private one by one."""
        databases = (self.salesforce_database.name, self.graph_database.name)
        if all(each.name in _FILES or each.name.startswith(databases) for each in self.directory.iterdir()):
            with contextlib.suppress(PermissionError):  # another user's folder, which we may write
                self.directory.chmod(_PRIVATE_FOLDER)
        for database in (self.salesforce_database, self.graph_database):
            for path in self.directory.glob(f"{database.name}*"):
                path.chmod(_PRIVATE)
        for path in map(self.directory.joinpath, _FILES):
            if path.is_file() and not path.is_symlink():
                path.chmod(_PRIVATE)

    def make_databases(self) -> None:
        """The files of the databases, empty where they are not there, before SQLite makes them readable to others."""
        for database in (self.salesforce_database, self.graph_database):
            os.close(os.open(database, os.O_RDWR | os.O_CREAT, _PRIVATE))

    def lock(self) -> IO[str]:
        """Keep other sandboxes out of this folder while the file is open. Raises BlockingIOError."""
        file = os.fdopen(os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, _PRIVATE), "w")
        if sys.platform != "win32":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                raise
        return file

    @property
    def is_complete(self) -> bool:
        """Whether an earlier `up` has filled the databases to the end."""
        return self._complete_file.exists()

    def mark_complete(self) -> None:
        """Note that the databases are filled."""
        self._complete_file.touch(mode=_PRIVATE)

    def clear_data(self) -> None:
        """Remove what an `up` that failed half-way has left."""
        for database in (self.salesforce_database, self.graph_database):
            for path in self.directory.glob(f"{database.name}*"):
                path.unlink()

    def identity(self) -> Identity:
        """The identity kept here; a new one in a new folder."""
        if not self._state_file.exists():
            self._write_identity(
                Identity(
                    tenant=Tenant(),
                    salesforce_client_id=f"3MVG9{secrets.token_urlsafe(60)}",
                    salesforce_client_secret=secrets.token_hex(32).upper(),
                    jwt_key=_new_key(),
                )
            )
        kept = json.loads(self._state_file.read_text("utf-8"))
        tenant = Tenant(**{**kept.pop("tenant"), "roles": tuple(kept.pop("roles"))})
        return Identity(tenant=tenant, **kept)

    def _write_identity(self, identity: Identity) -> None:
        tenant = asdict(identity.tenant)
        roles = tenant.pop("roles")
        kept = {
            "tenant": tenant,
            "roles": list(roles),
            "salesforce_client_id": identity.salesforce_client_id,
            "salesforce_client_secret": identity.salesforce_client_secret,
            "jwt_key": identity.jwt_key,
        }
        self.write_private(self._state_file, json.dumps(kept, indent=1))
        self.write_private(self.jwt_key_file, identity.jwt_key)
        self.write_private(self.directory / "m365-client-secret", identity.tenant.client_secret)

    def authority(self) -> trustme.CA:
        """The CA kept here; a new one in a new folder."""
        key_file = self.directory / "ca.key"
        if key_file.exists() and self.ca_file.exists():
            return trustme.CA.from_pem(self.ca_file.read_bytes(), key_file.read_bytes())
        authority = trustme.CA(organization_name="Microsoft 365 sync sandbox")
        self.write_private(key_file, authority.private_key_pem.bytes().decode())
        self.write_private(self.ca_file, authority.cert_pem.bytes().decode())
        return authority

    def write_private(self, path: Path, text: str) -> None:
        """Write a file that only its owner can read, in one step."""
        temporary = path.with_name(f"{path.name}.new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file that only its owner can read."""
        self.write_private(self.directory / name, json.dumps(value, indent=1) + "\n")

    def write_config(self, identity: Identity, url: str, username: str) -> None:
        """Write the connector's configuration for a sandbox at `url`."""
        self.write_private(self.config_file, yaml.safe_dump(self._config(identity, url, username), sort_keys=False))

    def _config(self, identity: Identity, url: str, username: str) -> Mapping[str, Any]:
        return {
            "auth_providers": {
                "Microsoft365Sync": {
                    "tenant": identity.tenant.id,
                    "authorize_endpoint_url": f"{url}/{{tenant}}/oauth2/v2.0/authorize",
                    "token_endpoint_url": f"{url}/{{tenant}}/oauth2/v2.0/token",
                    "consumer_key": identity.tenant.client_id,
                    "consumer_secret": f"file:{self.directory / 'm365-client-secret'}",
                }
            },
            "named_credentials": {
                "MicrosoftGraphAPI": {"url": url, "auth_provider": "Microsoft365Sync", "identity": "application"},
                "Salesforce": {
                    "url": url,
                    "flow": "jwt",
                    "consumer_key": identity.salesforce_client_id,
                    "username": username,
                    "private_key": f"file:{self.jwt_key_file}",
                },
            },
            "tls": {"ca_file": str(self.ca_file)},
            "sync": {"settle_seconds": 0},
        }


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
