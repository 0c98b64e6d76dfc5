"""What has to become of a firm's mail, said once more and as plainly as can be: it imports nothing of the connector.

The machine (`test_machine.py`) tells it everything that it does to the firm, and asks what a run has to make of that.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

#: what the headers alone settle: of such mail nothing is ever sent to Salesforce
PRIVATE = frozenset({"draft", "folder", "opted_out", "bcc", "internal", "excluded"})
FIRM = "firm.example"


@dataclass
class Mail:
    """One mail, in whatever number of mailboxes. `bcc` is what its sender's copy alone shows."""

    mid: str
    subject: str
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    #: what it ever was, at any run that may have read it
    seen_as: set[str] = field(default_factory=set)

    @property
    def visible(self) -> tuple[str, ...]:
        return (self.sender, *self.to, *self.cc)


@dataclass
class Item:
    """A mail in a mailbox. `overtaken`: it came, or was changed, behind what was read; a sweep has to find it."""

    id: str
    mail: Mail
    owner: str
    received: datetime
    folder: str = "inbox"
    draft: bool = False
    opted_out: bool = False
    overtaken: bool = False
    edited: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """Whom this copy shows."""
        own = self.mail.sender == f"{self.owner}@{FIRM}"
        return (*self.mail.visible, *(self.mail.bcc if own else ()))


@dataclass
class Rule:
    """An exclusion of one address, or of a domain where there is no @; of everybody, or of one owner."""

    pattern: str
    owner: str | None = None
    removed: datetime | None = None

    def takes(self, address: str, item: Item) -> bool:
        stands = self.removed is None or item.received < self.removed
        fits = address == self.pattern if "@" in self.pattern else address.endswith("@" + self.pattern)
        return stands and fits and self.owner in (None, item.owner)


@dataclass
class Oracle:
    """The firm as people see it, and what it owes to its clients' records."""

    items: dict[str, Item] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    #: the address of each Contact
    contacts: dict[str, str] = field(default_factory=dict)
    keep: bool = False
    bcc: bool = False
    active: bool = True
    #: who may not be read: unlinked, or without the right
    locked_out: dict[str, set[str]] = field(default_factory=dict)
    #: mails that a person removed
    removed: set[str] = field(default_factory=set)
    #: mail and Contact that some run may have related
    related: set[tuple[str, str]] = field(default_factory=set)

    def kind(self, item: Item) -> str:
        """What a run that reads this item now has to find, copies and failures apart."""
        own = f"{item.owner}@{FIRM}"
        outside = [each for each in item.addresses if not self._internal(each)]
        left = self.allowed(item)
        if item.draft:
            return "draft"
        if item.folder == "junk":
            return "folder"
        if item.opted_out:
            return "opted_out"
        if not self.bcc and own not in item.mail.visible:
            return "bcc"
        if not outside:
            return "internal"
        if not left:
            return "excluded"
        if any(self.clients_of(each) for each in left):
            return "matched"
        return "unmatched_kept" if self.keep else "unmatched_dropped"

    def allowed(self, item: Item) -> list[str]:
        """Those outside the firm whom this copy shows and no rule takes."""
        outside = [each for each in item.addresses if not self._internal(each)]
        return [each for each in outside if not any(rule.takes(each, item) for rule in self.rules)]

    def clients_of(self, address: str) -> list[str]:
        """The Contacts with this address."""
        return [contact for contact, known in self.contacts.items() if known == address]

    def is_read(self, item: Item) -> bool:
        """Whether the mailbox is one that a run reads."""
        return self.active and not self.locked_out.get(item.owner)

    def copies(self, mail: Mail) -> list[Item]:
        """Where it lies."""
        return [item for item in self.items.values() if item.mail is mail]

    def wanted(self, item: Item) -> bool:
        """Whether a run that reads it now has to have it on record."""
        return item.mail.mid not in self.removed and self.kind(item) in ("matched", "unmatched_kept")

    def about_to_run(self, now: datetime) -> None:
        """A run begins, and may do all of its work or any part."""
        for item in self.items.values():
            if self.is_read(item) and item.received < now:
                item.mail.seen_as.add(self.kind(item))
        for mail in self.mails:
            if mail.seen_as - PRIVATE:
                for address in (*mail.visible, *mail.bcc):
                    self.related |= {(mail.mid, contact) for contact in self.clients_of(address)}

    def owed(self) -> Iterator[tuple[str, str]]:
        """Mail and Contact that have to be related in the end, if the mail is stored: no rule ever took the address."""
        touched = [rule.pattern for rule in self.rules]
        for item in self.items.values():
            if self.is_read(item) and self.wanted(item):
                for address in self.allowed(item):
                    if not any(address == one or address.endswith("@" + one) for one in touched):
                        yield from ((item.mail.mid, contact) for contact in self.clients_of(address))

    def private(self) -> list[Mail]:
        """Mail of which nothing may ever have reached Salesforce."""
        return [mail for mail in self.mails if not mail.seen_as - PRIVATE]

    @staticmethod
    def _internal(address: str) -> bool:
        return address.endswith("@" + FIRM)
