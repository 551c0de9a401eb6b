"""The outcome contract as a document: its fields, what may stand in them, and how it is read into terms.

Every decimal is a string, every duration ISO 8601, so that no reader rounds on the way. A field that moves money has to
be written; only those whose absence says the same as null or an empty list may be left out.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from billing.contracts import domain
from billing.contracts.fields import (
    Currency,
    Date,
    Decimal,
    Document,
    Duration,
    Hours,
    LastingDuration,
    Minor,
    Name,
    Named,
    Names,
    Percentage,
    Positive,
    WallTime,
    Zone,
    refusal,
    without_repeats,
)
from tenants.kernel.calendars import Calendar, WeeklyWindow, parse_duration, parse_wall_time, time_zone
from tenants.kernel.money import Rounding

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class FlatFeeDocument(Document):
    """One amount for the period, in minor units."""

    kind: Literal["flat"]
    minor: Minor

    def terms(self) -> domain.FlatFee:
        """The fee to reckon with."""
        return domain.FlatFee(self.minor)


class PerAssetFeeDocument(Document):
    """One amount per asset in service, in minor units, prorated by seconds in service or not at all."""

    kind: Literal["per_asset"]
    minor: Minor
    prorate: Literal["seconds"] | None = None

    def terms(self) -> domain.PerAssetFee:
        """The fee to reckon with."""
        return domain.PerAssetFee(self.minor, prorated=self.prorate is not None)


class PriceTierDocument(Document):
    """A price in major units per unit of volume, up to and including ``to``; the last tier has no end."""

    to: Positive | None
    price: Decimal


class MeteredFeeDocument(Named):
    """A price on the volume of all counters, or of the measure ``of``; of a condition it is the hours it held.

    ``minimum_minor`` is the commitment of the customer: what the fee of a period comes to at the least.
    """

    kind: Literal["metered"]
    unit: Name
    mode: Literal["graduated", "volume"]
    tiers: Annotated[list[PriceTierDocument], Field(min_length=1)]
    minimum_minor: Minor | None = None

    _later: ClassVar[frozenset[str]] = frozenset({"of", "minimum_minor"})

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        ends = [tier.to for tier in self.tiers]
        bounds = [Fraction(end) for end in ends if end is not None]
        if ends[-1] is not None or len(bounds) != len(ends) - 1:
            raise refusal(
                "contract.tiers_open",
                "Only the last tier is without end, and it has to be.",
                "Write null for the last `to` and an amount for every other.",
            )
        if any(low >= high for low, high in pairwise(bounds)):
            raise refusal(
                "contract.tiers_overlap",
                "A tier ends at or before the one above it in the list.",
                "List the tiers with rising `to`.",
            )
        return self

    def terms(self) -> domain.MeteredFee:
        """The fee to reckon with."""
        tiers = (domain.PriceTier(_fraction(tier.to), Fraction(tier.price)) for tier in self.tiers)
        return domain.MeteredFee(self.unit, self.mode, tuple(tiers), self.of, self.minimum_minor)


class AvailabilityDocument(Named):
    """The share of committed time that was up, or in which the condition ``of`` held."""

    kind: Literal["availability"]

    def terms(self) -> domain.Availability:
        """The indicator to reckon with."""
        return domain.Availability(self.of)


class ThroughputDocument(Named):
    """Volume per hour of committed time, or of a stated number of hours, against a target.

    The volume is that of ``counters``, or of the measure ``of``; of a condition it is the hours it held.
    """

    kind: Literal["throughput"]
    unit: Name
    target: Positive
    per: Literal["h"]
    hours: Hours

    def terms(self) -> domain.Throughput:
        """The indicator to reckon with."""
        return domain.Throughput(
            self.unit, Fraction(self.target), None if self.hours == "committed" else Fraction(self.hours), self.of
        )


class RatioDocument(Document):
    """One measure by another against a target, such as kWh by piece; of a condition it is the hours it held."""

    kind: Literal["ratio"]
    of: Name
    per: Name
    unit: Name
    target: Positive
    better: Literal["higher", "lower"]

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.of == self.per:
            raise refusal("contract.ratio_of_itself", "A measure is divided by itself.", "Name two measures.")
        return self

    def terms(self) -> domain.Ratio:
        """The indicator to reckon with."""
        return domain.Ratio(self.of, self.per, self.unit, Fraction(self.target), self.better)


class MeanRateDocument(Document):
    """One less the mean error share over intervals; an interval that is not listed has none."""

    kind: Literal["mean_rate"]
    interval: LastingDuration

    def terms(self) -> domain.MeanRate:
        """The indicator to reckon with."""
        return domain.MeanRate(parse_duration(self.interval))


class ResponseDocument(Named):
    """The share of incidents whose clock stopped in time: the asset was back, or the condition ``of`` began to hold."""

    kind: Literal["response"]
    within: LastingDuration

    def terms(self) -> domain.Response:
        """The indicator to reckon with."""
        return domain.Response(parse_duration(self.within), self.of)


class WindowDocument(Document):
    """A window on some weekdays; an end before the start is on the next day, 24:00 is the end of the day."""

    days: Annotated[list[Day], Field(min_length=1), AfterValidator(without_repeats)]
    opens: WallTime = Field(alias="from")
    closes: WallTime = Field(alias="to")

    @model_validator(mode="after")
    def _lasting(self) -> Self:
        opens = parse_wall_time(self.opens)
        if opens == 86400:
            raise refusal("contract.window_opens", "A window cannot start at 24:00.", "Write 00:00 and the day after.")
        if opens == parse_wall_time(self.closes):
            raise refusal(
                "contract.window_empty",
                "The window ends when it starts.",
                "Write 00:00 to 24:00 for a whole day, or remove the window.",
            )
        return self


class CalendarDocument(Document):
    """The hours in which the service is owed, in the contract's time zone."""

    weekly: Annotated[list[WindowDocument], Field(min_length=1)]
    holidays: list[Date] = Field(default_factory=list)

    def terms(self) -> Calendar:
        """The calendar to reckon with."""
        windows = (
            WeeklyWindow(
                frozenset(_DAYS.index(day) for day in window.days),
                parse_wall_time(window.opens),
                parse_wall_time(window.closes),
            )
            for window in self.weekly
        )
        return Calendar(tuple(windows), frozenset(date.fromisoformat(day) for day in self.holidays))


class OutagesDocument(Document):
    """The shortest outage that counts, and the whole quantum longer ones are cut to."""

    minimum: Duration = "PT0S"
    quantum: Duration = "PT0S"


class PlainGapsDocument(Document):
    """Unknown time counts as up, as down, or not at all."""

    policy: Literal["as_up", "as_down", "exclude"]

    def terms(self) -> domain.GapRule:
        """The rule to reckon with."""
        return domain.GapRule(self.policy)


class CarryGapsDocument(Document):
    """Each gap keeps the state before it for ``carry`` and counts as ``then`` from there on."""

    policy: Literal["carry_forward"]
    carry: Duration
    then: Literal["up", "down"]

    def terms(self) -> domain.GapRule:
        """The rule to reckon with."""
        return domain.GapRule(self.policy, parse_duration(self.carry), self.then)


class ExclusionRuleDocument(Document):
    """A category that does not count against the provider, and how long per period (null: without limit)."""

    category: Name
    allowance: Duration | None = None


class TierDocument(Document):
    """A credit in percent of the fee base below a percentage of the outcome."""

    below: Positive
    credit: Decimal


class TierRemedyDocument(Document):
    """The credit of the lowest ``below`` that the outcome is under."""

    kind: Literal["tiers"]
    tiers: Annotated[list[TierDocument], Field(min_length=1)]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if len({Fraction(tier.below) for tier in self.tiers}) < len(self.tiers):
            raise refusal(
                "contract.tiers_overlap",
                "Two tiers have the same `below`.",
                "Keep one of them, or give each its own threshold.",
            )
        return self

    def terms(self) -> domain.TierRemedy:
        """The remedy to reckon with, the mildest tier first."""
        tiers = (domain.Tier(Fraction(tier.below), Fraction(tier.credit)) for tier in self.tiers)
        return domain.TierRemedy(tuple(sorted(tiers, key=lambda tier: -tier.below)))


class StepRemedyDocument(Document):
    """A credit or a bonus for every step of points below or above a threshold."""

    kind: Literal["steps"]
    below: Decimal | None = None
    above: Decimal | None = None
    credit: Decimal | None = None
    bonus: Decimal | None = None
    per: Positive
    step: Literal["full", "started"]
    cap: Decimal | None = None

    @model_validator(mode="after")
    def _one_side_one_effect(self) -> Self:
        for one, other in (("below", "above"), ("credit", "bonus")):
            if (getattr(self, one) is None) == (getattr(self, other) is None):
                raise refusal(
                    "contract.steps_unclear", f"Steps need `{one}` or `{other}`, and not both.", "Write one of the two."
                )
        return self

    def terms(self) -> domain.StepRemedy:
        """The remedy to reckon with."""
        return domain.StepRemedy(
            side="above" if self.below is None else "below",
            threshold=Fraction(self.below or self.above or 0),
            effect="bonus" if self.credit is None else "credit",
            percent=Fraction(self.credit or self.bonus or 0),
            per=Fraction(self.per),
            started=self.step == "started",
            cap=_fraction(self.cap),
        )


class ClauseDocument(Document):
    """One guarantee of a contract."""

    id: Name
    indicator: Annotated[
        AvailabilityDocument | ThroughputDocument | RatioDocument | MeanRateDocument | ResponseDocument,
        Field(discriminator="kind"),
    ]
    assets: Names
    aggregate: domain.Aggregate
    calendar: CalendarDocument | None = None
    outages: OutagesDocument = OutagesDocument()
    gaps: Annotated[PlainGapsDocument | CarryGapsDocument, Field(discriminator="policy")]
    minimum_coverage: Percentage | None = None
    exclusions: list[ExclusionRuleDocument] = Field(default_factory=list)
    remedies: list[Annotated[TierRemedyDocument | StepRemedyDocument, Field(discriminator="kind")]]

    @model_validator(mode="after")
    def _categories_once(self) -> Self:
        without_repeats([rule.category for rule in self.exclusions])
        return self

    def terms(self) -> domain.Clause:
        """The clause to reckon with."""
        return domain.Clause(
            id=self.id,
            indicator=self.indicator.terms(),
            assets=tuple(self.assets),
            aggregate=self.aggregate,
            calendar=None if self.calendar is None else self.calendar.terms(),
            outages=domain.OutageRule(parse_duration(self.outages.minimum), parse_duration(self.outages.quantum)),
            gaps=self.gaps.terms(),
            minimum_coverage=_fraction(self.minimum_coverage),
            exclusions=tuple(
                domain.ExclusionRule(rule.category, None if rule.allowance is None else parse_duration(rule.allowance))
                for rule in self.exclusions
            ),
            remedies=tuple(remedy.terms() for remedy in self.remedies),
        )


class CapsDocument(Document):
    """Limits on the sum of credits: percent of the fee, and what is left of the year's limit in minor units."""

    period_percent: Decimal | None = None
    year_remaining_minor: Minor | None = None


class ContractDocument(Document):
    """An outcome contract, version 1."""

    currency: Currency
    time_zone: Zone
    rounding: Rounding = "half_even"
    correction_window: Duration
    fee: Annotated[FlatFeeDocument | PerAssetFeeDocument | MeteredFeeDocument, Field(discriminator="kind")]
    clauses: list[ClauseDocument]
    caps: CapsDocument = CapsDocument()

    @model_validator(mode="after")
    def _clauses_apart(self) -> Self:
        without_repeats([clause.id for clause in self.clauses])
        return self

    def terms(self) -> domain.Contract:
        """The contract to reckon with."""
        return domain.Contract(
            currency=self.currency,
            zone=time_zone(self.time_zone),
            rounding=self.rounding,
            correction_window=parse_duration(self.correction_window),
            fee=self.fee.terms(),
            clauses=tuple(clause.terms() for clause in self.clauses),
            caps=domain.Caps(_fraction(self.caps.period_percent), self.caps.year_remaining_minor),
        )


def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
