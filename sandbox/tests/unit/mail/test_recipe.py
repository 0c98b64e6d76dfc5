"""Content that is made when it is asked for: the same each time, and served as if it had been stored."""

import email
import json
from base64 import b64decode

import pytest
from m365sandbox.graph.delivery.members import RECIPE
from m365sandbox.mail.recipe import BodyRecipe, FileRecipe, Part, body_of, file_of, is_recipe
from testkit.graph_tenant import ADA, GraphTenant

PART = Part(seed=5, language=0, size=12_000, author="Ada <Lovelace>", when="1 March 2026 10:00")
BODY = BodyRecipe(own=PART, quoted=(PART._replace(seed=6, size=900),), has_logo=True)
FILE = FileRecipe(seed=3, size=1_500_001, head=b"%PDF-1.7\n\xff")


def test_the_same_recipe_gives_the_same_content() -> None:
    for recipe in (BODY, BodyRecipe(own=PART, is_newsletter=True)):
        assert is_recipe(recipe.packed())
        assert body_of(recipe.packed()) == recipe.body()
    assert file_of(FILE.packed()) == FILE
    other = BodyRecipe(own=PART._replace(seed=7))
    assert other.body() != BodyRecipe(own=PART).body()


def test_a_body_has_about_the_size_asked_for_and_quotes_what_it_answers() -> None:
    alone = BodyRecipe(own=PART).body()["content"]
    assert 11_000 < len(alone) < 15_000
    assert "Ada &lt;Lovelace&gt;" in alone
    text = BODY.body()["content"]
    assert 900 < len(text) - len(alone) < 2_500
    assert text.count("cid:logo") == 1
    assert BODY.preview().split("\r\n")[0] in text


@pytest.mark.parametrize("length", [1, 7, 64, 100, 10_000])
def test_a_file_is_the_same_in_pieces_of_any_length(length: int) -> None:
    small = FileRecipe(seed=3, size=300, head=FILE.head)
    content = b"".join(small.pieces(length))
    assert content == next(small.pieces(300))
    assert len(content) == 300
    assert content.startswith(FILE.head)
    assert len(set(content)) > 40


def test_a_recipe_is_served_as_if_its_content_were_stored() -> None:
    tenant = GraphTenant()
    tenant.mailbox()
    tenant.may_write()
    file = {"name": "a.pdf", "contentType": "application/pdf", RECIPE: FILE}
    made = tenant.graph.add_message(ADA, {"subject": "Made", RECIPE: BODY, "bodyPreview": "x", "attachments": [file]})
    one = f"/v1.0/users/{ADA}/messages/{made['id']}"
    assert tenant.value(one)["body"] == BODY.body()
    assert tenant.value(f"/v1.0/users/{ADA}/messages?$select=body")["value"][0]["body"] == BODY.body()
    (shown,) = json.loads(b"".join(tenant.ask(f"{one}/attachments").body))["value"]
    content = b"".join(FILE.pieces(FILE.size))
    assert (shown["size"], b64decode(shown["contentBytes"])) == (FILE.size, content)
    raw = tenant.ask(f"{one}/attachments/{shown['id']}/$value").body
    assert b"".join(raw) == content
    mime = tenant.ask(f"{one}/$value").body
    parsed = email.message_from_bytes(mime if isinstance(mime, bytes) else b"".join(mime))
    assert [part.get_payload(decode=True) for part in parsed.walk() if part.get_filename()] == [content]
    words = BODY.preview().split("\r\n")[0].rstrip(".")
    assert len(tenant.value(f'/v1.0/users/{ADA}/messages?$search="{words}"')["value"]) == 1


def test_only_the_sandbox_itself_can_give_a_recipe() -> None:
    tenant = GraphTenant()
    tenant.mailbox()
    for message in ({RECIPE: "text"}, {"attachments": [{"name": "a", RECIPE: [1, 2, ""]}]}):
        with pytest.raises(ValueError, match="recipe"):
            tenant.graph.add_message(ADA, message)
