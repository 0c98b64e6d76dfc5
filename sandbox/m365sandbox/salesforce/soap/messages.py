"""Envelopes of the SOAP partner API: what a request says, and how answers and faults are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from m365sandbox.salesforce.org import OrgState
from m365sandbox.salesforce.values.draft import Outcome
from m365sandbox.wire import Response

PARTNER = "urn:partner.soap.sforce.com"
_FAULT = "urn:fault.partner.soap.sforce.com"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


class SoapFault(Exception):  # noqa: N818 - the protocol's own word
    """The whole request is refused. `code` is an ExceptionCode, or begins with `soapenv:`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def response(self) -> Response:
        """The answer: HTTP 500, as SOAP 1.1 asks for."""
        own = not self.code.startswith("soapenv:")
        text = escape(self.message)
        detail = (
            '<detail><sf:UnexpectedErrorFault xsi:type="sf:UnexpectedErrorFault">'
            f"<sf:exceptionCode>{self.code}</sf:exceptionCode><sf:exceptionMessage>{text}</sf:exceptionMessage>"
            "</sf:UnexpectedErrorFault></detail>"
        )
        body = (
            f'{_HEAD}<soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns:sf="{_FAULT}" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault>'
            f"<faultcode>{f'sf:{self.code}' if own else self.code}</faultcode>"
            f"<faultstring>{f'{self.code}: {text}' if own else text}</faultstring>{detail if own else ''}"
            "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
        )
        return Response(500, {"Content-Type": "text/xml;charset=UTF-8"}, body.encode())


@dataclass(frozen=True, slots=True)
class Message:
    """What a request says: who (`session`), what, of which records."""

    session: str
    namespace: str
    operation: str
    ids: tuple[str, ...]
    all_or_none: bool


def read(body: bytes) -> Message:
    """The message in an envelope. Raises SoapFault."""
    if b"<!DOCTYPE" in body:
        raise SoapFault("soapenv:Client", "DOCTYPE is not allowed")
    try:
        envelope = ET.fromstring(body)  # noqa: S314 - without a DOCTYPE there are no entities
    except ET.ParseError as wrong:
        raise SoapFault("soapenv:Client", f"The request could not be parsed: {wrong}") from None
    content = envelope.find(f"{{{_ENVELOPE}}}Body")
    if envelope.tag != f"{{{_ENVELOPE}}}Envelope" or content is None or len(content) != 1:
        raise SoapFault("soapenv:Client", "The message is no SOAP 1.1 envelope with one element in its Body")
    namespace, _, operation = content[0].tag.removeprefix("{").rpartition("}")
    header = envelope.find(f"{{{_ENVELOPE}}}Header")
    flag = _text(header, "AllOrNoneHeader", "allOrNone")
    return Message(
        session=_text(header, "SessionHeader", "sessionId"),
        namespace=namespace,
        operation=operation,
        ids=tuple((item.text or "").strip() for item in content[0] if _local(item) == "ids"),
        all_or_none=flag in ("true", "1"),
    )


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(header: ET.Element | None, name: str, member: str) -> str:
    for element in header if header is not None else ():
        for item in element if _local(element) == name else ():
            if _local(item) == member:
                return (item.text or "").strip()
    return ""


def answer(operation: str, outcomes: Sequence[Outcome], state: OrgState) -> Response:
    """The results in the order of the request, with the org's use of its daily calls."""
    limit = (
        f"<soapenv:Header><LimitInfoHeader><limitInfo><current>{state.daily_api_used}</current>"
        f"<limit>{state.daily_api_requests}</limit><type>API REQUESTS</type></limitInfo></LimitInfoHeader>"
        "</soapenv:Header>"
    )
    results = "".join(_result(item) for item in outcomes)
    body = (
        f'{_HEAD}<soapenv:Envelope xmlns:soapenv="{_ENVELOPE}" xmlns="{PARTNER}" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{limit}<soapenv:Body>'
        f"<{operation}Response>{results}</{operation}Response></soapenv:Body></soapenv:Envelope>"
    )
    return Response(200, {"Content-Type": "text/xml;charset=UTF-8"}, body.encode())


def _result(outcome: Outcome) -> str:
    errors = "".join(
        "<errors>"
        + "".join(f"<fields>{escape(name)}</fields>" for name in error.fields)
        + f"<message>{escape(error.message)}</message><statusCode>{error.code}</statusCode></errors>"
        for error in outcome.errors
    )
    record_id = f"<id>{outcome.record_id}</id>" if outcome.record_id else '<id xsi:nil="true"/>'
    return f"<result>{errors}{record_id}<success>{'true' if outcome.success else 'false'}</success></result>"
