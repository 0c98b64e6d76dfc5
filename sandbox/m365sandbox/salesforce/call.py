"""One REST call as the resources see it: who asks, in which org, for what; and what they answer.

A sub-request of Composite is a call like any other: its body is a parsed value already and its answer is not
turned into text before the whole is.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from m365sandbox.clock import SandboxClock
from m365sandbox.salesforce.data.ids import Counters
from m365sandbox.salesforce.data.schema import Schema, SObject
from m365sandbox.salesforce.data.tables import unit_of_work
from m365sandbox.salesforce.errors import ApiError
from m365sandbox.salesforce.jobs.registry import Job, Jobs
from m365sandbox.salesforce.metadata import Metadata
from m365sandbox.salesforce.org import OrgState
from m365sandbox.salesforce.rights.book import RightsBook
from m365sandbox.salesforce.rights.sharing import RecordSharing, UserAccess
from m365sandbox.salesforce.rights.user_rights import Rights
from m365sandbox.salesforce.soql.cursors import Cursors
from m365sandbox.salesforce.values.columns import Plans
from m365sandbox.wire import SubFault, no_sub_fault


@dataclass(slots=True, kw_only=True)
class Org:
    """The org behind every call: its data, shape, switches and clock."""

    org_id: str
    connection: sqlite3.Connection
    schema: Schema
    metadata: Metadata
    state: OrgState
    clock: SandboxClock
    counters: Counters
    rights: RightsBook
    plans: Plans
    cursors: Cursors
    jobs: Jobs

    @contextmanager
    def unit_of_work(self) -> Iterator[None]:
        """A unit of work on the data; when it is undone, so is the count of the storage it took."""
        used = self.state.data_storage_used_mb
        done = False
        with unit_of_work(self.connection):
            try:
                yield
                done = True
            finally:
                if not done:
                    self.state.data_storage_used_mb = used

    def now(self) -> datetime:
        """The org's instant, in whole seconds: the platform stores no fraction."""
        return self.clock.now().replace(microsecond=0)


@dataclass(slots=True, kw_only=True)
class Call:
    """One request or sub-request. `segments` is the path below /services/data/vX, decoded; `body` is parsed JSON.

    `force_all_or_none` is what a Composite request with `allOrNone: true` lays on the collections in it.
    """

    org: Org
    user_id: str
    rights: Rights
    version: str
    now: datetime
    base_url: str
    method: str
    segments: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    force_all_or_none: bool = False
    sub_fault: SubFault = no_sub_fault

    @property
    def sharing(self) -> RecordSharing:
        """Which rows the caller may read, edit or delete."""
        return RecordSharing(self.org.schema, self.org.metadata.sharing_rules, self.rights, self.user_id)

    @property
    def access(self) -> UserAccess:
        """What the caller's queries are answered from."""
        return UserAccess(self.rights, self.sharing)

    @property
    def root(self) -> str:
        """The path that links start with."""
        return f"/services/data/v{self.version}"

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        return next((value for key, value in self.query if key == name), None)

    def flag(self, name: str, default: bool = False) -> bool:
        """A query parameter that says true or false."""
        value = self.parameter(name)
        return default if value is None else value.lower() == "true"

    def object_body(self) -> dict[str, Any]:
        """The body where it has to be a JSON object."""
        if self.body is not None and not isinstance(self.body, dict):
            scalar = "VALUE_STRING" if isinstance(self.body, str) else "VALUE_NUMBER"
            kind = "START_ARRAY" if isinstance(self.body, list) else scalar
            raise ApiError(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of object from {kind} value")
        if self.body is None:
            raise ApiError(
                400, "JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body."
            )
        return self.body


def job_call(org: Org) -> Callable[[Job], Call]:
    """Makes the calls under which a job is worked off: as who made it, with the rights and the clock of the moment."""

    def made(job: Job) -> Call:
        return Call(
            org=org,
            user_id=job.user_id,
            rights=org.rights.of(job.user_id),
            version=job.version,
            now=org.now(),
            base_url="",
            method="POST",
        )

    return made


@dataclass(slots=True)
class Answer:
    """What a resource answers: a JSON value (None is an empty body), or bytes, which may come in pieces; and the number
    of rows it wrote.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    rows: int = 0


def spelt(segments: tuple[str, ...]) -> tuple[str, ...]:
    """The path of a file's content as it is documented: names have no case, and nforce writes them small."""
    names = tuple(segment.lower() for segment in segments)
    if len(names) != 4 or (names[0], names[1], names[3]) != ("sobjects", "contentversion", "versiondata"):
        return segments
    return (segments[0], "ContentVersion", segments[2], "VersionData")


def visible_object(call: Call, name: str) -> SObject:
    """The object of that name, if it exists and the caller may read it: an object without rights looks like none."""
    sobject = call.org.schema.object(name)
    if sobject is None or not call.rights.can_read(sobject):
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return sobject
