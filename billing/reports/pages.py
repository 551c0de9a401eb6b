"""The end customer's portal, and the pages from which periods are settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from billing.contracts.figures import percent_short
from billing.contracts.pages import contract_named
from billing.invoices.selectors import invoice_of, invoices_of
from billing.reports import selectors, verifier
from billing.reports.bundles import Bundle
from billing.reports.document import comparison_svg, timeline_svg
from billing.reports.due import waiting_months
from billing.reports.models import Report
from billing.reports.tasks import RESTATE, SETTLE
from billing.statements.lists import name_shown, percent_shown, period_filter, total_column, with_figures
from billing.statements.pages import statement_columns
from billing.statements.selectors import name_of, open_months, statements_listed
from billing.statements.selectors import statement as statement_by_id
from tenants.customers.selectors import customer_choices
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.jobs.services import start_job
from tenants.kernel.canonical import canonical_json
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Actor, Permission


@require_safe
@page(needs=Permission.REPORTS_READ)
def reports(request: HttpRequest) -> HttpResponse:
    """The reports a person may read: an end customer's people those of their own company."""
    actor = actor_of(request)
    listed = _listing(actor).page(request, with_figures(selectors.reports_listed(actor.customer), "statement__"))
    return listed.csv or render(request, "reports/list.html", {"listing": listed})


def _listing(actor: Actor) -> Listing:
    """The list of reports; an end customer's people are not told of others by a choice of them."""
    customer = Filter("customer", _("Customer"), customer_choices, lambda rows, value: rows.filter(customer=value))
    return Listing(
        name="reports", caption=_("Reports"), order="-made_at",
        search=("statement__contract__title", "customer__name", "statement__invoices__number"),
        columns=(
            Column("name", _("Period"),
                   link=lambda row: reverse("report", args=[actor.slug, row.id])),
            Column("statement__contract__title", _("Contract")),
            Column("customer__name", _("Customer")),
            Column("percent", _("Outcome"), kind="number", unit="%", value=percent_shown),
            *total_column("statement"),
            _invoice_column(actor.slug),
            Column("made_at", _("Made"), sort="made_at", kind="moment"),
            Column("files", _("Files"), template="reports/_files.html", is_filed=False),
            Column("bundle_sha256", _("SHA-256 of the proof"), is_shown=False),
        ),
        filters=(
            period_filter("statement__period_start", actor.customer),
            *((customer,) if actor.customer is None else ()),
        ),
        decorate=_named,
    )  # fmt: skip


def _named(rows: list[Any]) -> list[Any]:
    """Reports, each with its `name` and its `invoice`."""
    for row in rows:
        row.name = name_shown(row, row.statement)
    return _with_invoices(rows, [row.statement_id for row in rows])


def _invoice_column(slug: str) -> Column:
    """The invoice of a row, where `_with_invoices` found one."""
    return Column(
        "invoice__number", _("Invoice"), kind="whole",
        link=lambda row: reverse("invoice", args=[slug, row.invoice.id]) if row.invoice else None,
    )  # fmt: skip


def _with_invoices(rows: list[Any], statements: list[UUID]) -> list[Any]:
    """Rows, each with the `invoice` of its statement."""
    invoices = invoices_of(statements)
    for row, statement in zip(rows, statements, strict=True):
        row.invoice = invoices.get(statement)
    return rows


@require_safe
@page(needs=Permission.REPORTS_READ)
def report(request: HttpRequest, report: UUID) -> HttpResponse:
    """One report, as it reads on paper."""
    row, actor = _report(request, report), actor_of(request)
    checks = selectors.checks_of(row)
    content = selectors.content_of(row, selectors.proven_bundle(row, checks))
    context = {
        **_report_row(row),
        "content": content,
        "checks": checks,
        "timeline": SafeString(timeline_svg(content)),
        "comparison": SafeString(comparison_svg(content)),
        "log_head": f"/t/{actor.slug}/api/v1/log/head/" if Permission.LOG_OPERATE in actor.permissions else "",
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
    listing = _statements_listing(actor.slug, row.slug)
    listed = listing.page(request, with_figures(statements_listed().filter(contract=row)))
    if listed.csv is not None:
        return listed.csv
    months = open_months(row, utc_now())
    can_bill = actor.may(Permission.MONEY_BILL)
    context = {
        "contract": row, "months": months, "waits": waiting_months(row), "can_bill": can_bill, "listing": listed,
    }  # fmt: skip
    return render(request, "contracts/statements.html", context)


def _statements_listing(slug: str, contract: str) -> Listing:
    *figures, sealed = statement_columns(slug)

    def decorate(rows: list[Any]) -> list[Any]:
        statements = [row.id for row in rows]
        reports = selectors.reports_of(statements)
        for row in rows:
            row.name, row.report = name_shown(row, row), reports.get(row.id)
        return _with_invoices(rows, statements)

    return Listing(
        name=f"{contract}-statements", caption=_("Statements"), order="-period_start", search=("invoices__number",),
        columns=(
            *figures,
            _invoice_column(slug),
            Column("report", _("Report"), template="contracts/_report.html", is_filed=False),
            sealed,
        ),
        filters=(period_filter("period_start"),),
        decorate=decorate,
    )  # fmt: skip


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
        messages.error(request, error.told)
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
