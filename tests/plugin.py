"""Loaded before anything else (``-p tests.plugin``): the run's servers, its order, and which tests may be skipped."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from deploy.catalogues.__main__ import build
from tests.servers import start_shared, stop_shared

DATA = os.environ.get("OUTTURN_DATA", "")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Servers first; pytest-django loads the settings inside.

    Raises:
        UsageError: ``OUTTURN_DATA`` names no folder.
    """
    if DATA and not Path(DATA).is_dir():
        raise pytest.UsageError(f"OUTTURN_DATA names {DATA}, which is no folder. Name the reference data, or unset it.")
    build()  # of the strings as they are: a test that reads German needs no step before it
    start_shared()
    return (yield)


def pytest_configure() -> None:
    """No property fails because the machine is busy: neither for the time it takes, nor for that of its examples."""
    patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("patient", settings(), **patient)
    settings.load_profile("patient")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests that a library makes of one function, told apart by their names only, get ids of their own."""
    if not item.nodeid.endswith(item.name):
        item._id = item.parent.id.child(item.name)  # type: ignore[union-attr] # pytest offers no other way


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, so that no worker is left alone with one; within a file chance decides.

    Raises:
        UsageError: Two tests have the same id, of which xdist would run one.
    """
    alike = [nodeid for nodeid, count in Counter(item.nodeid for item in items).items() if count > 1]
    if alike:
        raise pytest.UsageError(f"tests with the same id: {', '.join(alike[:5])}. Give each an id of its own.")
    costs: Counter[Path] = Counter()
    for item in items:
        costs[item.path] += _milliseconds(item)
    places = {path: place for place, path in enumerate(costs)}
    items.sort(key=lambda item: (-costs[item.path], places[item.path]))


def _milliseconds(item: pytest.Item) -> int:
    """About how long a test takes, judged by what it asks for."""
    if timeout := item.get_closest_marker("timeout"):
        return int(timeout.args[0]) * 100
    if item.get_closest_marker("browser"):
        return 5000
    names = set(getattr(item, "fixturenames", ()))
    if names & {"plant", "site"}:
        return 5000
    if "house" in names:
        return 1500
    marker = item.get_closest_marker("django_db")
    if "transactional_db" in names or (marker and marker.kwargs.get("transaction")):
        return 500
    return 100 if marker or "db" in names else 10


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it for garbage again and again takes an eighth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_unconfigure() -> None:
    """Servers last."""
    stop_shared()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests of the reference data run where it is."""
    if not DATA and item.get_closest_marker("data"):
        pytest.skip("needs the reference data named by OUTTURN_DATA")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Whoever else skips has not tested, and fails."""
    report = yield
    if not item.get_closest_marker("data"):
        _fail_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file that skips itself fails, too."""
    report = yield
    _fail_skipped(report)
    return report


def _fail_skipped(report: Any) -> None:
    if report.skipped:
        report.outcome, report.longrepr = "failed", f"Only tests marked `data` may be skipped: {report.longrepr}"
