"""Waiting for the jobs that a stage asks for, which the product's own worker does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from deploy.story.frame import Story, Tell
from tenants.jobs.models import Job, JobState
from tenants.jobs.selectors import jobs
from tenants.kernel.errors import OutturnError
from tenants.scope.context import scope

_LOOK_S = 0.2
_PATIENCE_S = 600.0


class JobError(OutturnError):
    """A job of the story failed."""

    code = "story.job"
    status = 500


def done(story: Story, tell: Tell, ask: Callable[[], Job], *, begin: float, end: float) -> Any:
    """Ask for a job and wait until it is done; its bar fills the stage's from ``begin`` to ``end``.

    Raises:
        JobError: It failed, was cancelled, or no worker takes it.
    """
    with scope(UUID(story.facts["tenant"])):
        wanted = ask().id
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with scope(UUID(story.facts["tenant"])):
            job = jobs().get(id=wanted)
        if job.state == JobState.DONE:
            return job.result
        if job.state in (JobState.FAILED, JobState.CANCELLED):
            raise JobError(f"{job.kind} is {job.state}: {job.error}", fix="Look into the worker's log.")
        tell(begin + (end - begin) * job.progress, job.message or job.state)
        time.sleep(_LOOK_S)
    raise JobError(f"no worker finished {wanted}", fix="Look into the worker's log.")
