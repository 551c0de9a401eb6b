"""The flights of the story: where they come from, and a gateway in a process of its own that sends them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from analytics.maintenance.services import cancel_order
from deploy.embedded.places import PROJECT
from deploy.story.calendar import FLEET, HISTORY, PLANNING, REPAIR, SETTLING
from deploy.story.frame import Story, Tell
from tenants.kernel.clock import isoformat, utc_now
from tenants.kernel.errors import OutturnError
from tenants.scope.context import scope
from twins.evidence.schemas import NewEvent
from twins.evidence.services import record_events
from twins.gateways.cmapss import read_histories
from twins.gateways.flights import FlightSchedule, flight
from twins.gateways.replay import KEYS
from twins.gateways.schemas import FlightHistory
from twins.gateways.simulated import flights
from twins.telemetry.selectors import traffic

SEED = 0
SUBSET = "FD001"
_LOOK_S = 0.2


class ReplayError(OutturnError):
    """The gateway's process failed, or some of what it sent was not kept."""

    code = "story.replay"
    status = 500


@cache
def engines(data: Path | None, units: range) -> tuple[FlightHistory, ...]:
    """Engines from their first flight to their failure, published or simulated."""
    if data is None:
        return tuple(flights(SEED, units))
    return tuple(each for each in read_histories(data, SUBSET) if each.unit in units)


def last_landing(engine: FlightHistory, schedule: FlightSchedule) -> datetime:
    """When an engine ends its last flight: it has failed."""
    return flight(int(engine.cycles[-1]), schedule).end


def send_history(story: Story, tell: Tell) -> Mapping[str, Any]:
    """The retired engines' flights, over HTTP."""
    sent = _replay(story, tell, story.cut.history, HISTORY, "--no-mqtt")
    _record(
        story,
        [_failed(story.facts["history_assets"], each, HISTORY) for each in engines(story.data, story.cut.history)],
    )
    return {"readings": sent}


def fly_to_the_planning_day(story: Story, tell: Tell) -> Mapping[str, Any]:
    """The fleet's flights before the planning day, half of the engines over MQTT and half over HTTP."""
    sent = _replay(story, tell, story.cut.fleet, FLEET, "--until", f"{PLANNING:%Y-%m-%d}")
    early = [each for each in engines(story.data, story.cut.fleet) if last_landing(each, FLEET) <= PLANNING]
    _record(story, _failures(story, early))
    return {"readings": story.facts["readings"] + sent}


def fly_on(story: Story, tell: Tell) -> Mapping[str, Any]:
    """The month: engines go to the shop as planned, and their later flights are withheld; others fly on or fail.

    Of those that fail before they are taken out of service the visits do not take place: a planner cancels them.
    """
    visits = {int(unit): visit for unit, visit in story.facts["visits"].items()}
    grounded, events, missed = {}, [], []
    for engine in engines(story.data, story.cut.fleet):
        failed, visit = last_landing(engine, FLEET), visits.get(engine.unit)
        if visit is not None and datetime.fromisoformat(visit["removal"]) < failed:
            grounded[engine.unit] = visit["removal"]
            events += _shop_visit(story, engine.unit, visit)
        elif failed > PLANNING:
            events += _failures(story, [engine])
            if visit is not None and failed < SETTLING:
                _cancel(story, engine.unit, visit, failed)
                missed.append(engine.unit)
    options = ["--from", f"{PLANNING:%Y-%m-%d}", "--until", f"{SETTLING:%Y-%m-%d}"]
    if grounded:
        options += ["--grounded", ",".join(f"{unit}={start}" for unit, start in grounded.items())]
    sent = _replay(story, tell, story.cut.fleet, FLEET, *options)
    _record(story, events)
    return {"readings": story.facts["readings"] + sent, "visited": sorted(grounded), "cancelled": missed}


def _cancel(story: Story, unit: int, visit: Mapping[str, str], failed: datetime) -> None:
    """Call a visit off at the moment of the failure."""
    with scope(UUID(story.facts["tenant"])):
        cancel_order(
            order=UUID(visit["order"]), why=f"Engine {unit:03} failed in service before its removal.",
            by=story.facts["people"]["owner"]["email"], now=failed,
        )  # fmt: skip


def _record(story: Story, events: list[NewEvent]) -> None:
    """Keep what has happened by the day of the settlement; what comes later is not known yet."""
    known = [event for event in events if event.at < SETTLING]
    if known:
        with scope(UUID(story.facts["tenant"])):
            record_events(events=known, now=utc_now())


def _failed(assets: Mapping[str, str], engine: FlightHistory, schedule: FlightSchedule) -> NewEvent:
    return _event(assets[str(engine.unit)], engine.unit, "failed", last_landing(engine, schedule))


def _failures(story: Story, failed: list[FlightHistory]) -> list[NewEvent]:
    """Each engine fails and is repaired."""
    events = []
    for engine in failed:
        down = _failed(story.facts["fleet_assets"], engine, FLEET)
        events += [down, _event(str(down.asset), engine.unit, "returned", down.at + REPAIR)]
    return events


def _shop_visit(story: Story, unit: int, visit: Mapping[str, str]) -> list[NewEvent]:
    asset = story.facts["fleet_assets"][str(unit)]
    return [
        _event(asset, unit, "shop_in", datetime.fromisoformat(visit["start"])),
        _event(asset, unit, "shop_out", datetime.fromisoformat(visit["end"])),
    ]


def _event(asset: str, unit: int, kind: str, at: datetime) -> NewEvent:
    return NewEvent(
        asset=UUID(asset), kind=kind, at=at, source="Meridian maintenance", reference=f"{unit}/{kind}/{isoformat(at)}"
    )


def _replay(story: Story, tell: Tell, units: range, schedule: FlightSchedule, *options: str) -> int:
    """Send flights through the gateway, told by what the server has taken so far; how many readings were sent."""
    expected = sum(len(each.cycles) for each in engines(story.data, units)) * len(KEYS)
    before = _taken(story)
    command = [
        sys.executable, str(PROJECT / "manage.py"), "replay", "--gateway", story.facts["gateway"], "--url", story.url,
        "--units", f"{units.start}-{units.stop - 1}", "--first-day", f"{schedule.first_day}", "--seed", str(SEED),
        *(["--data", str(story.data)] if story.data else []), *options,
    ]  # fmt: skip
    environment = os.environ | {"OUTTURN_GATEWAY_TOKEN": story.facts["gateway_token"]}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        while process.poll() is None:
            taken = _taken(story) - before
            tell(min(taken / expected, 0.99), f"{taken:,} readings")
            time.sleep(_LOOK_S)
        told, complaint = process.communicate()
    if process.returncode:
        raise ReplayError(f"the gateway failed: {complaint.strip()}", fix="Mend that and tell the story again.")
    tally = json.loads(told.splitlines()[-1])
    if tally["sent"] != tally["acknowledged"]:
        raise ReplayError(f"not everything was kept: {tally}", fix="Look at the gateway's page for the reasons.")
    return int(tally["sent"])


def _taken(story: Story) -> int:
    with scope(UUID(story.facts["tenant"])):
        gateway = UUID(story.facts["gateway"])
        found = traffic([gateway]).get(gateway)
    return found.readings if found else 0
