"""$search: words in mail, and people in the directory."""

from datetime import timedelta

import pytest
from m365sandbox.graph.data.store import has_words
from m365sandbox.graph.delivery.delivery import NewMessage
from testkit.graph_tenant import ADA, START, GraphTenant

LIST = f"/v1.0/users/{ADA}/messages"
EVENTUAL = {"consistencylevel": "eventual"}


def person(name: str, address: str) -> dict:
    return {"emailAddress": {"name": name, "address": address}}


CLEO = person("Cleo Marsh", "cleo@client.example")
MAIL = [
    {
        "subject": "Quarterly review",
        "from": CLEO,
        "body": {"contentType": "html", "content": "<p>The pizza was <b>excellent</b></p>"},
        "attachments": [{"name": "api-catalog.md", "contentBytes": "aGk="}],
        "importance": "high",
    },
    {
        "subject": "Pizza on Friday",
        "ccRecipients": [CLEO],
        "from": person("Dana Swope", "danas@firm.example"),
        "toRecipients": [person("Randi Welch", "randiw@firm.example")],
    },
    {"subject": "Review of your account", "from": person("Noreply", "noreply@bank.example")},
]


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox(displayName="Ada Finch")
    for day, message in enumerate(MAIL):
        made.graph.add_message(ADA, message, START + timedelta(days=day))
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"pizza"', ["Pizza on Friday", "Quarterly review"]),
        ("PIZZA", ["Pizza on Friday", "Quarterly review"]),
        ('"piz"', []),
        ('"piz*"', ["Pizza on Friday", "Quarterly review"]),
        ('"subject:review"', ["Review of your account", "Quarterly review"]),
        ('"subject:review AND from:cleo"', ["Quarterly review"]),
        ('"subject:review NOT from:cleo"', ["Review of your account"]),
        ('"from:noreply OR subject:pizza"', ["Review of your account", "Pizza on Friday"]),
        ('"(from:noreply OR from:dana) subject:friday"', ["Pizza on Friday"]),
        ('"from:cleo@client.example"', ["Quarterly review"]),
        ('"cc:cleo"', ["Pizza on Friday"]),
        ('"to:randiw"', ["Pizza on Friday"]),
        ('"bcc:cleo"', []),
        ('"recipients:cleo"', ["Pizza on Friday"]),
        ('"participants:marsh"', ["Pizza on Friday", "Quarterly review"]),
        ('"body:excellent"', ["Quarterly review"]),
        ('"body:review"', []),
        ('"attachment:api-catalog.md"', ["Quarterly review"]),
        ('"hasAttachments:true"', ["Quarterly review"]),
        ('"importance:high"', ["Quarterly review"]),
        ('"received:03/02/2026"', ["Pizza on Friday"]),
        ('"received>=2026-03-02"', ["Review of your account", "Pizza on Friday"]),
        ('"sent:2026-03-01..2026-03-02"', ["Pizza on Friday", "Quarterly review"]),
        ('"size:1..500000"', ["Quarterly review"]),
        ('"kind:meetings"', []),
        ('"subject:\\"on friday\\""', ["Pizza on Friday"]),
    ],
)
def test_words_in_mail_newest_first(tenant: GraphTenant, query: str, expected: list[str]) -> None:
    found = tenant.value(f"{LIST}?$search={query}&$select=subject")["value"]
    assert [item["subject"] for item in found] == expected


def test_a_search_of_one_folder(tenant: GraphTenant) -> None:
    folder = f"/v1.0/users/{ADA}/mailFolders/archive/messages"
    assert tenant.value(f'{folder}?$search="pizza"')["value"] == []


def test_a_search_is_paged_by_token_and_ends_after_a_thousand(tenant: GraphTenant) -> None:
    tenant.graph.add_messages(NewMessage(ADA, {"subject": "pizza"}, START) for _ in range(1003))
    first = tenant.value(f'{LIST}?$search="pizza"&$top=600&$select=id')
    assert "$skiptoken=" in first["@odata.nextLink"]
    second = tenant.value(first["@odata.nextLink"])
    assert "@odata.nextLink" not in second
    assert len({item["id"] for item in first["value"] + second["value"]}) == 1000


@pytest.mark.parametrize(
    "query", ['"("', '"a)"', '")"', '"a OR"', '"received:soon"', '"size:big"', "", "a:b", '"NOT"', '"a"b"']
)
def test_searches_that_make_no_sense(tenant: GraphTenant, query: str) -> None:
    assert tenant.code(f"{LIST}?$search={query}", 400) == "BadRequest"


@pytest.mark.parametrize(("option", "code"), [("$skip=5", "SearchWithSkip"), ("$count=true", "SearchWithCount")])
def test_a_search_stands_alone(tenant: GraphTenant, option: str, code: str) -> None:
    assert tenant.code(f'{LIST}?$search="pizza"&{option}', 400) == code


@pytest.fixture
def directory() -> GraphTenant:
    made = GraphTenant()
    made.mailbox("oscarward@firm.example", displayName="Oscar Ward")
    made.mailbox("contosoadmin@firm.example", displayName="firmAdmin1", mail=None)
    made.mailbox("wade_client.example#EXT#@firm.example", displayName="Wade O'Hara", userType="Guest")
    return made


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ('$search="displayName:wa"', ["Oscar Ward", "Wade O'Hara"]),
        ('$search="displayName:WARD"', ["Oscar Ward"]),
        ('$search="displayName:ard"', []),
        ('$search="displayName:ward" OR "displayName:ad"', ["Oscar Ward", "firmAdmin1"]),
        ('$search="displayName:wa" AND "mail:oscar"', ["Oscar Ward"]),
        ('$search="displayName:firm" AND ("mail:x" OR "userPrincipalName:contoso")', ["firmAdmin1"]),
        ('$search="displayName:o\'hara wade"', ["Wade O'Hara"]),
        ("$search=\"displayName:wa\"&$filter=userType eq 'Guest'&$count=true", ["Wade O'Hara"]),
        ('$search="displayName:wa"&$orderby=displayName desc&$count=true', ["Wade O'Hara", "Oscar Ward"]),
    ],
)
def test_people_in_the_directory(directory: GraphTenant, options: str, expected: list[str]) -> None:
    found = directory.value(f"/v1.0/users?{options}", headers=EVENTUAL)
    assert [item["displayName"] for item in found["value"]] == expected


def test_a_directory_search_needs_eventual_consistency(directory: GraphTenant) -> None:
    url = '/v1.0/users?$search="displayName:wa"'
    assert directory.code(url, 400) == "Request_UnsupportedQuery"
    assert "@odata.count" not in directory.value(url, headers=EVENTUAL)
    assert directory.value(f"{url}&$count=true", headers=EVENTUAL)["@odata.count"] == 2


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("displayName:wa", "BadRequest"),
        ('"wa"', "BadRequest"),
        ('"displayName:"', "BadRequest"),
        ('"displayName:a" or "displayName:b"', "BadRequest"),
        ('("displayName:a"', "BadRequest"),
        ('"displayName:a" AND', "BadRequest"),
        ('"aboutMe:a"', "Request_UnsupportedQuery"),
        ('"accountEnabled:true"', "Request_UnsupportedQuery"),
    ],
)
def test_directory_searches_that_make_no_sense(directory: GraphTenant, query: str, code: str) -> None:
    assert directory.code(f"/v1.0/users?$search={query}", 400, headers=EVENTUAL) == code


@pytest.mark.parametrize(
    ("text", "sought", "found"),
    [
        # The examples of "Use the $search query parameter".
        ("hello world", "world hello", True),
        ("HelloWorld", "world", True),
        ("helloWORLD", "world", True),
        ("hello.world", "helloworld", True),
        ("hello-world", "helloworld", True),
        ("hello123world", "123", True),
        ("hello123world", "world", True),
        ("hello world", "orld", False),
        ("李四(David Li)", "david)", True),
        ("李四(David Li)", "(李四", True),
        (None, "a", False),
    ],
)
def test_words_begin_where_the_directory_says(text: str | None, sought: str, found: bool) -> None:
    assert has_words(text, sought) is found
