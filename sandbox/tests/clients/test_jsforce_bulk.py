"""jsforce, which nobody here wrote, on the sandbox: both Bulk APIs and SOAP calls."""

from typing import Any

import pytest

from tests.support.jsforce import code, message

pytestmark = pytest.mark.node

MISSING = "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"


def test_bulk(found: dict[str, Any]) -> None:
    tried = found["bulk"]
    assert (tried["good"], tried["found"], tried["gone"]) == (250, 250, 250)
    assert tried["bad"] == {"id": None, "success": False, "created": False, "errors": [MISSING]}
    assert message(tried["batch"]) == "InvalidBatch : Field name not found : Nonsense"
    assert (code(tried["job"]), message(tried["job"])) == ("InvalidJob", "Unable to find object: Nonsense__c")


def test_bulk2(found: dict[str, Any]) -> None:
    tried = found["bulk2"]
    assert (tried["good"], tried["found"], tried["gone"], tried["unprocessed"]) == (250, 250, 250, 0)
    assert [row["sf__Error"] for row in tried["bad"]] == [MISSING]
    assert message(tried["failed"]).endswith("InvalidBatch : Field name not found : Nonsense")
    assert code(tried["key"]) == "INVALIDJOB"


def test_soap_calls(found: dict[str, Any]) -> None:
    tried = found["soap_calls"]
    assert (tried["made"]["success"], tried["info"]["userType"]) == (True, "Standard")
    assert tried["info"]["userId"].startswith("005")
    assert tried["time"]["timestamp"].endswith("Z")
