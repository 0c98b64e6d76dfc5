"""How long the services take to answer: `--latency`, as arithmetic. The server waits what comes out, without using the
processor.
"""

from dataclasses import dataclass
from heapq import heapreplace

from m365sandbox.wire import Response


@dataclass(frozen=True, slots=True)
class Latency:
    """The five numbers of `--latency`. `mbit_per_s` is the line that all answers of Graph share; 0 is no limit."""

    graph_ms: float = 0
    salesforce_ms: float = 0
    salesforce_row_ms: float = 0
    graph_item_ms: float = 0
    mbit_per_s: float = 0

    def seconds(self, service: str, response: Response) -> float:
        """What one answer takes before its first byte. Entra and sign-in at Salesforce answer at once."""
        if service == "graph":
            return self._graph_ms(response) / 1000
        if service == "salesforce":
            return (self.salesforce_ms + self.salesforce_row_ms * response.rows) / 1000
        return 0

    def _graph_ms(self, response: Response) -> float:
        """Each request inside begins, in its turn, when one of the places is free; the answer leaves with the last."""
        free = [0.0] * max(1, min(response.at_once, len(response.items)))
        for count in response.items:
            heapreplace(free, free[0] + self.graph_ms + self.graph_item_ms * count)
        return max(free)


class Line:
    """A line of so many megabits a second. What is sent waits until its bytes have had their share of it."""

    def __init__(self, mbit_per_s: float) -> None:
        self._bytes_per_second = mbit_per_s * 1_000_000 / 8
        self._free_at = 0.0

    def seconds(self, size: int, now: float) -> float:
        """How long `size` more bytes take from `now` on, behind those that were asked before. Counts them."""
        if not self._bytes_per_second:
            return 0
        self._free_at = max(self._free_at, now) + size / self._bytes_per_second
        return self._free_at - now
