"""/composite/graph: up to 75 graphs of row requests in one call; each graph is written as a whole or not at all.

REST guide, "Composite Graph", "Using Composite Graphs" and "Composite Graph Limits".
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from m365sandbox.salesforce.call import Answer, Call
from m365sandbox.salesforce.composite import references, subrequests
from m365sandbox.salesforce.composite.subrequests import Dispatch
from m365sandbox.salesforce.data import ids
from m365sandbox.salesforce.data.transaction import RollBack
from m365sandbox.salesforce.errors import ApiError, bad_json, not_found

MAX_GRAPHS = 75
MAX_NODES = 500
MAX_DEPTH = 15
MAX_KINDS = 15
MAX_FAILURES = 14
#: The first API version that has the resource.
FIRST_VERSION = 50

_METHODS = frozenset({"GET", "POST", "PATCH", "DELETE"})
#: The verbs by the number of path segments: an object, a row by id, a row by external id.
_VERBS = {2: frozenset({"POST"}), 3: frozenset({"DELETE", "GET", "PATCH"}), 4: _METHODS}

_Graph = Mapping[str, Any]


def run(call: Call, dispatch: Dispatch) -> Answer:
    """POST /composite/graph."""
    if float(call.version) < FIRST_VERSION:
        raise not_found()
    graphs = _checked(call)
    answers: list[dict[str, Any]] = []
    rows, failures = 0, 0
    for graph in graphs:
        halt = failures > MAX_FAILURES
        results, written = ([], 0) if halt else _run_graph(call, graph["compositeRequest"], dispatch)
        failures += written is None
        rows += written or 0
        if halt:
            results = subrequests.halted(graph["compositeRequest"], [], -1)
        answers.append(
            {
                "graphId": graph["graphId"],
                "graphResponse": {"compositeResponse": results},
                "isSuccessful": not halt and written is not None,
            }
        )
    return Answer(200, {"graphs": answers}, rows=rows)


def _run_graph(
    call: Call, nodes: Sequence[Mapping[str, Any]], dispatch: Dispatch
) -> tuple[list[dict[str, Any]], int | None]:
    """The results of the nodes and the number of rows written; None where a node failed and the graph was undone."""
    results: list[dict[str, Any]] = []
    bodies: dict[str, Any] = {}
    rows, failed = 0, False
    with call.org.unit_of_work():
        for node in nodes:
            answer = subrequests.run(call, node, bodies, dispatch, all_or_none=True)
            results.append(subrequests.result(node, answer))
            bodies[node["referenceId"]] = answer.body
            rows += answer.rows
            failed = subrequests.has_failed(answer, all_or_none=True)
            if failed:
                raise RollBack
    if failed:
        return subrequests.halted(nodes, results, len(results) - 1), None
    return results, rows


# --- checks before anything runs


def _checked(call: Call) -> list[dict[str, Any]]:
    body = call.object_body()
    graphs = body.get("graphs")
    if set(body) != {"graphs"} or not isinstance(graphs, list) or not graphs:
        raise bad_json("graphs: a list of graphs is required")
    seen: set[str] = set()
    for graph in graphs:
        _check_graph(graph, seen)
    nodes = [node for graph in graphs for node in graph["compositeRequest"]]
    _check_limit("graphs", len(graphs), MAX_GRAPHS)
    _check_limit("nodes", len(nodes), MAX_NODES)
    _check_limit("different nodes", len({_kind(node) for node in nodes}), MAX_KINDS)
    _check_limit("levels of a graph", max(_depth(graph["compositeRequest"]) for graph in graphs), MAX_DEPTH)
    return graphs


def _check_limit(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise ApiError(400, "LIMIT_EXCEEDED", f"Maximum number of {what} exceeded. Limit: {limit}, found: {count}")


def _check_graph(graph: Any, seen: set[str]) -> None:
    if not isinstance(graph, dict) or set(graph) - {"graphId", "compositeRequest"}:
        raise bad_json("A graph has a graphId and a compositeRequest")
    graph_id, nodes = graph.get("graphId"), graph.get("compositeRequest")
    if not isinstance(graph_id, str) or not graph_id:
        raise bad_json("graphId is required in every graph")
    if graph_id in seen:
        raise bad_json(f"Duplicate graphId provided: {graph_id}")
    seen.add(graph_id)
    if not isinstance(nodes, list) or not nodes:
        raise bad_json("compositeRequest: a list of subrequests is required")
    names: set[str] = set()
    for node in nodes:
        subrequests.check_shape(node, _METHODS, names)
        _check_address(node)


def _check_address(node: Mapping[str, Any]) -> None:
    segments = _segments(node["url"])
    verbs = _VERBS.get(len(segments), frozenset()) if segments[0] == "sobjects" else frozenset()
    by_id = len(segments) != 3 or "@{" in segments[2] or ids.normalise(segments[2]) is not None
    if node["method"] not in verbs or not by_id:
        message = f"{node['method']} {node['url']} is not supported in a composite graph"
        raise ApiError(400, "INVALID_REQUEST", message)


def _segments(url: str) -> list[str]:
    parts = subrequests.path_of(url)
    return [unquote(part) for part in parts[1].partition("?")[0].rstrip("/").split("/")] if parts else [""]


def _kind(node: Mapping[str, Any]) -> tuple[str, str, str]:
    """Nodes are different if they use other API versions, other verbs or other types of objects."""
    parts = subrequests.path_of(node["url"])
    return (node["method"], parts[0] if parts else "", _segments(node["url"])[1].lower())


def _depth(nodes: Sequence[Mapping[str, Any]]) -> int:
    """How many nodes the longest chain of references has."""
    depths: dict[str, int] = {}
    for node in nodes:
        used = references.named([node["url"], node.get("body")])
        depths[node["referenceId"]] = 1 + max((depths.get(name, 0) for name in used), default=0)
    return max(depths.values())
