"""Refusals that the control API adds to an object, as an admin's validation rules would."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data import ids
from m365sandbox.salesforce.data.ids import Counters
from m365sandbox.salesforce.data.schema import Schema, SObject
from m365sandbox.salesforce.errors import RowError
from m365sandbox.salesforce.rights.sharing import SystemAccess
from m365sandbox.salesforce.soql import SoqlError, run_query

_TABLE = """
CREATE TABLE IF NOT EXISTS _rule (
    id TEXT PRIMARY KEY, object TEXT NOT NULL, condition TEXT NOT NULL, message TEXT NOT NULL, field TEXT NOT NULL,
    code TEXT NOT NULL
) WITHOUT ROWID
"""
#: The platform's code for a validation rule's refusal.
VALIDATION_CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of the object that meet the condition are refused."""

    rule_id: str
    object: str
    condition: str
    message: str
    field: str
    code: str


def prepare(connection: sqlite3.Connection) -> None:
    """Make the table that keeps the rules."""
    connection.execute(_TABLE)


def add(call: Call, rule: Rule) -> str:
    """Keep a rule; ValueError where the object or the condition is wrong."""
    schema: Schema = call.org.schema
    sobject = schema.object(rule.object)
    if sobject is None:
        raise ValueError(f"unknown object: {rule.object}")
    try:
        _matching(call, sobject, rule.condition, [])
    except SoqlError as wrong:
        raise ValueError(f"when: {wrong}") from None
    counters: Counters = call.org.counters
    rule_id = ids.make("03d", counters.take("_rule", 1)[0])
    values = (rule_id, sobject.name, rule.condition, rule.message, rule.field, rule.code or VALIDATION_CODE)
    call.org.connection.execute("INSERT INTO _rule VALUES (?, ?, ?, ?, ?, ?)", values)
    return rule_id


def delete_all(connection: sqlite3.Connection) -> None:
    """Forget every rule."""
    connection.execute("DELETE FROM _rule")


def violations(call: Call, sobject: SObject, record_ids: Sequence[str]) -> dict[str, RowError]:
    """The refusal of each row just written that meets a rule; the first rule that applies decides."""
    rows = call.org.connection.execute("SELECT * FROM _rule WHERE object = ? ORDER BY id", (sobject.name,)).fetchall()
    refused: dict[str, RowError] = {}
    for row in rows:
        rule = Rule(*row)
        error = RowError(rule.code, rule.message, (rule.field,) if rule.field else ())
        for record_id in _matching(call, sobject, rule.condition, record_ids):
            refused.setdefault(record_id, error)
    return refused


def _matching(call: Call, sobject: SObject, condition: str, record_ids: Sequence[str]) -> list[str]:
    listed = ",".join(f"'{item}'" for item in record_ids or ["000000000000000AAA"])
    result = run_query(
        call.org.connection,
        call.org.schema,
        SystemAccess(),
        f"SELECT Id FROM {sobject.name} WHERE Id IN ({listed}) AND ({condition})",
        include_deleted=False,
        now=call.now,
        time_zone=call.org.state.time_zone,
        user_id=call.user_id,
        api_version=call.version,
    )
    return [str(record["Id"]) for record in result.records]
