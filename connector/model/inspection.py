"""What `check` finds out from the two services beyond what a run reads. Frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connector.errors import ServiceError
from connector.model.values import RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """What the directory shows: names and addresses of members, the clock, and why it does not show them."""

    served_at: datetime
    names: tuple[str, ...] = ()
    error: ServiceError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgFacts:
    """What was found. `others`: mail logged by something else, None where the connector may not look.

    `setting`: the settings record; `inactive`: a user who may be linked and left.
    """

    counts: Mapping[str, int]
    others: Mapping[str, int | None]
    setting_records: int
    setting: RecordId | None
    inactive: RecordId | None
    #: how many days back other loggers were looked for
    days: int
    #: (maximum, remaining) by the name of the limit
    limits: Mapping[str, tuple[int, int]]
    #: addresses that so many Contacts have that they match none; None where the org did not count
    placeholders: Mapping[str, int] | None = None
    #: Contacts by the internal domain that their address is on
    on_domains: Mapping[str, int] = field(default_factory=dict)
    #: messages that failed: all open ones, and those that are tried again by themselves
    failed: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorUser:
    """The licences of the user whom the connector signs in as; None where that user may not look.

    `licence`: that of its profile, by name; `api_licence`: whether it holds the permission set licence that the licence
    Salesforce Integration asks for.
    """

    licence: str | None
    api_licence: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a step: done (and undone), or the org's refusal."""

    object: str
    what: str
    error: ServiceError | None = None
