"""Measuring the last months of a contract's assets: asked for by a person, done by a job, nothing billed of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.contracts.agreement import AgreementDocument, AgreementTerms
from billing.contracts.selectors import agreement_of, draft_of, versions
from billing.contracts.selectors import contract as contract_by_id
from billing.contracts.services import draft_agreement
from billing.outcomes.domain.outcome import ENGINE
from billing.simulation.domain.measured import MeasuredMonth
from billing.simulation.gathering import Look
from billing.simulation.schemas import MOST_CELLS, MOST_MONTHS, SIMULATE, SimulationError, basis, pack
from tenants.jobs.models import Job
from tenants.jobs.services import start_job
from tenants.kernel.clock import isoformat
from tenants.kernel.errors import NotFoundError

Json = dict[str, Any]


def agreement_to_simulate(contract: UUID, version: int | None = None) -> AgreementDocument:
    """The draft of a contract, or one of its published versions.

    Raises:
        ContractNotFoundError: There is no such contract.
        NotFoundError: There is no such version.
    """
    row = contract_by_id(contract)
    if version is None:
        return draft_of(row)
    found = versions(row.id).filter(version=version).first()
    if found is None:
        raise NotFoundError("There is no such version.", place="version", fix="Take one from the list of versions.")
    return agreement_of(found)


def start_simulation(
    *, agreement: AgreementDocument, contract: UUID | None, months: int = MOST_MONTHS, by: str, now: datetime
) -> Job:
    """Ask for the last whole months to be measured under an agreement.

    Args:
        agreement: The terms; they need not be kept anywhere.
        contract: The contract they are of; None for terms that are only tried.
        months: How many months, 1 to 12.
        by: Who asks.
        now: When.

    Raises:
        SimulationError: There would be too much to measure.
        LimitReachedError: The month's job minutes are used up.
    """
    cells = months * sum(len(clause.assets) for clause in agreement.terms.clauses)
    if not 0 < months <= MOST_MONTHS or cells > MOST_CELLS:
        raise SimulationError(
            f"A simulation is of 1 to {MOST_MONTHS} months and of at most {MOST_CELLS} months of assets under clauses; "
            f"this would be {months} months and {cells} of these.",
            place="months", fix="Simulate fewer months, or a contract about fewer assets.",
        )  # fmt: skip
    params = {
        "agreement": agreement.as_json(), "contract": None if contract is None else str(contract), "months": months,
    }  # fmt: skip
    return start_job(kind=SIMULATE, params=params, by=by, now=now)


def tried_agreement(wanted: AgreementTerms) -> AgreementDocument:
    """The agreement of terms that are only tried.

    Raises:
        NotFoundError: There is no such customer.
        ContractTwinError: There is no such twin, or it was never published.
        DocumentError: A clause speaks of an asset the twin does not have, or of what its type does not tell.
    """
    return draft_agreement(wanted)


def measure_months(
    *,
    agreement: AgreementDocument,
    count: int,
    as_of: datetime,
    scoped: Callable[[], AbstractContextManager[None]],
    told: Callable[[float, str], None],
) -> Json:
    """Measure the last whole months of an agreement's assets, each in a scope of its own.

    Args:
        agreement: The terms.
        count: How many months.
        as_of: What came later is not known.
        scoped: Opens the scope of the tenant.
        told: Hears how far it is, 0 to 1, and what is done; may raise to stop it.

    Returns:
        What the job keeps: the months, packed, and which were left out.

    Raises:
        DocumentError: The evidence does not fit the contract.
    """
    with scoped():
        look = Look.at(agreement, as_of, count)
    months: list[MeasuredMonth] = []
    left_out: list[Json] = []
    for number, name in enumerate(look.names):
        told(number / count, f"Rating {name}")
        with scoped():
            found = look.measure(name)
        if isinstance(found, MeasuredMonth):
            months.append(found)
        else:
            left_out.append({"month": name, "reason": found})
    return {
        "simulation": 1,
        "engine": ENGINE,
        "as_of": isoformat(as_of),
        "basis": basis(agreement.as_json()),
        "months": len(months),
        "left_out": left_out,
        "unknown": look.unknown,
        "measured": pack([month.as_json() for month in months]),
    }
