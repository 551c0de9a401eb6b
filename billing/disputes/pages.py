"""The pages of disputes: the list, opening one, and one with its interval, its conversation and its decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.contracts.selectors import agreement_of, contract_choices
from billing.disputes import deciding, forms, selectors, services
from billing.disputes.acting import may_decide, required_side
from billing.disputes.models import Dispute
from billing.disputes.showing import STATES, detail, upholding
from billing.statements.lists import name_of, name_shown, with_figures
from billing.statements.models import Statement
from billing.statements.selectors import newest_version
from billing.statements.selectors import statement as statement_by_id
from tenants.customers.selectors import customer_choices
from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.edge.retelling import retold
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import ConflictError, NotFoundError, OutturnError
from tenants.scope.actors import Actor, Permission


@require_safe
@page(needs=Permission.REPORTS_READ)
def disputes(request: HttpRequest) -> HttpResponse:
    """The disputes a person may read: an end customer's people those of their own company."""
    actor = actor_of(request)
    listed = _listing(actor).page(request, with_figures(selectors.disputes_listed(actor.customer), "statement__"))
    return listed.csv or render(request, "disputes/list.html", {"listing": listed})


def _listing(actor: Actor) -> Listing:
    """The list of disputes; an end customer's people are not told of others by a choice of them."""
    own = (
        Filter("contract", _("Contract"), contract_choices, lambda rows, value: rows.filter(contract=value)),
        Filter("customer", _("Customer"), customer_choices, lambda rows, value: rows.filter(customer=value)),
    )  # fmt: skip
    return Listing(
        name="disputes", caption=_("Disputes"), order="-opened_at",
        search=("statement__contract__title", "customer__name", "document__reason", "opened_by"),
        columns=(
            Column("start", _("Disputed from"), kind="moment",
                   link=lambda row: reverse("dispute", args=[actor.slug, row.id])),
            Column("end", _("To"), kind="moment"),
            Column("statement__contract__title", _("Contract")),
            Column("statement", _("Statement"), value=lambda row: name_shown(row, row.statement)),
            Column("customer__name", _("Customer"), is_shown=actor.customer is None),
            Column("held", _("Held to be"), value=lambda row: dict(forms.HELD)[row.held]),
            Column("state", _("State"), kind="status", value=lambda row: STATES[selectors.state_of(row)][0],
                   word=lambda row: STATES[selectors.state_of(row)][1]),
            Column("opened_at", _("Opened"), sort="opened_at", kind="age"),
            Column("closes_at", _("Counts until"), sort="closes_at", kind="moment"),
            Column("opened_by", _("Opened by"), is_shown=False),
        ),
        filters=(
            Filter("state", _("State"), [(key, word) for key, (_look, word) in STATES.items()], selectors.in_state),
            *(own if actor.customer is None else ()),
        ),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.REPORTS_READ)
def new_dispute(request: HttpRequest, statement: UUID) -> HttpResponse:
    """Dispute an interval of a statement; an old version leads to the newest."""
    actor, row = actor_of(request), _statement(request, statement)
    required_side(actor)
    newest = newest_version(row.contract_id, row.period_start)
    if newest is not None and newest.id != row.id:
        told = _("Version %(old)s was replaced: this is about version %(new)s.")
        messages.info(request, told % {"old": row.version, "new": newest.version})
        return redirect(f"{reverse('new-dispute', args=[actor.slug, newest.id])}?{request.GET.urlencode()}")
    agreement = agreement_of(row.contract_version)
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = forms.NewDisputeForm(agreement, _given(request, row), *data)
    opened = _opened(form, row, actor) if form.is_valid() else None
    if opened is not None:
        messages.success(request, _("The dispute is open, and the other side is told by mail."))
        return redirect("dispute", actor.slug, opened.id)
    closes_at = services.closing_of(row, agreement)
    context: dict[str, Any] = {
        "form": form, "statement": row, "name": name_of(row), "agreement": agreement, "closes_at": closes_at,
        "is_over": utc_now() > closes_at, "report": row.reports.values_list("id", flat=True).first(),
    }  # fmt: skip
    return render(request, "disputes/new.html", context, status=400 if form.errors else 200)


def _opened(form: forms.NewDisputeForm, row: Statement, actor: Actor) -> Dispute | None:
    """The dispute that a form opens; what the service has against it stands at its field."""
    values = form.cleaned_data
    wanted = services.Objection(
        statement=row.id, assets=[UUID(asset) for asset in values["assets"]], start=values["start"], end=values["end"],
        held=values["held"], reason=values["reason"], clause=values["clause"], files=values["attached"],
    )  # fmt: skip
    try:
        return services.open_dispute(wanted=wanted, customer=actor.customer, by=actor.name, now=utc_now())
    except OutturnError as error:
        put_error(form, error)
        return None


def _given(request: HttpRequest, row: Statement) -> dict[str, Any]:
    """What the address chose: an incident of the report, or the whole period."""
    given = request.GET
    try:
        start, end = (datetime.fromisoformat(given[name]) for name in ("from", "to"))
        span = (start, end) if start.tzinfo and end.tzinfo else None
    except (KeyError, ValueError):
        span = None
    return {
        "span": span or (row.period_start, row.period_end),
        "assets": given.getlist("asset"),
        "clause": given.get("clause", ""),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.REPORTS_READ)
def dispute(request: HttpRequest, dispute: UUID) -> HttpResponse:
    """One dispute: the interval and its evidence, what was said, what was decided, and what can be done."""
    actor, row = actor_of(request), _dispute(request, dispute)
    sent = None
    if request.method == "POST":
        sent = _form(request, row, actor)
        try:
            if sent.is_valid() and _acted(sent, row, actor):
                messages.success(request, _("It is in the log, and the other side is told by mail."))
                return redirect("dispute", actor.slug, row.id)
        except ConflictError as error:  # what was shown is not how it is any more
            messages.error(request, retold(error))
            return redirect("dispute", actor.slug, row.id)
    context = detail(row, actor, sent, utc_now())
    return render(request, "disputes/detail.html", context, status=400 if sent is not None else 200)


def _form(request: HttpRequest, row: Dispute, actor: Actor) -> forms.ActForm:
    """The form that was sent; only of those that the actor may send."""
    act, side = request.POST.get("act", ""), required_side(actor)
    if act == "say":
        return forms.SayForm(request.POST, request.FILES)
    if side == "customer":
        if act not in ("agreed", "refused", "withdrawn", "reopened"):
            raise Http404
        return forms.WhyForm(act, request.POST)
    if not may_decide(actor):
        raise PermissionDenied
    categories = selectors.categories(selectors.agreement_about(row), row.clause, row.document["assets"])
    match act:
        case "upheld":
            return forms.UpholdForm(request.POST, **upholding(row, categories))
        case "offered":
            zone = selectors.zone_of(row)
            return forms.OfferForm(zone, None, request.POST, categories=categories)
        case "declined":
            return forms.WhyForm(act, request.POST)
    raise Http404


def _acted(form: forms.ActForm, row: Dispute, actor: Actor) -> bool:
    """Do what a form says; what the service has against it stands at its field.

    Raises:
        ConflictError: The other side was quicker.
    """
    values, customer = form.cleaned_data, actor.customer
    common: dict[str, Any] = {"dispute": row.id, "by": actor.name, "now": utc_now()}
    steps: dict[str, Callable[..., object]] = {
        "agreed": deciding.agree, "refused": deciding.refuse, "withdrawn": deciding.withdraw,
        "reopened": deciding.reopen,
    }  # fmt: skip
    try:
        match form.act:
            case "say":
                services.say(customer=customer, text=values["text"], files=values["attached"], **common)
            case "upheld":
                consent = form.consent if isinstance(form, forms.UpholdForm) else None
                category = values.get("category", "")
                deciding.uphold(why=values["why"], category=category, consent=consent, **common)
            case "offered":
                wanted = {name: values.get(name, "") for name in ("held", "start", "end", "category")}
                deciding.offer_middle(offer=deciding.Offer(**wanted), why=values["why"], **common)
            case "declined":
                deciding.decline(why=values["why"], **common)
            case step:
                steps[step](customer=customer, why=values["why"], **common)
    except ConflictError:
        raise
    except OutturnError as error:
        put_error(form, error)
    return not form.errors


@require_safe
@page(needs=Permission.REPORTS_READ)
def dispute_file(request: HttpRequest, dispute: UUID, file: UUID) -> HttpResponse:
    """A file that was attached: to be kept, never shown by the browser in our name."""
    found = selectors.file_of(_dispute(request, dispute), file)
    if found is None:
        raise Http404
    return download(found)


def download(found: Any) -> HttpResponse:
    """The answer that gives a file."""
    kept = content_disposition_header(as_attachment=True, filename=found.name)
    response = HttpResponse(bytes(found.content), content_type=found.media_type)
    response["Content-Disposition"] = kept or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


def _dispute(request: HttpRequest, dispute: UUID) -> Dispute:
    try:
        return selectors.dispute(dispute, actor_of(request).customer)
    except NotFoundError:
        raise Http404 from None


def _statement(request: HttpRequest, statement: UUID) -> Statement:
    """A statement, for whom it is addressed to."""
    try:
        row = statement_by_id(statement)
    except NotFoundError:
        raise Http404 from None
    customer = actor_of(request).customer
    if customer is not None and agreement_of(row.contract_version).customer != str(customer):
        raise Http404
    return row
