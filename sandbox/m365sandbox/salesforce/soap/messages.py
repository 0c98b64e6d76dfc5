"""Envelopes of the SOAP partner API: what a request says, and how answers and faults are written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from m365sandbox.salesforce.org import OrgState
from m365sandbox.salesforce.rest import xml_bodies
from m365sandbox.salesforce.rest.xml_bodies import HEAD, SCHEMA_INSTANCE, escaped, local
from m365sandbox.salesforce.values.draft import Outcome
from m365sandbox.wire import Response

PARTNER = "urn:partner.soap.sforce.com"
_FAULT = "urn:fault.partner.soap.sforce.com"
SOBJECT = "urn:sobject.partner.soap.sforce.com"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
#: SOAP API guide, "API Fault Element": the type of a fault by its code; the first three of them say where.
_QUERY_FAULTS = {
    "INVALID_FIELD": "InvalidFieldFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
    "INVALID_TYPE": "InvalidSObjectFault",
}
_FAULTS = {
    **_QUERY_FAULTS,
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
    "INVALID_ID_FIELD": "InvalidIdFault",
    "LOGIN_MUST_USE_SECURITY_TOKEN": "LoginFault",
}
_PLACE = re.compile(r"ERROR at Row:(\d+):Column:(\d+)")


class SoapFault(Exception):  # noqa: N818 - the protocol's own word
    """The whole request is refused. `code` is an ExceptionCode, or begins with `soapenv:`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def response(self) -> Response:
        """The answer: HTTP 500, as SOAP 1.1 asks for."""
        own = not self.code.startswith("soapenv:")
        text = escaped(self.message)
        kind = _FAULTS.get(self.code, "UnexpectedErrorFault")
        place = ""
        if self.code in _QUERY_FAULTS:
            found = _PLACE.search(self.message)
            row, column = found.groups() if found else ("-1", "-1")
            place = f"<sf:row>{row}</sf:row><sf:column>{column}</sf:column>"
        detail = (
            f'<detail><sf:{kind} xsi:type="sf:{kind}">'
            f"<sf:exceptionCode>{self.code}</sf:exceptionCode><sf:exceptionMessage>{text}</sf:exceptionMessage>{place}"
            f"</sf:{kind}></detail>"
        )
        body = (
            f'{HEAD}<soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns:sf="{_FAULT}" '
            f'xmlns:xsi="{SCHEMA_INSTANCE}"><soapenv:Body><soapenv:Fault>'
            f"<faultcode>{f'sf:{self.code}' if own else self.code}</faultcode>"
            f"<faultstring>{f'{self.code}: {text}' if own else text}</faultstring>{detail if own else ''}"
            "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        )
        return Response(500, {"Content-Type": "text/xml;charset=UTF-8"}, body.encode())


@dataclass(frozen=True, slots=True)
class Message:
    """What a request says: who (`session`), what, in the elements of `body`, and how, in its headers."""

    session: str
    namespace: str
    operation: str
    body: ET.Element
    headers: Mapping[str, Mapping[str, str]]

    def texts(self, name: str) -> list[str]:
        """What stands in the elements of this name."""
        return [xml_bodies.text(item).strip() for item in self.body if local(item) == name]

    def one(self, name: str) -> str:
        """What stands in the only element of this name. SoapFault where it is missing."""
        found = self.texts(name)
        if len(found) != 1 or not found[0]:
            raise SoapFault("soapenv:Client", f"{self.operation}: an element {name} is required")
        return found[0]

    def header(self, name: str, member: str) -> str:
        """A member of a header; empty where it was not sent."""
        return self.headers.get(name, {}).get(member, "")

    def flag(self, name: str, member: str) -> bool:
        """A member of a header that says true or false."""
        return self.header(name, member).lower() in ("true", "1")


def read(body: bytes) -> Message:
    """The message in an envelope. Raises SoapFault."""
    try:
        envelope = xml_bodies.parse(body)
    except ValueError as wrong:
        raise SoapFault("soapenv:Client", f"The request could not be parsed: {wrong}") from None
    content = envelope.find(f"{{{_ENVELOPE}}}Body")
    if envelope.tag != f"{{{_ENVELOPE}}}Envelope" or content is None or len(content) != 1:
        raise SoapFault("soapenv:Client", "The message is no SOAP 1.1 envelope with one element in its Body")
    namespace, _, operation = content[0].tag.removeprefix("{").rpartition("}")
    header = envelope.find(f"{{{_ENVELOPE}}}Header")
    headers = {local(item): xml_bodies.members(item) for item in (header if header is not None else ())}
    session = headers.get("SessionHeader", {}).get("sessionId", "")
    return Message(session, namespace, operation, content[0], headers)


def answer(operation: str, results: str, state: OrgState) -> Response:
    """The results, with the org's use of its daily calls."""
    limit = (
        f"<soapenv:Header><LimitInfoHeader><limitInfo><current>{state.daily_api_used}</current>"
        f"<limit>{state.daily_api_requests}</limit><type>API REQUESTS</type></limitInfo></LimitInfoHeader>"
        "</soapenv:Header>"
    )
    body = (
        f'{HEAD}<soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns="{PARTNER}" xmlns:sf="{SOBJECT}" '
        f'xmlns:xsi="{SCHEMA_INSTANCE}">{limit}<soapenv:Body>'
        f"<{operation}Response>{results}</{operation}Response></soapenv:Body></soapenv:Envelope>"
    )
    return Response(200, {"Content-Type": "text/xml;charset=UTF-8"}, body.encode())


def outcomes_written(outcomes: Sequence[Outcome], *, with_created: bool = False) -> str:
    """A result for each row, in the order of the request; those of an upsert say whether it inserted."""
    return "".join(_result(item, with_created) for item in outcomes)


def _result(outcome: Outcome, with_created: bool) -> str:
    errors = "".join(
        "<errors>"
        + "".join(f"<fields>{escaped(name)}</fields>" for name in error.fields)
        + f"<message>{escaped(error.message)}</message><statusCode>{error.code}</statusCode></errors>"
        for error in outcome.errors
    )
    created = f"<created>{'true' if outcome.created else 'false'}</created>" if with_created else ""
    record_id = f"<id>{outcome.record_id}</id>" if outcome.record_id else '<id xsi:nil="true"/>'
    success = "true" if outcome.success else "false"
    return f"<result>{created}{errors}{record_id}<success>{success}</success></result>"
