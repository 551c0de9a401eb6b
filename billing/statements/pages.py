"""The pages of statements: the list, and one with every figure open to what it was computed from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from billing.contracts import shown
from billing.contracts.agreement import AgreementDocument
from billing.contracts.selectors import agreement_of, contract_choices
from billing.statements import selectors
from billing.statements.domain import trace_steps
from billing.statements.late import late_notices
from billing.statements.lists import name_of, name_shown, outcome_columns, period_filter, total_column, with_figures
from billing.statements.models import Statement
from billing.statements.reached import reached
from billing.statements.steps import cap_steps, line_steps
from tenants.customers.selectors import customer_choices
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.scope.actors import Permission


@require_safe
@page(needs=Permission.MONEY_READ)
def statements(request: HttpRequest) -> HttpResponse:
    """The statements of the organisation, the latest period first."""
    slug = actor_of(request).slug

    def contract(row: Statement) -> str:
        return reverse("contract-statements", args=[slug, row.contract.slug])

    period, *figures = statement_columns(slug)
    listing = Listing(
        name="statements", caption=_("Statements"), order="-period_start",
        search=("contract__title", "contract__customer__name"),
        columns=(
            period,
            Column("contract__title", _("Contract"), link=contract),
            Column("contract__customer__name", _("Customer")),
            *figures,
        ),
        filters=(
            period_filter("period_start"),
            Filter("contract", _("Contract"), contract_choices, lambda rows, value: rows.filter(contract=value)),
            Filter("customer", _("Customer"), customer_choices,
                   lambda rows, value: rows.filter(contract__customer=value)),
        ),
    )  # fmt: skip
    listed = listing.page(request, with_figures(selectors.statements_listed()))
    return listed.csv or render(request, "statements/list.html", {"listing": listed})


def statement_columns(slug: str) -> tuple[Column, ...]:
    """A statement's own columns, of rows with figures; the period leads to its page."""
    return (
        Column("period", _("Period"), sort="period_start", value=lambda row: name_shown(row, row),
               link=lambda row: reverse("statement", args=[slug, row.id])),
        *outcome_columns(),
        *total_column(),
        Column("sealed_at", _("Sealed"), sort="sealed_at", kind="moment"),
    )  # fmt: skip


@require_safe
@page(needs=Permission.MONEY_READ)
def statement(request: HttpRequest, statement: UUID) -> HttpResponse:
    """One statement: its lines, its clauses, and the whole computation."""
    row = selectors.statements().filter(id=statement).first()
    if row is None:
        raise Http404
    agreement, outcome = agreement_of(row.contract_version), row.run.document["outcome"]
    versions = selectors.versions_of(row)
    adjustments = [(one, selectors.charged_in(one.id)) for one in selectors.adjustments_of(row)]
    context = {
        "name": name_of(row),
        "statement": row,
        "agreement": agreement,
        "outcome": outcome,
        "clauses": list(_clauses(row, agreement)),
        "lines": [line | {"steps": line_steps(line, outcome, agreement)} for line in row.document["lines"]],
        "cap_steps": cap_steps(outcome, agreement),
        "steps": trace_steps(outcome["trace"], agreement.assets),
        "versions": versions,
        "adjustments": adjustments,
        "is_followed": bool(adjustments) and selectors.is_followed(row),
        "invoice": row.invoices.first(),
        "can_restate": row == versions[-1] and actor_of(request).may(Permission.MONEY_BILL),
        "late": next((each for each in late_notices(row.contract) if each.statement == row), None),
    }
    return render(request, "statements/detail.html", context)


def _clauses(row: Statement, agreement: AgreementDocument) -> Iterator[dict[str, Any]]:
    """What each clause came to beside what was promised, and what is said of it where too little is known."""
    remedies = [[each.model_dump() for each in clause.remedies] for clause in agreement.terms.clauses]
    standing = {line["clause"] for line in row.document["lines"] if line["kind"] == "clause" and "of" in line}
    for clause, found in zip(row.document["clauses"], reached(row.document["clauses"], remedies), strict=True):
        stands = clause["id"] in standing
        note = _("what was settled of it before stands") if stands else _("nothing is settled for it")
        is_settled = clause["status"] == "settled"
        yield clause | {
            "title": found.title,
            "shown": shown.percent_shown(clause["percent"]),
            "note": found.guarantee if is_settled else note,
        }
