"""Who may use which topic; fair turns; passwords as mosquitto has them."""

from __future__ import annotations

from base64 import b64decode
from hashlib import pbkdf2_hmac
from uuid import UUID

import pytest

from tenants.kernel.clock import utc_now
from tests.twins.gateways.plant import wait_for
from twins.gateways.mosquitto import password_hash
from twins.gateways.mqtt_messages import Place, batch_of_one, place_of
from twins.gateways.mqtt_turns import Hand, Turns
from twins.gateways.topics import STATE, EdgeNode, acl, may_hear, may_send
from twins.telemetry.decode import decode
from twins.telemetry.errors import BrokenMessageError

G = "0198c0de-0000-7000-8000-000000000001"
NODES = [EdgeNode("meridian:plant", "line 1")]


@pytest.mark.parametrize(
    ("topic", "may"),
    [
        (f"outturn/{G}/readings", True),
        (f"outturn/{G}/readings/a/b", True),
        (f"outturn/{G}/readings/#", False),
        (f"outturn/{G}/readingsx", False),
        (f"outturn/{G}/ack", False),
        ("spBv1.0/meridian:plant/NDATA/line 1", True),
        ("spBv1.0/meridian:plant/DDATA/line 1/pump", True),
        ("spBv1.0/meridian:plant/DDATA/line 1/", False),
        ("spBv1.0/meridian:plant/DDATA/line 1/+", False),
        ("spBv1.0/meridian:plant/DDATA/line 1", False),
        ("spBv1.0/meridian:plant/NDATA/line 1/pump", False),
        ("spBv1.0/meridian:plant/NCMD/line 1", False),
        ("spBv1.0/meridian/NDATA/line 1", False),
        ("spBv1.0/+/NDATA/+", False),
        (STATE, False),
    ],
)
def test_what_a_gateway_may_send(topic: str, may: bool) -> None:
    assert may_send(G, NODES, topic) is may


@pytest.mark.parametrize(
    ("topic", "may"),
    [
        (f"outturn/{G}/ack", True),
        (f"outturn/{G}/ack/#", True),
        (f"outturn/{G}/#", False),
        (f"outturn/{G}/readings", False),
        (STATE, True),
        ("spBv1.0/STATE/+", False),
        ("spBv1.0/meridian:plant/NCMD/line 1", True),
        ("spBv1.0/meridian:plant/DCMD/line 1/#", True),
        ("spBv1.0/meridian:plant/NCMD/line 12", False),
        ("spBv1.0/#", False),
    ],
)
def test_what_a_gateway_may_hear(topic: str, may: bool) -> None:
    assert may_hear(G, NODES, topic) is may


def test_the_access_control_list() -> None:
    written = acl("consumer", [(UUID(G), NODES[0])])
    assert written.startswith("pattern write outturn/%u/readings\n")
    own = written.partition(f"user {G}\n")[2].splitlines()
    assert own[0] == f"topic read {STATE}"
    assert "topic write spBv1.0/meridian:plant/DDATA/line 1/+" in own
    assert "topic read spBv1.0/meridian:plant/NCMD/line 1" in own
    assert not any("readwrite" in line for line in own)


def test_a_password_as_mosquitto_has_it() -> None:
    _, kind, count, salt, key = password_hash("a token").split("$")
    assert kind == "7"
    assert b64decode(key) == pbkdf2_hmac("sha512", b"a token", b64decode(salt), int(count))
    assert password_hash("a token") != password_hash("a token")


def test_each_key_has_its_turn() -> None:
    turns: Turns[str, int] = Turns()
    for number in range(5):
        turns.put("flood", number)
    turns.put("one", 100)
    assert [turns.take() for _ in range(3)] == [0, 100, 1]
    turns.put("two", 200)
    assert [turns.take() for _ in range(4)] == [2, 200, 3, 4]
    assert not turns
    with pytest.raises(KeyError):
        turns.take()


def test_a_hand_has_room_for_so_many() -> None:
    hand = Hand(2)
    assert hand.take(10)
    assert hand.take(10**12) is False
    assert hand.take(10)
    hand.give_back(10)
    assert wait_for(lambda: hand.take(10))


@pytest.mark.parametrize(
    "topic", ["outturn", "outturn/x/readings", f"outturn/{G.upper()}/readings", f"outturn/{G}/ack"]
)
def test_what_is_no_place_of_readings(topic: str) -> None:
    assert place_of(topic) is None


def test_one_reading_as_a_batch() -> None:
    place = place_of(f"outturn/{G}/readings/1/t24")
    assert place == Place(UUID(G), "1/t24")
    said = b'{"value": 1.5, "at": 1735689600000, "more": 1}'
    first, again = (decode(batch_of_one(place, said, now=utc_now())) for _ in range(2))
    assert first.batch == again.batch
    assert (list(first.keys), first.value.tolist(), first.at.tolist()) == (["1/t24"], [1.5], [1735689600000000])
    bare = [decode(batch_of_one(place, b"1.5", now=utc_now())).batch for _ in range(2)]
    assert bare[0] != bare[1]
    aside = decode(batch_of_one(place, b'"on"', now=utc_now())).broken
    assert [one.key for one in aside] == ["1/t24"]
    for body in (b"", b"NaN", b"[" * 5000, b'{"value": 1', b"\xff"):
        with pytest.raises(BrokenMessageError):
            batch_of_one(place, body, now=utc_now())
