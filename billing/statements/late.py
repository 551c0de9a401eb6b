"""Evidence that came in after a statement was sealed: what waits to be rated again, and that it was."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from billing.contracts.models import Contract
from billing.statements.lists import name_shown, with_figures
from billing.statements.models import EvidenceLook, LateEvidence, Statement

_UNSEEN = Q(rated_at=None) | Q(rated_at__lt=F("found_at"))
_WAITS = _UNSEEN & Q(found_at__gt=F("known_to"))
_UNRATED = _WAITS | ~Q(why="")


@dataclass(frozen=True, slots=True)
class LateNotice:
    """That evidence of a sealed statement came in since.

    Attributes:
        statement: The newest version of the statement, with the figures of lists.
        by_itself: Whether its contract has a grace time, so that it is rated again without anybody asking.
        why: What keeps it from being rated again by itself; empty when nothing does.
        received_at: When the newest of the evidence came in; None where somebody asked without any.
    """

    statement: Statement
    by_itself: bool
    why: str
    received_at: datetime | None

    @property
    def name(self) -> str:
        """What the statement is called, in the language of the page."""
        return name_shown(self.statement, self.statement)

    @property
    def needs_person(self) -> bool:
        """Whether nothing happens until somebody has it rated again."""
        return not self.by_itself or bool(self.why)


def waiting_evidence() -> QuerySet[LateEvidence]:
    """Late evidence that no rating has seen.

    Each with the id of its newest `statement`, the `grace` of that one's terms (None: people settle), and `known_to`,
    up to when it knows everything.
    """
    return _with_statement().filter(_WAITS)


def late_notices(contract: Contract) -> list[LateNotice]:
    """What came in since the statements of a contract were sealed and changed nothing yet, the first period first."""
    found = _with_statement().filter(_UNRATED, contract=contract)
    rows = {row.period_start: row for row in found}
    return [_notice(rows[each.period_start], each) for each in _newest(contract, rows)]


def unrated_periods() -> set[tuple[UUID, datetime]]:
    """The contract and the start of each period of which something came in that changed nothing yet."""
    return set(_with_statement().filter(_UNRATED).values_list("contract_id", "period_start"))


def is_unrated(contract: UUID, period_start: datetime) -> bool:
    """Whether something came in of a period that changed nothing yet."""
    return _with_statement().filter(_UNRATED, contract=contract, period_start=period_start).exists()


def looked_upto() -> datetime | None:
    """When what came in late was looked for last; None before the first time."""
    return EvidenceLook.objects.values_list("looked_at", flat=True).first()


def rated_again(contract: UUID, period_start: datetime, *, now: datetime, why: str = "") -> None:
    """Note that a period was rated again on everything that is known now; or why that could not be done."""
    LateEvidence.objects.update_or_create(
        contract_id=contract, period_start=period_start, defaults={"rated_at": now, "why": why[:1000]}
    )


def _with_statement() -> QuerySet[LateEvidence]:
    newest = Statement.objects.filter(contract=OuterRef("contract"), period_start=OuterRef("period_start"))
    newest = newest.order_by("-version")
    return LateEvidence.objects.annotate(
        statement=Subquery(newest.values("id")[:1]),
        known_to=Subquery(newest.values("run__as_of")[:1]),
        grace=Subquery(newest.values("contract_version__document__grace")[:1]),
    )


def _newest(contract: Contract, periods: Collection[datetime]) -> QuerySet[Statement]:
    """The newest statements of some periods of a contract, with figures in place of documents; no query for none."""
    found = Statement.objects.filter(contract=contract, period_start__in=periods)
    newest: QuerySet[Statement] = with_figures(found.defer("document"))
    return newest.order_by("period_start", "-version").distinct("period_start")


def _notice(row: LateEvidence, newest: Statement) -> LateNotice:
    grace: str | None = row.grace  # type: ignore[attr-defined] # annotated
    return LateNotice(newest, grace is not None, row.why, row.received_at)
