"""Letting things be made, changing the plan, giving shares, raising limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tenants.custody import exporting
from tenants.customers.services import create_customer
from tenants.jobs.models import JobState
from tenants.jobs.services import claim_job, finish_job, start_job
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.limits import selectors, services
from tenants.limits.domain.plans import Feature, Meter
from tenants.limits.domain.standing import LimitReachedError, State
from tenants.limits.schemas import WHOLE
from tenants.limits.usage import add_usage, set_usage
from tenants.people.models import User
from tenants.people.services import add_member
from tenants.record.models import AuditEntry
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from twins.composer.publishing import publish_twin
from twins.composer.schemas import FleetParameters
from twins.composer.services import create_fleet, create_twin
from twins.gateways.services import create_gateway, disable_gateway

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BY = "owner@meridian.example"


def raise_to(meter: Meter, value: int | None, *, until: datetime | None = None) -> None:
    services.raise_limit(meter=meter, value=value, until=until, reason="agreed", by="support", now=NOW)


class TestThings:
    def test_the_last_twin_and_the_one_beyond(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            raise_to(Meter.TWINS, 2)
            create_twin(name="Fleet", now=NOW)
            create_twin(name="Line", now=NOW)
            with pytest.raises(LimitReachedError) as caught:
                create_twin(name="Plant", now=NOW)
            assert caught.value.extra == {
                "limit": "twins", "value": 2, "used": 2, "resets_at": None, "customer": None,
                "raised_by": "An owner, an administrator or finance can choose a larger plan under "
                "Admin › Plan and usage.",
            }  # fmt: skip
            assert selectors.standing(Meter.TWINS, now=NOW).used == 2

    def test_assets_and_signals_count_when_they_are_published(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            gateway, _ = create_gateway(name="hangar", now=NOW)
            parameters = FleetParameters(name="Fleet", count=2, gateway=str(gateway.id))
            draft = create_fleet(blueprint="turbofan-fleet", parameters=parameters, by=BY, now=NOW)
            assert selectors.standing(Meter.ASSETS, now=NOW).used == 0
            raise_to(Meter.SIGNALS, 47)
            with pytest.raises(LimitReachedError) as caught:
                publish_twin(twin=draft.twin, revision=draft.revision, note="", by=BY, now=NOW)
            assert (caught.value.extra["limit"], caught.value.extra["used"]) == ("signals", 0)
            raise_to(Meter.SIGNALS, 48)
            publish_twin(twin=draft.twin, revision=draft.revision, note="", by=BY, now=NOW)
            used = {one.meter: one.used for one in selectors.usage(now=NOW).whole}
            assert (used[Meter.ASSETS], used[Meter.SIGNALS], used[Meter.TWINS], used[Meter.GATEWAYS]) == (2, 48, 1, 1)

    def test_a_gateway_that_is_disabled_makes_room(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            raise_to(Meter.GATEWAYS, 1)
            first, _ = create_gateway(name="hangar", now=NOW)
            with pytest.raises(LimitReachedError):
                create_gateway(name="apron", now=NOW)
            disable_gateway(gateway=first.id, now=NOW)
            create_gateway(name="apron", now=NOW)

    def test_seats_are_people_and_each_customer_can_have_a_share_of_them(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            northwind = create_customer(name="Northwind Air", now=NOW).id
            services.set_share(customer=northwind, meter="seats", value=1, by=BY, now=NOW)
            services.require("seats", now=NOW, customer=northwind)
            reader = User.objects.create_user("reader@northwind.example")
            add_member(tenant=tenant.id, user=reader.id, role=Role.CUSTOMER, customer=northwind, now=NOW)
            with pytest.raises(LimitReachedError) as caught:
                services.require("seats", now=NOW, customer=northwind)
            assert caught.value.extra["customer"] == str(northwind)
            services.require("seats", now=NOW)  # the organisation itself has nine left
            services.require("seats", 9, now=NOW)
            with pytest.raises(LimitReachedError):
                services.require("seats", 10, now=NOW)

    def test_customers(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            raise_to(Meter.CUSTOMERS, 1)
            create_customer(name="Northwind Air", now=NOW)
            with pytest.raises(LimitReachedError):
                create_customer(name="Southwind Air", now=NOW)

    def test_who_is_over_a_limit_can_shrink(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            create_twin(name="Fleet", now=NOW)
            raise_to(Meter.TWINS, 0)
            services.require(Meter.TWINS, 0, now=NOW)
            services.require(Meter.TWINS, -3, now=NOW)
            with pytest.raises(LimitReachedError):
                services.require(Meter.TWINS, now=NOW)

    def test_what_is_raised_falls_back_when_it_ends(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            raise_to(Meter.TWINS, 99, until=NOW + timedelta(days=1))
            services.require(Meter.TWINS, 99, now=NOW)
            with pytest.raises(LimitReachedError):
                services.require(Meter.TWINS, 99, now=NOW + timedelta(days=1))

    def test_nothing_is_measured_under_another_name(self, tenant: Tenant) -> None:
        with scope(tenant.id), pytest.raises(ValueError, match="spoons"):
            services.require("spoons", now=NOW)


class TestJobs:
    def test_minutes_are_those_between_claim_and_end(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            job = start_job(kind="health.train", params={}, by=BY, now=NOW)
            claimed = claim_job(job=job.id, now=NOW)
            assert claimed is not None
            finish_job(job=job.id, attempt=1, state=JobState.DONE, now=NOW + timedelta(seconds=90.2))
            standing = selectors.standing(Meter.JOB_MINUTES, now=NOW)
            assert (standing.used, standing.used_units, standing.limit) == (91, 2, 600)

    def test_no_job_is_started_when_they_are_used_up_and_next_month_again(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            add_usage(meter=Meter.JOB_MINUTES, amount=600 * 60, now=NOW)
            with pytest.raises(LimitReachedError) as caught:
                start_job(kind="health.train", params={}, by=BY, now=NOW)
            assert (caught.value.status, caught.value.extra["resets_at"]) == (429, "2026-12-01T00:00:00Z")
            start_job(kind="health.train", params={}, by=BY, now=datetime(2026, 12, 1, tzinfo=UTC))

    def test_what_people_have_a_right_to_is_never_refused_and_costs_nothing(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            add_usage(meter=Meter.JOB_MINUTES, amount=600 * 60, now=NOW)
            job = start_job(kind=exporting.JOB, params={}, by=BY, now=NOW)
            claim_job(job=job.id, now=NOW)
            finish_job(job=job.id, attempt=1, state=JobState.DONE, now=NOW + timedelta(hours=1))
            assert selectors.standing(Meter.JOB_MINUTES, now=NOW).used_units == 600

    def test_a_job_that_lost_its_claim_counts_once(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            job = start_job(kind="health.train", params={}, by=BY, now=NOW)
            claim_job(job=job.id, now=NOW)
            for _ in range(2):
                finish_job(job=job.id, attempt=1, state=JobState.DONE, now=NOW + timedelta(seconds=10))
            assert selectors.standing(Meter.JOB_MINUTES, now=NOW).used == 10


class TestUsage:
    def test_days_are_those_of_the_tenants_zone(self, tenant: Tenant) -> None:
        tenant.time_zone = "Pacific/Auckland"
        tenant.save()
        with scope(tenant.id):
            add_usage(meter=Meter.READINGS_PER_DAY, amount=5, now=datetime(2026, 11, 21, 10, 59, tzinfo=UTC))
            add_usage(meter=Meter.READINGS_PER_DAY, amount=7, now=datetime(2026, 11, 21, 11, 0, tzinfo=UTC))
            assert selectors.standing(Meter.READINGS_PER_DAY, now=NOW).used == 7
            history = next(one for one in selectors.usage(now=NOW).history if one.meter is Meter.READINGS_PER_DAY)
            assert (len(history.days), history.amounts[-2:], sum(history.amounts)) == (30, [5, 7], 12)

    def test_a_month_is_the_sum_of_its_days(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            for day in (31, 1, 2, 30):
                month = 10 if day == 31 else 11
                add_usage(meter=Meter.JOB_MINUTES, amount=60, now=datetime(2026, month, day, 12, tzinfo=UTC))
            assert selectors.standing(Meter.JOB_MINUTES, now=NOW).used_units == 3
            whole = {one.meter: one for one in selectors.usage(now=NOW).whole}
            assert whole[Meter.JOB_MINUTES].used_units == 3

    def test_what_was_counted_elsewhere_never_becomes_less_but_a_level_may(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            for total in (9, 5):
                set_usage(meter=Meter.REQUESTS_PER_DAY, day=NOW.date(), amounts={WHOLE: total})
                set_usage(meter=Meter.STORAGE, day=NOW.date(), amounts={WHOLE: total}, measured=True)
            assert selectors.standing(Meter.REQUESTS_PER_DAY, now=NOW).used == 9
            assert selectors.standing(Meter.STORAGE, now=NOW).used == 5

    def test_nobody_sees_anothers(self, tenant: Tenant, stranger: Tenant) -> None:
        with scope(tenant.id):
            add_usage(meter=Meter.READINGS_PER_DAY, amount=5, now=NOW)
        with scope(stranger.id):
            assert selectors.standing(Meter.READINGS_PER_DAY, now=NOW).used == 0


class TestPlans:
    def test_a_change_holds_at_once_and_is_told(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            with pytest.raises(LimitReachedError):
                services.require(Meter.TWINS, 11, now=NOW)
            services.change_plan(plan="team", by=BY, now=NOW)
            services.require(Meter.TWINS, 50, now=NOW)
            entry = AuditEntry.objects.get(action="plan.changed")
            assert (entry.by, entry.subject, entry.details) == (
                BY, f"organisation/{tenant.id}", {"from": "trial", "to": "team", "version": 1},
            )  # fmt: skip
            services.change_plan(plan="team", by=BY, now=NOW)  # again: nothing changes
            assert AuditEntry.objects.count() == 1

    def test_a_plan_without_room_is_refused_with_what_to_remove(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            services.change_plan(plan="business", by=BY, now=NOW)
            for number in range(51):
                create_twin(name=f"Twin {number}", now=NOW)
            set_usage(meter=Meter.STORAGE, day=NOW.date(), amounts={WHOLE: 101 * 10**9}, measured=True)
            with pytest.raises(services.PlanTooSmallError) as caught:
                services.change_plan(plan="team", by=BY, now=NOW)
            told = [(one.place, one.message, one.fix) for one in caught.value.findings]
            assert told == [
                ("twins", "You have 51 twins; the plan allows 50.", "Remove 1 first."),
                (
                    "storage", "You have 101 GB of storage; the plan allows 100 GB.",
                    "Erase 1 GB of data, or keep it for a shorter time.",
                ),
            ]  # fmt: skip
            assert selectors.allowance(now=NOW).plan.key == "business"

    def test_what_is_metered_is_no_reason_to_refuse(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            services.change_plan(plan="business", by=BY, now=NOW)
            add_usage(meter=Meter.READINGS_PER_DAY, amount=60_000_000, now=NOW)
            services.change_plan(plan="team", by=BY, now=NOW)
            assert selectors.standing(Meter.READINGS_PER_DAY, now=NOW).state is State.EXHAUSTED

    def test_what_nobody_can_choose(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            for plan in ("enterprise",):
                with pytest.raises(services.PlanByAgreementError):
                    services.change_plan(plan=plan, by=BY, now=NOW)
            with pytest.raises(services.UnknownPlanError):
                services.change_plan(plan="platinum", by=BY, now=NOW)
            services.change_plan(plan="enterprise", by="support", now=NOW, agreed=True)
            services.require(Meter.TWINS, 10**9, now=NOW)
            assert selectors.allows("scim")

    def test_features(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            assert selectors.allows(Feature.BRANDING)
            assert not selectors.allows(Feature.SINGLE_SIGN_ON)
            services.change_plan(plan="business", by=BY, now=NOW)
            assert selectors.allows("sso")
            lost = {one.plan.key: one.lost for one in selectors.comparisons(now=NOW)}
            assert lost["team"] == [Feature.SINGLE_SIGN_ON, Feature.CUSTOM_DOMAIN]
            with pytest.raises(ValueError, match="yacht"):
                selectors.allows("yacht")

    def test_a_plan_that_is_no_longer_offered_is_the_smallest(self, tenant: Tenant) -> None:
        Tenant.objects.filter(id=tenant.id).update(plan="founders-2019")
        with scope(tenant.id):
            assert selectors.allowance(now=NOW).plan.key == "trial"


class TestShares:
    @pytest.fixture
    def northwind(self, tenant: Tenant) -> UUID:
        with scope(tenant.id):
            return create_customer(name="Northwind Air", now=NOW).id

    def test_gateways_of_a_customer(self, tenant: Tenant, northwind: UUID) -> None:
        with scope(tenant.id):
            services.set_share(customer=northwind, meter="gateways", value=1, by=BY, now=NOW)
            create_gateway(name="at Northwind", customer=northwind, now=NOW)
            with pytest.raises(LimitReachedError):
                create_gateway(name="at Northwind too", customer=northwind, now=NOW)
            create_gateway(name="our own", now=NOW)
            (share,) = selectors.usage(now=NOW).shares
            assert (share.customer_name, share.used, share.limit, share.state) == (
                "Northwind Air", 1, 1, State.EXHAUSTED,
            )  # fmt: skip
            services.set_share(customer=northwind, meter="gateways", value=None, by=BY, now=NOW)
            create_gateway(name="at Northwind too", customer=northwind, now=NOW)
            assert selectors.usage(now=NOW).shares == []
            told = AuditEntry.objects.filter(action="limit.shared").order_by("id").values_list("details", flat=True)
            assert list(told) == [{"limit": "gateways", "value": 1}, {"limit": "gateways", "value": None}]

    @pytest.mark.parametrize(
        ("meter", "value", "error", "code"),
        [
            ("seats", -1, services.ShareError, "limit.share"),
            ("seats", 11, services.ShareError, "limit.share"),
            ("seats", 10**16, services.ShareError, "limit.share"),
            ("readings_per_second", 0, services.ShareError, "limit.share"),
            ("twins", 1, services.ShareError, "limit.share"),
            ("spoons", 1, services.UnknownMeterError, "limit.unknown"),
        ],
    )
    def test_shares_that_make_no_sense(
        self, tenant: Tenant, northwind: UUID, meter: str, value: int, error: type[OutturnError], code: str
    ) -> None:
        with scope(tenant.id):
            with pytest.raises(error) as caught:
                services.set_share(customer=northwind, meter=meter, value=value, by=BY, now=NOW)
            assert (caught.value.code, caught.value.status) == (code, 422)
            assert not selectors.allowance(now=NOW).shares

    def test_a_share_of_somebody_elses_customer(self, tenant: Tenant, stranger: Tenant, northwind: UUID) -> None:
        with scope(stranger.id), pytest.raises(NotFoundError):
            services.set_share(customer=northwind, meter="seats", value=1, by=BY, now=NOW)
        with scope(tenant.id), pytest.raises(NotFoundError):
            services.set_share(customer=uuid4(), meter="seats", value=1, by=BY, now=NOW)

    def test_a_gateway_of_somebody_elses_customer(self, stranger: Tenant, northwind: UUID) -> None:
        with scope(stranger.id), pytest.raises(OutturnError) as caught:
            create_gateway(name="hangar", customer=northwind, now=NOW)
        assert (caught.value.code, caught.value.status) == ("gateway.unknown_customer", 422)


class TestRaising:
    @pytest.mark.parametrize(
        ("meter", "value", "until"),
        [("spoons", 1, None), ("twins", -1, None), ("twins", 10**16, None), ("twins", 1, NOW)],
    )
    def test_what_cannot_be(self, tenant: Tenant, meter: str, value: int, until: datetime | None) -> None:
        with scope(tenant.id), pytest.raises(OutturnError):
            services.raise_limit(meter=meter, value=value, until=until, reason="", by="support", now=NOW)

    def test_it_is_told(self, tenant: Tenant) -> None:
        with scope(tenant.id):
            raise_to(Meter.TWINS, 99, until=NOW + timedelta(days=1))
            entry = AuditEntry.objects.get(action="limit.raised")
            assert entry.details == {"value": 99, "until": "2026-11-22T12:00:00+00:00", "reason": "agreed"}
            raise_to(Meter.TWINS, 12)
            assert selectors.allowance(now=NOW).limits[Meter.TWINS] == 12
