from __future__ import annotations

import pytest

from analytics.health.domain.model import RulModel
from analytics.health.domain.training import train
from tests.analytics.health.histories import CONFIG, fleet


@pytest.fixture(scope="package")
def model() -> RulModel:
    return train(fleet(range(12)), CONFIG, seed=1)
