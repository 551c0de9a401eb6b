"""The templates contracts are begun from: what each says in full, and what it needs of the assets."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from billing.contracts.agreement import AgreementTerms
from billing.contracts.fields import DocumentError
from billing.contracts.library.bases import Basis, Misfit
from billing.contracts.library.clauses import Beginning
from billing.contracts.library.own import own_template
from billing.contracts.library.templates import TEMPLATES, ContractTemplate, begin
from billing.contracts.library.told import KnownAsset, told_by
from tests.billing.contracts.test_wording import FLEET, NORTHWIND
from twins.catalog.domain.inheritance import ResolvedType, resolve_all
from twins.catalog.library import built_in_types
from twins.catalog.schemas import AssetType

Json = dict[str, Any]
ONE, OTHER = "0198c0de-0000-7000-8000-000000000001", "0198c0de-0000-7000-8000-000000000002"


@cache
def _types() -> dict[str, ResolvedType]:
    return dict(resolve_all(built_in_types()))


def asset(of: str, number: int = 1) -> KnownAsset:
    """An asset of a built-in type."""
    key = f"0198c0de-0000-7000-8000-{number:012}"
    return KnownAsset(key, f"A-{number:02}", f"{of}@1", told_by(_types()[f"{of}@1"].document))


def reefer() -> KnownAsset:
    """A container that says when it is out of its limits, and runs without us knowing."""
    base = _types()["equipment@1"].document.as_json()
    box = {"key": "reefer", "indicators": base["indicators"] | {"within_limits": "share of time not idle"}}
    signals = base["signals"] | {"air": {"unit": "Cel", "range": ["-40", "40"], "rate": "PT1M"}}
    states = base["states"] | {"idle": "air > -15 Cel"}
    of = AssetType.model_validate(base | box | {"signals": signals, "states": states})
    return KnownAsset(ONE, "Reefer", "reefer@1", told_by(of))


def begun(template: str, **changes: Any) -> Beginning:
    said = {"template": template, "customer": NORTHWIND, "twin": FLEET, "effective": {"from": "2027-01-01"}}
    return Beginning.model_validate(said | {"price": "1200.50"} | changes)


def written(template: str, *assets: KnownAsset, **changes: Any) -> Json:
    """What a template makes, as it is stored."""
    terms: AgreementTerms = begin(TEMPLATES[template], begun(template, **changes), assets)
    return terms.as_json()


def a_clause(name: str, indicator: Json, remedies: list[Json], exclusions: list[Json], **changes: Any) -> Json:
    return {
        "id": name, "indicator": indicator, "assets": [ONE], "aggregate": "pooled", "calendar": None,
        "outages": {"minimum": "PT0S", "quantum": "PT0S"}, "gaps": {"policy": "as_down"}, "minimum_coverage": "95",
        "exclusions": exclusions, "remedies": remedies,
    } | changes  # fmt: skip


def contract(title: str, fee: Json, clause: Json, cap: str, **changes: Any) -> Json:
    return {
        "title": title, "customer": NORTHWIND, "twin": FLEET, "effective": {"from": "2027-01-01", "to": None},
        "terms": {
            "currency": "EUR", "time_zone": "UTC", "rounding": "half_even", "correction_window": "P35D", "fee": fee,
            "clauses": [clause], "caps": {"period_percent": cap, "year_remaining_minor": None},
        },
        "preapproved": [{"category": "planned", "notice": "P7D"}], "assumptions": None, "tax_percent": "0",
        "payment_days": 30,
    } | changes  # fmt: skip


def tiers(*each: tuple[str, str]) -> Json:
    return {"kind": "tiers", "tiers": [{"below": below, "credit": credit} for below, credit in each]}


def steps(**said: str | None) -> Json:
    return {"kind": "steps", "below": None, "above": None, "credit": None, "bonus": None, "step": "full"} | said


def planned(allowance: str) -> Json:
    return {"category": "planned", "allowance": allowance}


def shift(opens: str, closes: str) -> Json:
    days = ["mon", "tue", "wed", "thu", "fri", "sat"]
    return {"weekly": [{"days": days, "from": opens, "to": closes}], "holidays": []}


FLAT = {"kind": "flat", "minor": 120_050}
UP = {"kind": "availability"}


def test_guaranteed_uptime() -> None:
    exclusions = [planned("P2D"), {"category": "force_majeure", "allowance": None}]
    clause = a_clause("uptime", UP, [tiers(("99", "5"), ("97", "10"), ("95", "25"))], exclusions)
    assert written("uptime", asset("chiller")) == contract("Guaranteed uptime", FLAT, clause, "25")


def test_power_by_the_hour() -> None:
    fee = {
        "kind": "metered", "unit": "h", "mode": "graduated", "of": "engine_hours_run",
        "tiers": [{"to": None, "price": "1200.50"}],
    }  # fmt: skip
    clause = a_clause("availability", UP, [tiers(("97", "5"), ("95", "10"), ("90", "25"))], [planned("P5D")])
    assumed = {"planned_visit": "P5D", "repair": "P14D", "bays": 2}
    expected = contract("Power by the hour", fee, clause, "25", assumptions=assumed)
    assert written("power-by-the-hour", asset("diesel-engine")) == expected


def test_hours_of_flights_have_no_name_and_those_of_a_condition_have() -> None:
    for of, name in (("turbofan-engine", None), ("wind-turbine", "generating_hours")):
        fee = written("power-by-the-hour", asset(of))["terms"]["fee"]
        assert (fee["unit"], fee.get("of")) == ("h", name)


def test_cubic_metres_per_hour() -> None:
    fee = {
        "kind": "metered", "unit": "t", "mode": "graduated", "of": "volume",
        "tiers": [{"to": None, "price": "1200.50"}],
    }  # fmt: skip
    loading = {"kind": "throughput", "of": "volume", "unit": "t", "target": "400", "per": "h", "hours": "committed"}
    malus = steps(below="100", credit="1", per="1", cap="20")
    weather = {"category": "weather", "allowance": None}
    clause = a_clause("output", loading, [malus], [planned("P2D"), weather], calendar=shift("06:00", "18:00"))
    expected = contract("Cubic metres per hour", fee, clause, "20")
    assert written("volume-per-hour", asset("excavator"), target="400") == expected


def test_overall_equipment_effectiveness() -> None:
    made = {"kind": "throughput", "of": "volume", "unit": "piece", "target": "90", "per": "h", "hours": "committed"}
    remedies = [
        steps(below="80", credit="1", per="1", cap="20"),
        steps(above="85", bonus="0.5", per="1", cap="5"),
    ]
    clause = a_clause("oee", made, remedies, [planned("P1D")], calendar=shift("06:00", "22:00"))
    expected = contract("Overall equipment effectiveness", FLAT, clause, "20")
    assert written("oee", asset("cnc-machine"), target="90") == expected


def test_energy_per_unit() -> None:
    used = {
        "kind": "ratio", "of": "energy", "per": "operating_hours", "unit": "kW.h/h", "target": "12", "better": "lower",
    }  # fmt: skip
    remedies = [
        steps(below="100", credit="1", per="1", cap="15"),
        steps(above="105", bonus="0.5", per="1", cap="10"),
    ]
    clause = a_clause("energy", used, remedies, [])
    expected = contract("Energy per unit", FLAT, clause, "15", preapproved=[])
    assert written("energy-per-unit", asset("chiller"), target="12") == expected


def test_cold_chain_within_limits() -> None:
    clause = a_clause(
        "cold_chain", {"kind": "availability", "of": "within_limits"},
        [tiers(("99.5", "5"), ("99", "10"), ("97", "25"), ("95", "100"))],
        [{"category": "loading", "allowance": "PT10H"}], aggregate="per_asset", minimum_coverage="98",
        outages={"minimum": "PT5M", "quantum": "PT0S"},
        gaps={"policy": "carry_forward", "carry": "PT15M", "then": "down"},
    )  # fmt: skip
    fee = {"kind": "per_asset", "minor": 120_050, "prorate": "seconds"}
    assert written("cold-chain", reefer()) == contract("Cold chain within limits", fee, clause, "100", preapproved=[])


def test_response_and_repair_time() -> None:
    exclusions = [planned("P2D"), {"category": "force_majeure", "allowance": None}]
    clause = a_clause(
        "repair", {"kind": "response", "within": "PT8H"}, [tiers(("95", "5"), ("90", "10"), ("75", "25"))], exclusions,
        calendar=shift("06:00", "18:00"), outages={"minimum": "PT5M", "quantum": "PT0S"},
    )  # fmt: skip
    assert written("response", asset("chiller")) == contract("Response and repair time", FLAT, clause, "25")


def test_cloud_style_uptime() -> None:
    remedies = [tiers(("99.9", "10"), ("99", "25"), ("95", "100"))]
    minutes = {"minimum": "PT1M", "quantum": "PT1M"}
    clause = a_clause("uptime", UP, remedies, [planned("PT4H")], outages=minutes, gaps={"policy": "exclude"})
    assert written("cloud-uptime", asset("chiller")) == contract("Cloud-style uptime", FLAT, clause, "100")


def test_a_template_is_about_the_most_assets_that_tell_the_same() -> None:
    mixed = [asset("excavator", 1), asset("control-valve", 2), asset("haul-truck", 3), asset("site", 4)]
    basis = TEMPLATES["volume-per-hour"].find(mixed)
    assert basis == Basis((mixed[0].id, mixed[2].id), "volume", "t")


@pytest.mark.parametrize(
    ("template", "of", "words"),
    [
        ("uptime", "asset", "No type of its assets says when it is up."),
        ("power-by-the-hour", "control-valve", "No type of its assets counts hours."),
        ("volume-per-hour", "chiller", "No type of its assets counts a volume or a mass."),
        ("oee", "chiller", "No type of its assets counts good pieces."),
        ("energy-per-unit", "transformer", "No type of its assets counts both energy and what it is used for."),
        ("cold-chain", "chiller", "No type of its assets tells the share of time in which limits are kept."),
        ("response", "asset", "No type of its assets says when it is up."),
        ("cloud-uptime", "asset", "No type of its assets says when it is up."),
    ],
)
def test_a_template_says_why_it_does_not_fit(template: str, of: str, words: str) -> None:
    basis = TEMPLATES[template].find([asset(of)])
    assert isinstance(basis, Misfit)
    assert basis.message == words
    with pytest.raises(DocumentError) as refused:
        begin(TEMPLATES[template], begun(template, target="1"), [asset(of)])
    (finding,) = refused.value.findings
    assert (finding.code, finding.place, finding.fix) == ("contract.template_misfit", "twin", basis.fix)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_no_template_fits_a_twin_without_assets(template: ContractTemplate) -> None:
    assert isinstance(template.find([]), Misfit)


@pytest.mark.parametrize(
    ("template", "change", "found"),
    [
        ("volume-per-hour", {}, ("document.missing", "target")),
        ("uptime", {"price": "10.005"}, ("document.out_of_range", "price")),
        ("uptime", {"currency": "JPY", "price": "10.5"}, ("document.out_of_range", "price")),
        ("uptime", {"price": "900000000000000"}, ("document.out_of_range", "terms/fee/minor")),
    ],
)
def test_figures_that_do_not_fit(template: str, change: Json, found: tuple[str, str]) -> None:
    with pytest.raises(DocumentError) as refused:
        begin(TEMPLATES[template], begun(template, **change), [asset("excavator")])
    assert [(one.code, one.place) for one in refused.value.findings] == [found]


def test_money_has_the_minor_units_of_its_currency() -> None:
    for currency, price, minor in (("JPY", "3200000", 3_200_000), ("KWD", "1.005", 1005)):
        terms = written("uptime", asset("chiller"), currency=currency, price=price)["terms"]
        assert (terms["currency"], terms["fee"]["minor"]) == (currency, minor)


def test_a_template_of_the_organisation_keeps_its_figures() -> None:
    figures = {
        "fee_per_hour": "95", "currency": "USD", "tiers": [{"below": "98", "credit": "4"}], "payment_days": 14,
        "planned_allowance": "P3D",
    }  # fmt: skip
    own = own_template("pit", "Pit hours", figures)
    assert (own.key, own.title, own.usual) == ("own:pit", "Pit hours", {"price": "95", "currency": "USD"})
    made = begin(own, begun("own:pit", price="97", currency="CHF"), [asset("excavator")]).as_json()
    assert (made["title"], made["payment_days"], made["terms"]["currency"]) == ("Pit hours", 14, "CHF")
    assert made["terms"]["fee"] == {
        "kind": "metered", "unit": "h", "mode": "graduated", "of": "engine_hours_run",
        "tiers": [{"to": None, "price": "97"}],
    }  # fmt: skip
    (clause,) = made["terms"]["clauses"]
    assert clause["exclusions"] == [planned("P3D")]
    assert clause["remedies"] == [tiers(("98", "4"))]
