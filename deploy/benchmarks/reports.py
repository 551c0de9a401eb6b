"""How fast an end customer gets their report: the page, and the document in a language that it is not kept in.

A contract about a fleet is settled month after month by the real services. Then a process of its own, as new as one of
the web server, asks for the last report as a person who signed in does: for the page with all checks of the proof in
it, and for the document. `pdf_cold_ms` is the first that it makes, which loads the program that sets it and its fonts,
`pdf_warm_ms` the median of those after it, `pdf_sent_ms` that of the document that was kept, sent with the same checks.
Besides the clock's milliseconds stand the processor's, which say less of what else the machine does.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import django
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.reports.services import settle_period
from deploy.benchmarks import Limits, Progress
from deploy.settling import MONTH, signed
from deploy.stage import StageError, own_database, work_on
from tenants.kernel.clock import utc_now
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant

DATA = None
TARGETS: dict[str, Limits] = {"report_page_ms": {"at_most": 300.0}, "pdf_warm_ms": {"at_most": 2000.0}}
_BY = "owner@measured.example"
_BEFORE = timedelta(days=2)
"""How long before the first month the fleet flies: as long as what a month is told from reaches back."""
_MADE = "report.de.pdf"
_KEPT = "report.pdf"


@dataclass(frozen=True, slots=True)
class _Size:
    """How large the fleet is, how many months are settled, how often each answer is timed."""

    assets: int
    months: int
    rounds: int


@dataclass(slots=True)
class _Taken:
    """Milliseconds of the clock and of the processor, answer by answer, and how many bytes the last one had."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    size: int = 0

    def median(self) -> float:
        """Of the clock."""
        return round(statistics.median(self.clock), 1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How much is settled, and how often the answers are timed."""
    parser.add_argument("--assets", type=int, default=100, help="engines of the contract")
    parser.add_argument("--months", type=int, default=9, help="months that are settled, at most 9")
    parser.add_argument("--rounds", type=int, default=9, help="how often each answer is timed")


def run(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Measure in a database of its own."""
    size = _Size(options.assets, max(1, min(9, options.months)), max(1, options.rounds))
    if options.toy:
        size = _Size(assets=2, months=2, rounds=2)
    with own_database() as database:
        months = list(_months(size.months))
        progress(0.0, "flying")
        world = signed(1, size.assets, lambda _: None, flown_from=months[0][0] - _BEFORE)
        progress(0.4, "settling")
        report, seconds = _settled(world.tenant, world.contracts[0], months)
        path = reverse("report", args=[Tenant.objects.get(id=world.tenant).slug, report])
        owner = User.objects.create_user(_BY)
        add_member(tenant=world.tenant, user=owner.id, role=Role.OWNER, now=utc_now())
        progress(0.7, "asking for page and documents")
        with multiprocessing.get_context("spawn").Pool(1, initializer=django.setup) as pool:
            figures = pool.apply(_asked, (database, path, size.rounds))
    return {
        "targets": TARGETS,
        "assets": size.assets,
        "months": size.months,
        "rounds": size.rounds,
        **figures,
        "settle_last_ms": round(1000 * seconds),
    }


def _months(count: int) -> Iterator[tuple[datetime, datetime]]:
    """The last so many months up to the one that contracts are settled for, the first first."""
    for number in range(MONTH[0].month - count + 1, MONTH[0].month + 1):
        yield datetime(MONTH[0].year, number, 1, tzinfo=UTC), datetime(MONTH[0].year, number + 1, 1, tzinfo=UTC)


def _settled(tenant: UUID, contract: UUID, months: list[tuple[datetime, datetime]]) -> tuple[UUID, float]:
    """Settle months one after the other; the report of the last, and the seconds that this one took."""
    for start, end in months:
        begun = time.perf_counter()
        with scope(tenant):
            done = settle_period(contract=contract, start=start, end=end, by=_BY, now=end + timedelta(days=4))
        seconds = time.perf_counter() - begun
    return done.report.id, seconds


def _signed_in() -> Client:
    """The owner of the organisation at their browser."""
    client = Client(HTTP_HOST="localhost")
    client.force_login(User.objects.get(email=_BY))
    return client


def _asked(database: str, path: str, rounds: int) -> dict[str, Any]:
    """The figures of the page and of the documents, in this process, which is as new as that of a web server."""
    work_on(database)
    client = _signed_in()
    _timed(client, path, 1)  # the first loads addresses and templates
    gc.freeze()  # as the web server does
    queries, page = _queries(client, path), _timed(client, path, rounds)
    cold = _timed(client, path + _MADE, 1)
    made, kept = (_timed(client, path + name, rounds) for name in (_MADE, _KEPT))
    return {
        "report_page_ms": page.median(),
        "report_page_processor_ms": round(statistics.median(page.processor), 1),
        "report_page_queries": queries,
        "report_page_kb": round(page.size / 1000),
        "pdf_cold_ms": cold.median(),
        "pdf_warm_ms": made.median(),
        "pdf_warm_processor_ms": round(statistics.median(made.processor), 1),
        "pdf_sent_ms": kept.median(),
        "pdf_kb": round(made.size / 1000),
    }


def _queries(client: Client, path: str) -> int:
    """How many statements an answer takes; the request may close the connection and open another."""
    sent = 0

    def count(execute: Any, *rest: Any) -> Any:
        nonlocal sent
        sent += 1
        return execute(*rest)

    with connection.execute_wrapper(count):
        _timed(client, path, 1)
    return sent


def _timed(client: Client, path: str, rounds: int) -> _Taken:
    """Ask for something so many times.

    Raises:
        StageError: It is not there.
    """
    taken = _Taken()
    for _ in range(rounds):
        begun, worked = time.perf_counter(), time.process_time()
        answer = client.get(path)
        taken.clock.append(1000 * (time.perf_counter() - begun))
        taken.processor.append(1000 * (time.process_time() - worked))
        taken.size = len(answer.content)
        if answer.status_code != 200:
            raise StageError(f"{path} answered {answer.status_code}.", fix="Open the report and see what it says.")
    return taken
