"""Values of a request: what they take as JSON is never told too small."""

import html
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.core.writing.text import clean
from connector.salesforce.wire import json_size

TEXTS = st.text().map(clean) | st.text().map(html.escape).map(clean) | st.text('"\\\n\r\tab')
VALUES = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | TEXTS


@given(st.dictionaries(st.from_regex(r"\A[A-Za-z_]{1,20}\Z"), VALUES))
def test_the_size_of_a_record_is_never_too_small(record: dict[str, Any]) -> None:
    assert json_size(record) >= len(json.dumps(record))
    assert json_size({"parent": record}) >= len(json.dumps({"parent": record}))
