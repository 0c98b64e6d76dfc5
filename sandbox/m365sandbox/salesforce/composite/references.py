"""`@{ref.path}` in a sub-request: a value out of the answer to an earlier one (REST guide, "Composite")."""

import re
from collections.abc import Mapping
from typing import Any

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}", re.ASCII)
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]", re.ASCII)


class UnknownReferenceError(Exception):
    """A reference names a sub-request that has not run or failed, or a value that its answer does not have."""


def fill_in(value: Any, bodies: Mapping[str, Any]) -> Any:
    """The value with every reference in its texts replaced; what holds none is handed back itself.

    A text that is a reference as a whole becomes the referenced value, whatever its type.
    """
    if isinstance(value, str):
        return _fill_text(value, bodies) if "@{" in value else value
    if isinstance(value, list):
        return [fill_in(item, bodies) for item in value]
    if isinstance(value, dict):
        return {key: fill_in(item, bodies) for key, item in value.items()}
    return value


def _fill_text(text: str, bodies: Mapping[str, Any]) -> Any:
    whole = _REFERENCE.fullmatch(text)
    if whole is not None:
        return _value_of(whole, bodies)
    return _REFERENCE.sub(lambda match: str(_value_of(match, bodies)), text)


def _value_of(match: re.Match[str], bodies: Mapping[str, Any]) -> Any:
    name, path = match[1], match[2]
    current = bodies.get(name)
    for key, index in _STEP.findall(path):
        current = _step(current, key, index)
    if current is None:
        raise UnknownReferenceError(f"Invalid reference specified. No value for {name}{path} found in {name}")
    return current


def _step(current: Any, key: str, index: str) -> Any:
    if index:
        return current[int(index)] if isinstance(current, list) and int(index) < len(current) else None
    return current.get(key) if isinstance(current, dict) else None
