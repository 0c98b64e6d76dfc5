"""Each remedy in the code is followed by a test, or named among those that none can follow."""

import ast

from tests.data.remedies import FOLLOWED, NOT_FOLLOWED
from tests.support.names import ROOT, modules


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
        case ast.BinOp(op=ast.Add()):
            return _text(node.left) + _text(node.right)
        case ast.Name():
            return f"<{node.id}>"
        case _:
            return "…"


def printed() -> frozenset[str]:
    """What stands as `remedy=` in the code."""
    calls = (node for _, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.Call))
    return frozenset(_text(word.value) for call in calls for word in call.keywords if word.arg == "remedy")


def test_every_remedy_is_followed_or_named() -> None:
    known = [*FOLLOWED, *(text for texts in NOT_FOLLOWED.values() for text in texts)]
    assert len(known) == len(set(known))
    assert sorted(printed() - set(known)) == [], "follow it in a test, or say in tests/data/remedies.py why none can"
    assert sorted(set(known) - printed() - {""}) == [], "no longer in the code"


def test_the_tests_that_follow_exist() -> None:
    for place in sorted(set(FOLLOWED.values())):
        file, _, name = place.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), place
