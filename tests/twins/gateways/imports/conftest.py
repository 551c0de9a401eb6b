"""A fleet whose history lies in files, and those who bring them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from tenants.jobs.running import run
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.twins.conftest import Fleet
from twins.gateways.imports.selectors import import_of

API = "/api/v1/imports/"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of this test only."""
    monkeypatch.setattr(settings, "OUTTURN_HOME", tmp_path / "home")


@pytest.fixture
def engineer(fleet: Fleet, tenant: Tenant, with_key: Callable[[Tenant, Role], APIClient]) -> APIClient:
    return with_key(tenant, Role.ENGINEER)


def bring(client: APIClient, fleet: Fleet, content: bytes, name: str = "history.csv", *, part: int = 1 << 20) -> str:
    """Send a file in parts; the import's id."""
    made = client.post(API, {"gateway": str(fleet.gateway), "name": name, "size": len(content)})
    assert made.status_code == 201, made.content
    id_ = str(made.json()["id"])
    for offset in range(0, len(content), part):
        answer = send(client, id_, offset, content[offset : offset + part])
        assert answer.status_code == 200, answer.content
    return id_


def send(client: APIClient, id_: str, offset: int, part: bytes) -> Any:
    return client.put(f"{API}{id_}/content/?offset={offset}", part, content_type="application/octet-stream")


def mapped(client: APIClient, id_: str, **changes: Any) -> dict[str, Any]:
    """Save what is guessed, changed; the preview."""
    guess = client.get(f"{API}{id_}/preview/").json()["mapping"]
    answer = client.put(f"{API}{id_}/mapping/", json.dumps(guess | changes), content_type="application/json")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def carried_out(client: APIClient, fleet: Fleet, id_: str) -> dict[str, Any]:
    """Start an import and do the worker's work; how it stands then."""
    answer = client.post(f"{API}{id_}/start/")
    assert answer.status_code == 200, answer.content
    work(fleet, id_)
    found: dict[str, Any] = client.get(f"{API}{id_}/").json()
    return found


def work(fleet: Fleet, id_: str) -> None:
    with scope(fleet.tenant):
        job = import_of(UUID(id_)).job
    assert job is not None
    run(fleet.tenant, job)


def reasons(found: dict[str, Any]) -> dict[str, int]:
    return {one["code"]: one["count"] for one in found["set_aside"]}
