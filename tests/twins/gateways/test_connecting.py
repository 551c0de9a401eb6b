"""What a gateway's page gives to copy: commands that can be run as they are, with its own addresses and token."""

from __future__ import annotations

import json
import shlex
import tomllib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tenants.kernel.clock import isoformat
from twins.gateways.connecting import broker_address, ways_in

GATEWAY = UUID("0198c0de-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _installed(settings: Any) -> None:
    settings.BASE_URL = "https://plants.example"
    settings.MQTT_URL, settings.MQTT_ADDRESS = "mqtt://consumer:secret@10.0.0.5:18830", ""


def test_each_way_is_whole() -> None:
    ways = ways_in(GATEWAY, "ot_gateway_abc", now=NOW)
    curl = shlex.split(ways["http"])
    assert curl[2] == "https://plants.example/ingest/v1/readings"
    assert "Authorization: Bearer ot_gateway_abc" in curl
    batch = json.loads(curl[-1])
    assert batch["readings"] == [{"key": "PT101.PV", "at": isoformat(NOW), "value": 4.2}]
    (output,) = tomllib.loads(ways["telegraf"])["outputs"]["influxdb_v2"]
    assert (output["urls"], output["token"]) == (["https://plants.example/ingest"], "ot_gateway_abc")
    listen, send = (shlex.split(ways[name].replace("\\\n", "")) for name in ("mqtt_listen", "mqtt_send"))
    sign_in = ["-h", "10.0.0.5", "-p", "18830", "-u", str(GATEWAY), "-P", "ot_gateway_abc", "-q", "1"]
    assert listen == ["mosquitto_sub", *sign_in, "-t", f"outturn/{GATEWAY}/ack"]
    assert send[:-1] == ["mosquitto_pub", *sign_in, "-t", f"outturn/{GATEWAY}/readings", "-m"]
    assert json.loads(send[-1]) == batch
    assert ways["websocket"].startswith("wss://plants.example/ingest/v1/stream\n")
    assert not any("secret" in way for way in ways.values())


def test_the_broker_is_where_the_installation_says(settings: Any) -> None:
    assert broker_address() == ("10.0.0.5", 18830)
    settings.MQTT_ADDRESS = "mqtt.plants.example"
    assert broker_address() == ("mqtt.plants.example", 1883)
    settings.MQTT_ADDRESS = settings.MQTT_URL = ""
    assert broker_address() == ("", 1883)
    ways = ways_in(GATEWAY, "ot_gateway_abc", now=NOW)
    assert (ways["mqtt_listen"], ways["mqtt_send"]) == ("", "")
