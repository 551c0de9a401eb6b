"""The hourly seal of the log through a real broker and a real worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from deploy.celery import app
from tenants.kernel.clock import utc_now
from tenants.record.models import TreeHead
from tenants.record.services import record_audit, seal_head
from tenants.record.tasks import EVERY_S, seal_log, seal_logs
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.processes import LONG_S, environment, kill, start

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Path]:
    """A real worker on this test's database; its log."""
    command = ["-m", "celery", "-A", "deploy.celery", "worker", "-c", "1", "-l", "info"]
    log = tmp_path / "worker.log"
    process = start([*command, "--without-mingle", "--without-gossip"], log, env=environment())
    yield log
    kill(process)


def heads(tenant: Tenant) -> list[int]:
    with scope(tenant.id):
        return list(TreeHead.objects.order_by("size").values_list("size", flat=True))


def test_every_tenant_with_news_is_sealed_and_one_that_fails_holds_up_no_other(
    tenant: Tenant, stranger: Tenant, worker: Path
) -> None:
    quiet = Tenant.objects.create(slug="quiet", name="Quiet", created_at=utc_now())
    broken = Tenant.objects.create(slug="broken", name="Broken", created_at=utc_now())
    for each in (broken, tenant, stranger):
        with scope(each.id):
            record_audit(action="x.done", subject="x/1", by="somebody", now=utc_now())
    with scope(stranger.id):
        seal_head(now=utc_now())
        record_audit(action="x.undone", subject="x/1", by="somebody", now=utc_now())
    with scope(broken.id), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "SEALING_KEYS", ["the secret of another installation"])
        seal_head(now=utc_now())
        record_audit(action="x.undone", subject="x/1", by="somebody", now=utc_now())
    seal_logs.delay()
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline and (heads(tenant), heads(stranger)) != ([1], [1, 2]):
        time.sleep(0.1)
    seal_log.delay(str(tenant.id))
    while time.monotonic() < deadline and worker.read_text().count("succeeded") < 5:
        time.sleep(0.1)
    assert (heads(tenant), heads(stranger), heads(quiet), heads(broken)) == ([1], [1, 2], [], [1])
    assert "KeyUnreadableError" in worker.read_text()


def test_the_clock_asks_for_it_every_hour() -> None:
    (entry,) = (each for each in app.conf.beat_schedule.values() if each["task"] == seal_logs.name)
    assert entry["schedule"] == EVERY_S == 3600.0
