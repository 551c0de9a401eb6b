"""What the limit of a contract year leaves for a period: the cap less what the other settled periods have credited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from billing.contracts.agreement import AgreementDocument
from billing.contracts.figures import utc_text
from billing.contracts.periods import PeriodError, contract_year
from billing.contracts.registry import SettledPeriod, settled_periods
from billing.contracts.selectors import first_day
from tenants.kernel.calendars import time_zone
from tenants.kernel.errors import ConflictError


class YearCurrencyError(ConflictError):
    """The limit of a year is in one currency, what was credited in it in another."""

    code = "contract.year_currency"


@dataclass(frozen=True, slots=True)
class YearLimit:
    """What a contract year leaves for one of its periods.

    Attributes:
        start: First instant of the year.
        end: First instant after.
        cap_minor: The most that all credits of the year come to, minor units.
        settled: The other periods of the year that have a statement, the first first.
    """

    start: datetime
    end: datetime
    cap_minor: int
    settled: Sequence[SettledPeriod]

    @property
    def remaining_minor(self) -> int:
        """What is left for the period, minor units."""
        return left_of_year(self.cap_minor, (period.credits_minor for period in self.settled))

    def as_json(self) -> dict[str, Any]:
        """The limit as the document of a run has it."""
        return {
            "from": utc_text(self.start),
            "to": utc_text(self.end),
            "cap_minor": self.cap_minor,
            "credited": [
                {"statement": period.statement, "credits_minor": period.credits_minor} for period in self.settled
            ],
            "remaining_minor": self.remaining_minor,
        }


def left_of_year(cap_minor: int, credits_minor: Iterable[int]) -> int:
    """What is left of a limit after some credits, minor units; never less than nothing."""
    return max(0, cap_minor - sum(credits_minor))


def year_limit(agreement: AgreementDocument, start: datetime, end: datetime, as_of: datetime) -> YearLimit | None:
    """What the contract year leaves for the period ``[start, end)``; None where the contract has no such limit.

    Args:
        agreement: The version that is rated, which holds throughout the period.
        start: First instant of the period.
        end: First instant after.
        as_of: Statements sealed later are not known yet.

    Raises:
        PeriodError: A year begins within the period.
        YearCurrencyError: A statement of the year is in another currency than the limit.
    """
    if agreement.year_cap_minor is None:
        return None
    contract, zone = UUID(agreement.contract), time_zone(agreement.terms.time_zone)
    first = first_day(contract) or date.fromisoformat(agreement.effective.start)
    begins, ends = contract_year(first, start, zone)
    if end > ends:
        raise PeriodError(
            f"A new year of the contract, with a limit of its own, begins at {utc_text(ends)}, within the period.",
            place="end", kept="Nothing was rated.", fix="Settle up to that moment, and from it on.",
        )  # fmt: skip
    found = settled_periods(contract, begins, ends, as_of)
    others = [one for one in found if one.start >= begins and not (one.start < end and start < one.end)]
    _refuse_other_currency(others, agreement.terms.currency)
    return YearLimit(begins, ends, agreement.year_cap_minor, others)


def _refuse_other_currency(settled: Sequence[SettledPeriod], currency: str) -> None:
    other = next((period.currency for period in settled if period.currency != currency), None)
    if other is not None:
        raise YearCurrencyError(
            f"The limit of the year is in {currency}, but it has a statement in {other}.", place="contract",
            kept="The statements. Nothing was rated.",
            fix="Let the currency change on an anniversary of the contract, or make a contract of its own for it.",
        )  # fmt: skip
