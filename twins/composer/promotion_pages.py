"""The page on which a version of a twin is promoted: where to, which gateways stand for which, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from tenants.edge.forms import put_error
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.canonical import canonical_json
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.people.selectors import sites
from tenants.scope.actors import Permission
from twins.composer import promoting
from twins.composer.domain.diff import counted
from twins.composer.models import Twin
from twins.composer.review_pages import MOST_SHOWN
from twins.composer.version_pages import twin_or_404
from twins.composer.versions import gateway_names, named_versions

NEW = ""
_GATEWAY = "gateway-"


class PromotionForm(forms.Form):
    """What is promoted, and into what."""

    version = forms.TypedChoiceField(coerce=int, label=_("Version"))
    target = forms.ChoiceField(required=False, label=_("Into"))
    name = forms.CharField(
        max_length=200, required=False, label=_("Name of the new twin"), help_text=_("Empty: as this one is called.")
    )
    site = forms.ChoiceField(required=False, label=_("Site of the new twin"))
    revision = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, twin: Twin, sees_gateways: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lineages = {str(each.target_id): each for each in promoting.lineages(twin.id)}
        offered = named_versions(twin.id).defer("document")[:200]
        told = [(str(each.version), f"{each.version} {each.name}".strip()) for each in offered]  # type: ignore[attr-defined]
        self.fields["version"].choices = told  # type: ignore[attr-defined]
        targets = [(key, each.target.name) for key, each in self.lineages.items()]
        self.fields["target"].choices = [*targets, (NEW, gettext("A new twin"))]  # type: ignore[attr-defined]
        places = [(str(each.id), f"{each.space.name} · {each.name}") for each in sites()]
        self.fields["site"].choices = [("", gettext("At none")), *places]  # type: ignore[attr-defined]
        version = self._version(twin)
        self.gateways = promoting.gateways_of(twin.id, version) if version else {}
        self._add_gateways(gateway_names() if sees_gateways else self.gateways)

    def _version(self, twin: Twin) -> int:
        """The version that the fields are for; one that is not offered is refused as a field is."""
        wanted = str(self.data.get("version") or self.initial.get("version") or twin.published)
        offered = {value for value, _word in self.fields["version"].choices}  # type: ignore[attr-defined]
        return int(wanted) if wanted in offered else twin.published

    def _add_gateways(self, offered: Mapping[str, str]) -> None:
        """A choice for each gateway that the version reads from; it begins with what stood for it the last time."""
        last: dict[str, str | None] = {}
        for lineage in self.lineages.values():
            last |= lineage.gateways
        choices = [("", gettext("None: its signals are not read")), *offered.items()]
        for key, name in self.gateways.items():
            label = gettext("In place of “%(gateway)s”") % {"gateway": name}
            self.fields[f"{_GATEWAY}{key}"] = forms.ChoiceField(
                choices=choices, required=False, label=label, initial=last.get(key) or ""
            )

    def chosen(self) -> dict[str, str | None]:
        """The gateway that stands for each of the source's."""
        return {key: self.cleaned_data[f"{_GATEWAY}{key}"] or None for key in self.gateways}

    def told(self) -> str:
        """What was chosen, to be compared with what is chosen later."""
        values = self.cleaned_data
        return canonical_json([values["version"], values["target"], self.chosen()]).decode()

    def wanted(self) -> promoting.Target:
        """Where it leads."""
        values = self.cleaned_data
        return promoting.Target(
            UUID(values["target"]) if values["target"] else None, values["revision"] or 0, values["name"].strip(),
            UUID(values["site"]) if values["site"] else None,
        )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.TWINS_PUBLISH)
def promote(request: HttpRequest, twin: str) -> HttpResponse:
    """Promote a version: first what differs is shown, then it is done."""
    row = twin_or_404(twin)
    targets = [str(each.target_id) for each in promoting.lineages(row.id)]
    initial = {"version": request.GET.get("version") or row.published, "target": (targets or [NEW])[0]}
    sees_gateways = actor_of(request).may(Permission.GATEWAYS_READ)
    form = PromotionForm(request.POST or None, initial=initial, twin=row, sees_gateways=sees_gateways)
    plan: promoting.Promotion | None = None
    if request.method == "POST" and form.is_valid():
        try:
            # What is done is what was shown: whoever chose otherwise since is shown the differences first.
            if request.POST.get("deed") == "promote" and request.POST.get("shown") == form.told():
                return _promoted(request, row, form)
            plan = promoting.plan_promotion(
                source=row.id, version=form.cleaned_data["version"], target=form.wanted().twin, gateways=form.chosen()
            )
        except OutturnError as error:
            put_error(form, error)
    context: dict[str, Any] = {"twin": row, "form": form, "plan": plan}
    if plan is not None:
        context |= {
            "changes": [{"change": change} for change in plan.changes[:MOST_SHOWN]],
            "more": max(0, len(plan.changes) - MOST_SHOWN), "counts": counted(plan.changes), "shown": form.told(),
            "revision": plan.target.revision if plan.target is not None else 0,
        }  # fmt: skip
    return render(request, "composer/promote.html", context, status=400 if form.errors else 200)


def _promoted(request: HttpRequest, row: Twin, form: PromotionForm) -> HttpResponse:
    actor = actor_of(request)
    target = promoting.promote_twin(
        source=row.id, version=form.cleaned_data["version"], target=form.wanted(), gateways=form.chosen(),
        by=actor.name, now=utc_now(),
    )  # fmt: skip
    told = gettext("It is in the draft of “%(name)s” now. Look at it and publish it there.") % {"name": target.name}
    messages.success(request, told)
    return redirect("twin-versions", actor.slug, target.slug)
