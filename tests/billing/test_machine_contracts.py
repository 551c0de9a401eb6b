"""A contract on an excavator's volume and uptime, from the readings of its gateway to the customer's report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from billing.contracts.fields import DocumentError
from billing.contracts.models import Contract
from billing.contracts.selectors import agreement_of, versions
from billing.contracts.wording import describe
from billing.reports import verifier
from billing.reports.services import restate_period, settle_period
from billing.statements.models import Adjustment, Statement
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import Json, a_clause
from tests.billing.world import BY, Fleet, agreement, at, published
from tests.twins.evidence.pit import every, published_pit, send

pytestmark = pytest.mark.django_db
START, END = at("2026-11-01"), at("2026-12-01")
SETTLED = at("2026-12-04")
STEP = timedelta(minutes=5)
FEE: Json = {
    "kind": "metered", "unit": "t", "mode": "graduated", "of": "volume",
    "tiers": [{"to": "50000", "price": "1.20"}, {"to": None, "price": "1.05"}],
}  # fmt: skip
LOADED: Json = {"kind": "throughput", "unit": "t", "target": "100", "per": "h", "hours": "committed", "of": "volume"}
MALUS: Json = {"kind": "steps", "below": "100", "credit": "1", "per": "1", "step": "full", "cap": "20"}


@pytest.fixture
def pit(tenant: Tenant) -> Iterator[Fleet]:
    with scope(tenant.id):
        twin, machines = published_pit(1, now=at("2026-01-01"))
        yield Fleet(twin, machines)


def a_contract(pit: Fleet, **indicator: Any) -> Contract:
    """1.20 EUR a tonne, 1.05 above 50,000; 100 t an hour and 98 % uptime are guaranteed."""
    loading = a_clause(id="loading", assets=pit.ids, indicator=LOADED | indicator, remedies=[MALUS])
    tiers = {"kind": "tiers", "tiers": [{"below": "98", "credit": "5"}]}
    uptime = a_clause(id="uptime", assets=pit.ids, remedies=[tiers], minimum_coverage="90")
    return published(agreement(pit, loading, uptime, title="Tonnes", currency="EUR", fee=FEE, tax_percent="19"))


def _fee(statement: Statement) -> int:
    return next(int(line["minor"]) for line in statement.document["lines"] if line["kind"] == "fee")


def november(machine: UUID) -> None:
    """Up but for a day with a fault; 90 t an hour, one day of which is held back by the gateway."""
    rows = [
        (machine, "fault", moment, float(at("2026-11-10") <= moment < at("2026-11-11")))
        for moment in every(START, END, STEP)
        if not at("2026-11-20") <= moment < at("2026-11-20T12:00")
    ]
    rows += [
        (machine, "material_total", moment, 500.0 + 7.5 * number)
        for number, moment in enumerate(every(START, END + STEP, STEP))
        if moment < at("2026-11-30")
    ]
    send(rows, received=at("2026-12-01T01:00"))


def test_a_month_is_settled_restated_and_verified(pit: Fleet) -> None:
    contract, (machine,) = a_contract(pit), pit.engines
    november(machine)
    done = settle_period(contract=contract.id, start=START, end=END, by=BY, now=SETTLED)
    loading, uptime = done.statement.document["clauses"]
    # 29 days of 2,160 t less one step: 62,632.5 t, of 72,000 t at the target: 86.98...%, 13 full points.
    assert (loading["percent"], loading["amount_minor"]) == ("86.989583", -952_434)
    # 50,000 t at 1.20 and 12,632.5 t at 1.05 are 73,264.125 EUR, a half to the even cent.
    assert _fee(done.statement) == 7_326_412
    # A day down, and half a day unknown, which counts as down.
    assert (uptime["down_s"], uptime["unknown_s"]) == (86_400, 43_200)
    assert uptime["amount_minor"] == -366_321
    assert all(check.holds for check in verifier.verify_report(bytes(done.report.bundle)))
    again = settle_period(contract=contract.id, start=START, end=END, by=BY, now=SETTLED)
    assert again.statement == done.statement
    assert restate_period(statement=done.statement.id, by=BY, now=SETTLED + STEP) is None


def test_what_a_gateway_held_back_makes_a_new_version_of_the_whole_period(pit: Fleet) -> None:
    contract, (machine,) = a_contract(pit), pit.engines
    november(machine)
    done = settle_period(contract=contract.id, start=START, end=END, by=BY, now=SETTLED)
    late = [(machine, "material_total", at("2026-11-30T12:00"), 500.0 + 90 * 24 * 30)]
    late += [(machine, "fault", moment, 0.0) for moment in every(at("2026-11-20"), at("2026-11-20T12:00"), STEP)]
    send(late, received=at("2026-12-05"))
    new = restate_period(statement=done.statement.id, by=BY, now=at("2026-12-06"))
    assert new is not None
    loading, uptime = new.statement.document["clauses"]
    assert (loading["percent"], uptime["unknown_s"], new.statement.version) == ("90.000000", 0, 2)
    adjusted = dict(Adjustment.objects.values_list("clause", "minor"))
    before, after = done.statement.document, new.statement.document
    assert adjusted["loading"] == after["clauses"][0]["amount_minor"] - before["clauses"][0]["amount_minor"]
    assert sum(adjusted.values()) == after["total_minor"] - before["total_minor"]
    # What comes after the correction window is recorded and changes nothing.
    send([(machine, "material_total", at("2026-11-30T18:00"), 99_999.0)], received=at("2027-01-06"))
    assert restate_period(statement=new.statement.id, by=BY, now=at("2027-01-07")) is None


def test_a_machine_of_which_too_little_is_known_settles_no_uptime(pit: Fleet) -> None:
    contract, (machine,) = a_contract(pit), pit.engines
    send([(machine, "fault", at("2026-11-10"), 0.0)], received=at("2026-11-10"))
    done = settle_period(contract=contract.id, start=START, end=END, by=BY, now=SETTLED)
    _, uptime = done.statement.document["clauses"]
    assert (uptime["status"], uptime["amount_minor"], _fee(done.statement)) == (
        "indeterminate",
        None,
        0,
    )


def test_the_contract_reads_as_sentences(pit: Fleet) -> None:
    (version,) = versions(a_contract(pit).id)
    text = " ".join(describe(agreement_of(version)))
    assert "The fee is charged on the volume that the counters of volume of the assets show, each part" in text
    assert "loading: volume per committed hour against a target of 100 t, taken together over all of them" in text


NO_ENERGY: Json = {
    "kind": "ratio", "of": "volume", "per": "energy", "unit": "1", "target": "1", "better": "lower",
}  # fmt: skip


@pytest.mark.parametrize(
    ("indicator", "field", "fix"),
    [
        (LOADED | {"of": "weight"}, "of", "Choose one of engine_hours_run, volume."),
        (NO_ENERGY, "per", "Choose one of engine_hours_run, volume."),
        ({"kind": "availability", "of": "volume"}, "of", "Add the indicator to the type of each asset."),
        ({"kind": "response", "within": "PT4H", "of": "volume"}, "of", "Add the indicator to the type of each asset."),
    ],
)
def test_a_contract_names_what_the_types_tell(pit: Fleet, indicator: Json, field: str, fix: str) -> None:
    wanted = agreement(pit, a_clause(id="loading", assets=pit.ids, indicator=indicator))
    with pytest.raises(DocumentError) as refused:
        published(wanted)
    assert [(one.code, one.place, one.fix) for one in refused.value.findings] == [
        ("contract.unknown_name", f"terms/clauses/0/indicator/{field}", fix)
    ]


def test_a_fee_names_what_the_types_tell(pit: Fleet) -> None:
    with pytest.raises(DocumentError) as refused:
        published(agreement(pit, fee=FEE | {"of": "energy"}))
    assert [(one.place, one.fix) for one in refused.value.findings] == [
        ("terms/fee/of", "Choose one of engine_hours_run, volume.")
    ]
