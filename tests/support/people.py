"""People of the org with sessions of their own: what they see and may do is asked as they would."""

from collections.abc import Sequence
from typing import Any

from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from tests.support.world import DOMAIN, SYNC_USER, World


class Person:
    """A user of the org, signed in."""

    def __init__(self, world: World, name: str, *, permission_sets: Sequence[str] = (SYNC_USER,)) -> None:
        body = {
            "username": f"{name}@{DOMAIN}.org",
            "name": name.title(),
            "email": f"{name}@{DOMAIN}",
            "permissionSets": list(permission_sets),
        }
        made = world.control("POST", "users", body)
        self.id: str = made["id"]
        self.org = Salesforce(
            instance_url=world.url, session_id=made["access_token"], session=world.org.session, version="66.0"
        )

    def rows(self, soql: str) -> list[dict[str, Any]]:
        """What this person finds."""
        found: list[dict[str, Any]] = self.org.query_all(soql)["records"]
        return found

    def sees(self, column: str, sobject: str) -> set[Any]:
        """The values of a column in all rows that this person may read."""
        return {row[column] for row in self.rows(f"SELECT {column} FROM {sobject}")}

    def may(self, verb: str, sobject: str, *arguments: Any) -> bool:
        """Whether the org lets this person do it; it is done then."""
        try:
            getattr(getattr(self.org, sobject), verb)(*arguments)
        except SalesforceError:
            return False
        return True


def adviser(world: World, name: str) -> Person:
    """A person with a mailbox that is linked."""
    person = Person(world, name)
    world.mailbox(name)
    address = f"{name}@{DOMAIN}"
    world.create(
        "MS_Graph_User__c",
        Name=name.title(),
        Email_Address__c=address,
        User_Principal_Name__c=address,
        User__c=person.id,
    )
    return person
