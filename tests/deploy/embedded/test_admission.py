"""Connections to the broker, over real sockets: how many there may be, and who goes on whatever others open."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from deploy.embedded import admission
from deploy.embedded.admission import Admission
from tests.deploy.embedded.mqtt_broker import CONSUMER, NORTH, SOUTH, TwoGateways, broker_at_work
from tests.deploy.embedded.mqtt_client import Client, connected
from tests.twins.gateways.plant import wait_for

MOST, MOST_OF_A_GATEWAY, MOST_UNNAMED = 9, 4, 5
FULL = "Server unavailable"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


@pytest.fixture
def gateways() -> TwoGateways:
    return TwoGateways()


@pytest.fixture
def admitted(monkeypatch: pytest.MonkeyPatch) -> Admission:
    monkeypatch.setattr(admission, "MOST_OF_A_GATEWAY", MOST_OF_A_GATEWAY)
    monkeypatch.setattr(admission, "MOST_UNNAMED", MOST_UNNAMED)
    return Admission(most=MOST)


@pytest.fixture
def port(admitted: Admission, gateways: TwoGateways) -> Iterator[int]:
    with broker_at_work(admitted, gateways) as number:
        yield number


def test_a_gateway_has_so_many_connections_and_others_go_on(
    port: int, admitted: Admission, gateways: TwoGateways, stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = stack.enter_context(connected(port, "c1", CONSUMER))
    assert consumer.subscribe("outturn/+/readings") == "Granted QoS 1"
    for number in range(MOST_OF_A_GATEWAY):
        stack.enter_context(connected(port, f"n{number}", NORTH))
    asked = gateways.asked
    for number in range(3):
        with closing(Client(port, f"more{number}", NORTH)) as refused:
            assert refused.connect() == FULL
    assert gateways.asked == asked  # who has too many is not looked up each time
    with caplog.at_level(logging.WARNING, "outturn.broker"):
        admitted.tell()
        admitted.tell()
    assert [record.getMessage() for record in caplog.records if record.name == "outturn.broker"] == [
        "3 connections were refused, most of gateway 0198-north; gateways have 4, that one 4 of them"
    ]
    with connected(port, "s", SOUTH) as south:
        south.publish("outturn/0198-south/readings", b"batch 1")
        assert consumer.next_message() == ("outturn/0198-south/readings", b"batch 1")
    with connected(port, "n0", NORTH) as again:  # in the place of its former connection
        again.publish("outturn/0198-north/readings", b"batch 2")
        assert consumer.next_message() == ("outturn/0198-north/readings", b"batch 2")


def test_one_that_ends_makes_room(port: int, stack: ExitStack) -> None:
    for number in range(1, MOST_OF_A_GATEWAY):
        stack.enter_context(connected(port, f"n{number}", NORTH))
    with connected(port, "n0", NORTH), closing(Client(port, "more", NORTH)) as refused:
        assert refused.connect() == FULL

    def is_let_in() -> bool:
        with closing(Client(port, "more", NORTH)) as client:
            return client.connect() == "Success"

    wait_for(is_let_in)


def test_of_all_that_there_may_be_some_stay_free(port: int, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> None:
    monkeypatch.setattr(admission, "MOST_OF_A_GATEWAY", 1000)
    for number in range(5):
        stack.enter_context(connected(port, f"n{number}", NORTH))
    with closing(Client(port, "more", NORTH)) as refused:
        assert refused.connect() == FULL  # it has five of nine, and four are free
    for number in range(2):
        stack.enter_context(connected(port, f"s{number}", SOUTH))
    stack.enter_context(connected(port, "c1", CONSUMER))


def test_nobody_is_kept_out_by_connections_that_say_nothing(
    port: int, admitted: Admission, stack: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    south = stack.enter_context(connected(port, "s", SOUTH))
    silent = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(4 * MOST_UNNAMED)]
    ended = silent[: 3 * MOST_UNNAMED]
    assert [_is_over(one) for one in ended] == [True] * len(ended)  # the oldest
    with connected(port, "n", NORTH) as north, connected(port, "c1", CONSUMER) as consumer:
        assert consumer.subscribe("outturn/+/readings") == "Granted QoS 1"
        for client, (name, _) in ((north, NORTH), (south, SOUTH)):
            client.publish(f"outturn/{name}/readings", b"heard")
            assert consumer.next_message() == (f"outturn/{name}/readings", b"heard")
    with caplog.at_level(logging.WARNING, "outturn.broker"):
        admitted.tell()
    assert "connections were closed that had not said who they are, most from 127.0.0.1" in caplog.text


def _is_over(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("login", [None, (NORTH[0], "guess"), ("nobody", "north's")])
def test_who_is_not_let_in_takes_no_room(port: int, admitted: Admission, login: tuple[str, str] | None) -> None:
    for _ in range(2 * MOST):
        with closing(Client(port, "n", login)) as refused:
            assert refused.connect() == "Not authorized"
    wait_for(lambda: not admitted._unnamed)
    with connected(port, "n", NORTH):
        assert admitted._gateways.taken == 1
    wait_for(lambda: not admitted._gateways.taken)
