"""Where an organisation stands, and what it is told at a limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tenants.edge.problems import document
from tenants.limits.domain.plans import PLANS, Meter
from tenants.limits.domain.standing import (
    LimitReachedError,
    Raised,
    Shortfall,
    Standing,
    State,
    burst_of,
    effective_limits,
    share_of,
    shortfalls,
    state_of,
    who_can_raise,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TRIAL = PLANS["trial"]


@pytest.mark.parametrize(
    ("used", "limit", "state"),
    [
        (0, 10, State.OK), (7, 10, State.OK), (8, 10, State.WARNING), (9, 10, State.WARNING), (10, 10, State.EXHAUSTED),
        (11, 10, State.EXHAUSTED), (799, 1000, State.OK), (800, 1000, State.WARNING), (0, 0, State.EXHAUSTED),
        (10**12, None, State.OK),
    ],
)  # fmt: skip
def test_a_warning_comes_at_80_percent(used: int, limit: int | None, state: State) -> None:
    assert state_of(used, limit) is state


def test_units_and_percent() -> None:
    jobs = Standing(Meter.JOB_MINUTES, 10, 481)
    assert (jobs.used_units, jobs.percent, jobs.state, jobs.left) == (9, 80, State.WARNING, 119)
    assert Standing(Meter.TWINS, 3, 1).percent == 33
    assert Standing(Meter.TWINS, 0, 0).percent == 100
    assert (Standing(Meter.TWINS, None, 5).percent, Standing(Meter.TWINS, None, 5).left) == (None, None)
    assert Standing(Meter.TWINS, 3, 5).left == 0


def test_what_we_raised_holds_until_it_ends() -> None:
    raised = [Raised(Meter.TWINS, 99, NOW), Raised(Meter.SEATS, None, None), Raised(Meter.GATEWAYS, 1, NOW)]
    before = effective_limits(TRIAL, raised, now=NOW - timedelta(microseconds=1))
    assert (before[Meter.TWINS], before[Meter.SEATS], before[Meter.GATEWAYS]) == (99, None, 1)
    after = effective_limits(TRIAL, raised, now=NOW)
    assert (after[Meter.TWINS], after[Meter.SEATS], after[Meter.GATEWAYS]) == (10, None, 10)


def test_a_share_is_never_more_than_the_whole() -> None:
    assert [share_of(10, 4), share_of(10, 20), share_of(10, None), share_of(None, 4), share_of(None, None)] == [
        4, 10, 10, 4, None,
    ]  # fmt: skip


def test_a_burst_in_proportion() -> None:
    assert burst_of(TRIAL, 1_000, of=1_000) == 100_000
    assert burst_of(TRIAL, 10, of=1_000) == 1_000
    assert burst_of(TRIAL, None, of=1_000) == 100_000
    assert burst_of(PLANS["enterprise"], 10, of=None) == 10_000_000


def test_what_is_metered_is_refused_until_it_resets() -> None:
    by = who_can_raise(TRIAL)
    at = NOW + timedelta(hours=3)
    error = LimitReachedError(Standing(Meter.READINGS_PER_DAY, 1000, 990, at, raised_by=by), now=NOW, asked=20)
    told = document(error)
    assert (error.status, error.code, error.wait) == (429, "limit.reached", 10_800.0)
    assert told["detail"] == ("the limit of 1,000 readings a day is reached: 990 are used and 20 more were asked for")
    assert told["fix"] == (
        "It is free again at 2026-11-21T15:00:00Z. "
        "An owner, an administrator or finance can choose a larger plan under Admin › Plan and usage."
    )
    assert {key: told[key] for key in ("limit", "value", "used", "resets_at", "raised_by", "customer")} == {
        "limit": "readings_per_day", "value": 1000, "used": 990, "resets_at": "2026-11-21T15:00:00Z",
        "raised_by": by, "customer": None,
    }  # fmt: skip


def test_what_is_counted_is_refused_until_something_goes() -> None:
    customer = UUID(int=4)
    by = who_can_raise(TRIAL, customer=True)
    standing = Standing(Meter.SEATS, 3, 3, None, customer, "Northwind Air", by)
    error = LimitReachedError(standing, now=NOW)
    assert (error.status, hasattr(error, "wait")) == (409, False)
    assert error.message == ("the limit of 3 seats of Northwind Air is reached: 3 are used and 1 more were asked for")
    assert error.fix == (
        "Remove one to make room. "
        "Those who may change the plan can raise this customer's share under Admin › Plan and usage."
    )
    assert (error.extra["customer"], error.extra["resets_at"]) == (str(customer), None)
    assert "erased" in LimitReachedError(Standing(Meter.STORAGE, 1, 1), now=NOW).fix


def test_who_can_raise_a_plan_that_has_no_larger_one() -> None:
    assert who_can_raise(PLANS["business"]) == who_can_raise(PLANS["enterprise"])
    assert "support" in who_can_raise(PLANS["enterprise"])


def test_only_things_that_are_there_are_too_many() -> None:
    used = {Meter.TWINS: 12, Meter.SEATS: 10, Meter.READINGS_PER_DAY: 10**9, Meter.STORAGE: 6 * 10**9}
    assert shortfalls(TRIAL.limits, used) == [
        Shortfall(Meter.TWINS, 12, 10), Shortfall(Meter.STORAGE, 6 * 10**9, 5 * 10**9),
    ]  # fmt: skip
    assert Shortfall(Meter.TWINS, 12, 10).excess == 2
    assert shortfalls(PLANS["enterprise"].limits, used) == []
