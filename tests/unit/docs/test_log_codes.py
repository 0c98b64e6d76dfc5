"""The `action` of a log line means one thing, and docs/operate.md says what."""

import ast
import re
from collections import defaultdict

from connector.codes import Action
from tests.support.names import ROOT, modules

DOCUMENT = ROOT / "docs" / "operate.md"


def logged() -> dict[str, set[str]]:
    """Each code with the sentences that are logged under it."""
    found: dict[str, set[str]] = defaultdict(set)
    for _, tree in modules():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for word in call.keywords:
                if word.arg == "action" and isinstance(word.value, ast.Attribute):
                    [sentence] = call.args
                    assert isinstance(sentence, ast.Constant), ast.unparse(call)
                    found[Action[word.value.attr]].add(str(sentence.value))
    return found


def test_each_code_means_one_thing_and_is_used() -> None:
    found = logged()
    assert {code: texts for code, texts in found.items() if len(texts) != 1} == {}
    assert sorted(found) == sorted(Action)
    sentences = [text for texts in found.values() for text in texts]
    assert len(sentences) == len(set(sentences))


def test_every_code_is_in_the_table_with_its_sentence() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| ([^|]+?) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    assert {code: rows.get(code) for code in Action} == {code: next(iter(texts)) for code, texts in logged().items()}
