"""The functions and operators whose arguments are plain values: what they take, what they give, how.

A number is None where it is blank, and so is what is made of it. Comparing dates and times compares their texts.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from m365sandbox.salesforce.formula.patterns import compiled
from m365sandbox.salesforce.formula.values import Kind


@dataclass(frozen=True, slots=True)
class Function:
    """`parameters` are the kinds of the arguments; the last one repeats where there may be `most` arguments."""

    parameters: tuple[Kind, ...]
    result: Kind
    run: Callable[..., Any]
    least: int = -1
    most: int = -1

    @property
    def least_arguments(self) -> int:
        """How many arguments there must be."""
        return len(self.parameters) if self.least < 0 else self.least

    @property
    def most_arguments(self) -> int:
        """How many arguments there may be."""
        return max(len(self.parameters), self.most)

    def kind_of_argument(self, place: int) -> Kind:
        """What the argument at that place has to be."""
        return self.parameters[min(place, len(self.parameters) - 1)]


def _with_numbers(run: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numbers that is blank where one of them is."""
    return lambda *numbers: None if None in numbers else run(*numbers)


def _divided(left: float, right: float) -> float | None:
    return left / right if right else None


def _rounded(number: float, digits: float) -> float:
    return float(Decimal(str(number)).quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP))


def _middle(text: str, start: float, length: float) -> str:
    begin = max(int(start), 1) - 1
    return text[begin : begin + max(int(length), 0)]


def _found(wanted: str, text: str, start: float = 1) -> float:
    return text.find(wanted, max(int(start), 1) - 1) + 1.0 if wanted else 0.0


def _is_number(text: str) -> bool:
    try:
        return bool(text.strip()) and math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


def _value(text: str) -> float | None:
    return float(text) if _is_number(text) else None


def _matches(text: str, pattern: str) -> bool:
    return compiled(pattern).fullmatch(text) is not None


#: what TRIM takes off: the space, and all that comes before it
_TRIMMED = "".join(map(chr, range(0x21)))


def _of_numbers(run: Callable[..., Any], count: int, most: int = -1) -> Function:
    number: Kind = "number"
    return Function((number,) * count, "number", _with_numbers(run), most=most)


FUNCTIONS: dict[str, Function] = {
    "AND": Function(("boolean",), "boolean", lambda *items: all(items), most=99),
    "OR": Function(("boolean",), "boolean", lambda *items: any(items), most=99),
    "&&": Function(("boolean", "boolean"), "boolean", lambda *items: all(items)),
    "||": Function(("boolean", "boolean"), "boolean", lambda *items: any(items)),
    "NOT": Function(("boolean",), "boolean", operator.not_),
    "&": Function(("text", "text"), "text", operator.add),
    "-": _of_numbers(operator.sub, 2),
    "*": _of_numbers(operator.mul, 2),
    "/": _of_numbers(_divided, 2),
    "^": _of_numbers(operator.pow, 2),
    "ABS": _of_numbers(abs, 1),
    "CEILING": _of_numbers(lambda number: float(math.ceil(number)), 1),
    "FLOOR": _of_numbers(lambda number: float(math.floor(number)), 1),
    "MAX": _of_numbers(max, 1, 99),
    "MIN": _of_numbers(min, 1, 99),
    "MOD": _of_numbers(lambda left, right: math.fmod(left, right) if right else None, 2),
    "ROUND": _of_numbers(_rounded, 2),
    "BEGINS": Function(("text", "text"), "boolean", str.startswith),
    "CONTAINS": Function(("text", "text"), "boolean", lambda text, part: part in text),
    "FIND": Function(("text", "text", "number"), "number", _found, least=2),
    "ISNUMBER": Function(("text",), "boolean", _is_number),
    "LEFT": Function(("text", "number"), "text", lambda text, count: text[: max(int(count or 0), 0)]),
    "LEN": Function(("text",), "number", lambda text: float(len(text))),
    "LOWER": Function(("text",), "text", str.lower),
    "MID": Function(("text", "number", "number"), "text", _middle),
    "REGEX": Function(("text", "text"), "boolean", _matches),
    "RIGHT": Function(("text", "number"), "text", lambda text, count: text[-int(count) :] if count else ""),
    "SUBSTITUTE": Function(("text", "text", "text"), "text", str.replace),
    # as Java trims: a no-break space is none of these
    "TRIM": Function(("text",), "text", lambda text: text.strip(_TRIMMED)),
    "UPPER": Function(("text",), "text", str.upper),
    "VALUE": Function(("text",), "number", _value),
}


#: Comparisons of order; with a blank side they are false.
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
