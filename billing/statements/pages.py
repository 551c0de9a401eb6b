"""The pages of statements: the list, and one with every figure open to what it was computed from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.contracts.figures import percent_short
from billing.contracts.lists import list_page
from billing.contracts.selectors import agreement_of
from billing.statements import selectors
from billing.statements.domain import fee_parts, trace_steps
from billing.statements.models import Statement
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.scope.actors import Permission


@require_safe
@page(needs=Permission.MONEY_READ)
def statements(request: HttpRequest) -> HttpResponse:
    """The statements of the organisation, the latest period first."""
    listed = list_page(request, selectors.statements())
    listed["rows"] = [statement_row(row) for row in listed["rows"]]
    return render(request, "statements/list.html", listed)


@require_safe
@page(needs=Permission.MONEY_READ)
def statement(request: HttpRequest, statement: UUID) -> HttpResponse:
    """One statement: its lines, its clauses, and the whole computation."""
    row = selectors.statements().filter(id=statement).first()
    if row is None:
        raise Http404
    agreement, outcome = agreement_of(row.contract_version), row.run.document["outcome"]
    versions = selectors.versions_of(row)
    context = {
        **statement_row(row),
        "statement": row,
        "agreement": agreement,
        "outcome": outcome,
        "clauses": [clause | {"shown": percent_short(clause["percent"])} for clause in outcome["clauses"]],
        "fee_parts": list(fee_parts(outcome, row.currency)),
        "steps": trace_steps(outcome["trace"], agreement.assets),
        "versions": versions,
        "adjustments": [(one, selectors.charged_in(one.id)) for one in selectors.adjustments_of(row)],
        "invoice": row.invoices.first(),
        "can_restate": row == versions[-1] and actor_of(request).may(Permission.MONEY_BILL),
    }
    return render(request, "statements/detail.html", context)


def statement_row(row: Statement) -> dict[str, Any]:
    """A statement as lists show it: its name and the outcome of its first clause."""
    clauses = row.document["clauses"]
    percent = clauses[0]["percent"] if clauses else None
    return {"row": row, "name": selectors.name_of(row), "percent": percent_short(percent) if percent else None}
