"""The history over the API: exact figures whichever way they are read, held to what the caller may see."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pytest
from pyarrow import parquet
from rest_framework.test import APIClient

from tenants.customers.services import create_customer
from tenants.kernel.clock import isoformat
from tenants.scope.actors import PERMISSIONS, Actor, Role
from tenants.scope.context import held_to, scope
from tenants.scope.models import Tenant
from tests.twins.conftest import Fleet, make_fleet
from tests.twins.telemetry.test_group import commit
from twins.history.schemas import HistoryQuestion, Wanted
from twins.history.selectors import history
from twins.sharing.models import SharedView
from twins.telemetry import query, query_buckets
from twins.telemetry.connections import connect_ingest
from twins.telemetry.instants import micros
from twins.telemetry.query_signals import UnknownSignalError, known_signals
from twins.telemetry.schemas import Delivery, Normalised, Readings
from twins.telemetry.selectors import bound_signals, readings

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
WithKey = Callable[[Tenant, Role], APIClient]
T0 = datetime(2025, 1, 1, tzinfo=UTC)
START = micros(T0)
PATH, FILE = "/api/v1/history/", "/api/v1/history/file/"
HOURS = 50


def readings_every_20_s(signal: int, hours: int) -> Readings:
    """A signal that is silent in its third hour; every hundredth reading is doubtful. Sums of its values are exact."""
    number = np.arange(hours * 180, dtype=np.int64)
    number = number[(number // 180) != 2]
    quality = np.where(number % 100 == 7, 1, 0).astype(np.int16)
    at = START + number * 20_000_000 + 5_000_000
    return Readings(np.full(number.size, signal, np.int64), at, (number * 37 % 101) / 4 - 10, quality)


async def store(*deliveries: Delivery) -> None:
    connection = await connect_ingest(statement_seconds=30)
    try:
        await commit(connection, *deliveries)
    finally:
        await connection.close()


@pytest.fixture
def filled(fleet: Fleet) -> Fleet:
    """Fifty hours of two signals."""
    batches = [
        Delivery(fleet.source, key, 1, Normalised(readings_every_20_s(fleet.signals[key], HOURS), ()))
        for key in ("1/t24", "2/t24")
    ]
    asyncio.run(store(*batches))
    return fleet


@pytest.fixture
def place(filled: Fleet) -> Callable[[str], str]:
    """The address of a signal by the key that its gateway sends (``1/t24``)."""
    with scope(filled.tenant):
        places = {one.sent_key: f"{one.asset}/{one.key}" for one in bound_signals()}
    return places.__getitem__


@pytest.fixture
def client(tenant: Tenant, with_key: WithKey) -> APIClient:
    return with_key(tenant, Role.VIEWER)


def asked(places: list[str], hours: float = HOURS, start: datetime = T0, **more: Any) -> dict[str, Any]:
    return {"signal": places, "start": isoformat(start), "end": isoformat(start + timedelta(hours=hours)), **more}


def test_buckets_of_several_signals(client: APIClient, place: Callable[[str], str]) -> None:
    told = client.get(PATH, asked([place("1/t24"), place("2/t24")], hours=4, every="PT1H")).json()
    assert (told["shape"], told["bucket_s"], told["next"]) == ("buckets", 3600.0, None)
    one = told["signals"][0]
    assert (one["asset_name"], one["key"], one["unit"]) == ("Engine 001", "t24", "[degR]")
    assert told["signals"][1]["asset_name"] == "Engine 002"
    values = [(number * 37 % 101) / 4 - 10 for number in range(180)]
    columns = one["columns"]
    assert columns["start"] == [START, START + 3_600_000_000, START + 3 * 3_600_000_000]
    assert columns["count"] == [180, 180, 180]
    assert columns["doubtful"] == [2, 2, 2]
    assert (columns["min"][0], columns["max"][0], columns["sum"][0]) == (min(values), max(values), sum(values))
    assert (columns["avg"][0], columns["last"][0]) == (sum(values) / 180, values[-1])


@pytest.mark.parametrize("every", ["PT7M", "PT1H", "P1D"])
@pytest.mark.parametrize("shift", [0, 90, 5 * 3600 + 77])
def test_the_figures_are_the_same_from_rollups_and_from_readings(
    filled: Fleet, place: Callable[[str], str], every: str, shift: int
) -> None:
    where = place("1/t24")
    start, end = T0 + timedelta(seconds=shift), T0 + timedelta(hours=HOURS, seconds=-3 * shift / 2)
    length = {"PT7M": 420, "PT1H": 3600, "P1D": 86_400}[every] * 1_000_000
    with scope(filled.tenant):
        signals = known_signals([(UUID(where[:36]), "t24")])
        found = query.buckets(signals, start, end, length_us=length).signals[0].data
        number = signals[0].id
        assert number is not None
        series = readings([number], start, end)[number]
    expected = query_buckets.buckets_of_series(series, query_buckets.edges_of(micros(start), micros(end), length))
    assert isinstance(found, query_buckets.Buckets)
    for name in query_buckets.Buckets.__slots__:
        assert getattr(found, name).tolist() == getattr(expected, name).tolist(), name


def test_days_of_a_zone(client: APIClient, place: Callable[[str], str]) -> None:
    told = client.get(PATH, asked([place("1/t24")], every="P1D", zone="Europe/Berlin")).json()
    first = micros(datetime(2024, 12, 31, 23, tzinfo=UTC))
    columns = told["signals"][0]["columns"]
    assert columns["start"] == [first, first + 86_400_000_000, first + 2 * 86_400_000_000]
    assert columns["count"] == [22 * 180, 24 * 180, 3 * 180]


def test_few_readings_are_drawn_as_points_and_gaps_are_told(client: APIClient, place: Callable[[str], str]) -> None:
    told = client.get(PATH, asked([place("1/t24")], n=300)).json()
    one = told["signals"][0]
    assert told["shape"] == "points"
    assert 250 <= len(one["columns"]["at"]) <= 300
    assert len(one["columns"]["value"]) == len(one["columns"]["quality"]) == len(one["columns"]["at"])
    if one["patience_s"] is not None:
        edge = START + 5_000_000
        assert one["gaps"] == [[edge + 359 * 20_000_000, edge + 540 * 20_000_000]]


def test_pages_of_readings_tell_each_once(client: APIClient, place: Callable[[str], str]) -> None:
    places = [place("1/t24"), place("2/t24")]
    found: list[tuple[int, str]] = []
    question = asked(places, shape="readings", limit=3333)
    pages = 0
    while True:
        told = client.get(PATH, question).json()
        page = [(at, one["asset_name"]) for one in told["signals"] for at in one["columns"]["at"]]
        assert len(page) <= 3333
        found += sorted(page)
        pages += 1
        if told["next"] is None:
            break
        question["cursor"] = told["next"]
    assert pages == 6
    assert len(found) == len(set(found)) == 2 * 49 * 180
    assert found == sorted(found)


def test_arrow_has_the_same(client: APIClient, place: Callable[[str], str]) -> None:
    question = asked([place("1/t24"), place("2/t24")], hours=4, every="PT1H")
    json = client.get(PATH, question).json()
    answer = client.get(PATH, question, headers={"Accept": "application/vnd.apache.arrow.stream"})
    assert answer["Content-Type"] == "application/vnd.apache.arrow.stream"
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.num_rows == 6
    assert table.column("avg").to_pylist() == [each for one in json["signals"] for each in one["columns"]["avg"]]
    assert table.column("unit").to_pylist() == ["[degR]"] * 6
    assert table.column("start").to_pylist()[0] == T0


def test_a_file_is_streamed_whole(client: APIClient, place: Callable[[str], str]) -> None:
    question = asked([place("1/t24"), place("2/t24")])
    answer = client.get(FILE, {**question, "file": "parquet"})
    assert answer["Content-Disposition"] == 'attachment; filename="history-2025-01-01.parquet"'
    table = parquet.read_table(io.BytesIO(answer.getvalue()))
    assert table.num_rows == 2 * 49 * 180
    csv = client.get(FILE, question).getvalue()
    assert csv.splitlines()[0] == b'"asset","asset_name","signal","unit","at","value","quality"'
    read = arrow_csv.read_csv(io.BytesIO(csv))
    assert sorted(read.column("value").to_pylist()) == sorted(table.column("value").to_pylist())
    hours = client.get(FILE, {**question, "every": "PT1H"}).getvalue()
    assert len(hours.splitlines()) == 1 + 2 * 49


def test_nothing_is_a_file_too(client: APIClient, place: Callable[[str], str]) -> None:
    question = asked([place("1/t24")], start=T0 - timedelta(days=9), hours=1)
    assert client.get(PATH, {**question, "every": "PT1M"}).json()["signals"][0]["columns"]["start"] == []
    assert client.get(PATH, {**question, "shape": "readings"}).json()["next"] is None
    assert client.get(FILE, question).getvalue() == b'"asset","asset_name","signal","unit","at","value","quality"\n'
    assert parquet.read_table(io.BytesIO(client.get(FILE, {**question, "file": "parquet"}).getvalue())).num_rows == 0


def test_a_signal_that_nothing_was_ever_read_of_has_an_empty_history(
    client: APIClient, place: Callable[[str], str]
) -> None:
    assert client.get(PATH, asked([place("1/t30")])).json()["signals"][0]["columns"]["at"] == []


@pytest.mark.parametrize(
    ("more", "status", "where"),
    [
        ({"end": "2025-01-01T00:00:00Z"}, 422, "end"),
        ({"start": "1900-01-01T00:00:00Z"}, 422, "start"),
        ({"end": "2900-01-01T00:00:00Z"}, 422, "end"),
        ({"every": "PT0.001S"}, 422, "every"),
        ({"every": "P1Y"}, 400, "every"),
        ({"every": "PT0S"}, 400, "every"),
        ({"zone": "Mars/Base"}, 400, "zone"),
        ({"shape": "cake"}, 400, "shape"),
        ({"n": "2"}, 400, "n"),
        ({"cursor": "abcd"}, 400, "cursor"),
        ({"signal": []}, 400, "signal"),
        ({"signal": ["engine/t24"]}, 400, "signal/0"),
        ({"signal": [f"{UUID(int=9)}/t24"]}, 404, "signal"),
    ],
)
def test_what_does_not_fit_names_the_place_and_the_fix(
    client: APIClient, place: Callable[[str], str], more: dict[str, Any], status: int, where: str
) -> None:
    refused = client.get(PATH, {**asked([place("1/t24")]), **more})
    assert refused.status_code == status
    told = refused.json()
    assert (told.get("place") or told["findings"][0]["place"]) == where
    assert told.get("fix") or told["findings"][0]["fix"]


def test_errors_are_problems_whatever_is_accepted(client: APIClient) -> None:
    refused = client.get(PATH, asked([f"{UUID(int=9)}/t24"]), headers={"Accept": "application/vnd.apache.arrow.stream"})
    assert (refused.status_code, refused["Content-Type"]) == (404, "application/problem+json")
    assert b'"code":"history.signal_not_found"' in refused.content


def test_nobody_reads_anothers_history(
    filled: Fleet, stranger: Tenant, with_key: WithKey, place: Callable[[str], str]
) -> None:
    make_fleet(stranger, count=1)
    theirs = with_key(stranger, Role.OWNER)
    assert theirs.get(PATH, asked([place("1/t24")])).status_code == 404
    assert theirs.get(FILE, asked([place("1/t24")])).status_code == 404
    assert APIClient().get(PATH, asked([place("1/t24")])).status_code == 401


def test_who_is_held_to_other_twins_reads_nothing(filled: Fleet, place: Callable[[str], str]) -> None:
    question = HistoryQuestion(((UUID(place("1/t24")[:36]), "t24"),), T0, T0 + timedelta(hours=1), Wanted.READINGS)
    with scope(filled.tenant), held_to(frozenset({uuid4()})), pytest.raises(UnknownSignalError):
        history(question)
    with scope(filled.tenant), held_to(frozenset({filled.twin})):
        assert history(question).signals[0].data.at.size == 180  # type: ignore[union-attr]


def test_a_customer_reads_what_is_shared_and_nothing_else(
    tenant: Tenant, filled: Fleet, client: APIClient, place: Callable[[str], str], with_key: WithKey
) -> None:
    asset, key = place("1/t24").split("/")
    with scope(tenant.id):
        by = Actor(tenant.id, tenant.slug, Role.OWNER, PERMISSIONS[Role.OWNER], "owner", user=uuid4())
        customer = create_customer(name="Northwind", now=T0, by=by)
        view = SharedView.objects.create(
            customer=customer, twin_id=filled.twin, name="Engine one", signals={asset: [key]},
            start=T0 + timedelta(hours=4), end=T0 + timedelta(hours=6), made_by="x", made_at=T0,
        )  # fmt: skip
    path = f"/api/v1/shared-views/{view.id}/history/"
    inside = asked([place("1/t24")], start=T0 + timedelta(hours=4), hours=2, every="PT1H")
    assert client.get(path, inside).json()["signals"][0]["columns"]["count"] == [180, 180]
    assert client.get(f"{path}file/", {**inside, "file": "csv"}).status_code == 200
    assert client.get(path, asked([place("1/t24")], start=T0 + timedelta(hours=3), hours=2)).status_code == 404
    assert client.get(path, {**inside, "signal": [place("2/t24")]}).status_code == 404
    assert client.get(f"{path}file/", {**inside, "signal": [place("2/t24")]}).status_code == 404
