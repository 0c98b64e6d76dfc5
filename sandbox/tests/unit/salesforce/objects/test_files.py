"""Files: a ContentVersion makes its document and the links to it."""

import base64

import pytest
from m365sandbox.salesforce.service import SalesforceSandbox

from tests.support.salesforce_org import Client, integration, new_org, new_user


@pytest.fixture
def org() -> SalesforceSandbox:
    return new_org()


@pytest.fixture
def client(org: SalesforceSandbox) -> Client:
    return integration(org)


def file_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_first_version_makes_the_document_and_its_links(client: Client, org: SalesforceSandbox) -> None:
    email = client.made("Email__c", Subject__c="x")
    version = client.made(
        "ContentVersion", PathOnClient="plan.pdf", VersionData=file_of("hello"), FirstPublishLocationId=email
    )
    row = client.row("ContentVersion", version, "Title,FileExtension,ContentSize,IsLatest,ContentDocumentId,Checksum")
    document = row.pop("ContentDocumentId")
    assert row == {
        "Title": "plan",
        "FileExtension": "pdf",
        "ContentSize": 5,
        "IsLatest": True,
        "Checksum": "5d41402abc4b2a76b9719d911017c592",
    }
    assert client.row("ContentDocument", document, "Title,LatestPublishedVersionId") == {
        "Title": "plan",
        "LatestPublishedVersionId": version,
    }
    soql = f"SELECT LinkedEntityId, ShareType FROM ContentDocumentLink WHERE ContentDocumentId = '{document}'"
    found = {(item["LinkedEntityId"], item["ShareType"]) for item in client.query(soql)}
    assert found == {(email, "V"), (org.integration.user_id, "I")}


def test_a_further_version_becomes_the_latest(client: Client) -> None:
    first = client.made("ContentVersion", PathOnClient="a.txt", VersionData=file_of("1"))
    document = client.row("ContentVersion", first, "ContentDocumentId")["ContentDocumentId"]
    second = client.made("ContentVersion", PathOnClient="a.txt", VersionData=file_of("22"), ContentDocumentId=document)
    assert client.row("ContentVersion", first, "IsLatest")["IsLatest"] is False
    assert client.row("ContentVersion", second, "VersionNumber")["VersionNumber"] == "2"
    shown = client.row("ContentDocument", document, "LatestPublishedVersionId,ContentSize")
    assert shown == {"LatestPublishedVersionId": second, "ContentSize": 2}


def test_a_version_needs_a_path_and_readable_data(client: Client) -> None:
    assert client.create("ContentVersion", VersionData=file_of("x")).code == "REQUIRED_FIELD_MISSING"
    assert client.create("ContentVersion", PathOnClient="a.txt", VersionData="***").code == "JSON_PARSER_ERROR"


def test_files_of_others_are_seen_with_query_all_files_only(client: Client, org: SalesforceSandbox) -> None:
    client.made("ContentVersion", PathOnClient="a.txt", VersionData=file_of("1"))
    _, other = new_user(org, "Ann")
    mine = other.made("ContentVersion", PathOnClient="b.txt", VersionData=file_of("1"))
    assert other.query("SELECT Id FROM ContentVersion") == [{"Id": mine}]
    assert len(client.query("SELECT Id FROM ContentVersion")) == 2


def test_a_file_outlives_the_record_it_was_put_on(client: Client) -> None:
    email = client.made("Email__c", Subject__c="x")
    client.made("ContentVersion", PathOnClient="a.txt", VersionData=file_of("1"), FirstPublishLocationId=email)
    client.send("DELETE", f"sobjects/Email__c/{email}")
    assert len(client.query("SELECT Id FROM ContentDocument")) == 1
    (document,) = client.query("SELECT Id FROM ContentDocument")
    soql = f"SELECT ShareType FROM ContentDocumentLink WHERE ContentDocumentId = '{document['Id']}'"
    assert client.query(soql) == [{"ShareType": "I"}]


def test_the_path_of_a_file_has_no_case(client: Client) -> None:
    """nforce writes it small."""
    version = client.made("ContentVersion", PathOnClient="plan.txt", VersionData=file_of("hello"))
    for path in ("ContentVersion/{}/VersionData", "contentversion/{}/versiondata"):
        answer = client.send("GET", f"sobjects/{path.format(version)}", headers={"accept": "application/octet-stream"})
        assert (answer.status, answer.response.body) == (200, b"hello")
    [held] = client.composite({"method": "GET", "url": f"sobjects/contentversion/{version}/versiondata"})
    assert held["body"][0]["errorCode"] == "INVALID_REQUEST"
