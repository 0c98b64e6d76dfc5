"""Answers that are not what they have to be: some value in some place of a good one is of another kind, or missing."""

import copy
from collections.abc import Iterator
from random import Random
from typing import Any

#: of every kind that JSON has, and texts that are no dates, numbers or ids
ODD = (None, True, False, 0, -1, 7.5, 10**400, "", "x", "2026-13-45T99:99:99Z", [], {}, [None], ["x"], {"a": {}})
MISSING = object()
Place = tuple[str | int, ...]


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    """Every place in a value, that of the whole first."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*path, key))


def changed(value: Any, path: Place, new: Any) -> Any:
    """The value with another one in that place, or without it."""
    if not path:
        return {} if new is MISSING else new
    whole = copy.deepcopy(value)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    if new is MISSING:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return whole


def odd(chance: Random, good: Any) -> Any:
    """A good answer with one or two odd values."""
    value = good
    for _ in range(chance.randint(1, 2)):
        value = changed(value, chance.choice([*places(value)]), chance.choice([*ODD, MISSING]))
    return value
