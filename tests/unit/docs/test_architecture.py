"""docs/architecture.md names the rooms, walls, ports and files that are there."""

import re
import tomllib

from tests.support.names import CONNECTOR, ROOT, modules, public_classes, quoted_paths

DOCUMENT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def test_the_files_it_names_exist() -> None:
    found = quoted_paths(DOCUMENT)
    assert len(found) > 40
    assert [each for each in found if not (CONNECTOR / each).exists() and not (ROOT / each).exists()] == []


def test_it_shows_every_room_of_the_tree() -> None:
    tree = DOCUMENT.split("```")[1]
    shown = set(re.findall(r"^ +([\w.]+)/? ", tree, re.MULTILINE))
    rooms = {path.name for path in CONNECTOR.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert shown == (rooms - {"__init__.py"}) | {
        path.name for path in (CONNECTOR / "core").iterdir() if path.is_dir()
    } - {"__pycache__"}


def test_its_line_of_rooms_is_the_import_contract() -> None:
    [line] = re.findall(r"^__main__ ► .+$", DOCUMENT, re.MULTILINE)
    [layers] = [each["layers"] for each in CONTRACTS if each.get("containers") == ["connector"]]
    assert line.split(" ► ") == layers


def test_it_names_every_contract_of_the_connector() -> None:
    named = re.findall(
        r"^\|.*\| (.+) \|$", DOCUMENT.split("## Walls")[1].split("## The way of a command")[0], re.MULTILINE
    )
    walls = {name for row in named[1:] for name in row.split(" · ")}
    assert walls == {each["name"] for each in CONTRACTS if "connector" in str(each)}


def test_its_ports_are_those_of_the_module() -> None:
    [tree] = [tree for path, tree in modules() if path.name == "ports.py"]
    rows = re.findall(r"^\| (`.+?) \|", DOCUMENT.split("## Ports")[1].split("## Where is")[0], re.MULTILINE)
    named = {port for row in rows for port in re.findall(r"`(\w+)`", row)}
    assert named == {name for name in public_classes(tree) if not name.endswith("Call")} - {"Download"}
