"""A house with something of everything in it, and a reporter for jobs that are run in the test's own process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

NOW = datetime(2026, 12, 20, 12, tzinfo=UTC)
BY = "owner@meridian.example"


class InterruptedJobError(Exception):
    """Stands for a worker that is killed."""


class Reporting:
    """Hears how far a job is; ends it where it is told to."""

    def __init__(self, tenant: UUID, *, stop: Callable[[str], bool] = lambda _: False) -> None:
        self.tenant, self.said, self._stop = tenant, list[str](), stop

    def progress(self, share: float, message: str) -> None:
        assert 0 <= share <= 1
        self.said.append(message)
        if self._stop(message):
            raise InterruptedJobError

    def cancelled(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    """Archives of this test go here."""
    settings.OUTTURN_HOME = tmp_path
    return tmp_path
