"""Plans: what is built in, and what cannot be one."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from tenants.limits.domain.plans import PLANS, SHARED, Feature, Kind, Meter


def test_the_built_in_plans() -> None:
    assert list(PLANS) == ["trial", "team", "business", "enterprise"]
    trial, team = PLANS["trial"], PLANS["team"]
    assert (trial.limits[Meter.TWINS], trial.limits[Meter.READINGS_PER_DAY], trial.burst) == (10, 5_000_000, 100_000)
    assert (team.limits[Meter.STORAGE], team.retention_days) == (100 * 10**9, 400)
    assert set(PLANS["enterprise"].limits.values()) == {None}
    assert PLANS["enterprise"].features == frozenset(Feature)
    assert Feature.PROVISIONING not in PLANS["business"].features
    assert [key for key, plan in PLANS.items() if plan.is_open] == ["team", "business"]


@pytest.mark.parametrize("meter", list(Meter))
def test_a_larger_plan_never_allows_less(meter: Meter) -> None:
    limits = [plan.limits[meter] for plan in PLANS.values()]
    numbers = [float("inf") if limit is None else limit for limit in limits]
    assert numbers == sorted(numbers)


def test_a_plan_never_changes() -> None:
    with pytest.raises(FrozenInstanceError):
        PLANS["team"].burst = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        PLANS["team"].limits[Meter.TWINS] = 1  # type: ignore[index]


def test_what_is_no_plan() -> None:
    plan = PLANS["team"]
    with pytest.raises(ValueError, match="says nothing of seats"):
        replace(plan, limits={meter: limit for meter, limit in plan.limits.items() if meter is not Meter.SEATS})
    with pytest.raises(ValueError, match="negative limit"):
        replace(plan, limits={**plan.limits, Meter.TWINS: -1})
    with pytest.raises(ValueError, match="too small"):
        replace(plan, burst=4_999)
    with pytest.raises(ValueError, match="too small"):
        replace(plan, retention_days=0)


def test_kinds_and_units() -> None:
    assert [meter.value for meter in Meter if meter.kind is Kind.COUNT] == [
        "twins", "assets", "signals", "gateways", "seats", "customers",
    ]  # fmt: skip
    assert [meter for meter in Meter if meter.is_metered] == [
        Meter.READINGS_PER_DAY, Meter.REQUESTS_PER_DAY, Meter.JOB_MINUTES,
    ]  # fmt: skip
    assert Meter.JOB_MINUTES.per_unit == 60
    assert {meter.per_unit for meter in Meter if meter is not Meter.JOB_MINUTES} == {1}
    assert Meter.READINGS_PER_DAY in SHARED
    assert all(meter.label and meter.things for meter in Meter)
