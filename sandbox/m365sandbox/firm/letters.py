"""The bundled demo mail, as short letters: who wrote what to whom, days before now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files
from typing import Any

import yaml

from m365sandbox.firm.people import display_and_address

_SCRIPTS = ("clients.yaml", "office.yaml")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail of the demo, before it has a date. The flags are those of the YAML files."""

    thread: str
    number: int
    subject: str
    day: int
    time: str
    sender: str
    to: tuple[str, ...]
    text: str
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    attach: tuple[str, ...] = ()
    answers: "Letter | None" = None
    html: bool = False
    logo: bool = False
    bulk: bool = False
    draft: bool = False
    chat: bool = False
    charset: str = "utf-8"
    folder: str = "inbox"
    behalf: str | None = None

    @property
    def message_id(self) -> str:
        """The same in every copy, and the same each time the demo is made."""
        domain = display_and_address(self.sender)[1].rpartition("@")[2]
        return f"<{self.thread}.{self.number}@{domain}>"

    def sent(self, now: datetime) -> datetime:
        """When it was sent, seen from `now`: always in the past, since `day` is at least 1."""
        clock = time.fromisoformat(self.time)
        return datetime.combine(now.astimezone(UTC).date() - timedelta(days=self.day), clock, UTC)

    def earlier(self) -> Iterator["Letter"]:
        """The letters of the thread that this one answers, the last one first."""
        answered = self.answers
        while answered is not None:
            yield answered
            answered = answered.answers


def bundled_letters() -> list[Letter]:
    """All letters of the demo, thread by thread."""
    letters: list[Letter] = []
    for script in _SCRIPTS:
        text = (files("m365sandbox.firm") / "mail" / script).read_text("utf-8")
        for entry in yaml.safe_load(text):
            letters += _thread(entry)
    return letters


def _thread(entry: dict[str, Any]) -> list[Letter]:
    letters: list[Letter] = []
    for number, mail in enumerate(entry["mails"], start=1):
        fields = dict(mail)
        answered = letters[-1] if fields.pop("re", False) else None
        subject = f"Re: {answered.subject.removeprefix('Re: ')}" if answered else entry["subject"]
        lists: dict[str, Any] = {name: tuple(fields.pop(name, ())) for name in ("to", "cc", "bcc", "attach")}
        letter = Letter(
            thread=entry["id"],
            number=number,
            subject=fields.pop("subject", subject),
            sender=fields.pop("from"),
            answers=answered,
            **lists,
            **fields,
        )
        letters.append(letter)
    return letters
