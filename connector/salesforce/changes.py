"""What changed since the last run: clients, and stored mail that a person related or removed, or whose time is over.

Its conditions ride along with the first look-up of a run (`directory`), so that an idle run needs no call of its own.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from connector.core.deciding.address import normalise
from connector.core.writing.blanking import BLANK, BLANKED, TOMBSTONE, buried
from connector.core.writing.rematch import Changes, Watch
from connector.model.org import ClientObject, Hit
from connector.model.records import Consent, MatchStatus, StoredEmail
from connector.model.schema import MAIL, PARTICIPANT, Use
from connector.model.values import NormalAddress, RecordId
from connector.salesforce import soql
from connector.salesforce.client import CompositeRequest, SalesforceClient
from connector.salesforce.wire import read_instant

#: In queryAll, so that rows of the recycle bin have to be left out.
_REMOVED = f"Match_Status__c = '{MatchStatus.REMOVED}' AND IsDeleted = false"
_DELETED = "IsDeleted = true AND LastModifiedById != {me}"
_BURIED = f"Message_Key__c LIKE '{TOMBSTONE}%' AND IsDeleted = false"
_ASKED = f"Match_Status__c = '{MatchStatus.UNMATCHED}' AND IsDeleted = false AND Consent__c"
_EXPIRED = f"Match_Status__c = '{MatchStatus.UNMATCHED}' AND Expires_On__c < {{today}} AND IsDeleted = false"
#: Tasks of a mail that was removed: another connector wrote them meanwhile.
_TASKS = f"Email__r.Match_Status__c = '{MatchStatus.REMOVED}'"
#: A mail becomes Matched when the connector relates it: an Unmatched one with a record was related by a person. A
#: removed one has no participants, unless another connector wrote them meanwhile.
_RELATED = (
    soql.select(("Email__c", "Email__r.Match_Status__c", "Address__c", "Contact__c", "Account__c"), PARTICIPANT.name)
    + f" WHERE ((Email__r.Match_Status__c = '{MatchStatus.REMOVED}' OR (Email__r.Match_Status__c = "
    f"'{MatchStatus.UNMATCHED}' AND (Contact__c != null OR Account__c != null)))"
)
#: the fields that are empty in a removed mail, as far as they are read
_EMPTIED = tuple(name for name in MAIL.names(Use.READ) if name in BLANK and BLANK[name] is None)
#: How long a deleted mail can be undeleted, with days to spare (Salesforce help, "Recycle Bin": 15 days).
_IN_THE_BIN = timedelta(days=17)
_SECOND = timedelta(seconds=1)


class ChangeWatch:
    """What one run asks about changes, each question once, and the rows that came back."""

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client
        self._watch: Watch | None = None
        self.pending = False
        self._found = Changes()
        #: the records that changed in the first second, by address, and what mail is related to by which address; to a
        #: Contact together with which Account
        self._early: dict[NormalAddress, set[RecordId]] = {}
        self._there: set[tuple[NormalAddress, RecordId, RecordId | None]] = set()

    @property
    def found(self) -> Changes:
        """What changed, of the rows that `keep_client`, `keep_email` and `keep_participant` were given.

        Times are whole seconds here, so what changed in the second in which the last run began is asked for again: a
        record by whose address mail is related to it already, and to its Account, was seen then, and is left out.
        """
        clients = {address: set(records) for address, records in self._found.clients.items()}
        for address, records in self._early.items():
            new = {
                record for record in records if (address, record, self._found.accounts.get(record)) not in self._there
            }
            if new:
                clients.setdefault(address, set()).update(new)
        return replace(self._found, clients=clients)

    def expect(self, watch: Watch) -> None:
        """Ask for what `watch` names along with the next look-up."""
        self._watch = watch
        self.pending = True

    def conditions(self) -> dict[str, str]:
        """Further rows that a query of Contact, Account or Email__c has to find."""
        if not self.pending or self._watch is None:
            return {}
        watch, wire = self._watch, self._client.names.wire
        since = f"SystemModstamp >= {soql.instant(watch.since)}" if watch.since is not None else ""
        # the first run of a day looks for all there is; a blanked one may have been written to since
        unblanked = [f"Name != '{BLANKED}'"] if watch.today is not None else []
        emails = [f"({wire(_REMOVED)} AND ({' OR '.join([*unblanked, *([since] if since else [])])}))"]
        if since:
            me = soql.quote(self._client.identity.user)
            emails.append(f"({_DELETED.format(me=me)} AND {since})")
        # of consent that was given; once a day also of what waits, should the owner be asked no more
        consent = f"= '{Consent.GIVEN}'{self._since()}" if watch.today is None else "!= null"
        emails.append(f"({wire(_ASKED)} {consent})")
        if watch.today is not None:
            buried_since = datetime.combine(watch.today, time(), UTC) - _IN_THE_BIN
            emails.append(f"({wire(_BURIED)} AND SystemModstamp >= {soql.instant(buried_since)})")
            emails.append(f"({wire(_EXPIRED).format(today=watch.today.isoformat())})")
        clients: dict[str, str] = {}
        if watch.since is not None:
            clients |= dict.fromkeys(ClientObject, f"SystemModstamp >= {soql.instant(watch.since)}")
        return {**clients, MAIL.name: " OR ".join(emails)}

    def requests(self) -> list[tuple[str, CompositeRequest]]:
        """Queries of its own, with the object whose rows they bring."""
        if not self.pending or self._watch is None:
            return []
        text = f"{self._client.names.wire(_RELATED)}{self._since()}){self._of_the_first_second()}"
        return [(PARTICIPANT.name, self._client.query(text, "participants that a person related"))]

    def task_condition(self) -> str:
        """Further rows that the query of Tasks has to find; empty for none."""
        return f"({self._client.names.wire(_TASKS)}{self._since()})" if self.pending and self._watch else ""

    def _of_the_first_second(self) -> str:
        """Rows of records that changed in the second in which the last run began, which are mostly done with."""
        since = self._first_second()
        if since is None:
            return ""
        start, end = soql.instant(since), soql.instant(since + _SECOND)
        relations = (self._client.names.wire(name) for name in ("Contact__r", "Account__r"))
        return "".join(
            f" OR ({name}.SystemModstamp >= {start} AND {name}.SystemModstamp < {end})" for name in relations
        )

    def _first_second(self) -> datetime | None:
        return self._watch.since if self._watch is not None and self._watch.today is None else None

    def _since(self) -> str:
        """The first run of a day looks for all there is: SystemModstamp is indexed, the others are not."""
        watch = self._watch
        if watch is None or watch.since is None or watch.today is not None:
            return ""
        return f" AND SystemModstamp >= {soql.instant(watch.since)}"

    def keep_client(self, record: Mapping[str, Any], hits: list[tuple[str, Hit]]) -> None:
        """A Contact or Account, if it is one that changed."""
        since = self._watch.since if self._watch is not None else None
        stamp = record.get("SystemModstamp")
        if since is None or not stamp:
            return
        changed, first = read_instant(str(stamp)), self._first_second()
        if changed >= since:
            by_address = self._early if first is not None and changed < first + _SECOND else self._found.clients
            for address, hit in hits:
                if hit.account is not None:
                    self._found.accounts[hit.id] = hit.account
                by_address.setdefault(NormalAddress(normalise(address)), set()).add(hit.id)

    def keep_email(self, record: Mapping[str, Any], email: StoredEmail) -> None:
        """A mail, if it is one that is to be blanked, deleted, or stood in for."""
        if self._watch is None:
            return
        if record["IsDeleted"]:
            self._found.deleted[email.id] = email
            return
        status, expires, today = record["Match_Status__c"], record["Expires_On__c"], self._watch.today
        original = buried(str(record["Message_Key__c"]))
        if original is not None and today is not None:
            self._found.tombstones[email.id] = original
        if status == MatchStatus.REMOVED:
            if record["Name"] != BLANKED or _says_something(record, email):
                self._found.removed.add(email.id)
        elif status == MatchStatus.UNMATCHED:
            if today is not None and expires and str(expires) < today.isoformat():
                self._found.expired.add(email.id)
            elif email.consent:
                self._found.related.add(email.id)

    def keep_task(self, record: Mapping[str, Any]) -> None:
        """A Task of the connector's, if its mail was removed."""
        if record["Task_Key__c"] and (record.get("Email__r") or {}).get("Match_Status__c") == MatchStatus.REMOVED:
            self._found.removed.add(RecordId(str(record["Email__c"])))

    def keep_participant(self, record: Mapping[str, Any]) -> None:
        """A row that has a record: of an Unmatched mail if a person set it; or one of a removed mail."""
        status = (record.get("Email__r") or {}).get("Match_Status__c")
        if status in (MatchStatus.UNMATCHED, MatchStatus.REMOVED):
            found = self._found.related if status == MatchStatus.UNMATCHED else self._found.removed
            found.add(RecordId(str(record["Email__c"])))
        if status == MatchStatus.REMOVED:
            return
        address = NormalAddress(normalise(str(record["Address__c"] or "")))
        contact, account = (
            RecordId(str(record[name])) if record[name] else None for name in ("Contact__c", "Account__c")
        )
        if contact is not None:
            self._there |= {(address, contact, None), (address, contact, account)}
        if account is not None:
            self._there.add((address, account, None))


def _says_something(record: Mapping[str, Any], email: StoredEmail) -> bool:
    """Whether a removed mail has again what was taken from it. Files that a person put on it are that person's."""
    return (
        any(record[name] not in (None, "") for name in _EMPTIED)
        or bool(email.participants)
        or any(file.key for file in email.files)
    )
