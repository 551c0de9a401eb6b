"""The organisation's own templates, which came with its packs: figures of power by the hour under a name of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing.contracts.library import bases
from billing.contracts.library.bases import Basis
from billing.contracts.library.clauses import Beginning, Json
from billing.contracts.library.templates import TEMPLATES, ContractTemplate
from billing.contracts.templates import PowerByTheHour

PREFIX = "own:"
_USUAL = {"fee_per_hour": "price", "currency": "currency", "time_zone": "time_zone"}


def own_template(key: str, name: str, figures: Mapping[str, Any]) -> ContractTemplate:
    """A template of the organisation.

    Args:
        key: Its key among the organisation's templates.
        name: What they call it.
        figures: As ``HourFigures`` has them.
    """
    hours = TEMPLATES["power-by-the-hour"]

    def terms(begun: Beginning, basis: Basis) -> Json:
        chosen = begun.model_dump(by_alias=True, include={"customer", "twin", "effective", "currency", "time_zone"})
        made = PowerByTheHour.read({**figures, **chosen, "fee_per_hour": begun.price}).agreement(basis.assets)
        written = made.as_json()
        written["terms"]["fee"]["of"] = basis.of
        kept = ("terms", "preapproved", "assumptions", "tax_percent", "payment_days")
        return {part: written[part] for part in kept}

    usual = {field: str(figures[figure]) for figure, field in _USUAL.items() if figure in figures}
    return ContractTemplate(
        f"{PREFIX}{key}", name, hours.purpose, hours.price, bases.with_hours, terms, in_minor=False, usual=usual
    )
