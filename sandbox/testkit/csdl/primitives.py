"""Graph's primitive types as OData writes them in JSON."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:Z|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d:\d\d(?:\.\d{1,12})?")
_DURATION = re.compile(r"-?P(?=.)(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?")
_LONE = re.compile("[\ud800-\udfff]")


def _is_string(value: Any) -> bool:
    return isinstance(value, str) and (value.isascii() or _LONE.search(value) is None)


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and _is_moment_text(value)


@lru_cache(maxsize=4096)
def _is_moment_text(value: str) -> bool:
    if _DATE_TIME.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", value))
    except ValueError:
        return False
    return True


def _is_binary(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _parses(pattern: re.Pattern[str], parse: Callable[[str], Any]) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            return False
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return fits


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


PRIMITIVES: Mapping[str, Callable[[Any], bool]] = {
    "Edm.String": _is_string,
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int32": lambda value: isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31,
    "Edm.Double": _is_number,
    "Edm.Binary": _is_binary,
    "Edm.DateTimeOffset": _is_moment,
    "Edm.Date": _parses(_DATE, date.fromisoformat),
    "Edm.TimeOfDay": _parses(_TIME, lambda text: time.fromisoformat(text[:8])),
    "Edm.Duration": lambda value: isinstance(value, str) and _DURATION.fullmatch(value) is not None,
}
