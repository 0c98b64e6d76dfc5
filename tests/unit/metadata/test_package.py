"""An org would take every file of `sfdc_objects/`. The rules by which that is known, and what each of them finds, are
tested in `sandbox/tests/unit/salesforce/metadata/test_rules.py`.
"""

from m365sandbox.salesforce.metadata.rules import problems
from m365sandbox.salesforce.metadata.rules.table import KINDS, RULES

from tests.unit.metadata.project import PROJECT


def test_an_org_takes_every_file() -> None:
    assert {file.kind for file in PROJECT.files} <= set(KINDS)
    found = [f"{one.place}: {one.text} ({RULES[one.rule][0]}; {RULES[one.rule][1]})" for one in problems(PROJECT)]
    assert found == []


def test_keys_secrets_and_certificates_are_not_under_version_control() -> None:
    """Salesforce asks for it (Metadata API guide, ExtlClntAppGlobalOauthSettings); the guide writes the file."""
    assert PROJECT.of("ecaGlblOauth") == []
