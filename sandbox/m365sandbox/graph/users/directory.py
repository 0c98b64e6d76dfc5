"""The user resource: its members, and how a user is made from what the control API is given."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from m365sandbox.graph.models import MAILBOX_STATES, USER_PURPOSES, Mailbox

# user resource, "Properties": what comes without $select, in Graph's order.
DEFAULT_MEMBERS = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
_COLLECTIONS = (
    "businessPhones",
    "imAddresses",
    "interests",
    "otherMails",
    "pastProjects",
    "proxyAddresses",
    "responsibilities",
    "schools",
    "skills",
)
_NULL = """
    aboutMe ageGroup city companyName consentProvidedForMinor country creationType deletedDateTime department
    employeeHireDate employeeId employeeLeaveDateTime employeeType externalUserState
    externalUserStateChangeDateTime faxNumber givenName identityParentId isManagementRestricted
    isResourceAccount jobTitle lastPasswordChangeDateTime legalAgeGroupClassification mailNickname
    mobilePhone mySite officeLocation onPremisesDistinguishedName onPremisesDomainName onPremisesImmutableId
    onPremisesLastSyncDateTime onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled
    onPremisesUserPrincipalName passwordPolicies postalCode preferredDataLocation preferredLanguage
    preferredName securityIdentifier showInAddressList signInSessionsValidFromDateTime state streetAddress
    surname usageLocation
"""
# Not nullable in the metadata; where nothing was set the service sends the smallest date.
_NO_DATE = {"birthday": "0001-01-01T00:00:00Z", "hireDate": "0001-01-01T00:00:00Z", "deviceEnrollmentLimit": 5}

DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(_NULL.split()),
    **{name: [] for name in _COLLECTIONS},
    **_NO_DATE,
}
MEMBERS = frozenset(
    {*DEFAULTS, "id", "displayName", "userPrincipalName", "mail", "accountEnabled", "userType", "createdDateTime"}
)
GIVEN = ("userPrincipalName", "displayName", "mail", "proxyAddresses", "userPurpose", "accountEnabled", "userType")
GIVEN_STATE = "state"
#: Who else may open the mailbox, and since when grants to act for its user hold.
GIVEN_ACCESS = ("fullAccess", "signInSessionsValidFromDateTime")
#: Where a mailbox keeps `fullAccess` (user principal names, lower case): no member of user has this name.
FULL_ACCESS = "@sandbox.fullAccess"
USER_TYPES = ("Member", "Guest")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def new_mailbox(given: Mapping[str, Any], now: datetime) -> Mailbox:
    """A mailbox from the control API's fields. Raises ValueError for what is unknown or wrong."""
    check(given)
    name = given.get("userPrincipalName")
    if not name:
        raise ValueError("userPrincipalName is needed")
    purpose = given.get("userPurpose") or "user"
    local = name.partition("@")[0]
    mail = given.get("mail", name)
    properties = {
        "userPrincipalName": name,
        "displayName": given.get("displayName") or local,
        "mail": mail,
        "mailNickname": local,
        "proxyAddresses": given.get("proxyAddresses") or ([f"SMTP:{mail}"] if mail else []),
        "accountEnabled": given.get("accountEnabled", purpose == "user"),
        "userType": given.get("userType") or "Member",
        "createdDateTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **_access(given),
    }
    words = str(properties["displayName"]).split()
    if purpose == "user" and len(words) > 1:
        properties |= {"givenName": words[0], "surname": words[-1]}
    return Mailbox(
        number=0,
        id=str(uuid.uuid4()),
        user_principal_name=name,
        state=given.get(GIVEN_STATE) or ("ok" if given.get("userType") != "Guest" else "unlicensed"),
        user_purpose=purpose,
        properties=properties,
    )


def changed_mailbox(mailbox: Mailbox, given: Mapping[str, Any]) -> Mailbox:
    """The mailbox with some fields changed. Raises ValueError for what is unknown or wrong."""
    check(given)
    kept = {name: value for name, value in given.items() if name not in ("userPurpose", GIVEN_STATE, *GIVEN_ACCESS)}
    return replace(
        mailbox,
        user_principal_name=given.get("userPrincipalName") or mailbox.user_principal_name,
        state=given.get(GIVEN_STATE) or mailbox.state,
        user_purpose=given.get("userPurpose") or mailbox.user_purpose,
        properties={**mailbox.properties, **kept, **_access(given)},
    )


def _access(given: Mapping[str, Any]) -> dict[str, Any]:
    """The members of GIVEN_ACCESS as the mailbox keeps them."""
    kept: dict[str, Any] = {}
    if "fullAccess" in given:
        kept[FULL_ACCESS] = [name.lower() for name in given["fullAccess"]]
    if "signInSessionsValidFromDateTime" in given:
        since = datetime.fromisoformat(given["signInSessionsValidFromDateTime"])
        kept["signInSessionsValidFromDateTime"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return kept


def check(given: Mapping[str, Any]) -> None:
    """Raise ValueError that names the first key or value that a mailbox cannot have."""
    for name, value in given.items():
        if name not in (*GIVEN, GIVEN_STATE, *GIVEN_ACCESS):
            raise ValueError(f"unknown key {name}")
        if not _fits(name, value):
            raise ValueError(f"{name} has a value that it cannot have")


def _fits(name: str, value: Any) -> bool:
    if name == "proxyAddresses":
        return isinstance(value, list) and all(isinstance(item, str) and ":" in item for item in value)
    if name == "fullAccess":
        return isinstance(value, list) and all(isinstance(item, str) and "@" in item for item in value)
    if name == "accountEnabled":
        return isinstance(value, bool)
    if name == "mail" and value is None:
        return True
    if not isinstance(value, str):
        return False
    if name == "signInSessionsValidFromDateTime":
        return _is_instant(value)
    choices = {GIVEN_STATE: MAILBOX_STATES, "userPurpose": USER_PURPOSES, "userType": USER_TYPES}
    if name in choices:
        return value in choices[name]
    return name == "displayName" or _ADDRESS.fullmatch(value) is not None


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def user_json(mailbox: Mailbox, names: tuple[str, ...] | None) -> dict[str, Any]:
    """The user resource, or the selected part of it; `id` comes only when selected, as in Graph."""
    known: dict[str, Any] = {**DEFAULTS, **mailbox.properties, "id": mailbox.id}
    if names is not None and "*" not in names:
        return {name: known[name] for name in names if name in known}
    return {name: known[name] for name in DEFAULT_MEMBERS}


def mailbox_settings(mailbox: Mailbox, archive_folder: str) -> dict[str, Any]:
    """The mailboxSettings of a mailbox that nobody has changed."""
    unset = {"dateTime": "2026-01-01T00:00:00.0000000", "timeZone": "UTC"}
    return {
        "archiveFolder": archive_folder,
        "timeZone": "UTC",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "dateFormat": "yyyy-MM-dd",
        "timeFormat": "HH:mm",
        "userPurpose": mailbox.user_purpose,
        "automaticRepliesSetting": {
            "status": "disabled",
            "externalAudience": "all",
            "internalReplyMessage": "",
            "externalReplyMessage": "",
            "scheduledStartDateTime": unset,
            "scheduledEndDateTime": unset,
        },
        "language": {"locale": "en-US", "displayName": "English (United States)"},
        "workingHours": {
            "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"name": "UTC"},
        },
    }
