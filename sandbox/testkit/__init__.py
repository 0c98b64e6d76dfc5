"""What the suites of the connector and of the sandbox share; in neither distribution.

`suite`: groups, profiles and hooks of pytest. `serving`: a sandbox in a process of its own. `csdl`: every answer of
Graph is checked against Microsoft's schema. `graph_tenant`: the Graph service called in process.
"""
