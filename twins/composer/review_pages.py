"""The pages of reviews: what waits, one of them with what changed, and whether the organisation wants them."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.forms import put_error, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from twins.composer import reviewing
from twins.composer.domain.diff import counted, diff
from twins.composer.models import ReviewState, Twin, TwinReview
from twins.composer.previewing import attributed
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import draft_at
from twins.composer.selectors import twin as twin_row
from twins.composer.version_pages import twin_or_404
from twins.composer.versions import document_at, empty, names_for_diff

MOST_SHOWN = 200
"""Changes that a page lists; all of them are on the page that compares."""
STATES = {
    ReviewState.OPEN: _("Open"), ReviewState.APPROVED: _("Approved"), ReviewState.CHANGES: _("Changes wanted"),
    ReviewState.WITHDRAWN: _("Withdrawn"),
}  # fmt: skip
_STATUS = {
    ReviewState.OPEN: "pending", ReviewState.APPROVED: "done", ReviewState.CHANGES: "warning",
    ReviewState.WITHDRAWN: "cancelled",
}  # fmt: skip


class AskForm(forms.Form):
    """What others are asked to look at."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    note = forms.CharField(max_length=500, required=False)


class DecisionForm(forms.Form):
    """What a reviewer says."""

    deed = forms.ChoiceField(choices=[(each, each) for each in ("approve", "changes")], widget=forms.HiddenInput)
    comment = forms.CharField(
        max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}), label=_("Comment"),
        help_text=_("Needed when you ask for changes."),
    )  # fmt: skip


class RuleForm(forms.Form):
    """How the organisation publishes its twins."""

    needs_review = forms.BooleanField(
        required=False, label=_("Another person has to approve a draft before it is published"),
        help_text=_("Nobody approves what they edited themselves, and every later edit asks for a new approval."),
    )  # fmt: skip


@require_safe
@page(needs=Permission.TWINS_READ)
def reviews(request: HttpRequest) -> HttpResponse:
    """The reviews of the organisation's twins, with those first that wait for whoever looks."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, reviewing.reviews())
    mine = reviewing.waiting(actor.name) if actor.may(Permission.TWINS_PUBLISH) else reviewing.reviews().none()
    context = {"listing": listed, "waiting": mine, "needs_review": reviewing.needs_review()}
    return listed.csv or render(request, "composer/reviews.html", context)


@require_safe
@page(needs=Permission.TWINS_PUBLISH)
def badge(request: HttpRequest) -> HttpResponse:
    """How many reviews wait for whoever asks, for the top bar."""
    return render(request, "composer/_reviews_badge.html", {"count": reviewing.waiting(actor_of(request).name).count()})


def _listing(slug: str) -> Listing:
    return Listing(
        name="reviews", caption=_("Reviews"), order="-asked_at", search=("twin__name", "asked_by", "note"),
        columns=(
            Column("twin__name", _("Twin"), link=lambda row: reverse("twin-review", args=[slug, row.id])),
            Column(
                "state", _("State"), kind="status", value=lambda row: _STATUS[ReviewState(row.state)],
                word=lambda row: STATES[ReviewState(row.state)],
            ),
            Column("note", _("Note")),
            Column("asked_by", _("Asked by")),
            Column("asked_at", _("Asked"), sort="asked_at", kind="age"),
            Column("decided_by", _("Decided by")),
        ),
        filters=(
            Filter("state", _("State"), list(STATES.items()), lambda rows, value: rows.filter(state=value)),
        ),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_READ)
def review(request: HttpRequest, review: UUID) -> HttpResponse:
    """One review: what changed in the revision that it is of, and what is said about it."""
    actor, row = actor_of(request), _found(review)
    form = DecisionForm(request.POST or None)
    if request.method == "POST":
        if not actor.may(Permission.TWINS_PUBLISH):
            raise PermissionDenied
        if form.is_valid() and _decided(request, row, form):
            return redirect("twin-review", actor.slug, row.id)
    twin = twin_row(row.twin_id)
    before = (document_at(twin, str(twin.published)) if twin.published else None) or empty(twin)
    changes = attributed(twin, diff(before, _reviewed(twin, row), names_for_diff()))
    context = {
        "review": row, "twin": twin, "form": form, "word": STATES[ReviewState(row.state)],
        "status": _STATUS[ReviewState(row.state)], "changes": changes[:MOST_SHOWN],
        "more": max(0, len(changes) - MOST_SHOWN), "counts": counted(each.change for each in changes),
        "is_stale": row.revision != twin.revision and row.state in (ReviewState.OPEN, ReviewState.APPROVED),
        "is_over": row.revision <= twin.published_revision,
        "may_decide": row.state == ReviewState.OPEN and actor.may(Permission.TWINS_PUBLISH),
        "is_own": not reviewing.waiting(actor.name).filter(id=row.id).exists(),
        "may_withdraw": row.state == ReviewState.OPEN and actor.may(Permission.TWINS_EDIT),
    }  # fmt: skip
    return render(request, "composer/review.html", context, status=400 if form.errors else 200)


def _reviewed(twin: Twin, row: TwinReview) -> TwinDocument:
    """The draft as it was at the revision that is asked about."""
    return draft_at(twin, min(row.revision, twin.revision))[0]


def _decided(request: HttpRequest, row: TwinReview, form: DecisionForm) -> bool:
    approve = form.cleaned_data["deed"] == "approve"
    try:
        reviewing.decide_review(
            review=row.id, approve=approve, comment=form.cleaned_data["comment"], by=actor_of(request).name,
            now=utc_now(),
        )  # fmt: skip
    except OutturnError as error:
        put_error(form, error)
        return False
    told = _("Approved. It can be published now.") if approve else _("Sent back with your comment.")
    messages.success(request, told)
    return True


@require_POST
@page(needs=Permission.TWINS_EDIT)
def ask(request: HttpRequest, twin: str) -> HttpResponse:
    """Ask for a review of the draft as it is."""
    actor, row, form = actor_of(request), twin_or_404(twin), AskForm(request.POST)
    try:
        revision = form.cleaned_data["revision"] if form.is_valid() else -1
        note = form.cleaned_data.get("note", "")
        made = reviewing.ask_review(twin=row.id, revision=revision, note=note, by=actor.name, now=utc_now())
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("twin-versions", actor.slug, row.slug)
    messages.success(request, _("Asked for a review. Whoever may publish twins sees it in the top bar."))
    return redirect("twin-review", actor.slug, made.id)


@require_POST
@page(needs=Permission.TWINS_EDIT)
def withdraw(request: HttpRequest, review: UUID) -> HttpResponse:
    """Take the question back."""
    row = _found(review)
    try:
        reviewing.withdraw_review(review=row.id, by=actor_of(request).name, now=utc_now())
        messages.success(request, _("The review is withdrawn."))
    except OutturnError as error:
        messages.error(request, error.told)
    return redirect("twin-review", actor_of(request).slug, row.id)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ORGANISATION_ADMINISTER)
def rule(request: HttpRequest) -> HttpResponse:
    """Whether the organisation wants a review before a twin is published."""
    actor = actor_of(request)
    form = RuleForm(request.POST or None, initial={"needs_review": reviewing.needs_review()})
    if request.method == "POST" and form.is_valid():
        reviewing.set_rule(needs_review=form.cleaned_data["needs_review"], by=actor.name, now=utc_now())
        messages.success(request, _("Saved."))
        return redirect("publishing-rule", actor.slug)
    back = (_("Reviews"), reverse("twin-reviews", args=[actor.slug]))
    return show_form(request, form, title=_("Publishing"), submit=_("Save"), back=back)


def _found(review: UUID) -> TwinReview:
    try:
        return reviewing.review_of(review)
    except OutturnError:
        raise Http404 from None
