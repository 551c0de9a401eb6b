"""An outcome as JSON: the figures of the answer, a trace to read, and the workings to open every figure with.

In the workings instants are milliseconds since the epoch, lengths milliseconds, exact numbers fractions as text. What
there is much of is a list in the order of its fields: states ``[start, end, state, received]``, segments ``[start, end,
category, detail]``, outages, gaps, increases, rated spans and incidents as their types name them.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from billing.outcomes.domain.counters import Volume
from billing.outcomes.domain.document import CounterReading
from billing.outcomes.domain.figures import percent_text
from billing.outcomes.domain.outcome import ENGINE, AssetOutcome, ClauseOutcome, Judgement, Observed, Outcome
from billing.outcomes.domain.remedies import Verdict
from billing.outcomes.domain.trace import trace
from tenants.kernel.calendars import from_epoch_ms
from tenants.kernel.clock import isoformat


def printed(outcome: Outcome) -> dict[str, Any]:
    """The outcome as one JSON object; its canonical form is what is sealed."""
    return {
        "engine": ENGINE,
        "currency": outcome.contract.currency,
        "period": {
            name: isoformat(from_epoch_ms(at)) for name, at in zip(("start", "end"), outcome.period, strict=True)
        },
        "as_of": isoformat(from_epoch_ms(outcome.as_of)),
        "fee_minor": outcome.fee.minor,
        "total_minor": outcome.total_minor,
        "clauses": [_clause(clause, outcome) for clause in outcome.clauses],
        "trace": trace(outcome),
        "workings": {
            "unrated": _plain(outcome.unrated),
            "assets": [_observed(one) for one in outcome.observed],
            "fee": _plain(outcome.fee),
            "clauses": [_clause_workings(clause) for clause in outcome.clauses],
            "caps": _plain(outcome.caps) | {"forfeited": outcome.caps.forfeited},
        },
    }


def _clause(clause: ClauseOutcome, outcome: Outcome) -> dict[str, Any]:
    totals = clause.totals
    return {
        "id": clause.clause.id,
        "status": clause.status,
        "ratio": None if clause.ratio is None else str(clause.ratio),
        "percent": None if clause.ratio is None else percent_text(clause.ratio),
        "period_s": _seconds(outcome.period[1] - outcome.period[0]),
        "excluded_s": _seconds(totals.excluded),
        "committed_s": _seconds(totals.committed),
        "down_s": _seconds(totals.down),
        "unknown_s": _seconds(totals.unknown),
        "coverage_percent": None if clause.coverage is None else percent_text(clause.coverage),
        "amount_minor": clause.amount_minor,
    }


def _seconds(milliseconds: int) -> int | float:
    """Seconds, whole where they are; three digits after the point survive a double for 200,000 years."""
    return milliseconds / 1000 if milliseconds % 1000 else milliseconds // 1000


def _observed(one: Observed) -> dict[str, Any]:
    """One asset; of states and increases there are many, and they are flat.

    Names stand there only where it has any, as outcomes were printed before there were names.
    """
    named = {
        "measures": {name: _volume(volume) for name, volume in one.measures.items()},
        "conditions": {name: [list(stretch) for stretch in states] for name, states in one.conditions.items()},
    }
    return {
        "asset": one.asset,
        "present": _plain(one.present),
        "states": [list(stretch) for stretch in one.states],
        "volume": _volume(one.volume),
        **{kind: found for kind, found in named.items() if found},
    }


def _volume(volume: Volume) -> dict[str, Any]:
    return {
        "total": str(volume.total),
        "base": None if volume.base is None else _reading(volume.base),
        "increases": [list(one) for one in volume.increases],
    }


def _reading(one: CounterReading) -> dict[str, Any]:
    return {"id": one.id, "at": one.at, "value": str(one.value), "received": one.received}


def _clause_workings(clause: ClauseOutcome) -> dict[str, Any]:
    return {
        "id": clause.clause.id,
        "totals": _plain(clause.totals),
        "assets": [_asset_workings(one) for one in clause.assets],
        "judgements": [_judgement(one) for one in clause.judgements],
        "credit_minor": clause.credit_minor,
        "bonus_minor": clause.bonus_minor,
        "granted_minor": clause.granted_minor,
    }


def _asset_workings(one: AssetOutcome) -> dict[str, Any]:
    """One asset; incidents stand there only where they are looked for, as before there were clauses on them."""
    ledger, measure = one.ledger, _plain(one.measure)
    if one.measure.incidents is None:
        del measure["incidents"]
    return {
        "asset": one.asset,
        "totals": _plain(ledger.totals),
        "segments": [list(segment) for segment in ledger.segments],
        "outages": [list(outage) for outage in ledger.outages],
        "gaps": [list(gap) for gap in ledger.gaps],
        "exclusions": _plain(ledger.exclusions),
        **measure,
        "ratio": _plain(one.measure.ratio),
    }


def _judgement(one: Judgement) -> dict[str, Any]:
    return {
        "asset": one.asset,
        "percent": str(one.percent),
        "base": str(one.base),
        "verdicts": [_verdict(verdict) for verdict in one.verdicts],
        "credit": str(one.credit),
        "bonus": str(one.bonus),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(verdict)
    return {**plain, "credit": str(verdict.credit), "bonus": str(verdict.bonus)}


def _plain(value: Any) -> Any:
    """Dataclasses as objects, tuples as lists in the order of their fields, fractions as text."""
    if value is None or isinstance(value, int | str):
        return value
    if isinstance(value, Fraction):
        return str(value)
    if names := _field_names(value.__class__):
        return {name: _plain(getattr(value, name)) for name in names}
    if hasattr(value, "items"):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value]


@cache
def _field_names(of: type) -> tuple[str, ...]:
    """Of a dataclass; nothing for any other type."""
    return tuple(field.name for field in fields(of)) if is_dataclass(of) else ()
