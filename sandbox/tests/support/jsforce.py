"""Reading what a jsforce scenario found."""

from typing import Any

ROOT = "/services/data/v64.0"
NOT_FOUND = "The requested resource does not exist"


def code(refused: dict[str, Any]) -> str | None:
    """The errorCode that jsforce read."""
    error: dict[str, Any] = refused["error"]
    assert error["name"] == error["errorCode"]
    return str(error["errorCode"])


def message(refused: dict[str, Any]) -> str:
    return str(refused["error"]["message"])


def statuses(results: list[dict[str, Any]]) -> list[str]:
    """`ok` or the statusCode of each row of a collection."""
    assert all(item["success"] is (not item["errors"]) for item in results)
    return [item["errors"][0]["statusCode"] if item["errors"] else "ok" for item in results]
