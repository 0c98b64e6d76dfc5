"""The configuration: what is understood, what is refused, and that no secret is ever shown."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from connector.errors import UsageError
from connector.settings.model import Settings, json_schema, load, render
from tests.data.bad_configuration import (
    AP,
    FILES,
    GONE,
    HUSH,
    MG,
    SF,
    VALUES,
    Case,
    File,
    environment,
    furnish,
    minimal,
)
from tests.data.bad_configuration import changed as changed_from

CONFIG = Path(__file__).parents[3] / "config"
EXAMPLE = CONFIG / "connector.example.yaml"


@pytest.fixture(scope="session")
def environ() -> dict[str, str]:
    return environment()


@pytest.fixture(scope="session")
def key(environ: dict[str, str]) -> str:
    return environ["SALESFORCE_PRIVATE_KEY"]


def changed(values: dict[str, Any]) -> dict[str, Any]:
    """The least configuration with values set by dotted path."""
    return changed_from(minimal(), values)


def loaded(tmp_path: Path, data: Any, environ: dict[str, str]) -> Settings:
    file = tmp_path / "connector.yaml"
    file.write_text(data if isinstance(data, str) else yaml.safe_dump(data), encoding="utf-8")
    return load(file, environ)


def refused(tmp_path: Path, data: Any, environ: dict[str, str]) -> str:
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, data, environ)
    text = str(caught.value)
    assert "connector.yaml" in text
    assert "\n" not in text
    assert HUSH not in text
    assert "PRIVATE KEY" not in text.replace("(-----BEGIN PRIVATE KEY-----)", "")
    assert caught.value.remedy
    assert caught.value.exit_code == 2
    return text


def test_the_example_loads(environ: dict[str, str]) -> None:
    settings = load(EXAMPLE, environ)
    assert settings.graph_provider.authority == "https://login.microsoftonline.com/firm.onmicrosoft.com"
    secret = settings.graph_provider.consumer_secret
    assert secret is not None
    assert secret.get_secret_value() == HUSH


def test_the_optional_part_of_the_example_holds_the_defaults(tmp_path: Path, environ: dict[str, str]) -> None:
    example, least = load(EXAMPLE, environ), loaded(tmp_path, minimal(), environ)
    for name in ("tls", "http", "sync", "salesforce", "metrics", "logging"):
        assert getattr(example, name) == getattr(least, name), name


def test_the_example_names_every_key() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    keys = {name for part in (json_schema(), *json_schema()["$defs"].values()) for name in part["properties"]}
    missing = {name for name in keys if not re.search(rf"^[ #]*{name}:", text, re.MULTILINE)}
    assert not missing


def test_every_key_of_the_example_is_explained() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    explained = {"auth_provider", "http", "sync", "salesforce", "metrics", "logging", "tls", "port"}
    bare = []
    for number, line in enumerate(lines):
        found = re.match(r" +([A-Za-z_]+):", line)
        above = lines[number - 1].strip()
        commented = above.startswith("#") or "#" in line or above.endswith((":", "authorize"))
        if found and not commented and found[1] not in explained:
            bare.append(found[1])
    assert not bare


def test_the_saved_schema_is_current() -> None:
    saved = json.loads((CONFIG / "schema.json").read_text(encoding="utf-8"))
    assert saved == json_schema(), "write json_schema() to config/schema.json"


def test_rendering_shows_references_and_defaults_and_no_secret(environ: dict[str, str], key: str) -> None:
    settings = load(EXAMPLE, environ)
    text = render(settings)
    assert "env:M365_CLIENT_SECRET" in text
    assert "max_attempts: 5" in text
    for shown in (text, repr(settings), str(settings)):
        assert HUSH not in shown
        assert key[40:80] not in shown


def test_what_is_rendered_loads_again(tmp_path: Path, environ: dict[str, str]) -> None:
    settings = load(EXAMPLE, environ)
    assert loaded(tmp_path, render(settings), environ) == settings


def test_settings_are_frozen(environ: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        load(EXAMPLE, environ).sync.workers = 3


def test_files_are_found_beside_the_configuration(tmp_path: Path, environ: dict[str, str], key: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "jwt.key").write_text(f"{key}\n\n")
    data = changed({f"{SF}.private_key": "file:keys/jwt.key"})
    secret = loaded(tmp_path, data, environ).named_credentials.Salesforce.private_key
    assert secret is not None
    assert secret.get_secret_value() == key.strip()


def test_a_token_file_is_made_absolute_and_need_not_exist(tmp_path: Path, environ: dict[str, str]) -> None:
    data = changed(
        {
            f"{MG}.identity": "named_principal",
            f"{MG}.token_file": "token.bin",
            f"{AP}.consumer_secret": GONE,
            f"{AP}.tenant": "common",
        }
    )
    settings = loaded(tmp_path, data, environ)
    assert settings.named_credentials.MicrosoftGraphAPI.token_file == str(tmp_path / "token.bin")


def test_a_certificate_stands_for_the_secret(tmp_path: Path, environ: dict[str, str]) -> None:
    data = changed(
        {
            f"{AP}.consumer_secret": GONE,
            f"{AP}.certificate": {"private_key": "env:SALESFORCE_PRIVATE_KEY", "thumbprint": "ab" * 20},
        }
    )
    assert loaded(tmp_path, data, environ).graph_provider.certificate is not None


def test_client_credentials_need_neither_user_nor_key(tmp_path: Path, environ: dict[str, str]) -> None:
    data = changed(
        {
            SF: {
                "url": "https://firm.my.salesforce.com",
                "flow": "client_credentials",
                "consumer_key": "app",
                "consumer_secret": "env:M365_CLIENT_SECRET",
            }
        }
    )
    assert loaded(tmp_path, data, environ).named_credentials.Salesforce.flow == "client_credentials"


def test_a_national_cloud_is_two_addresses(tmp_path: Path, environ: dict[str, str]) -> None:
    data = changed(
        {
            f"{AP}.token_endpoint_url": "https://login.microsoftonline.us/{tenant}/oauth2/v2.0/token",
            f"{AP}.authorize_endpoint_url": "https://login.microsoftonline.us/{tenant}/oauth2/v2.0/authorize",
            f"{MG}.url": "https://graph.microsoft.us/",
        }
    )
    settings = loaded(tmp_path, data, environ)
    assert settings.graph_provider.authority == "https://login.microsoftonline.us/firm.example"
    assert settings.graph_provider.authorize_url.startswith("https://login.microsoftonline.us/firm.example/")
    assert settings.named_credentials.MicrosoftGraphAPI.url == "https://graph.microsoft.us"


@pytest.mark.parametrize("case", VALUES, ids=[case.name for case in VALUES])
def test_a_bad_value_is_refused_by_key_and_with_a_remedy(tmp_path: Path, environ: dict[str, str], case: Case) -> None:
    furnish(tmp_path)
    problems = [problem.replace("FOLDER", str(tmp_path)) for problem in case.problems]
    count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, changed(case.values), environ)
    assert caught.value.what == f"The configuration has {count}: {'; '.join(problems)}"
    assert caught.value.where == str(tmp_path / "connector.yaml")
    assert caught.value.remedy == "Every key is explained in config/connector.example.yaml."
    assert HUSH not in str(caught.value)


def test_every_key_has_a_bad_value() -> None:
    tried = {path for case in VALUES for path in case.values}
    known = set(_paths(json_schema(), json_schema()))
    optional = {f"{AP}.authorize_endpoint_url", f"{AP}.default_scopes"}
    assert known - tried - optional <= {f"{AP}.certificate.private_key", f"{AP}.certificate.thumbprint"}


def _paths(part: dict[str, Any], schema: dict[str, Any], above: str = "") -> Iterator[str]:
    """Every key of the schema by dotted path, with the one provider that the tests have."""
    choices = [part, *part.get("anyOf", [])]
    names = [choice["$ref"].rsplit("/", 1)[-1] for choice in choices if "$ref" in choice]
    inner = schema["$defs"][names[0]] if names else part
    below = dict(inner.get("properties", {}))
    if isinstance(inner.get("additionalProperties"), dict):
        below["Microsoft365Sync"] = inner["additionalProperties"]
    for name, each in below.items():
        yield f"{above}{name}"
        yield from _paths(each, schema, f"{above}{name}.")


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = refused(tmp_path, changed({"sync.worker": 1, "http.max_attempts": 0, f"{SF}.username": GONE}), {})
    for part in ("5 problems", "M365_CLIENT_SECRET", "SALESFORCE_PRIVATE_KEY", "sync.worker", "http.max_attempts"):
        assert part in text


@pytest.mark.parametrize("file", FILES, ids=range(len(FILES)))
def test_a_file_that_cannot_be_understood_is_refused_with_its_line(tmp_path: Path, file: File) -> None:
    path = tmp_path / "connector.yaml"
    path.write_bytes(file.content.encode() if isinstance(file.content, str) else file.content)
    with pytest.raises(UsageError) as caught:
        load(path, {})
    assert caught.value.what == file.what
    assert caught.value.where == (f"{path}, line {file.line}" if file.line else str(path))
    assert caught.value.remedy == file.remedy


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_an_editor_on_windows_saves_is_read(
    tmp_path: Path, environ: dict[str, str], newline: str, encoding: str
) -> None:
    path = tmp_path / "connector.yaml"
    path.write_bytes(yaml.safe_dump(minimal()).replace("\n", newline).encode(encoding))
    assert load(path, environ).sync.workers == 32


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "  \n\n"])
def test_the_end_of_a_line_is_no_part_of_a_secret(tmp_path: Path, environ: dict[str, str], end: str) -> None:
    (tmp_path / "secret").write_bytes(f"{HUSH}{end}".encode())
    secret = loaded(tmp_path, changed({f"{AP}.consumer_secret": "file:secret"}), environ).graph_provider.consumer_secret
    assert secret is not None
    assert secret.get_secret_value() == HUSH


def test_a_missing_file_says_where_to_begin(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no configuration file") as caught:
        load(tmp_path / "connector.yaml", {})
    assert "connector.example.yaml" in caught.value.remedy


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path, {})


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths must count from the file, not from where the command is run."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
