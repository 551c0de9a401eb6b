"""The incidents of a clause on response or repair time, as rows of a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.contracts.shown import length_shown, moment_shown
from tenants.kernel.calendars import from_epoch_ms

Json = Mapping[str, Any]

_VERDICTS: Mapping[str, Any] = {"met": _("met"), "missed": _("missed"), "open": _("left for the next period")}


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident: when it began and when its clock stopped, what the clock showed, and how it was judged."""

    asset: str
    began: str
    stopped: str
    clock: str
    verdict: str


def incident_rows(workings: Json, names: Mapping[str, str], zone: ZoneInfo) -> tuple[IncidentRow, ...] | None:
    """The incidents of all assets of a clause in the order of time; None where the clause looks for none.

    Args:
        workings: Those of the clause, as an outcome prints them.
        names: The assets by their ids.
        zone: That of the contract.
    """
    if not any("incidents" in one for one in workings["assets"]):
        return None
    return tuple(row for _at, row in sorted(_timed(workings, names, zone), key=lambda found: found[0]))


def _timed(workings: Json, names: Mapping[str, str], zone: ZoneInfo) -> Iterator[tuple[int, IncidentRow]]:
    for one in workings["assets"]:
        for start, end, clock, verdict in one["incidents"]:
            yield (
                start,
                IncidentRow(
                    asset=names[one["asset"]],
                    began=moment_shown(from_epoch_ms(start), zone),
                    stopped=gettext("still open") if end is None else moment_shown(from_epoch_ms(end), zone),
                    clock=length_shown(clock),
                    verdict=str(_VERDICTS[verdict]),
                ),
            )
