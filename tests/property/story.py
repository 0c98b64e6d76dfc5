"""What happens to a firm: to mailboxes, to the org, to settings and rights, to services. The oracle hears of all of it.

Rules of hypothesis, of which the machine (`test_machine.py`) is made.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from connector.errors import MailboxOutageError, MailboxUnavailableError, MessageError, ServiceError
from connector.model.org import ClientObject, DirectoryUser, Hit, Hits
from connector.model.records import Row, RowError, RowResult, StoredEmail, StoredKey
from connector.model.run import EventRecord, Failure, MailboxUpdate
from connector.model.values import GraphUserId, MessageId, NormalAddress, RecordId
from tests.property.oracle import Item, Mail, Oracle, Rule
from tests.support import builders
from tests.support.fake_org import FakeOrg
from tests.support.fakes import INBOX, JUNK
from tests.support.firm import Firm

OWNERS = ("ada", "bob")
#: outside the firm; clients have some of them at some time
PEOPLE = ("client@client.example", "spouse@client.example", "new@unknown.example", "news@list.example")
PATTERNS = ("news@list.example", "spouse@client.example", "private.example")
#: further than this a firm's story does not go, so that the last sweep sees all of it
LONGEST = timedelta(days=5)
FOLDERS = {"inbox": INBOX, "junk": JUNK}

owners = st.sampled_from(OWNERS)
people = st.sampled_from(PEOPLE)
numbers = st.integers(0, 10**6)
#: who has it in the mailbox, from whom, who else got it, so many days ago
Arrival = tuple[list[str], str, str | None, int]
some_mail = st.lists(
    st.tuples(
        st.lists(owners, min_size=1, max_size=2, unique=True),
        people,
        st.one_of(st.none(), people),
        st.one_of(st.just(0), st.integers(0, 20)),
    ),
    min_size=2,
    max_size=6,
)


class WatchedOrg(FakeOrg):
    """Remembers whatever was said to it."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def look_up(
        self, addresses: Iterable[NormalAddress], copies: Iterable[StoredKey]
    ) -> tuple[Hits, Sequence[StoredEmail]]:
        addresses, copies = [*addresses], [*copies]
        self.heard.append(repr((addresses, copies)))
        return super().look_up(addresses, copies)

    def write(self, mails: Sequence[Sequence[Row]], *, event: EventRecord) -> list[list[RowResult]]:
        self.heard.append(repr((mails, event)))
        return super().write(mails, event=event)

    def save(
        self,
        *,
        event: EventRecord | None,
        failures: Sequence[Failure],
        mailboxes: Sequence[MailboxUpdate],
        **more: Any,
    ) -> None:
        self.heard.append(repr((event, failures, mailboxes, more)))
        super().save(event=event, failures=failures, mailboxes=mailboxes, **more)


class Story(RuleBasedStateMachine):
    """Two advisers, their clients, and everything that can happen to them, but for the connector."""

    def __init__(self) -> None:
        super().__init__()
        self.org = WatchedOrg()
        self.firm = Firm(self.org)
        self.tenant = self.firm.tenant
        self.oracle = Oracle()
        self.org.clients.clear()
        for name in OWNERS:  # else an address of the firm may be that of a group
            address = f"{name}@firm.example"
            self.tenant.users[address] = DirectoryUser(
                id=GraphUserId(name), user_principal_name=address, mail=address, addresses=(address,), purpose="user"
            )
        self.made = 0
        self.start = self.org.now
        self.locks = 0
        self.refuses = False
        #: pairs of mail and Contact that a merge of Contacts has made twice
        self.merged: set[str] = set()
        self.org.rule = self._refusal

    # -- mailboxes --------------------------------------------------------------------------------------------------

    @initialize(keep=st.booleans(), bcc=st.booleans(), clients=st.lists(people, max_size=3), mails=some_mail)
    def furnish(self, keep: bool, bcc: bool, clients: list[str], mails: list[Arrival]) -> None:
        self.oracle.keep, self.oracle.bcc = keep, bcc
        self._settings()
        for address in ("client@client.example", *clients):
            self.contact_appears(address)
        self.arrive(mails)
        for owner in OWNERS:
            self.nobodys_business(owner, "private")

    @rule(mails=some_mail, count=st.sampled_from((1, 1, 1, 1, 1, 30)))
    def arrive(self, mails: list[Arrival], count: int = 1) -> None:
        """Now, or late: with an older received time; perhaps many in one second."""
        for to, sender, other, days in mails[: 1 if count > 1 else None] * count:
            mail = self._mail(sender, [f"{name}@firm.example" for name in to], cc=[other] if other else [])
            for name in to:
                self._put(mail, name, days=days)

    @rule(owner=owners, to=people, hidden=st.one_of(st.none(), people))
    def is_sent(self, owner: str, to: str, hidden: str | None) -> None:
        self._put(self._mail(f"{owner}@firm.example", [to], bcc=[hidden] if hidden else []), owner)

    @rule(owner=owners, kind=st.sampled_from(("private", "internal", "junk", "draft", "opted out", "hidden")))
    def nobodys_business(self, owner: str, kind: str) -> None:
        """Mail that the headers rule out, unless somebody changes them, or a rule."""
        own = f"{owner}@firm.example"
        sender = {"private": f"secret{self.made}@private.example", "internal": "boss@firm.example"}.get(kind, PEOPLE[0])
        mail = self._mail(sender, ["list@elsewhere.example" if kind == "hidden" else own])
        how = {"junk": {"folder": "junk"}, "draft": {"draft": True}, "opted out": {"opted_out": True}}.get(kind, {})
        self._put(mail, owner, **how)

    @precondition(lambda self: self.oracle.items)
    @rule(number=numbers, folder=st.sampled_from(("inbox", "junk")))
    def is_moved(self, number: int, folder: str) -> None:
        self._change(self._item(number), folder=folder)

    @precondition(lambda self: self.oracle.items)
    @rule(number=numbers)
    def leaves_the_mailbox(self, number: int) -> None:
        item = self._item(number)
        del self.oracle.items[item.id]
        del self.tenant.boxes[GraphUserId(item.owner)][MessageId(item.id)]

    @precondition(lambda self: self.oracle.items)
    @rule(number=numbers, opted_out=st.booleans())
    def is_edited(self, number: int, opted_out: bool) -> None:
        """Its category, or its subject: of two items of one mailbox with two subjects nobody can say they are one."""
        item = self._item(number)
        alone = sum(other.owner == item.owner for other in self.oracle.copies(item.mail)) == 1
        if not opted_out and alone:
            item.edited = True
        self._change(item, opted_out=opted_out)

    @precondition(lambda self: self.oracle.items)
    @rule(number=numbers, owner=owners)
    def is_copied(self, number: int, owner: str) -> None:
        """Into another folder, or a colleague's mailbox by an import."""
        item = self._item(number)
        if not any(other.edited for other in self.oracle.copies(item.mail)):
            self._put(item.mail, owner, received=item.received)

    # -- the org ----------------------------------------------------------------------------------------------------

    @rule(address=people)
    def contact_appears(self, address: str) -> None:
        self.made += 1
        self._contact(f"003{self.made:012d}AAA", address)

    @precondition(lambda self: self.oracle.contacts)
    @rule(number=numbers, address=people)
    def contact_changes(self, number: int, address: str) -> None:
        self._contact(self._some(self.oracle.contacts, number), address)

    @precondition(lambda self: len(self.oracle.contacts) > 1)
    @rule(number=numbers)
    def contacts_are_merged(self, number: int) -> None:
        """The platform moves what hangs on the one to the other."""
        one = self._some(self.oracle.contacts, number)
        other = self._some([each for each in self.oracle.contacts if each != one], number)
        for name, column in (("Email_Participant__c", "Contact__c"), ("Task", "WhoId")):
            for id_, row in self.org.table(name).items():
                if row.get(column) == one:
                    self.org.edit(name, id_, **{column: other})
                    self.merged.add(self._mid(row["Email__c"]))
        self.oracle.related |= {(mid, other) for mid, contact in self.oracle.related if contact == one}
        self._gone(one)
        self._contact(other, self.oracle.contacts[other])

    @precondition(lambda self: self.oracle.contacts)
    @rule(number=numbers)
    def contact_vanishes(self, number: int) -> None:
        """Its Tasks go with it, its participants stay with their address."""
        one = self._some(self.oracle.contacts, number)
        for id_, row in self.org.table("Email_Participant__c").items():
            if row.get("Contact__c") == one:
                self.org.edit("Email_Participant__c", id_, Contact__c=None)
        for id_ in [id_ for id_, row in self.org.table("Task").items() if row.get("WhoId") == one]:
            del self.org.table("Task")[id_]
        self._gone(one)

    @rule(count=st.integers(1, 4))
    def rows_are_locked(self, count: int) -> None:
        self.locks = count

    @rule(refuses=st.booleans())
    def a_validation_rule_comes_or_goes(self, refuses: bool) -> None:
        self.refuses = refuses

    @precondition(lambda self: self.org.rows("Email__c"))
    @rule(number=numbers)
    def a_record_is_removed(self, number: int) -> None:
        id_ = self._some(self.org.table("Email__c"), number)
        self.org.edit("Email__c", RecordId(id_), Match_Status__c="Removed")
        self.oracle.removed.add(self._mid(id_))

    # -- settings and rights ----------------------------------------------------------------------------------------

    @rule(keep=st.booleans(), bcc=st.booleans(), active=st.sampled_from((True,) * 6 + (False,)))
    def settings_change(self, keep: bool, bcc: bool, active: bool) -> None:
        self.oracle.keep, self.oracle.bcc, self.oracle.active = keep, bcc, active
        self._settings()

    @rule(pattern=st.sampled_from(PATTERNS), owner=st.one_of(st.none(), owners))
    def a_rule_is_made(self, pattern: str, owner: str | None) -> None:
        self.oracle.rules.append(Rule(pattern, owner))
        self._rules()

    @precondition(lambda self: any(one.removed is None for one in self.oracle.rules))
    @rule(number=numbers)
    def a_rule_is_cleared(self, number: int) -> None:
        standing = [one for one in self.oracle.rules if one.removed is None]
        standing[number % len(standing)].removed = self.org.now
        self._rules()

    @rule(owner=owners, lacks=st.sampled_from(("right", "link")), gives=st.booleans())
    def rights_change(self, owner: str, lacks: str, gives: bool) -> None:
        missing = self.oracle.locked_out.setdefault(owner, set())
        missing.difference_update({lacks}) if gives else missing.add(lacks)
        box = self.firm.box(owner)
        user = RecordId(f"005{OWNERS.index(owner) + 1:012d}AAA")
        self.org.mailboxes[box.id] = replace(box, user=None if "link" in missing else user)
        (self.org.sync_users.discard if "right" in missing else self.org.sync_users.add)(user)

    # -- services and time ------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from((1, 5, 59, 61, 600, 1440)))
    def time_passes(self, minutes: int) -> None:
        if self.org.now - self.start < LONGEST:
            self.firm.wait(minutes=minutes)

    @precondition(lambda self: self.oracle.items)
    @rule(number=numbers)
    def a_body_cannot_be_read(self, number: int) -> None:
        broken = MessageError("busy", code="GRAPH_503", transient=True)
        self.tenant.bodies_broken[MessageId(self._item(number).id)] = broken

    @rule(owner=owners, gone=st.booleans())
    def a_mailbox_cannot_be_read(self, owner: str, gone: bool) -> None:
        error = MailboxUnavailableError("no such mailbox") if gone else MailboxOutageError("503")
        self.tenant.broken[GraphUserId(owner)] = error

    @rule(name=st.sampled_from(("read", "look_up", "write", "save")))
    def a_limit_is_hit(self, name: str) -> None:
        self.org.down[name] = ServiceError("REQUEST_LIMIT_EXCEEDED")

    @rule()
    def services_are_well_again(self) -> None:
        self.org.down.clear()
        self.tenant.broken.clear()
        self.tenant.bodies_broken.clear()
        self.locks = 0

    # -- how it is done ---------------------------------------------------------------------------------------------

    def _mid(self, email: str) -> str:
        return f"<{self.org.table('Email__c')[RecordId(email)]['Internet_Message_Id__c']}>"

    def _mail(self, sender: str, to: list[str], *, cc: Sequence[str] = (), bcc: Sequence[str] = ()) -> Mail:
        self.made += 1
        mail = Mail(f"<mail-{self.made}.@x.example>", f"Matter {self.made}.", sender, (*to,), (*cc,), (*bcc,))
        self.oracle.mails.append(mail)
        return mail

    def _put(self, mail: Mail, owner: str, *, days: int = 0, received: datetime | None = None, **how: Any) -> None:
        self.made += 1
        received = received or self.org.now - timedelta(days=days)
        item = Item(f"item-{self.made}.", mail, owner, received, **how)
        item.overtaken = received < self.org.now and self.firm.box(owner).backfill_from is not None
        self.oracle.items[item.id] = item
        self._show(item)

    def _show(self, item: Item) -> None:
        """Let the mailbox hold what the oracle knows."""
        mail, box = item.mail, self.tenant.boxes[GraphUserId(item.owner)]
        box.pop(MessageId(item.id), None)
        sent = min(other.received for other in self.oracle.copies(mail))
        self.firm.mail(
            item.owner,
            id=item.id,
            from_=mail.sender,
            to=mail.to,
            cc=mail.cc,
            bcc=item.addresses[len(mail.visible) :],
            subject=f"{mail.subject} (edited)" if item.edited else mail.subject,
            message_id=mail.mid,
            received_at=item.received,
            sent_at=sent,
            folder=FOLDERS[item.folder],
            is_draft=item.draft,
            categories=("do not sync",) if item.opted_out else (),
        )

    def _change(self, item: Item, **how: Any) -> None:
        for name, value in how.items():
            setattr(item, name, value)
        item.overtaken = item.overtaken or self.firm.box(item.owner).backfill_from is not None
        self._show(item)

    def _item(self, number: int) -> Item:
        return self.oracle.items[self._some(self.oracle.items, number)]

    @staticmethod
    def _some(among: Collection[str], number: int) -> str:
        return [*among][number % len(among)]

    def _contact(self, id_: str, address: str) -> None:
        self.oracle.contacts[id_] = address
        self.org.client(Hit(object=ClientObject.CONTACT, id=RecordId(id_), created_at=self.org.now), address)

    def _gone(self, id_: str) -> None:
        del self.oracle.contacts[id_]
        self.org.client(Hit(object=ClientObject.CONTACT, id=RecordId(id_)))
        self.org.modified.pop(RecordId(id_))

    def _settings(self) -> None:
        through = self.org.settings.matched_through if self.org.settings is not None else None
        oracle = self.oracle
        self.org.settings = builders.settings(
            active=oracle.active,
            keep_unmatched=oracle.keep,
            sync_bcc=oracle.bcc,
            backfill_months=1,
            unmatched_retention_days=365,
            matched_through=through,
        )

    def _rules(self) -> None:
        self.org.exclusions[1:] = [
            builders.exclusion(
                one.pattern if "@" in one.pattern else f"*@{one.pattern}",
                "Personal Address" if one.owner else "External Address",
                removed_at=one.removed,
                **({"user": RecordId(f"005{OWNERS.index(one.owner) + 1:012d}AAA")} if one.owner else {}),
            )
            for one in self.oracle.rules
        ]

    def _refusal(self, row: Row) -> RowError | None:
        if self.locks > 0:
            self.locks -= 1
            return RowError(code="UNABLE_TO_LOCK_ROW", message="unable to obtain exclusive access to this record")
        if self.refuses and row.object == "Email__c" and row.id is None:
            return RowError(code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="No.")
        return None
