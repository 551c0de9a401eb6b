"""The page of an on-call schedule: whose turn it is, and exceptions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tenants.edge.forms import SHELL, put_error, show_form
from tenants.edge.http import actor_of
from tenants.edge.permissions import page
from tenants.kernel.calendars import UnknownZoneError, from_epoch_ms, parse_moment, time_zone
from tenants.kernel.clock import utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.actors import Permission
from tenants.scope.context import required_tenant
from tenants.scope.models import Tenant
from twins.alarms import selectors, telling
from twins.alarms.domain.oncall import Override
from twins.alarms.escalating import rotation_of
from twins.alarms.telling import ScheduleTerms

_TERMS = ("name", "zone", "first", "handover", "days")


class LocalTime(forms.CharField):
    """A date and a time on a clock whose zone another field tells."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%d %H:%M:%S")


class ScheduleForm(forms.Form):
    """Who is on call.

    Args:
        overrides: The exceptions that there are, each of which can be kept or taken out.
        zone: Whose clocks they are shown on.
    """

    name = forms.CharField(max_length=120, label=gettext_lazy("Name"))
    zone = forms.CharField(
        max_length=64, label=gettext_lazy("Time zone"), help_text=gettext_lazy("A name such as Europe/Berlin.")
    )
    first = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    handover = forms.TimeField(
        label=gettext_lazy("Hands change at"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    days = forms.IntegerField(min_value=1, max_value=telling.MOST_DAYS, initial=7, label=gettext_lazy("Days of a turn"))
    people = forms.CharField(
        max_length=5000, widget=forms.Textarea(attrs={"rows": 4}), label=gettext_lazy("People"),
        help_text=gettext_lazy("Addresses of mail in the order of their turns, one in a line."),
    )  # fmt: skip
    kept = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Exceptions"),
        help_text=gettext_lazy("Take the tick away from one that is to go."),
    )  # fmt: skip
    override = forms.EmailField(required=False, label=gettext_lazy("Another exception: who"))
    override_start = LocalTime(required=False, label=gettext_lazy("from (in the time zone above)"))
    override_end = LocalTime(required=False, label=gettext_lazy("until (in the time zone above)"))

    def __init__(self, *args: Any, overrides: Sequence[Override] = (), zone: str = "UTC", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._overrides = overrides
        if overrides:
            choices = {str(number): _words(each, zone) for number, each in enumerate(overrides)}
            self.fields["kept"].choices = list(choices.items())  # type: ignore[attr-defined]
            self.initial["kept"] = list(choices)
        else:
            del self.fields["kept"]

    def clean_people(self) -> list[str]:
        """The addresses."""
        return [each for each in re.split(r"[\s,;]+", self.cleaned_data["people"]) if each]

    def clean(self) -> dict[str, Any]:
        """An exception is whole, and what was entered of it is not lost."""
        values: dict[str, Any] = self.cleaned_data
        for name, missing in (
            ("override", _("Say who is on call then.")),
            ("override_start", _("Say from when.")),
            ("override_end", _("Say until when.")),
        ):
            if not values.get(name) and name not in self.errors and self._has_exception():
                self.add_error(name, missing)
        return values

    def _has_exception(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("override", "override_start", "override_end"))

    def terms(self) -> ScheduleTerms:
        """What was entered.

        Raises:
            UnknownZoneError: There is no such zone.
            ValueError: A time of the exception is none.
        """
        values = self.cleaned_data
        kept = [each for number, each in enumerate(self._overrides) if str(number) in values.get("kept", ())]
        if self._has_exception():
            zone = time_zone(values["zone"])
            start, end = (
                from_epoch_ms(parse_moment(values[name], zone)) for name in ("override_start", "override_end")
            )
            kept.append(Override(start, end, values["override"]))
        return ScheduleTerms(**{name: values[name] for name in _TERMS}, people=values["people"], overrides=kept)


def _words(override: Override, zone: str) -> str:
    start, end = (f"{each.astimezone(time_zone(zone)):%Y-%m-%d %H:%M}" for each in (override.start, override.end))
    return _("%(person)s from %(start)s until %(end)s, %(zone)s") % {
        "person": override.person, "start": start, "end": end, "zone": zone,
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@page(needs=Permission.ALARMS_EDIT)
def schedule(request: HttpRequest, schedule: UUID | None = None) -> HttpResponse:
    """Make or change a schedule."""
    row = None if schedule is None else selectors.schedules().filter(id=schedule).first()
    if schedule is not None and row is None:
        raise Http404
    back = _("Notifications"), reverse("alarm-telling", args=[actor_of(request).slug])
    if row is None:
        initial: dict[str, Any] = {"zone": Tenant.objects.get(id=required_tenant()).time_zone}
        form = ScheduleForm(request.POST or None, initial=initial)
    else:
        initial = {**{name: getattr(row, name) for name in _TERMS}, "people": "\n".join(row.people)}
        form = ScheduleForm(request.POST or None, initial=initial, overrides=rotation_of(row)[1], zone=row.zone)
    if request.method == "POST" and form.is_valid():
        try:
            telling.save_schedule(schedule=schedule, terms=form.terms(), by=actor_of(request).name, now=utc_now())
            return redirect(back[1])
        except UnknownZoneError as error:
            form.add_error("zone", error.told)
        except ValueError:
            form.add_error("override_start", _("Write dates and times such as 2026-12-24 08:00."))
        except OutturnError as error:
            put_error(form, error)
    return show_form(request, form, title=_("On-call schedule"), submit=_("Save"), frame=SHELL, back=back)
