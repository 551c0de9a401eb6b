"""The end customer's portal, and the pages from which periods are settled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from billing.contracts.pages import contract_named
from billing.invoices.selectors import invoices_of
from billing.reports import selectors
from billing.reports.bundles import Bundle
from billing.reports.due import waiting_periods
from billing.reports.links import may_share
from billing.reports.mails import REPORT
from billing.reports.models import Report
from billing.reports.showing import file_of, pdf_kind, shown, shown_to_house, verifier_download
from billing.reports.tasks import RESTATE, SETTLE
from billing.statements.late import late_notices
from billing.statements.lists import name_shown, outcome_columns, period_filter, total_column, with_figures
from billing.statements.pages import statement_columns
from billing.statements.periods import open_periods, period_params
from billing.statements.selectors import statement as statement_by_id
from billing.statements.selectors import statements_listed
from tenants.customers.selectors import customer_choices
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.jobs.services import start_job
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.post.selectors import is_refused
from tenants.post.services import set_refused
from tenants.scope.actors import Actor, Permission


@require_safe
@page(needs=Permission.REPORTS_READ)
def reports(request: HttpRequest) -> HttpResponse:
    """The reports a person may read: an end customer's people those of their own company."""
    actor = actor_of(request)
    listed = _listing(actor).page(request, with_figures(selectors.reports_listed(actor.customer), "statement__"))
    if listed.csv is not None:
        return listed.csv
    mails = {"is_muted": is_refused(user=actor.user, kind=REPORT.name)} if actor.customer and actor.user else None
    return render(request, "reports/list.html", {"listing": listed, "mails": mails, "pdf_kind": pdf_kind()})


@require_POST
@page(needs=Permission.REPORTS_READ)
def report_mails(request: HttpRequest) -> HttpResponse:
    """Whether a customer's person is told of reports by mail: as ``wants`` says, ``yes`` or ``no``."""
    actor, wants = actor_of(request), request.POST.get("wants", "")
    if actor.customer is None or actor.user is None:
        raise PermissionDenied
    if wants not in ("yes", "no"):
        raise SuspiciousOperation("it is said neither that mails are wanted nor that they are not")
    set_refused(user=actor.user, kind=REPORT.name, refused=wants == "no", by=actor.name, now=utc_now())
    said = _("You get no more mail about reports.") if wants == "no" else _("You are told of reports by mail.")
    messages.success(request, said)
    return redirect("reports", actor.slug)


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
            *outcome_columns(),
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
    found = shown(row)
    context = found | shown_to_house(found, utc_now()) | {
        "can_share": may_share(actor),
        "invoice_url": reverse("invoice", args=[actor.slug, found["made"].id]) if found["made"] else "",
        "signed_file": _signed_file(actor, found["bundle"]),
        "log_head": f"/t/{actor.slug}/api/v1/log/head/" if actor.may(Permission.LOG_OPERATE) else "",
        "memory": f"outturn-log:{actor.slug}",
        "files": reverse("report", args=[actor.slug, row.id]),
        "verifier": reverse("report-verifier", args=[actor.slug]),
    }  # fmt: skip
    return render(request, "reports/detail.html", context)


def _signed_file(actor: Actor, bundle: Bundle) -> str:
    """Where somebody who may read the contract takes the text that was accepted of it."""
    if actor.customer is None and not actor.may(Permission.CONTRACTS_READ):
        return ""
    return reverse("agreed-text", args=[actor.slug, bundle.agreement.contract, bundle.agreement.version])


@require_safe
@page(needs=Permission.REPORTS_READ)
def report_file(request: HttpRequest, report: UUID, kind: str) -> HttpResponseBase:
    """A file of a report."""
    return file_of(request, _report(request, report), kind)


@require_safe
@page(needs=Permission.REPORTS_READ)
def verifier_file(request: HttpRequest) -> HttpResponseBase:
    """The verifier."""
    return verifier_download()


@require_safe
@page(needs=Permission.MONEY_READ)
def contract_statements(request: HttpRequest, contract: str) -> HttpResponse:
    """The statements of a contract, and the periods that can be settled."""
    row, actor = contract_named(contract), actor_of(request)
    listing = _statements_listing(actor.slug, row.slug)
    listed = listing.page(request, with_figures(statements_listed().filter(contract=row)))
    if listed.csv is not None:
        return listed.csv
    periods = open_periods(row.id, utc_now())
    context = {
        "contract": row, "periods": periods, "waits": waiting_periods(row), "late": late_notices(row),
        "listing": listed,
        "can_bill": actor.may(Permission.MONEY_BILL),
        "whole_fee": [each.name for each in periods if each.charges_whole_fee],
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
    """Start settling a period of a contract."""
    row, actor = contract_named(contract), actor_of(request)
    asked = request.POST.get("period", "")
    chosen = next((each for each in open_periods(row.id, utc_now()) if each.key == asked), None)
    if chosen is not None:
        params = {"contract": str(row.id), **period_params((chosen.start, chosen.end)), "by": actor.name}
        done = gettext("%(period)s is being settled; the bar above shows how far it is.") % {"period": chosen.name}
        _start(request, SETTLE, params, done)
    else:
        messages.error(request, _("That period cannot be settled. Choose one that is over and has no statement."))
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
    done = gettext("The period is rated again; a new version appears if its figures change.")
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
