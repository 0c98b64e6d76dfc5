"""Whether one value fits one field: a checker per field, made once and called for every row.

Lengths count UTF-16 units. Rich text counts what it is once `& < > " '` are encoded (Salesforce help 000382141).
"""

import re
from collections.abc import Callable
from typing import Any

from m365sandbox.salesforce.data import ids
from m365sandbox.salesforce.data.schema import Field
from m365sandbox.salesforce.data.storage import EncodeError, encode
from m365sandbox.salesforce.errors import RowError

#: Gives the value as the column holds it; raises ValueRefusedError.
Checker = Callable[[Any], Any]

#: The code of a row whose value is of a JSON type that the field cannot be read from.
WRONG_TYPE = "INVALID_TYPE_ON_FIELD_IN_RECORD"

#: How much longer each character is once it is an entity.
_ENTITY_GROWTH = (("&", 4), ("<", 3), (">", 3), ('"', 5), ("'", 4))

# The platform takes what its documentation calls RFC-compliant addresses in ASCII with a dotted domain.
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])",
    re.ASCII,
)

_TRIMMED = frozenset({"string", "email", "phone", "url", "combobox", "encryptedstring"})
_JSON_WORDS = {int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", str: "VALUE_STRING"}
_JSON_CONSTANTS = {None: "null", True: "true", False: "false"}


class ValueRefusedError(Exception):
    """The value does not fit."""

    def __init__(self, error: RowError) -> None:
        super().__init__(error.message)
        self.error = error


def checker(field: Field) -> Checker:
    """The checker of a field."""
    if field.type in ("picklist", "multipicklist"):
        return _picklist_checker(field)
    if field.is_id:
        return _id_checker(field)
    if field.is_text:
        return _text_checker(field)
    if field.is_number:
        return _number_checker(field)
    return _plain_checker(field)


def utf16_length(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _refuse(field: Field, code: str, message: str) -> ValueRefusedError:
    return ValueRefusedError(RowError(code, f"{field.label}: {message}", (field.name,)))


def _unparsable(field: Field, value: Any) -> ValueRefusedError:
    message = (
        f"Cannot deserialize instance of {field.type} from {_as_json_token(value)} "
        "or request may be missing a required field"
    )
    return ValueRefusedError(RowError(WRONG_TYPE, message, (field.name,)))


def _as_json_token(value: Any) -> str:
    """A value as the platform's JSON reader names what it met."""
    if isinstance(value, list | dict):
        return f"START_{'ARRAY' if isinstance(value, list) else 'OBJECT'} value"
    if value is None or isinstance(value, bool):
        shown = _JSON_CONSTANTS[value]
        return f"VALUE_{shown.upper()} value {shown}"
    return f"{_JSON_WORDS[type(value)]} value {value}"


def _clean(text: str) -> str:
    """Text as the database takes it: half a surrogate pair becomes a question mark, NUL goes."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _text_checker(field: Field) -> Checker:
    trims, limit = field.type in _TRIMMED, field.length
    is_email = field.type == "email"

    def check(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, str):
            raise _unparsable(field, value)
        text = _clean(value.strip() if trims else value)
        if limit and _counted(text, field.html, limit) > limit:
            shown = text if len(text) <= 255 else f"{text[:255]}..."
            raise _refuse(field, "STRING_TOO_LONG", f"data value too large: {shown} (max length={limit})")
        if is_email and text and _EMAIL.fullmatch(text) is None:
            raise _refuse(field, "INVALID_EMAIL_ADDRESS", f"invalid email address: {text}")
        # addresses are kept in lower case (recorded on real orgs)
        return (text.lower() if is_email else text) or None

    return check


def _counted(text: str, html: bool, limit: int) -> int:
    length = utf16_length(text)
    # What fits with every character encoded needs no count.
    if html and length * 6 > limit:
        length += sum(growth * text.count(char) for char, growth in _ENTITY_GROWTH)
    return length


def _picklist_checker(field: Field) -> Checker:
    allowed = {item.value for item in field.picklist if item.active}
    multiple = field.type == "multipicklist"

    def check(value: Any) -> Any:
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise _unparsable(field, value)
        text = _clean(value)
        for part in text.split(";") if multiple else [text]:
            if field.restricted and part not in allowed:
                message = f"bad value for restricted picklist field: {part}"
                raise _refuse(field, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message)
            if utf16_length(part) > 255:
                raise _refuse(field, "STRING_TOO_LONG", f"data value too large: {part[:255]}... (max length=255)")
        return text

    return check


def _id_checker(field: Field) -> Checker:
    def check(value: Any) -> Any:
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise _unparsable(field, value)
        record_id = ids.normalise(value)
        if record_id is None:
            raise _refuse(field, "MALFORMED_ID", f"id value of incorrect type: {value[:255]}")
        return record_id

    return check


def id_list_checker(field: Field) -> Checker:
    """For a JunctionIdList (Task.TaskWhoIds): a list of ids."""
    check_one = _id_checker(field)

    def check(value: Any) -> Any:
        if value is None:
            return []
        if not isinstance(value, list):
            raise _unparsable(field, value)
        return [check_one(item) for item in value if item]

    return check


def _number_checker(field: Field) -> Checker:
    digits = field.precision - field.scale
    bound = 10**digits if field.precision else (2**31 if field.type == "int" else None)

    def check(value: Any) -> Any:
        number = _encoded(field, value)
        if number is not None and bound is not None and abs(number) >= bound:
            raise _refuse(
                field, "NUMBER_OUTSIDE_VALID_RANGE", f"value outside of valid range on numeric field: {value}"
            )
        return number

    return check


def _plain_checker(field: Field) -> Checker:
    def check(value: Any) -> Any:
        if value is None and field.type == "boolean":
            raise _unparsable(field, value)
        return _encoded(field, value)

    return check


def _encoded(field: Field, value: Any) -> Any:
    try:
        return encode(field, value)
    except (EncodeError, TypeError):
        raise _unparsable(field, value) from None
