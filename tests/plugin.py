"""Loaded before anything else (``-p tests.plugin``): starts the run's servers before Django reads its settings."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.servers import start_shared, stop_shared


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Servers first; pytest-django loads the settings inside."""
    start_shared()
    return (yield)


def pytest_unconfigure() -> None:
    """Servers last."""
    stop_shared()
