"""Record ids: the checksum of 18 characters, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from m365sandbox.salesforce.data import ids

IDS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", min_size=15, max_size=15)


@pytest.mark.parametrize(
    ("short", "full"), [("001R0000006hfeZ", "001R0000006hfeZIAQ"), ("001RM000003oCpr", "001RM000003oCprYAE")]
)
def test_the_suffix_is_that_of_the_documentation(short: str, full: str) -> None:
    assert ids.with_checksum(short) == full


@given(IDS)
def test_both_forms_and_any_case_of_the_long_one_mean_the_same(short: str) -> None:
    full = ids.with_checksum(short)
    assert ids.normalise(short) == ids.normalise(full) == full
    assert ids.normalise(full.lower()) == ids.normalise(full.upper()) == full


@pytest.mark.parametrize(
    "text",
    ["", "x", "001R0000006hfe", "001R0000006hfeZ!!!", "001R0000006hfeZ!AQ", "0" * 16, "001R0000006hfeZBAQ"],
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert ids.normalise(text) is None


def test_ids_ascend_and_differ() -> None:
    made = [ids.make("a01", number) for number in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 5000
    assert all(ids.normalise(item) == item for item in made)
