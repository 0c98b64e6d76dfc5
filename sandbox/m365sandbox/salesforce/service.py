"""The sandbox's Salesforce: one org behind `/services/...` and `/id/...`.

`handle` answers HTTP; the other methods are for the control server and for whoever fills the org. Everything runs in
the calling thread, one call at a time.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from m365sandbox.clock import SandboxClock
from m365sandbox.salesforce import org as org_state
from m365sandbox.salesforce.auth.oauth import ConnectedApp, TokenEndpoint
from m365sandbox.salesforce.auth.sessions import Sessions
from m365sandbox.salesforce.bulk.async_api import AsyncEndpoint, is_async_path
from m365sandbox.salesforce.call import Call, Org
from m365sandbox.salesforce.data import tables
from m365sandbox.salesforce.data.ids import Counters
from m365sandbox.salesforce.data.storage import open_database, prepare
from m365sandbox.salesforce.data.tables import unit_of_work
from m365sandbox.salesforce.errors import RowError
from m365sandbox.salesforce.jobs.registry import Jobs
from m365sandbox.salesforce.metadata import Deployed, org_schema
from m365sandbox.salesforce.responses import Rest
from m365sandbox.salesforce.rest import resources
from m365sandbox.salesforce.rights.book import RightsBook
from m365sandbox.salesforce.rights.user_rights import STANDARD_PROFILE, AllRights
from m365sandbox.salesforce.rows import rules
from m365sandbox.salesforce.rows.insert import insert
from m365sandbox.salesforce.seed import ADMIN_USERNAME, INTEGRATION_USERNAME, LOCALE, Seeder, identities
from m365sandbox.salesforce.soap.calls import SoapEndpoint, is_partner_path
from m365sandbox.salesforce.soql.cursors import Cursors
from m365sandbox.salesforce.values.columns import Plans
from m365sandbox.wire import Request, Response

_NEWEST = f"{resources.NEWEST}.0"


class SeedError(ValueError):
    """A row that was to be seeded is one that the org refuses."""

    def __init__(self, name: str, place: int, errors: Sequence[RowError]) -> None:
        reasons = "; ".join(f"{error.code}: {error.message}" for error in errors)
        super().__init__(f"{name} row {place}: {reasons}")


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """A user of the org with an access token that does not expire."""

    user_id: str
    username: str
    access_token: str


class SalesforceSandbox:
    """One org, in memory or in a database file. A file that exists goes on with its data, ids and tokens."""

    def __init__(
        self,
        *,
        database: Path | None,
        clock: SandboxClock,
        deployed: Deployed,
        jwt_public_key: str | bytes | None,
        client_id: str,
        client_secret: str,
    ) -> None:
        connection = open_database(database, deployed.schema)
        counters, self._sessions = Counters(connection), Sessions(connection)
        rules.prepare(connection)
        state = org_state.load(connection)
        found = identities(connection)
        if found is None:
            with unit_of_work(connection):
                found = Seeder(connection, deployed.schema, deployed.metadata, counters, clock.now()).seed()
                self._sessions.issue(found.org_id, found.admin_id)
                self._sessions.issue(found.org_id, found.integration_id)
        self._identities = found
        self._all_rights = AllRights()
        self._org = Org(
            org_id=found.org_id,
            connection=connection,
            schema=deployed.schema,
            metadata=deployed.metadata,
            state=state,
            clock=clock,
            counters=counters,
            rights=RightsBook(connection, state, clock.now),
            plans=Plans(deployed.schema),
            cursors=Cursors(),
            jobs=Jobs(lambda: clock.now().replace(microsecond=0)),
        )
        if state.shared_activities or state.person_accounts:
            self._apply_switches()
        key = jwt_public_key.decode() if isinstance(jwt_public_key, bytes) else jwt_public_key
        app = ConnectedApp(client_id, client_secret, key, found.integration_id)
        tokens = TokenEndpoint(app, found.org_id, self._sessions, connection)
        self._rest = Rest(self._org, self._sessions, tokens)
        self._soap = SoapEndpoint(self._org, self._sessions)
        self._async = AsyncEndpoint(self._org, self._sessions, self._rest.is_active)
        self._kept: sqlite3.Connection | None = None
        self._kept_schema = self._org.schema, self._org.plans

    def handle(self, request: Request) -> Response:
        """Answer one request below /services or /id."""
        if is_partner_path(request.path):
            return self._soap.handle(request)
        if is_async_path(request.path):
            return self._async.handle(request)
        return self._rest.handle(request)

    def work(self) -> bool:
        """Do a slice of what bulk jobs wait for. False where nothing is left to do."""
        if not self._org.jobs.work():
            return False
        org_state.save(self._org.connection, self._org.state)
        return True

    def close(self) -> None:
        """Keep the state of the org and let go of the database."""
        self._org.jobs.forget_all()
        org_state.save(self._org.connection, self._org.state)
        self._org.connection.close()

    # --- who is there

    @property
    def org_id(self) -> str:
        """The 18-character id of the org."""
        return self._org.org_id

    @property
    def admin(self) -> SignedInUser:
        """The System Administrator."""
        return self._signed_in(self._identities.admin_id, ADMIN_USERNAME)

    @property
    def integration(self) -> SignedInUser:
        """The user that the connector signs in as."""
        return self._signed_in(self._identities.integration_id, INTEGRATION_USERNAME)

    def _signed_in(self, user_id: str, username: str) -> SignedInUser:
        token = self._sessions.first_of(user_id) or self._sessions.issue(self.org_id, user_id)
        return SignedInUser(user_id, username, token)

    # --- filling the org

    def seed(self, object_name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Insert rows as the administrator with every right would, through the same checks as the API.

        The ids, in order. Raises SeedError, with nothing written, where a row is refused.
        """
        sobject = self._org.schema.object(object_name)
        if sobject is None:
            raise ValueError(f"unknown object: {object_name}")
        with self._org.unit_of_work():
            outcomes = insert(self._system_call(), sobject, list(rows))
            for place, outcome in enumerate(outcomes, 1):
                if not outcome.success:
                    raise SeedError(sobject.name, place, outcome.errors)
        return [str(outcome.record_id) for outcome in outcomes]

    def create_user(
        self,
        username: str,
        name: str,
        email: str,
        active: bool = True,
        permission_sets: Sequence[str] = (),
        permission_set_groups: Sequence[str] = (),
    ) -> dict[str, str]:
        """A Standard User. Groups that do not exist are made, holding `permission_sets`; those are then held through
        the groups only. Gives `id` and `access_token`; ValueError for an unknown permission set or a taken username.
        """
        sets = {item: self._id_by("PermissionSet", "Name", item) for item in permission_sets}
        with self._org.unit_of_work():
            user_id = self._insert_user(username, name, email, active)
            for group in permission_set_groups:
                group_id = self._group(group, list(sets.values()))
                self.seed("PermissionSetAssignment", [{"AssigneeId": user_id, "PermissionSetGroupId": group_id}])
            if not permission_set_groups:
                rows = [{"AssigneeId": user_id, "PermissionSetId": item} for item in sets.values()]
                self.seed("PermissionSetAssignment", rows)
        return {"id": user_id, "access_token": self._sessions.issue(self.org_id, user_id)}

    def _insert_user(self, username: str, name: str, email: str, active: bool) -> str:
        first, _, last = name.rpartition(" ")
        row = {
            "Username": username,
            "FirstName": first or None,
            "LastName": last,
            "Email": email,
            "Alias": username[:8],
            "IsActive": active,
            "TimeZoneSidKey": self._org.state.time_zone,
            "ProfileId": self._id_by("Profile", "Name", STANDARD_PROFILE),
            **LOCALE,
        }
        return self.seed("User", [row])[0]

    def _group(self, name: str, permission_set_ids: list[str]) -> str:
        try:
            return self._id_by("PermissionSetGroup", "DeveloperName", name)
        except ValueError:
            group_id = self.seed("PermissionSetGroup", [{"DeveloperName": name, "MasterLabel": name}])[0]
        rows = [{"PermissionSetGroupId": group_id, "PermissionSetId": item} for item in permission_set_ids]
        self.seed("PermissionSetGroupComponent", rows)
        return group_id

    def _id_by(self, object_name: str, key: str, value: str) -> str:
        sobject = self._org.schema.object(object_name)
        rows = [] if sobject is None else tables.select(self._org.connection, sobject, ["Id"], key, [value])
        if not rows:
            raise ValueError(f"unknown {object_name}: {value}")
        return str(rows[0][0])

    def _system_call(self) -> Call:
        return Call(
            org=self._org,
            user_id=self._identities.admin_id,
            rights=self._all_rights,
            version=_NEWEST,
            now=self._org.now(),
            base_url="",
            method="POST",
        )

    # --- switches and rules

    def org_state(self) -> dict[str, Any]:
        """The switches and allocations, by the names of PATCH /sandbox/org."""
        return self._org.state.as_json()

    def patch_org(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change switches and allocations; ValueError, and nothing changed, for an unknown key or value."""
        self._org.state.change(changes)
        with unit_of_work(self._org.connection):
            org_state.save(self._org.connection, self._org.state)
            if "timeZone" in changes:
                self._org.connection.execute('UPDATE "Organization" SET "TimeZoneSidKey" = ?', (changes["timeZone"],))
        self._apply_switches()
        return self.org_state()

    def _apply_switches(self) -> None:
        """Shared Activities and Person Accounts change what objects look like."""
        state = self._org.state
        self._org.schema = org_schema(
            self._org.metadata, shared_activities=state.shared_activities, person_accounts=state.person_accounts
        )
        prepare(self._org.connection, self._org.schema)
        self._org.plans = Plans(self._org.schema)

    def add_rule(self, object_name: str, when: str, message: str, field: str = "", code: str = "") -> str:
        """Refuse rows of the object that meet a SOQL condition; the id. ValueError for a wrong object or condition."""
        return rules.add(self._system_call(), rules.Rule("", object_name, when, message, field, code))

    def delete_rules(self) -> None:
        """Forget every rule."""
        rules.delete_all(self._org.connection)

    # --- reset

    def snapshot(self) -> None:
        """Keep the org as it is, for `restore`."""
        org_state.save(self._org.connection, self._org.state)
        if self._kept is not None:
            self._kept.close()
        # A database without a name is SQLite's own temporary file, gone when it is closed: an org of a million Contacts
        # does not stand in memory a second time.
        self._kept = sqlite3.connect("", check_same_thread=False)
        self._org.connection.backup(self._kept)
        self._kept_schema = self._org.schema, self._org.plans

    def restore(self) -> None:
        """Bring the org back to the last snapshot; tokens of users that there still are stay valid."""
        if self._kept is None:
            raise RuntimeError("There is no snapshot to restore.")
        sessions = self._sessions.all()
        self._kept.backup(self._org.connection)
        self._sessions.keep(sessions)
        kept = org_state.load(self._org.connection)
        # Others hold the state object, so its content is replaced, not the object.
        self._org.state.change(kept.as_json())
        self._org.cursors.forget_all()
        self._org.jobs.forget_all()
        # What objects look like belongs to the snapshot, as its tables do; to work it out again takes ten times longer.
        self._org.schema, self._org.plans = self._kept_schema
