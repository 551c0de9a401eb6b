"""The evidence of an asset whose signals say what it is, as a document, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from tenants.kernel.calendars import Span
from tenants.kernel.errors import Finding
from twins.evidence.domain.conditions import NOTHING_READ, Machine, Report, reports
from twins.evidence.domain.documents import Json, NamedAsset, moment_text, retired
from twins.evidence.domain.items import Ints
from twins.evidence.domain.rises import Rise, rise
from twins.evidence.domain.rules import SignalRule, decimal_text
from twins.evidence.domain.states import STATE_OF, STATES, State, Stretches

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class MachineEvidence:
    """What the evidence of an asset comes to.

    Attributes:
        document: An entry of ``evidence`` in a rate document with what it is about (see ``documents``): ``states``
            tell whether the asset is up, ``conditions`` the other indicators of time, ``measures`` the counters.
        stretches: What is known now of the states, by cause.
        held: How long each condition is known to have held, in milliseconds.
        rises: What the rise of each counter is told from.
        findings: What does not fit together.
    """

    document: Json
    stretches: Stretches
    held: Mapping[str, int]
    rises: Mapping[str, Rise]
    findings: tuple[Finding, ...]


def machine_evidence(
    asset: NamedAsset, rule: SignalRule, machine: Machine, span: Span, sealed: Ints
) -> MachineEvidence:
    """The evidence of one asset for one span.

    Args:
        asset: Whose.
        rule: How its signals become evidence.
        machine: What is known of it.
        span: ``[start, end)`` in milliseconds, not empty.
        sealed: When the evidence of this span was sealed before, in milliseconds: what was known then stays told.
    """
    cuts = _cuts(machine, sealed)
    states, stretches = reports(machine, rule.up, span, cuts, with_events=True)
    told = {
        key: reports(machine, formula, span, cuts, with_events=False)
        for key, formula in sorted(rule.indicators.conditions.items())
    }
    rises = {
        key: rise(machine.signals.get(signal, NOTHING_READ), span, cuts)
        for key, signal in sorted(rule.indicators.increases.items())
    }
    document = {
        "asset": str(asset.id),
        "name": asset.name,
        "start": moment_text(span[0]),
        "end": moment_text(span[1]),
        "rule": rule.as_json(machine.properties),
        "in_service": retired(machine.events, span, 1)[0],
        "initial": None,
        "states": _states(states),
        "conditions": {key: _states(found) for key, (found, _) in told.items()},
        "measures": {key: _readings(asset, key, found) for key, found in rises.items()},
    }
    return MachineEvidence(
        document,
        stretches,
        {key: _held(known) for key, (_, known) in told.items()},
        rises,
        tuple(_findings(asset, rules=rule.indicators.increases, rises=rises)),
    )


def risen(found: Rise, start: int) -> Fraction:
    """By how much a counter rose after a start, in milliseconds; what it shows once begun anew counts from nothing."""
    values = [Fraction(decimal_text(value)) for value in found.value.tolist()]
    steps = zip(pairwise(values), found.at[1:].tolist(), strict=True)
    return sum(
        (after - before if after >= before else after for (before, after), at in steps if at > start), Fraction(0)
    )


def _cuts(machine: Machine, sealed: Ints) -> Ints:
    """The midnights between which something came, and the seals."""
    received = [machine.events.received, *(one.received for one in machine.signals.values())]
    days = np.unique(np.concatenate([np.empty(0, np.int64), *received]) // DAY_MS + 1) * DAY_MS
    return np.unique(np.concatenate([days, sealed]))


def _states(found: list[Report]) -> list[Json]:
    return [
        {
            "from": moment_text(one.start),
            "to": moment_text(one.end),
            "state": STATES[STATE_OF[one.cause]].value,
            "received": moment_text(one.received),
        }
        for one in sorted(found, key=lambda one: (one.start, one.received))
    ]


def _readings(asset: NamedAsset, key: str, found: Rise) -> list[Json]:
    columns = zip(found.at.tolist(), found.value.tolist(), found.received.tolist(), strict=True)
    return [
        {
            "id": f"{asset.id}/{key}/{moment_text(at)}",
            "at": moment_text(at),
            "value": decimal_text(value),
            "received": moment_text(received),
        }
        for at, value, received in columns
    ]


def _held(known: Stretches) -> int:
    holds = STATE_OF[known.value] == STATES.index(State.UP)
    return int((known.end - known.start)[holds].sum())


def _findings(asset: NamedAsset, *, rules: Mapping[str, str], rises: Mapping[str, Rise]) -> list[Finding]:
    found = []
    for key, one in rises.items():
        place = f"assets/{asset.id}/signals/{rules[key]}"
        for code, at, what, fix in (
            (
                "counter.backwards",
                one.backwards,
                "The counter ran backwards",
                "Check its sensor; if it was replaced, let it begin at nothing.",
            ),
            (
                "counter.negative",
                one.negative,
                "The counter is below nothing",
                "Check its sensor and the binding's unit.",
            ),
        ):
            if at.size:
                message = f"{what} at {moment_text(int(at[0]))}; {at.size} readings are kept and not counted."
                found.append(Finding(code, f"{place}/{moment_text(int(at[0]))}", message, fix))
    return found
