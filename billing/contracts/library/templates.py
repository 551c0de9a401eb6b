"""The templates that a contract can be begun from, each a guarantee that people sell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from billing.contracts.agreement import AgreementTerms
from billing.contracts.fields import DocumentError
from billing.contracts.library import bases, clauses
from billing.contracts.library.bases import Basis, Find, Misfit
from billing.contracts.library.clauses import Beginning, Json
from billing.contracts.library.told import KnownAsset
from tenants.kernel.errors import Finding


@dataclass(frozen=True, slots=True)
class ContractTemplate:
    """A contract to begin from.

    Attributes:
        key: Its name in requests.
        title: What people call it.
        purpose: What it is for, in one sentence.
        price: What the price is for; ``{unit}`` is replaced by what is counted.
        find: What in a twin it is about.
        terms: Its terms, without currency and zone.
        target: What is to be reached, where it guarantees an amount.
        in_minor: Whether the price is an amount that is paid at once, and so has whole minor units.
        usual: What it suggests of what is chosen, by field.
    """

    key: str
    title: str
    purpose: str
    price: str
    find: Find
    terms: Callable[[Beginning, Basis], Json]
    target: str | None = None
    in_minor: bool = True
    usual: Mapping[str, str] = field(default_factory=dict)


_PERIOD = "Fee for each period"
_EACH = "Price for each {unit}"

TEMPLATES: Mapping[str, ContractTemplate] = {
    each.key: each
    for each in (
        ContractTemplate(
            "uptime", "Guaranteed uptime", "A fixed fee each month; the customer is credited when assets stand still.",
            _PERIOD, bases.with_states, clauses.uptime,
        ),
        ContractTemplate(
            "power-by-the-hour", "Power by the hour",
            "A price for each hour run, against a guaranteed availability of the whole fleet.",
            _EACH, bases.with_hours, clauses.power_by_the_hour, in_minor=False,
        ),
        ContractTemplate(
            "volume-per-hour", "Cubic metres per hour",
            "Earthmoving as a service: a price for what is moved, against a guaranteed amount each working hour.",
            _EACH, bases.with_volume, clauses.volume_per_hour, "Guaranteed {unit} per hour", in_minor=False,
        ),
        ContractTemplate(
            "oee", "Overall equipment effectiveness",
            "Good pieces in planned time against the ideal rate: a piece not made, made slowly or made badly counts.",
            _PERIOD, bases.with_pieces, clauses.oee, "Ideal rate, {unit} per hour",
        ),
        ContractTemplate(
            "energy-per-unit", "Energy per unit",
            "A guaranteed use of energy for each unit of work; more is credited, and what is saved is shared.",
            _PERIOD, bases.with_energy, clauses.energy_per_unit, "Guaranteed {unit}",
        ),
        ContractTemplate(
            "cold-chain", "Cold chain within limits",
            "A fee for each asset, credited by the share of time in which its goods were out of their limits.",
            "Fee for each asset and period", bases.with_limits, clauses.cold_chain,
        ),
        ContractTemplate(
            "response", "Response and repair time",
            "A fixed fee each month; the customer is credited when failures are not mended in time.",
            _PERIOD, bases.with_states, clauses.response,
        ),
        ContractTemplate(
            "cloud-uptime", "Cloud-style uptime",
            "Uptime in whole minutes with the tiers of network services: below 99.9, 99 and 95 percent.",
            _PERIOD, bases.with_states, clauses.cloud,
        ),
    )
}  # fmt: skip


def begin(template: ContractTemplate, begun: Beginning, assets: Sequence[KnownAsset]) -> AgreementTerms:
    """The terms that a template makes of what was chosen.

    Args:
        template: One of ``TEMPLATES``.
        begun: Who, what, when and for how much.
        assets: Those of the twin.

    Raises:
        DocumentError: It does not fit the twin, or a figure that it needs is missing or strange.
    """
    basis = template.find(assets)
    found = list(_faults(template, begun, basis))
    if found or isinstance(basis, Misfit):
        raise DocumentError(found)
    written = template.terms(begun, basis)
    fixed = {"currency": begun.currency, "time_zone": begun.time_zone, "rounding": "half_even"}
    return AgreementTerms.read(
        {
            "title": begun.title or template.title,
            "customer": begun.customer,
            "twin": begun.twin,
            "effective": begun.effective.model_dump(by_alias=True),
            **written,
            "terms": fixed | written["terms"],
        }
    )


def _faults(template: ContractTemplate, begun: Beginning, basis: Basis | Misfit) -> list[Finding]:
    found = []
    if isinstance(basis, Misfit):
        found.append(Finding("contract.template_misfit", "twin", basis.message, basis.fix))
    if template.target is not None and begun.target is None:
        found.append(Finding("document.missing", "target", "`target` is missing.", "Say what is guaranteed."))
    if template.in_minor and begun.minor.denominator != 1:
        message = f"{begun.price} {begun.currency} has a part of a minor unit."
        found.append(Finding("document.out_of_range", "price", message, "Write an amount that can be paid."))
    return found
