"""How fast outcomes are rated, whether they are right, and how long it takes to settle many contracts.

A year of hourly evidence (each hour a report of the state, received on its own, and a reading of a counter) is sealed
as the product keeps it. Contract by contract and month by month it is read from PostgreSQL and rated:
`asset_months_per_s` is the engine's pace in processor time, `ratio_read` its time over that of the reading before it.
Understanding the document and printing the outcome with its trace are told beside it. Documents drawn by a number, with
every part of a contract in them, are rated and compared with an evaluator that goes second by second. Contracts about
fleets that fly are settled by the real services, by two processes at once: evidence sealed, outcome run, statement.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, connections

from billing.outcomes.domain.engine import rate
from billing.outcomes.domain.printed import printed
from billing.outcomes.intake import read_rate_document
from deploy.benchmarks import Limits, Progress
from deploy.settling import settle, signed
from deploy.stage import own_database
from tenants.kernel.canonical import canonical_json, digest
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.collection import collection_paused
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.documents import packed_document
from tenants.scope.models import Tenant
from twins.composer.services import create_twin
from twins.evidence.selectors import segments

DATA = None
TARGETS: dict[str, Limits] = {
    "asset_months_per_s": {"at_least": 2000.0},
    "ratio_read": {"at_most": 1.0},
    "mismatches": {"at_most": 0},
    "settle_1000_s": {"at_most": 60.0},
}
_YEAR = 2025
_HOUR = timedelta(hours=1)
_PROCESSES = 2
_TESTS = "tests.billing.outcomes"
_INSERT = """
INSERT INTO twins_evidencesegment
    (tenant_id, id, twin_id, asset, start, "end", revision, document, digest, watermark, sealed_at)
VALUES (%s, %s, %s, %s, %s, %s, 1, %s, %s, 0, %s)"""
_T = TypeVar("_T")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Size:
    """How much is rated and settled."""

    assets: int
    months: int
    contracts: int
    settled: int
    each: int = 100


@dataclass(slots=True)
class _Taken:
    """Seconds that one asset's month took, for each contract and month."""

    read: list[float] = field(default_factory=list)
    understand: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    print: list[float] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How much is rated, compared and settled."""
    parser.add_argument("--assets", type=int, default=1000, help="assets with hourly evidence, 100 a contract")
    parser.add_argument("--months", type=int, default=12, help="months of their evidence, at most 12")
    parser.add_argument("--contracts", type=int, default=10_000, help="documents drawn and compared")
    parser.add_argument("--settled", type=int, default=20, help="contracts about 100 assets that are settled")


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Measure in a database of its own."""
    size = _Size(options.assets, min(12, options.months), options.contracts, options.settled)
    if options.toy:
        size = _Size(assets=4, months=1, contracts=20, settled=2, each=2)
    with own_database():
        taken = _rate_year(size, lambda share, what: progress(0.5 * share, what))
        progress(0.5, "signing contracts")
        settled, worked = _settled(size, lambda share: progress(0.5 + 0.2 * share, "signing contracts"))
    different = mismatches(size.contracts, lambda share: progress(0.7 + 0.3 * share, "comparing"))
    return {
        "targets": TARGETS,
        "asset_months": size.assets * size.months,
        **_figures(taken),
        "contracts": 0 if different is None else size.contracts,
        "mismatches": None if different is None else len(different),
        "mismatched": None if different is None else different[:5],
        "settled": size.settled,
        "settle_ms": round(1000 * settled / size.settled),
        "settle_processor_ms": round(1000 * worked / size.settled),
        "settle_1000_s": round(1000 * settled / size.settled, 1),
    }


def _figures(taken: _Taken) -> dict[str, Any]:
    """Medians over all contracts and months; milliseconds for one asset's month."""
    of_stages = {"read": taken.read, "understand": taken.understand, "rate": taken.rate, "print": taken.print}
    pairs = zip(taken.rate, taken.read, strict=True)
    return {
        "asset_months_per_s": round(1 / statistics.median(taken.processor)),
        "ratio_read": round(statistics.median(rated / read for rated, read in pairs), 3),
        **{f"{stage}_ms": round(1000 * statistics.median(seconds), 3) for stage, seconds in of_stages.items()},
    }


# -- a year of hourly evidence ----------------------------------------------------------------------------------------


def _rate_year(size: _Size, progress: Progress) -> _Taken:
    """Seal, read and rate month after month; the reading of a contract is followed by its rating."""
    tenant = Tenant.objects.create(slug="rated", name="Rated", plan="enterprise", created_at=utc_now())
    fleets = [[new_id() for _ in range(count)] for count in _parts(size.assets, size.each)]
    with scope(tenant.id):
        twins = [create_twin(name=f"Fleet {number}", now=utc_now()).id for number in range(len(fleets))]
    chance, taken = random.Random(1), _Taken()  # noqa: S311 (what the machines do)
    for month in range(size.months):
        span = (
            datetime(_YEAR, month + 1, 1, tzinfo=UTC),
            datetime(_YEAR + month // 11, (month + 1) % 12 + 1, 1, tzinfo=UTC),
        )
        for number, (twin, assets) in enumerate(zip(twins, fleets, strict=True)):
            progress((month + number / len(twins)) / size.months, "rating a year")
            with scope(tenant.id):
                _seal(tenant.id, twin, assets, span, chance)
                _measure(twin, span, len(assets), taken, prints=number == 0)
    return taken


def _parts(whole: int, most: int) -> Iterator[int]:
    while whole > 0:
        yield min(whole, most)
        whole -= most


def _seal(
    tenant: UUID, twin: UUID, assets: Sequence[UUID], span: tuple[datetime, datetime], chance: random.Random
) -> None:
    now = utc_now()
    rows: list[list[Any]] = []
    for asset in assets:
        document = _segment(asset, span, chance)
        rows.append([tenant, new_id(), twin, asset, *span, packed_document(document), digest(document), now])
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)


def _segment(asset: UUID, span: tuple[datetime, datetime], chance: random.Random) -> Json:
    """The document of an asset's month: mostly up, now and then down or unknown for some hours."""
    states: list[Json] = []
    counters = [_reading(asset, span[0], span[0], 0)]
    state, moved, at = "up", 0, span[0]
    while at < span[1]:
        if chance.random() < (0.01 if state == "up" else 0.25):
            state = chance.choice(("down", "down", "unknown")) if state == "up" else "up"
        moved += chance.randint(0, 500) if state == "up" else 0
        end = at + _HOUR
        received = end + timedelta(seconds=chance.randint(5, 90))
        states.append({"from": isoformat(at), "to": isoformat(end), "state": state, "received": isoformat(received)})
        counters.append(_reading(asset, end, received, moved))
        at = end
    return {
        "asset": str(asset), "name": f"Excavator {asset.hex[-6:]}", "start": isoformat(span[0]),
        "end": isoformat(span[1]), "in_service": None, "initial": None, "states": states, "counters": counters,
    }  # fmt: skip


def _reading(asset: UUID, at: datetime, received: datetime, tenths: int) -> Json:
    value = f"{tenths // 10}.{tenths % 10}"
    return {"id": f"{asset}/{isoformat(at)}", "at": isoformat(at), "value": value, "received": isoformat(received)}


def _measure(twin: UUID, span: tuple[datetime, datetime], count: int, taken: _Taken, *, prints: bool) -> None:
    """Read what was sealed of so many assets, understand it, rate it, and print what came out."""
    text, seconds = _read(twin, span)
    taken.read.append(seconds / count)
    document, seconds = _timed(lambda: read_rate_document(text))
    taken.understand.append(seconds / count)
    with collection_paused():  # as the product rates
        begun = time.process_time()
        outcome, seconds = _timed(lambda: rate(document))
    taken.processor.append((time.process_time() - begun) / count)
    taken.rate.append(seconds / count)
    if prints:
        taken.print.append(_timed(lambda: printed(outcome))[1] / count)


def _read(twin: UUID, span: tuple[datetime, datetime]) -> tuple[bytes, float]:
    """The rate document on what was sealed, as text, and the seconds that reading took."""
    sealed, seconds = _timed(lambda: segments(twin, *span))
    return canonical_json(_rate_document({str(one.asset): one.document for one in sealed}, span)), seconds


def _rate_document(known: Mapping[str, Json], span: tuple[datetime, datetime]) -> Json:
    """Guaranteed uptime on working days, paid by what is moved."""
    fields = ("in_service", "initial", "states", "counters")
    clause = {
        "id": "uptime",
        "indicator": {"kind": "availability"},
        "assets": sorted(known),
        "aggregate": "pooled",
        "calendar": {
            "weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "06:00", "to": "22:00"}],
            "holidays": [],
        },
        "outages": {"minimum": "PT15M", "quantum": "PT15M"},
        "gaps": {"policy": "carry_forward", "carry": "PT1H", "then": "down"},
        "minimum_coverage": "80",
        "exclusions": [],
        "remedies": [{"kind": "tiers", "tiers": [{"below": "98", "credit": "5"}, {"below": "95", "credit": "10"}]}],
    }
    fee = {"kind": "metered", "unit": "m3", "mode": "graduated", "tiers": [{"to": None, "price": "1.05"}]}
    return {
        "rate": 1,
        "period": {"start": isoformat(span[0]), "end": isoformat(span[1])},
        "as_of": isoformat(span[1] + timedelta(days=3)),
        "contract": {
            "currency": "EUR", "time_zone": "Europe/Berlin", "rounding": "half_even", "correction_window": "P30D",
            "fee": fee, "clauses": [clause], "caps": {"period_percent": "20", "year_remaining_minor": None},
        },
        "evidence": {asset: {name: document[name] for name in fields} for asset, document in known.items()},
        "exclusions": [],
    }  # fmt: skip


def _timed(work: Callable[[], _T]) -> tuple[_T, float]:
    begun = time.perf_counter()
    done = work()
    return done, time.perf_counter() - begun


# -- is it right, and how long does it take in all ---------------------------------------------------------------------


def mismatches(count: int, tell: Callable[[float], None]) -> list[str] | None:
    """Where the engine and the evaluator of the tests differ; None where the tests are not installed."""
    try:
        drawn = importlib.import_module(f"{_TESTS}.drawn").drawn
        mismatch = importlib.import_module(f"{_TESTS}.seconds").mismatch
    except ModuleNotFoundError:
        return None
    found = []
    for number in range(count):
        document = drawn(number)
        different = mismatch(document, printed(rate(read_rate_document(canonical_json(document)))))
        if different is not None:
            found.append(f"{number}: {different}")
        if number % 100 == 0:
            tell(number / count)
    return found


def _settled(size: _Size, tell: Callable[[float], None]) -> tuple[float, float]:
    """Seconds in which two processes settle the contracts, each after one that does not count, and their work."""
    world = signed(size.settled + _PROCESSES, size.each, tell)
    work = [(world.tenant, contract) for contract in world.contracts]
    connections.close_all()
    with multiprocessing.get_context("fork").Pool(_PROCESSES) as pool:
        pool.starmap(_settle, work[:_PROCESSES], chunksize=1)
        worked, seconds = _timed(lambda: pool.starmap(_settle, work[_PROCESSES:], chunksize=1))
    return seconds, sum(worked)


def _settle(tenant: UUID, contract: UUID) -> float:
    """Settle a contract; the seconds of the processor that this process took for it, the database's not among them."""
    begun = time.process_time()
    settle(tenant, contract)
    return time.process_time() - begun
