"""$filter, $search and $orderby on users: what the directory answers at once, and what only an advanced query may ask.

Graph, "Advanced query capabilities": `ne`, `not`, `endsWith`, $search and most orders need
`ConsistencyLevel: eventual`, and all but $search `$count=true` too. Graph, "Use the $search query parameter": each
clause is `"property:value"` in double quotes; displayName is looked for by its words, any other property by its
beginning.
"""

import re
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.errors import GraphError
from m365sandbox.graph.odata.fields import Condition, Field, Fields
from m365sandbox.graph.odata.filters import plan_filter, plan_order
from m365sandbox.graph.odata.options import Options
from m365sandbox.graph.users.directory import MEMBERS

_TEXTS = [
    "ageGroup",
    "city",
    "companyName",
    "country",
    "department",
    "displayName",
    "employeeId",
    "employeeType",
    "faxNumber",
    "givenName",
    "jobTitle",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "postalCode",
    "preferredLanguage",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
    "userType",
]
#: Members of a user that have structure, and that no directory here has anything to say about.
STRUCTURES = (
    "assignedLicenses",
    "assignedPlans",
    "authorizationInfo",
    "customSecurityAttributes",
    "employeeOrgData",
    "identities",
    "licenseAssignmentStates",
    "onPremisesExtensionAttributes",
    "onPremisesProvisioningErrors",
    "passwordProfile",
    "provisionedPlans",
    "serviceProvisioningErrors",
    "signInActivity",
)
_LISTS = ("businessPhones", "imAddresses", "otherMails", "proxyAddresses")
_OPERATORS = frozenset({"eq", "ne", "not", "ge", "le", "in", "or", "any", "startswith", "endswith", "$count"})
# Advanced queries: these need ConsistencyLevel: eventual and $count=true.
_ADVANCED = {"ne", "not", "endswith", "$count"}
# What can be ordered by without an advanced query.
_ORDERED = ("displayName", "userPrincipalName", "createdDateTime")
_CLAUSE = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(AND|OR)\b|([()]))')


def _fields() -> dict[str, Field]:
    fields = {name: Field(f"json_extract(m.properties,'$.{name}') COLLATE NOCASE") for name in _TEXTS}
    fields["userPrincipalName"] = Field("m.user_principal_name")
    fields["id"] = Field("m.id COLLATE NOCASE")
    fields["accountEnabled"] = Field("json_extract(m.properties,'$.accountEnabled')", "boolean")
    fields["createdDateTime"] = Field("rtrim(json_extract(m.properties,'$.createdDateTime'),'Z')", "time")
    for name in _LISTS:
        fields[name] = Field(f"json_extract(m.properties,'$.{name}')", collection=True)
    return fields


def _unknown(name: str) -> GraphError:
    root = name.partition("/")[0].lower()
    if root in {structure.lower() for structure in STRUCTURES}:
        raise errors.not_emulated(f"$filter by {name} of users")
    if root in {member.lower() for member in MEMBERS}:
        return errors.unsupported_query(
            f"Unsupported or invalid query filter clause specified for property '{name}' of resource 'User'."
        )
    return errors.unknown_in_filter(name, "user")


def _unknown_to_order(name: str) -> GraphError:
    return errors.unknown_property(name, "user") if name not in MEMBERS else _unknown(name)


FIELDS = Fields(_fields(), _unknown, operators=_OPERATORS, unsupported=lambda _: errors.unsupported_query())


def planned(options: Options, *, eventual: bool) -> tuple[Condition, str]:
    """The condition and the ORDER BY that a request asks for. Raises GraphError where it may not ask so."""
    where = plan_filter(options.filter, FIELDS) if options.filter is not None else Condition()
    order = plan_order(options.orderby, FIELDS, _unknown_to_order) if options.orderby is not None else []
    is_advanced = eventual and options.count
    if where.operators & _ADVANCED and not is_advanced:
        raise errors.unsupported_query()
    plain = options.filter is None and options.search is None and all(name in _ORDERED for name, _, _ in order)
    if order and not plain and not is_advanced:
        raise errors.unsupported_query("Sorting not supported for current query.")
    if options.search is not None:
        if not eventual:
            raise errors.unsupported_query(
                "Request with $search query parameter only works through MSGraph with a special request header: "
                "'ConsistencyLevel: eventual'"
            )
        found = _Search(options.search).condition()
        where = Condition(f"({where.sql}) AND ({found.sql})", [*where.values, *found.values], [], where.operators)
    parts = [f"{sql} {direction}" for _, sql, direction in order] or ["m.number"]
    return where, ",".join(parts)


class _Search:
    """Clauses in double quotes, joined by AND, OR and parentheses."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str | None, str | None]] = []
        at = 0
        while text[at:].strip():
            match = _CLAUSE.match(text, at)
            if match is None:
                raise self._refused()
            self._tokens.append((match.group(1), match.group(2) or match.group(3)))
            at = match.end()
        self._values: list[Any] = []

    def condition(self) -> Condition:
        sql = self._either()
        if self._tokens:
            raise self._refused()
        return Condition(sql, self._values)

    def _refused(self) -> GraphError:
        return errors.bad_request(f"Invalid $search clause: Syntax error in '{self._text}'.")

    def _takes(self, word: str) -> bool:
        if self._tokens and self._tokens[0] == (None, word):
            self._tokens.pop(0)
            return True
        return False

    def _either(self) -> str:
        sql = self._both()
        while self._takes("OR"):
            sql = f"({sql} OR {self._both()})"
        return sql

    def _both(self) -> str:
        sql = self._single()
        while self._takes("AND"):
            sql = f"({sql} AND {self._single()})"
        return sql

    def _single(self) -> str:
        if self._takes("("):
            sql = self._either()
            if not self._takes(")"):
                raise self._refused()
            return sql
        if not self._tokens or self._tokens[0][0] is None:
            raise self._refused()
        clause = re.sub(r"\\(.)", r"\1", self._tokens.pop(0)[0] or "")
        name, colon, value = clause.partition(":")
        if not colon or not value.strip():
            raise self._refused()
        return self._clause(name.strip(), value.strip())

    def _clause(self, name: str, value: str) -> str:
        found = FIELDS.fields.get(name)
        if found is None or found.kind != "string":
            raise errors.unsupported_query(
                f"Unsupported or invalid search clause specified for property '{name}' of resource 'User'."
            )
        if name == "displayName":
            self._values.append(value)
            return f"has_words({found.sql}, ?)"
        self._values.append(re.sub(r"([\\%_])", r"\\\1", value) + "%")
        if found.collection:
            return f"EXISTS (SELECT 1 FROM json_each({found.sql}) item WHERE item.value LIKE ? ESCAPE '\\')"
        return f"{found.sql} LIKE ? ESCAPE '\\'"
