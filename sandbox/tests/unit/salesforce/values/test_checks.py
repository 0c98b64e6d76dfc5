"""Whether one value fits one field, for the kinds of fields that sfdc_objects/ does not have too."""

from typing import Any

import pytest
from m365sandbox.salesforce.data.schema import Field, PicklistValue
from m365sandbox.salesforce.values.checks import ValueRefusedError, checker

COLOURS = tuple(PicklistValue(name, name, active=name != "Grey") for name in ("Red", "Blue", "Grey"))


def field(kind: str, **more: Any) -> Field:
    return Field(name="Field__c", label="My Field", type=kind, **more)


def refused(kind: str, value: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(ValueRefusedError) as caught:
        checker(field(kind, **more))(value)
    assert caught.value.error.fields == ("Field__c",)
    return caught.value.error.code, caught.value.error.message


def test_each_value_of_a_multi_select_is_one_of_its_values() -> None:
    check = checker(field("multipicklist", picklist=COLOURS, restricted=True))
    assert check("Red;Blue") == "Red;Blue"
    assert check("") is None
    code, message = refused("multipicklist", "Red;Green", picklist=COLOURS, restricted=True)
    assert code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert message == "My Field: bad value for restricted picklist field: Green"


def test_an_inactive_value_of_a_restricted_picklist_is_refused() -> None:
    assert (
        refused("picklist", "Grey", picklist=COLOURS, restricted=True)[0] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    )
    assert checker(field("picklist", picklist=COLOURS))("Anything") == "Anything"
    assert refused("picklist", "x" * 256, picklist=COLOURS)[0] == "STRING_TOO_LONG"


@pytest.mark.parametrize(
    ("value", "kept"), [(1.005, 1.01), (1.004, 1.0), ("2.5", 2.5), (-1.005, -1.01), (1e2, 100.0), (None, None)]
)
def test_a_number_is_rounded_to_its_scale(value: Any, kept: float | None) -> None:
    assert checker(field("double", precision=5, scale=2))(value) == kept


@pytest.mark.parametrize("value", [1000, -1000, 999.995])
def test_a_number_has_no_more_whole_digits_than_it_may(value: float) -> None:
    assert refused("double", value, precision=5, scale=2)[0] == "NUMBER_OUTSIDE_VALID_RANGE"


@pytest.mark.parametrize("value", ["x", "1e", True, [1], {"a": 1}, "0x1", "nan"])
def test_what_is_no_number_is_refused(value: Any) -> None:
    assert refused("double", value, precision=5)[0] == "INVALID_TYPE_ON_FIELD_IN_RECORD"


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("date", "2026-02-28", "2026-02-28"),
        ("datetime", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000Z"),
        ("datetime", "2026-03-01T10:00:00.999+0200", "2026-03-01T08:00:00.000Z"),
        ("datetime", "2026-03-01T10:00:00-05:30", "2026-03-01T15:30:00.000Z"),
        ("time", "06:00:00", "06:00:00.000Z"),
        ("time", "06:00:00.5Z", "06:00:00.500Z"),
        ("boolean", True, 1),
        ("boolean", "FALSE", 0),
    ],
)
def test_dates_times_and_checkboxes(kind: str, value: Any, kept: Any) -> None:
    assert checker(field(kind))(value) == kept


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("date", "2026-02-29"),
        ("date", "28.02.2026"),
        ("date", "2026-W09-6"),
        ("date", 20260228),
        ("datetime", "2026-03-01"),
        ("datetime", "2026-03-01T10:00:00"),
        ("datetime", "2026-03-01 10:00:00Z"),
        ("datetime", "1699-12-31T23:59:59Z"),
        ("datetime", 0),
        ("time", "25:00:00"),
        ("time", "6:00"),
        ("boolean", 1),
        ("boolean", "yes"),
        ("boolean", None),
    ],
)
def test_what_is_no_date_time_or_checkbox_is_refused(kind: str, value: Any) -> None:
    code, message = refused(kind, value)
    assert code == "INVALID_TYPE_ON_FIELD_IN_RECORD"
    assert message.startswith(f"Cannot deserialize instance of {kind} from VALUE_")
