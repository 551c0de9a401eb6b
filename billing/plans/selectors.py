"""Prices, accounts, usage and bills of the operator to read in its scope; an organisation's own view in its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Case, Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, TruncDate, TruncMonth

from billing.plans.domain.prices import Aggregate, Held
from billing.plans.models import PlanAccount, PlanBill, PlanInvoice, PlanPrice, PlanSheet, PlanTerm, UsageEvent
from billing.plans.schemas import PlanPricesDocument
from tenants.kernel.errors import NotFoundError
from tenants.limits.domain.plans import PLANS
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant

Bounds = Mapping[UUID, tuple[datetime, datetime]]
"""Periods of accounts by their ids: the first moment, and the first after."""


class NotOperatorError(NotFoundError):
    """The organisation is not the one that runs the platform."""

    code = "plans.not_operator"


class PlanAccountNotFoundError(NotFoundError):
    """The operator charges no such organisation."""

    code = "plan_account.not_found"


class PlanInvoiceNotFoundError(NotFoundError):
    """The platform has sent the organisation no such invoice."""

    code = "plan_invoice.not_found"


def operator() -> UUID | None:
    """The organisation that runs the platform and sells its plans; None where nobody does."""
    slug = settings.OUTTURN_OPERATOR
    return Tenant.objects.filter(slug=slug).values_list("id", flat=True).first() if slug else None


def require_operator() -> None:
    """Let only the operator go on.

    Raises:
        NotOperatorError: The tenant in scope is not it.
    """
    if operator() != required_tenant("the platform's plans"):
        raise NotOperatorError(
            "There is nothing here.", place="organisation", fix="Ask as the organisation that runs the platform."
        )


def prices() -> QuerySet[PlanPrice]:
    """All versions of all prices, by plan, the newest first."""
    return PlanPrice.objects.all()


def accounts() -> QuerySet[PlanAccount]:
    """The organisations that are charged, by their names in addresses."""
    return PlanAccount.objects.select_related("customer")


def accounts_listed() -> QuerySet[PlanAccount]:
    """The accounts with the plan each is on now, as `plan_now`; empty for an organisation that is gone."""
    return accounts().annotate(plan_now=_plan_now())


def accounts_with_end() -> QuerySet[Any]:
    """The accounts with `ended_at`, since when the organisation is gone; None while it is there."""
    last = PlanTerm.objects.filter(account=OuterRef("id")).order_by("-since", "-id")[:1]
    ended = last.annotate(gone=Case(When(plan="", then=F("since")))).values("gone")
    return PlanAccount.objects.annotate(ended_at=Subquery(ended))


def accounts_by_plan() -> dict[str, int]:
    """How many accounts are on each plan now."""
    rows = PlanAccount.objects.annotate(plan_now=_plan_now()).order_by().values("plan_now")
    return {row["plan_now"]: row["count"] for row in rows.annotate(count=Count("id"))}


def accounts_by_zone(plan: str) -> dict[str, int]:
    """How many accounts that are on a plan now have their months in each time zone."""
    rows = PlanAccount.objects.annotate(plan_now=_plan_now()).filter(plan_now=plan).order_by().values("time_zone")
    return {row["time_zone"]: row["count"] for row in rows.annotate(count=Count("id"))}


def _plan_now() -> Coalesce:
    last = PlanTerm.objects.filter(account=OuterRef("id")).order_by("-since", "-id").values("plan")[:1]
    return Coalesce(Subquery(last), Value(""))


def events() -> QuerySet[UsageEvent]:
    """The usage events, the one that was taken last first."""
    return UsageEvent.objects.select_related("account")


def account(account_id: UUID) -> PlanAccount:
    """One account, with the plan it is on now.

    Raises:
        PlanAccountNotFoundError: There is none.
    """
    found = accounts_listed().filter(id=account_id).prefetch_related("terms").first()
    if found is None:
        raise PlanAccountNotFoundError("There is no such account.", place="account", fix="Choose one from the list.")
    return found


def account_of(organisation: UUID) -> PlanAccount | None:
    """The account of an organisation; None of one that is not charged."""
    return accounts().filter(organisation=organisation).first()


def plan_name(key: str) -> str:
    """What a plan is called; one that is no more by its key."""
    return PLANS[key].name if key in PLANS else key


class PriceList:
    """The prices that were published, read once for all that is to be reckoned."""

    def __init__(self) -> None:
        self._rows = list(PlanPrice.objects.order_by("valid_from", "version"))
        self._read: dict[UUID, PlanPricesDocument] = {}

    def at(self, plan: str, moment: datetime) -> PlanPrice | None:
        """The version of a plan's prices in force at a moment; None before the first."""
        found = [row for row in self._rows if row.plan == plan and row.valid_from <= moment]
        return found[-1] if found else None

    def document(self, row: PlanPrice) -> PlanPricesDocument:
        """The document of a version."""
        if row.id not in self._read:
            self._read[row.id] = PlanPricesDocument.read(row.document)
        return self._read[row.id]

    def aggregates(self) -> dict[str, Aggregate]:
        """How each type of events becomes one number; alike in all plans and versions."""
        return {meter.type: meter.aggregate for row in self._rows for meter in self.document(row).meters}

    def names(self) -> dict[str, str]:
        """What meters are called, by type: as the latest prices have it."""
        return {meter.type: meter.name for row in self._rows for meter in self.document(row).meters}

    def held(self, account: PlanAccount, start: datetime, end: datetime) -> list[tuple[Held, PlanPrice | None]]:
        """The plans of an account in a period with their prices; each has those in force when its part began."""
        terms, found = list(account.terms.all()), []
        for number, term in enumerate(terms):
            after = terms[number + 1].since if number + 1 < len(terms) else end
            first, last = max(start, term.since), min(end, after)
            if first >= last:
                continue
            row = self.at(term.plan, first)
            priced = None if row is None else self.document(row).terms()
            found.append((Held(term.plan, plan_name(term.plan), first, last, priced), row))
        return found


def counted(
    account: PlanAccount, start: datetime, end: datetime, aggregates: Mapping[str, Aggregate]
) -> dict[str, Fraction]:
    """What the events of a period came to, by type."""
    return counted_all({account.id: (start, end)}, aggregates)[account.id]


def counted_all(bounds: Bounds, aggregates: Mapping[str, Aggregate]) -> dict[UUID, dict[str, Fraction]]:
    """What the events of a period of each account came to, by type: exact, whatever order they came in.

    The last one is the one of the latest moment; of several of one moment that of the greatest source and id.
    """
    found: dict[UUID, dict[str, Fraction]] = {account: {} for account in bounds}
    for (account, kind), value in _came_to(_within(bounds), "account_id", aggregates).items():
        found[account][kind] = value
    return found


def counted_by_month(
    account: PlanAccount, start: datetime, zone: ZoneInfo, aggregates: Mapping[str, Aggregate]
) -> dict[tuple[str, str], Fraction]:
    """What events came to since a moment, by month of a zone and type, as `counted` says it of one month."""
    rows = UsageEvent.objects.filter(account=account, at__gte=start).annotate(month=TruncMonth("at", tzinfo=zone))
    return {(f"{month:%Y-%m}", kind): value for (month, kind), value in _came_to(rows, "month", aggregates).items()}


def _came_to(
    rows: QuerySet[UsageEvent], part: str, aggregates: Mapping[str, Aggregate]
) -> dict[tuple[Any, str], Fraction]:
    """What events came to, by the value of a column that parts them, and type."""
    sums = rows.order_by().values(part, "type").annotate(
        sum=Sum("value"), max=Max("value"), unique=Count("item", distinct=True)
    )  # fmt: skip
    lasting = [kind for kind, how in aggregates.items() if how == "last"]
    ordered = rows.filter(type__in=lasting).order_by(part, "type", "-at", "-source", "-event_id")
    last = ordered.distinct(part, "type").values_list(part, "type", "value")
    latest = {(of, kind): value for of, kind, value in last}
    found: dict[tuple[Any, str], Fraction] = {}
    for row in sums:
        how, key = aggregates.get(row["type"]), (row[part], row["type"])
        if how is not None:
            found[key] = Fraction((latest[key] if how == "last" else row[how]) or 0)
    return found


def by_day(account: PlanAccount, start: datetime, end: datetime, zone: ZoneInfo) -> Sequence[Mapping[str, Any]]:
    """What each type came to on each day of a zone: ``type``, ``day``, ``sum``, ``max``, ``unique``."""
    rows = _between(account, start, end).annotate(day=TruncDate("at", tzinfo=zone)).order_by("type", "day")
    found = rows.values("type", "day").annotate(sum=Sum("value"), max=Max("value"), unique=Count("item", distinct=True))
    return list(found)


def _within(bounds: Bounds) -> QuerySet[UsageEvent]:
    """The events of the period of each account; accounts with one period are asked for together."""
    together: dict[tuple[datetime, datetime], list[UUID]] = defaultdict(list)
    for account, period in bounds.items():
        together[period].append(account)
    asked = [Q(account__in=those, at__gte=start, at__lt=end) for (start, end), those in together.items()]
    return UsageEvent.objects.filter(reduce(or_, asked)) if asked else UsageEvent.objects.none()


def _between(account: PlanAccount, start: datetime, end: datetime) -> QuerySet[UsageEvent]:
    return UsageEvent.objects.filter(account=account, at__gte=start, at__lt=end)


def emitted(account: PlanAccount, source: str, since: datetime) -> dict[tuple[str, str], Fraction]:
    """What a source has told of each type and item since a moment: where the next event of a counter begins."""
    found = UsageEvent.objects.filter(account=account, source=source, at__gte=since)
    rows = found.order_by().values("type", "item")
    return {(row["type"], row["item"]): Fraction(row["sum"] or 0) for row in rows.annotate(sum=Sum("value"))}


def bills_of(account: PlanAccount) -> QuerySet[PlanBill]:
    """The bills of an account, the latest first."""
    return PlanBill.objects.filter(account=account).select_related("account", "invoice")


def last_bills(rows: Collection[PlanAccount]) -> dict[UUID, PlanBill]:
    """The latest bill of each of some accounts, by their ids, without the documents."""
    found = PlanBill.objects.filter(account__in=[row.id for row in rows]).order_by("account_id", "-month", "-id")
    latest = found.distinct("account_id").select_related("invoice").defer("document", "invoice__document")
    return {bill.account_id: bill for bill in latest}


def bill_of(account: PlanAccount, month: str) -> PlanBill | None:
    """The bill of a month of an account."""
    return bills_of(account).filter(month=month).first()


def sheet() -> PlanSheet | None:
    """What the running month of the tenant in scope comes to; None while nothing is charged."""
    return PlanSheet.objects.first()


def invoices_seen() -> QuerySet[PlanInvoice]:
    """The invoices of the platform to the tenant in scope, the latest first."""
    return PlanInvoice.objects.all()


def invoice_seen(invoice: UUID) -> PlanInvoice:
    """One invoice of the platform to the tenant in scope.

    Raises:
        PlanInvoiceNotFoundError: There is none.
    """
    found = invoices_seen().filter(id=invoice).first()
    if found is None:
        raise PlanInvoiceNotFoundError("There is no such invoice.", place="invoice", fix="Choose one from the list.")
    return found
