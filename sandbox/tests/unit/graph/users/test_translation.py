"""translateExchangeIds: every form of an id leads to every other one of the same item."""

from itertools import product
from typing import Any

import pytest
from m365sandbox.graph.users.translation import FORMATS
from testkit.graph_tenant import ADA, START, GraphTenant

URL = f"/v1.0/users/{ADA}/translateExchangeIds"


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox()
    return made


def translate(tenant: GraphTenant, source: str, target: str, *ids: str) -> list[dict[str, Any]]:
    body = {"inputIds": list(ids), "sourceIdType": source, "targetIdType": target}
    return list(tenant.value(URL, method="POST", body=body)["value"])


def test_it_is_as_the_documentation_writes_it(tenant: GraphTenant) -> None:
    made = [tenant.graph.add_message(ADA, {}, START) for _ in range(2)]
    found = translate(tenant, "restId", "restImmutableEntryId", *(item["restId"] for item in made))
    assert found == [{"sourceId": item["restId"], "targetId": item["id"]} for item in made]


def test_every_form_leads_to_every_other(tenant: GraphTenant) -> None:
    made = tenant.graph.add_message(ADA, {}, START)
    forms = {name: translate(tenant, "restId", name, made["restId"])[0]["targetId"] for name in FORMATS}
    # REST and EWS write the same bytes in two alphabets; the ordinary entry id and the immutable one are others.
    assert len(set(forms.values())) >= len(FORMATS) - 1
    assert forms["restId"] == made["restId"]
    assert forms["entryId"][-1] in "012"
    for source, target in product(FORMATS, FORMATS):
        assert translate(tenant, source, target, forms[source])[0]["targetId"] == forms[target]


def test_a_folder_has_one_id(tenant: GraphTenant) -> None:
    inbox = tenant.value(f"/v1.0/users/{ADA}/mailFolders/inbox")["id"]
    entry = translate(tenant, "restId", "entryId", inbox)[0]["targetId"]
    assert translate(tenant, "entryId", "restId", entry)[0]["targetId"] == inbox
    assert translate(tenant, "restId", "restImmutableEntryId", inbox)[0]["targetId"] == inbox


def test_what_cannot_be_translated_says_why(tenant: GraphTenant) -> None:
    made = tenant.graph.add_message(ADA, {}, START)
    move = f"/v1.0/users/{ADA}/messages/{made['id']}/move"
    tenant.may_write().made(move, {"destinationId": "archive"})
    gone, wrong, fine = translate(tenant, "restId", "ewsId", made["restId"], "abc", made["id"])
    assert (gone["targetId"], gone["errorDetails"]["code"]) == (None, "ErrorItemNotFound")
    assert wrong["errorDetails"]["code"] == "ErrorInvalidIdMalformed"
    assert "errorDetails" not in fine
    for form in ("ewsId", "entryId"):
        assert translate(tenant, form, "restId", "%%%")[0]["errorDetails"]["code"] == "ErrorInvalidIdMalformed"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"inputIds": [], "sourceIdType": "restId"}, "UnableToDeserializePostBody"),
        ({"inputIds": "x", "sourceIdType": "restId", "targetIdType": "ewsId"}, "UnableToDeserializePostBody"),
        ({"inputIds": [], "sourceIdType": "postcode", "targetIdType": "ewsId"}, "UnableToDeserializePostBody"),
        ({"inputIds": ["x"] * 1001, "sourceIdType": "restId", "targetIdType": "ewsId"}, "ErrorInvalidRequest"),
        ({"ids": [], "sourceIdType": "restId", "targetIdType": "ewsId"}, "BadRequest"),
    ],
)
def test_what_it_refuses(tenant: GraphTenant, body: dict, code: str) -> None:
    assert tenant.code(URL, 400, method="POST", body=body) == code
