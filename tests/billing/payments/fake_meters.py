"""The meters of the fake Stripe: they take events at once and look at them later, forget identifiers after 24 hours,
sum by minutes, and tell of what they refused by thin events."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
REMEMBERED, PAST, AHEAD, MOST_SAMPLES = timedelta(hours=24), timedelta(days=35), timedelta(minutes=5), 2
_REPORTS = itertools.count(1)


class Unfit(Exception):  # noqa: N818 - an answer
    """What Stripe answers to a request that cannot be done."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class FakeMeters:
    """The meters of an account.

    Attributes:
        clock: Tells the time.
        customers: Tells who is a customer.
        lag: How long after it was taken an event is looked at.
        summed: The events that count.
        waiting: Those that nobody has looked at yet, with when that is done.
        reports: Thin events that are to be delivered.
        remembers_refused: Whether the identifier of what was refused later is known, too.
        on_taken: Is called when an event was taken, before it is answered.
    """

    clock: Callable[[], datetime]
    customers: Callable[[], set[str]]
    lag: timedelta = timedelta(0)
    meters: dict[str, Json] = field(default_factory=dict)
    prices: list[Json] = field(default_factory=list)
    summed: list[Json] = field(default_factory=list)
    waiting: list[tuple[datetime, Json]] = field(default_factory=list)
    taken: list[Json] = field(default_factory=list)
    known: dict[str, datetime] = field(default_factory=dict)
    reports: list[Json] = field(default_factory=list)
    kept_reports: dict[str, Json] = field(default_factory=dict)
    remembers_refused: bool = True
    on_taken: Callable[[], None] = lambda: None

    # -- what a test does and looks at ----------------------------------------------------------------------------

    def named(self, part: str) -> Json:
        """The meter whose events are called by something."""
        (found,) = [each for each in self.meters.values() if part in each["event_name"]]
        return found

    def set_status(self, status: str) -> None:
        """All meters are deactivated, or reactivated, by a person."""
        self.look()
        for each in self.meters.values():
            each["status"] = status

    def total(self, part: str, start: datetime, end: datetime) -> int:
        """What a meter comes to between two moments, of all customers that are there."""
        self.look()
        if not any(part in each["event_name"] for each in self.meters.values()):
            return 0
        name, there = self.named(part)["event_name"], self.customers()
        rows = [
            each for each in self.summed
            if each["event_name"] == name and each["payload"]["stripe_customer_id"] in there
        ]  # fmt: skip
        return self._reckoned(rows, self.named(part), start.timestamp(), end.timestamp())

    def look(self) -> None:
        """Look at the events whose time has come, in the order they came in."""
        now = self.clock()
        due = [event for at, event in self.waiting if at <= now]
        self.waiting = [(at, event) for at, event in self.waiting if at > now]
        wrong: dict[tuple[str, str], list[Json]] = {}
        for event in due:
            code, meter = self._fault(event)
            if not code:
                self.summed.append(event)
                continue
            wrong.setdefault((code, meter), []).append(event)
            if not self.remembers_refused:
                self.known.pop(event["identifier"], None)
        for (code, meter), events in wrong.items():
            self._report(code, meter, events)

    def _fault(self, event: Json) -> tuple[str, str]:
        named = [each for each in self.meters.values() if each["event_name"] == event["event_name"]]
        if not named:
            return "no_meter", ""
        if named[0]["status"] != "active":
            return "archived_meter", named[0]["id"]
        is_there = event["payload"]["stripe_customer_id"] in self.customers()
        return ("" if is_there else "meter_event_customer_not_found"), named[0]["id"]

    def _report(self, code: str, meter: str, events: list[Json]) -> None:
        samples = [
            {"error_message": f"refused: {code}", "request": {"identifier": each["identifier"]}}
            for each in events[:MOST_SAMPLES]
        ]
        reason = {
            "error_count": len(events),
            "error_types": [{"code": code, "error_count": len(events), "sample_errors": samples}],
        }
        kind = "v1.billing.meter.error_report_triggered" if meter else "v1.billing.meter.no_meter_found"
        thin: Json = {
            "id": f"evt_meter_{next(_REPORTS):06}", "object": "v2.core.event", "type": kind, "livemode": False,
            "created": self.clock().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }  # fmt: skip
        if meter:
            url = f"/v1/billing/meters/{meter}"
            thin["related_object"] = {"id": meter, "type": "billing.meter", "url": url}
        self.reports.append(thin)
        self.kept_reports[thin["id"]] = {**thin, "data": {"developer_message_summary": "", "reason": reason}}

    # -- the API --------------------------------------------------------------------------------------------------

    def do(self, method: str, parts: list[str], params: Json, make: Callable[[str, str, Json], Json]) -> Json:
        """What a request under ``billing``, ``prices`` or ``core`` is answered with."""
        self.look()
        if parts[:2] == ["core", "events"]:
            return self._found(self.kept_reports, parts[2])
        if parts[0] == "prices":
            rows = [each for each in self.prices if each["recurring"]["meter"] == params["recurring"]["meter"]]
            return _page("/v1/prices", rows)
        if parts[1] == "meter_events":
            return self._take(params)
        if len(parts) == 4 and parts[3] == "event_summaries":
            return self._summaries(self._found(self.meters, parts[2]), params)
        return self._make_meter(params, make) if method == "POST" else self._listed(params)

    def _found(self, things: dict[str, Json], name: str) -> Json:
        if name not in things:
            raise Unfit(f"No such object: {name}", 404)
        return things[name]

    def _listed(self, params: Json) -> Json:
        rows, size = list(self.meters.values())[::-1], 3
        ids = [each["id"] for each in rows]
        first = ids.index(params["starting_after"]) + 1 if "starting_after" in params else 0
        return _page("/v1/billing/meters", rows[first : first + size], has_more=first + size < len(rows))

    def _make_meter(self, params: Json, make: Callable[[str, str, Json], Json]) -> Json:
        if any(each["event_name"] == params["event_name"] for each in self.meters.values()):
            raise Unfit(f"A meter with the event name {params['event_name']} already exists.")
        made = make("mtr", "billing.meter", {**params, "status": "active", "event_time_window": None})
        self.meters[made["id"]] = made
        return made

    def _take(self, params: Json) -> Json:
        now, name, value = self.clock(), params["identifier"], params["payload"]["value"]
        if name in self.known and now < self.known[name] + REMEMBERED:
            raise Unfit(f"An event already exists with identifier {name}.")
        if not value.removeprefix("-").isdigit() or len(value.removeprefix("-")) > 15:
            raise Unfit("The value has to be a whole number of at most 15 digits.")
        at = datetime.fromtimestamp(int(params["timestamp"]), UTC)
        if not now - PAST <= at <= now + AHEAD:
            raise Unfit("The timestamp has to be within the past 35 days or up to 5 minutes in the future.")
        event = {**params, "object": "billing.meter_event", "value": int(value), "timestamp": int(at.timestamp())}
        self.known[name] = now
        self.taken.append(event)
        self.waiting.append((now + self.lag, event))
        self.on_taken()
        return {key: event[key] for key in ("object", "event_name", "identifier", "payload", "timestamp")}

    def _summaries(self, meter: Json, params: Json) -> Json:
        start, end = int(params["start_time"]), int(params["end_time"])
        if start % 60 or end % 60 or start >= end:
            raise Unfit("start_time and end_time have to be aligned with minute boundaries")
        if params["customer"] not in self.customers():
            raise Unfit(f"No such customer: {params['customer']}", 404)
        rows = [
            each for each in self.summed
            if each["event_name"] == meter["event_name"]
            and each["payload"]["stripe_customer_id"] == params["customer"]
        ]  # fmt: skip
        value = self._reckoned(rows, meter, start, end)
        found = {
            "id": f"mtrusg_{meter['id']}", "object": "billing.meter_event_summary", "aggregated_value": float(value),
            "start_time": start, "end_time": end, "meter": meter["id"],
        }  # fmt: skip
        return _page(f"/v1/billing/meters/{meter['id']}/event_summaries", [found] if rows else [])

    def _reckoned(self, rows: list[Json], meter: Json, start: float, end: float) -> int:
        within = [each for each in rows if start <= each["timestamp"] < end]
        if meter["default_aggregation"]["formula"] == "sum":
            return sum(each["value"] for each in within)
        # Of several of one second nobody says which is the last: the one that would be wrong for us.
        ordered = sorted(enumerate(within), key=lambda pair: (pair[1]["timestamp"], -pair[0]))
        return int(ordered[-1][1]["value"]) if ordered else 0


def _page(url: str, rows: list[Json], *, has_more: bool = False) -> Json:
    return {"object": "list", "url": url, "data": rows, "has_more": has_more}
