"""One request of several that travel as one HTTP request, and its answer: in a $batch of Graph, in a Composite of
Salesforce. What only one service needs stands in a subclass beside its client.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SubRequest:
    """One request of several. `url` is relative to the version of the API that the client speaks."""

    url: str
    method: str = "GET"
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubResponse:
    """`body` is the JSON that the service sent, also that of an error."""

    status: int
    body: Any
