"""An operator that has its usage told to Stripe's meters, the fake it tells, and a worker that is told the time."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.payments.stripe_calls import stripe_client
from billing.plans.accounts import keep_account
from billing.plans.domain.events import Usage
from billing.plans.meters.calls import tell
from billing.plans.meters.choosing import change_meters
from billing.plans.meters.tallies import note_usage
from billing.plans.meters.telling import Taken, note_telling, take_telling
from billing.plans.meters.webhooks import take_report
from billing.plans.meters.working import work_once
from billing.plans.models import (
    MeteredCustomer,
    MeterReport,
    MeterTally,
    MeterTelling,
    PlanAccount,
    StripeMeter,
)
from billing.plans.selectors import account_of
from billing.plans.services import keep_events
from tenants.kernel.ids import new_id
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.payments.fake_stripe import KEY, FakeStripe, Serving
from tests.billing.payments.world import choose_stripe
from tests.billing.plans.world import BY, told
from tests.billing.world import at

SECRET = "whsec_meters4242"
BEGUN = at("2026-09-25T08:00:30")
GPU, DISK, REGIONS, ASSETS = "gpu.seconds", "disk", "regions", "outturn.assets"


@dataclass
class Teller:
    """The operator's worker and the fake it calls, under one clock, for one organisation."""

    operator: UUID
    organisation: Tenant
    serving: Serving
    now: datetime = BEGUN
    stale: list[tuple[Taken, Any]] = field(default_factory=list)
    delivered: int = 0

    @property
    def stripe(self) -> FakeStripe:
        """The fake."""
        found: FakeStripe = self.serving.stripe
        return found

    @property
    def meters(self) -> Any:
        """The fake's meters."""
        return self.stripe.meters

    def begin(self) -> None:
        """A new account at Stripe, and nothing told."""
        self.serving.stripe = FakeStripe(self.now)
        with scope(self.operator):
            for model in (MeterTelling, MeterTally, MeteredCustomer, StripeMeter, MeterReport):
                model.objects.all().delete()
            choose_stripe()
            change_meters(is_on=True, secret=SECRET, by=BY, now=self.now)
            keep_account(told(self.organisation, self.now))

    def account(self) -> PlanAccount:
        """The organisation's account; in the operator's scope."""
        found = account_of(self.organisation.id)
        assert found is not None
        return found

    def use(self, kind: str, value: str | None = None, *, item: str = "", when: datetime | None = None) -> None:
        """Something is used, and the account's usage reckoned anew."""
        with scope(self.operator):
            account = self.account()
            amount = None if value is None else Decimal(value)
            usage = Usage("/test", str(new_id()), kind, self.organisation.slug, when or self.now, amount, item)
            assert keep_events([(account, usage)], by=BY, now=self.now) == ["accepted"]
            note_usage(account, now=self.now)

    def pass_time(self, **how: float) -> None:
        """Time passes for us and for Stripe."""
        self.now += timedelta(**how)
        self.stripe.now = self.now

    def work(self) -> int:
        """Do what is due once."""
        return work_once(self.operator, now=self.now)

    def work_all(self, *, most: int = 40) -> None:
        """Do what is due now until nothing is."""
        for _ in range(most):
            if not self.work():
                return
        raise AssertionError("the worker does not come to rest")

    def settle(self, **how: float) -> None:
        """Work, and let time pass to what is due next, until so much has passed."""
        end = self.now + timedelta(**how)
        for _ in range(400):
            self.work_all()
            with scope(self.operator):
                times = [
                    *(moment for row in MeterTally.objects.all() for moment in (row.next_at, row.look_at)),
                    *StripeMeter.objects.values_list("look_at", flat=True),
                    *MeteredCustomer.objects.values_list("next_at", flat=True),
                    *MeterReport.objects.values_list("next_at", flat=True),
                ]
            soon = min((moment for moment in times if moment is not None and moment > self.now), default=end)
            if soon >= end:
                self.now = self.stripe.now = end
                self.work_all()
                self.meters.look()
                return
            self.now = self.stripe.now = soon
        raise AssertionError("the worker does not come to rest")

    def die(self) -> None:
        """Take a telling and send it, and end before anything is written down; it may turn up later."""
        with scope(self.operator):
            taken = take_telling(self.now)
        if isinstance(taken, Taken):
            with stripe_client(KEY) as client:
                self.stale.append((taken, tell(client, taken.event)))

    def wake(self) -> None:
        """Processes that were thought dead write down what they know."""
        while self.stale:
            taken, outcome = self.stale.pop()
            with scope(self.operator):
                note_telling(taken, outcome, self.now)

    def signed(self, event: dict[str, Any], *, secret: str = SECRET, age_s: float = 0) -> tuple[bytes, str]:
        """The body of a thin event and its header."""
        body, stamp = json.dumps(event).encode(), str(int(self.now.timestamp() - age_s))
        digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return body, f"t={stamp},v1={digest}"

    def hear(self, event: dict[str, Any]) -> None:
        """A report comes in."""
        body, header = self.signed(event)
        with scope(self.operator):
            take_report(tenant=self.operator, body=body, header=header, now=self.now)

    def hear_all(self, *, again: bool = False) -> None:
        """The reports that nobody has heard of come in, the newest first; or all that ever were, again."""
        reports = list(self.meters.reports)
        for event in reversed(reports if again else reports[self.delivered :]):
            self.hear(event)
        self.delivered = len(reports)

    def tally(self, kind: str = GPU, month: str = "2026-09") -> MeterTally:
        """How a meter of a month stands."""
        with scope(self.operator):
            return MeterTally.objects.get(type=kind, month=month, account__organisation=self.organisation.id)

    def finding(self, kind: str = GPU, month: str = "2026-09") -> dict[str, Any]:
        """What is in the way of a meter of a month."""
        found = self.tally(kind, month).finding
        assert found is not None
        return dict(found)

    def tellings(self, kind: str = GPU, month: str = "2026-09") -> list[tuple[int, str]]:
        """What was told of a meter of a month: each value and where it is."""
        with scope(self.operator):
            rows = MeterTelling.objects.filter(tally__type=kind, tally__month=month)
            rows = rows.filter(tally__account__organisation=self.organisation.id).order_by("position")
            return list(rows.values_list("value", "state"))

    def there(self, kind: str = GPU, month: str = "2026-09") -> int:
        """What a meter at Stripe comes to in a month."""
        after = f"{month[:5]}{int(month[5:]) + 1:02}"
        found: int = self.meters.total(kind.replace(".", "_"), at(f"{month}-01"), at(f"{after}-01"))
        return found
