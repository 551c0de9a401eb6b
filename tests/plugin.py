"""Loaded before anything else (``-p tests.plugin``): the run's servers, and which tests may be skipped."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

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
    start_shared()
    return (yield)


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
