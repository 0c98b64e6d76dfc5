"""An org would take every file of `sfdc_objects/`, and the rules by which that is known find what it would refuse."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.metadata import checks_files, checks_objects, checks_pages, checks_rights
from tests.unit.metadata.checks_files import Finding
from tests.unit.metadata.platform_rules import KINDS, RULES
from tests.unit.metadata.project import ROOT, Project, load
from tests.unit.metadata.variants import VARIANTS, Variant

_XMLNS = ' xmlns="http://soap.sforce.com/2006/04/metadata"'


def findings(project: Project) -> Iterator[Finding]:
    for module in (checks_files, checks_objects, checks_pages, checks_rights):
        yield from module.check(project)


def test_an_org_takes_every_file() -> None:
    project = load()
    assert {file.kind for file in project.files} <= set(KINDS)
    assert [f"{one.place}: {RULES[one.rule][0]} ({one.what}; {RULES[one.rule][1]})" for one in findings(project)] == []


def test_every_rule_is_broken_by_a_variant() -> None:
    assert {variant.rule for variant in VARIANTS} == set(RULES)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("package") / "sfdc_objects"))


@pytest.fixture
def edited(copy: Path, variant: Variant) -> Iterator[Path]:
    """The copy with that one edit, which is taken back afterwards."""
    path = copy / variant.place
    if variant.old is None:
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(re.sub(r"^<(\w+)", rf"<\1{_XMLNS}", variant.new or ""), encoding="utf-8")
        yield copy
        path.unlink()
        return
    before = path.read_text(encoding="utf-8")
    assert variant.old in before
    if variant.new is None:
        path.unlink()
    else:
        path.write_text(before.replace(variant.old, variant.new, 1), encoding="utf-8")
    yield copy
    path.write_text(before, encoding="utf-8")


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda one: f"{one.rule}-{Path(one.place).name}")
def test_what_an_org_refuses_is_found(edited: Path, variant: Variant) -> None:
    found = {finding.rule for finding in findings(load(edited))}
    assert variant.rule in found
    assert found <= set(RULES)
