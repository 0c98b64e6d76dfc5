"""A package that an org would refuse is refused by file, line and column, in the platform's words where known."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import m365sandbox
import pytest
from m365sandbox.salesforce.metadata import MetadataError, deploy, locate
from m365sandbox.salesforce.metadata.package import Package, load, read_file
from m365sandbox.salesforce.metadata.rules import problems, refusals
from m365sandbox.salesforce.metadata.rules.elements import ELEMENTS, VALUES
from m365sandbox.salesforce.metadata.rules.table import KINDS, RULES

from tests.data.metadata_variants import LIST, MAILBOX, RULE, SUBJECT, VARIANTS, Variant

_XMLNS = ' xmlns="http://soap.sforce.com/2006/04/metadata"'
#: How the platform says it: seen in public deploy logs.
SAYS = {
    "xml": r"Error parsing file: mismatched tag: line \d+, column \d+",
    "element": r"Error parsing file: Element \{\S+\}\w+ invalid at this location in type \w+",
    "repeated": r"Error parsing file: Element \w+ is duplicated at this location in type \w+",
    "scattered": r"Error parsing file: Element \w+ is duplicated at this location in type \w+",
    "comment": r'Invalid XML tags or unable to find matching parent xml file for \w+ "\w+"',
    "missing": r"Required field is missing: \w+",
    "value": r"Error parsing file: '\w+' is not a valid value for the (enum '\w+'|type xsd:\w+)",
    "length": r"Value too long for field: \w+ maximum length is:\d+",
    "visible-lines": r"Must specify 'visibleLines' for a CustomField of type \w+",
    "checkbox-default": r"Must specify 'defaultValue' for a CustomField of type Checkbox",
    "unfit": r"Can not specify '\w+' for a CustomField of type \w+",
    "external-id": r"Can not specify 'externalId' for a CustomField of type \w+",
    "unique": r"Can not specify 'unique' for a CustomField of type \w+",
    "lookup-target": r"referenceTo value of '\w+' does not resolve to a valid sObject type",
    "required-lookup": r"Must specify either cascade delete or restrict delete for required lookup foreign key",
    "layout-field": r"(In field: field - no CustomField named \w+\.\w+ found|Duplicate field: \w+)",
    "layout-required": r"(Field:\w+ must be Required|Layout must contain an item for required layout field: \w+)",
    "related-list": r"(Cannot find related list:[\w.]+|Invalid field:[\w.]+ in related list:[\w.]+)",
    "list-column": r"Could not resolve list view column: [\w.]+",
    "app-tab": r"In field: tabs - no CustomTab named \w+ found",
    "rule-field": r"(Field \S+ does not exist\. Check spelling\.|Picklist value: \w+ in picklist: \w+ not found)",
    "user-permission": r"Unknown user permission: \w+",
    "audit-setting": r"Unknown user permission: \w+",
    "dependency": r"Permission \w+ depends on permission\(s\): \w+(, \w+)*",
    "master-read": r"Permission Read \w+ depends on permission\(s\): Read \w+",
}


@pytest.fixture(scope="module")
def whole() -> Package:
    return load(locate())


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(locate(), tmp_path_factory.mktemp("package") / "sfdc_objects"))


@pytest.fixture
def edited(copy: Path, whole: Package, variant: Variant) -> Iterator[Package]:
    """The package with that one edit, which is taken back in its folder afterwards."""
    path = copy / variant.place
    before = None if variant.old is None else path.read_text(encoding="utf-8")
    if before is None:
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(re.sub(r"^<(\w+)", rf"<\1{_XMLNS}", variant.new or ""), encoding="utf-8")
    elif variant.new is None:
        path.unlink()
    else:
        assert variant.old is not None
        assert variant.old in before
        path.write_text(before.replace(variant.old, variant.new, 1), encoding="utf-8")
    yield _with(whole, copy, variant.place)
    if before is None:
        path.unlink()
    else:
        path.write_text(before, encoding="utf-8")


def _with(whole: Package, folder: Path, place: str) -> Package:
    """The whole package with that file as it is in the folder now; the others need not be read again."""
    path = folder / place
    others = [file for file in whole.files if file.place != place]
    if not path.exists():
        return replace(whole, files=tuple(others))
    try:
        now = sorted([*others, read_file(folder, path)], key=lambda file: file.place)
    except ElementTree.ParseError as wrong:
        return replace(whole, files=tuple(others), broken=((place, str(wrong)),))
    return replace(whole, files=tuple(now))


def test_the_package_itself_is_taken() -> None:
    assert refusals(locate(), load(locate())) == []


def test_every_rule_is_broken_by_a_variant() -> None:
    assert {variant.rule for variant in VARIANTS} == set(RULES)
    assert set(SAYS) <= set(RULES)


def test_what_elements_hold_is_known() -> None:
    held = {word.partition(":")[2] for words in ELEMENTS.values() for word in words.split()}
    assert held - {"", "boolean", "number", "unused"} <= set(ELEMENTS) | set(VALUES)
    assert {tag for tag, _ in KINDS.values()} - set(ELEMENTS) == set()


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda one: f"{one.rule}-{Path(one.place).name}")
def test_what_an_org_refuses_is_found(edited: Package, copy: Path, variant: Variant) -> None:
    found = [problem for problem in problems(edited) if problem.rule == variant.rule]
    assert found
    pattern = SAYS.get(variant.rule, ".+")
    assert [problem.text for problem in found if re.fullmatch(pattern, problem.text) is None] == []
    lines = refusals(copy, edited)
    for problem in found:
        start = f"{problem.place}: {problem.text}"
        told = [line.removeprefix(start) for line in lines if line.startswith(start)]
        where = r"" if problem.node is None else r" \(\d+:\d+\)"
        assert any(re.fullmatch(where, end) for end in told), lines


@pytest.mark.parametrize(
    ("place", "old", "new", "tag", "text"),
    [
        (LIST, ">Sent_At__c<", ">Sent__c<", "<columns>Sent__c", "Could not resolve list view column: Sent__c"),
        (
            MAILBOX,
            ">MS_Graph_User__c<",
            ">Box__c<",
            "<referenceTo>",
            "referenceTo value of 'Box__c' does not resolve to a valid sObject type",
        ),
        (
            SUBJECT,
            "<length>255<",
            "<length>many<",
            "<length>",
            "Error parsing file: 'many' is not a valid value for the type xsd:int",
        ),
        (RULE, "Key__c", "Lock__c", "<errorConditionFormula>", "Field Lock__c does not exist. Check spelling."),
    ],
)
def test_a_problem_is_found_at_its_line_and_column(
    tmp_path: Path, place: str, old: str, new: str, tag: str, text: str
) -> None:
    folder = Path(shutil.copytree(locate(), tmp_path / "sfdc_objects"))
    path = folder / place
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    written = path.read_text(encoding="utf-8")
    line = written[: written.index(tag)].count("\n") + 1
    column = written.index(tag) - written.rfind("\n", 0, written.index(tag))
    assert f"{place}: {text} ({line}:{column})" in refusals(folder, load(folder))


@pytest.mark.parametrize(
    ("formula", "missing"),
    [
        ("Subject__c = 'kept'", []),
        ('subject__C = "a \\" Lock__c" /* Lock__c */', []),
        ("AND (NOT ( ISBLANK( Subject__c ) ), TRUE)", []),
        ("Mailbox__r.Name = $User.Username && CreatedBy.Alias = $Profile.Name", []),
        ("ISPICKVAL( Direction__c , 'Inbound')", []),
        ("Lock__c = 'kept' && Key__c", ["Key__c", "Lock__c"]),
        ("$Permission.Nobody", ["$Permission.Nobody"]),
    ],
)
def test_names_in_formulas(tmp_path: Path, formula: str, missing: list[str]) -> None:
    folder = Path(shutil.copytree(locate(), tmp_path / "sfdc_objects"))
    path = folder / "main/default/objects/Email__c/validationRules/Tried.validationRule-meta.xml"
    path.write_text(
        f"<ValidationRule{_XMLNS}><fullName>Tried</fullName><active>false</active><errorConditionFormula>"
        f"{escape(formula)}</errorConditionFormula><errorMessage>No.</errorMessage></ValidationRule>",
        encoding="utf-8",
    )
    assert [one.text for one in problems(load(folder))] == [
        f"Field {n} does not exist. Check spelling." for n in missing
    ]


def test_a_sandbox_does_not_start_with_what_an_org_refuses(tmp_path: Path) -> None:
    """A checkout of its own, since the sandbox finds the package beside itself."""
    code = tmp_path / "checkout" / "sandbox"
    shutil.copytree(
        Path(m365sandbox.__file__).parent, code / "m365sandbox", ignore=shutil.ignore_patterns("__pycache__")
    )
    folder = Path(shutil.copytree(locate(), tmp_path / "checkout" / "sfdc_objects"))
    path = folder / LIST
    path.write_text(path.read_text(encoding="utf-8").replace(">Sent_At__c<", ">Sent__c<", 1), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "m365sandbox", "up", "--dir", str(tmp_path / "world"), "--firm", "none"],
        cwd=code,
        env={**os.environ, "PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first == "error: An org would refuse sfdc_objects:"
    assert second.startswith(f"{LIST}: Could not resolve list view column: Sent__c (")


def test_nothing_of_it_is_deployed_and_all_problems_are_told_at_once(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(locate(), tmp_path / "sfdc_objects"))
    for place, old, new in ((SUBJECT, "<length>255", "<length>256"), (LIST, ">Sent_At__c<", ">Sent__c<")):
        path = folder / place
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(MetadataError) as caught:
        deploy(folder)
    assert len(str(caught.value).splitlines()) == 2
