"""The direction of imports, as written in pyproject.toml."""

from importlinter.cli import lint_imports


def test_imports_point_one_way() -> None:
    assert lint_imports() == 0, "see the broken contracts above"
