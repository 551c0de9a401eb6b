"""Simulations to read: what jobs have measured, as far as the reader may see the twin it is of."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from billing.contracts.agreement import AgreementDocument
from billing.simulation.domain.measured import MeasuredMonth
from billing.simulation.schemas import SIMULATE, LeftOut, Measurement, unpack
from tenants.jobs.models import Job, JobState
from tenants.jobs.selectors import jobs, jobs_under_way
from tenants.kernel.errors import ConflictError, NotFoundError
from twins.composer.selectors import twins


class SimulationNotFoundError(NotFoundError):
    """The tenant has no such simulation."""

    code = "simulation.not_found"


class SimulationUnfinishedError(ConflictError):
    """The months are not measured yet, or could not be."""

    code = "simulation.unfinished"


def simulations() -> QuerySet[Job]:
    """The jobs that measure months, the newest first."""
    return jobs().filter(kind=SIMULATE)


def under_way(contract: UUID) -> Job | None:
    """The job that measures the months of a contract now."""
    return jobs_under_way().filter(kind=SIMULATE, params__contract=str(contract)).first()


def last_of(contract: UUID) -> Job | None:
    """The last job that measured the months of a contract, or could not."""
    ended = (JobState.DONE, JobState.FAILED)
    return simulations().filter(params__contract=str(contract), state__in=ended).first()


def measurement(job_id: UUID) -> Measurement:
    """What a job measured.

    Raises:
        SimulationNotFoundError: There is none, or it is of a twin that is not the reader's to see.
        SimulationUnfinishedError: It is not done.
    """
    job = simulations().filter(id=job_id).first()
    if job is None or not twins().filter(id=job.params["agreement"]["twin"]).exists():
        raise SimulationNotFoundError(
            "There is no such simulation, or it is kept no longer.", place="simulation", fix="Simulate it again."
        )
    if job.state != JobState.DONE:
        raise SimulationUnfinishedError(
            f"The months are not measured: the job is {job.state}. {job.error}".strip(), place="simulation",
            fix="Wait for the job of this id to be done, or start another.",
        )  # fmt: skip
    return measurement_of(job)


def measurement_of(job: Job) -> Measurement:
    """What a job that is done measured."""
    agreement, result = AgreementDocument.read(job.params["agreement"]), job.result or {}
    terms = agreement.terms.terms()
    return Measurement(
        id=job.id,
        agreement=agreement,
        as_of=datetime.fromisoformat(result["as_of"]),
        months=tuple(MeasuredMonth.read(month, terms) for month in unpack(result["measured"])),
        left_out=tuple(LeftOut(one["month"], one["reason"]) for one in result["left_out"]),
        unknown=tuple(result["unknown"]),
    )
