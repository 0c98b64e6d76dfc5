"""One client's mail as the adviser sees it on the Contact."""

from collections import Counter
from typing import Any

import requests
from rich.table import Table
from simple_salesforce.api import Salesforce

from connector.cli.terminal import counted, out
from connector.model.mail import Direction

LATEST = 12


def show_timeline(ready: dict[str, Any]) -> None:
    """The client with most mail, latest first, read with the admin's own token."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = ready["ca"]
        org = Salesforce(
            instance_url=ready["url"],
            session_id=ready["salesforce"]["admin"]["access_token"],
            session=session,
            version="66.0",
        )
        participants = org.query_all("SELECT Contact__c FROM Email_Participant__c WHERE Contact__c != null")["records"]
        ranked = Counter(row["Contact__c"] for row in participants).most_common()
        if not ranked:
            out.print("\nNo mail was related to a Contact.")
            return
        contact, count = min(ranked, key=lambda item: (-item[1], item[0]))
        who = org.query(f"SELECT Name, Account.Name FROM Contact WHERE Id = '{contact}'")["records"][0]  # noqa: S608
        rows = org.query(
            "SELECT Sent_At__c, Direction__c, Email__r.Name, Email__r.From_Name__c, Email__r.From_Address__c, "  # noqa: S608
            f"Email__r.Owner.Name FROM Email_Participant__c WHERE Contact__c = '{contact}' "
            f"ORDER BY Sent_At__c DESC LIMIT {LATEST}"
        )["records"]
    household = f" ({who['Account']['Name']})" if who.get("Account") else ""
    title = f"\n{who['Name']}{household}: the latest {len(rows)} of {counted(count, 'mail')}"
    table = Table(title=title, title_justify="left")
    for heading in ("Sent (UTC)", "", "Subject", "From", "Owner"):
        table.add_column(heading, no_wrap=heading == "Sent (UTC)")
    for row in rows:
        arrow = "→" if row["Direction__c"] == Direction.OUTBOUND else "←"
        mail = row["Email__r"]
        sent = row["Sent_At__c"][:16].replace("T", " ")
        sender = mail["From_Name__c"] or mail["From_Address__c"] or ""
        table.add_row(sent, arrow, mail["Name"], sender, (mail.get("Owner") or {}).get("Name", ""))
    out.print(table)
