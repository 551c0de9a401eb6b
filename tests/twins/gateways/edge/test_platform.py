"""The agent and the platform together: configuration, seals, status; and a disk that is full."""

from __future__ import annotations

import resource
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.twins.conftest import Fleet
from tests.twins.gateways.edge.conftest import Broker, MakeSite, every_second, mqtt_section, section
from tests.twins.gateways.edge.test_agent import QUICK, T0, arrived, at_site, whole
from tests.twins.gateways.plant import Plant, wait_for
from twins.gateways.edge.platform.models import EdgeAgent, KeyState
from twins.gateways.edge.platform.selectors import seal_counts, seals, site_keys
from twins.gateways.edge.platform.services import save_configuration

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "owner"]), pytest.mark.timeout(300)]


def document(broker: Broker, topic: str, **more: Any) -> dict[str, Any]:
    settings = {"url": broker.url, "topics": [{"topic": topic}]}
    return {
        "sources": [{"name": "broker", "kind": "mqtt", "settings": settings, **more}],
        "forwarding": {"batch_seconds": 0.1}, "store": {"limit": 1 << 24},
        "features": [{"key": "1/t24", "name": "1", "window_s": 10, "statistics": ["max"]}],
    }  # fmt: skip


def save(fleet: Fleet, told: dict[str, Any]) -> str:
    with scope(fleet.tenant):
        return save_configuration(gateway=fleet.gateway, document=told, by="test", now=utc_now()).digest


def status(fleet: Fleet) -> dict[str, Any]:
    """What the agent has said of itself last."""
    with scope(fleet.tenant):
        found = EdgeAgent.objects.filter(gateway=fleet.gateway).first()
        return found.status if found else {"configuration": {}, "sources": []}


def test_the_platforms_configuration_is_followed_kept_and_refused(
    make_site: MakeSite, plant: Plant, broker: Broker, fleet: Fleet, everything: Any
) -> None:
    plant.start("web")
    site = at_site(make_site, plant, fleet)
    first = save(fleet, document(broker, "1/#"))
    wait_for(lambda: status(fleet)["configuration"].get("digest") == first)
    assert status(fleet)["configuration"]["state"] == "applied"
    wait_for(lambda: site.said("broker is connected"))
    sent = every_second(T0, 30)
    broker.publish("1/t24", *sent[:15])
    whole(everything, fleet, "1/t24", sent[:15])
    with scope(fleet.tenant):
        assert [key.state for key in site_keys(fleet.gateway)] == [KeyState.APPROVED]
        assert seal_counts(fleet.gateway).broken == 0
        assert seals(fleet.gateway).count() > 0

    absent = {"password": {"file": "nobody-has-written-this"}}
    refused = save(fleet, document(broker, "2/#", secrets=absent))
    wait_for(lambda: status(fleet)["configuration"]["state"] == "refused")
    told = status(fleet)["configuration"]
    assert told["digest"] == refused
    assert [(each["code"], each["place"].rpartition("/")[2]) for each in told["findings"]] == [
        ("edge.folder", "nobody-has-written-this")
    ]
    plant.kill("web")
    assert site.stop()[0] == 0
    site.start()  # without the platform
    wait_for(lambda: len(site.said("broker is connected")) == 2)
    broker.publish("1/t24", *sent[15:])
    plant.start("web")
    whole(everything, fleet, "1/t24", sent)
    last = save(fleet, document(broker, "2/#"))
    wait_for(lambda: status(fleet)["configuration"]["digest"] == last)
    wait_for(lambda: [one["state"] for one in status(fleet)["sources"]] == ["connected"])
    broker.publish("2/t24", *sent)
    broker.publish("1/t24", {"at": T0 - 1000, "value": 1.0})
    whole(everything, fleet, "2/t24", sent)
    whole(everything, fleet, "1/t24", sent)
    with scope(fleet.tenant):
        assert seal_counts(fleet.gateway).broken == 0


def test_what_is_too_large_is_halved_and_what_is_broken_is_set_aside(
    make_site: MakeSite, plant: Plant, broker: Broker, fleet: Fleet, everything: Any
) -> None:
    large = section("forwarding", batch_seconds=3, batch_readings=20_000)
    site = at_site(make_site, plant, fleet, mqtt_section(broker.url, "#"), large)
    wait_for(lambda: site.said("broker is connected"))
    for number in range(4):  # instants of their own: each reading is a row of some 270 bytes
        wave = {"at": T0 + number * 0.01, "rate_hz": 10, "values": [600.25] * 4_900}
        broker.publish(f"{number}-{'long' * 45}", wave)
    broker.publish("1/t24", {"at": T0, "value": 1.0})
    wait_for(lambda: _on_disk(site.home) == 4 * 4_900 + 1)
    assert site.stop()[0] == 0
    rows = sqlite3.connect(site.home / "store.db", isolation_level=None)
    broken = zstandard.ZstdCompressor().compress(b'{"batch": "x", ')
    rows.execute("INSERT INTO batch VALUES (1, 'x', 0, 1, 1, 0, ?)", [broken])
    rows.close()
    site.start()
    plant.start("web")
    wait_for(lambda: arrived(everything, fleet, "1/t24"))
    assert site.said("batch x is refused for good and set aside: 400 message.broken")
    assert [line for line in site.said("batch e.") if line["message"].endswith("is too large, and is sent in two")]
    asked = "SELECT name, readings, code FROM aside"
    assert sqlite3.connect(site.home / "store.db").execute(asked).fetchall() == [("x", 1, "message.broken")]


def test_a_full_disk_is_survived_and_used_again(
    make_site: MakeSite, plant: Plant, broker: Broker, fleet: Fleet, everything: Any
) -> None:
    """The kernel lets none of the agent's files grow; test_store has what SQLite says of a device without room."""
    site = at_site(make_site, plant, fleet, mqtt_section(broker.url, "1/#"), QUICK)
    wait_for(lambda: site.said("broker is connected"))
    sent = every_second(T0, 100_000)
    full = 1_000
    broker.publish("1/t24", *sent[:full])
    wait_for(lambda: _on_disk(site.home) == full)
    no_limit = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    size = max(path.stat().st_size for path in [*site.home.iterdir(), site._log])
    resource.prlimit(site.pid, resource.RLIMIT_FSIZE, (size + 8_192, resource.RLIM_INFINITY))

    def fill() -> bool:
        nonlocal full
        broker.publish("1/t24", *sent[full : full + 20])
        full += 20
        return bool(site.said("the disk takes nothing"))

    wait_for(fill)
    plant.start("web")
    whole(everything, fleet, "1/t24", sent[:full])  # sent while the disk is still full
    kept = _newest(site.home)
    resource.prlimit(site.pid, resource.RLIMIT_FSIZE, no_limit)
    plant.kill("web")
    end = full + 1_000
    broker.publish("1/t24", *sent[full:end])
    # With the first that the disk takes it is noted, too, that those before were acknowledged.
    wait_for(lambda: _on_disk(site.home) == _on_disk(site.home, after=kept) >= 1_000)
    site.kill()
    site.start()
    plant.start("web")
    whole(everything, fleet, "1/t24", sent[:end])
    with scope(fleet.tenant):
        assert seal_counts(fleet.gateway).broken == 0


def _on_disk(home: Path, *, after: int = 0) -> int:
    return _asked(home, f"SELECT total(readings) FROM batch WHERE position > {after}")


def _newest(home: Path) -> int:
    return _asked(home, "SELECT coalesce(max(position), 0) FROM batch")


def _asked(home: Path, query: str) -> int:
    asking = sqlite3.connect(f"file:{home / 'store.db'}?mode=ro", uri=True)
    try:
        return int(asking.execute(query).fetchone()[0])
    finally:
        asking.close()
