"""Files of histories that a job writes."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pyarrow import parquet
from rest_framework.test import APIClient

from tenants.jobs.models import Job
from tenants.jobs.registry import JobCancelledError
from tenants.jobs.running import run
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.conftest import Fleet
from tests.twins.history.test_api import HOURS, asked, readings_every_20_s, store
from twins.history import filing
from twins.telemetry.schemas import Delivery, Normalised
from twins.telemetry.selectors import bound_signals

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
WithKey = Callable[[Tenant, Role], APIClient]
PATH = "/api/v1/history-files/"
ROWS = 49 * 180


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.OUTTURN_HOME = str(tmp_path)
    return tmp_path / "exports"


@pytest.fixture
def question(fleet: Fleet) -> dict[str, Any]:
    """Fifty hours of a signal."""
    signal = fleet.signals["1/t24"]
    delivery = Delivery(fleet.source, "1/t24", 1, Normalised(readings_every_20_s(signal, HOURS), ()))
    asyncio.run(store(delivery))
    with scope(fleet.tenant):
        place = next(f"{one.asset}/{one.key}" for one in bound_signals() if one.sent_key == "1/t24")
    return asked([place])


@pytest.fixture
def client(tenant: Tenant, with_key: WithKey) -> APIClient:
    return with_key(tenant, Role.VIEWER)


def test_a_small_file_needs_no_job(client: APIClient, question: dict[str, Any], tenant: Tenant) -> None:
    answer = client.post(PATH, question, format="json")
    assert (answer.status_code, answer.json()["id"], answer.json()["rows"]) == (200, None, ROWS)
    with scope(tenant.id):
        assert not Job.objects.exists()


def test_a_large_file_is_written_by_a_job(
    client: APIClient, question: dict[str, Any], fleet: Fleet, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "AT_ONCE", 100)
    answer = client.post(PATH, {**question, "file": "parquet"}, format="json")
    assert answer.status_code == 202
    file = answer.json()["id"]
    assert client.get(f"{PATH}{file}/content/").status_code == 409
    run(fleet.tenant, UUID(file))
    told = client.get(f"{PATH}{file}/").json()
    content = client.get(f"{PATH}{file}/content/")
    body = content.getvalue()
    assert (told["state"], told["progress"], told["rows"], told["bytes"]) == ("done", 1.0, ROWS, len(body))
    assert content["Content-Length"] == str(len(body))
    assert parquet.read_table(io.BytesIO(body)).num_rows == ROWS
    assert client.delete(f"{PATH}{file}/").status_code == 204
    assert client.get(f"{PATH}{file}/content/").status_code == 404
    assert list(folder.glob("*/*")) == []


def test_nobody_fetches_anothers_file(
    client: APIClient, question: dict[str, Any], tenant: Tenant, with_key: WithKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "AT_ONCE", 100)
    file = client.post(PATH, question, format="json").json()["id"]
    run(tenant.id, UUID(file))
    other = with_key(tenant, Role.ENGINEER)
    for path in (f"{PATH}{file}/", f"{PATH}{file}/content/"):
        assert other.get(path).status_code == 404
    assert other.delete(f"{PATH}{file}/").status_code == 404
    assert client.get(f"{PATH}{file}/content/").status_code == 200


class Unwanted:
    """A reporter whose job a person has cancelled."""

    def __init__(self, tenant: UUID) -> None:
        self.tenant = tenant

    def progress(self, share: float, message: str) -> None:
        raise JobCancelledError

    def cancelled(self) -> bool:
        return True


def test_a_cancelled_job_leaves_nothing(
    client: APIClient, question: dict[str, Any], tenant: Tenant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "AT_ONCE", 100)
    file = client.post(PATH, question, format="json").json()["id"]
    with scope(tenant.id):
        params = Job.objects.get(id=file).params
    with pytest.raises(JobCancelledError):
        filing.write_file(Unwanted(tenant.id), params)
    assert list(folder.glob("*/*")) == []
    assert client.delete(f"{PATH}{file}/").status_code == 204
    assert client.get(f"{PATH}{file}/").json()["state"] == "cancelled"


def test_files_go_after_a_week(
    client: APIClient, question: dict[str, Any], tenant: Tenant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "AT_ONCE", 100)
    file = client.post(PATH, question, format="json").json()["id"]
    run(tenant.id, UUID(file))
    assert filing.sweep_files() == 0
    assert filing.sweep_files(now=time.time() + 8 * 86_400) == 1
    assert list(folder.glob("*/*")) == []
    assert client.get(f"{PATH}{file}/content/").status_code == 404


def test_what_cannot_be_is_refused(client: APIClient, question: dict[str, Any]) -> None:
    assert client.post(PATH, {**question, "file": "xlsx"}, format="json").status_code == 400
    unknown = "01a1feb5-95a1-74de-85c2-3c9c47cdf3ae"
    assert client.post(PATH, {**question, "signal": [f"{unknown}/t24"]}, format="json").status_code == 404
    assert client.get(f"{PATH}{unknown}/").status_code == 404
