"""Does what a remedy says, as an admin would who reads it."""

import re
from datetime import UTC, datetime

from tests.support.world import World, stamp


def follow_reading(world: World, remedy: str, upn: str = "ada@firm.example") -> int:
    """Set the timestamps that a remedy names, and type the command that it names. Returns the exit code."""
    [box] = world.rows(f"SELECT Id FROM MS_Graph_User__c WHERE User_Principal_Name__c = '{upn}'")
    found = re.search(rf"Backfill From of the MS Graph User {re.escape(upn)} to (\S+ \S+) UTC or earlier", remedy)
    if found:
        since = datetime.strptime(found[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        world.org.MS_Graph_User__c.update(box["Id"], {"Backfill_From__c": stamp(since)})
    if re.search("[Ee]mpty (its )?Backfill Through", remedy):
        world.org.MS_Graph_User__c.update(box["Id"], {"Backfill_Through__c": None})
    typed = re.search(r"m365sync ((?:sync|retry)(?: --(?:sweep|all))?)", remedy)
    assert typed is not None, f"no command in: {remedy}"
    code, _, _ = world.command(*typed[1].split(), "--json")
    return code
