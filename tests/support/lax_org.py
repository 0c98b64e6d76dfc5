"""An org whose admin has switched the validation rules off, as Setup allows: what they would refuse can be there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from testkit.serving import copied, serving


@contextmanager
def lax_org(folder: Path) -> Iterator[dict[str, Any]]:
    """The ready line of a sandbox in a process of its own, from a copy of this tree with those rules inactive."""
    package = copied(folder)
    rules = list((folder / "sfdc_objects").rglob("*.validationRule-meta.xml"))
    assert rules
    for file in rules:
        text = file.read_text(encoding="utf-8")
        assert "<active>true</active>" in text, file
        file.write_text(text.replace("<active>true</active>", "<active>false</active>"), encoding="utf-8")
    with serving(folder / "data", "--firm", "none", cwd=package) as line:
        yield line
