"""Fill an empty sandbox with a firm and its mail: the bundled letters, a folder of real mail, or generated mail."""

from collections.abc import Iterable, Sequence
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from m365sandbox.clock import SandboxClock
from m365sandbox.firm.deliver import Mailbox, frequent_people, imported_deliveries, letter_deliveries
from m365sandbox.firm.large import LARGE_DOMAIN, FirmSize, build_large, populate_large
from m365sandbox.firm.letters import bundled_letters
from m365sandbox.firm.own import build_own
from m365sandbox.firm.people import DOMAIN
from m365sandbox.firm.small import build_small
from m365sandbox.firm.stores import Mailboxes, MailReport, Records
from m365sandbox.graph.delivery.delivery import NewMessage
from m365sandbox.mail.mime import message_of
from m365sandbox.mail.source import MailSource, MailSourceError, read_mail

_NEW_CONTACTS = 20
_BATCH = 100


def populate(
    salesforce: Records,
    graph: Mailboxes,
    clock: SandboxClock,
    *,
    firm: str = "small",
    mail: Path | None = None,
    domains: Sequence[str] = (),
    size: FirmSize | None = None,
) -> MailReport:
    """Make the firm (`none`, `small`, or `large` of the given size) and put in its mail.

    `mail` takes the place of the bundled or generated mail; with `domains` (normal ones), the people in it who are on
    them take the place of the small firm's. Raises MailSourceError where the mail cannot be read at all
    or has no mailbox to go to, before anything is made.
    """
    source = read_mail(mail) if mail is not None else None
    if firm == "none":
        if source is not None:
            raise MailSourceError("mail was given, but the firm has no mailbox to put it in: use the small firm")
        return MailReport()
    if firm == "large":
        extent = size or FirmSize()
        if source is None:
            return populate_large(salesforce, graph, clock, extent)
        boxes = build_large(salesforce, graph, extent, imports=True)
        return import_mail(salesforce, graph, clock, source, boxes, [LARGE_DOMAIN])
    if firm != "small":
        raise ValueError(f"unknown firm {firm!r}")
    if source is not None and domains:
        boxes = build_own(salesforce, graph, (message_of(raw) for _, raw in source.messages), domains)
        return import_mail(salesforce, graph, clock, source, boxes, domains)
    boxes = build_small(salesforce, graph, imports=source is not None)
    if source is not None:
        return import_mail(salesforce, graph, clock, source, boxes, [DOMAIN])
    letters = letter_deliveries(bundled_letters(), boxes, clock.now())
    return MailReport(messages=_deliver(graph, sorted(letters, key=attrgetter("received"))))


def import_mail(
    salesforce: Records,
    graph: Mailboxes,
    clock: SandboxClock,
    source: MailSource,
    boxes: list[Mailbox],
    domains: Sequence[str],
) -> MailReport:
    """Put the messages of a mail source into the firm's mailboxes and make Contacts of its most frequent people."""
    raws = [raw for _, raw in source.messages]
    people = frequent_people(map(message_of, raws), domains, _NEW_CONTACTS)
    salesforce.seed("Contact", [_contact(address, name) for address, name in people])
    count = _deliver(graph, imported_deliveries(raws, boxes, clock.now()))
    return MailReport(source.files, list(source.refused), count, list(source.left_alone))


def _deliver(graph: Mailboxes, copies: Iterable[NewMessage]) -> int:
    """Put the copies in, a hundred at a time: an archive may be larger than memory should hold twice."""
    count = 0
    waiting = iter(copies)
    while batch := list(islice(waiting, _BATCH)):
        graph.add_messages(batch)
        count += len(batch)
    return count


def _contact(address: str, name: str) -> dict[str, Any]:
    first, _, last = name.rpartition(" ")
    return {"FirstName": first[:40] or None, "LastName": (last or address)[:80], "Email": address}
