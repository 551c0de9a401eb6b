"""Edge nodes are given to gateways: names of the organisation's own, each to one gateway, over the API too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from tenants.kernel.clock import utc_now
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.gateways.services import create_gateway
from twins.gateways.sparkplug.domain import Birth
from twins.gateways.sparkplug.errors import EdgeNodeNameError, EdgeNodeTakenError, TooManyEdgeNodesError
from twins.gateways.sparkplug.selectors import births, edge_nodes, node_holder, nodes_of, online_nodes
from twins.gateways.sparkplug.services import MOST_NODES, give_edge_node, keep_birth, note_death, take_edge_node
from twins.gateways.topics import EdgeNode

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_a_node_belongs_to_one_gateway(tenant: Tenant, stranger: Tenant) -> None:
    now = utc_now()
    with scope(tenant.id):
        first, second = (create_gateway(name=name, now=now)[0].id for name in ("one", "two"))
        made = give_edge_node(gateway=first, group="meridian:plant", node="line 1", now=now)
        with pytest.raises(EdgeNodeTakenError):
            give_edge_node(gateway=second, group="meridian:plant", node="line 1", now=now)
    with scope(stranger.id):
        theirs = create_gateway(name="one", now=now)[0].id
        give_edge_node(gateway=theirs, group="stranger:plant", node="line 1", now=now)
        with pytest.raises(EdgeNodeNameError):
            give_edge_node(gateway=theirs, group="meridian:plant", node="line 2", now=now)
    assert sorted(edge_nodes()) == sorted(
        [(first, EdgeNode("meridian:plant", "line 1")), (theirs, EdgeNode("stranger:plant", "line 1"))]
    )
    with scope(tenant.id):
        take_edge_node(gateway=first, node=made.id)
        assert give_edge_node(gateway=second, group="meridian:plant", node="line 1", now=now).gateway == second


@pytest.mark.parametrize("name", ["", " a", "a ", "a/b", "a+", "#", "a\n", "é", "x" * 65, "meridianx"])
def test_names_that_are_none(tenant: Tenant, name: str) -> None:
    with scope(tenant.id):
        gateway = create_gateway(name="one", now=utc_now())[0].id
        with pytest.raises(EdgeNodeNameError):
            give_edge_node(gateway=gateway, group=name, node="line1", now=utc_now())


def test_a_gateway_has_so_many(tenant: Tenant) -> None:
    with scope(tenant.id):
        gateway = create_gateway(name="one", now=utc_now())[0].id
        for number in range(MOST_NODES):
            give_edge_node(gateway=gateway, group="meridian", node=f"n{number}", now=utc_now())
        with pytest.raises(TooManyEdgeNodesError):
            give_edge_node(gateway=gateway, group="meridian", node="more", now=utc_now())


def test_births_and_deaths_are_remembered(tenant: Tenant) -> None:
    node, now = EdgeNode("meridian", "line1"), utc_now()
    with scope(tenant.id):
        gateway = create_gateway(name="one", now=now)[0].id
        give_edge_node(gateway=gateway, group=node.group, node=node.node, now=now)
    holder = node_holder(node)
    assert holder is not None
    for names in (("a",), ("a", "b")):
        birth = Birth(tuple((name, number, 10) for number, name in enumerate(names)))
        keep_birth(holder=holder, node=node, device="", birth=birth, at=now)
    keep_birth(holder=holder, node=node, device="d", birth=Birth((("x", None, 9),)), at=now)
    assert births(holder, node) == {"": Birth((("a", 0, 10), ("b", 1, 10))), "d": Birth((("x", None, 9),))}
    assert online_nodes() == [node]
    note_death(holder=holder, at=now)
    assert online_nodes() == []


def test_over_the_api(tenant: Tenant, stranger: Tenant, with_key: Callable[[Tenant, Role], APIClient]) -> None:
    with scope(tenant.id):
        gateway = create_gateway(name="one", now=utc_now())[0].id
    ours, theirs = with_key(tenant, Role.OWNER), with_key(stranger, Role.OWNER)
    url = f"/api/v1/gateways/{gateway}/edge-nodes/"
    made = ours.post(url, {"group": "meridian:plant", "node": "line1"}, format="json")
    assert made.status_code == 201
    assert made.json()["online"] is False
    assert ours.post(url, {"group": "meridian:plant", "node": "line1"}, format="json").status_code == 409
    assert ours.post(url, {"group": "plant", "node": "line1"}, format="json").json()["code"] == "sparkplug.name"
    assert [one["node"] for one in ours.get(url).json()["nodes"]] == ["line1"]
    own = f"{url}{made.json()['id']}/"
    assert [theirs.get(url).status_code, theirs.delete(own).status_code] == [404, 404]
    assert [ours.delete(own).status_code, ours.delete(own).status_code] == [204, 404]
    with scope(tenant.id):
        assert not nodes_of(gateway).exists()
