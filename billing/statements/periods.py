"""The periods of a contract: which are open, which one is meant, and what each is called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.contracts.figures import utc_text
from billing.contracts.periods import PeriodError
from billing.contracts.selectors import holdings
from billing.contracts.shown import period_shown
from billing.contracts.spans import Holding, Period, Span, left_open, of_month, spans
from billing.statements.models import Statement
from tenants.edge.formats import month_shown

_MOST_NAMED = 12


class NotOpenError(PeriodError):
    """The period is none that the contract can be settled by now."""

    code = "period.not_open"


@dataclass(frozen=True, slots=True)
class OpenPeriod:
    """A period that is over, is agreed on, and has no statement.

    Attributes:
        start: Its first instant.
        end: The first instant after.
        name: What it is called, in the language of the page: ``September 2026``, ``16 to 30 September 2026``.
        charges_whole_fee: Whether it is a part of a month that costs as much as the whole.
    """

    start: datetime
    end: datetime
    name: str
    charges_whole_fee: bool

    @property
    def key(self) -> str:
        """How a form names it, the interval of ISO 8601."""
        return f"{utc_text(self.start)}/{utc_text(self.end)}"


def open_periods(contract: UUID, now: datetime) -> list[OpenPeriod]:
    """The periods of a contract that can be settled, the first first; in two queries."""
    return _opened(spans(holdings(contract), now), _settled(contract))


def asked_period(contract: UUID, asked: str | Period, now: datetime) -> Period:
    """The period of a contract that somebody asks to be settled; asked for once it is settled, it is the same.

    Args:
        contract: The contract.
        asked: A month, such as ``2026-09``, on the clocks of the version that holds in it; or the first instant of a
            period and the first after it.
        now: When.

    Raises:
        NotOpenError: The contract is not settled by it, or it is not over; the open ones are named.
        PeriodError: It is no month.
    """
    known, settled = holdings(contract), _settled(contract)
    opened = _opened(spans(known, now), settled)
    wanted = _whole(of_month(known, asked)) if isinstance(asked, str) else asked
    if wanted is not None and (wanted in settled or wanted in [(each.start, each.end) for each in opened]):
        return wanted
    raise NotOpenError(
        _why_not(known, asked, wanted, settled, now), place="month" if isinstance(asked, str) else "start",
        kept="Nothing was settled.", fix=_choice(opened),
    )  # fmt: skip


def period_of(params: Mapping[str, Any], now: datetime) -> Period:
    """The period in the parameters of a job: its ``start`` and ``end``, or the ``month`` that one of before was given.

    Raises:
        NotOpenError: The contract is not settled by that month.
    """
    if "start" in params:
        return datetime.fromisoformat(params["start"]), datetime.fromisoformat(params["end"])
    return asked_period(UUID(params["contract"]), params["month"], now)


def period_params(period: Period) -> dict[str, str]:
    """A period as the parameters of a job have it."""
    return {"start": utc_text(period[0]), "end": utc_text(period[1])}


def period_names(contract: UUID, starts: Collection[datetime], now: datetime) -> dict[datetime, str]:
    """What the open periods of a contract that start then are called; another is called by the month it begins in."""
    known = holdings(contract)
    names = {each.start: each.name for each in _opened(spans(known, now), _settled(contract))}
    zone = known[0].zone if known else UTC
    return {start: names.get(start) or month_shown(start.astimezone(zone)) for start in starts}


def _settled(contract: UUID) -> list[Period]:
    """The periods of a contract that have a statement."""
    found = Statement.objects.filter(contract_id=contract, version=1)
    return list(found.order_by("period_start").values_list("period_start", "period_end"))


def _opened(found: Iterable[Span], settled: Sequence[Period]) -> list[OpenPeriod]:
    return [
        OpenPeriod(each.start, each.end, period_shown(each.start, each.end, each.zone), each.charges_whole_fee)
        for each in left_open(found, settled)
    ]


def _whole(found: Sequence[Span]) -> Period | None:
    """The month that some spans of it come to: None unless it is one span."""
    return (found[0].start, found[0].end) if len(found) == 1 and found[0].month is not None else None


def _why_not(
    known: Collection[Holding], asked: str | Period, wanted: Period | None, settled: Sequence[Period], now: datetime
) -> str:
    if wanted is None:
        parts = of_month(known, str(asked))
        return f"The contract is settled by parts of {asked}." if parts else f"The contract does not hold in {asked}."
    other = next((each for each in settled if each[0] < wanted[1] and wanted[0] < each[1]), None)
    if other is not None:
        return f"From {utc_text(other[0])} to {utc_text(other[1])} there is a statement."
    if wanted[1] > now:
        return f"The period ends at {utc_text(wanted[1])}: it is not over yet."
    return "That is no period by which the contract is settled."


def _choice(opened: Sequence[OpenPeriod]) -> str:
    """The periods that can be settled, for whoever asked for another one."""
    if not opened:
        return "Wait until a period is over in which the contract holds: none is open now."
    named = [f"{each.name} ({utc_text(each.start)} to {utc_text(each.end)})" for each in opened[:_MOST_NAMED]]
    more = f" and {len(opened) - _MOST_NAMED} more" if len(opened) > _MOST_NAMED else ""
    return f"Settle one that is open: {', '.join(named)}{more}."
