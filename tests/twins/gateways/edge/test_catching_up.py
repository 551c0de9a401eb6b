"""After an outage: all that waited arrives once, in order, soon, with its own instants, and marked as late."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.twins.conftest import Fleet
from tests.twins.gateways.edge.conftest import Broker, MakeSite, every_second, mqtt_section, section
from tests.twins.gateways.edge.distance import far_from
from tests.twins.gateways.edge.test_agent import QUICK, T0, arrived, at_site, whole
from tests.twins.gateways.plant import Plant, wait_for
from twins.gateways.edge import bodies
from twins.gateways.edge.batches import RAW, Batch
from twins.gateways.edge.configuration import Storing
from twins.gateways.edge.files import site_key
from twins.gateways.edge.platform.models import SealState
from twins.gateways.edge.platform.selectors import seal_counts, seals
from twins.gateways.edge.server import READINGS
from twins.gateways.edge.signing import fingerprint
from twins.gateways.edge.store import Store
from twins.gateways.field.samples import Sample
from twins.telemetry.instants import micros
from twins.telemetry.models import LateReadings
from twins.telemetry.window import look

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "owner"]), pytest.mark.timeout(300)]
ROUND_TRIP_S = 0.08


def outage(home: Path, *, batches: int, readings: int, key: str = "1/t24") -> list[dict[str, float]]:
    """Have a site's store hold what an outage leaves there: so many batches, of a second each; all readings of them."""
    home.mkdir(mode=0o700)
    site: Ed25519PrivateKey = site_key(home)
    store = Store(home / "store.db", fingerprint(site.public_key()), Storing())
    sent: list[dict[str, float]] = []
    for number in range(batches):
        told = every_second(T0 + 1000 * len(sent), readings, begin=600 + number % 50)
        samples = [Sample(key, round(one["at"] * 1000), one["value"]) for one in told]
        name = f"o.{number}"
        store.append(Batch(name, RAW, readings, number, bodies.packed(bodies.encoded(name, samples))))
        sent += told
    store.close()
    return sent


def joined_on_disk(home: Path) -> int:
    with closing(sqlite3.connect(f"file:{home / 'store.db'}?mode=ro", uri=True)) as asking:
        return int(asking.execute("SELECT count(*) FROM joined").fetchone()[0])


def sealed_rows(fleet: Fleet) -> list[Any]:
    with scope(fleet.tenant):
        assert seal_counts(fleet.gateway).broken == 0
        return sorted(seals(fleet.gateway).filter(state=SealState.KEPT), key=lambda one: one.sequence)


def test_small_batches_that_wait_go_as_few_to_a_platform_far_away(
    make_site: MakeSite, plant: Plant, fleet: Fleet, everything: Any
) -> None:
    plant.start("web")
    with far_from(plant.url, round_trip_s=ROUND_TRIP_S) as url:
        site = make_site(url, fleet.token)
        sent = outage(site.home, batches=600, readings=20)
        site.write(QUICK)
        site.start()
        rows = whole(everything, fleet, "1/t24", sent)
        wait_for(lambda: sum(one.readings for one in sealed_rows(fleet)) == len(sent))
        site.stop()
    commits = [commit for _, _, commit in rows]
    assert commits == sorted(commits)
    found = sealed_rows(fleet)
    # The first as it was, for it may have been tried before; then all others together.
    assert [(one.sequence, one.batch, one.readings) for one in found] == [(1, "o.0", 20), (2, "o.1+599", 11_980)]


def test_an_agent_that_is_killed_while_it_catches_up_sends_nothing_twice(
    make_site: MakeSite, plant: Plant, fleet: Fleet, everything: Any
) -> None:
    plant.start("web")
    with far_from(plant.url, round_trip_s=ROUND_TRIP_S) as url:
        site = make_site(url, fleet.token)
        sent = outage(site.home, batches=300, readings=200)
        site.write(QUICK)
        site.start()
        wait_for(lambda: joined_on_disk(site.home))  # on its way
        site.kill()
        site.start()
        wait_for(lambda: len(sealed_rows(fleet)) > 2)  # the answer is on its way
        site.kill()
        assert len(arrived(everything, fleet, "1/t24")) < len(sent)
        site.start()
        whole(everything, fleet, "1/t24", sent)
        wait_for(lambda: sum(one.readings for one in sealed_rows(fleet)) == len(sent))
        site.stop()
    found = sealed_rows(fleet)
    assert [one.sequence for one in found] == list(range(1, len(found) + 1))
    assert len({one.batch for one in found}) == len(found)


def test_what_waited_is_marked_as_late_with_its_own_instants(
    make_site: MakeSite, plant: Plant, broker: Broker, fleet: Fleet, everything: Any
) -> None:
    """As fresh as it is, only the mark tells that it was kept at the site."""
    plant.start("web")
    forwarding = section("forwarding", batch_seconds=0.1, live_seconds=8)
    site = at_site(make_site, plant, fleet, mqtt_section(broker.url, "#"), forwarding)
    wait_for(lambda: site.said("broker is connected"))
    broker.publish("2/t30", {"at": T0, "value": 1400.0})  # the first takes longest, and is of long ago
    wait_for(lambda: fleet.signals["2/t30"] in late(fleet))
    start = micros(utc_now()) // 1000 - 40_000
    sent = every_second(start, 40)
    broker.publish("1/t24", *sent[:10])
    whole(everything, fleet, "1/t24", sent[:10])
    assert late(fleet) == {fleet.signals["2/t30"]: 1}
    plant.kill("web")
    broker.publish("1/t24", *sent[10:30])
    wait_for(lambda: site.said("the platform does not take readings"))
    closed = micros(utc_now())
    wait_for(lambda: micros(utc_now()) - closed > 8_500_000)
    plant.start("web")
    whole(everything, fleet, "1/t24", sent[:30])
    wait_for(lambda: fleet.signals["1/t24"] in late(fleet))
    broker.publish("2/t24", *sent[30:])
    whole(everything, fleet, "2/t24", sent[30:])
    assert late(fleet) == {fleet.signals["2/t30"]: 1, fleet.signals["1/t24"]: 20}
    assert site.stop()[0] == 0


def test_a_late_batch_is_shown_as_one_where_it_arrives(plant: Plant, fleet: Fleet) -> None:
    plant.start("web")
    numbers, at = count(), utc_now().isoformat()
    headers = {"Authorization": f"Bearer {fleet.token}", "X-Replayed": "1"}

    def shown() -> list[bool]:
        found = look(settings.REDIS_URL, fleet.tenant, fleet.gateway)
        told = {"batch": f"b{next(numbers)}", "readings": [{"key": "1/t24", "at": at, "value": 640.0}]}
        assert httpx.post(f"{plant.url}{READINGS}", json=told, headers=headers, timeout=60).status_code == 200
        return [one["replayed"] for one in found]

    assert set(wait_for(shown)) == {True}


def late(fleet: Fleet) -> dict[int, int]:
    """Late readings by signal, as the data-quality page counts them."""
    with scope(fleet.tenant):
        return dict(LateReadings.objects.values_list("signal", "count"))
