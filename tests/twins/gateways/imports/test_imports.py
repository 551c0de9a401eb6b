"""Files of history from the first byte to the last reading, over the API and with the worker's own work."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rest_framework.test import APIClient

from tenants.jobs.models import Job, JobState
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.conftest import Fleet, stored
from tests.twins.gateways.imports.conftest import API, bring, carried_out, mapped, reasons, send, work
from twins.gateways.imports import running, schemas, selectors, services
from twins.gateways.imports.models import FileImport
from twins.gateways.imports.storage import ImportFiles
from twins.telemetry.models import LateReadings, Traffic

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
Rows = Callable[[str], list[tuple[Any, ...]]]


def wide(count: int) -> bytes:
    lines = [f"{BEGIN + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ},{600 + n % 50},{1400 + n % 50}" for n in range(count)]
    return "\n".join(["time,1/t24,1/t30", *lines, ""]).encode()


def values(everything: Any, fleet: Fleet) -> list[tuple[str, datetime, float]]:
    keys = {number: key for key, number in fleet.signals.items()}
    return sorted((keys[row[0]], row[1], row[2]) for row in stored(everything, fleet.tenant))


def test_a_wide_file_is_taken(engineer: APIClient, fleet: Fleet, everything: Any) -> None:
    id_ = bring(engineer, fleet, wide(1000), part=7000)
    assert engineer.get(f"{API}{id_}/").json()["status"] == "ready"
    shown = engineer.get(f"{API}{id_}/preview/").json()
    assert shown["names"] == ["time", "1/t24", "1/t30"]
    assert shown["mapping"]["columns"] == {"1/t24": "1/t24", "1/t30": "1/t30"}
    first = shown["readings"][0]
    assert (first["at"], first["key"], first["value"], first["stored"]) == ("2024-01-01T00:00:00Z", "1/t24", 600, 600)
    assert (first["signal"], first["unit"]) == ("Engine 001 t24", "[degR]")
    assert (shown["findings"], shown["rejected"]) == ([], [])
    mapped(engineer, id_)
    found = carried_out(engineer, fleet, id_)
    assert (found["status"], found["rows"], found["stored"], found["set_aside"]) == ("done", 1000, 2000, [])
    rows = values(everything, fleet)
    assert len(rows) == 2000
    assert rows[999] == ("1/t24", BEGIN + timedelta(seconds=999), 649.0)
    with scope(fleet.tenant):
        assert not ImportFiles(fleet.tenant, UUID(id_)).data.exists()


def test_what_a_file_holds_is_not_taken_for_what_the_gateway_sends(
    engineer: APIClient, fleet: Fleet, everything: Any
) -> None:
    id_ = bring(engineer, fleet, wide(5))
    mapped(engineer, id_)
    assert carried_out(engineer, fleet, id_)["stored"] == 10
    assert len(values(everything, fleet)) == 10
    with scope(fleet.tenant):
        assert not Traffic.objects.filter(gateway=fleet.gateway).exists()  # it has not been seen, and is not late
        assert not LateReadings.objects.exists()


def test_the_same_file_again_stores_nothing_twice(engineer: APIClient, fleet: Fleet, everything: Any) -> None:
    for number in range(2):
        id_ = bring(engineer, fleet, wide(50))
        mapped(engineer, id_)
        found = carried_out(engineer, fleet, id_)
        assert (found["stored"], found["known"]) == ((100, 0) if number == 0 else (0, 100))
    assert len(values(everything, fleet)) == 100


def test_a_long_file_from_a_german_spreadsheet(engineer: APIClient, fleet: Fleet, everything: Any) -> None:
    text = (
        "Bericht der Prüfzelle\r\n\r\nZeit;Messstelle;Wert\r\n31.03.2024 01:30:00;1/t24;640,5\r\n"
        "31.03.2024 03:30:00;1/t30;1400,25\r\n31.12.2024;1/t24;641\r\n"
    )
    id_ = bring(engineer, fleet, text.encode("windows-1252"))
    shown = mapped(engineer, id_, zone="Europe/Berlin")
    chosen = shown["mapping"]
    assert (chosen["shape"], chosen["delimiter"], chosen["decimal"], chosen["header"]) == ("long", ";", ",", 3)
    assert (chosen["encoding"], chosen["time_format"]) == ("windows-1252", "dmy")
    found = carried_out(engineer, fleet, id_)
    assert (found["stored"], found["set_aside"]) == (3, [])
    assert values(everything, fleet) == [
        ("1/t24", datetime(2024, 3, 31, 0, 30, tzinfo=UTC), 640.5),
        ("1/t24", datetime(2024, 12, 30, 23, 0, tzinfo=UTC), 641.0),
        ("1/t30", datetime(2024, 3, 31, 1, 30, tzinfo=UTC), 1400.25),
    ]


def test_what_cannot_be_read_is_set_aside_with_its_line(
    engineer: APIClient, fleet: Fleet, everything: Any, owned: Rows
) -> None:
    lines = [
        "time,1/t24,nobody's", "2024-01-01T00:00:00Z,640,1", "soon,641,1", "2024-01-01T00:00:02Z,=cmd(),1",
        "2024-01-01T00:00:03Z,642", "2106-02-07T00:00:00Z,643,1", "2024-02-30T00:00:00Z,1,1", "",
        "2024-01-01T00:00:06Z,644,",
        "2024-01-01T00:00:07Z,inf,NaN",
    ]  # fmt: skip
    id_ = bring(engineer, fleet, "\n".join(lines).encode() + b"\n\xff\xfe,1,1\n")
    mapped(engineer, id_, columns={"1/t24": "1/t24", "nobody's": "nobody's"})
    found = carried_out(engineer, fleet, id_)
    assert [(key, value) for key, _, value in values(everything, fleet)] == [("1/t24", 640.0), ("1/t24", 644.0)]
    assert reasons(found) == {
        "reading.no_time": 3, "reading.not_a_number": 2, "row.columns": 1, "reading.in_future": 1, "key.unbound": 3,
    }  # fmt: skip
    answer = engineer.get(f"{API}{id_}/rejected/")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    told = {(row["row"], row["column"], row["written"], row["code"]) for row in rows if row["row"]}
    assert told == {
        ("3", "", "soon", "reading.no_time"), ("4", "1/t24", "'=cmd()", "reading.not_a_number"),
        ("5", "", "2024-01-01T00:00:03Z,642", "row.columns"), ("7", "", "2024-02-30T00:00:00Z", "reading.no_time"),
        ("10", "1/t24", "inf", "reading.not_a_number"), ("11", "", "ÿþ", "reading.no_time"),
    }  # fmt: skip
    assert {row["code"] for row in rows if not row["row"]} == {"key.unbound", "reading.in_future"}


def test_a_killed_worker_loses_and_doubles_nothing(
    engineer: APIClient, fleet: Fleet, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "READINGS_OF_A_BATCH", 100)
    id_ = bring(engineer, fleet, wide(300).replace(b"649,", b"x,"))
    mapped(engineer, id_)
    assert engineer.post(f"{API}{id_}/start/").status_code == 200
    saves = 0

    class KilledError(BaseException):
        """As SIGKILL between the commit and its note."""

    def killed(**known: Any) -> bool:
        nonlocal saves
        saves += 1
        if saves == 3:
            raise KilledError
        return services.save_position(**known)

    monkeypatch.setattr(running, "save_position", killed)
    with pytest.raises(KilledError):
        work(fleet, id_)
    assert len(values(everything, fleet)) == 297  # of the third batch too
    with scope(fleet.tenant):
        assert FileImport.objects.get().position == 2
        Job.objects.filter(state=JobState.RUNNING).update(lease_until=BEGIN)
    monkeypatch.setattr(running, "save_position", services.save_position)
    work(fleet, id_)
    found = engineer.get(f"{API}{id_}/").json()
    assert (found["status"], found["rows"], found["stored"], found["known"]) == ("done", 300, 594, 0)
    assert reasons(found) == {"reading.not_a_number": 6}
    assert len(values(everything, fleet)) == 594
    lines = b"".join(engineer.get(f"{API}{id_}/rejected/").streaming_content).splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 7


def test_a_stopped_import_is_gone_on_with(
    engineer: APIClient, fleet: Fleet, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "READINGS_OF_A_BATCH", 100)
    id_ = bring(engineer, fleet, wide(200))
    mapped(engineer, id_)
    engineer.post(f"{API}{id_}/start/")
    assert engineer.delete(f"{API}{id_}/").status_code == 409

    def stopped(**known: Any) -> bool:
        with_it = services.save_position(**known)
        Job.objects.filter(state=JobState.RUNNING).update(cancel_requested=True)
        return with_it

    monkeypatch.setattr(running, "save_position", stopped)
    monkeypatch.setattr("tenants.jobs.running.REPORT_EVERY_S", 0.0)
    work(fleet, id_)
    assert engineer.get(f"{API}{id_}/").json()["status"] == "cancelled"
    assert 0 < len(values(everything, fleet)) < 400
    monkeypatch.setattr(running, "save_position", services.save_position)
    found = carried_out(engineer, fleet, id_)
    assert (found["status"], found["rows"], found["stored"], found["known"]) == ("done", 200, 400, 0)
    assert engineer.delete(f"{API}{id_}/").status_code == 204
    assert len(values(everything, fleet)) == 400


def test_history_has_an_allowance_of_its_own(
    engineer: APIClient, fleet: Fleet, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "READINGS_OF_A_BATCH", 100)
    monkeypatch.setattr(running, "history_left", lambda *, now: 150)
    id_ = bring(engineer, fleet, wide(100) + wide(100)[17:])
    mapped(engineer, id_)
    monkeypatch.setattr(running, "history_left", lambda *, now: 99)
    found = carried_out(engineer, fleet, id_)
    assert (found["status"], found["stored"]) == ("failed", 0)
    assert "30 days" in found["message"]
    monkeypatch.setattr(running, "history_left", selectors.history_left)
    assert carried_out(engineer, fleet, id_)["status"] == "done"


def test_parquet_of_another_make(engineer: APIClient, fleet: Fleet, everything: Any, tmp_path: Path) -> None:
    count = 25_000
    table = pa.table(
        {
            "ts": pa.array(
                [BEGIN.replace(tzinfo=None) + timedelta(seconds=n) for n in range(count)], pa.timestamp("ns")
            ),
            "tag": pa.array(["1/t24" if n % 2 else "1/t30" for n in range(count)]).dictionary_encode(),
            "value": pa.array([None if n % 100 == 0 else 600.0 + n % 50 for n in range(count)]),
            "nested": pa.array([{"a": [n]} for n in range(count)]),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=7000)
    id_ = bring(engineer, fleet, (tmp_path / "a.parquet").read_bytes(), "a.parquet")
    shown = mapped(engineer, id_)
    assert (shown["mapping"]["shape"], shown["mapping"]["key"], shown["mapping"]["value"]) == ("long", "tag", "value")
    assert [one["code"] for one in shown["findings"] if one["place"] == "nested"] == ["import.column_refused"]
    found = carried_out(engineer, fleet, id_)
    assert (found["status"], found["rows"]) == ("done", count)
    assert found["stored"] == count - count // 100
    assert len(values(everything, fleet)) == found["stored"]


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
@pytest.mark.parametrize(
    "content", [b"\x00" * 5000, b"PAR1" * 1000, b"\xff" * 100, b"\n\n\n", b"x" * 2_000_000],
    ids=["zeros", "magic", "letters", "nothing", "one line"],
)  # fmt: skip
def test_garbage_is_refused_with_a_reason(engineer: APIClient, fleet: Fleet, name: str, content: bytes) -> None:
    id_ = bring(engineer, fleet, content, name)
    answer = engineer.get(f"{API}{id_}/preview/")
    if answer.status_code == 200:
        assert answer.json()["findings"] != []
        assert answer.json()["readings"] == []
    else:
        assert (answer.status_code, answer.json()["code"]) == (422, "import.unreadable")
        assert answer.json()["fix"]


def test_an_upload_goes_on_after_a_break(engineer: APIClient, fleet: Fleet) -> None:
    content = wide(100)
    made = engineer.post(API, {"gateway": str(fleet.gateway), "name": "a.csv", "size": len(content)}).json()
    id_ = made["id"]
    assert (made["status"], made["received"]) == ("uploading", 0)
    assert engineer.get(f"{API}{id_}/preview/").status_code == 409
    assert engineer.post(f"{API}{id_}/start/").status_code == 409
    assert send(engineer, id_, 0, content[:1000]).json()["received"] == 1000
    ahead = send(engineer, id_, 2000, content[2000:])
    assert (ahead.status_code, ahead.json()["code"]) == (409, "import.offset")
    assert "1000" in ahead.json()["detail"]
    assert send(engineer, id_, 500, content[500:1500]).json()["received"] == 1500
    assert send(engineer, id_, 0, content[:1000]).json()["received"] == 1500
    assert send(engineer, id_, 1500, content[1500:] + b"more").status_code == 409
    assert send(engineer, id_, 1500, b"").status_code == 409
    assert send(engineer, id_, 1500, content[1500:]).json()["status"] == "ready"
    with scope(fleet.tenant):
        assert ImportFiles(fleet.tenant, UUID(id_)).data.read_bytes() == content
    for bad in ("", "-1", "x", str(1 << 70)):
        answer = engineer.put(f"{API}{id_}/content/?offset={bad}", b"x", content_type="application/octet-stream")
        assert answer.status_code == 400


def test_what_is_brought_at_the_same_time_stays(fleet: Fleet) -> None:
    """Sweeping what was left behind comes after the commit: it must not take what this very commit brought."""
    with scope(fleet.tenant):
        made = [services.create_import(gateway=fleet.gateway, name="a.csv", size=3, by="", now=BEGIN) for _ in range(2)]
        for row in made:
            services.receive_part(import_=row.id, offset=0, part=b"abc")
    assert [ImportFiles(fleet.tenant, row.id).data.read_bytes() for row in made] == [b"abc", b"abc"]
    orphan = ImportFiles(fleet.tenant, UUID(int=9))
    orphan.write(0, b"left behind")
    later = datetime.now(UTC) + 2 * services.LEFT_AFTER
    with scope(fleet.tenant):
        services.create_import(gateway=fleet.gateway, name="b.csv", size=3, by="", now=later)
        assert not FileImport.objects.filter(id__in=[row.id for row in made]).exists()
    assert not orphan.data.exists()


def test_a_file_that_is_gone_is_told(engineer: APIClient, fleet: Fleet) -> None:
    id_ = bring(engineer, fleet, wide(10))
    ImportFiles(fleet.tenant, UUID(id_)).remove()
    assert engineer.get(f"{API}{id_}/preview/").json()["code"] == "import.unreadable"


def test_there_is_an_end_to_files(engineer: APIClient, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"gateway": str(fleet.gateway), "name": "a.csv", "size": 1000}
    assert engineer.post(API, asked | {"size": services.LARGEST_FILE + 1}).status_code == 400
    assert engineer.post(API, asked | {"gateway": str(UUID(int=7))}).status_code == 404
    monkeypatch.setattr(services, "MOST_BYTES", 1500)
    assert engineer.post(API, asked).status_code == 201
    refused = engineer.post(API, asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "import.no_room")
    monkeypatch.setattr(services, "MOST_BYTES", 10**9)
    monkeypatch.setattr(services, "MOST_OPEN", 1)
    assert engineer.post(API, asked).status_code == 409
    monkeypatch.setattr(services, "MOST_OPEN", 10)
    monkeypatch.setattr("twins.gateways.imports.storage.LEFT_FREE", 1 << 60)
    assert engineer.post(API, asked).json()["code"] == "import.no_room"


@pytest.mark.parametrize(
    "change",
    [
        {"time": "no such column"}, {"zone": "Mars/Olympus"}, {"columns": {}}, {"columns": {"none": "k"}},
        {"shape": "long"}, {"header": 90}, {"delimiter": "|"},
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_is_refused(engineer: APIClient, fleet: Fleet, change: dict[str, Any]) -> None:
    id_ = bring(engineer, fleet, wide(10))
    guess = engineer.get(f"{API}{id_}/preview/").json()["mapping"]
    answer = engineer.put(f"{API}{id_}/mapping/", guess | change, format="json")
    assert answer.status_code == 422
    assert answer.json()["code"] in ("import.mapping", "import.unreadable")
    assert engineer.post(f"{API}{id_}/start/").json()["code"] == "import.state"


def test_who_may_only_read_changes_nothing(
    engineer: APIClient, fleet: Fleet, tenant: Tenant, with_key: Callable[[Tenant, Role], APIClient]
) -> None:
    id_ = bring(engineer, fleet, wide(10))
    viewer = with_key(tenant, Role.VIEWER)
    assert viewer.get(f"{API}{id_}/").status_code == 200
    assert send(viewer, id_, 0, b"x").status_code == 403
    for method in (viewer.delete(f"{API}{id_}/"), viewer.post(f"{API}{id_}/start/"), viewer.post(API, {})):
        assert method.status_code == 403
