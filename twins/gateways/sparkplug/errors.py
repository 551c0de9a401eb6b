"""Why an edge node cannot be given to a gateway."""

from __future__ import annotations

from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError


class EdgeNodeNameError(OutturnError):
    """The group or the node cannot be called so."""

    code = "sparkplug.name"
    status = 422


class EdgeNodeTakenError(ConflictError):
    """A gateway sends as this edge node."""

    code = "sparkplug.node_taken"


class TooManyEdgeNodesError(ConflictError):
    """The gateway has as many edge nodes as it may have."""

    code = "sparkplug.too_many_nodes"


class EdgeNodeNotFoundError(NotFoundError):
    """The gateway has no such edge node."""

    code = "sparkplug.node_not_found"

    def __init__(self) -> None:
        super().__init__("there is no such edge node", place="node", fix="Choose one of the gateway's edge nodes.")
