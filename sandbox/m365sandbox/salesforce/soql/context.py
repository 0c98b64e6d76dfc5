"""What a query is planned against: the schema, what the user may see, and the user's clock and zone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from m365sandbox.salesforce.data.schema import Field, Schema, SObject
from m365sandbox.salesforce.soql.errors import SoqlError, refusal

_HINT = "Please reference your WSDL or the describe call for the appropriate names."


class Access(Protocol):
    """What the querying user may see. What may not be seen is answered as if it did not exist."""

    def can_read(self, sobject: SObject) -> bool:
        """Whether the user may read the object at all."""
        ...

    def can_read_field(self, sobject: SObject, field: Field) -> bool:
        """Whether field-level security lets the user read the field."""
        ...

    def record_filter(self, sobject: SObject, alias: str) -> tuple[str, list[Any]] | None:
        """An SQL predicate on the table `alias` with its `?` parameters that keeps visible rows; None keeps all."""
        ...


@dataclass(slots=True)
class Context:
    """One query being planned. Table aliases are given out here, so that they differ in the whole statement."""

    soql: str
    schema: Schema
    access: Access
    now: datetime
    zone: ZoneInfo
    include_deleted: bool
    version: str
    user_id: str = ""
    subqueries: int = 0
    _aliases: int = 0

    def alias(self) -> str:
        """A fresh table alias."""
        self._aliases += 1
        return f"t{self._aliases}"

    def object(self, name: str) -> SObject | None:
        """The object of that name if it exists, can be queried and may be read."""
        found = self.schema.object(name)
        return found if found and found.queryable and self.access.can_read(found) else None

    def field(self, sobject: SObject, name: str) -> Field | None:
        """The field of that name if it exists and may be read."""
        found = sobject.field(name)
        return found if found and self.access.can_read_field(sobject, found) else None

    def record_url(self, sobject: SObject, record_id: str) -> str:
        """The path of a record, as `attributes.url` shows it."""
        return f"/services/data/v{self.version}/sobjects/{sobject.name}/{record_id}"

    # --- refusals -------------------------------------------------------------------------------------------------

    def refuse(self, position: int, code: str, problem: str) -> SoqlError:
        """An error at a place of this query."""
        return refusal(self.soql, position, code, problem)

    def malformed(self, position: int, problem: str) -> SoqlError:
        """MALFORMED_QUERY at a place of this query."""
        return refusal(self.soql, position, "MALFORMED_QUERY", problem)

    def no_object(self, position: int, name: str) -> SoqlError:
        """An object that is unknown, or that the user may not read."""
        return self.refuse(
            position,
            "INVALID_TYPE",
            f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append "
            f"the '__c' after the entity name. {_HINT}",
        )

    def no_field(self, position: int, entity: str, name: str) -> SoqlError:
        """A field that is unknown, or that the user may not read."""
        return self.refuse(
            position,
            "INVALID_FIELD",
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to "
            f"append the '__c' after the custom field name. {_HINT}",
        )

    def no_relationship(self, position: int, name: str, *, child: bool) -> SoqlError:
        """A relationship that is unknown, or whose other side the user may not read."""
        place = "FROM part of query call" if child else "field path"
        return self.refuse(
            position,
            "INVALID_TYPE" if child else "INVALID_FIELD",
            f"Didn't understand relationship '{name}' in {place}. If you are attempting to use a custom relationship, "
            f"be sure to append the '__r' after the custom relationship name. {_HINT}",
        )
