"""Records of Salesforce to models, pure. A value that cannot be is a SetupError that names record, field and remedy."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connector.codes import ErrorStatus, MailboxStatus
from connector.core.deciding.address import normalise
from connector.core.scheduling.frequency import DAILY, HOURS, MINUTES, WEEKLY
from connector.core.writing.blanking import BY_KEY
from connector.errors import SetupError
from connector.model.org import (
    ClientObject,
    Exclusion,
    ExclusionType,
    Hit,
    LoggedError,
    Mailbox,
    MatchTies,
    SyncSettings,
)
from connector.model.records import MatchStatus, StoredEmail, StoredFile, StoredParticipant
from connector.model.schema import EXCLUSION, MAIL, MAILBOX, SETTING, Use
from connector.model.values import GraphUserId, MessageId, RecordId, whole_second
from connector.salesforce.errors import ASSIGN, DEPLOY
from connector.salesforce.wire import read_instant

#: Values of Frequency__c.
FREQUENCIES = (*MINUTES, *HOURS, DAILY, WEEKLY)
#: Key__c of the one settings record.
SETTING_KEY = "default"
#: No mail is older, and dates beyond would be no dates.
_MOST_MONTHS = 600
_MOST_DAYS = 36_500
_DESCRIPTIONS = {
    MAILBOX.name: "MS Graph User",
    EXCLUSION.name: "MS Graph Exclusion",
    SETTING.name: "Microsoft 365 Sync Setting",
}
_Choice = TypeVar("_Choice", bound=StrEnum)


class Fields:
    """One record, its fields read by type. Raises SetupError for a field that is missing or odd."""

    def __init__(self, object_name: str, record: Mapping[str, Any]) -> None:
        self.object = object_name
        self.record = record
        self.id = RecordId(str(record.get("Id") or ""))

    def value(self, name: str) -> Any:
        """The value as it came. A field that is not in the record was hidden from the connector."""
        if name not in self.record:
            raise SetupError(
                f"The field {self.object}.{name} is not deployed, or the integration user may not read it",
                where=f"{self.object} {self.id}",
                remedy=DEPLOY,
                code="INVALID_FIELD",
            )
        return self.record[name]

    def text(self, name: str) -> str:
        """A text field; an empty string where it has no value."""
        value = self.value(name)
        if value is not None and not isinstance(value, str):
            raise self.odd(name, "a text is expected")
        return value or ""

    def flag(self, name: str) -> bool:
        """A checkbox field as bool."""
        value = self.value(name)
        if value is not None and not isinstance(value, bool):
            raise self.odd(name, "true or false is expected")
        return bool(value)

    def id_of(self, name: str) -> RecordId | None:
        """The id in a lookup field; None where it is empty."""
        value = self.text(name)
        return RecordId(value) if value else None

    def instant(self, name: str) -> datetime | None:
        """A DateTime, in UTC, whole seconds."""
        value = self.value(name)
        if value is None:
            return None
        try:
            return whole_second(read_instant(str(value)))
        except ValueError:
            raise self.odd(name, "no date and time can be read in it") from None

    def count(self, name: str, default: int | None, *, least: int = 0, most: int | None = None) -> int | None:
        """A whole number; `default` for none."""
        value = self.value(name)
        if value is None:
            return default
        try:
            number = int(value)
            whole = number == float(value)
        except (TypeError, ValueError, OverflowError):
            raise self.odd(name, "a number is expected") from None
        if not whole or number < least or (most is not None and number > most):
            span = f"from {least} on" if most is None else f"from {least} to {most}"
            raise self.odd(name, f"a whole number {span} is expected")
        return number

    def choice(self, name: str, kind: type[_Choice], default: _Choice) -> _Choice:
        """A picklist value that the connector knows."""
        value = self.text(name)
        if not value:
            return default
        try:
            return kind(value)
        except ValueError:
            raise self.odd(name, f"has to be one of {', '.join(kind)}") from None

    def odd(self, name: str, message: str) -> SetupError:
        """The error for a value that cannot be."""
        label = _DESCRIPTIONS.get(self.object, self.object)
        row = str(self.record.get("Name") or self.id)
        return SetupError(
            f"The field {name} of {label} {row} cannot be understood: {message}",
            where=f"{self.object} {self.id}",
            remedy="Correct the record in Salesforce.",
        )


def settings(record: Mapping[str, Any]) -> SyncSettings:
    """The MS_Graph_Setting__c record."""
    row = Fields(SETTING.name, record)
    frequency = row.text("Frequency__c") or "Hourly"
    if frequency not in FREQUENCIES:
        raise row.odd("Frequency__c", f"has to be one of {', '.join(FREQUENCIES)}")
    categories = (part.strip().lower() for part in re.split("[;,]", row.text("Opt_Out_Categories__c")))
    return SyncSettings(
        id=row.id,
        active=row.flag("Active__c"),
        frequency=frequency,
        keep_unmatched=row.flag("Keep_Unmatched__c"),
        unmatched_retention_days=row.count("Unmatched_Retention_Days__c", 30, least=1, most=_MOST_DAYS) or 0,
        sync_bcc=row.flag("Sync_Bcc__c"),
        backfill_months=row.count("Backfill_Months__c", 6, most=_MOST_MONTHS) or 0,
        licensed_users=row.count("Licensed_Users__c", None),
        opt_out_categories=tuple(category for category in categories if category),
        attachment_max_mb=row.count("Attachment_Max_MB__c", 25) or 0,
        inline_images=row.flag("Inline_Images__c"),
        remote_images=row.flag("Remote_Images__c"),
        create_tasks=row.flag("Create_Tasks__c"),
        ask_owner=row.flag("Ask_Owner__c"),
        match_ties=row.choice("Match_Ties__c", MatchTies, MatchTies.ALL),
        last_run_at=row.instant("Last_Run_At__c"),
        matched_through=row.instant("Matched_Through__c"),
    )


def wrong_key(record: Mapping[str, Any]) -> SetupError:
    """The error for a settings record that has another key than the one by which it is found."""
    return SetupError(
        f"The Microsoft 365 Sync Setting {record['Name']} has the key {record['Key__c'] or '(none)'}",
        where=f"{SETTING.name} {record['Id']}",
        remedy=f"Set its Key__c to {SETTING_KEY}.",
    )


def exclusion(record: Mapping[str, Any]) -> Exclusion:
    """A rule, of the recycle bin too. A personal one without user is its creator's."""
    row = Fields(EXCLUSION.name, record)
    try:
        kind = ExclusionType(row.text("Type__c"))
    except ValueError:
        raise row.odd("Type__c", f"has to be one of {', '.join(ExclusionType)}") from None
    personal = kind is ExclusionType.PERSONAL_ADDRESS
    deleted, active = row.flag("IsDeleted"), row.flag("Active__c")
    # one that is active again applies again; one that was active when it was deleted ended then
    removed = None if active else row.instant("Removed_At__c")
    if removed is None and (deleted or not active):
        removed = row.instant("LastModifiedDate")
    return Exclusion(
        id=row.id,
        name=row.text("Name"),
        type=kind,
        pattern=row.text("Pattern__c"),
        user=(row.id_of("User__c") or row.id_of("CreatedById")) if personal else None,
        removed_at=removed,
    )


def mailbox(record: Mapping[str, Any]) -> Mailbox:
    """A row of MS_Graph_User__c with `User__r.IsActive`."""
    row = Fields(MAILBOX.name, record)
    user, related = row.id_of("User__c"), row.value("User__r")
    if user is not None and not isinstance(related, Mapping):
        raise SetupError(
            f"The user of MS Graph User {row.text('Name')} cannot be read",
            where=f"User {user}",
            remedy=f"{ASSIGN} It grants View All Users.",
        )
    status = row.text("Status__c")
    graph_id = row.text("Graph_User_Id__c")
    aliases = row.text("Aliases__c").replace(",", "\n").replace(";", "\n").split()
    return Mailbox(
        id=row.id,
        name=row.text("Name"),
        email=row.text("Email_Address__c"),
        user_principal_name=row.text("User_Principal_Name__c"),
        graph_user_id=GraphUserId(graph_id) if graph_id else None,
        user=user,
        user_active=bool(related and related.get("IsActive")),
        shared=row.text("Mailbox_Type__c") == "Shared",
        active=row.flag("Active__c"),
        aliases=tuple(alias.lower() for alias in aliases),
        status=MailboxStatus(status) if status in set(MailboxStatus) else None,
        status_detail=row.text("Status_Detail__c"),
        backfill_from=row.instant("Backfill_From__c"),
        backfill_through=row.instant("Backfill_Through__c"),
        live_from=row.instant("Live_From__c"),
        live_through=row.instant("Live_Through__c"),
        swept_through=row.instant("Swept_Through__c"),
        last_success=row.instant("Last_Success__c"),
        created_at=row.instant("CreatedDate"),
    )


def holders(records: list[dict[str, Any]], now: datetime) -> frozenset[RecordId]:
    """The users of permission set assignments that count at `now`."""
    assigned = (Fields("PermissionSetAssignment", record) for record in records if is_in_force(record, now))
    return frozenset(RecordId(row.text("AssigneeId")) for row in assigned)


def is_in_force(record: Mapping[str, Any], now: datetime) -> bool:
    """Whether a permission set assignment counts at `now`."""
    row = Fields("PermissionSetAssignment", record)
    expires = row.instant("ExpirationDate")
    return row.value("IsActive") is not False and (expires is None or expires > now)


def logged_error(record: Mapping[str, Any]) -> LoggedError:
    """A row that is due, or may become so."""
    row = Fields("MS_Graph_Sync_Error__c", record)
    event = record.get("Sync_Event__r") or {}
    requested = row.text("Status__c") == ErrorStatus.RETRY_REQUESTED or bool(event.get("Retry_Requested__c"))
    return LoggedError(
        id=row.id,
        key=row.text("Error_Key__c"),
        mailbox=row.id_of("Mailbox__c"),
        message=MessageId(row.text("Graph_Message_Id__c")),
        internet_message_id=row.text("Internet_Message_Id__c"),
        received_at=row.instant("Received_At__c"),
        attempts=row.count("Attempts__c", 1) or 1,
        next_attempt_at=row.instant("Next_Attempt_At__c"),
        requested=requested,
        email=row.id_of("Email__c"),
        event=row.id_of("Sync_Event__c"),
        event_requested=bool(event.get("Retry_Requested__c")),
        subject=row.text("Subject__c"),
        code=row.text("Code__c"),
        text=row.text("Message__c"),
    )


def time_zone(record: Mapping[str, Any]) -> str:
    """The org's zone, as an IANA name that this machine knows."""
    name = Fields("Organization", record).text("TimeZoneSidKey")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SetupError(
            f"The org's time zone {name or '(none)'} is not known",
            where="Organization",
            remedy="Set a default time zone in Setup, Company Information.",
        ) from None
    return name


def hits(object_name: ClientObject, record: Mapping[str, Any], fields: tuple[str, ...]) -> list[tuple[str, Hit]]:
    """A Contact or Account under each address that it has."""
    row = Fields(object_name, record)
    account = row.id_of("AccountId") if object_name == ClientObject.CONTACT else None
    hit = Hit(object=object_name, id=row.id, account=account, created_at=row.instant("CreatedDate"))
    return [(normalise(str(record[name])), hit) for name in fields if record.get(name)]


#: The fields that a later copy may fill, as far as they are read.
READ_FIELDS = MAIL.names(Use.FILLABLE | Use.READ)


def stored_email(record: Mapping[str, Any]) -> StoredEmail:
    """A row of Email__c with its participants as a list; its Tasks are read apart."""
    row = Fields(MAIL.name, record)
    sent = row.instant("Sent_At__c") or row.instant("CreatedDate")
    if sent is None:
        raise row.odd("Sent_At__c", "it is empty")
    mid = row.text("Internet_Message_Id__c") or None
    # what stands in for a deleted mail without a Message-ID has that mail's key
    key = mid.removeprefix(BY_KEY) if mid is not None and mid.startswith(BY_KEY) else None
    return StoredEmail(
        id=row.id,
        key=key or row.text("Message_Key__c"),
        internet_message_id=None if key else mid,
        graph_message_id=row.text("Graph_Message_Id__c") or None,
        mailbox=row.id_of("Mailbox__c"),
        from_address=row.text("From_Address__c"),
        sent_at=sent,
        owner=RecordId(row.text("OwnerId")),
        match_status=match_status(row.value("Match_Status__c")),
        subject=row.text("Subject__c"),
        is_deleted=row.flag("IsDeleted"),
        consent=row.text("Consent__c"),
        fields={name: row.value(name) for name in READ_FIELDS},
        participants=tuple(stored_participant(child) for child in record.get("Participants__r") or ()),
        attachment_count=row.count("Attachment_Count__c", None),
        body_truncated=row.flag("Body_Truncated__c"),
        files=tuple(stored_file(child) for child in record.get("ContentDocumentLinks") or ()),
    )


def match_status(value: Any) -> MatchStatus | None:
    """Match_Status__c, which a person may have emptied."""
    return MatchStatus(value) if value in set(MatchStatus) else None


#: What is read of a ContentDocumentLink: its file's newest version has the key.
FILE_FIELDS = "ContentDocumentId, ContentDocument.LatestPublishedVersion.Attachment_Key__c"


def stored_file(record: Mapping[str, Any]) -> StoredFile:
    """A ContentDocumentLink as the file that it links to the mail."""
    version = (record.get("ContentDocument") or {}).get("LatestPublishedVersion") or {}
    document = Fields("ContentDocumentLink", record).text("ContentDocumentId")
    return StoredFile(key=str(version.get("Attachment_Key__c") or ""), document=RecordId(document))


def stored_participant(record: Mapping[str, Any]) -> StoredParticipant:
    """A row of Email_Participant__c."""
    row = Fields("Email_Participant__c", record)
    return StoredParticipant(
        id=row.id,
        key=row.text("Participant_Key__c"),
        address=row.text("Address__c"),
        contact=row.id_of("Contact__c"),
        account=row.id_of("Account__c"),
    )
