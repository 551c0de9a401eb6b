"""What is found wrong with a draft, as it is told to somebody who knows what was found before.

A draft of thousands of assets may have as many findings, megabytes of them, and most edits change a few or none. Who
says by its mark which findings they have is told those places alone where something else is found now.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from twins.composer.schemas import TwinFinding

_MARK_LETTERS = 32
_encode = msgspec.json.Encoder().encode

ByPlace = Mapping[str, tuple[TwinFinding, ...]]


@dataclass(frozen=True, slots=True)
class ToldFindings:
    """The findings of a draft, all of them or what differs.

    Attributes:
        mark: Of all findings as they are now.
        findings: All of them, None when ``at`` says what differs.
        at: Every place where something else was found before, with all that is found there now, nothing for nothing.
        since: The mark of the findings that ``at`` leads on from.
    """

    mark: str
    findings: tuple[TwinFinding, ...] | None = None
    at: ByPlace | None = None
    since: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As the API and the socket tell it."""
        at = None if self.at is None else {place: _printed(found) for place, found in self.at.items()}
        findings = None if self.findings is None else _printed(self.findings)
        return {
            "findings": findings, "findings_at": at, "findings_since": self.since, "findings_mark": self.mark,
        }  # fmt: skip


def mark_of(findings: Iterable[TwinFinding]) -> str:
    """What findings are known by: the same for the same findings in whatever order, 32 hexadecimal digits."""
    return hashlib.sha256(b"\n".join(sorted(map(_encode, findings)))).hexdigest()[:_MARK_LETTERS]


def told_to(
    known: str | None, now: tuple[TwinFinding, ...], before: tuple[TwinFinding, ...] | None = None
) -> ToldFindings:
    """The findings of a draft for somebody who has others, or none.

    Args:
        known: The mark of those that they have.
        now: What is found.
        before: What was found earlier, which may be what they have.
    """
    mark = mark_of(now)
    if known == mark:
        return ToldFindings(mark, at={}, since=mark)
    if known and before is not None and known == mark_of(before):
        return ToldFindings(mark, at=differing(before, now), since=known)
    return ToldFindings(mark, findings=now)


def differing(before: Iterable[TwinFinding], now: Iterable[TwinFinding]) -> ByPlace:
    """The places where something else is found than before, with what is found there now."""
    old, new = _by_place(before), _by_place(now)
    places = dict.fromkeys((*new, *old))
    return {place: new.get(place, ()) for place in places if old.get(place) != new.get(place)}


def _printed(findings: Iterable[TwinFinding]) -> list[dict[str, str]]:
    return [each.as_dict() for each in findings]


def _by_place(findings: Iterable[TwinFinding]) -> dict[str, tuple[TwinFinding, ...]]:
    found: defaultdict[str, list[TwinFinding]] = defaultdict(list)
    for each in findings:
        found[each.place].append(each)
    return {place: tuple(sorted(each, key=_encode)) for place, each in found.items()}
