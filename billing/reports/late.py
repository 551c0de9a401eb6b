"""What came in after a statement was sealed: found every hour, and rated again where the contract settles by itself.

Nothing is read for it but what came late: chunks of readings say with which commit they grew last, what people said and
decided has its moment. Of a contract without a grace time people are told, once, and rate the period again; so they are
where an outcome would become indeterminate. To rate again without a difference changes nothing, and is not tried until
something newer is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from billing.contracts.models import ContractVersion
from billing.outcomes.models import Correction, Exclusion, ExclusionDecision
from billing.statements.models import EvidenceLook, LateEvidence, Statement
from tenants.kernel.calendars import parse_duration
from tenants.scope.context import required_tenant
from twins.evidence.late import Arrived, Known, read_since, said_since
from twins.telemetry.arrived import commits_before, compacted_upto

UNDER_WAY = timedelta(seconds=30)
"""How long what has arrived may take to be seen by others: no statement of the writer's may take longer."""
_CARRIES = timedelta(days=1)
"""Readings of so long before a period may say what an asset was at its start."""
# Thousands of assets are looked up in a hash of them; `?|` would look each of them up in each version.
_ABOUT = """
SELECT version.id, asset.key
FROM billing_contractversion AS version, jsonb_object_keys(version.document->'assets') AS asset (key)
WHERE version.tenant_id = %s AND version.id = ANY(%s::uuid[]) AND asset.key = ANY(%s::text[])"""
_Key = tuple[UUID, datetime]


class _Open(NamedTuple):
    """A sealed period in which late evidence counts up to the moment at which it `closes`."""

    contract: UUID
    version: UUID
    start: datetime
    end: datetime
    known_to: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class _Decided:
    """What was decided since about a span; under no contract it is about all that have one of the assets."""

    contract: UUID | None
    assets: frozenset[str]
    start: datetime
    end: datetime
    at: datetime

    def concerns(self, period: _Open, about: Mapping[UUID, frozenset[str]]) -> bool:
        """Whether it could change the outcome of a period; ``about`` are the assets of versions."""
        if not (self.start < period.end and period.start < self.end):
            return False
        if self.contract is not None:
            return self.contract == period.contract
        return not self.assets.isdisjoint(about.get(period.version, ()))


def find_late(*, now: datetime) -> int:
    """Find what came in late since the last look, and note it with its period, in queries that do not grow.

    One look of a tenant happens at a time; the next sees what it did. The first is when there is a statement.

    Returns:
        Of how many periods there was any.
    """
    with transaction.atomic():
        if not EvidenceLook.objects.exists() and not _open_periods(now):
            return 0
        EvidenceLook.objects.get_or_create()
        look = EvidenceLook.objects.select_for_update().get()
        upto, periods = compacted_upto(), _open_periods(look.looked_at or now)
        found = _late(periods, _known(look, periods, upto, now), upto, now=now)
        _note(found, now=now)
        look.commit, look.looked_at = upto, now
        look.save()
    return len(found)


def _known(look: EvidenceLook, periods: Sequence[_Open], upto: int, now: datetime) -> Known:
    """Up to where the last look saw everything; the first one begins where the first of the periods was sealed."""
    if look.looked_at is not None:
        return Known(min(look.commit, upto), look.looked_at - UNDER_WAY)
    sealed = min((period.known_to for period in periods), default=now) - UNDER_WAY
    return Known(commits_before(sealed, upto), sealed)


def _open_periods(since: datetime) -> list[_Open]:
    """The newest statement of each period whose correction window was open at a moment."""
    windows = {
        version: timedelta(milliseconds=parse_duration(window))
        for version, window in ContractVersion.objects.annotate(
            window=KeyTextTransform("correction_window", KeyTransform("terms", "document"))
        ).values_list("id", "window")
        if window is not None
    }
    longest = max(windows.values(), default=timedelta(0))
    newest = Statement.objects.filter(period_end__gt=since - longest)
    newest = newest.order_by("contract_id", "period_start", "-version").distinct("contract_id", "period_start")
    rows = newest.values_list("contract_id", "contract_version_id", "period_start", "period_end", "run__as_of")
    return [
        _Open(*row, closes=row[3] + windows[row[1]])
        for row in rows
        if row[1] in windows and row[3] + windows[row[1]] > since
    ]


def _late(periods: Sequence[_Open], known: Known, upto: int, *, now: datetime) -> dict[_Key, datetime]:
    """When the newest came that the statement of each period does not know, for those of which anything did."""
    places = {span: place for place, span in enumerate(sorted({(each.start, each.end) for each in periods}))}
    spans = [(start - _CARRIES, end) for start, end in places]
    is_closing = any(period.closes <= now for period in periods)
    came = _by_asset(read_since(spans, known, upto, each=is_closing))
    said, decided = _by_asset(said_since(spans, known)), list(_decided(known.moment, now))
    about = _assets(periods, {asset for _, asset in (*came, *said)}.union(*(each.assets for each in decided)))
    rows = LateEvidence.objects.filter(period_start__in={period.start for period in periods})
    noted = {(row.contract_id, row.period_start): row for row in rows}
    found = {}
    for period in periods:
        row, assets = noted.get((period.contract, period.start)), about.get(period.version, frozenset())
        place = places[period.start, period.end]
        told = [at for asset in assets for at in said.get((place, asset), ())]
        if row is not None and row.received_at is not None:  # what the last look saw is seen once more
            told = [at for at in told if at > row.received_at]
        told += [at for asset in assets for at in came.get((place, asset), ())]
        known_to = max(period.known_to, row.rated_at) if row is not None and row.rated_at else period.known_to
        new = [at for at in told if at > known_to - UNDER_WAY]
        new += [each.at for each in decided if each.concerns(period, about) and each.at > known_to]
        in_time = [at for at in new if at <= period.closes]
        if in_time:
            found[period.contract, period.start] = max(in_time)
    return found


def _by_asset(arrived: Iterable[Arrived]) -> dict[tuple[int, str], list[datetime]]:
    found: defaultdict[tuple[int, str], list[datetime]] = defaultdict(list)
    for one in arrived:
        found[one.span, str(one.asset)].append(one.at)
    return found


def _decided(since: datetime, now: datetime) -> Iterator[_Decided]:
    """What was approved, withdrawn or corrected since, and what counts as approved since by silence."""
    counts = Q(approved=True) | Q(withdrawn=True)
    for each in ExclusionDecision.objects.filter(counts, decided_at__gt=since).select_related("exclusion"):
        yield _about(each.exclusion, each.decided_at)
    silent = Exclusion.objects.filter(
        ~Exists(ExclusionDecision.objects.filter(exclusion=OuterRef("id"))), objection_until__gt=since
    )
    for claim in silent.filter(objection_until__lte=now):
        if claim.objection_until is not None:
            yield _about(claim, claim.objection_until)
    for one in Correction.objects.filter(decided_at__gt=since):
        yield _Decided(one.contract_id, frozenset(), one.start, one.end, one.decided_at)


def _about(claim: Exclusion, at: datetime) -> _Decided:
    assets = frozenset(claim.document["assets"]) if claim.contract_id is None else frozenset[str]()
    return _Decided(claim.contract_id, assets, claim.start, claim.end, at)


def _assets(periods: Sequence[_Open], some: set[str]) -> dict[UUID, frozenset[str]]:
    """Which of some assets each version of the periods is about."""
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    versions = list({period.version for period in periods})
    with connection.cursor() as cursor:
        cursor.execute(_ABOUT, [required_tenant("contracts"), versions, sorted(some)])
        for version, asset in cursor.fetchall():
            found[version].add(asset)
    return {version: frozenset(assets) for version, assets in found.items()}


def _note(found: Mapping[_Key, datetime], *, now: datetime) -> None:
    """Write down what came late, of each period once."""
    LateEvidence.objects.bulk_create(
        [
            LateEvidence(contract_id=contract, period_start=start, received_at=at, found_at=now)
            for (contract, start), at in found.items()
        ],
        update_conflicts=True, unique_fields=("tenant", "contract", "period_start"),
        update_fields=("received_at", "found_at"),
    )  # fmt: skip
