"""The recycle bin: what goes in, what comes back, what is gone; and the SOAP partner API that opens it."""

import re
from xml.etree import ElementTree as ET

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox
from m365sandbox.wire import Request, Response

from tests.support.salesforce_org import BASE_URL, Client, admin, integration, new_org, new_user

PATH = "/services/Soap/u/64.0"
NAMESPACE = "urn:partner.soap.sforce.com"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


def envelope(content: str, session: str, more: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?><s:Envelope xmlns:s="{ENVELOPE}" xmlns:p="{NAMESPACE}"><s:Header>'
        f"<p:SessionHeader><p:sessionId>{session}</p:sessionId></p:SessionHeader>{more}</s:Header>"
        f"<s:Body>{content}</s:Body></s:Envelope>"
    ).encode()


def post(client: Client, body: bytes, path: str = PATH, method: str = "POST") -> Response:
    headers = {"content-type": "text/xml; charset=utf-8", "soapaction": '""'}
    return client.org.handle(Request(method, path, path, (), headers, body, BASE_URL))


def soap(client: Client, operation: str, *ids: str, more: str = "", path: str = PATH) -> Response:
    listed = "".join(f"<p:ids>{item}</p:ids>" for item in ids)
    return post(client, envelope(f"<p:{operation}>{listed}</p:{operation}>", client.token, more), path)


def parsed(response: Response) -> ET.Element:
    assert isinstance(response.body, bytes)
    return ET.fromstring(response.body)  # noqa: S314 - our own answer


def results(response: Response, operation: str) -> list[tuple[str | None, str]]:
    """The id and the statusCode (`ok` where it was done) of each result."""
    assert response.status == 200, response.body
    found = parsed(response).iterfind(f".//{{{NAMESPACE}}}{operation}Response/{{{NAMESPACE}}}result")
    return [(item.findtext(f"{{{NAMESPACE}}}id") or None, _code(item)) for item in found]


def _code(item: ET.Element) -> str:
    if item.findtext(f"{{{NAMESPACE}}}success") == "true":
        return "ok"
    return str(item.findtext(f"{{{NAMESPACE}}}errors/{{{NAMESPACE}}}statusCode"))


def undelete(client: Client, *ids: str, more: str = "") -> list[str]:
    return [code for _, code in results(soap(client, "undelete", *ids, more=more), "undelete")]


def purge(client: Client, *ids: str) -> list[str]:
    return [code for _, code in results(soap(client, "emptyRecycleBin", *ids), "emptyRecycleBin")]


def fault(response: Response) -> tuple[str, str]:
    assert response.status == 500
    element = parsed(response).find(f".//{{{ENVELOPE}}}Fault")
    assert element is not None
    return str(element.findtext("faultcode")), str(element.findtext("faultstring"))


def delete(client: Client, name: str, record_id: str) -> None:
    assert client.send("DELETE", f"sobjects/{name}/{record_id}").status == 204


def every(client: Client, soql: str) -> list[dict[str, object]]:
    answer = client.send("GET", "queryAll", q=soql)
    return [{key: value for key, value in item.items() if key != "attributes"} for item in answer.body["records"]]


def ids_of(client: Client, name: str) -> set[str]:
    return {item["Id"] for item in client.query(f"SELECT Id FROM {name}")}


class Mail:
    """A mail with two participants, a task and an error row that point at it."""

    def __init__(self, client: Client, key: str = "k") -> None:
        self.email = client.made("Email__c", Message_Key__c=key, Subject__c="x")
        self.first, self.second = (
            client.made("Email_Participant__c", Participant_Key__c=f"{key}:{n}", Email__c=self.email) for n in "12"
        )
        self.task = client.made("Task", Subject="x", Task_Key__c=key, Email__c=self.email)


def test_a_deleted_row_stays_for_queryall_with_its_details(client: Client) -> None:
    mail = Mail(client)
    delete(client, "Email__c", mail.email)
    assert ids_of(client, "Email__c") == ids_of(client, "Email_Participant__c") == set()
    assert every(client, "SELECT Id, IsDeleted FROM Email__c") == [{"Id": mail.email, "IsDeleted": True}]
    details = every(client, "SELECT Id FROM Email_Participant__c WHERE IsDeleted = true")
    assert {item["Id"] for item in details} == {mail.first, mail.second}
    assert client.row("Task", mail.task, "Email__c") == {"Email__c": None}


def test_a_deleted_row_says_who_deleted_it(org: SalesforceSandbox, client: Client) -> None:
    mail = Mail(admin(org))
    who = "SELECT LastModifiedById FROM Email__c"
    [maker] = every(client, who)
    delete(client, "Email__c", mail.email)
    [deleter] = every(client, f"{who} WHERE IsDeleted = true")
    assert deleter != maker


def test_undelete_brings_back_details_and_lookups(client: Client) -> None:
    mail, other = Mail(client), Mail(client, "other")
    delete(client, "Email__c", mail.email)
    delete(client, "Email__c", other.email)
    assert undelete(client, mail.email) == ["ok"]
    assert ids_of(client, "Email__c") == {mail.email}
    assert ids_of(client, "Email_Participant__c") == {mail.first, mail.second}
    assert client.row("Task", mail.task, "Email__c")["Email__c"] == mail.email
    assert client.row("Email__c", mail.email, "IsDeleted,Subject__c") == {"IsDeleted": False, "Subject__c": "x"}
    assert undelete(client, mail.email) == ["UNDELETE_FAILED"]


def test_a_lookup_that_was_replaced_meanwhile_is_kept(client: Client) -> None:
    mail, other = Mail(client), Mail(client, "other")
    delete(client, "Email__c", mail.email)
    assert client.change("Task", mail.task, Email__c=other.email).status == 204
    assert undelete(client, mail.email) == ["ok"]
    assert client.row("Task", mail.task, "Email__c")["Email__c"] == other.email


def test_a_lookup_whose_target_went_meanwhile_comes_back_empty(client: Client) -> None:
    mailbox = client.made("MS_Graph_User__c", Name="Box")
    email = client.made("Email__c", Mailbox__c=mailbox)
    delete(client, "Email__c", email)
    delete(client, "MS_Graph_User__c", mailbox)
    assert undelete(client, email) == ["ok"]
    assert client.row("Email__c", email, "Mailbox__c") == {"Mailbox__c": None}


def test_what_went_with_another_record_is_not_in_the_bin_itself(client: Client) -> None:
    mail = Mail(client)
    delete(client, "Email__c", mail.email)
    assert undelete(client, mail.first) == ["UNDELETE_FAILED"]
    assert purge(client, mail.first) != ["ok"]
    assert undelete(client, mail.email) == ["ok"]


def test_a_detail_deleted_before_its_master_does_not_come_back_with_it(client: Client) -> None:
    mail = Mail(client)
    delete(client, "Email_Participant__c", mail.first)
    delete(client, "Email__c", mail.email)
    assert undelete(client, mail.first) == ["UNDELETE_FAILED"]
    assert undelete(client, mail.email) == ["ok"]
    assert ids_of(client, "Email_Participant__c") == {mail.second}


def test_a_detail_deleted_alone_comes_back_alone(client: Client) -> None:
    mail = Mail(client)
    delete(client, "Email_Participant__c", mail.first)
    assert undelete(client, mail.first) == ["ok"]
    assert ids_of(client, "Email_Participant__c") == {mail.first, mail.second}


def test_a_unique_value_taken_meanwhile_keeps_the_row_in_the_bin(client: Client) -> None:
    mail = Mail(client)
    delete(client, "Email__c", mail.email)
    newer = client.made("Email__c", Message_Key__c="k")
    answer = soap(client, "undelete", mail.email)
    assert results(answer, "undelete") == [(mail.email, "DUPLICATE_VALUE")]
    assert isinstance(answer.body, bytes)
    assert newer[:15] in answer.body.decode()
    assert ids_of(client, "Email__c") == {newer}
    assert ids_of(client, "Email_Participant__c") == set()


def test_purged_rows_are_gone_with_their_details(client: Client) -> None:
    mail, other = Mail(client), Mail(client, "other")
    delete(client, "Email_Participant__c", mail.first)
    delete(client, "Email__c", mail.email)
    assert purge(client, mail.email, other.email)[0] == "ok"
    assert every(client, "SELECT Id FROM Email__c") == [{"Id": other.email}]
    assert {item["Id"] for item in every(client, "SELECT Id FROM Email_Participant__c")} == {other.first, other.second}
    assert undelete(client, mail.email) == ["UNDELETE_FAILED"]
    assert client.send("GET", f"sobjects/Email__c/{mail.email}").code == "NOT_FOUND"


def test_a_live_row_is_neither_brought_back_nor_purged(client: Client) -> None:
    email = client.made("Email__c", Subject__c="x")
    assert undelete(client, email) == ["UNDELETE_FAILED"]
    assert purge(client, email) != ["ok"]
    assert ids_of(client, "Email__c") == {email}


def test_each_id_has_its_own_result(client: Client, org: SalesforceSandbox) -> None:
    email = client.made("Email__c", Subject__c="x")
    delete(client, "Email__c", email)
    unknown = email[:12] + "zzz"
    answer = soap(client, "undelete", "nonsense", org.admin.user_id, unknown, email[:15])
    found = results(answer, "undelete")
    assert [code for _, code in found] == [
        "MALFORMED_ID",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "UNDELETE_FAILED",
        "ok",
    ]
    assert found[0][0] is None
    assert found[3][0] == email


def test_all_or_none_undoes_the_good_ones(client: Client) -> None:
    email = client.made("Email__c", Subject__c="x")
    delete(client, "Email__c", email)
    header = "<p:AllOrNoneHeader><p:allOrNone>true</p:allOrNone></p:AllOrNoneHeader>"
    assert undelete(client, email, "nonsense", more=header) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "MALFORMED_ID"]
    assert ids_of(client, "Email__c") == set()


def test_only_who_may_delete_brings_back(client: Client, org: SalesforceSandbox) -> None:
    user_id, adviser = new_user(org, "Adviser", "Microsoft_365_Sync_User")
    email = client.made("Email__c", Subject__c="x", OwnerId=user_id)
    delete(client, "Email__c", email)
    assert undelete(adviser, email) == ["INSUFFICIENT_ACCESS_OR_READONLY"]
    assert purge(adviser, email) == ["INSUFFICIENT_ACCESS_OR_READONLY"]
    _, stranger = new_user(org, "Stranger")
    assert undelete(stranger, email) == ["INVALID_CROSS_REFERENCE_KEY"]
    assert undelete(client, email) == ["ok"]


def test_private_rows_of_others_are_out_of_reach(org: SalesforceSandbox) -> None:
    boss = admin(org)
    account = boss.made("Account", Name="Lee Household")
    delete(boss, "Account", account)
    _, plain = new_user(org, "Plain")
    assert undelete(plain, account) == ["INSUFFICIENT_ACCESS_OR_READONLY"]
    assert undelete(boss, account) == ["ok"]


def test_a_call_counts_and_says_so(client: Client) -> None:
    before = client.send("GET", "limits").body["DailyApiRequests"]["Remaining"]
    body = soap(client, "undelete").body
    assert isinstance(body, bytes)
    assert re.search(rb"<current>\d+</current><limit>\d+</limit><type>API REQUESTS</type>", body)
    assert client.send("GET", "limits").body["DailyApiRequests"]["Remaining"] == before - 2


def test_two_hundred_ids_are_the_most(client: Client) -> None:
    ids = ["nonsense"] * 201
    assert fault(soap(client, "undelete", *ids))[0] == "sf:EXCEEDED_ID_LIMIT"
    assert len(undelete(client, *ids[:200])) == 200
    code, text = fault(soap(client, "emptyRecycleBin"))
    assert code == "sf:MISSING_ARGUMENT"
    assert text.endswith("emptyRecycleBin called with a batch of 0 ids to delete; must specify at least 1 id")


@pytest.mark.parametrize("session", ["", "00D000000000001!nonsense"])
def test_a_wrong_session_is_a_fault(client: Client, session: str) -> None:
    answer = post(client, envelope("<p:undelete/>", session))
    code, text = fault(answer)
    assert code == "sf:INVALID_SESSION_ID"
    assert text.startswith("INVALID_SESSION_ID: Invalid Session ID found in SessionHeader")
    assert isinstance(answer.body, bytes)
    assert b"<sf:exceptionCode>INVALID_SESSION_ID</sf:exceptionCode>" in answer.body


@pytest.mark.parametrize("content", ["<p:merge/>", "<undelete/>", "<p:undelete/><p:undelete/>"])
def test_every_other_call_is_refused(client: Client, content: str) -> None:
    assert post(client, envelope(content, client.token)).status == 500


def test_versions_and_verbs(client: Client) -> None:
    assert soap(client, "undelete", path="/services/Soap/u/9.0").status != 200
    assert soap(client, "undelete", path=f"{PATH}/{client.org.org_id}").status == 200
    assert post(client, b"", method="GET").status == 405
    assert soap(client, "undelete", path="/services/Soap/x/64.0").status == 404
