"""Numbers of limits as people read them."""

from __future__ import annotations

import pytest

from tenants.limits.domain.amounts import counted, shown
from tenants.limits.domain.plans import Meter


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (1_500_000, "1.5 MB"), (5 * 10**9, "5 GB"),
        (101 * 10**9, "101 GB"), (999_600_000_000, "1,000 GB"), (1_640 * 10**9, "1.64 TB"), (12_345 * 10**9, "12.3 TB"),
        (2_000 * 10**12, "2,000 TB"),
    ],
)  # fmt: skip
def test_bytes_are_shown_in_the_unit_that_fits(number: int, text: str) -> None:
    assert shown(Meter.STORAGE, number) == text


def test_what_is_counted_is_named() -> None:
    assert shown(Meter.READINGS_PER_DAY, 1_000_000_000) == "1,000,000,000"
    assert counted(Meter.GATEWAYS, 12) == "12 gateways"
    assert counted(Meter.STORAGE, 1_640 * 10**9) == "1.64 TB of storage"
