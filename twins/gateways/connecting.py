"""How a gateway sends its first reading: commands and files to copy, with its own addresses and names in them."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from tenants.kernel.clock import isoformat

_MQTT_PORT = 1883


def ways_in(gateway: UUID, token: str, *, now: datetime) -> dict[str, str]:
    """By way of connecting, what to run or to write down; nothing over MQTT where there is no broker.

    Args:
        gateway: Which.
        token: Its token while it is known, else how it begins.
        now: When the reading in it was measured.
    """
    url, topic = settings.BASE_URL, f"outturn/{gateway}"
    reading = {"key": "PT101.PV", "at": isoformat(now), "value": 4.2}
    batch = json.dumps({"batch": f"try-{int(now.timestamp())}", "readings": [reading]})
    host, port = broker_address()
    sign_in = f"-h {host} -p {port} -u {gateway} -P {token} -q 1"
    return {
        "token": token,
        "http": f'curl -i {url}/ingest/v1/readings -H "Authorization: Bearer {token}" \\\n'
        f"  -H \"Content-Type: application/json\" -d '{batch}'",
        "telegraf": f'[[outputs.influxdb_v2]]\n  urls = ["{url}/ingest"]\n  token = "{token}"\n'
        '  organization = "any"\n  bucket = "any"',
        "mqtt_listen": f"mosquitto_sub {sign_in} -t {topic}/ack" if host else "",
        "mqtt_send": f"mosquitto_pub {sign_in} -t {topic}/readings \\\n  -m '{batch}'" if host else "",
        "websocket": f"{url.replace('http', 'ws', 1)}/ingest/v1/stream\nAuthorization: Bearer {token}\n\n{batch}",
    }  # fmt: skip


def broker_address() -> tuple[str, int]:
    """Where gateways find the MQTT broker: as OUTTURN_MQTT_ADDRESS says, else where we find it; no host without one."""
    parts = urlsplit(f"//{settings.MQTT_ADDRESS}" if settings.MQTT_ADDRESS else settings.MQTT_URL)
    return parts.hostname or "", parts.port or _MQTT_PORT
