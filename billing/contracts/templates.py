"""Contracts to start from: a few figures become the terms of a whole contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from billing.contracts.agreement import (
    AgreementTerms,
    AssumptionsDocument,
    EffectiveDocument,
    Id,
    PreapprovalDocument,
    Title,
    read_document,
)
from billing.contracts.fields import (
    Currency,
    Document,
    DocumentError,
    Duration,
    Percentage,
    Positive,
    Zone,
    without_repeats,
)
from billing.contracts.schemas import (
    AvailabilityDocument,
    CapsDocument,
    ClauseDocument,
    ContractDocument,
    ExclusionRuleDocument,
    MeteredFeeDocument,
    PlainGapsDocument,
    PriceTierDocument,
    TierDocument,
    TierRemedyDocument,
)
from tenants.kernel.errors import Finding

PLANNED = "planned"


class HourFigures(Document):
    """The figures of power by the hour, before they are anybody's contract; templates hold them.

    Attributes:
        fee_per_hour: Major units of the currency for each hour on the counters.
        tiers: Credits in percent of the fee below percentages of availability; the highest is the guarantee.
        minimum_coverage: The percentage of time that must be known for anything to be settled.
        planned_allowance: How long planned visits may take of each asset's month without counting.
        planned_notice: How long before its start a planned visit must be claimed to be approved in advance.
        credit_cap: The most that all credits of a month come to, in percent of the fee.
    """

    title: Title = "Power by the hour"
    currency: Currency = "EUR"
    time_zone: Zone = "UTC"
    fee_per_hour: Positive
    tiers: Annotated[list[TierDocument], Field(min_length=1, max_length=10)]
    minimum_coverage: Percentage | None = "95"
    planned_allowance: Duration = "P5D"
    planned_notice: Duration = "PT0S"
    credit_cap: Percentage | None = None
    correction_window: Duration = "P35D"
    tax_percent: Percentage = "0"
    payment_days: Annotated[int, Field(ge=0, le=365)] = 30
    assumptions: AssumptionsDocument = AssumptionsDocument(planned_visit="P5D", repair="P14D", bays=2)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        without_repeats([str(Fraction(tier.below)) for tier in self.tiers])
        return self


class PowerByTheHour(HourFigures):
    """A fee for each hour run by the assets of a twin, against a guaranteed availability of all of them together."""

    customer: Id
    twin: Id
    effective: EffectiveDocument

    @classmethod
    def read(cls, value: object) -> Self:
        """The parameters in a JSON value.

        Raises:
            DocumentError: They do not fit; the findings say where.
        """
        return read_document(cls, value)

    def agreement(self, assets: Sequence[str]) -> AgreementTerms:
        """The contract that these figures make for some assets, given by their ids."""
        terms = ContractDocument(
            currency=self.currency,
            time_zone=self.time_zone,
            correction_window=self.correction_window,
            fee=MeteredFeeDocument(
                kind="metered",
                unit="h",
                mode="graduated",
                tiers=[PriceTierDocument(to=None, price=self.fee_per_hour)],
            ),
            clauses=[self._availability(assets)],
            caps=CapsDocument(period_percent=self.credit_cap),
        )
        return AgreementTerms(
            title=self.title,
            customer=self.customer,
            twin=self.twin,
            effective=self.effective,
            terms=terms,
            preapproved=[PreapprovalDocument(category=PLANNED, notice=self.planned_notice)],
            assumptions=self.assumptions,
            tax_percent=self.tax_percent,
            payment_days=self.payment_days,
        )

    def _availability(self, assets: Sequence[str]) -> ClauseDocument:
        return ClauseDocument(
            id="availability",
            indicator=AvailabilityDocument(kind="availability"),
            assets=list(assets),
            aggregate="pooled",
            gaps=PlainGapsDocument(policy="as_down"),
            minimum_coverage=self.minimum_coverage,
            exclusions=[ExclusionRuleDocument(category=PLANNED, allowance=self.planned_allowance)],
            remedies=[TierRemedyDocument(kind="tiers", tiers=self.tiers)],
        )


def faults_in_figures(figures: Mapping[str, Any]) -> Sequence[Finding]:
    """What keeps a template from holding some figures."""
    try:
        read_document(HourFigures, figures)
    except DocumentError as error:
        return error.findings
    return ()
