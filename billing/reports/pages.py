"""The end customer's portal, and the pages from which periods are settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from billing.contracts.figures import percent_short
from billing.contracts.lists import list_page
from billing.contracts.pages import contract_named
from billing.invoices.selectors import invoice_of
from billing.reports import selectors, verifier
from billing.reports.bundles import Bundle
from billing.reports.document import comparison_svg, timeline_svg
from billing.reports.models import Report
from billing.reports.tasks import RESTATE, SETTLE
from billing.statements.pages import statement_row
from billing.statements.selectors import name_of, open_months, statements_of
from billing.statements.selectors import statement as statement_by_id
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.jobs.services import start_job
from tenants.kernel.canonical import canonical_json
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Permission


@require_safe
@page(needs=Permission.REPORTS_READ)
def reports(request: HttpRequest) -> HttpResponse:
    """The reports a person may read: an end customer's people those of their own company."""
    listed = list_page(request, selectors.reports(actor_of(request).customer))
    listed["rows"] = [_report_row(row) for row in listed["rows"]]
    return render(request, "reports/list.html", listed)


@require_safe
@page(needs=Permission.REPORTS_READ)
def report(request: HttpRequest, report: UUID) -> HttpResponse:
    """One report, as it reads on paper."""
    row = _report(request, report)
    checks = selectors.checks_of(row)
    content = selectors.content_of(row, selectors.proven_bundle(row, checks))
    context = {
        **_report_row(row),
        "content": content,
        "checks": checks,
        "timeline": SafeString(timeline_svg(content)),
        "comparison": SafeString(comparison_svg(content)),
    }
    return render(request, "reports/detail.html", context)


@require_safe
@page(needs=Permission.REPORTS_READ)
def report_file(request: HttpRequest, report: UUID, kind: str) -> HttpResponse:
    """A file of a report: the proof, the document, or the input of the computation."""
    row = _report(request, report)
    name = f"{row.statement.contract.slug}-{row.statement.period_start:%Y-%m-%d}-v{row.statement.version}"
    match kind:
        case "report.json":
            return _download(selectors.proven_bundle(row), "application/json", f"{name}-report.json")
        case "report.pdf":
            return _download(selectors.proven_pdf(row), "application/pdf", f"{name}.pdf")
        case "rate.json":
            document = Bundle.read(selectors.proven_bundle(row)).rate_document()
            return _download(canonical_json(document), "application/json", f"{name}-rate.json")
    raise Http404


@require_safe
@page(needs=Permission.REPORTS_READ)
def verifier_file(request: HttpRequest) -> HttpResponse:
    """The verifier: one file of Python that customers run themselves."""
    return _download(Path(verifier.__file__).read_bytes(), "text/x-python", "verifier.py")


@require_safe
@page(needs=Permission.MONEY_READ)
def contract_statements(request: HttpRequest, contract: str) -> HttpResponse:
    """The statements of a contract, and the months that can be settled."""
    row, actor = contract_named(contract), actor_of(request)
    listed = list_page(request, statements_of(row.id))
    listed["rows"] = [
        statement_row(found) | {"invoice": invoice_of(found.id), "report": selectors.report_of(found.id)}
        for found in listed["rows"]
    ]
    months = open_months(row, utc_now())
    can_bill = actor.may(Permission.MONEY_BILL)
    return render(
        request, "contracts/statements.html", {"contract": row, "months": months, "can_bill": can_bill, **listed}
    )


@require_POST
@page(needs=Permission.MONEY_BILL)
def settle(request: HttpRequest, contract: str) -> HttpResponse:
    """Start settling a month of a contract."""
    row, actor = contract_named(contract), actor_of(request)
    chosen = request.POST.get("month", "")
    if chosen in open_months(row, utc_now()):
        params = {"contract": str(row.id), "month": chosen, "by": actor.name}
        done = f"{chosen} is being settled; the bar above shows how far it is."
        _start(request, SETTLE, params, done)
    else:
        messages.error(request, "That month cannot be settled. Choose one that is over and has no statement.")
    return redirect("contract-statements", actor.slug, row.slug)


@require_POST
@page(needs=Permission.MONEY_BILL)
def restate(request: HttpRequest, statement: UUID) -> HttpResponse:
    """Start restating the period of a statement."""
    actor = actor_of(request)
    try:
        row = statement_by_id(statement)
    except NotFoundError:
        raise Http404 from None
    done = "The period is rated again; a new version appears if its figures change."
    _start(request, RESTATE, {"statement": str(row.id), "by": actor.name}, done)
    return redirect("statement", actor.slug, row.id)


def _start(request: HttpRequest, kind: str, params: dict[str, str], done: str) -> None:
    """Start a job and say so, or say which limit is in its way."""
    try:
        start_job(kind=kind, params=params, by=actor_of(request).name, now=utc_now())
    except OutturnError as error:
        messages.error(request, f"{error.message}. {error.fix}")
    else:
        messages.success(request, done)


def _report(request: HttpRequest, report: UUID) -> Report:
    try:
        return selectors.report(report, actor_of(request).customer)
    except NotFoundError:
        raise Http404 from None


def _report_row(row: Report) -> dict[str, Any]:
    clauses = row.statement.document["clauses"]
    percent = clauses[0]["percent"] if clauses else None
    return {
        "report": row,
        "name": name_of(row.statement),
        "percent": percent_short(percent) if percent else None,
        "invoice": invoice_of(row.statement_id),
    }


def _download(data: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
