"""Who may use which topic, for every broker: a gateway sends readings and hears what is meant for it, nothing else.

Sparkplug names its topics after a group and an edge node, not after a gateway, so a gateway may send as those edge
nodes that it was given (`twins.gateways.sparkplug`), and no two gateways are given the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

NAMESPACE = "spBv1.0"
HOST_ID = "outturn"
STATE = f"{NAMESPACE}/STATE/{HOST_ID}"
"""Where the platform says, retained, whether it is there."""
NODE_SENDS, DEVICE_SENDS = ("NBIRTH", "NDATA", "NDEATH"), ("DBIRTH", "DDATA", "DDEATH")
_SPARKPLUG_LEVELS = 4


class EdgeNode(NamedTuple):
    """An edge node of Sparkplug."""

    group: str
    node: str


def topic_of(node: EdgeNode, kind: str, device: str = "") -> str:
    """Where an edge node, or a device of it, sends a kind of message."""
    return "/".join((NAMESPACE, node.group, kind, node.node, *([device] if device else [])))


def may_send(gateway: str, nodes: Iterable[EdgeNode], topic: str) -> bool:
    """Whether a gateway may publish to a topic."""
    readings = f"outturn/{gateway}/readings"
    if topic == readings or topic.startswith(f"{readings}/"):
        return not {"+", "#"} & set(topic)
    parts = topic.split("/")
    if parts[0] != NAMESPACE or len(parts) < _SPARKPLUG_LEVELS or EdgeNode(parts[1], parts[3]) not in set(nodes):
        return False
    if len(parts) == _SPARKPLUG_LEVELS:
        return parts[2] in NODE_SENDS
    return len(parts) == _SPARKPLUG_LEVELS + 1 and parts[2] in DEVICE_SENDS and bool(parts[4]) and parts[4] not in "+#"


def may_hear(gateway: str, nodes: Iterable[EdgeNode], topic: str) -> bool:
    """Whether a gateway may subscribe to a topic or filter, or receive what is sent to it."""
    own = f"outturn/{gateway}/ack"
    if topic == own or topic.startswith(f"{own}/"):
        return True
    nodes = list(nodes)
    if topic == STATE:
        return bool(nodes)
    commands = [f"{NAMESPACE}/{one.group}/{kind}/{one.node}" for one in nodes for kind in ("NCMD", "DCMD")]
    return any(topic == command or topic.startswith(f"{command}/") for command in commands)


def acl(consumer: str, nodes: Iterable[tuple[UUID, EdgeNode]]) -> str:
    """The same for mosquitto, as the content of an ``acl_file``."""
    lines = [
        "pattern write outturn/%u/readings",
        "pattern write outturn/%u/readings/#",
        "pattern read outturn/%u/ack",
        "pattern read outturn/%u/ack/#",
        "",
        f"user {consumer}",
        "topic readwrite outturn/#",
        f"topic readwrite {NAMESPACE}/#",
    ]
    last = None
    for gateway, one in sorted(nodes):
        if gateway != last:
            lines += ["", f"user {gateway}", f"topic read {STATE}"]
            last = gateway
        lines += [f"topic write {NAMESPACE}/{one.group}/{kind}/{one.node}" for kind in NODE_SENDS]
        lines += [f"topic write {NAMESPACE}/{one.group}/{kind}/{one.node}/+" for kind in DEVICE_SENDS]
        for kind in ("NCMD", "DCMD"):
            command = f"{NAMESPACE}/{one.group}/{kind}/{one.node}"
            lines += [f"topic read {command}", f"topic read {command}/#"]
    return "\n".join(lines) + "\n"
