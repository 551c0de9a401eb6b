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
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from billing.contracts.models import ContractVersion
from billing.outcomes.claims import DECISION
from billing.outcomes.models import Correction, Exclusion, ExclusionDecision, OutcomeRun
from billing.outcomes.services import CORRECTION
from billing.statements.models import EvidenceLook, LateEvidence, Statement
from tenants.kernel.calendars import parse_duration
from tenants.scope.context import required_tenant
from twins.evidence.late import Arrived, Known, read_since, said_since
from twins.telemetry.arrived import commits_before, compacted_upto

UNDER_WAY = timedelta(seconds=30)
"""How long what has arrived may take to be seen by others: no statement of the writer's may take longer."""
_AT_WORK = timedelta(hours=1)
"""How long a settlement takes at most, and what waits for its turn at the log: no look sees either before."""
_CARRIES = timedelta(days=1)
"""Readings of so long before a period may say what an asset was at its start."""
# Thousands of assets are looked up in a hash of them; `?|` would look each of them up in each version.
_ABOUT = """
SELECT version.id, asset.key
FROM billing_contractversion AS version, jsonb_object_keys(version.document->'assets') AS asset (key)
WHERE version.tenant_id = %s AND version.id = ANY(%s::uuid[]) AND asset.key = ANY(%s::text[])"""
_RATED = "contract_version__contract", "period_start", "as_of", "document"
_Key = tuple[UUID, datetime]


class _Open(NamedTuple):
    """A sealed period in which late evidence counts up to the moment at which it `closes`."""

    contract: UUID
    version: UUID
    start: datetime
    end: datetime
    known_to: datetime
    sealed_at: datetime
    closes: datetime

    @property
    def key(self) -> _Key:
        """What it is noted under."""
        return self.contract, self.start


@dataclass(frozen=True, slots=True)
class _Decided:
    """What was decided about assets in a span, under one contract or any; without a digest it was silence.

    Of an objection `silence` is when the claim would have counted as approved: it changes only what counted that.
    """

    contract: UUID | None
    assets: frozenset[str]
    start: datetime
    end: datetime
    at: datetime
    digest: str = ""
    silence: datetime | None = None

    def concerns(self, period: _Open, about: Mapping[UUID, frozenset[str]]) -> bool:
        """Whether it could change the outcome of a period; ``about`` are the assets of versions."""
        if not (self.start < period.end and period.start < self.end):
            return False
        if self.contract not in (None, period.contract):
            return False
        return not self.assets.isdisjoint(about.get(period.version, ()))

    def is_since(self, period: _Open) -> bool:
        """Whether it was decided after what the period was rated on."""
        return self.silence is None and self.at > period.known_to

    def may_have_waited(self, period: _Open) -> bool:
        """Whether it was decided before that, but so shortly that it may not have been there to be seen."""
        if not self.digest or not period.known_to - _AT_WORK < self.at <= period.known_to:
            return False
        return self.silence is None or self.silence <= period.known_to


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
    """Up to where the last look saw everything; of a statement that it cannot have seen, up to what that one knows.

    A statement may rest on a run that was made long before, and it is there for others only when all of it is made.
    """
    if look.looked_at is None:
        since = min((period.known_to for period in periods), default=now) - UNDER_WAY
        return Known(commits_before(since, upto), since)
    unseen = [period.known_to for period in periods if period.sealed_at > look.looked_at - _AT_WORK]
    since = min([look.looked_at, *unseen]) - UNDER_WAY
    if since == look.looked_at - UNDER_WAY:
        return Known(min(look.commit, upto), since)
    return Known(min(look.commit, commits_before(since, upto)), since)


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
    rows = newest.values_list(
        "contract_id", "contract_version_id", "period_start", "period_end", "run__as_of", "sealed_at"
    )
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
    said, decided = _by_asset(said_since(spans, known)), list(_decided(known.moment - _AT_WORK, now))
    about = _assets(periods, {asset for _, asset in (*came, *said)}.union(*(each.assets for each in decided)))
    rows = LateEvidence.objects.filter(period_start__in={period.start for period in periods})
    noted = {(row.contract_id, row.period_start): row for row in rows}
    rated = [_rated(period, noted.get(period.key)) for period in periods]
    anew, found = _decided_anew(rated, decided, about), {}
    for period in rated:
        row, assets, place = noted.get(period.key), about.get(period.version, ()), places[period.start, period.end]
        before = None if row is None else row.received_at
        told = [at for asset in assets for at in said.get((place, asset), ())]
        if before is not None:  # what the last look saw is seen once more
            told = [at for at in told if at > before]
        told += [at for asset in assets for at in came.get((place, asset), ())]
        new = [*(at for at in told if at > period.known_to - UNDER_WAY), *anew.get(period.key, ())]
        in_time = [at for at in new if at <= period.closes]
        if in_time:
            found[period.key] = max(in_time if before is None else [before, *in_time])
    return found


def _rated(period: _Open, row: LateEvidence | None) -> _Open:
    """A period with up to when it was rated on everything, be it that this changed nothing."""
    if row is None or row.rated_at is None:
        return period
    return period._replace(known_to=max(period.known_to, row.rated_at))


def _decided_anew(
    periods: Sequence[_Open], decided: Sequence[_Decided], about: Mapping[UUID, frozenset[str]]
) -> Mapping[_Key, list[datetime]]:
    """When something was decided about each of the periods that it was not rated on.

    Where the last rating failed there is no run that says what it knew: the period waits for a person anyway.
    """
    concerned = [(period, each) for period in periods for each in decided if each.concerns(period, about)]
    used = _used({period.key: period.known_to for period, each in concerned if each.may_have_waited(period)})
    found: defaultdict[_Key, list[datetime]] = defaultdict(list)
    for period, each in concerned:
        known = used.get(period.key)
        has_waited = known is not None and each.may_have_waited(period) and each.digest not in known
        if each.is_since(period) or has_waited:
            found[period.key].append(each.at)
    return found


def _used(rated: Mapping[_Key, datetime]) -> Mapping[_Key, frozenset[str]]:
    """The decisions and corrections, by digest, that each of some periods was rated on at a moment; no query for none.

    Of several runs on what was known then, what all of them have.
    """
    if not rated:
        return {}
    found: dict[_Key, frozenset[str]] = {}
    runs = OutcomeRun.objects.filter(
        assumption="", contract_version__contract__in={contract for contract, _ in rated},
        period_start__in={start for _, start in rated}, as_of__in=set(rated.values()),
    )  # fmt: skip
    for contract, start, as_of, told in runs.order_by().values_list(*_RATED).iterator():
        if rated.get((contract, start)) == as_of:
            relied: dict[str, list[str]] = cast("dict[str, Any]", told)["relies_on"]
            names = frozenset((*relied.get(DECISION, ()), *relied.get(CORRECTION, ())))
            found[contract, start] = found.get((contract, start), names) & names
    return found


def _by_asset(arrived: Iterable[Arrived]) -> dict[tuple[int, str], list[datetime]]:
    found: defaultdict[tuple[int, str], list[datetime]] = defaultdict(list)
    for one in arrived:
        found[one.span, str(one.asset)].append(one.at)
    return found


def _decided(since: datetime, now: datetime) -> Iterator[_Decided]:
    """What was approved, withdrawn, objected to or corrected since, and what counts as approved since by silence."""
    counts = Q(approved=True) | Q(withdrawn=True) | Q(exclusion__objection_until__isnull=False)
    for each in ExclusionDecision.objects.filter(counts, decided_at__gt=since).select_related("exclusion"):
        is_objection = each.verdict == "declined"
        yield _about(
            each.exclusion, each.decided_at, each.digest, each.exclusion.objection_until if is_objection else None
        )  # fmt: skip
    silent = Exclusion.objects.filter(
        ~Exists(ExclusionDecision.objects.filter(exclusion=OuterRef("id"))), objection_until__gt=since
    )
    for claim in silent.filter(objection_until__lte=now):
        if claim.objection_until is not None:
            yield _about(claim, claim.objection_until)
    for one in Correction.objects.filter(decided_at__gt=since):
        asset = frozenset({str(one.asset)})
        yield _Decided(one.contract_id, asset, one.start, one.end, one.decided_at, one.digest)


def _about(claim: Exclusion, at: datetime, digest: str = "", silence: datetime | None = None) -> _Decided:
    assets = frozenset(claim.document["assets"])
    return _Decided(claim.contract_id, assets, claim.start, claim.end, at, digest, silence)


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
