"""The days and the assumptions of the story (docs/story.md)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from twins.gateways.flights import FlightSchedule

HISTORY = FlightSchedule(first_day=date(2025, 7, 1))
FLEET = FlightSchedule(first_day=date(2026, 7, 3))
PLANNING = datetime(2026, 9, 1, tzinfo=UTC)
MONTH = (datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
SETTLING = datetime(2026, 10, 5, tzinfo=UTC)
SIGNING = datetime(2026, 6, 25, tzinfo=UTC)
REPAIR = timedelta(days=14)
TWIN, HISTORY_TWIN = "Northwind fleet", "Retired engines"
CUSTOMER = "Northwind Air"
