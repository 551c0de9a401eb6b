"""Seals in the commit of their readings: what is kept, what breaks, and that nothing is lost for it."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import httpx
import pytest
import zstandard
from asgiref.sync import sync_to_async

from tenants.kernel.clock import utc_now
from tenants.scope.context import scope
from tests.ingest import ingesting
from tests.twins.conftest import Fleet, stored
from tests.twins.gateways.edge_platform.site import Site, body_of
from twins.gateways.edge.platform import selectors, services
from twins.gateways.edge.platform.models import SealedBatch
from twins.gateways.edge.platform.routes import PREFIX
from twins.gateways.edge.platform.sealing import BREAKS, unpacked
from twins.gateways.edge.signing import HEADER
from twins.gateways.http import PATH
from twins.telemetry.instants import moment
from twins.telemetry.models import LateReadings

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
KEPT = {"kept": True}


@pytest.fixture
async def known(client: httpx.AsyncClient, site: Site) -> Site:
    """The site, once the platform has seen its key and approved it on sight."""
    answer = await client.post(f"{PREFIX}/status", json=site.status())
    assert answer.json()["key"] == {"fingerprint": site.fingerprint, "state": "approved"}
    return site


def batch(number: int) -> bytes:
    return body_of(f"b{number}", ("1/t24", 640.0 + number), at=f"2025-01-01T00:00:{number:02}Z")


async def send(client: httpx.AsyncClient, request: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(PATH, **request)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def broken(code: str, detail: str = "") -> dict[str, Any]:
    message, fix = BREAKS[code]
    return {"kept": False, "code": code, "message": f"{message}: {detail}" if detail else message, "fix": fix}


@sync_to_async
def rows(fleet: Fleet) -> list[SealedBatch]:
    with scope(fleet.tenant):
        return list(SealedBatch.objects.order_by("id"))


async def test_a_seal_is_kept_with_its_readings(
    client: httpx.AsyncClient, known: Site, fleet: Fleet, everything: Any
) -> None:
    body = body_of("b1", ("1/t24", 640.0), ("2/t30", 1500.5), ("2/t30", 1501.5))
    request = known.signed(body)
    answer = await send(client, request)
    assert (answer["accepted"], answer["seal"]) == (2, KEPT)
    (row,) = await rows(fleet)
    assert (row.gateway, row.fingerprint, row.sequence, row.previous) == (
        fleet.gateway, known.fingerprint, 1, "0" * 64,
    )  # fmt: skip
    assert (row.state, row.code, row.reason, row.batch, row.commit) == ("kept", "", "", "b1", 1)
    assert row.digest == known.previous
    assert row.body_digest == hashlib.sha256(body).hexdigest()
    assert unpacked(bytes(row.body)) == body
    assert (row.readings, sorted(row.signals)) == (3, sorted([fleet.signals["1/t24"], fleet.signals["2/t30"]]))
    assert row.first_at == row.last_at == moment(1735689600000000)
    assert len(stored(everything, fleet.tenant)) == 2


async def test_what_is_signed_is_the_body_before_packing(client: httpx.AsyncClient, known: Site, fleet: Fleet) -> None:
    body = batch(1)
    request = known.signed(body, **{"Content-Encoding": "zstd"})
    answer = await send(client, request | {"content": zstandard.compress(body)})
    assert answer["seal"] == KEPT
    assert unpacked(bytes((await rows(fleet))[0].body)) == body


async def test_a_batch_without_a_seal_is_answered_as_ever(client: httpx.AsyncClient, known: Site, fleet: Fleet) -> None:
    answer = await client.post(PATH, content=batch(1), headers={"Content-Type": "application/json"})
    assert "seal" not in answer.json()
    assert await rows(fleet) == []


async def test_a_chain_is_kept_link_by_link(client: httpx.AsyncClient, known: Site, fleet: Fleet) -> None:
    for number in range(1, 4):
        assert (await send(client, known.signed(batch(number))))["seal"] == KEPT
    kept = await rows(fleet)
    assert [row.sequence for row in kept] == [1, 2, 3]
    assert [row.previous for row in kept[1:]] == [row.digest for row in kept[:2]]


async def test_a_repeat_is_harmless(client: httpx.AsyncClient, known: Site, fleet: Fleet) -> None:
    first, second = known.signed(batch(1)), known.signed(batch(2))
    for request, accepted in ((first, 1), (first, 0), (second, 1), (first, 0), (second, 0)):
        answer = await send(client, request)
        assert (answer["accepted"], answer["seal"]) == (accepted, KEPT)
    assert [row.sequence for row in await rows(fleet)] == [1, 2]


async def test_a_gap_is_noted_and_the_chain_goes_on_from_there(
    client: httpx.AsyncClient, known: Site, fleet: Fleet, everything: Any
) -> None:
    await send(client, known.signed(batch(1)))
    lost = known.signed(batch(2))
    gap = known.signed(batch(3))
    for _ in range(2):
        assert (await send(client, gap))["seal"] == broken("seal.gap", "3 came after 1")
    assert (await send(client, known.signed(batch(4))))["seal"] == KEPT
    late = await send(client, lost)
    assert (late["accepted"], late["seal"]) == (1, broken("seal.out_of_sequence", "2 came after 4"))
    found = await rows(fleet)
    assert [(row.sequence, row.state, row.code, bool(row.body)) for row in found] == [
        (1, "kept", "", True), (3, "broken", "seal.gap", False), (4, "kept", "", True),
        (2, "broken", "seal.out_of_sequence", False),
    ]  # fmt: skip
    assert found[2].previous == found[1].digest
    assert len(stored(everything, fleet.tenant)) == 4


async def test_the_number_may_follow_and_the_link_may_not(client: httpx.AsyncClient, known: Site, fleet: Fleet) -> None:
    await send(client, known.signed(batch(1)))
    known.previous = "a" * 64
    assert (await send(client, known.signed(batch(2))))["seal"] == broken("seal.gap", "2 came after 1")
    assert (await send(client, known.signed(batch(3))))["seal"] == KEPT


async def test_another_body_does_not_hold(client: httpx.AsyncClient, known: Site, fleet: Fleet) -> None:
    request = known.signed(batch(1)) | {"content": body_of("b1", ("1/t24", 999.0))}
    for accepted in (1, 0):
        answer = await send(client, request)
        assert (answer["accepted"], answer["seal"]) == (accepted, broken("seal.does_not_hold"))
    (row,) = await rows(fleet)
    assert (row.state, row.digest, bytes(row.body)) == ("broken", "", b"")
    known.sequence, known.previous = 0, "0" * 64  # a forged seal does not stand in the way of the true one
    assert (await send(client, known.signed(batch(2))))["seal"] == KEPT


async def test_a_seal_of_an_unknown_key(client: httpx.AsyncClient, known: Site, fleet: Fleet) -> None:
    answer = await send(client, Site(9).signed(batch(1)))
    assert (answer["accepted"], answer["seal"]) == (1, broken("seal.unknown_key"))
    assert [(row.fingerprint, row.code) for row in await rows(fleet)] == [(Site(9).fingerprint, "seal.unknown_key")]


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("", "it does not have four parts"),
        ("a;b;c", "it does not have four parts"),
        (f"{'0' * 64};0;{'0' * 64};AAAA", "its number is no whole number from 1"),
        (f"{'0' * 63}g;1;{'0' * 64};AAAA", "its key or the seal before it is no SHA-256 in small hexadecimal digits"),
        (f"{'0' * 64};1;{'0' * 64};A", "its signature is no base64"),
    ],
)
async def test_a_seal_that_cannot_be_read(
    client: httpx.AsyncClient, known: Site, fleet: Fleet, header: str, fault: str
) -> None:
    request = {"content": batch(1), "headers": {"Content-Type": "application/json", HEADER: header}}
    answer = await send(client, request)
    assert (answer["accepted"], answer["seal"]) == (1, broken("seal.unreadable", fault))
    (row,) = await rows(fleet)
    assert (row.sequence, row.fingerprint, row.code) == (0, "", "seal.unreadable")


async def test_another_key_waits_until_a_person_approves_it(
    client: httpx.AsyncClient, known: Site, fleet: Fleet
) -> None:
    other = Site(2)
    await send(client, known.signed(batch(1)))
    answer = await client.post(f"{PREFIX}/status", json=other.status())
    assert answer.json()["key"] == {"fingerprint": other.fingerprint, "state": "waiting"}
    waiting = other.signed(batch(2))
    assert (await send(client, waiting))["seal"] == broken("seal.key_waiting")

    @sync_to_async
    def approve() -> list[tuple[str, str]]:
        with scope(fleet.tenant):
            (key,) = selectors.site_keys(fleet.gateway).filter(state="waiting")
            services.approve_key(gateway=fleet.gateway, key=key.id, by="ada", now=utc_now())
            return [(one.fingerprint, one.state) for one in selectors.site_keys(fleet.gateway)]

    assert await approve() == [(other.fingerprint, "approved"), (known.fingerprint, "retired")]
    assert (await send(client, waiting))["seal"] == broken("seal.key_waiting")  # what was said of it stands
    assert (await send(client, other.signed(batch(3))))["seal"] == KEPT
    assert (await send(client, known.signed(batch(4))))["seal"] == broken("seal.key_retired")


async def test_a_seal_holds_for_its_own_gateway_only(
    client: httpx.AsyncClient, known: Site, fleet: Fleet, their_fleet: Fleet
) -> None:
    request = known.signed(batch(1))
    request["headers"] |= {"Authorization": f"Bearer {their_fleet.token}"}
    assert (await send(client, request))["seal"] == broken("seal.unknown_key")
    assert await rows(fleet) == []


async def test_a_batch_that_is_refused_leaves_no_seal(client: httpx.AsyncClient, known: Site, fleet: Fleet) -> None:
    await send(client, known.signed(batch(1)))
    reused = await client.post(PATH, **known.signed(body_of("b1", ("1/t24", 1.0))))
    assert reused.status_code == 409
    assert [row.sequence for row in await rows(fleet)] == [1]


async def test_many_at_once_are_one_chain(client: httpx.AsyncClient, known: Site, fleet: Fleet) -> None:
    """Several of one commit, in the order in which they came."""
    requests = [known.signed(batch(number)) for number in range(1, 21)]
    answers = await asyncio.gather(*(send(client, request) for request in requests))
    assert [answer["seal"] for answer in answers] == [KEPT] * 20
    assert [row.sequence for row in await rows(fleet)] == list(range(1, 21))


async def test_a_replayed_batch_is_late_however_fresh(fleet: Fleet) -> None:
    at = utc_now().isoformat()
    async with ingesting(fleet.token, content_type="application/json") as client:
        fresh, kept = (body_of(name, (key, 640.0), at=at) for name, key in (("b1", "1/t24"), ("b2", "2/t24")))
        await client.post(PATH, content=fresh)
        await client.post(PATH, content=kept, headers={"X-Replayed": "1"})

    @sync_to_async
    def late() -> list[tuple[int, int]]:
        with scope(fleet.tenant):
            return list(LateReadings.objects.values_list("signal", "count"))

    assert await late() == [(fleet.signals["2/t24"], 1)]
