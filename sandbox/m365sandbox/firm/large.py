"""A firm of any size, generated: the same numbers and seed give the same people and the same mail."""

from itertools import islice
from typing import Any

from m365sandbox.clock import SandboxClock
from m365sandbox.firm.deliver import Mailbox
from m365sandbox.firm.large_mail import generated_mail
from m365sandbox.firm.large_people import (
    LARGE_DOMAIN,
    FirmSize,
    account_names,
    account_of,
    adviser,
    alias,
    client,
    contact_name,
)
from m365sandbox.firm.small import SYNC_USER, seed_settings
from m365sandbox.firm.stores import Mailboxes, MailReport, Records
from m365sandbox.mail.phrases import NEWSLETTERS

__all__ = ["LARGE_DOMAIN", "FirmSize", "adviser", "build_large", "client", "generated_mail", "populate_large"]

_ROWS = 2_000
_BATCH = 500


def populate_large(salesforce: Records, graph: Mailboxes, clock: SandboxClock, size: FirmSize) -> MailReport:
    """Put a generated firm and its mail into empty services."""
    boxes = build_large(salesforce, graph, size)
    waiting = iter(generated_mail(size, boxes, clock.now()))
    count = 0
    while batch := list(islice(waiting, _BATCH)):
        graph.add_messages(batch)
        count += len(batch)
    return MailReport(messages=count)


def build_large(salesforce: Records, graph: Mailboxes, size: FirmSize, *, imports: bool = False) -> list[Mailbox]:
    """The firm without its mail: users, mailboxes, settings, exclusions, Accounts and Contacts."""
    boxes = [_mailbox(number) for number in range(size.mailboxes)]
    rows = [_adviser_rows(salesforce, graph, number, box) for number, box in enumerate(boxes)]
    salesforce.seed("MS_Graph_User__c", rows)
    seed_settings(salesforce, imports=imports)
    rules = [("Internal Domain", LARGE_DOMAIN)]
    rules += [("External Address", f"*@{who.rpartition('@')[2]}") for who in NEWSLETTERS]
    salesforce.seed(
        "MS_Graph_Exclusion__c", [{"Type__c": kind, "Pattern__c": rule, "Active__c": True} for kind, rule in rules]
    )
    _seed_clients(salesforce, size.contacts)
    return boxes


def _mailbox(number: int) -> Mailbox:
    address, second = adviser(number)[1], alias(number)
    return Mailbox(address, frozenset([address, second] if second else [address]))


def _adviser_rows(salesforce: Records, graph: Mailboxes, number: int, box: Mailbox) -> dict[str, Any]:
    """Make an adviser's user and mailbox; gives the row that links them."""
    name, address = adviser(number)
    others = sorted(box.addresses - {address})
    user = salesforce.create_user(username=address, name=name, email=address, permission_sets=[SYNC_USER])["id"]
    graph_id = graph.create_mailbox(
        userPrincipalName=address,
        displayName=name,
        mail=address,
        proxyAddresses=[f"SMTP:{address}", *(f"smtp:{other}" for other in others)],
    )
    return {
        "Name": name,
        "Email_Address__c": address,
        "User_Principal_Name__c": address,
        "Active__c": True,
        "User__c": user,
        "Graph_User_Id__c": graph_id,
        "Mailbox_Type__c": "Personal",
        "Aliases__c": "\n".join([address, *others]),
    }


def _seed_clients(salesforce: Records, contacts: int) -> None:
    names = account_names(contacts)
    ids: list[str] = []
    while batch := list(islice(names, _ROWS)):
        ids += salesforce.seed("Account", [{"Name": name} for name in batch])
    for start in range(0, contacts, _ROWS):
        numbers = range(start, min(start + _ROWS, contacts))
        salesforce.seed("Contact", [_contact_row(number, ids[account_of(number)]) for number in numbers])


def _contact_row(number: int, account: str) -> dict[str, Any]:
    first, last = contact_name(number)
    return {"FirstName": first, "LastName": last, "Email": client(number)[1], "AccountId": account}
