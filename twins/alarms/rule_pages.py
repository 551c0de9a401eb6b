"""The pages of the rules of alarms: what the types say, what people made, and the form that makes one without code."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.edge.forms import SHELL, NamedConfirmForm, put_error, show_confirm, show_form
from tenants.edge.http import actor_of
from tenants.edge.lists import Column, Filter, Listing
from tenants.edge.permissions import page
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import NotFoundError, OutturnError
from tenants.scope.actors import Permission
from twins.alarms import rules as deeds
from twins.alarms import selectors
from twins.alarms.models import AlarmRule
from twins.alarms.pages import PRIORITIES
from twins.alarms.planning import current_plan
from twins.alarms.wording import words
from twins.catalog.domain.alarms import LIMITS, RATES, condition_of
from twins.catalog.schemas import Alarm
from twins.catalog.selectors import resolved_types
from twins.composer.schemas import TwinDocument
from twins.composer.selectors import published_twin, twin_by_slug, twin_choices, twins

CONDITIONS = (
    ("above", gettext_lazy("Value above the limit")), ("below", gettext_lazy("Value below the limit")),
    ("rising", gettext_lazy("Rises faster than the limit a second")),
    ("falling", gettext_lazy("Falls faster than the limit a second")),
    ("silent", gettext_lazy("No reading for the patience")), ("when", gettext_lazy("An expression holds")),
)  # fmt: skip
LEVELS = (("", "–"), ("HH", "HH"), ("H", "H"), ("L", "L"), ("LL", "LL"))
MOST_FROM_TYPES = 200


class RuleForm(forms.Form):
    """An alarm, without code.

    Args:
        targets: What it may be for, as choices; none when that is settled.
        signals: The signals that it may watch, as choices.
    """

    target = forms.ChoiceField(label=gettext_lazy("For"))
    name = forms.CharField(max_length=120, label=gettext_lazy("Name"))
    signal = forms.ChoiceField(label=gettext_lazy("Signal"), required=False)
    condition = forms.ChoiceField(choices=CONDITIONS, label=gettext_lazy("Condition"))
    limit = forms.DecimalField(
        required=False, max_digits=30, decimal_places=12, label=gettext_lazy("Limit"),
        help_text=gettext_lazy("In the unit of the signal; for a rate, in that unit a second."),
    )  # fmt: skip
    when = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("Expression"),
        help_text=gettext_lazy("Only for the condition “An expression holds”: speed > 50 {rpm} and flow < 2 m3/h"),
    )  # fmt: skip
    level = forms.ChoiceField(choices=LEVELS, required=False, label=gettext_lazy("Level"))
    deadband = forms.DecimalField(
        required=False, min_value=Decimal(0), max_digits=30, decimal_places=12, label=gettext_lazy("Deadband"),
        help_text=gettext_lazy("So far must it come back before the alarm is over: this keeps it from chattering."),
    )  # fmt: skip
    patience = forms.IntegerField(
        required=False, min_value=1, max_value=31_536_000, label=gettext_lazy("Patience (seconds)"),
        help_text=gettext_lazy("Only for silence: so long may no reading come."),
    )  # fmt: skip
    on_delay = forms.IntegerField(
        required=False, min_value=0, max_value=86_400, label=gettext_lazy("On delay (seconds)")
    )
    off_delay = forms.IntegerField(
        required=False, min_value=0, max_value=86_400, label=gettext_lazy("Off delay (seconds)")
    )
    window = forms.IntegerField(
        required=False, min_value=1, max_value=86_400, label=gettext_lazy("Span of a rate (seconds)")
    )
    priority = forms.ChoiceField(choices=PRIORITIES, initial="medium", label=gettext_lazy("Priority"))
    message = forms.CharField(required=False, max_length=2000, label=gettext_lazy("Message"))
    cause = forms.CharField(required=False, max_length=2000, label=gettext_lazy("Likely cause"))
    consequence = forms.CharField(required=False, max_length=2000, label=gettext_lazy("If nobody acts"))
    action = forms.CharField(required=False, max_length=2000, label=gettext_lazy("What to do"))
    suppressed_by = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Silent while"),
        help_text=gettext_lazy("This alarm of the same asset is active."),
    )
    suppressed_when = forms.CharField(
        required=False, max_length=2000, label=gettext_lazy("Suppressed while"),
        help_text=gettext_lazy("An expression, such as that the machine is stopped: speed < 50 {rpm}"),
    )  # fmt: skip
    latched = forms.BooleanField(required=False, label=gettext_lazy("Stays on the list until somebody resets it"))

    def __init__(
        self, *args: Any, targets: list[tuple[str, str]], signals: list[tuple[str, str]],
        others: list[tuple[str, str]], **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        choices: dict[str, list[tuple[str, str]]] = {
            "target": targets, "signal": [("", "–"), *signals], "suppressed_by": [("", "–"), *others],
        }  # fmt: skip
        for name, values in choices.items():
            self.fields[name].choices = values  # type: ignore[attr-defined]
        if not targets:
            del self.fields["target"]

    def document(self) -> dict[str, Any]:
        """The alarm as an asset type has it."""
        values = self.cleaned_data
        condition = values["condition"]
        found: dict[str, Any] = {"name": {"en": values["name"]}, "priority": values["priority"]}
        texts = ("message", "cause", "consequence", "action", "level", "suppressed_by", "suppressed_when")
        found |= {name: values[name] for name in texts if values[name]}
        if condition == "when":
            found["when"] = values["when"] or None
        else:
            found["signal"] = values["signal"] or None
            limit = values["limit"]
            found[condition] = _span(values["patience"]) if condition == "silent" else _plain(limit)
        if condition in LIMITS and values["deadband"]:
            found["deadband"] = _plain(values["deadband"])
        if condition in RATES:
            found["window"] = _span(values["window"])
        found |= {"for": _span(values["on_delay"]), "clear_after": _span(values["off_delay"])}
        if values["latched"]:
            found["latched"] = True
        return {name: value for name, value in found.items() if value is not None}

    def key(self) -> str:
        """A key for the name."""
        plain = re.sub(r"[^a-z0-9]+", "_", self.cleaned_data["name"].lower()).strip("_")
        return (plain if plain[:1].isalpha() else f"a_{plain}")[:64]


def _span(seconds: int | None) -> str | None:
    return f"PT{seconds}S" if seconds else None


def _plain(number: Decimal | None) -> str | None:
    if number is None:
        return None
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@require_safe
@page(needs=Permission.ALARMS_READ)
def rules(request: HttpRequest) -> HttpResponse:
    """The rules that people made, and what the types say beside them."""
    actor = actor_of(request)
    listed = _listing(actor.slug).page(request, selectors.rules())
    plan = current_plan()
    counted = Counter(
        (each.key, each.name, words(each.alarm, each.unit), each.alarm.priority)
        for each in plan.points
        if each.rule is None and not each.hides
    )
    context = {
        "listing": listed, "can_edit": actor.may(Permission.ALARMS_EDIT),
        "number": sum(not each.hides for each in plan.points),
        "from_types": [(*what, count) for what, count in sorted(counted.items())[:MOST_FROM_TYPES]],
    }  # fmt: skip
    return listed.csv or render(request, "alarms/rules.html", context)


def _condition(row: AlarmRule) -> str:
    return words(Alarm.model_validate(row.document), "")


def _for(row: AlarmRule) -> str:
    where = row.twin.name if row.twin is not None else _("all twins")
    return f"{row.asset_type}, {where}" if row.asset_type else _("one asset of %(twin)s") % {"twin": where}


def _listing(slug: str) -> Listing:
    return Listing(
        name="alarm-rules", caption=gettext_lazy("Rules"), order="key", search=("key", "asset_type", "twin__name"),
        columns=(
            Column("key", gettext_lazy("Key"), sort="key", kind="code",
                   link=lambda row: reverse("alarm-rule", args=[slug, row.id])),
            Column("for", gettext_lazy("For"), value=_for),
            Column("condition", gettext_lazy("Condition"), value=_condition),
            Column("priority", gettext_lazy("Priority"), kind="status",
                   value=lambda row: row.document.get("priority", "medium")),
            Column("state", gettext_lazy("State"), kind="status",
                   value=lambda row: "in_force" if row.is_enabled else "disabled"),
            Column("version", gettext_lazy("Version"), kind="number"),
            Column("changed_by", gettext_lazy("Changed by")),
            Column("changed_at", gettext_lazy("Changed"), sort="changed_at", kind="moment"),
        ),
        filters=(Filter("twin", gettext_lazy("Twin"), twin_choices, lambda rows, value: rows.filter(twin=value)),),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ALARMS_EDIT)
def new_rule(request: HttpRequest) -> HttpResponse:
    """A new rule for something of a twin, which stands in the address."""
    actor = actor_of(request)
    slug = request.GET.get("twin", "")
    found = twin_by_slug(slug) if slug else None
    document = published_twin(found.id) if found is not None else None
    if found is None or document is None:
        published = twins().filter(published__gt=0)
        return render(
            request, "alarms/choose_twin.html", {"twins": published, "slug": slug}, status=404 if slug else 200
        )
    form = RuleForm(request.POST or None, **_choices(document))
    if request.method == "POST" and form.is_valid():
        try:
            row = deeds.create_rule(
                key=form.key(), scope=_target(form.cleaned_data["target"], found.id), document=form.document(),
                by=actor.name, now=utc_now(),
            )  # fmt: skip
            messages.success(request, _("The rule is in force. It counts from the next reading on."))
            return redirect("alarm-rule", actor.slug, row.id)
        except OutturnError as error:
            _put(form, error)
    return show_form(
        request, form, title=_("New rule for %(twin)s") % {"twin": found.name}, submit=_("Make the rule"), frame=SHELL,
        back=(_("Rules"), reverse("alarm-rules", args=[actor.slug])),
    )  # fmt: skip


def _put(form: RuleForm, error: OutturnError) -> None:
    places = {
        "above": "limit",
        "below": "limit",
        "rising": "limit",
        "falling": "limit",
        "silent": "patience",
        "key": "name",
    }
    place = error.place.partition(":")[0]  # what follows is where in an expression it is
    error.place = places.get(place, place)
    put_error(form, error)


def _choices(document: TwinDocument) -> dict[str, list[tuple[str, str]]]:
    types = resolved_types()
    by_name = sorted(document.assets.items(), key=lambda item: item[1].name)
    used = dict.fromkeys(asset.type for _, asset in by_name)
    keys = sorted({types[ref].document.key for ref in used})
    targets = [(f"here {key}", _("All %(type)s of this twin") % {"type": key}) for key in keys]
    targets += [(f"all {key}", _("All %(type)s of all twins") % {"type": key}) for key in keys]
    targets += [(f"asset {id_}", asset.name) for id_, asset in by_name]
    return {"targets": targets, **_of_types(list(used))}


def _of_types(refs: list[str]) -> dict[str, list[tuple[str, str]]]:
    types = resolved_types()
    signals: dict[str, str] = {}
    others: dict[str, str] = {}
    for ref in refs:
        of = types[ref].document
        for key, signal in of.signals.items():
            signals.setdefault(key, f"{(signal.name or {}).get('en', key)} ({key}, {signal.unit})")
        others |= {key: (alarm.name or {}).get("en", key) for key, alarm in of.alarms.items()}
    others |= {row.key: row.key for row in selectors.rules()}
    return {"signals": list(signals.items()), "others": list(others.items())}


def _target(text: str, twin: UUID) -> deeds.Scope:
    kind, _space, what = text.partition(" ")
    if kind == "asset":
        return deeds.Scope(twin=twin, asset=UUID(what))
    return deeds.Scope(twin=twin if kind == "here" else None, asset_type=what)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ALARMS_EDIT)
def edit_rule(request: HttpRequest, rule: UUID) -> HttpResponse:
    """Change what a rule says; what it is for stays."""
    row, actor = _found(rule), actor_of(request)
    try:
        of = deeds.type_in(deeds.Scope(row.twin_id, row.asset, row.asset_type)).document.ref
    except OutturnError as error:
        messages.error(request, error.told)
        return redirect("alarm-rules", actor.slug)
    form = RuleForm(request.POST or None, targets=[], initial=_initial(row), **_of_types([of]))
    if request.method == "POST" and form.is_valid():
        try:
            deeds.change_rule(rule=row.id, version=row.version, document=form.document(), by=actor.name, now=utc_now())
            messages.success(request, _("The rule is changed. It counts from the next reading on."))
            return redirect("alarm-rules", actor.slug)
        except OutturnError as error:
            _put(form, error)
    context = {"form": form, "rule": row, "what": _for(row), "versions": selectors.versions(row.id)[:50]}
    return render(request, "alarms/rule.html", context, status=400 if form.errors else 200)


def _initial(row: AlarmRule) -> dict[str, Any]:
    alarm = Alarm.model_validate(row.document)
    condition = condition_of(alarm) or "above"
    limit = getattr(alarm, condition) if condition in LIMITS else None
    names = ("signal", "when", "level", "deadband", "priority", "message", "cause", "consequence", "action",
             "suppressed_by", "suppressed_when", "latched")  # fmt: skip
    spans = {"patience": alarm.silent, "on_delay": alarm.for_, "off_delay": alarm.clear_after, "window": alarm.window}
    return {
        **{name: getattr(alarm, name) for name in names}, "name": (alarm.name or {}).get("en", row.key),
        "condition": condition, "limit": limit, **{name: _seconds(span) for name, span in spans.items()},
    }  # fmt: skip


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


@require_POST
@page(needs=Permission.ALARMS_EDIT)
def switch(request: HttpRequest, rule: UUID) -> HttpResponse:
    """Put a rule in force, or take its alarm away."""
    row, actor = _found(rule), actor_of(request)
    deeds.switch_rule(rule=row.id, on=not row.is_enabled, by=actor.name, now=utc_now())
    return redirect("alarm-rule", actor.slug, row.id)


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ALARMS_EDIT)
def delete(request: HttpRequest, rule: UUID) -> HttpResponse:
    """Delete a rule, after its key was typed."""
    row, actor = _found(rule), actor_of(request)
    form = NamedConfirmForm(request.POST if request.method == "POST" else None, name=row.key)
    if request.method == "POST" and form.is_valid():
        deeds.delete_rule(rule=row.id, by=actor.name, now=utc_now())
        messages.success(request, _("%(key)s is deleted.") % {"key": row.key})
        return redirect("alarm-rules", actor.slug)
    return show_confirm(
        request, form, title=_("Delete the rule “%(key)s”") % {"key": row.key}, submit=_("Delete the rule"),
        back=(row.key, reverse("alarm-rule", args=[actor.slug, row.id])),
        what=_("Its alarms end. Where the type has an alarm of this key, that counts again."),
        undo=_("This cannot be undone; its versions and the history of its alarms stay."),
    )  # fmt: skip


def _found(rule: UUID) -> AlarmRule:
    try:
        return selectors.rule(rule)
    except NotFoundError:
        raise Http404 from None
