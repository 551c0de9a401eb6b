"""Whatever is restated in whatever order: in the end every clause is charged what was last settled of it, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from billing.contracts.models import Contract
from billing.contracts.selectors import NotInForceError, agreed_versions
from billing.invoices.models import Invoice
from billing.invoices.services import charge_left
from billing.outcomes.claims import ExclusionError
from billing.outcomes.models import Exclusion
from billing.statements.models import Adjustment, ChargedAdjustment, Statement
from billing.statements.selectors import first_version, statements_of
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.invoices.restated import (
    MONTHS,
    a_patchy_clause,
    a_patchy_fleet,
    calm,
    miss,
    patchy,
    restated,
    settled,
    storm,
    yen,
)
from tests.billing.outcomes.documents import Json
from tests.billing.signing import amended
from tests.billing.world import BY, Fleet, at, published

pytestmark = pytest.mark.django_db
Sums = Counter[tuple[str, str]]
"""Minor units by currency and clause."""

DEEDS = ("miss", "miss", "miss", "storm", "storm", "storm", "calm", "calm", "settle", "yen", "end")
STEPS = st.lists(st.tuples(st.sampled_from(DEEDS), st.sampled_from((0, 0, 1, 1, 2))), min_size=6, max_size=14)


class Run:
    """A contract about an engine, and the days on which something is done about it."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.now = fleet, at("2027-01-05")
        without_gate = a_patchy_clause(fleet, id="always", minimum_coverage=None)
        self.wanted: Json = patchy(fleet, a_patchy_clause(fleet), without_gate)
        self.contract: Contract = published(self.wanted)
        self.weather: dict[int, Exclusion] = {}
        self.misses = 0

    def do(self, deed: str, number: int) -> None:
        """One step, on a day of its own; what is about a month that is settled rates it again."""
        self.now += timedelta(days=1)
        first = first_version(self.contract.id, *MONTHS[number])
        if deed in ("yen", "end"):
            self._amend(deed, MONTHS[number][1])
        elif deed != "settle":
            self._learn(deed, number)
            if first is not None:
                restated(first, self.day)
        elif first is None:
            with suppress(NotInForceError):
                settled(self.contract, MONTHS[number], self.day)

    @property
    def day(self) -> str:
        return f"{self.now:%Y-%m-%d}"

    def _learn(self, deed: str, number: int) -> None:
        month = f"{MONTHS[number][0]:%Y-%m}"
        if deed == "storm" and number not in self.weather:
            with suppress(ExclusionError):  # the contract does not hold then
                self.weather[number] = storm(self.fleet, self.contract, month, now=self.day)
        elif deed == "calm" and number in self.weather:
            calm(self.weather.pop(number), now=self.day)
        elif deed == "miss" and self.misses < 6:
            self.misses += 1
            miss(self.fleet, month, 13 + self.misses, 2 * self.misses, told=self.day)

    def _amend(self, deed: str, moment: datetime) -> None:
        """Another currency from then on, or the end; not before what was agreed last begins."""
        newest = agreed_versions(self.contract.id)[0]
        if moment <= newest.effective_from or (newest.effective_to and moment >= newest.effective_to):
            return
        if deed == "yen":
            self.wanted = yen(self.wanted)
            effective = {"from": f"{moment:%Y-%m-%d}", "to": None}
        else:
            effective = {"from": f"{newest.effective_from:%Y-%m-%d}", "to": f"{moment:%Y-%m-%d}"}
        amended(self.contract, self.wanted | {"effective": effective}, now=self.now)

    def finish(self) -> None:
        """Settle all months in which the contract holds, and end it."""
        for number in range(3):
            self.do("settle", number)
        self._amend("end", MONTHS[2][1])
        charge_left(contract=self.contract.id, by=BY, now=self.now)

    def invoiced(self) -> Sums:
        found: Sums = Counter()
        for invoice in Invoice.objects.filter(contract=self.contract.id):
            for line in invoice.document["lines"]:
                found[invoice.currency, line["clause"]] += line["minor"]
        return found

    def last_settled(self) -> Sums:
        """What the runs say: of each month and clause the newest version that was settled."""
        last: dict[tuple[datetime, str, str], int] = {}
        for row in statements_of(self.contract.id).order_by("version"):
            outcome = row.run.document["outcome"]
            last[row.period_start, row.currency, "fee"] = outcome["fee_minor"]
            for clause in outcome["clauses"]:
                if clause["amount_minor"] is not None:
                    last[row.period_start, row.currency, clause["id"]] = clause["amount_minor"]
        found: Sums = Counter()
        for (_, currency, clause), minor in last.items():
            found[currency, clause] += minor
        return found


@pytest.fixture
def fleet(tenant: Tenant) -> Iterator[Fleet]:
    with scope(tenant.id):
        yield a_patchy_fleet()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)  # fmt: skip
@given(steps=STEPS)
def test_everything_is_charged_once(fleet: Fleet, steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        run = Run(fleet)
        run.do("settle", 0)
        for deed, number in steps:
            run.do(deed, number)
        run.finish()
        assert +run.invoiced() + -run.invoiced() == +run.last_settled() + -run.last_settled()
        assert run.invoiced().total() == sum(
            row.total_minor - sum(line["minor"] for line in row.document["lines"] if line["kind"] == "adjustment")
            for row in statements_of(run.contract.id).order_by("period_start", "-version").distinct("period_start")
        )
        assert ChargedAdjustment.objects.count() == Adjustment.objects.count()
        lines = [line for row in Statement.objects.all() for line in row.document["lines"]]
        event("something stands" if any("settled" in line.get("of", ()) for line in lines) else "nothing stands")
        event(f"{Adjustment.objects.count()} differences in {Statement.objects.count()} statements")
        event(f"{len({each.currency for each in Invoice.objects.all()})} currencies")
        transaction.set_rollback(True)
