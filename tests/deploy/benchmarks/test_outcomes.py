"""``bench outcomes`` runs at toy size: a month of hourly evidence, drawn documents, and contracts that are settled."""

from __future__ import annotations

import argparse
import sys

import pytest

from deploy.benchmarks import outcomes, result
from deploy.benchmarks.outcomes import TARGETS, mismatches
from deploy.settling import MONTH, settle, signed
from tests.billing.outcomes import seconds
from tests.billing.outcomes.drawn import drawn


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_runs_at_toy_size() -> None:
    stages: list[str] = []
    options = argparse.Namespace(toy=True, assets=1000, months=12, contracts=10_000, settled=20)
    told = result("outcomes", outcomes.run(options, lambda _, what: stages.append(what)))
    assert list(dict.fromkeys(stages)) == ["rating a year", "signing contracts", "comparing"]
    assert (told["asset_months"], told["contracts"], told["settled"]) == (4, 20, 2)
    assert (told["mismatches"], told["mismatched"]) == (0, [])
    assert told["asset_months_per_s"] > 0
    assert told["ratio_read"] > 0
    assert min(told["read_ms"], told["understand_ms"], told["rate_ms"], told["print_ms"]) > 0
    assert told["settle_1000_s"] == pytest.approx(told["settle_ms"], abs=1)
    assert set(TARGETS) < set(told)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_is_settled_is_a_statement_of_the_hours_flown() -> None:
    world = signed(1, 2, lambda _: None)
    hours = 2 * 2 * (MONTH[1] - MONTH[0]).days * 4  # two engines, two flights a day, four hours each
    assert settle(world.tenant, world.contracts[0]) == hours * 285_00


def test_what_differs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seconds, "mismatch", lambda document, _: document["contract"]["currency"])
    told = mismatches(3, lambda _: None)
    assert told == [f"{number}: {drawn(number)['contract']['currency']}" for number in range(3)]


def test_without_the_tests_nothing_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tests.billing.outcomes.drawn", None)
    assert mismatches(3, lambda _: None) is None
