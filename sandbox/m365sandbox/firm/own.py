"""A firm made of imported mail: every address on the domains that are said to be the firm's has a mailbox."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from m365sandbox.firm.deliver import Mailbox, addresses_of, fits_email_field, is_of, names_of
from m365sandbox.firm.small import SYNC_USER, seed_settings
from m365sandbox.firm.stores import Mailboxes, Records
from m365sandbox.mail.source import MailSourceError

_MEMBERS = ("from", "sender", "toRecipients", "ccRecipients", "bccRecipients")
_LONGEST_NAME = 80


def build_own(
    records: Records, mailboxes: Mailboxes, messages: Iterable[dict[str, Any]], domains: Sequence[str]
) -> list[Mailbox]:
    """Make a mailbox and a linked user of each address on the domains or below them; those in most messages first.

    Raises MailSourceError where the mail has no such address, before anything is made.
    """
    seen: Counter[str] = Counter()
    names: dict[str, str] = {}
    for message in messages:
        own = (address for address in addresses_of(message, _MEMBERS) if is_of(address, domains))
        seen.update({address for address in own if fits_email_field(address)})
        names_of(message, _MEMBERS, names)
    if not seen:
        raise MailSourceError(f"no address of {', '.join(domains)} is in From, To, Cc or Bcc of any message")
    upns = sorted(seen, key=lambda address: (-seen[address], address))
    rows = [_linked(records, mailboxes, upn, names.get(upn, upn)[:_LONGEST_NAME]) for upn in upns]
    records.seed("MS_Graph_User__c", rows)
    seed_settings(records, imports=True)
    rules = [{"Type__c": "Internal Domain", "Pattern__c": domain, "Active__c": True} for domain in domains]
    records.seed("MS_Graph_Exclusion__c", rules)
    return [Mailbox(upn, frozenset({upn})) for upn in upns]


def _linked(records: Records, mailboxes: Mailboxes, upn: str, name: str) -> dict[str, object]:
    user = records.create_user(username=upn, name=name, email=upn, permission_sets=[SYNC_USER])["id"]
    graph_id = mailboxes.create_mailbox(
        userPrincipalName=upn, displayName=name, mail=upn, proxyAddresses=[f"SMTP:{upn}"], userPurpose="user"
    )
    return {
        "Name": name,
        "Email_Address__c": upn,
        "User_Principal_Name__c": upn,
        "User__c": user,
        "Active__c": True,
        "Graph_User_Id__c": graph_id,
        "Mailbox_Type__c": "Personal",
        "Aliases__c": upn,
    }
