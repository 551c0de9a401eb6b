"""What stands at Stripe's meters is looked at: what was told is proven, what is missing told again, and more said."""

from __future__ import annotations

import pytest

from billing.plans.meters.choosing import take_seen
from billing.plans.meters.selectors import standing
from billing.plans.models import MeterTally, MeterTelling
from tenants.kernel.errors import NotFoundError
from tenants.kernel.ids import new_id
from tenants.record.models import AuditEntry
from tenants.scope.context import scope
from tests.billing.plans.metering import DISK, GPU, Teller
from tests.billing.plans.world import BY
from tests.billing.world import at


def test_what_was_proven_is_kept_as_a_sum(teller: Teller) -> None:
    for _ in range(14):
        teller.use(GPU, "5")
        teller.settle(days=1)
    assert (teller.there(), teller.there(month="2026-10")) == (30, 40)
    kept = teller.tally()
    assert (kept.checked_position, kept.checked_value, kept.look_at) == (6, 30, None)
    with scope(teller.operator):
        rows = MeterTelling.objects.filter(tally__type=GPU).order_by("tally__month", "position")
        assert set(rows.values_list("state", flat=True)) == {"told"}
        assert list(rows.values_list("tally__month", "position")) == [
            *(("2026-09", place) for place in range(1, 7)), *(("2026-10", place) for place in range(2, 9)),
        ]  # fmt: skip
    teller.use(GPU, "1", when=at("2026-09-30T10:00"))
    teller.settle(days=2)
    assert teller.there() == 31
    with scope(teller.operator):
        left = MeterTelling.objects.filter(tally__type=GPU, tally__month="2026-09").values_list("position", flat=True)
        assert list(left) == [7]


class TestLooking:
    def test_what_stands_there_is_seen_and_proven_after_a_day(self, teller: Teller) -> None:
        teller.use(GPU, "5.5")
        teller.use(DISK, "3")
        teller.settle(minutes=15)
        row = teller.tally()
        assert (int(row.counted), row.told, row.seen, row.checked_position) == (5, 5, 5, 0)
        assert standing(row, {GPU: "sum"}) == "agrees"
        teller.settle(hours=31)
        for kind, value in ((GPU, 5), (DISK, 3)):
            row = teller.tally(kind)
            assert (row.checked_position, row.checked_value, row.finding) == (1, value, None)

    def test_what_stripe_has_thrown_away_is_told_anew(self, teller: Teller) -> None:
        teller.use(GPU, "5")
        teller.use(DISK, "3")
        teller.work_all()
        teller.meters.look()
        teller.meters.summed.clear()
        teller.settle(hours=20)
        assert teller.tellings() == [(5, "told")]  # it could be on its way still
        teller.settle(hours=12)
        assert teller.tellings() == [(5, "told"), (5, "told")]
        assert (teller.there(), teller.there(DISK)) == (5, 3)
        with scope(teller.operator):
            (entry, _) = AuditEntry.objects.filter(action="fee.meter_told_anew").order_by("details__type")[::-1]
            assert entry.details == {"month": "2026-09", "type": GPU, "told": 5, "at_stripe": 0}

    def test_what_somebody_else_tells_is_found_and_taken_back_when_a_person_says_so(self, teller: Teller) -> None:
        teller.use(GPU, "5")
        teller.work_all()
        teller.meters.look()
        teller.meters.summed.append({**teller.meters.summed[0], "value": 37, "identifier": "theirs"})
        teller.settle(hours=31)
        assert teller.finding() == {
            "code": "meter.more_there", "place": "meridian/gpu.seconds/2026-09",
            "message": "Stripe has 42 of 2026-09, more than we ever told. Somebody else tells this meter, too.",
            "fix": "Find out who does, and end it. Then take what stands there: the difference is told as less.",
        }  # fmt: skip
        assert teller.there() == 42
        with scope(teller.operator):
            tally = MeterTally.objects.get()
            take_seen(tally=tally.id, by=BY, now=teller.now)
            with pytest.raises(NotFoundError):
                take_seen(tally=new_id(), by=BY, now=teller.now)
        teller.settle(minutes=10)
        assert teller.tellings() == [(5, "told"), (-37, "told")]
        assert teller.there() == 5
        assert teller.tally().finding is None

    def test_a_summary_that_is_no_whole_number_is_told(self, teller: Teller) -> None:
        teller.use(GPU, "5")
        teller.work_all()
        teller.meters.look()
        teller.meters.summed[0]["value"] = 4.5
        teller.meters._reckoned = lambda *_: 4.5
        teller.settle(hours=1)
        assert teller.finding()["code"] == "meter.no_whole_number"
        assert "Stripe tells 4.5 of mtr_" in teller.finding()["message"]

    def test_another_account_at_stripe_is_told_the_running_month(self, teller: Teller) -> None:
        teller.use(GPU, "5")
        teller.work_all()
        for thing in list(teller.stripe.objects):
            del teller.stripe.objects[thing]
        teller.stripe.kept.clear()
        teller.meters.meters.clear()
        teller.meters.waiting.clear()
        teller.settle(hours=60)
        assert teller.there() == 5
