"""Measuring months as a job: telling a year of evidence takes longer than a page may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing.contracts.agreement import AgreementDocument
from billing.simulation.services import measure_months
from tenants.jobs.registry import Reporter
from tenants.kernel.clock import utc_now
from tenants.scope.context import scope


def simulate_contract(reporter: Reporter, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Measure the last months under an agreement; done twice it measures what is known then."""
    return measure_months(
        agreement=AgreementDocument.read(params["agreement"]),
        count=params["months"],
        as_of=utc_now(),
        scoped=lambda: scope(reporter.tenant),
        told=reporter.progress,
    )
