"""The data-quality page, its CSV and the API: what is missing, what is doubtful, and whom to blame."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.kernel.clock import isoformat, utc_now
from tenants.people.models import User
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.conftest import Cast
from tests.twins.gateways import pumps
from tests.twins.gateways.pumps import Station, every, make_station, send
from twins.composer.services import create_twin
from twins.gateways.quality_words import length_words, share_words
from twins.telemetry import quality_report
from twins.telemetry.models import LateReadings, Signal, Substitution
from twins.telemetry.quality_report import twin_quality
from twins.telemetry.schemas import Quality
from twins.telemetry.series import Grain

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
SignIn = Callable[[User], Client]
DAY = datetime(2026, 11, 3, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
HOUR = timedelta(hours=1)
NAMES = ["P-1 · flow", "P-1 · pressure", "P-2 · flow", "P-2 · pressure"]
SPAN = "from=2026-11-03&to=2026-11-03"


@pytest.fixture
def station(cast: Cast) -> Station:
    """Of P-1 two hours are missing and some readings are bad; P-2 sends psi for bar; its flow is silent."""
    made = make_station(cast.meridian.id, now=DAY)
    yesterday, today = every(DAY - 24 * HOUR, 2880, 30), every(DAY, 8640)
    wave = [4 + number % 7 * 0.1 for number in range(8640)]
    kept = [at for at in today if not NOON <= at < NOON + 2 * HOUR]
    quality = [int(Quality.OUT_OF_RANGE)] * 5 + [0] * (len(kept) - 7) + [int(Quality.STUCK)] * 2
    for key in ("P1.PT", "P2.PT"):
        send(made, key, yesterday, wave[:2880], received=DAY)
    send(made, "P1.PT", kept, wave[: len(kept)], received=DAY + 24 * HOUR - timedelta(seconds=8), quality=quality)
    psi = [value * 14.5037738 for value in wave]
    send(made, "P2.PT", today, psi, received=DAY + 23 * HOUR, quality=[int(Quality.OUT_OF_RANGE)] * 8640)
    with scope(made.tenant):
        LateReadings.objects.create(signal=made.signals["P1.PT"], day=DAY.date(), count=12, worst_us=3_600_000_000)
    return made


def figures(station: Station, end: datetime = DAY + 24 * HOUR) -> dict[str, Any]:
    with scope(station.tenant):
        found = twin_quality(station.twin, DAY, end, now=DAY + 240 * HOUR)
    return {f"{one.name} {one.key}": one for one in found.signals} | {"gateways": found.gateways, "all": found}


def test_the_figures_of_a_twin_worst_first(station: Station, cast: Cast) -> None:
    found = figures(station)
    assert [f"{one.name} {one.key}" for one in found["all"].signals] == [
        "P-2 pressure", "P-1 flow", "P-2 flow", "P-1 pressure",
    ]  # fmt: skip
    first, second = found["P-1 pressure"], found["P-2 pressure"]
    assert first.seen.completeness == pytest.approx(22 / 24, abs=1e-4)
    assert first.seen.gaps.longest_us == (2 * HOUR + timedelta(seconds=10)) / timedelta(microseconds=1)
    assert first.seen.by_quality.tolist() == [7913, 0, 0, 5, 2, 0, 0, 0]
    assert (first.late, first.worst_us, first.drift.is_told) == (12, 3_600_000_000, False)
    assert second.seen.completeness == 1.0
    assert second.drift.change.name == "bar → psi (× 14.504)"
    assert found["P-1 flow"].seen.completeness == 0.0
    (gateway,) = found["gateways"]
    assert (gateway.gateway, gateway.signals, gateway.delivered.batches) == (station.gateway, 4, 4 - 2 + 2)
    assert gateway.delivered.readings == 2 * 2880 + 8640 + 7920


def test_a_long_span_is_told_from_rollups(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    fine = figures(station)
    monkeypatch.setattr(quality_report, "MOST_READ", 1000)
    coarse = figures(station)
    assert (fine["all"].span.grain, coarse["all"].span.grain) == (None, Grain.HOUR)
    assert coarse["P-1 pressure"].seen.came == fine["P-1 pressure"].seen.came
    assert coarse["P-1 pressure"].seen.completeness == pytest.approx(22 / 24, abs=1e-3)
    assert coarse["P-1 pressure"].seen.gaps.longest_us == 2 * HOUR / timedelta(microseconds=1)
    second = coarse["P-2 pressure"]  # of values that are not usable rollups tell the number only
    assert second.seen.by_quality.tolist() == fine["P-2 pressure"].seen.by_quality.tolist() or second.seen.by_quality[1]


def test_nothing_is_expected_of_the_time_to_come(station: Station) -> None:
    with scope(station.tenant):
        found = twin_quality(station.twin, DAY, DAY + 24 * HOUR, now=NOON)
    assert found.span.end == NOON
    assert {one.name: one.seen.completeness for one in found.signals if one.key == "pressure"} == {
        "P-1": 1.0, "P-2": 1.0,
    }  # fmt: skip


def test_the_page_its_search_and_its_file(
    station: Station, cast: Cast, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(cast.viewer)
    here = f"/t/meridian/twins/station/quality/?{SPAN}"
    with django_assert_max_num_queries(16):
        page = client.get(here).content.decode()
    assert "Like a change of unit: bar → psi (× 14.504)" in page
    assert "Out of range" in page
    assert "91.6" in page
    assert page.index("P-2 · pressure") < page.index("P-1 · pressure")
    assert "/t/meridian/gateways/" in page
    narrowed = client.get(f"{here}&q=p-1+PRES").content.decode()
    assert "P-1 · pressure" in narrowed
    assert "P-2 · pressure" not in narrowed
    assert "No signal has all of these words" in client.get(f"{here}&q=nothing").content.decode()
    file = client.get(f"{here}&format=csv")
    rows = list(csv.DictReader(io.StringIO(file.content.decode().removeprefix("\ufeff"))))
    assert [(row["asset"], row["signal"], row["out_of_range"]) for row in rows] == [
        ("P-2", "pressure", "8640"), ("P-1", "flow", "0"), ("P-2", "flow", "0"), ("P-1", "pressure", "5"),
    ]  # fmt: skip
    assert "Data quality" in client.get("/t/meridian/twins/station/").content.decode()


def test_very_many_signals_are_told_in_parts(
    station: Station, cast: Cast, sign_in: SignIn, tenant: Tenant, with_key: Callable[[Tenant, Role], APIClient],
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    monkeypatch.setattr(quality_report, "MOST_SIGNALS", 3)
    client = sign_in(cast.viewer)
    here = f"/t/meridian/twins/station/quality/?{SPAN}"
    with django_assert_max_num_queries(16):
        first = client.get(here).content.decode()
    assert "These are the signals 1 to 3 of 4" in first
    assert "&amp;part=2#signals" in first
    rest = client.get(f"{here}&part=2").content.decode()
    assert "These are the signals 4 to 4 of 4" in rest
    assert "part=1#signals" in rest
    shown = [name for name in NAMES if name in first], [name for name in NAMES if name in rest]
    assert (len(shown[0]), len(shown[1]), sorted(shown[0] + shown[1])) == (3, 1, sorted(NAMES))
    for name in NAMES:  # whatever part it is in
        assert name in client.get(f"{here}&q={name.replace(' · ', '+')}").content.decode()
    assert client.get(f"{here}&part=3").status_code == 404
    path = f"/api/v1/twins/{station.twin}/quality/?start=2026-11-03T00:00:00Z&end=2026-11-04T00:00:00Z"
    answer = with_key(tenant, Role.VIEWER).get(f"{path}&part=2").json()
    assert (len(answer["signals"]), answer["more"]) == (1, 3)


def test_a_derived_signal_says_so(cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no gateway to blame, and the page says why."""
    derived = {"power": {"unit": "kW", "formula": "flow * pressure"}}
    monkeypatch.setattr(pumps, "PUMP", pumps.PUMP | {"derived": derived})
    station = make_station(cast.meridian.id, now=DAY)
    with scope(station.tenant):
        for key in ("power", "leakage"):
            Signal.objects.create(twin=station.twin, asset=station.pumps[0], key=key, unit="kW")
    here, client = f"/t/meridian/twins/station/quality/{station.pumps[0]}", sign_in(cast.viewer)
    power = client.get(f"{here}/power/?{SPAN}").content.decode()
    assert "derived: worked out from other signals of the asset" in power
    assert "none is bound to it" in client.get(f"{here}/leakage/?{SPAN}").content.decode()
    assert "derived" not in client.get(f"{here}/flow/?{SPAN}").content.decode()


def test_a_figure_opens_to_what_it_was_computed_from(station: Station, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.viewer)
    here = f"/t/meridian/twins/station/quality/{station.pumps[0]}/pressure/"
    page = client.get(f"{here}?{SPAN}").content.decode()
    assert "2026-11-03T11:59:50Z" in page
    assert "2026-11-03T14:00:00Z" in page
    assert "Stuck" in page
    assert "12 readings came more than ten minutes late on these days, the latest 1 h after" in page
    assert client.get(f"/t/meridian/twins/station/quality/{uuid4()}/pressure/").status_code == 404
    assert client.get(f"/t/meridian/twins/nowhere/quality/{station.pumps[0]}/pressure/").status_code == 404


def test_people_replace_readings_and_put_them_back(station: Station, cast: Cast, sign_in: SignIn) -> None:
    client, viewer = sign_in(cast.engineer), sign_in(cast.viewer)
    here = f"/t/meridian/twins/station/quality/{station.pumps[0]}/pressure/"
    assert viewer.get(f"{here}replace/").status_code == 403
    assert client.get(f"{here}replace/").status_code == 200
    for values in ("", "yesterday 4.2", "2026-11-03T00:00:00 4.2", "2026-11-03T00:00:00Z", "2026-11-03T00:00:00Z nan"):
        assert client.post(f"{here}replace/", {"values": values, "reason": "wet"}).status_code == 400
    gone = client.post(f"{here}replace/", {"values": "2026-11-03T12:30:00Z 4.2", "reason": "wet"})
    assert "there is no reading at 2026-11-03T12:30:00" in gone.content.decode().lower().replace("t12", "T12")
    done = client.post(f"{here}replace/", {"values": "2026-11-03T00:00:00Z 4.2\n\n", "reason": "It was wet."})
    assert (done.status_code, done["Location"]) == (302, here)
    with scope(station.tenant):
        row = Substitution.objects.get()
    assert (row.value, row.former_value, row.by) == ([4.2], [4.0], "engineer@meridian.example")
    assert "It was wet." in viewer.get(f"{here}?{SPAN}").content.decode()
    assert "Put back" not in viewer.get(f"{here}?{SPAN}").content.decode()
    undoing = f"/t/meridian/quality/{row.id}/undo/"
    assert undoing in client.get(f"{here}?{SPAN}").content.decode()
    assert viewer.post(undoing, {"reason": "dry"}).status_code == 403
    assert client.post(undoing, {"reason": ""}).status_code == 400
    assert client.post(undoing, {"reason": "dry"}).status_code == 302
    again = client.post(undoing, {"reason": "dry"})
    assert (again.status_code, "was undone before" in again.content.decode()) == (400, True)
    assert undoing not in client.get(f"{here}?{SPAN}").content.decode()
    assert client.get(f"/t/meridian/quality/{uuid4()}/undo/").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["from=soon", "from=2026-11-04&to=2026-11-03", "from=2020-01-01&to=2026-01-01", "to=0001-01-01", "from=9999-12-31"],
)
def test_a_span_that_is_none_is_refused(station: Station, cast: Cast, sign_in: SignIn, query: str) -> None:
    assert sign_in(cast.viewer).get(f"/t/meridian/twins/station/quality/?{query}").status_code == 400


def test_a_twin_that_binds_nothing_says_what_to_do(cast: Cast, sign_in: SignIn) -> None:
    with scope(cast.meridian.id):
        create_twin(name="Bare", now=utc_now())
    client = sign_in(cast.viewer)
    assert "No signal to look at yet" in client.get("/t/meridian/twins/bare/quality/").content.decode()
    assert client.get("/t/meridian/twins/bare/quality/?page=7&gateway=x&q=%00").status_code == 200
    assert client.get("/t/meridian/twins/nowhere/quality/").status_code == 404


def test_the_api_says_the_same(station: Station, tenant: Tenant, with_key: Callable[[Tenant, Role], APIClient]) -> None:
    client, span = with_key(tenant, Role.VIEWER), {"start": isoformat(DAY), "end": isoformat(DAY + 24 * HOUR)}
    found = client.get(f"/api/v1/twins/{station.twin}/quality/", span).json()
    assert next((one["asset_name"], one["signal"]) for one in found["signals"]) == ("P-2", "pressure")
    assert found["signals"][0]["change"] == "like a change of unit: bar → psi (× 14.504)"
    assert found["signals"][3]["by_quality"]["out_of_range"] == 5
    assert found["gateways"][0]["lateness_worst_s"] == pytest.approx(24 * 3600)
    one = client.get(f"/api/v1/twins/{station.twin}/quality/{station.pumps[0]}/pressure/", span).json()
    assert one["longest_gaps"] == [{"start": "2026-11-03T11:59:50Z", "end": "2026-11-03T14:00:00Z"}]
    assert [(each["quality"], each["readings"]) for each in one["intervals"]] == [("stuck", 2), ("out_of_range", 5)]
    assert len(one["levels"]) == len(one["levels_before"]) == 5
    wrong = client.get(f"/api/v1/twins/{station.twin}/quality/", span | {"end": isoformat(DAY)})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "quality.span")
    gone = client.get(f"/api/v1/twins/{station.twin}/quality/{uuid4()}/pressure/", span)
    assert (gone.status_code, gone.json()["code"]) == (404, "signal.not_found")


def test_figures_as_people_read_them() -> None:
    assert [length_words(number) for number in (0, 900, 1500, 61_000_000, 7_200_000_000, -90_000_000)] == [
        "0 s", "0 s", "1 ms", "1 min 1 s", "2 h", "−1 min 30 s",
    ]  # fmt: skip
    assert [share_words(share) for share in (1, 0.99999, 0.9166, 0.0004, 0)] == [
        "100 %", "99.9 %", "91.6 %", "0.040 %", "0 %",
    ]  # fmt: skip
