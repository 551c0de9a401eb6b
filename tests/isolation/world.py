"""Something of everything in Meridian's house, for strangers to try their hands on."""

from __future__ import annotations

from uuid import UUID

from tenants.jobs.services import start_job
from tenants.kernel.clock import utc_now
from tenants.keys.services import create_key
from tenants.scope.actors import Role
from tenants.scope.context import scope
from tests.conftest import Cast

Samples = dict[str, dict[str, str | UUID]]


def furnish(cast: Cast) -> Samples:
    """Make one of each thing that has an address of its own; the arguments of those addresses by their names."""
    now = utc_now()
    with scope(cast.meridian.id):
        job = start_job(kind="health.train", params={}, by="owner@meridian.example", now=now).id
        key = create_key(name="historian", role=Role.VIEWER, now=now)[0].id
    return {
        "job": {"job_id": job},
        "job-cancel": {"job_id": job},
        "api:job-detail": {"pk": job},
        "api:job-cancel": {"pk": job},
        "api-key-withdraw": {"key_id": key},
        "api:key-detail": {"pk": key},
    }
