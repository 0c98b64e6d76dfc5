"""What an error answer of Salesforce means: one table from the org's code, or the HTTP status, to our error tree.

REST guide, "Status Codes and Error Responses": the body is an array of `{"message", "errorCode", "fields"?}`; a gateway
may answer with a web page instead.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from connector.errors import OrgFaultError, ServiceError, SetupError, SignInError, UnreachableError

DEPLOY = "Deploy sfdc_objects and assign the permission set Microsoft_365_Sync_Integration to the integration user."
ASSIGN = "Assign the permission set Microsoft_365_Sync_Integration to the integration user."
AUDIT = (
    "Deploy the prerequisites of sfdc_objects, and assign the permission set Microsoft_365_Sync_Audit_Fields "
    "to the integration user."
)
_LATER = "Try again later; the next run resumes where this one stopped."


@dataclass(frozen=True, slots=True)
class Meaning:
    """The error to raise for a code, and what to do about it."""

    error: type[ServiceError]
    remedy: str


#: By errorCode. What is not listed is decided by the status.
BY_CODE: Mapping[str, Meaning] = {
    "INVALID_SESSION_ID": Meaning(SignInError, "Check that the integration user is active and may use the API."),
    "INVALID_AUTH_HEADER": Meaning(SignInError, "Check named_credentials.Salesforce."),
    "REQUEST_LIMIT_EXCEEDED": Meaning(
        ServiceError, "The org's API calls of the last 24 hours are used up; runs go on when some are free again."
    ),
    "API_DISABLED_FOR_ORG": Meaning(SetupError, "Use an edition with API access, or have it enabled."),
    "API_CURRENTLY_DISABLED": Meaning(SetupError, ASSIGN),
    "FUNCTIONALITY_NOT_ENABLED": Meaning(SetupError, ASSIGN),
    "INVALID_TYPE": Meaning(SetupError, DEPLOY),
    "INVALID_FIELD": Meaning(SetupError, DEPLOY),
    "INSUFFICIENT_ACCESS": Meaning(SetupError, ASSIGN),
    "INSUFFICIENT_ACCESS_OR_READONLY": Meaning(SetupError, ASSIGN),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Meaning(SetupError, ASSIGN),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Meaning(SetupError, "Look at the trigger or flow that the message names."),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Meaning(SetupError, AUDIT),
    "UNSUPPORTED_API_VERSION": Meaning(SetupError, "Set salesforce.api_version to a version that the org has."),
    "STORAGE_LIMIT_EXCEEDED": Meaning(OrgFaultError, "Free or buy storage; the next run stores what is missing."),
    "LIMIT_EXCEEDED": Meaning(OrgFaultError, "Look at the limit that the message names; the next run goes on."),
    "SERVER_UNAVAILABLE": Meaning(UnreachableError, _LATER),
    "QUERY_TIMEOUT": Meaning(UnreachableError, _LATER),
    "UNKNOWN_EXCEPTION": Meaning(UnreachableError, _LATER),
    "UNABLE_TO_LOCK_ROW": Meaning(UnreachableError, _LATER),
    "INVALID_QUERY_LOCATOR": Meaning(UnreachableError, _LATER),
    "MALFORMED_QUERY": Meaning(ServiceError, "Report this with the log of the run."),
    "JSON_PARSER_ERROR": Meaning(ServiceError, "Report this with the log of the run."),
}
#: What a message quotes: names of objects, fields and relationships, whatever the language around them.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_QUOTED = re.compile(r"'([A-Za-z]\w*)'")
#: How a custom relationship ends.
_RELATION = "__r"
#: An object or field of a managed package: prefix, name, and the ending of custom ones.
_PREFIXED = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*__.+__c")
#: How `asked` begins where an object as such was asked for.
_AN_OBJECT = "the object "
#: Names in one message, at most.
_MOST = 8
#: A query's error begins with the query around the place, an arrow, and "ERROR at Row:1:Column:8" in some language.
_PLACE = re.compile(r"[^\W\d]\w*:\d+:[^\W\d]\w*:\d+\s*")


def error_for(status: int, content: Any, *, asked: str, where: str) -> ServiceError:
    """The error of an answer with an error status. `asked` names what was wanted; `where` the host."""
    code, message = code_and_message(content)
    meaning = BY_CODE.get(code)
    if code == "INVALID_TYPE" and (unseen := _unseen_object(status, content, asked)):
        return _unseen(unseen, where)
    if meaning is not None:
        return meaning.error(_what(code, message, asked), where=where, remedy=meaning.remedy, code=code)
    if status in (404, 410):
        if asked.startswith(_AN_OBJECT):
            return _unseen([asked.removeprefix(_AN_OBJECT)], where)
        return SetupError(
            f"Salesforce does not serve {asked} in this version of its API",
            where=where,
            remedy="Set salesforce.api_version to a version that the org has.",
            code=code or "NOT_FOUND",
        )
    said = f"{code}: {message}" if code else f"HTTP {status}"
    if status >= 500 or status == 429:
        return UnreachableError(f"Salesforce could not answer for {asked} ({said})", where=where, remedy=_LATER)
    return ServiceError(
        f"Salesforce refused the request for {asked} ({said})",
        where=where,
        remedy="Look at the rights of the integration user.",
        code=code or "REFUSED",
    )


def refuse_redirect(answer: requests.Response, *, url: str, where: str) -> None:
    """Raise ServiceError where the org leads elsewhere, as it does once its My Domain was renamed: a token goes to the
    host of the configuration only."""
    if answer.status_code not in _REDIRECTS:
        return
    to = re.match(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?=[/?#]|$)", answer.headers.get("Location", ""))
    host = "another address" if to is None else to[0]
    answer.close()
    raise ServiceError(
        f"Salesforce redirects {url} to {host} (HTTP {answer.status_code}), as after a change of My Domain",
        where=where,
        remedy="If that is the firm's org, write its My Domain address into named_credentials.Salesforce.url.",
        code="MOVED",
    )


def refusal(refused: Sequence[tuple[int, Any, str]], *, where: str) -> ServiceError:
    """The error of several answers as (status, content, asked): one that will pass first, else all missing objects."""
    errors = [error_for(status, content, asked=asked, where=where) for status, content, asked in refused]
    passing = next((error for error in errors if not isinstance(error, SetupError)), None)
    if passing is not None:
        return passing
    unseen = [name for status, content, asked in refused for name in _unseen_object(status, content, asked)]
    return _unseen(unseen, where) if unseen else errors[0]


def listed(names: Iterable[str]) -> str:
    """`A`, `A and B`, `A, B and C`, or the first few `and n more`."""
    known = list(dict.fromkeys(names))
    if len(known) > _MOST:
        known = [*known[:_MOST], f"{len(known) - _MOST} more"]
    return " and ".join(filter(None, (", ".join(known[:-1]), known[-1])))


def _unseen_object(status: int, content: Any, asked: str) -> list[str]:
    """The object that an answer says is not there: the one that it quotes, or that was asked for."""
    code, message = code_and_message(content)
    quoted = _QUOTED.findall(message)
    if code == "INVALID_TYPE" and quoted:
        return [] if quoted[0].endswith(_RELATION) else quoted[:1]
    return [asked.removeprefix(_AN_OBJECT)] if status == 404 and asked.startswith(_AN_OBJECT) else []


def _unseen(objects: Sequence[str], where: str) -> SetupError:
    names = sorted(set(objects))
    noun, verb, them = ("object", "is", "it") if len(names) == 1 else ("objects", "are", "them")
    custom = any(name.endswith("__c") for name in names)
    prefixed = any(_PREFIXED.fullmatch(name) for name in names)
    what = f"The {noun} {listed(names)} {verb} not deployed, or the integration user may not see {them}"
    return SetupError(
        what if custom else f"The integration user may not see the {noun} {listed(names)}",
        where=where,
        remedy=f"Check salesforce.namespace. {DEPLOY}" if prefixed else DEPLOY if custom else ASSIGN,
        code="INVALID_TYPE",
    )


def code_and_message(content: Any) -> tuple[str, str]:
    """The first error of an error array; empty where the body is something else."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, Mapping):
        return "", ""
    message = str(first.get("message") or "")
    return str(first.get("errorCode") or first.get("statusCode") or ""), one_line(message)


def one_line(message: str) -> str:
    """The org's message without the query that it repeats."""
    return " ".join(_PLACE.split(message)[-1].split())


def _what(code: str, message: str, asked: str) -> str:
    quoted = _QUOTED.findall(message) if code in ("INVALID_FIELD", "INVALID_TYPE") else []
    if quoted and quoted[0].endswith(_RELATION):
        return f"The relationship {quoted[0]} is not deployed, or the integration user may not see it"
    if code == "INVALID_FIELD" and quoted:
        of = quoted[1:2] or [asked.removeprefix(_AN_OBJECT)] * asked.startswith(_AN_OBJECT)
        return f"The field {'.'.join((*of, quoted[0]))} is not deployed, or the integration user may not read it"
    return f"Salesforce refused the request for {asked} ({code}: {message})"
