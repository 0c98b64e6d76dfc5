"""A firm with much mail, made through the control API: for the tests and the bench that count calls and seconds."""

import base64
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tests.support.world import DOMAIN, World, stamp

BODY = "<p>Dear client,</p>" + "<p>The review of your portfolio follows, with the figures we spoke about.</p>" * 40


def furnish(
    world: World, *, mailboxes: int, messages: int, stored: float, days: float, seed: int = 7, attachments: float = 0.0
) -> int:
    """`messages` over `mailboxes` advisers in the last `days`, a share `stored` of them with one or two clients.

    The others are between colleagues or from strangers. A fifth of the clients' mail has two clients. A share
    `attachments` of all mail has a small file. Returns how many mails will be stored.
    """
    chance = random.Random(seed)
    world.settings(Backfill_Months__c=6)
    world.internal_domain()
    names = [f"adviser{number:02d}" for number in range(mailboxes)]
    for name in names:
        world.adviser(name)
    clients = [f"client{number:03d}@client{number % 50:02d}.example" for number in range(200)]
    rows = [{"LastName": address.split("@")[0], "Email": address} for address in clients]
    for at in range(0, len(rows), 200):
        world.org.restful(
            "composite/sobjects",
            method="POST",
            json={"records": [{"attributes": {"type": "Contact"}, **row} for row in rows[at : at + 200]]},
        )
    now = world.now()
    wanted = round(messages * stored)
    plans = []
    for number in range(messages):
        name = names[number % mailboxes]
        received = now - timedelta(days=days) * chance.random() - timedelta(hours=2)
        if number < wanted:
            sender, others = chance.choice(clients), chance.sample(clients, 1 if chance.random() < 0.2 else 0)
        elif number % 2:
            sender, others = f"colleague@{DOMAIN}", []
        else:
            sender, others = f"stranger{number}@unknown.example", []
        plans.append((name, received.replace(microsecond=0), sender, [f"{name}@{DOMAIN}", *others], number))

    def put(plan: tuple[str, object, str, list[str], int]) -> None:
        name, received, sender, to, number = plan
        world.message(
            name,
            received=received,
            subject=f"Subject {number}",
            internetMessageId=f"<load-{seed}-{number}@mail.example>",
            sentDateTime=stamp(received),
            body={"contentType": "html", "content": BODY},
            toRecipients=to,
            **({"attachments": [_file(number)]} if number % 100 < attachments * 100 else {}),
            **{"from": sender},
        )

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(put, plans))
    return wanted


def _file(number: int) -> dict[str, str]:
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": f"report-{number}.txt",
        "contentType": "text/plain",
        "contentBytes": base64.b64encode(b"figures\n" * (number + 1)).decode(),
    }
