"""/query, /queryAll and their cursors."""

import re
from typing import Any

from m365sandbox.salesforce.call import Answer, Call
from m365sandbox.salesforce.errors import ApiError
from m365sandbox.salesforce.rest import query_columns, viewed
from m365sandbox.salesforce.soql import QueryResult, SoqlError, run_query
from m365sandbox.salesforce.soql.cursors import Reader, page_size

#: A query that may bring child records.
_CHILD_QUERY = re.compile(r"\(\s*SELECT\b", re.IGNORECASE)


def query(call: Call) -> Answer:
    """GET /query?q="""
    return _first_page(call, include_deleted=False)


def query_all(call: Call) -> Answer:
    """GET /queryAll?q=: with the rows of the recycle bin."""
    return _first_page(call, include_deleted=True)


def next_page(call: Call, locator: str) -> Answer:
    """GET /query/LOCATOR."""
    return Answer(200, call.org.cursors.next_page(locator, _reader(call)))


def select(call: Call, soql: str, include_deleted: bool = False) -> QueryResult:
    """The result of a query as the caller sees it. Raises ApiError where it is wrong."""
    try:
        return run_query(
            call.org.connection,
            call.org.schema,
            call.access,
            soql,
            include_deleted=include_deleted,
            now=call.now,
            time_zone=time_zone_of(call),
            user_id=call.user_id,
            api_version=call.version,
        )
    except SoqlError as wrong:
        raise ApiError(400, wrong.code, wrong.message) from None


def time_zone_of(call: Call) -> str:
    """Date literals are reckoned in the user's zone."""
    row = call.org.connection.execute('SELECT "TimeZoneSidKey" FROM "User" WHERE "Id" = ?', (call.user_id,)).fetchone()
    return str(row[0]) if row and row[0] else call.org.state.time_zone


def _first_page(call: Call, include_deleted: bool) -> Answer:
    _refuse_other_answers(call)
    soql = call.parameter("q")
    if soql is None:
        raise ApiError(400, "MALFORMED_QUERY", "SOQL statement is required: the parameter q is missing")
    size = page_size(call.headers.get("sforce-query-options"))
    if call.flag("columns"):
        return Answer(200, query_columns.metadata(call, select(call, soql, include_deleted)))
    return Answer(200, page_of(call, soql, size, include_deleted=include_deleted))


def page_of(call: Call, soql: str, size: int, *, include_deleted: bool = False) -> dict[str, Any]:
    """The first page of a query's result."""
    result = select(call, soql, include_deleted)
    viewed.mark(call, result)
    nested = _CHILD_QUERY.search(soql) is not None
    return call.org.cursors.first_page(result.records, result.total_size, size, _reader(call), nested=nested)


def _refuse_other_answers(call: Call) -> None:
    """The platform answers these with something else than records, so records would be a wrong answer."""
    explain, columns = call.parameter("explain"), call.parameter("columns")
    if explain is not None and explain.lower() != "false":
        raise ApiError(400, "INVALID_REQUEST", f"Query plans are not available: explain={explain}")
    if columns is not None and columns.lower() not in ("false", "true"):
        raise ApiError(400, "INVALID_REQUEST", f"columns: true or false expected, not {columns}")


def _reader(call: Call) -> Reader:
    return Reader(call.user_id, call.now, call.root)
