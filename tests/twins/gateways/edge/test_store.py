"""The store: order, limits, policies, a disk that is full, a file that is broken."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from twins.gateways.edge import bodies
from twins.gateways.edge.batches import FEATURES, RAW, THINNEST, Batch, Chain
from twins.gateways.edge.configuration import MIB, Policy, Storing
from twins.gateways.edge.signing import FIRST
from twins.gateways.edge.spool import Spool
from twins.gateways.edge.store import DiskError, Store
from twins.gateways.field.samples import Sample

KEY = "ab" * 32
ROOM = Storing(limit=64 * MIB)


def batch(number: int, readings: int = 100, *, kind: int = RAW, noise: int = 0) -> Batch:
    """A batch with instants of its own, which packs to some three bytes a reading or, with noise, to some nine."""
    samples = [
        Sample("k", (number * readings + each) * 1_000_000, ((each * 7919 + number) % 9973) * 1.1**noise)
        for each in range(readings)
    ]
    name = f"e.{number}"
    return Batch(name, kind, readings, number, bodies.packed(bodies.encoded(name, samples)))


def held(store: Store) -> list[Batch]:
    """All batches, in order, which the store lets go of."""
    found = []
    while (head := store.head()) is not None:
        found.append(head)
        store.acknowledged(head, Chain(KEY, len(found), "cd" * 32))
    return found


def first(store: Store) -> Batch:
    found = store.head()
    assert found is not None
    return found


async def next_of(spool: Spool) -> Batch:
    found = await spool.head()
    assert found is not None
    return found


def instants(one: Batch) -> list[int]:
    document = json.loads(bodies.unpacked(one.body))
    assert document["batch"] == one.name
    return list(document["at"]) if "at" in document else [row["at"] for row in document["readings"]]


def test_batches_come_back_in_order_and_as_they_were(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", KEY, ROOM)
    sent = [batch(number) for number in range(5)]
    assert [store.append(one).readings for one in sent] == [0] * 5
    assert (store.batches, store.readings, store.oldest_at) == (5, 500, 0)
    store.acknowledged(found := first(store), Chain(KEY, 1, "cd" * 32))
    assert (found.name, found.body) == (sent[0].name, sent[0].body)
    del store  # without an end, as a crash leaves it
    again = Store(tmp_path / "s.db", KEY, ROOM)
    assert (again.batches, again.readings, again.oldest_at) == (4, 400, 1)
    assert again.chain == Chain(KEY, 1, "cd" * 32)
    assert [(one.name, one.body) for one in held(again)] == [(one.name, one.body) for one in sent[1:]]
    assert (again.batches, again.readings, again.head()) == (0, 0, None)
    again.close()
    assert Store(tmp_path / "s.db", "ef" * 32, ROOM).chain == Chain("ef" * 32, 0, FIRST)


def fill(path: Path, policy: Policy, count: int = 400, *, readings: int = 1000) -> tuple[Store, int]:
    """A store of one mebibyte into which more was put than it holds; how many readings these were."""
    store = Store(path, KEY, Storing(limit=MIB, policy=policy))
    store._sql.execute("PRAGMA synchronous = OFF")  # nothing crashes here
    for number in range(count):
        store.append(batch(number, readings, noise=1))
        assert store.bytes <= MIB
    return store, count * readings


def test_the_oldest_give_way(tmp_path: Path) -> None:
    store, put = fill(tmp_path / "s.db", Policy.OLDEST)
    dropped = store.dropped
    found = held(store)
    numbers = [one.closed_at for one in found]
    assert numbers == [0, *range(numbers[1], 400)]  # the first may be on its way
    assert numbers[1] > 1
    assert (dropped.batches, dropped.readings) == (400 - len(found), put - 1000 * len(found))
    assert (tmp_path / "s.db").stat().st_size <= MIB + 64 * 1024


def test_the_newest_give_way(tmp_path: Path) -> None:
    store, put = fill(tmp_path / "s.db", Policy.NEWEST)
    dropped = store.dropped
    found = held(store)
    assert [one.closed_at for one in found] == list(range(len(found)))
    assert 1 < len(found) < 400
    assert (dropped.batches, dropped.readings) == (400 - len(found), put - 1000 * len(found))


def test_the_oldest_are_thinned_and_every_batch_is_still_there(tmp_path: Path) -> None:
    store, put = fill(tmp_path / "s.db", Policy.THIN)
    dropped, found = store.dropped, held(store)
    assert [one.closed_at for one in found] == list(range(400))
    assert dropped.batches == 0
    assert sum(one.readings for one in found) == put - dropped.readings
    assert (found[0].level, found[-1].level) == (0, 0)
    levels = [one.level for one in found[1:]]
    assert levels == sorted(levels, reverse=True)
    for one in found:
        assert instants(one) == list(
            range(one.closed_at * 1_000_000, (one.closed_at + 1) * 1_000_000, 1000 << one.level)
        )
    assert len({one.name for one in found}) == 400


@pytest.mark.parametrize(("readings", "count"), [(1, 5_000), (30, 2_500)])
def test_thinning_small_batches_ends_and_keeps_the_limit(tmp_path: Path, readings: int, count: int) -> None:
    store, put = fill(tmp_path / "s.db", Policy.THIN, count, readings=readings)
    dropped, found = store.dropped, held(store)
    assert sum(one.readings for one in found) == put - dropped.readings
    assert all(one.level <= THINNEST for one in found)
    assert len(found) > 1_000


def test_features_outlive_raw_readings(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", KEY, Storing(limit=MIB, policy=Policy.THIN))
    for number in range(100):
        store.append(batch(2 * number, 2000, noise=1))
        store.append(batch(2 * number + 1, 50, kind=FEATURES, noise=1))
    found = held(store)
    assert [one.readings for one in found if one.kind == FEATURES] == [50] * 100


def test_a_batch_that_never_fits_is_counted(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", KEY, Storing(limit=MIB))
    store.append(batch(0))
    assert store.append(Batch("big", RAW, 7, 1, bytes(2 * MIB))).readings == 7
    assert [one.name for one in held(store)] == ["e.0"]
    assert Store(tmp_path / "s.db", KEY, ROOM).dropped.readings == 7


def test_one_that_is_too_large_becomes_two_in_its_place(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", KEY, ROOM)
    for number in range(3):
        store.append(batch(number, 5))
    assert store.halve(first(store))
    again = first(store)
    assert (again.name, store.readings, store.batches) == ("e.0a", 15, 4)
    assert store.halve(again)
    found = held(store)
    assert [one.name for one in found] == ["e.0aa", "e.0ab", "e.0b", "e.1", "e.2"]
    assert [at for one in found for at in instants(one)] == list(range(0, 15_000, 1000))
    store.append(batch(3, 1))
    assert not store.halve(first(store))


def test_what_can_never_be_sent_is_kept_apart_within_its_share(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", KEY, Storing(limit=MIB))
    for number in range(60):
        store.append(batch(number, 2000, noise=1))
        store.set_aside(first(store), code="message.broken", message="400 why", at=7)
    assert (store.batches, store.readings) == (0, 0)
    kept = store.set_aside_count()
    assert 1 < kept < 60
    assert (store.dropped.batches, store.dropped.readings) == (60 - kept, 2000 * (60 - kept))
    rows = sqlite3.connect(tmp_path / "s.db").execute("SELECT name, code, message, at, body FROM aside").fetchall()
    assert rows[-1] == ("e.59", "message.broken", "400 why", 7, batch(59, 2000, noise=1).body)


def test_a_batch_that_the_disk_has_changed_stops_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", KEY, Storing(limit=MIB, policy=Policy.THIN))
    store.append(batch(0))
    store.append(Batch("broken", RAW, 7, 1, bytes(700 * 1024)))
    store.append(Batch("large", RAW, 9, 2, bytes(700 * 1024)))
    assert (store.dropped.batches, store.dropped.readings) == (1, 7)
    assert [one.name for one in held(store)] == ["e.0", "large"]


def test_small_batches_are_joined_for_good_and_sent_as_they_were_when_they_have_to(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", KEY, ROOM)
    for number in range(5):
        store.append(batch(number))
    made = store.join(most=1 << 20, before=None)
    assert made is not None
    assert (made.name, made.parts, made.readings) == ("e.0+5", 5, 500)
    assert instants(made) == [at for number in range(5) for at in instants(batch(number))]
    assert (store.batches, store.readings) == (5, 500)
    store.close()
    store = Store(tmp_path / "s.db", KEY, ROOM)
    assert first(store) == made  # it may have been tried: its name stands for the same
    store.part(made)
    assert first(store).name == "e.0"
    again = store.join(most=1 << 20, before=None)
    assert again == made
    store.append(batch(5))
    store.acknowledged(again, Chain(KEY, 1, "cd" * 32))
    assert (store.batches, store.readings, first(store).name) == (1, 100, "e.5")
    assert store.join(most=1 << 20, before=None) is None


def test_only_what_fits_is_joined(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", KEY, ROOM)
    for number in range(4):
        store.append(batch(number))
    closed = first(store).closed_at
    size = len(bodies.unpacked(first(store).body))
    assert store.join(most=2 * size - 1, before=None) is None
    assert store.join(most=1 << 20, before=closed) is None
    found = store.join(most=2 * size + size // 2, before=None)
    assert found is not None
    assert found.parts == 2
    store.acknowledged(found, Chain(KEY, 1, "cd" * 32))
    store.settings = Storing(limit=MIB)
    store.append(Batch("broken", RAW, 7, 1, b"no batch"))
    assert store.join(most=1 << 20, before=None) is not None
    store.acknowledged(first(store), Chain(KEY, 2, "cd" * 32))
    store.append(batch(9))
    assert store.join(most=1 << 20, before=None) is None


@pytest.mark.parametrize("policy", [Policy.OLDEST, Policy.THIN])
def test_what_is_joined_is_on_its_way_and_never_dropped(tmp_path: Path, policy: Policy) -> None:
    store = Store(tmp_path / "s.db", KEY, Storing(limit=MIB, policy=policy))
    for number in range(3):
        store.append(batch(number, 2000, noise=1))
    made = store.join(most=1 << 21, before=None)
    assert made is not None
    for number in range(3, 200):
        store.append(batch(number, 2000, noise=1))
    assert store.bytes <= MIB
    assert store.dropped.readings > 0
    assert first(store) == made
    store.acknowledged(made, Chain(KEY, 1, "cd" * 32))
    assert store.readings == sum(one.readings for one in held(store))
    assert store.batches == 0


class Device:
    """The file to which SQLite writes first, swapped for a device that never has room: the kernel says ENOSPC."""

    def __init__(self, path: Path) -> None:
        wal = str(path) + "-wal"
        (self._number,) = (
            int(one.name) for one in Path("/proc/self/fd").iterdir() if one.exists() and str(one.readlink()) == wal
        )
        self._kept = os.dup(self._number)

    def fill(self) -> None:
        self._become("/dev/full")

    def empty(self) -> None:
        os.dup2(self._kept, self._number)
        os.close(self._kept)

    def _become(self, path: str) -> None:
        number = os.open(path, os.O_RDWR)
        os.dup2(number, self._number)
        os.close(number)


def test_a_device_without_room_is_survived(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = Store(path, KEY, ROOM)
    for number in range(3):
        store.append(batch(number))
    store._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    device = Device(path)
    device.fill()
    with pytest.raises(DiskError, match="full"):
        store.append(batch(3))
    with pytest.raises(DiskError, match="full"):
        store.join(most=1 << 20, before=None)
    with pytest.raises(DiskError, match="full"):
        store.acknowledged(first(store), Chain(KEY, 1, "cd" * 32))
    assert (store.batches, first(store).name) == (2, "e.1")
    device.empty()
    store.append(batch(3))
    store._sql.close()  # as if it were killed: what was sent is noted with the first thing that the disk takes
    store = Store(path, KEY, ROOM)
    assert (store.chain.sequence, [one.name for one in held(store)]) == (1, ["e.1", "e.2", "e.3"])


def full(store: Store, *, is_full: bool) -> None:
    """A disk without room: SQLite may make its file no longer."""
    store._sql.execute(f"PRAGMA max_page_count = {1 if is_full else 1 << 30}")


def test_a_full_disk_is_told_and_nothing_is_half_done(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db", KEY, ROOM)
    store.append(batch(0))
    full(store, is_full=True)
    with pytest.raises(DiskError):
        store.append(batch(1, 5000, noise=1))
    assert (store.batches, store.readings, store.dropped.readings) == (1, 100, 0)
    full(store, is_full=False)
    store.append(batch(1))
    assert [one.name for one in held(store)] == ["e.0", "e.1"]


async def test_readings_wait_in_memory_while_the_disk_is_full(tmp_path: Path) -> None:
    spool = Spool(tmp_path, KEY, ROOM)
    await spool.open()
    full(spool._open_store, is_full=True)
    receipt = await spool.put([batch(number, 5000, noise=1) for number in range(3)])
    after = await spool.put([])
    assert not receipt.done.done()
    assert not after.done.done()
    figures = await spool.figures()
    assert (figures.in_memory, figures.readings, figures.batches) == (15_000, 15_000, 3)
    head = await next_of(spool)
    with pytest.raises(DiskError):
        await spool.set_aside(head, code="c", message="m")
    assert (await next_of(spool)).name == "e.0"
    await spool.acknowledged(head, Chain(KEY, 1, "cd" * 32))
    assert (await next_of(spool)).name == "e.1"
    full(spool._open_store, is_full=False)
    await spool.put([batch(3)])
    assert receipt.done.done()
    assert after.done.done()
    assert (await spool.figures()).in_memory == 0
    await spool.close()
    store = Store(tmp_path / "store.db", KEY, ROOM)
    assert store.chain.sequence == 1
    assert [one.name for one in held(store)] == ["e.1", "e.2", "e.3"]


@pytest.mark.parametrize(
    ("policy", "names"),
    [
        (Policy.OLDEST, ["e.0", "e.3", "e.4"]), (Policy.NEWEST, ["e.0", "e.1", "e.2"]),
        (Policy.THIN, ["e.0", "e.1~", "e.2~", "e.3~", "e.4~"]),
    ],
)  # fmt: skip
async def test_memory_has_a_limit_too(tmp_path: Path, policy: Policy, names: list[str]) -> None:
    spool = Spool(tmp_path, KEY, Storing(limit=MIB, policy=policy, memory_readings=3000))
    await spool.open()
    full(spool._open_store, is_full=True)
    for number in range(5):
        await spool.put([batch(number, 1000, noise=1)])
    figures = await spool.figures()
    full(spool._open_store, is_full=False)
    await spool.put([])
    found = []
    while (head := await spool.head()) is not None:
        found.append(head)
        await spool.acknowledged(head, Chain(KEY, len(found), "cd" * 32))
    assert [one.name for one in found] == names
    assert figures.dropped_readings == 5000 - sum(one.readings for one in found)
    assert (await spool.figures()).dropped_readings == figures.dropped_readings
    await spool.close()


async def test_what_was_acknowledged_while_the_disk_is_full_is_not_sent_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path, KEY, ROOM)
    await spool.open()
    for number in range(3):
        await spool.put([batch(number)])
    spool._open_store._sql.execute("PRAGMA query_only = ON")
    head = await next_of(spool)
    await spool.acknowledged(head, Chain(KEY, 1, "cd" * 32))
    assert (await next_of(spool)).name == "e.1"
    assert (await spool.figures()).batches == 2
    spool._open_store._sql.execute("PRAGMA query_only = OFF")
    await spool.acknowledged(await next_of(spool), Chain(KEY, 2, "cd" * 32))
    await spool.close()
    store = Store(tmp_path / "store.db", KEY, ROOM)
    assert (store.chain.sequence, [one.name for one in held(store)]) == (2, ["e.2"])


async def test_a_broken_file_is_kept_and_another_begun(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"no database at all" * 1000)
    spool = Spool(tmp_path, KEY, ROOM)
    await spool.open()
    await spool.put([batch(0)])
    assert (await next_of(spool)).name == "e.0"
    await spool.close()
    (kept,) = list(tmp_path.glob("store.broken-*"))  # noqa: ASYNC240 (a test)
    assert kept.read_bytes().startswith(b"no database")
