"""The SOAP partner API as Data Loader speaks it: rows, queries, descriptions, headers and faults."""

import gzip
from xml.etree import ElementTree as ET

import pytest
from m365sandbox.wire import Request, Response

from tests.support.salesforce_org import BASE_URL, Client, admin, new_org, new_user

PATH = "/services/Soap/u/64.0"
NAMESPACE = "urn:partner.soap.sforce.com"
SOBJECT = "urn:sobject.partner.soap.sforce.com"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
P, S = f"{{{NAMESPACE}}}", f"{{{SOBJECT}}}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@pytest.fixture
def client() -> Client:
    return admin(new_org())


def envelope(client: Client, body: str, headers: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?><e:Envelope xmlns:e="{ENVELOPE}" xmlns="{NAMESPACE}" xmlns:s="{SOBJECT}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Header>'
        f"<SessionHeader><sessionId>{client.token}</sessionId></SessionHeader>{headers}</e:Header>"
        f"<e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def sent(client: Client, body: str, headers: str = "") -> Response:
    return client.org.handle(Request("POST", PATH, PATH, (), {}, envelope(client, body, headers), BASE_URL))


def parsed(response: Response) -> ET.Element:
    assert isinstance(response.body, bytes)
    return ET.fromstring(response.body)  # noqa: S314 - our own answer


def results(client: Client, body: str, headers: str = "") -> list[ET.Element]:
    response = sent(client, body, headers)
    assert response.status == 200, response.body
    return list(parsed(response).iterfind(f"{{{ENVELOPE}}}Body/*/{P}result"))


def codes(client: Client, body: str, headers: str = "") -> list[str]:
    return [item.findtext(f"{P}errors/{P}statusCode") or "ok" for item in results(client, body, headers)]


def fault(client: Client, body: str, headers: str = "") -> tuple[str, str, str]:
    """Code, words, and the type of the detail."""
    response = sent(client, body, headers)
    assert response.status == 500, response.body
    found = parsed(response).find(f".//{{{ENVELOPE}}}Fault")
    assert found is not None
    kind = found.find("detail/*")
    return (
        str(found.findtext("faultcode")),
        str(found.findtext("faultstring")),
        "" if kind is None else kind.tag.rpartition("}")[2],
    )


def contact(**values: str) -> str:
    inner = "".join(f"<s:{name}>{value}</s:{name}>" for name, value in values.items())
    return f"<sObjects><s:type>Contact</s:type>{inner}</sObjects>"


def test_rows_are_created_updated_upserted_and_deleted(client: Client) -> None:
    created = results(
        client, f"<create>{contact(LastName='A', Email='a@x.example', HasOptedOutOfEmail='true')}</create>"
    )
    record_id = str(created[0].findtext(f"{P}id"))
    assert created[0].findtext(f"{P}success") == "true"
    assert codes(client, f"<create>{contact(Email='b@x.example')}</create>") == ["REQUIRED_FIELD_MISSING"]
    nulls = (
        f"<sObjects><s:type>Contact</s:type><s:fieldsToNull>Email</s:fieldsToNull><s:Id>{record_id}</s:Id>"
        '<s:LastName xsi:nil="true"/><s:FirstName>F</s:FirstName></sObjects>'
    )
    assert codes(client, f"<update>{nulls}</update>") == ["ok"]
    assert client.row("Contact", record_id, "LastName,FirstName,Email") == {
        "LastName": "A",
        "FirstName": "F",
        "Email": None,
    }
    mail = "<sObjects><s:type>Email__c</s:type><s:Message_Key__c>k</s:Message_Key__c></sObjects>"
    for made in ("true", "false"):
        [told] = results(client, f"<upsert><externalIDFieldName>Message_Key__c</externalIDFieldName>{mail}</upsert>")
        assert (told.findtext(f"{P}created"), told.findtext(f"{P}success")) == (made, "true")
    assert codes(client, f"<delete><ids>{record_id}</ids><ids>nonsense</ids></delete>") == ["ok", "MALFORMED_ID"]
    assert codes(client, f"<undelete><ids>{record_id}</ids></undelete>") == ["ok"]


def test_a_parent_is_named_by_its_external_id(client: Client) -> None:
    email = client.made("Email__c", Message_Key__c="k")
    row = (
        "<sObjects><s:type>Email_Participant__c</s:type><s:Participant_Key__c>p</s:Participant_Key__c>"
        "<s:Email__r><s:type>Email__c</s:type><s:Message_Key__c>k</s:Message_Key__c></s:Email__r></sObjects>"
    )
    assert codes(client, f"<create>{row}</create>") == ["ok"]
    assert client.query("SELECT Email__c FROM Email_Participant__c") == [{"Email__c": email}]


def test_headers_change_what_is_done(client: Client) -> None:
    together = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>"
    two = f"<create>{contact(LastName='A')}{contact(Email='a@x.example')}</create>"
    assert codes(client, two, together) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert client.query("SELECT Id FROM Contact") == []
    long = f"<create>{contact(LastName='A' * 81)}</create>"
    assert codes(client, long) == ["STRING_TOO_LONG"]
    cut = "<AllowFieldTruncationHeader><allowFieldTruncation>true</allowFieldTruncation></AllowFieldTruncationHeader>"
    assert codes(client, long, cut) == ["ok"]
    assert client.query("SELECT LastName FROM Contact") == [{"LastName": "A" * 80}]


def test_headers_that_change_nothing_are_taken(client: Client) -> None:
    headers = (
        "<CallOptions><client>x</client></CallOptions>"
        "<AssignmentRuleHeader><useDefaultRule>false</useDefaultRule></AssignmentRuleHeader>"
        "<DisableFeedTrackingHeader><disableFeedTracking>true</disableFeedTracking></DisableFeedTrackingHeader>"
        "<DuplicateRuleHeader><allowSave>true</allowSave></DuplicateRuleHeader>"
    )
    assert codes(client, f"<create>{contact(LastName='A')}</create>", headers) == ["ok"]


def test_two_hundred_rows_a_call(client: Client) -> None:
    rows = contact(LastName="A") * 200
    assert codes(client, f"<create>{rows}</create>") == ["ok"] * 200
    code, words, _ = fault(client, f"<create>{rows}{contact(LastName='B')}</create>")
    assert (code, words.endswith("cannot submit more than 200 records into this call")) == (
        "sf:EXCEEDED_ID_LIMIT",
        True,
    )


def test_a_query_goes_through_its_pages(client: Client) -> None:
    client.org.seed("Contact", [{"LastName": f"N{number:03}"} for number in range(450)])
    options = "<QueryOptions><batchSize>200</batchSize></QueryOptions>"
    soql = "SELECT Id, LastName, Email, CreatedDate, Owner.Name FROM Contact ORDER BY LastName"
    [page] = results(client, f"<query><queryString>{soql}</queryString></query>", options)
    first = page.find(f"{P}records")
    assert first is not None
    assert [item.tag for item in first][:3] == [f"{S}type", f"{S}Id", f"{S}Id"]
    assert (first.findtext(f"{S}LastName"), first.find(f"{S}Email").get(NIL)) == ("N000", "true")  # type: ignore[union-attr]
    assert str(first.findtext(f"{S}CreatedDate")).endswith(".000Z")
    assert first.findtext(f"{S}Owner/{S}Name") == "System Administrator"
    sizes = [len(page.findall(f"{P}records"))]
    while page.findtext(f"{P}done") == "false":
        [page] = results(
            client, f"<queryMore><queryLocator>{page.findtext(f'{P}queryLocator')}</queryLocator></queryMore>"
        )
        sizes.append(len(page.findall(f"{P}records")))
    assert (sizes, page.findtext(f"{P}size")) == ([200, 200, 50], "450")
    assert (
        fault(client, "<queryMore><queryLocator>01g000000000000-200</queryLocator></queryMore>")[0]
        == "sf:INVALID_QUERY_LOCATOR"
    )


def test_query_all_children_and_counts(client: Client) -> None:
    account = client.made("Account", Name="Firm")
    client.made("Contact", LastName="In", AccountId=account)
    client.send("DELETE", f"sobjects/Contact/{client.made('Contact', LastName='Gone')}")
    for call, size in (("query", "1"), ("queryAll", "2")):
        [found] = results(client, f"<{call}><queryString>SELECT COUNT() FROM Contact</queryString></{call}>")
        assert (found.findtext(f"{P}size"), found.findall(f"{P}records")) == (size, [])
    [found] = results(
        client, "<query><queryString>SELECT Name, (SELECT LastName FROM Contacts) FROM Account</queryString></query>"
    )
    assert found.findtext(f"{P}records/{S}Contacts/{P}records/{S}LastName") == "In"
    [row] = results(
        client,
        f"<retrieve><fieldList>Name</fieldList><sObjectType>Account</sObjectType><ids>{account}</ids></retrieve>",
    )
    assert row.findtext(f"{S}Name") == "Firm"


def test_who_and_what_there_is(client: Client) -> None:
    [info] = results(client, "<getUserInfo/>")
    assert (info.findtext(f"{P}userId"), info.findtext(f"{P}organizationId")) == (
        client.org.admin.user_id,
        client.org.org_id,
    )
    [every] = results(client, "<describeGlobal/>")
    assert "Contact" in {item.findtext(f"{P}name") for item in every.iterfind(f"{P}sobjects")}
    one, two = results(
        client, "<describeSObjects><sObjectType>Contact</sObjectType><sObjectType>Task</sObjectType></describeSObjects>"
    )
    assert (one.findtext(f"{P}name"), two.findtext(f"{P}name")) == ("Contact", "Task")
    names = [item.tag.removeprefix(P) for item in next(one.iterfind(f"{P}fields"))]
    assert names == sorted(names)  # the order of the WSDL, by which clients read
    assert (
        results(client, "<describeSObject><sObjectType>Contact</sObjectType></describeSObject>")[0].findtext(
            f"{P}label"
        )
        == "Contact"
    )


def test_rights_are_those_of_the_caller(client: Client) -> None:
    _, user = new_user(client.org, "Plain")
    assert fault(user, "<describeSObject><sObjectType>Email__c</sObjectType></describeSObject>")[0] == "sf:INVALID_TYPE"
    assert fault(user, "<query><queryString>SELECT Id FROM Email__c</queryString></query>")[0] == "sf:INVALID_TYPE"
    mail = "<sObjects><s:type>Email__c</s:type></sObjects>"
    assert fault(user, f"<create>{mail}</create>")[0] == "sf:INVALID_TYPE"


@pytest.mark.parametrize(
    ("body", "code", "kind"),
    [
        ("<query><queryString>SELECT Nope FROM Contact</queryString></query>", "sf:INVALID_FIELD", "InvalidFieldFault"),
        ("<query><queryString>SELECT FROM Contact</queryString></query>", "sf:MALFORMED_QUERY", "MalformedQueryFault"),
        ("<query><queryString>SELECT Id FROM Nope</queryString></query>", "sf:INVALID_TYPE", "InvalidSObjectFault"),
        ("<create><sObjects><type>Nope</type></sObjects></create>", "sf:INVALID_TYPE", "InvalidSObjectFault"),
        ("<query/>", "soapenv:Client", ""),
        (
            f"<upsert><externalIDFieldName>Phone</externalIDFieldName>{contact(LastName='A')}</upsert>",
            "sf:INVALID_FIELD",
            "InvalidFieldFault",
        ),
        ("<login><username>a</username><password>b</password></login>", "sf:INVALID_OPERATION", "UnexpectedErrorFault"),
        ("<convertLead/>", "soapenv:Client", ""),
    ],
)
def test_faults_are_typed(client: Client, body: str, code: str, kind: str) -> None:
    told, _, detail = fault(client, body)
    assert (told, detail) == (code, kind)


def test_packed_requests_and_answers(client: Client) -> None:
    headers = {"content-encoding": "gzip", "accept-encoding": "gzip"}
    body = gzip.compress(envelope(client, "<describeGlobal/>"))
    answer = client.org.handle(Request("POST", PATH, PATH, (), headers, body, BASE_URL))
    assert answer.headers["Content-Encoding"] == "gzip"
    assert isinstance(answer.body, bytes)
    assert b"describeGlobalResponse" in gzip.decompress(answer.body)
