"""The life of an edge node: births, sequence, doubts, deaths. Payloads have milliseconds, the clock has seconds."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from twins.gateways.sparkplug.domain import (
    FIRST_PAUSE_SECONDS,
    HOLD_SECONDS,
    REORDER_SECONDS,
    Ask,
    Birth,
    Born,
    Data,
    Died,
    Effect,
    Gap,
    Node,
    Note,
)
from twins.gateways.sparkplug.wire import Kind, Metric, Payload


def birth(
    at: int = 1000, *, bd_seq: int = 3, aliases: tuple[str, ...] = ("a", "b"), device: str = "", seq: int = 0
) -> Note:
    metrics = [Metric(name, number, kind=Kind.DOUBLE, value=0.0) for number, name in enumerate(aliases)]
    if not device:
        metrics.insert(0, Metric("bdSeq", kind=Kind.UINT64, value=bd_seq))
    return Note("DBIRTH" if device else "NBIRTH", device, Payload(at, seq, metrics))


def data(seq: int, value: float, *, alias: int = 0, at: int = 2000, device: str = "", name: str = "") -> Note:
    metric = Metric(name, None if name else alias, kind=0, value=value)
    return Note("DDATA" if device else "NDATA", device, Payload(at, seq, [metric]))


def death(bd_seq: int = 3) -> Note:
    return Note("NDEATH", "", Payload(3000, None, [Metric("bdSeq", kind=Kind.UINT64, value=bd_seq)]))


def told(effects: Iterable[Effect]) -> list[tuple[str, object]]:
    """Effects in short: the first value of data with whether it is sure, the device of births and deaths."""
    short: list[tuple[str, object]] = []
    for one in effects:
        if isinstance(one, Data):
            short.append(("data" if one.is_sure else "doubt", one.payload.metrics[-1].value))
        elif isinstance(one, Ask):
            short.append(("ask", ""))
        elif isinstance(one, Gap):
            short.append(("gap", ""))
        else:
            short.append((type(one).__name__.lower(), one.device))
    return short


@pytest.fixture
def node() -> Node:
    """One that is born."""
    made = Node()
    assert told(made.receive(birth(), now=0)) == [("born", ""), ("data", 0.0)]
    return made


def test_data_in_sequence_are_taken_around_the_end_of_the_numbers(node: Node) -> None:
    for number in range(1, 600):
        assert told(node.receive(data(number % 256, float(number)), now=number)) == [("data", float(number))]
    assert not node.wants_tick


def test_messages_in_another_order_are_taken_in_theirs(node: Node) -> None:
    assert told(node.receive(data(3, 3.0), now=0)) == []
    assert told(node.receive(data(2, 2.0), now=0.1)) == []
    assert told(node.tick(now=0.5)) == []
    assert told(node.receive(data(1, 1.0), now=0.6)) == [("data", 1.0), ("data", 2.0), ("data", 3.0)]
    assert not node.wants_tick


def test_a_gap_holds_what_follows_until_the_node_is_born_anew(node: Node) -> None:
    node.receive(data(2, 2.0), now=0)
    assert told(node.tick(now=REORDER_SECONDS)) == [("gap", ""), ("ask", "")]
    assert told(node.receive(data(3, 3.0), now=1.1)) == []
    effects = node.receive(birth(at=5000), now=2)
    assert told(effects) == [("born", ""), ("data", 2.0), ("data", 3.0), ("data", 0.0)]
    assert told(node.receive(data(1, 4.0, at=5001), now=2)) == [("data", 4.0)]


def test_an_alias_that_changed_is_told_apart(node: Node) -> None:
    node.receive(data(2, 2.0), now=0)
    node.tick(now=REORDER_SECONDS)
    (held,) = [one for one in node.receive(birth(at=5000, aliases=("c", "b")), now=2) if isinstance(one, Data)][:1]
    assert held.birth is not None
    assert held.former is not None
    assert (held.birth.names[0], held.former.names[0]) == ("c", "a")


def test_what_overtook_its_birth_belongs_to_it(node: Node) -> None:
    fresh = Node()
    assert told(fresh.receive(data(1, 1.0, at=1001), now=0)) == [("ask", "")]
    assert told(fresh.receive(birth(at=1000), now=0.1)) == [("born", ""), ("data", 0.0), ("data", 1.0)]
    assert told(fresh.receive(data(2, 2.0), now=0.2)) == [("data", 2.0)]


def test_data_before_any_birth_are_uncertain_with_the_birth_that_follows() -> None:
    node = Node()
    assert told(node.receive(data(7, 7.0, at=900), now=0)) == [("ask", "")]
    assert told(node.receive(birth(), now=1)) == [("born", ""), ("doubt", 7.0), ("data", 0.0)]


def test_after_a_restart_the_last_birth_makes_them_certain() -> None:
    node = Node(former={"": Birth((("a", 0, 10),))})
    assert told(node.receive(data(7, 7.0, at=900), now=0)) == [("ask", "")]
    assert told(node.receive(birth(), now=1)) == [("born", ""), ("data", 7.0), ("data", 0.0)]


def test_a_node_that_is_not_born_anew_is_believed_with_doubts(node: Node) -> None:
    node.receive(data(5, 5.0), now=0)
    node.tick(now=1)
    assert told(node.tick(now=1 + HOLD_SECONDS)) == [("doubt", 5.0), ("ask", "")]
    assert told(node.receive(data(6, 6.0), now=12)) == [("doubt", 6.0)]
    assert told(node.receive(data(7, 7.0), now=1 + 10 + 2 * FIRST_PAUSE_SECONDS)) == [("doubt", 7.0), ("ask", "")]
    assert told(node.receive(birth(at=9000), now=30)) == [("born", ""), ("data", 0.0)]
    assert told(node.receive(data(1, 1.0, at=9001), now=31)) == [("data", 1.0)]


def test_requests_become_rarer() -> None:
    node = Node()
    asked = [second for second in range(1000) if told(node.receive(data(second % 256, 0.0), now=second))]
    assert asked == [0, 5, 15, 35, 75, 155, 315, 615, 915]


def test_an_unknown_alias_holds_the_message(node: Node) -> None:
    assert told(node.receive(data(1, 1.0, alias=9), now=0)) == [("ask", "")]
    effects = node.receive(birth(at=5000, aliases=("a", "b", *"cdefghij")), now=1)
    assert told(effects) == [("born", ""), ("data", 1.0), ("data", 0.0)]


def test_a_death_is_that_of_its_birth(node: Node) -> None:
    assert told(node.receive(death(2), now=1)) == []
    (died,) = node.receive(death(3), now=1)
    assert isinstance(died, Died)
    assert list(died.births[""].kinds) == ["bdSeq", "a", "b"]
    assert told(node.receive(data(1, 1.0), now=2)) == [("ask", "")]
    assert told(node.receive(birth(at=4000, bd_seq=4), now=3)) == [("born", ""), ("data", 1.0), ("data", 0.0)]


def test_devices_are_born_and_die_in_the_sequence_of_their_node(node: Node) -> None:
    assert told(node.receive(data(1, 1.0, device="d"), now=0)) == [("ask", "")]
    born = node.receive(birth(3000, aliases=("x",), device="d", seq=2), now=0)
    assert told(born) == [("born", "d"), ("doubt", 1.0), ("data", 0.0)]
    assert told(node.receive(data(3, 3.0, device="d", at=3001), now=0)) == [("data", 3.0)]
    gone = Note("DDEATH", "d", Payload(4000, 4, []))
    assert told(node.receive(gone, now=0)) == [("died", "d")]
    assert told(node.receive(data(5, 5.0), now=0)) == [("data", 5.0)]


def test_a_message_from_before_the_birth_does_not_upset_the_sequence(node: Node) -> None:
    node.receive(data(1, 1.0), now=0)
    assert told(node.receive(birth(at=5000), now=1)) == [("born", ""), ("data", 0.0)]
    assert told(node.receive(data(2, 2.0, at=2100), now=1)) == [("data", 2.0)]
    assert told(node.receive(data(1, 3.0, at=5001), now=1)) == [("data", 3.0)]


def test_a_node_that_does_not_answer_when_we_come_back_has_died_meanwhile() -> None:
    node = Node(former={"": Birth((("a", 0, 10),))})
    assert told(node.expect_birth(now=0)) == [("ask", "")]
    assert told(node.tick(now=29)) == []
    assert told(node.tick(now=30)) == [("died", "")]
    other = Node()
    other.expect_birth(now=0)
    assert told(other.receive(birth(), now=1)) == [("born", ""), ("data", 0.0)]
    assert told(other.tick(now=60)) == []


def test_what_is_held_has_a_bound() -> None:
    node = Node(former={"": Birth((("a", 0, 10),))})
    effects: list[Effect] = []
    for number in range(5000):
        effects += node.receive(data(number % 256, float(number)), now=0)
        effects += node.tick(now=0)
    assert sum(isinstance(one, Data) for one in effects) == 5000
    assert isinstance(node.receive(birth(at=9000), now=1)[0], Born)
