"""The data-quality pages in a real browser: read in any look and width, and followed to what they are computed from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tenants.scope.context import scope
from tests.browser.conftest import WIDTHS
from tests.conftest import Cast
from tests.twins.gateways.pumps import Station, every, make_station, send
from twins.telemetry.models import LateReadings
from twins.telemetry.quality_services import substitute_readings
from twins.telemetry.schemas import Quality

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
OpenPage = Callable[..., Page]
DAY = datetime(2026, 11, 3, tzinfo=UTC)
PATH = "/t/meridian/twins/station/quality/?from=2026-11-03&to=2026-11-03"


@pytest.fixture
def station(cast: Cast) -> Station:
    """One pump has gaps, doubt of each kind and a reading that was replaced; the other's unit has changed."""
    made = make_station(cast.meridian.id, now=DAY)
    wave = [4 + number % 7 * 0.1 for number in range(4320)]
    today = [at for at in every(DAY, 4320, 20) if at.hour not in (7, 13, 14)]
    quality = [int(list(Quality)[number // 500 % 8]) for number in range(len(today))]
    for key in ("P1.PT", "P2.PT"):
        send(made, key, every(DAY - timedelta(days=1), 4320, 20), wave, received=DAY)
    send(made, "P1.PT", today, wave[: len(today)], received=DAY + timedelta(hours=23), quality=quality)
    send(made, "P2.PT", today, [value * 14.5037738 for value in wave[: len(today)]], received=DAY + timedelta(hours=24))
    with scope(made.tenant):
        LateReadings.objects.create(signal=made.signals["P1.PT"], day=DAY.date(), count=12, worst_us=3_600_000_000)
        substitute_readings(
            asset=made.pumps[0], key="pressure", values=[(today[0], 4.2)], reason="The sensor was wet.", by="ada",
            now=DAY + timedelta(days=1),
        )  # fmt: skip
    return made


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_read_well(
    cast: Cast, station: Station, open_page: OpenPage, reads_well: Callable[[Page], None], width: int
) -> None:
    page = open_page(PATH, cast.viewer, width=width)
    expect(page.get_by_role("heading", name="Data quality")).to_be_visible()
    reads_well(page)
    page.get_by_role("link", name="P-1 · pressure").click()
    expect(page.get_by_role("heading", name="P-1 pressure")).to_be_visible()
    expect(page.get_by_text("The sensor was wet.")).to_be_visible()
    reads_well(page)


def test_one_looks_for_a_signal_and_comes_to_its_gaps(cast: Cast, station: Station, open_page: OpenPage) -> None:
    page = open_page("/t/meridian/twins/station/", cast.viewer)
    page.get_by_role("link", name="Data quality").click()
    page.goto(PATH)
    page.get_by_label("Search in assets and signals").fill("p-1 pressure")
    page.keyboard.press("Enter")
    row = page.get_by_role("row", name="P-1 · pressure")
    expect(page.get_by_role("row", name="P-2 · pressure")).to_have_count(0)
    row.get_by_role("link").nth(2).click()
    expect(page.get_by_role("heading", name="Gaps")).to_be_in_viewport()
    expect(page.get_by_role("region", name="When nothing came").get_by_role("row")).to_have_count(3)
