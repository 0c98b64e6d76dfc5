"""Rows are serialised once and joined: what is sent is the JSON that it would be if it were written in one go."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.salesforce.collections import collection_body
from connector.salesforce.wire import RawJson, as_json

VALUES = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text()
RECORDS = st.dictionaries(st.from_regex(r"\A[A-Za-z_]{1,20}\Z"), VALUES)


@given(st.lists(RECORDS, min_size=1, max_size=5), st.booleans())
def test_a_collection_of_rows_that_are_json_already_reads_the_same(rows: list[dict[str, Any]], whole: bool) -> None:
    plain = collection_body(rows, all_or_none=whole)
    written = collection_body([RawJson((as_json(row),)) for row in rows], all_or_none=whole)
    assert isinstance(written, RawJson)
    assert json.loads(as_json(written)) == json.loads(json.dumps(plain)) == {"allOrNone": whole, "records": rows}


@given(RECORDS)
def test_json_is_ascii_so_that_its_length_is_its_size(record: dict[str, Any]) -> None:
    assert len(as_json(record)) == len(as_json(record).decode("ascii"))
    assert json.loads(as_json({"parent": record})) == {"parent": record}
