"""The doors beside Django's URL table, on the real processes: websockets, readings over HTTP and over MQTT."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from amqtt.contexts import Action
from channels.routing import URLRouter
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from deploy import ingest
from deploy.asgi import sockets
from deploy.embedded import broker
from deploy.embedded.broker import Principal
from tenants.kernel.clock import utc_now
from tenants.kernel.ids import new_id
from tenants.keys.services import create_key
from tenants.people.models import Membership, User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.conftest import Cast
from tests.isolation.asking import fingerprint
from tests.twins.conftest import Fleet, make_fleet
from tests.twins.gateways.plant import Plant, wait_for
from twins.gateways import mqtt, uplink
from twins.gateways.http import PATH
from twins.gateways.services import rotate_token

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
AT = "2025-01-01T00:00:00Z"


def socket_routes() -> list[Any]:
    """Every websocket route, from the application that the server runs."""
    inner: Any = sockets
    while not isinstance(inner, URLRouter):
        inner = getattr(inner, "application", None) or inner.inner
    return list(inner.routes)


@pytest.fixture
def fleet(cast: Cast) -> Fleet:
    """Meridian's engines, and the gateway that sends for them."""
    return make_fleet(cast.meridian)


@pytest.fixture
def their_fleet(cast: Cast) -> Fleet:
    """The stranger's."""
    return make_fleet(cast.stranger, count=1)


@pytest.fixture
def plant(transactional_db: None, tmp_path: Path) -> Iterator[Plant]:
    made = Plant(tmp_path)
    yield made
    made.close()


class TestSockets:
    def test_every_route_lets_in_its_own_people_only(
        self, cast: Cast, fleet: Fleet, plant: Plant, sign_in: Callable[[User], Client]
    ) -> None:
        gone = User.objects.create_user("gone@meridian.example")
        add_member(tenant=cast.meridian.id, user=gone.id, role=Role.OWNER, now=utc_now())
        cookies = {
            name: f"sessionid={sign_in(user).cookies['sessionid'].value}"
            for name, user in (
                ("owner", cast.owner),
                ("outsider", cast.outsider),
                ("reader", cast.reader),
                ("gone", gone),
            )
        }
        Membership.objects.filter(user=gone).delete()
        samples: dict[str, Any] = {"twin": fleet.twin}
        plant.start("web")

        async def story() -> None:
            for route in socket_routes():
                wanted = set(route.pattern.converters) - {"slug"}
                assert wanted <= set(samples), f"{route}: add a sample of Meridian's to this test"
                mine = self._path(route, "meridian", samples)
                assert await self._opened(plant.url, mine, cookies["owner"]) == 101
                nobodys = {key: new_id() if isinstance(value, UUID) else value for key, value in samples.items()}
                # What a route names besides the organisation is Meridian's; one that names nothing else is the
                # stranger's own under the stranger's name.
                others = [self._path(route, "stranger", samples)] if wanted else []
                refused = [
                    await self._opened(plant.url, path, cookie)
                    for path in (mine, *others, self._path(route, "meridian", nobodys))
                    for cookie in ("", "sessionid=forged", cookies["outsider"], cookies["gone"], cookies["reader"])
                ]
                assert refused == [403] * len(refused), route

        wait_for(lambda: httpx.head(plant.url, timeout=60).status_code)
        asyncio.run(story())

    @staticmethod
    def _path(route: Any, slug: str, samples: dict[str, Any]) -> str:
        path = "/" + str(route.pattern)
        for name, converter in route.pattern.converters.items():
            value = slug if name == "slug" else samples[name]
            kind = {"SlugConverter": "slug", "UUIDConverter": "uuid", "StringConverter": "str"}[
                type(converter).__name__
            ]
            path = path.replace(f"<{kind}:{name}>", str(value)).replace(f"<{name}>", str(value))
        return path

    @staticmethod
    async def _opened(url: str, path: str, cookie: str) -> int:
        headers = {"Cookie": cookie} if cookie else {}
        try:
            async with connect(url.replace("http", "ws") + path, additional_headers=headers, origin=url):  # type: ignore[arg-type]
                return 101
        except InvalidStatus as refusal:
            return refusal.response.status_code


class TestIngest:
    def test_readings_go_to_whose_token_it_is(self, cast: Cast, fleet: Fleet, their_fleet: Fleet, plant: Plant) -> None:
        with scope(cast.meridian.id):
            key = create_key(name="k", role=Role.OWNER, now=utc_now())[1].text
            old, token = fleet.token, rotate_token(gateway=fleet.gateway, now=utc_now())[1].text
        before = fingerprint(cast.meridian.id)
        assert PATH in {route.path for route in ingest.make_ingest().routes}  # type: ignore[attr-defined]
        address = plant.url + PATH
        plant.start("web")
        refused = [
            self._sent(address, headers)
            for headers in ({}, *({"Authorization": f"Bearer {text}"} for text in ("x", key, f"{token}x", token[:-1])))
        ]
        assert {answer.status_code for answer in refused} == {401}
        assert len({self._plain(answer) for answer in refused}) == 1
        # The stranger names Meridian's signals, gateway, tenant: none of it is theirs to choose.
        named = {
            "tenant": str(fleet.tenant),
            "gateway": str(fleet.gateway),
            "signal": next(iter(fleet.signals.values())),
        }
        for extra in ({}, named):
            answer = self._sent(address, {"Authorization": f"Bearer {their_fleet.token}"}, **extra)
            assert answer.status_code in (200, 400, 422)
            assert str(fleet.tenant) not in answer.text or extra
        with httpx.Client(timeout=60) as client:
            for path in ("/ingest/", "/ingest/v1/", f"/ingest/v1/readings/{fleet.gateway}", "/ingest/v1/../../t/"):
                assert client.post(plant.url + path).status_code in (404, 405)
        assert fingerprint(cast.meridian.id) == before
        # Last, for Meridian is told of it.
        assert self._sent(address, {"Authorization": f"Bearer {old}"}).status_code in (401, 403)

    @staticmethod
    def _sent(address: str, headers: dict[str, str], **extra: Any) -> httpx.Response:
        one = {"key": "1/t24", "at": AT, "value": 640.0} | extra
        return httpx.post(address, json={"batch": "b", "readings": [one]} | extra, headers=headers, timeout=60)

    @staticmethod
    def _plain(answer: httpx.Response) -> str:
        document = answer.json()
        del document["request_id"]
        return json.dumps(document)


class TestMqtt:
    @given(
        st.text(max_size=40) | st.sampled_from(["#", "+", "outturn/#", "outturn/+/readings", "$SYS/#", "$share/g/x"])
    )
    def test_a_gateway_has_its_two_topics_and_no_other(self, topic: str) -> None:
        name = "0198c0de-0000-7000-8000-000000000001"
        gateway = Principal(name)
        for action in (Action.PUBLISH, Action.SUBSCRIBE, Action.RECEIVE):
            own = f"outturn/{name}/{'readings' if action == Action.PUBLISH else 'ack'}"
            assert gateway.may(action, topic) == (topic == own or topic.startswith(f"{own}/"))
            assert gateway.may(action, own)
            assert not gateway.may(action, own.replace("0198c0de", "0198c0df"))

    @pytest.mark.parametrize("action", [Action.PUBLISH, Action.SUBSCRIBE, Action.RECEIVE])
    def test_no_word_that_the_product_knows_opens_another_topic(self, action: Action) -> None:
        """A topic that is let in one day fails here until it is said whose it is."""
        name, other = (f"0198c0de-0000-7000-8000-00000000000{number}" for number in (1, 2))
        words = {
            word for module in (broker, mqtt, uplink) for word in re.findall(r"[\w+#]+", inspect.getsource(module))
        }
        assert {"readings", "ack"} <= words
        own = f"outturn/{name}/{'readings' if action == Action.PUBLISH else 'ack'}"
        topics = {f"{head}{whose}{word}" for head in ("outturn/", "") for whose in (f"{name}/", f"{other}/", "")
                  for word in words}  # fmt: skip
        assert {topic for topic in topics if Principal(name).may(action, topic)} == {own}

    def test_nobody_else_listens_or_speaks(self, cast: Cast, fleet: Fleet, their_fleet: Fleet, plant: Plant) -> None:
        before = fingerprint(cast.meridian.id)
        plant.start("broker", "consumer")
        port = int(plant.mqtt_url.rpartition(":")[2])
        wait_for(lambda: "consuming from" in plant.log("consumer"))
        for name, password in (
            ("", ""), (str(fleet.gateway), ""), (str(fleet.gateway), their_fleet.token), ("outturn-consumer", "guess"),
            (str(their_fleet.gateway), fleet.token), (str(fleet.tenant), their_fleet.token),
        ):  # fmt: skip
            assert _Device(port, name, password).connected == "Not authorized", name
        them = _Device(port, str(their_fleet.gateway), their_fleet.token)
        assert them.connected == "Success"
        own, foreign = f"outturn/{their_fleet.gateway}", f"outturn/{fleet.gateway}"
        for topic in (f"{foreign}/ack", f"{foreign}/readings", f"{foreign}/#", "outturn/+/readings", "outturn/#", "#",
                      "+/+/+", "$SYS/#", f"$share/g/{foreign}/readings", f"{own}/readings", f"{own}/#"):  # fmt: skip
            assert them.subscribed(topic) == "Unspecified error", topic
        assert them.subscribed(f"{own}/ack") == "Granted QoS 1"
        reading = {"batch": "forged", "readings": [{"key": "1/t24", "at": AT, "value": 641.0}]}
        for topic in (f"{foreign}/readings", f"{foreign}/ack", "outturn/readings", f"{own}/ack"):
            them.publish(topic, reading)
        them.publish(f"{own}/readings", reading | {"batch": "own"})
        assert them.received() == [(f"{own}/ack", "own")]
        them.close()
        assert fingerprint(cast.meridian.id) == before


class _Device:
    """An MQTT client of somebody's."""

    def __init__(self, port: int, name: str, password: str) -> None:
        self._answered = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="device", clean_session=True)
        self._got: list[tuple[str, str]] = []
        if name:
            self._client.username_pw_set(name, password)
        self._said: list[str] = []
        self._client.on_connect = lambda _c, _d, _f, reason, _p: self._answer(reason)
        self._client.on_subscribe = lambda _c, _d, _m, reasons, _p: self._answer(reasons[0])
        self._client.on_message = lambda _c, _d, message: self._take(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.connected = self._told()
        if self.connected != "Success":
            self.close()

    def subscribed(self, topic: str) -> str:
        """What the broker says to a subscription."""
        self._client.subscribe(topic, qos=1)
        return self._told()

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """Send a message and wait for the broker to have it."""
        self._client.publish(topic, json.dumps(message).encode(), qos=1).wait_for_publish(10)

    def received(self) -> list[tuple[str, str]]:
        """The topics and batches of what came, once anything has."""
        wait_for(lambda: self._got)
        return self._got

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _answer(self, reason: Any) -> None:
        self._said.append(str(reason))
        self._answered.set()

    def _told(self) -> str:
        assert self._answered.wait(10)
        self._answered.clear()
        return self._said[-1]

    def _take(self, message: Any) -> None:
        told = json.loads(message.payload)
        self._got += [(message.topic, batch["batch"]) for batch in told["batches"]]
