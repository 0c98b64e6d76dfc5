"""Help and the version come without the verbs' modules; each verb of the table is there."""

import subprocess
import sys

import pytest
import typer

from connector.cli.app import run
from connector.cli.verbs import VERBS

#: what a verb needs, and the start-up of another does not
HEAVY = ("pydantic", "requests", "msal", "simple_salesforce", "structlog", "rich", "yaml", "cryptography")
SCRIPT = """
import sys
from connector.cli.app import run
code = run(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def loaded_by(*arguments: str) -> set[str]:
    """The modules that are imported once the command is done."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, *arguments], check=True, capture_output=True, text=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_import_no_verb(option: str) -> None:
    loaded = loaded_by(option)
    assert loaded.isdisjoint(HEAVY)
    assert {name for name in loaded if name.startswith("connector.cli.")} == {
        "connector.cli.app",
        "connector.cli.options",
        "connector.cli.output",
        "connector.cli.stop",
        "connector.cli.verbs",
    }


def test_a_verb_imports_no_other() -> None:
    loaded = loaded_by("config", "--help")
    assert "connector.cli.config" in loaded
    assert loaded.isdisjoint({"connector.cli.sync", "connector.cli.check", "msal"})


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_of_the_table_can_be_loaded_and_has_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = VERBS[name].load(name)
    assert command.get_short_help_str(120) == VERBS[name].help
    assert run(["--help"]) == 0
    assert f"  {name:<10}{VERBS[name].help}" in capsys.readouterr().out
    if name != "sandbox":  # its help is the sandbox's own
        with pytest.raises(typer.Exit):
            command.make_context(name, ["--help"])


def test_a_verb_that_is_not_there_is_named_with_what_is_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["statsu"]) == 2
    assert "No such command 'statsu'. Did you mean 'status'?" in capsys.readouterr().err
