"""What money still needs of raw readings: they outlive retention until then (`tenants.custody.holds`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from django.db.models.fields.json import KeyTextTransform, KeyTransform

from billing.contracts.models import Contract, ContractVersion
from billing.contracts.periods import period_text
from billing.contracts.selectors import agreed_or_offered, is_agreed, version_at
from billing.outcomes.selectors import undecided
from billing.statements.late import looked_upto, unrated_periods
from billing.statements.models import Statement
from tenants.custody.schemas import Hold
from tenants.kernel.calendars import parse_duration, time_zone
from twins.evidence.selectors import evidence_begins, homes

KEPT = "readings"
_Period = tuple[datetime, datetime]
_Waiting = tuple[UUID | None, datetime, datetime]


class _Sealed(NamedTuple):
    """A period that has a statement, and the version of the contract under which it was settled and is rated again."""

    start: datetime
    end: datetime
    version: UUID


class _Late(NamedTuple):
    """The periods of a contract of which something came in late and waits, and up to when that was looked for."""

    starts: Collection[datetime]
    looked_at: datetime | None


def money_holds(now: datetime) -> list[Hold]:
    """What the contracts of the tenant in scope need, in as many queries as there are contracts with something open.

    From the first time on in which a contract holds and that is not settled; and of what is settled, the periods for
    which evidence that comes in late still counts, or came in and waits to be rated, or about which a claim waits for a
    decision.
    """
    published, sealed, waiting = _published(), _sealed(), list(_waiting(now))
    unrated, looked_at = unrated_periods(), looked_upto()
    titles = Contract.objects.filter(id__in=published).order_by("id").values_list("id", "title", "twin_id")
    found = []
    for contract, title, twin in titles:
        versions, periods = published[contract], sealed[contract]
        claims = [(start, end) for of, start, end in waiting if of in (None, contract)]
        late = _Late({start for of, start in unrated if of == contract}, looked_at)
        needs = [*_unsettled(versions, periods, now), *_correctable(versions, periods, claims, late, now)]
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


def _sealed() -> defaultdict[UUID, list[_Sealed]]:
    """The periods of each contract that have a statement."""
    found: defaultdict[UUID, list[_Sealed]] = defaultdict(list)
    rows = Statement.objects.filter(version=1).order_by("period_start")
    fields = rows.values_list("contract_id", "period_start", "period_end", "contract_version_id")
    for contract, start, end, version in fields:
        found[contract].append(_Sealed(start, end, version))
    return found


def _waiting(now: datetime) -> Iterator[_Waiting]:
    """The spans of claims that nobody has decided about."""
    return undecided(now).values_list("contract_id", "start", "end").iterator()


_Need = tuple[datetime, str, datetime | None]


def _unsettled(versions: Sequence[ContractVersion], sealed: Sequence[_Sealed], now: datetime) -> Iterator[_Need]:
    """The first moment in which the contract holds and that is in no statement."""
    bound = list(filter(is_agreed, versions))
    edges = {edge for one in versions for edge in (one.effective_from, one.effective_to) if edge is not None}
    for start, end in pairwise([*sorted(edge for edge in edges if edge < now), now]):
        if version_at(bound, start) is None and version_at(versions, start) is None:
            continue
        for first, after, _ in sealed:
            if first <= start < after:
                start = after  # noqa: PLW2901 (what is left of the span)
        if start < end:
            day = start.astimezone(time_zone(versions[-1].zone))  # type: ignore[attr-defined] # annotated
            yield start, f"it is not settled from {day:%d %b %Y} on", None
            return


def _correctable(
    versions: Sequence[ContractVersion], sealed: Sequence[_Sealed], claims: Sequence[_Period], late: _Late,
    now: datetime,
) -> Iterator[_Need]:  # fmt: skip
    """The settled periods whose outcome may still change; how long is told by the terms they were settled under."""
    of = {version.id: version for version in versions}
    for start, end, settled in sealed:
        window: str = of[settled].window  # type: ignore[attr-defined] # annotated
        closing = end + timedelta(milliseconds=parse_duration(window))
        name = period_text(start, end, time_zone(of[settled].zone))  # type: ignore[attr-defined]
        if any(first < end and start < after for first, after in claims):
            yield start, f"a claim about {name} waits for a decision", None
        elif now < closing:
            yield start, f"what comes in late for {name} still counts", closing
        elif start in late.starts:
            yield start, f"what came in late for {name} waits to be rated", None
        elif late.looked_at is not None and late.looked_at < closing:
            yield start, f"what came in late for {name} is not looked through yet", None


def _holds(title: str, twin: UUID, versions: Sequence[ContractVersion], needs: Sequence[_Need]) -> list[Hold]:
    assets = {UUID(asset) for version in versions for asset in version.assets}  # type: ignore[attr-defined]
    about = frozenset({twin, *homes(assets).values()})
    earliest = min(start for start, _, _ in needs)
    begins = evidence_begins(assets, earliest)  # a walk through the readings: for the one that reaches back furthest
    return [
        Hold(KEPT, begins if start == earliest else start, f"Contract “{title}”: {reason}.", until, about)
        for start, reason, until in needs
    ]
