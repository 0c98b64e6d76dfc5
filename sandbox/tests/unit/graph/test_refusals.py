"""Changes of a mailbox, which this sandbox refuses, and requests that are too long."""

import pytest
from testkit.graph_tenant import ADA, GraphTenant, content

ROOT = f"/v1.0/users/{ADA}"
ONE = f"{ROOT}/messages/{{message}}"
FOLDER = f"{ROOT}/mailFolders/inbox"


@pytest.fixture
def tenant() -> GraphTenant:
    made = GraphTenant()
    made.mailbox()
    return made


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{ROOT}/messages"),
        ("PATCH", ONE),
        ("DELETE", ONE),
        ("PUT", f"{ONE}/$value"),
        *(
            ("POST", f"{ONE}/{action}")
            for action in ("move", "copy", "permanentDelete", "createReply", "createForward")
        ),
        *(("POST", f"{ONE}/{action}") for action in ("send", "reply", "replyAll", "forward", "attachments")),
        ("POST", f"{ROOT}/sendMail"),
        ("POST", f"{ROOT}/mailFolders"),
        ("POST", f"{FOLDER}/childFolders"),
        ("POST", f"{FOLDER}/messages"),
        ("PATCH", FOLDER),
        ("DELETE", FOLDER),
        *(("POST", f"{FOLDER}/{action}") for action in ("move", "copy", "permanentDelete")),
    ],
)
def test_a_change_is_refused_without_the_right_and_not_emulated_with_it(
    tenant: GraphTenant, method: str, path: str
) -> None:
    (message,) = tenant.fill(1)
    url = path.format(message=message)
    assert tenant.code(url, 403, method=method, body={}) == "ErrorAccessDenied"
    tenant.may_write()
    assert tenant.code(url, 501, method=method, body={}) == "NotImplemented"
    assert tenant.value(f"{FOLDER}/messages")["value"][0]["id"] == message


def test_a_request_has_four_megabytes_at_most(tenant: GraphTenant) -> None:
    most = 4 * 2**20

    def body(length: int) -> bytes:
        return b'{"inputIds":"' + b"a" * (length - 15) + b'"}'

    def told(length: int) -> tuple[int, str]:
        headers = {"content-type": "application/json"}
        refused = tenant.ask(f"{ROOT}/translateExchangeIds", "POST", raw=body(length), headers=headers)
        return refused.status, content(refused)["error"]["code"]

    assert told(most + 1) == (413, "BadRequest")
    assert told(most) == (400, "UnableToDeserializePostBody")
