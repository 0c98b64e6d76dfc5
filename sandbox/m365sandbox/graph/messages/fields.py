"""What messages can be filtered and ordered by, and what Outlook refuses of it.

Refusals as people met them: `endswith` (microsoft-graph-docs issue 4331), `in` (docs-contrib issue 523), a lambda on
toRecipients (microsoft-graph-explorer-v4 issue 3957), a path through a collection (python-o365 issue 452).
"""

from m365sandbox.graph import errors
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.models import CONTENT_MEMBERS, DERIVED_MEMBERS, MEMBERS, Folder, Mailbox
from m365sandbox.graph.odata.fields import Condition, Field, Fields
from m365sandbox.graph.odata.filters import plan_filter, plan_order
from m365sandbox.graph.odata.options import Options

_CASTS = {f"{kind.removeprefix('#')}/{name}" for kind, names in DERIVED_MEMBERS.items() for name in names}
SELECTABLE = {*MEMBERS, *CONTENT_MEMBERS, *_CASTS}
_COLLECTIONS = ("toRecipients", "ccRecipients", "bccRecipients", "replyTo")
_EXTENDED = ("singlevalueextendedproperties", "multivalueextendedproperties", "extensions")
_OPERATORS = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "not", "or", "any", "startswith", "contains"})
_ENUMS = {"importance": ("low", "normal", "high"), "inferenceClassification": ("focused", "other")}
_FLAG_STATUS = ("notFlagged", "complete", "flagged")


def _filterable() -> dict[str, Field]:
    fields = {
        name: Field(member.value, member.kind, values=_ENUMS.get(name, ()))
        for name, member in MEMBERS.items()
        if member.value and member.kind != "structure"
    }
    for name in ("subject", "bodyPreview"):
        fields[name] = Field(f"{fields[name].sql} COLLATE NOCASE")
    for name, column in (("from", "from_json"), ("sender", "sender_json")):
        for part in ("address", "name"):
            path = f"json_extract(m.{column},'$.emailAddress.{part}') COLLATE NOCASE"
            fields[f"{name}/emailAddress/{part}"] = Field(path)
    fields["flag/flagStatus"] = Field("json_extract(m.flag_json,'$.flagStatus')", values=_FLAG_STATUS)
    fields["categories"] = Field("m.categories_json", collection=True)
    return fields


def in_folder(mailbox: Mailbox, folder: Folder) -> Condition:
    """The condition on messages that are in a folder."""
    return Condition("m.mailbox=? AND m.folder=?", [mailbox.number, folder.number])


def _unknown(name: str) -> GraphError:
    root, slash, _ = name.partition("/")
    if root.lower() in _EXTENDED:
        return errors.not_emulated(f"$filter on {root}")
    if root in _COLLECTIONS and slash:
        return errors.bad_request("Invalid filter clause")
    if root in SELECTABLE or root == "attachments":
        return errors.invalid_nodes()
    return errors.unknown_in_filter(name, "message")


def _unknown_to_order(name: str) -> GraphError:
    known = name.partition("/")[0].lower() in {member.lower() for member in SELECTABLE}
    return _unknown(name) if known else errors.unknown_to_outlook(name, "message")


FIELDS = Fields(_filterable(), _unknown, operators=_OPERATORS, unsupported=lambda _: errors.invalid_nodes())


def narrow(where: Condition, options: Options) -> str:
    """Apply $filter, and give the ORDER BY. $orderby must repeat $filter's properties first, in their order.

    Where each of these is compared with eq, it may go on with others: so does the sample of Graph's "Use query
    parameters", orderby.
    """
    order = plan_order(options.orderby, FIELDS, _unknown_to_order) if options.orderby is not None else []
    if options.filter is not None:
        condition = plan_filter(options.filter, FIELDS)
        named = list(dict.fromkeys(condition.named))
        wanted = [name for name, _, _ in order]
        goes_on = condition.operators == {"eq"} and wanted[: len(named)] == named
        if wanted and named[: len(wanted)] != wanted and not goes_on:
            raise errors.inefficient_filter()
        where.sql = f"{where.sql} AND {condition.sql}"
        where.values.extend(condition.values)
    parts = [f"{sql} {direction}" for _, sql, direction in order] or ["m.received DESC"]
    last = parts[-1].rpartition(" ")[2]
    return ",".join([*parts, f"m.number {last}"])
