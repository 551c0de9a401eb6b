"""What the contracts of the library say: for each template one function from what was chosen to its terms."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from billing.contracts.agreement import EffectiveDocument, Id, Title
from billing.contracts.fields import Currency, Document, Name, Positive, Zone
from billing.contracts.library.bases import Basis
from tenants.kernel.money import exponent

Json = dict[str, Any]
PLANNED, WEATHER, FORCE_MAJEURE = "planned", "weather", "force_majeure"
_NOTICE = "P7D"
_WORKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat"]


class Beginning(Document):
    """What people say before a template is a contract.

    Attributes:
        price: Major units of the currency for what the template charges.
        target: What is to be reached for each unit, where the template guarantees an amount.
    """

    template: Name
    title: Title | None = None
    customer: Id
    twin: Id
    effective: EffectiveDocument
    currency: Currency = "EUR"
    time_zone: Zone = "UTC"
    price: Positive
    target: Positive | None = None

    @property
    def minor(self) -> Fraction:
        """The price in minor units; one that is not whole is no price that could be paid at once."""
        scale: int = 10 ** exponent(self.currency)
        return Fraction(self.price) * scale


def uptime(begun: Beginning, basis: Basis) -> Json:
    """A flat fee, against the share of time in which the assets are not down."""
    exclusions = [(PLANNED, "P2D"), (FORCE_MAJEURE, None)]
    remedies = [_tiers(("99", "5"), ("97", "10"), ("95", "25"))]
    clause = _clause("uptime", {"kind": "availability"}, basis, exclusions, remedies)
    return _terms(_flat(begun), [clause], cap="25")


def power_by_the_hour(begun: Beginning, basis: Basis) -> Json:
    """A price for each hour, against the share of time in which the fleet is not down."""
    remedies = [_tiers(("97", "5"), ("95", "10"), ("90", "25"))]
    clause = _clause("availability", {"kind": "availability"}, basis, [(PLANNED, "P5D")], remedies)
    return _terms(_metered(begun, basis), [clause], cap="25") | {
        "assumptions": {"planned_visit": "P5D", "repair": "P14D", "bays": 2}
    }


def volume_per_hour(begun: Beginning, basis: Basis) -> Json:
    """A price for what is moved, against an amount for each working hour."""
    remedies = [_steps(below="100", credit="1", per="1", cap="20")]
    exclusions = [(PLANNED, "P2D"), (WEATHER, None)]
    clause = _clause("output", _throughput(begun, basis), basis, exclusions, remedies)
    return _terms(_metered(begun, basis), [clause | {"calendar": _shift("06:00", "18:00")}], cap="20")


def oee(begun: Beginning, basis: Basis) -> Json:
    """A flat fee, against good pieces in planned time by the ideal rate; more of them earns a bonus."""
    remedies = [
        _steps(below="80", credit="1", per="1", cap="20"),
        _steps(above="85", bonus="0.5", per="1", cap="5"),
    ]
    clause = _clause("oee", _throughput(begun, basis), basis, [(PLANNED, "P1D")], remedies)
    return _terms(_flat(begun), [clause | {"calendar": _shift("06:00", "22:00")}], cap="20")


def energy_per_unit(begun: Beginning, basis: Basis) -> Json:
    """A flat fee, against the energy for each unit of use; what is saved is shared."""
    indicator = {
        "kind": "ratio", "of": basis.of, "per": basis.per, "unit": basis.unit, "target": begun.target,
        "better": "lower",
    }  # fmt: skip
    remedies = [
        _steps(below="100", credit="1", per="1", cap="15"),
        _steps(above="105", bonus="0.5", per="1", cap="10"),
    ]
    return _terms(_flat(begun), [_clause("energy", indicator, basis, [], remedies)], cap="15")


def cold_chain(begun: Beginning, basis: Basis) -> Json:
    """A fee for each asset, against the share of time in which it kept its limits, each by itself."""
    remedies = [_tiers(("99.5", "5"), ("99", "10"), ("97", "25"), ("95", "100"))]
    indicator = {"kind": "availability", "of": basis.of}
    clause = _clause("cold_chain", indicator, basis, [("loading", "PT10H")], remedies) | {
        "aggregate": "per_asset",
        "outages": {"minimum": "PT5M", "quantum": "PT0S"},
        "gaps": {"policy": "carry_forward", "carry": "PT15M", "then": "down"},
        "minimum_coverage": "98",
    }
    return _terms(_per_asset(begun), [clause], cap="100")


def response(begun: Beginning, basis: Basis) -> Json:
    """A flat fee, against the share of failures that were mended in time on the clock of working hours."""
    exclusions = [(PLANNED, "P2D"), (FORCE_MAJEURE, None)]
    remedies = [_tiers(("95", "5"), ("90", "10"), ("75", "25"))]
    clause = _clause("repair", {"kind": "response", "within": "PT8H"}, basis, exclusions, remedies) | {
        "calendar": _shift("06:00", "18:00"),
        "outages": {"minimum": "PT5M", "quantum": "PT0S"},
    }
    return _terms(_flat(begun), [clause], cap="25")


def cloud(begun: Beginning, basis: Basis) -> Json:
    """A flat fee, against the share of whole minutes, as services over the network promise it."""
    remedies = [_tiers(("99.9", "10"), ("99", "25"), ("95", "100"))]
    clause = _clause("uptime", {"kind": "availability"}, basis, [(PLANNED, "PT4H")], remedies) | {
        "outages": {"minimum": "PT1M", "quantum": "PT1M"},
        "gaps": {"policy": "exclude"},
    }
    return _terms(_flat(begun), [clause], cap="100")


def _clause(
    name: str, indicator: Json, basis: Basis, exclusions: list[tuple[str, str | None]], remedies: list[Json]
) -> Json:
    """A clause at all hours, in which what is not known counts as down."""
    return {
        "id": name,
        "indicator": indicator,
        "assets": list(basis.assets),
        "aggregate": "pooled",
        "calendar": None,
        "outages": {"minimum": "PT0S", "quantum": "PT0S"},
        "gaps": {"policy": "as_down"},
        "minimum_coverage": "95",
        "exclusions": [{"category": category, "allowance": allowance} for category, allowance in exclusions],
        "remedies": remedies,
    }


def _terms(fee: Json, clauses: list[Json], cap: str) -> Json:
    """The terms of a contract without currency and zone, and what the customer approves in advance."""
    planned = any(rule["category"] == PLANNED for clause in clauses for rule in clause["exclusions"])
    return {
        "terms": {
            "correction_window": "P35D",
            "fee": fee,
            "clauses": clauses,
            "caps": {"period_percent": cap},
        },
        "preapproved": [{"category": PLANNED, "notice": _NOTICE}] if planned else [],
    }


def _flat(begun: Beginning) -> Json:
    return {"kind": "flat", "minor": int(begun.minor)}


def _per_asset(begun: Beginning) -> Json:
    return {"kind": "per_asset", "minor": int(begun.minor), "prorate": "seconds"}


def _metered(begun: Beginning, basis: Basis) -> Json:
    tiers = [{"to": None, "price": begun.price}]
    return {"kind": "metered", "unit": basis.unit, "mode": "graduated", "of": basis.of, "tiers": tiers}


def _throughput(begun: Beginning, basis: Basis) -> Json:
    return {
        "kind": "throughput", "unit": basis.unit, "target": begun.target, "per": "h", "hours": "committed",
        "of": basis.of,
    }  # fmt: skip


def _shift(opens: str, closes: str) -> Json:
    return {"weekly": [{"days": _WORKDAYS, "from": opens, "to": closes}], "holidays": []}


def _tiers(*tiers: tuple[str, str]) -> Json:
    return {"kind": "tiers", "tiers": [{"below": below, "credit": credit} for below, credit in tiers]}


def _steps(**said: str) -> Json:
    return {"kind": "steps", "step": "full", **said}
