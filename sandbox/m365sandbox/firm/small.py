"""The small firm: three advisers and a shared mailbox, clients in households and companies, settings and exclusions."""

from m365sandbox.firm.deliver import Mailbox
from m365sandbox.firm.people import CLIENTS, COMPANIES, EXCLUSIONS, HOUSEHOLDS, STAFF, Client, Staff
from m365sandbox.firm.stores import Mailboxes, Records

SYNC_USER = "Microsoft_365_Sync_User"
SETTINGS = "MS_Graph_Setting__c"


def build_small(records: Records, mailboxes: Mailboxes, *, imports: bool = False) -> list[Mailbox]:
    """Put the firm without its mail into both services. Returns its mailboxes in their order.

    With `imports` its settings keep mail that was addressed to others long ago: as by Bcc, and for a year.
    """
    users = {
        staff.key: records.create_user(
            username=staff.address, name=staff.name, email=staff.address, permission_sets=[SYNC_USER]
        )["id"]
        for staff in STAFF
        if not staff.shared
    }
    graph_ids = {staff.key: _create_mailbox(mailboxes, staff) for staff in STAFF}
    records.seed("MS_Graph_User__c", [_mailbox_row(staff, users, graph_ids) for staff in STAFF])
    seed_settings(records, imports=imports)
    records.seed("MS_Graph_Exclusion__c", [_exclusion_row(rule, users) for rule in EXCLUSIONS])
    _seed_clients(records)
    return [Mailbox(staff.address, frozenset(_addresses(staff))) for staff in STAFF]


def seed_settings(records: Records, *, imports: bool = False) -> None:
    """The one settings record, switched on; unmatched mail is kept for a month, imported mail for a year."""
    row = {
        "Name": "Default",
        "Key__c": "default",
        "Active__c": True,
        "Frequency__c": "Hourly",
        "Keep_Unmatched__c": True,
        "Unmatched_Retention_Days__c": 365 if imports else 30,
        "Sync_Bcc__c": imports,
    }
    records.seed(SETTINGS, [row])


def _addresses(staff: Staff) -> list[str]:
    return [staff.address, *([staff.alias] if staff.alias else [])]


def _create_mailbox(mailboxes: Mailboxes, staff: Staff) -> str:
    primary, *aliases = _addresses(staff)
    return mailboxes.create_mailbox(
        userPrincipalName=staff.address,
        displayName=staff.name,
        mail=staff.address,
        proxyAddresses=[f"SMTP:{primary}", *(f"smtp:{alias}" for alias in aliases)],
        userPurpose="shared" if staff.shared else "user",
    )


def _mailbox_row(staff: Staff, users: dict[str, str], graph_ids: dict[str, str]) -> dict[str, object]:
    row: dict[str, object] = {
        "Name": staff.name,
        "Email_Address__c": staff.address,
        "User_Principal_Name__c": staff.address,
        "User__c": users[staff.user],
        "Active__c": True,
    }
    if staff.knows_graph_id:
        row |= {
            "Graph_User_Id__c": graph_ids[staff.key],
            "Mailbox_Type__c": "Shared" if staff.shared else "Personal",
            "Aliases__c": "\n".join(_addresses(staff)),
        }
    return row


def _exclusion_row(rule: tuple[str, str, str | None], users: dict[str, str]) -> dict[str, object]:
    kind, pattern, person = rule
    row: dict[str, object] = {"Type__c": kind, "Pattern__c": pattern, "Active__c": True}
    return row if person is None else {**row, "User__c": users[person]}


def _seed_clients(records: Records) -> None:
    names = [*HOUSEHOLDS, *COMPANIES]
    accounts = dict(zip(names, records.seed("Account", [{"Name": name} for name in names]), strict=True))
    records.seed("Contact", [_contact_row(client, accounts[client.account]) for client in CLIENTS])


def _contact_row(client: Client, account: str) -> dict[str, object]:
    return {"FirstName": client.first, "LastName": client.last, "Email": client.email, "AccountId": account}
