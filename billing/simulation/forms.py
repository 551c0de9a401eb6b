"""The form of what is tried: every figure of the contract that decides what is paid, and what is known of a year."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.contracts.fields import DocumentError
from billing.contracts.schemas import ContractDocument
from billing.simulation.domain.months import guarantee
from billing.simulation.schemas import Chances
from billing.simulation.what_if import Knob, knobs, minor_of, tried
from tenants.kernel.money import Money


class FigureField(forms.DecimalField):
    """A decimal that is not negative, with as many digits as documents have, its unit shown in the field."""

    unit = ""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.NumberInput(attrs={"step": "any"}))
        super().__init__(min_value=0, max_digits=38, decimal_places=20, **options)


class WhatIfForm(forms.Form):
    """What of a contract is tried; each figure has its place in the document as its name.

    Args:
        terms: The contract as it stands.
        data: What was entered, or None.
        year_cap: The most that the contract credits in a year, minor units; None is without limit.
    """

    clause = forms.ChoiceField(required=False, label=_("Guarantee to vary"))
    low = FigureField(required=False, label=_("From"))
    high = FigureField(required=False, label=_("To"))
    cost = FigureField(
        required=False, label=_("Your cost of a year"), help_text=_("For the margin. It is kept nowhere.")
    )
    year_limit = FigureField(required=False, label=_("Credits of a year at most"))

    def __init__(
        self, terms: ContractDocument, data: Mapping[str, Any] | None = None, year_cap: int | None = None
    ) -> None:
        self.terms, self.tried, self.year_cap = terms, terms, year_cap
        super().__init__(data)
        self.knobs = knobs(terms)
        for knob in self.knobs:
            self.fields[knob.place] = _field(knob)
        named = [one.id for one in terms.terms().clauses if guarantee(one) is not None]
        self.fields["clause"].choices = [(name, name) for name in named]  # type: ignore[attr-defined]
        for name, unit in (("low", "%"), ("high", "%"), ("cost", terms.currency), ("year_limit", terms.currency)):
            self.fields[name].unit = unit  # type: ignore[attr-defined]
        if year_cap is not None:
            self.fields["year_limit"].initial = f"{Money(year_cap, terms.currency).amount:f}"

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The figures of each clause, and of the whole contract last, under its name."""
        found: dict[str, list[forms.BoundField]] = {}
        for knob in self.knobs:
            found.setdefault(knob.group, []).append(self[knob.place])
        whole = found.pop("", [])
        return [*found.items(), (str(_("The whole contract")), whole)]

    @property
    def sweep_fields(self) -> list[forms.BoundField]:
        """What is varied."""
        return [self[name] for name in ("clause", "low", "high")] if self.fields["clause"].choices else []  # type: ignore[attr-defined]

    @property
    def year_fields(self) -> list[forms.BoundField]:
        """What is known of a year."""
        return [self["cost"], self["year_limit"]]

    def clean(self) -> dict[str, Any]:
        """Refuse what makes no contract, and amounts that are none of the currency, at the field it is about."""
        values: dict[str, Any] = super().clean() or {}
        for name in ("cost", "year_limit"):
            self._minor(values, name)
        if not self.errors:
            try:
                self.tried = tried(self.terms, {knob.place: values.get(knob.place) for knob in self.knobs})
            except DocumentError as error:
                for finding in error.findings:
                    self.add_error(self._nearest(finding.place), f"{finding.message} {finding.fix}")
        return values

    def chances(self) -> Chances:
        """What is known of a year; the limit of the contract alone, while nothing was entered or something is wrong."""
        if not self.is_bound or self.errors:
            return Chances(year_limit=self.year_cap)
        values = self.cleaned_data
        limit = self._minor(values, "year_limit") if "year_limit" in self.data else self.year_cap
        return Chances(cost_minor=self._minor(values, "cost"), year_limit=limit)

    def range_of(self) -> tuple[str | None, Fraction | None, Fraction | None]:
        """The clause to vary, from where and up to where; None for what was not chosen."""
        if not self.is_bound or self.errors:
            return None, None, None
        values = self.cleaned_data
        low, high = (None if values[name] is None else Fraction(values[name]) for name in ("low", "high"))
        return values["clause"] or None, low, high

    def _minor(self, values: Mapping[str, Any], name: str) -> int | None:
        amount: Decimal | None = values.get(name)
        minor = None if amount is None else minor_of(amount, self.terms.currency)
        if amount is not None and minor is None:
            self.add_error(name, _("This is no amount of %(currency)s.") % {"currency": self.terms.currency})
        return minor

    def _nearest(self, place: str) -> str | None:
        """The field of a place, or the first field inside it."""
        if place in self.fields:
            return place
        return next((name for name in self.fields if name.startswith(f"{place}/")), None)


def _field(knob: Knob) -> FigureField:
    field = FigureField(required=knob.is_required, label=knob.label, initial=knob.value)
    field.unit = knob.unit
    return field
