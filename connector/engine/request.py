"""What is asked of a run: plain data, so that a worker on another machine can be handed it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from connector.codes import EventKind
from connector.core.scheduling.policy import Job

#: the types that JSON may hold for a field; every field not named here is a flag
_TYPES: Mapping[str, tuple[type, ...]] = {
    "only": (list, tuple),
    "kind": (str, type(None)),
    "minutes": (int, float, type(None)),
    "event": (str, type(None)),
}
#: the kind of event that a job of the scheduler leaves
_KINDS = {
    Job.MANUAL: EventKind.MANUAL,
    Job.SCHEDULED: EventKind.SCHEDULED,
    Job.RETRY: EventKind.RETRY,
    Job.SLICE: EventKind.SCHEDULED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One run. With the defaults it reads every linked mailbox to the end of its windows.

    `only`: read these mailboxes only, by User Principal Name. `kind`: the kind of its sync event; None: what the other
    fields say. `dry_run`: decide on every message and write nothing. `sweep`: sweep the last sweep_days, due or not.
    `minutes`: read for so long at most. `retries_only`: read no windows, only messages that failed before, as far as
    they are due; with `every_error` all of them, with `event` (id, name or Run_Key__c) all of that sync event.
    """

    only: tuple[str, ...] = ()
    kind: EventKind | None = None
    dry_run: bool = False
    sweep: bool = False
    minutes: float | None = None
    retries_only: bool = False
    every_error: bool = False
    event: str | None = None

    @property
    def event_kind(self) -> EventKind:
        """The kind of the sync event that the run leaves."""
        if self.kind is not None:
            return self.kind
        return EventKind.RETRY if self.retries_only else EventKind.SWEEP if self.sweep else EventKind.MANUAL

    def to_json(self) -> dict[str, Any]:
        """The request as a JSON object, every field by its name."""
        return {
            **asdict(self),
            "only": list(self.only),
            "kind": None if self.kind is None else self.kind.value,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The request that `to_json` wrote; a field that is missing has its default.

        Raises ValueError for an unknown field and for a value of the wrong type, naming the field.
        """
        names = {field.name for field in fields(cls)}
        for name, given in value.items():
            if name not in names:
                raise ValueError(f"a run request has no field {name}")
            # a bool is an int too
            if isinstance(given, bool) is (name in _TYPES) or not isinstance(given, _TYPES.get(name, (bool,))):
                raise ValueError(f"{name} of a run request cannot be {type(given).__name__}")
        made = dict(value)
        if "only" in made:
            if not all(isinstance(upn, str) for upn in made["only"]):
                raise ValueError("only of a run request holds something that is not text")
            made["only"] = tuple(made["only"])
        if made.get("kind") is not None:
            made["kind"] = EventKind(made["kind"])
        return cls(**made)


def request_for(job: Job, *, minutes: float | None = None) -> RunRequest:
    """The run that a job of the scheduler stands for, which reads for `minutes` at most."""
    return RunRequest(retries_only=job is Job.RETRY, kind=_KINDS[job], minutes=minutes)
