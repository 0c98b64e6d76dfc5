"""The calls of the partner API, each from a message to the results in its answer.

SOAP API guide, "Core Calls": 200 records a call, of ten chunks of one type at most; rows fail one by one unless
AllOrNoneHeader says otherwise.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from m365sandbox.salesforce.call import Call
from m365sandbox.salesforce.data.storage import format_datetime
from m365sandbox.salesforce.data.tables import RollBack, select
from m365sandbox.salesforce.errors import ApiError, RowError
from m365sandbox.salesforce.rest import describe, queries
from m365sandbox.salesforce.rest.records import field_names
from m365sandbox.salesforce.rows import recycle_bin
from m365sandbox.salesforce.rows.named import delete_named, writer
from m365sandbox.salesforce.rows.upsert import upsert_key
from m365sandbox.salesforce.soap import records
from m365sandbox.salesforce.soap.messages import Message, SoapFault, outcomes_written
from m365sandbox.salesforce.soql.cursors import MAX_PAGE, MIN_PAGE
from m365sandbox.salesforce.values.draft import Outcome, rolled_back

MAX_RECORDS = 200
MAX_RETRIEVED = 2_000
MAX_DESCRIBED = 100
MAX_CHUNKS = 10
_Rows = list[dict[str, Any]]
Operation = Callable[[Call, Message], str]


def _check_count(count: int, limit: int = MAX_RECORDS) -> None:
    if count > limit:
        message = f"record limit reached. cannot submit more than {limit} records into this call"
        raise SoapFault("EXCEEDED_ID_LIMIT", message)


def _done(call: Call, message: Message, work: Callable[[], list[Outcome]]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with call.org.unit_of_work():
        outcomes = work()
        if message.flag("AllOrNoneHeader", "allOrNone") and not all(item.success for item in outcomes):
            outcomes = [rolled_back(item) for item in outcomes]
            raise RollBack
    return outcomes


# --- rows


def _chunks(message: Message) -> Iterator[tuple[str, _Rows]]:
    rows = [records.row(item) for item in message.body if item.tag.rpartition("}")[2] == "sObjects"]
    _check_count(len(rows))
    chunks = [(name, [values for _, values in group]) for name, group in groupby(rows, key=lambda item: item[0])]
    if len(chunks) > MAX_CHUNKS:
        text = f"Cannot have more than {MAX_CHUNKS} chunks in a single operation. "
        raise SoapFault("LIMIT_EXCEEDED", f"{text}Please rearrange the data to reduce chunking.")
    yield from chunks


def _write(operation: str, call: Call, message: Message) -> str:
    key = message.one("externalIDFieldName") if operation == "upsert" else ""
    chunks = [(records.object_of(call, name), rows) for name, rows in _chunks(message)]
    cuts = message.flag("AllowFieldTruncationHeader", "allowFieldTruncation")

    def work() -> list[Outcome]:
        outcomes = []
        for sobject, rows in chunks:
            write = writer(operation, upsert_key(call, sobject, key) if key else None)
            outcomes += write(call, sobject, [records.cut(sobject, item) if cuts else item for item in rows])
        return outcomes

    try:
        outcomes = _done(call, message, work)
    except ApiError as refused:
        if refused.status == 404:
            text = f"Field name provided, {key} does not match an External ID for {chunks[0][0].name}"
            raise SoapFault("INVALID_FIELD", text) from None
        raise
    told = [Outcome(item.record_id if item.success else None, item.created, item.errors) for item in outcomes]
    return outcomes_written(told, with_created=operation == "upsert")


def create(call: Call, message: Message) -> str:
    """create()."""
    return _write("insert", call, message)


def update(call: Call, message: Message) -> str:
    """update()."""
    return _write("update", call, message)


def upsert(call: Call, message: Message) -> str:
    """upsert()."""
    return _write("upsert", call, message)


def delete(call: Call, message: Message) -> str:
    """delete()."""
    return outcomes_written(_done(call, message, lambda: _delete_all(call, _ids(message))))


def _ids(message: Message) -> list[str]:
    ids = message.texts("ids")
    _check_count(len(ids))
    return ids


def _delete_all(call: Call, ids: Sequence[str]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for prefix, group in groupby(ids, key=lambda item: item[:3]):
        sobject, given = call.org.schema.of_id(prefix), list(group)
        if sobject is None:
            outcomes += [Outcome(None, False, (RowError("MALFORMED_ID", f"malformed id {item}"),)) for item in given]
        else:
            outcomes += delete_named(call, sobject, [{"Id": item} for item in given])
    return outcomes


def undelete(call: Call, message: Message) -> str:
    """undelete()."""
    ids = _ids(message)
    return outcomes_written(_done(call, message, lambda: recycle_bin.undelete(call, ids)))


def empty_recycle_bin(call: Call, message: Message) -> str:
    """emptyRecycleBin()."""
    ids = _ids(message)
    if not ids:
        text = "emptyRecycleBin called with a batch of 0 ids to delete; must specify at least 1 id"
        raise SoapFault("MISSING_ARGUMENT", text)
    return outcomes_written(_done(call, message, lambda: recycle_bin.purge(call, ids)))


# --- queries


def query(call: Call, message: Message) -> str:
    """query()."""
    return _query(call, message, include_deleted=False)


def query_all(call: Call, message: Message) -> str:
    """queryAll(): with the rows of the recycle bin."""
    return _query(call, message, include_deleted=True)


def _query(call: Call, message: Message, *, include_deleted: bool) -> str:
    page = queries.page_of(call, message.one("queryString"), _page_size(message), include_deleted=include_deleted)
    return f'<result xsi:type="QueryResult">{records.query_result(call, page)}</result>'


def _page_size(message: Message) -> int:
    """SOAP API guide, "QueryOptions": 200 to 2,000, and what lies outside is taken for the nearer end."""
    given = message.header("QueryOptions", "batchSize")
    return min(MAX_PAGE, max(MIN_PAGE, int(given))) if given.isdecimal() else MAX_PAGE


def query_more(call: Call, message: Message) -> str:
    """queryMore()."""
    page = queries.next_page(call, message.one("queryLocator")).body
    return f'<result xsi:type="QueryResult">{records.query_result(call, page)}</result>'


def retrieve(call: Call, message: Message) -> str:
    """retrieve(): null stands for a record that is not there."""
    sobject = records.object_of(call, message.one("sObjectType"))
    ids = message.texts("ids")
    _check_count(len(ids), MAX_RETRIEVED)
    names = list(dict.fromkeys(["Id", *field_names(sobject, message.one("fieldList").split(","))]))
    quoted = ",".join(f"'{item}'" for item in ids if item.isalnum())
    found: dict[str, Any] = {}
    if quoted:
        soql = f"SELECT {', '.join(names)} FROM {sobject.name} WHERE Id IN ({quoted})"
        found = {item["Id"][:15]: item for item in queries.select(call, soql).records}
    rows = [found.get(item[:15]) for item in ids]
    return "".join(
        '<result xsi:nil="true"/>' if item is None else records.record(call, "result", item) for item in rows
    )


# --- what there is


def describe_global(call: Call, _message: Message) -> str:
    """describeGlobal()."""
    return f"<result>{records.described(describe.describe_global(call).body)}</result>"


def describe_sobject(call: Call, message: Message) -> str:
    """describeSObject()."""
    return _described(call, message.one("sObjectType"))


def describe_sobjects(call: Call, message: Message) -> str:
    """describeSObjects(): a hundred at most."""
    names = message.texts("sObjectType")
    _check_count(len(names), MAX_DESCRIBED)
    return "".join(_described(call, name) for name in names)


def _described(call: Call, name: str) -> str:
    sobject = records.object_of(call, name)
    return f"<result>{records.described(describe.describe(call, sobject.name).body)}</result>"


def get_server_timestamp(call: Call, _message: Message) -> str:
    """getServerTimestamp()."""
    return f"<result><timestamp>{format_datetime(call.now)}</timestamp></result>"


def get_user_info(call: Call, _message: Message) -> str:
    """getUserInfo(), in the order of the WSDL."""
    user = call.org.schema.objects["user"]
    names = ("Email", "Name", "Username", "ProfileId", "LanguageLocaleKey", "LocaleSidKey", "TimeZoneSidKey")
    [row] = select(call.org.connection, user, names, "Id", [call.user_id])
    mine = dict(zip(names, row, strict=True))
    [(org_name,)] = select(
        call.org.connection, call.org.schema.objects["organization"], ["Name"], "Id", [call.org.org_id]
    )
    facts = {
        "accessibilityMode": False,
        "chatterExternal": False,
        "currencySymbol": "$",
        "orgAttachmentFileSizeLimit": 5_242_880,
        "orgDefaultCurrencyIsoCode": "USD",
        "orgDefaultCurrencyLocale": "en_US",
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": call.org.state.person_accounts,
        "organizationId": call.org.org_id,
        "organizationMultiCurrency": False,
        "organizationName": org_name,
        "profileId": mine["ProfileId"],
        "roleId": None,
        "sessionSecondsValid": 7_200,
        "userDefaultCurrencyIsoCode": None,
        "userEmail": mine["Email"],
        "userFullName": mine["Name"],
        "userId": call.user_id,
        "userLanguage": mine["LanguageLocaleKey"],
        "userLocale": mine["LocaleSidKey"],
        "userName": mine["Username"],
        "userTimeZone": mine["TimeZoneSidKey"],
        "userType": "Standard",
        "userUiSkin": "Theme3",
    }
    return f"<result>{records.facts(facts)}</result>"


OPERATIONS: dict[str, Operation] = {
    "create": create,
    "delete": delete,
    "describeGlobal": describe_global,
    "describeSObject": describe_sobject,
    "describeSObjects": describe_sobjects,
    "emptyRecycleBin": empty_recycle_bin,
    "getServerTimestamp": get_server_timestamp,
    "getUserInfo": get_user_info,
    "query": query,
    "queryAll": query_all,
    "queryMore": query_more,
    "retrieve": retrieve,
    "undelete": undelete,
    "update": update,
    "upsert": upsert,
}
