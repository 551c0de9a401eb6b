"""What money still needs of raw readings: they outlive retention until then (`tenants.custody.holds`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from django.db.models.fields.json import KeyTextTransform, KeyTransform

from billing.contracts.models import Contract, ContractVersion
from billing.contracts.periods import period_text
from billing.contracts.selectors import agreed_or_offered, is_agreed, version_at
from billing.outcomes.selectors import undecided
from billing.statements.models import Statement
from tenants.custody.schemas import Hold
from tenants.kernel.calendars import parse_duration, time_zone
from twins.evidence.selectors import evidence_begins, homes

KEPT = "readings"
_Period = tuple[datetime, datetime]
_Waiting = tuple[UUID | None, datetime, datetime]


def money_holds(now: datetime) -> list[Hold]:
    """What the contracts of the tenant in scope need, in as many queries as there are contracts with something open.

    From the first time on in which a contract holds and that is not settled; and of what is settled, the periods for
    which evidence that comes in late still counts, or about which a claim waits for a decision.
    """
    published, sealed, waiting = _published(), _sealed(), list(_waiting(now))
    titles = Contract.objects.filter(id__in=published).order_by("id").values_list("id", "title", "twin_id")
    found = []
    for contract, title, twin in titles:
        versions, periods = published[contract], sealed[contract]
        claims = [(start, end) for of, start, end in waiting if of in (None, contract)]
        needs = [*_unsettled(versions, periods, now), *_correctable(versions[-1], periods, claims, now)]
        if needs:
            found += _holds(title, twin, versions, needs)
    return found


def _published() -> dict[UUID, list[ContractVersion]]:
    """The versions of each contract, the first first, without their documents but for what is asked of them.

    One that waits for its customer is among them: accepted it is in force from the day it names, which may have been.
    """
    terms = KeyTransform("terms", "document")
    rows = agreed_or_offered().defer("document").annotate(
        window=KeyTextTransform("correction_window", terms), zone=KeyTextTransform("time_zone", terms),
        assets=KeyTransform("assets", "document"),
    )  # fmt: skip
    found: defaultdict[UUID, list[ContractVersion]] = defaultdict(list)
    for row in rows.order_by("contract_id", "version"):
        found[row.contract_id].append(row)
    return found


def _sealed() -> defaultdict[UUID, list[_Period]]:
    """The periods of each contract that have a statement."""
    found: defaultdict[UUID, list[_Period]] = defaultdict(list)
    rows = Statement.objects.filter(version=1).order_by("period_start")
    for contract, start, end in rows.values_list("contract_id", "period_start", "period_end"):
        found[contract].append((start, end))
    return found


def _waiting(now: datetime) -> Iterator[_Waiting]:
    """The spans of claims that nobody has decided about."""
    return undecided(now).values_list("contract_id", "start", "end").iterator()


_Need = tuple[datetime, str, datetime | None]


def _unsettled(versions: Sequence[ContractVersion], sealed: Sequence[_Period], now: datetime) -> Iterator[_Need]:
    """The first moment in which the contract holds and that is in no statement."""
    bound = list(filter(is_agreed, versions))
    edges = {edge for one in versions for edge in (one.effective_from, one.effective_to) if edge is not None}
    for start, end in pairwise([*sorted(edge for edge in edges if edge < now), now]):
        if version_at(bound, start) is None and version_at(versions, start) is None:
            continue
        for first, after in sealed:
            if first <= start < after:
                start = after  # noqa: PLW2901 (what is left of the span)
        if start < end:
            day = start.astimezone(time_zone(versions[-1].zone))  # type: ignore[attr-defined] # annotated
            yield start, f"it is not settled from {day:%d %b %Y} on", None
            return


def _correctable(
    newest: ContractVersion, sealed: Sequence[_Period], claims: Sequence[_Period], now: datetime
) -> Iterator[_Need]:
    """The settled periods whose outcome may still change."""
    zone, window = time_zone(newest.zone), timedelta(milliseconds=parse_duration(newest.window))  # type: ignore[attr-defined]
    for start, end in sealed:
        name = period_text(start, end, zone)
        if any(first < end and start < after for first, after in claims):
            yield start, f"a claim about {name} waits for a decision", None
        elif now < end + window:
            yield start, f"what comes in late for {name} still counts", end + window


def _holds(title: str, twin: UUID, versions: Sequence[ContractVersion], needs: Sequence[_Need]) -> list[Hold]:
    assets = {UUID(asset) for version in versions for asset in version.assets}  # type: ignore[attr-defined]
    about = frozenset({twin, *homes(assets).values()})
    earliest = min(start for start, _, _ in needs)
    begins = evidence_begins(assets, earliest)  # a walk through the readings: for the one that reaches back furthest
    return [
        Hold(KEPT, begins if start == earliest else start, f"Contract “{title}”: {reason}.", until, about)
        for start, reason, until in needs
    ]
