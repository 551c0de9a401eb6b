"""``manage.py replay``: send recorded flights as a gateway would, over the public interfaces alone."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tenants.kernel.errors import OutturnError
from twins.gateways.cmapss import SUBSETS, read_histories, read_running
from twins.gateways.flights import FlightSchedule
from twins.gateways.replay import Station, Tally, batches_of, replay
from twins.gateways.schemas import FlightHistory
from twins.gateways.simulated import flights
from twins.gateways.uplink import Batch

TOKEN = "OUTTURN_GATEWAY_TOKEN"  # noqa: S105 - a name


class Command(BaseCommand):
    help = (
        "Replay flights through a gateway, even engines over MQTT and odd ones over HTTP, each batch until it is "
        "acknowledged. Prints one JSON line: sent, acknowledged, duplicate, set_aside, refused readings, seconds."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        add, broker = parser.add_argument, _without_user(settings.MQTT_URL)
        add("--gateway", required=True, help="Id of the gateway.")
        add("--token", default=os.environ.get(TOKEN, ""), help=f"Its token; by default {TOKEN}.")
        add("--url", default=settings.BASE_URL, help="The server; by default OUTTURN_URL.")
        add("--mqtt", default=broker, help="The broker, mqtt://HOST:PORT; by default MQTT_URL.")
        add("--no-mqtt", action="store_true", help="Send everything over HTTP.")
        add("--data", type=Path, help="A folder with C-MAPSS files; without it the engines are simulated.")
        add("--subset", default=SUBSETS[0], choices=SUBSETS, help="Which of the files.")
        add("--set", default="train", choices=("train", "test"), help="Engines until they fail, or still running.")
        add("--seed", type=int, default=0, help="Of the simulated fleet.")
        add("--units", type=_units, default=range(1, 11), help="Engines, as 81-100 or 7; by default 1-10.")
        add("--first-day", type=date.fromisoformat, required=True, help="Day of flight 1, in UTC.")
        add("--from", type=date.fromisoformat, dest="start", help="First day to fly; by default the first of all.")
        add("--grounded", type=_grounded, default={}, help="From when engines do not fly: 85=2026-09-12T06:00Z,...")
        add("--until", type=date.fromisoformat, dest="end", help="First day not to fly; by default none.")

    def handle(self, *_: Any, **options: Any) -> None:
        if not options["token"]:
            raise CommandError(f"There is no token: give --token, or set {TOKEN}.")
        mqtt_url = None if options["no_mqtt"] else options["mqtt"]
        if mqtt_url == "":
            raise CommandError("There is no broker: give --mqtt, set MQTT_URL, or say --no-mqtt.")
        station = Station(options["gateway"], options["token"], options["url"], mqtt_url)
        try:
            tally = _replay(station, _batches(options))
        except OutturnError as error:
            raise CommandError(error.told) from error
        self.stdout.write(json.dumps({**asdict(tally), "seconds": round(tally.seconds, 3)}))


def _batches(options: dict[str, Any]) -> list[Batch]:
    start, end = _midnight(options["start"]), _midnight(options["end"])
    schedule = FlightSchedule(options["first_day"])
    return batches_of(
        _histories(options), schedule, name=_name(options), start=start, end=end, grounded=options["grounded"]
    )


def _histories(options: dict[str, Any]) -> list[FlightHistory]:
    units = set(options["units"])
    if options["data"] is None:
        return flights(options["seed"], sorted(units))
    if options["set"] == "train":
        found = read_histories(options["data"], options["subset"])
    else:
        found = [history for history, _ in read_running(options["data"], options["subset"])]
    return [history for history in found if history.unit in units]


def _name(options: dict[str, Any]) -> str:
    return f"sim{options['seed']}" if options["data"] is None else f"{options['subset']}-{options['set']}"


def _replay(station: Station, batches: Sequence[Batch]) -> Tally:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("Readings", total=sum(batch.readings for batch in batches))
        return replay(station, batches, progress=lambda batch: bar.advance(task, batch.readings))


def _units(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _grounded(text: str) -> dict[int, datetime]:
    pairs = (part.split("=", 1) for part in text.split(","))
    return {int(unit): datetime.fromisoformat(moment) for unit, moment in pairs}


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), tzinfo=UTC) if day else None


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
