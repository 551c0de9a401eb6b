"""One round for an organisation: read what was counted there, take and bill it at the operator, show it there.

Three transactions, each of one tenant. A crash between them loses nothing: the next round does what is left.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from billing.plans.accounts import emit, end_account, keep_account
from billing.plans.closing import close_due
from billing.plans.counting import counted_now, show_sheet
from billing.plans.meters.tallies import note_usage
from billing.plans.models import PlanTaken
from billing.plans.selectors import account_of, operator
from billing.plans.sheets import invoices_for, sheet_of
from tenants.jobs.services import tell_workers
from tenants.limits.domain.plans import Plan
from tenants.scope.context import required_tenant, scope


def follow_organisation(organisation: UUID, *, now: datetime) -> None:
    """Bring an organisation's usage to the operator, make the bills that are due, and show it where it stands.

    Nothing happens where nobody sells plans, and for the operator itself.
    """
    seller = operator()
    if seller is None or seller == organisation:
        return
    with scope(organisation):
        told = counted_now(now=now)
    with scope(seller):
        account = keep_account(told)
        if account is None:
            return
        emit(account, told, now=now)
        note_usage(account, now=now)
        close_due(account, now=now)
        document, invoices = sheet_of(account, now=now), invoices_for(account)
    with scope(organisation):
        show_sheet(document=document, invoices=invoices, now=now)


def end_organisation(organisation: UUID, *, now: datetime) -> None:
    """Of an organisation that was erased: its plan ends when that is seen, and its last bills are made."""
    seller = operator()
    if seller is None:
        return
    with scope(seller):
        account = account_of(organisation)
        if account is not None:
            end_account(account, now=now)
            note_usage(account, now=now)
            close_due(account, now=now)


def note_plan(plan: Plan, by: str, now: datetime) -> None:
    """Note, in the transaction that does it, that the tenant in scope has taken a plan; the operator hears of it."""
    if operator() is not None:
        PlanTaken.objects.bulk_create([PlanTaken(plan=plan.key, at=now)], ignore_conflicts=True)
        hint(required_tenant("a plan"))


def hint(organisation: UUID) -> None:
    """Have an organisation looked at soon, once what is being done is committed; the next round finds what is left."""
    transaction.on_commit(partial(_ask, organisation))


def _ask(organisation: UUID) -> None:
    from billing.plans.tasks import EVERY_S, follow  # noqa: PLC0415 (the task calls this module)

    tell_workers(follow, organisation, waits=f"the usage of {organisation} waits for the next round", expires=EVERY_S)
