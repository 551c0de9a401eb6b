"""The form of a plan's prices: each field read strictly, and what is wrong told at its field and in its row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import override
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts.fields import DECIMAL_PATTERN
from billing.plans.price_rows import METER, MOST_METERS, MOST_TIERS, TIER, Entered
from tenants.kernel.errors import Finding, OutturnError
from tenants.kernel.money import exponent

_NUMBER = re.compile(DECIMAL_PATTERN, re.ASCII)


class NumberText(forms.CharField):
    """A number that stays the text it was written as, for it is reckoned with exactly."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"inputmode": "decimal", "autocomplete": "off"}
        super().__init__(max_length=40, widget=forms.TextInput(attrs=attributes), **kwargs)

    def clean(self, value: Any) -> str:
        """The text.

        Raises:
            ValidationError: It is missing, or could be read in two ways.
        """
        text: str = super().clean(value)
        if text and not _NUMBER.fullmatch(text):
            raise ValidationError(_("This is no number. Write digits, and a point where it has a fraction: 0.10."))
        return text


def _text(label: Any, length: int, help_text: Any = "", **attributes: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attributes})
    return forms.CharField(label=label, max_length=length, help_text=help_text, widget=widget)


def _choice(label: Any, choices: Any, help_text: Any = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, help_text=help_text)


AGGREGATES = (
    ("sum", gettext_lazy("added up")), ("max", gettext_lazy("the highest amount")),
    ("last", gettext_lazy("the latest amount")), ("unique", gettext_lazy("how many different")),
)  # fmt: skip
MODES = (
    ("graduated", gettext_lazy("each unit by its own tier")),
    ("volume", gettext_lazy("all by the tier reached")),
)
ZONES = (
    ("organisation", gettext_lazy("in the organisation’s time zone")),
    ("operator", gettext_lazy("in your own time zone")),
)
ROUNDINGS = (
    ("half_even", gettext_lazy("half to even")), ("half_up", gettext_lazy("half up")),
    ("up", gettext_lazy("always up")), ("down", gettext_lazy("always down")),
)  # fmt: skip


class PricesForm(forms.Form):
    """What a plan costs, and from when.

    Args:
        given: What stands in the fields.
        zone: The operator's; on its clocks the prices begin.
        is_bound: Whether it was sent to be looked at; else it is only shown.
        focus: The name of the field at which the person goes on.
    """

    monthly = NumberText(label=gettext_lazy("Monthly fee"), help_text=gettext_lazy("0 for a plan without one."))
    currency = _text(
        gettext_lazy("Currency"), 3, gettext_lazy("Three letters, as in ISO 4217. All plans have the same."),
        spellcheck="false",
    )  # fmt: skip
    zone = _choice(
        gettext_lazy("Months begin"), ZONES,
        gettext_lazy("At midnight. The zone is fixed when an organisation becomes a customer."),
    )  # fmt: skip
    grace_hours = forms.IntegerField(
        label=gettext_lazy("Bill after"), min_value=0, max_value=720,
        help_text=gettext_lazy("From the end of a month; what comes in later is charged by the next bill."),
    )  # fmt: skip
    payment_days = forms.IntegerField(label=gettext_lazy("To be paid within"), min_value=0, max_value=365)
    rounding = _choice(gettext_lazy("Rounding"), ROUNDINGS, gettext_lazy("Of each line, once."))
    tax_percent = NumberText(
        label=gettext_lazy("Tax without a legal entity"),
        help_text=gettext_lazy("Once there is a legal entity, its tax is charged."),
    )
    valid_from = forms.DateTimeField(
        label=gettext_lazy("Valid from"), widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )

    def __init__(self, given: Entered, *, zone: ZoneInfo, is_bound: bool, focus: str = "") -> None:
        values = given.flat()
        super().__init__(values if is_bound else None, initial=values)
        self.given, self.clocks, self.focus = given, zone, focus
        for name, unit in (("grace_hours", _("hours")), ("payment_days", _("days")), ("tax_percent", "%")):
            self.fields[name].unit = unit  # type: ignore[attr-defined]
        self.fields["valid_from"].help_text = _(
            "On the clocks of %(zone)s. A month has the prices that are in force when it begins."
        ) % {"zone": zone.key}
        for number, meter in enumerate(given.meters):
            called = meter.values.get("name") or _("Meter %(number)s") % {"number": number + 1}
            self._add_meter(number, called)
            for row in range(len(meter.tiers)):
                self._add_tier(number, row, called)
        if focus in self.fields:
            self.fields[focus].widget.attrs["autofocus"] = True

    def _add_meter(self, number: int, called: str) -> None:
        made: dict[str, forms.Field] = {
            "type": _text(_("Type of the events"), 200, _("What counts it names it so."), list="usage-types",
                          spellcheck="false"),
            "name": _text(_("Name"), 200, _("As bills have it.")),
            "unit": _text(_("Unit"), 200, _("Such as GB.")),
            "aggregate": _choice(_("A month counts"), AGGREGATES),
            "per": NumberText(label=_("One unit is"), help_text=_("So much of what the events count.")),
            "included": NumberText(label=_("Included in the fee"), help_text=_("Units that cost nothing more.")),
            "mode": _choice(_("Priced"), MODES),
            "used": NumberText(label=_("Try it with"), required=False, help_text=_("Units a month, for the preview.")),
        }  # fmt: skip
        for name, made_field in made.items():
            made_field.of = called  # type: ignore[attr-defined]
            self.fields[f"meters-{number}-{name}"] = made_field

    def _add_tier(self, number: int, row: int, called: str) -> None:
        labels = {"from": _("Above"), "to": _("Up to"), "price": _("Price per unit")}
        for name in TIER:
            made = NumberText(label=labels[name], required=name == "price")
            made.of = _("%(meter)s, row %(row)s") % {"meter": called, "row": row + 1}  # type: ignore[attr-defined]
            self.fields[f"meters-{number}-tiers-{row}-{name}"] = made

    def full_clean(self) -> None:
        """Read the moment on the clocks of the operator; one that they show twice, or never, is refused."""
        with override(self.clocks):
            super().full_clean()

    def clean_currency(self) -> str:
        """The currency, if there is one of that name.

        Raises:
            ValidationError: There is none.
        """
        code: str = self.cleaned_data["currency"].strip().upper()
        try:
            exponent(code)
        except OutturnError as error:
            raise ValidationError(error.told) from None
        return code

    def clean(self) -> dict[str, Any]:
        """Read the fee in whole minor units of its currency."""
        values: dict[str, Any] = super().clean() or {}
        if "monthly" in values and "currency" in values:
            digits = exponent(values["currency"])
            minor = Decimal(values["monthly"]).scaleb(digits)
            if minor != minor.to_integral_value():
                most = _("no digits") if digits == 0 else _("at most %(count)s digits") % {"count": digits}
                told = {"currency": values["currency"], "most": most}
                self.add_error("monthly", _("%(currency)s has %(most)s behind the point.") % told)
            else:
                values["monthly_minor"] = int(minor)
        return values

    def document(self, plan: str) -> dict[str, Any]:
        """The document of what was entered; a row that says not where it begins goes on from the one above."""
        values = self.cleaned_data
        names = ("currency", "monthly_minor", "rounding", "tax_percent", "payment_days", "grace_hours", "zone")
        meters = [self._meter(number) for number in range(len(self.given.meters))]
        return {"prices": 1, "plan": plan, **{name: values[name] for name in names}, "meters": meters}

    def _meter(self, number: int) -> dict[str, Any]:
        values, place = self.cleaned_data, f"meters-{number}"
        tiers, ends = [], "0"
        for row in range(len(self.given.meters[number].tiers)):
            low, high, price = (values[f"{place}-tiers-{row}-{name}"] for name in TIER)
            tiers.append({"from": low or ends, "to": high or None, "price": price})
            ends = high or ends
        own = (name for name in METER if name != "used")
        return {**{name: values[f"{place}-{name}"] for name in own}, "tiers": tiers}

    def used(self) -> list[str]:
        """How many units of each meter the preview is asked for; empty where nothing was written."""
        return [self.cleaned_data[f"meters-{number}-used"] for number in range(len(self.given.meters))]

    def refuse(self, error: OutturnError) -> None:
        """Tell at each field what is wrong with it, and in which row of its tiers."""
        for finding in error.findings or [Finding(error.code, error.place, error.message, error.fix)]:
            name = {"monthly_minor": "monthly"}.get(finding.place, finding.place.replace("/", "-"))
            self.add_error(name if name in self.fields else None, _told(finding))

    def faults(self) -> list[tuple[str, str, str]]:
        """What is wrong, for the summary over the form: the field's id, what it is called with its row, the error."""
        found = [("", "", str(error)) for error in self.non_field_errors()]
        for field in self:
            of = getattr(field.field, "of", "")
            called = f"{of}, {field.label}" if of else str(field.label)
            found += [(field.id_for_label, called, str(error)) for error in field.errors]
        return found

    def meters(self) -> Iterator[dict[str, Any]]:
        """The meters as the page shows them: their fields by name, and their tiers row by row."""
        for number, meter in enumerate(self.given.meters):
            place, called = f"meters-{number}", meter.values.get("name")
            yield {
                "number": number,
                "title": called or _("Meter %(number)s") % {"number": number + 1},
                "fields": {name: self[f"{place}-{name}"] for name in METER},
                "rows": [
                    {
                        "number": row, "fields": [self[f"{place}-tiers-{row}-{name}"] for name in TIER],
                        "remove": f"remove-tier/{number}/{row}",
                    }
                    for row in range(len(meter.tiers))
                ],
                "add": f"add-tier/{number}", "remove": f"remove-meter/{number}",
                "can_add": len(meter.tiers) < MOST_TIERS,
                "can_remove": len(meter.tiers) > 1,
            }  # fmt: skip

    @property
    def can_add(self) -> bool:
        """Whether there is room for one more meter."""
        return len(self.given.meters) < MOST_METERS


def _told(finding: Finding) -> str:
    """What is wrong, in the words of the form: what has no end is left empty."""
    if finding.code == "plan.tiers_open":
        return _("Only the last row has no end, and it must have none: leave “up to” empty there and nowhere else.")
    return f"{finding.message} {finding.fix}"
