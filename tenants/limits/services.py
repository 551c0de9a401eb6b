"""Writes about limits: let something be made or not, change the plan, give customers their share.

All of it acts for the tenant in scope, in its transaction.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from tenants.kernel.errors import ConflictError, Finding, NotFoundError, OutturnError
from tenants.limits import registry, selectors
from tenants.limits.domain.amounts import counted, shown
from tenants.limits.domain.plans import PLANS, SHARED, Kind, Meter, Plan
from tenants.limits.domain.standing import LimitReachedError, Shortfall, Standing, State
from tenants.limits.models import CustomerShare, RaisedLimit
from tenants.limits.requests import forget_limit
from tenants.limits.usage import add_usage
from tenants.limits.watching import note_standing, renew_warnings
from tenants.record.services import record_audit
from tenants.scope.context import required_tenant
from tenants.scope.locks import hold
from tenants.scope.models import Tenant

__all__ = ["add_usage", "change_plan", "raise_limit", "require", "set_share"]
MOST = 10**15
"""The largest limit that can be set."""


class UnknownMeterError(OutturnError):
    """Nothing is measured under this name."""

    code = "limit.unknown"
    status = 422


class UnknownPlanError(OutturnError):
    """There is no such plan."""

    code = "plan.unknown"
    status = 422


class PlanByAgreementError(ConflictError):
    """The plan cannot be chosen by an organisation itself."""

    code = "plan.by_agreement"


class PlanTooSmallError(ConflictError):
    """The organisation has more than the plan allows."""

    code = "plan.too_small"


class ShareError(OutturnError):
    """A customer's share makes no sense."""

    code = "limit.share"
    status = 422


def require(meter: Meter | str, amount: int = 1, *, now: datetime, customer: UUID | None = None) -> None:
    """Let so much more of something be made or used, or refuse it.

    Call it in the transaction that makes the things, before it makes them. Things are counted under a lock of the
    tenant and the meter that is held until that transaction ends: of two that make the last one at the same time, one
    passes. What is metered over a day or month passes while anything is left.

    Args:
        meter: Of what; or its name.
        amount: How many more; none or less always passes, so that an organisation over its limit can shrink.
        now: The moment.
        customer: The end customer whose share is used too.

    Raises:
        LimitReachedError: There is no room for it.
    """
    meter = Meter(meter)
    if amount <= 0:
        return
    if meter.kind is Kind.COUNT:
        _hold_off_others(meter)  # before the limits are read: a change of plan waits for it too
    held = selectors.allowance(now=now)
    is_shared = customer is not None and (customer, meter) in held.shares
    if held.limits[meter] is None and not is_shared:
        return
    wanted = amount if meter.kind is Kind.COUNT else 1
    _admit(selectors.standing(meter, now=now, held=held), wanted, now)
    if is_shared:
        _admit(selectors.standing(meter, now=now, customer=customer, held=held), wanted, now)


def _admit(standing: Standing, amount: int, now: datetime) -> None:
    left = standing.left
    if left is None:
        return
    if amount > left:
        raise LimitReachedError(standing, now=now, asked=amount)
    if standing.meter.kind is Kind.COUNT:
        after = Standing(standing.meter, standing.limit, standing.used + amount, None, standing.customer)
        if after.state is not State.OK:
            note_standing(after, now=now)


def _hold_off_others(meter: Meter) -> None:
    hold(f"limit/{required_tenant('a limit')}/{meter.value}")


def change_plan(*, plan: str, by: str, now: datetime, agreed: bool = False) -> Plan:
    """Put the tenant on another plan, at once.

    Args:
        plan: Its key.
        by: Who does it.
        now: When.
        agreed: Whether it was agreed with us: then also a plan that organisations cannot choose by themselves.

    Raises:
        UnknownPlanError: There is no such plan.
        PlanByAgreementError: It has to be agreed with us.
        PlanTooSmallError: The tenant has more than it allows; the findings say what to remove first.
    """
    wanted = _plan(plan)
    tenant = required_tenant("a plan")
    row = Tenant.objects.select_for_update(no_key=True).get(id=tenant)
    before = selectors.plan_of(row.plan)
    if wanted == before:
        return before
    if not wanted.is_open and not agreed:
        raise PlanByAgreementError(
            f"{wanted.name} is not chosen by oneself", place="plan", kept=f"Your plan, {before.name}.",
            fix="Write to Outturn's support: we agree on it and change it for you.",
        )  # fmt: skip
    for meter in Meter:
        if meter.kind is Kind.COUNT:
            _hold_off_others(meter)
    _refuse_too_small(wanted, before, now)
    row.plan = wanted.key
    row.save(update_fields=["plan"])
    record_audit(
        action="plan.changed", subject=f"organisation/{tenant}", by=by, now=now,
        details={"from": before.key, "to": wanted.key, "version": wanted.version},
    )  # fmt: skip
    registry.tell_of_plan(wanted, by=by, now=now)
    _take_effect(tenant, now)
    return wanted


def _plan(key: str) -> Plan:
    found = PLANS.get(key)
    if found is None:
        raise UnknownPlanError(f"there is no plan “{key[:40]}”", place="plan", fix=f"Choose one of {', '.join(PLANS)}.")
    return found


def _refuse_too_small(wanted: Plan, before: Plan, now: datetime) -> None:
    held = selectors.allowance(now=now)
    lacking = selectors.compared(wanted, held, selectors.in_stock(held, now=now)).shortfalls
    if lacking:
        raise PlanTooSmallError(
            f"{wanted.name} has no room for what you have", place="plan",
            kept=f"Your plan, {before.name}, and all of your data.", fix="Remove what `findings` name first.",
            findings=[finding_of(one) for one in lacking],
        )  # fmt: skip


def finding_of(one: Shortfall) -> Finding:
    """What must be removed before a smaller plan can be taken."""
    is_counted = one.meter.kind is Kind.COUNT
    return Finding(
        "plan.too_small", one.meter.value,
        f"You have {counted(one.meter, one.used)}; the plan allows {shown(one.meter, one.limit)}.",
        f"Remove {one.excess:,} first." if is_counted
        else f"Erase {shown(one.meter, one.excess)} of data, or keep it for a shorter time.",
    )  # fmt: skip


def raise_limit(
    *, meter: Meter | str, value: int | None, until: datetime | None, reason: str, by: str, now: datetime
) -> None:
    """Set one limit of the tenant in place of its plan's, for operators; None for no limit.

    Raises:
        UnknownMeterError: Nothing is measured under this name.
        OutturnError: The value is negative or too large, or the end has passed.
    """
    known = _known(meter)
    if value is not None and not 0 <= value <= MOST:
        raise OutturnError(f"{value} is no limit", place="value", fix=f"Choose a number from 0 to {MOST:,}.")
    if until is not None and until <= now:
        raise OutturnError("the end has passed", place="until", fix="Choose a moment that is to come.")
    RaisedLimit.objects.update_or_create(
        meter=known,
        defaults={"value": value, "until": until, "reason": reason[:200], "made_by": by, "made_at": now},
    )
    tenant = required_tenant("a limit")
    record_audit(
        action="limit.raised", subject=f"limit/{known.value}", by=by, now=now,
        details={"value": value, "until": until.isoformat() if until else None, "reason": reason[:200]},
    )  # fmt: skip
    _take_effect(tenant, now)


def set_share(*, customer: UUID, meter: Meter | str, value: int | None, by: str, now: datetime) -> None:
    """Set the most that an end customer may use up of a limit; None lets it use the whole.

    Raises:
        UnknownMeterError: Nothing is measured under this name.
        NotFoundError: The tenant has no such customer.
        ShareError: No customer can use that up, or the value is negative or above the organisation's own limit.
    """
    known = _known(meter)
    if known not in SHARED:
        names = ", ".join(each.value for each in SHARED)
        raise ShareError(f"no customer has a share of “{known.label}”", place="meter", fix=f"Choose one of {names}.")
    if customer not in registry.customers():
        raise NotFoundError("there is no such customer", place="customer", fix="Choose one from the list of customers.")
    whole = selectors.allowance(now=now).limits[known]
    if value is not None:
        _check_share(known, value, whole)
        CustomerShare.objects.update_or_create(customer_id=customer, meter=known, defaults={"value": value})
    else:
        CustomerShare.objects.filter(customer_id=customer, meter=known).delete()
    record_audit(
        action="limit.shared", subject=f"customer/{customer}", by=by, now=now,
        details={"limit": known.value, "value": value},
    )  # fmt: skip


def _check_share(meter: Meter, value: int, whole: int | None) -> None:
    lowest = 1 if meter.kind is Kind.RATE else 0
    if not lowest <= value <= MOST:
        raise ShareError(f"{value:,} is no share", place="value", fix=f"Choose a number from {lowest} to {MOST:,}.")
    if whole is not None and value > whole:
        raise ShareError(
            f"{shown(meter, value)} is more than the {counted(meter, whole)} of the whole organisation", place="value",
            fix=f"Choose at most {shown(meter, whole)}, or a larger plan first.",
        )  # fmt: skip


def _known(meter: Meter | str) -> Meter:
    try:
        return Meter(meter)
    except ValueError:
        raise UnknownMeterError(
            f"nothing is measured as “{meter[:40]}”", place="meter", fix=f"Choose one of {', '.join(Meter)}."
        ) from None


def _take_effect(tenant: UUID, now: datetime) -> None:
    """Let what remembers limits look again: at once here, within two seconds where readings come in."""
    renew_warnings(now=now)
    transaction.on_commit(partial(forget_limit, tenant))
