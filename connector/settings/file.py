"""The configuration file as plain values: YAML without surprises, and secrets that are references.

Nothing here quotes a value of the file: it may be a secret in the wrong place.
"""

import os
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from connector.errors import UsageError

EXAMPLE = "config/connector.example.yaml"


def read(path: Path) -> dict[str, Any]:
    """The file's mapping. Raises UsageError, with the line, where it is no YAML that can be understood."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(
            "There is no configuration file",
            where=str(path),
            remedy=f"Copy {EXAMPLE} there, or name another one with --config or M365SYNC_CONFIG.",
        ) from None
    except UnicodeDecodeError:
        raise UsageError(
            "The configuration is not text in UTF-8",
            where=str(path),
            remedy="Save it as UTF-8: an editor may call it Encoding.",
        ) from None
    except OSError as error:
        raise UsageError(
            f"The configuration file cannot be read: {error.strerror}",
            where=str(path),
            remedy="Check the path and its permissions.",
        ) from None
    return _parsed(text, path)


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        data = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader, below
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise UsageError(
            f"The configuration is not valid YAML: {error.problem or error.context}",
            where=f"{path}{line}",
            remedy="Correct that line: indent by spaces, not tabs, and put text with a colon in quotes.",
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UsageError(
            "The configuration is not valid YAML",
            where=str(path),
            remedy=f"Compare it with {EXAMPLE}; it may hold control characters or an impossible date.",
        ) from None
    if not isinstance(data, dict):
        raise UsageError(
            "The configuration is empty" if data is None else "The configuration is not a list of keys and values",
            where=str(path),
            remedy=f"Start from {EXAMPLE}.",
        )
    return data


#: Numbers that YAML 1.1 reads as they are written; 12:30 would be 750, 010 would be 8, and 1_000 would be 1000.
_PLAIN_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?", re.ASCII)


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses what YAML would silently take for something else: a key given twice, 12:30 as 750."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """As SafeLoader's, with plain numbers only."""
        is_number = node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
        if is_number and not _PLAIN_NUMBER.fullmatch(str(node.value)):
            raise yaml.constructor.ConstructorError(
                None, None, "a value would be read as another number than it shows", node.start_mark
            )
        return super().construct_object(node, deep=deep)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As SafeLoader's, with text as keys only, each once."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, "a key has to be text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """By what references are resolved: the environment and the folder of the configuration file."""

    environ: Mapping[str, str]
    folder: Path

    def path(self, text: str) -> Path:
        """A path of the configuration: absolute, below the home folder (`~/`), or relative to the file."""
        return self.folder / Path(text).expanduser()


def surroundings(info: ValidationInfo) -> Surroundings:
    """What `load` handed in. Models that hold secrets or paths are validated with it only."""
    if not isinstance(info.context, Surroundings):
        raise TypeError("validate with Surroundings as context")
    return info.context


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A secret and the reference it came from. Printing it shows the reference only."""

    reference: str
    _value: str = field(compare=False)
    _again: Callable[[], str] | None = field(default=None, compare=False)

    def get_secret_value(self) -> str:
        """The secret itself: for the request that needs it, and nowhere else.

        One that stands in a file is read again each time, so that a secret that was replaced is used from the next
        sign-in on; where there is none at the moment, it is what was there before.
        """
        if self._again is None:
            return self._value
        try:
            return self._again()
        except PydanticCustomError:
            return self._value

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    __str__ = __repr__

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            _resolved, serialization=core_schema.plain_serializer_function_ser_schema(lambda secret: secret.reference)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"}


def _resolved(reference: object, info: ValidationInfo) -> Secret:
    if isinstance(reference, Secret):
        return reference
    if not isinstance(reference, str):
        raise _problem("env:NAME or file:PATH is expected")
    around = surroundings(info)
    kind, _, name = reference.partition(":")
    name = name.strip()
    if kind == "env" and name:
        return Secret(reference, _of_environment(name, around.environ))
    if kind == "file" and name:
        return Secret(reference, _of_file(name, around), partial(_of_file, name, around))
    if kind in ("env", "file"):
        raise _problem(f"nothing stands after {kind}: write env:NAME or file:PATH")
    raise _problem(
        "a secret does not stand in this file: put it into the environment or a file, and write "
        "env:NAME or file:PATH here"
    )


def _of_environment(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name)
    if value is None:
        raise _problem(f"the environment variable {name} is not set")
    if not value.strip():
        raise _problem(f"the environment variable {name} is empty")
    return value.strip()


def _of_file(name: str, around: Surroundings) -> str:
    path = around.path(name)
    try:
        value = path.read_text(encoding="utf-8-sig").strip()
    except FileNotFoundError:
        raise _problem(f"there is no file {path}") from None
    except UnicodeDecodeError:
        raise _problem(f"the file {path} is not text") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no valid path"
        shown = os.fspath(path)
        raise _problem(f"the file {shown if shown.isprintable() else repr(shown)} cannot be read: {reason}") from None
    if not value:
        raise _problem(f"the file {path} is empty")
    return value


def _problem(message: str) -> PydanticCustomError:
    # braces would be read as placeholders
    return PydanticCustomError("problem", "{message}", {"message": message})
