"""What can be tried of a contract, and the contract that comes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billing.contracts.fields import DocumentError
from billing.contracts.schemas import ContractDocument
from billing.simulation.what_if import knobs, major_text, minor_of, tried
from tests.billing.outcomes.documents import AWS_TIERS, Json, a_clause
from tests.billing.world import terms

STEPS: Json = {"kind": "steps", "below": "98", "credit": "2", "per": "0.5", "step": "full", "cap": "20"}
TIERS = "clauses/0/remedies/0/tiers"


def a_contract(*clauses: Json, **changes: Any) -> ContractDocument:
    return ContractDocument.model_validate(terms(["m1"], *clauses, **changes))


def values_of(contract: ContractDocument, **changes: str | None) -> dict[str, Decimal | None]:
    """All figures as they stand, changed where said; ``__`` stands for a slash."""
    values = {knob.place: knob.value for knob in knobs(contract)}
    values |= {name.replace("__", "/"): value for name, value in changes.items()}
    return {place: None if value is None else Decimal(value) for place, value in values.items()}


def test_what_is_not_changed_is_the_contract_itself() -> None:
    contract = a_contract(a_clause(remedies=[AWS_TIERS, STEPS]), a_clause(id="plain"))
    assert tried(contract, values_of(contract)).terms() == contract.terms()
    places = [knob.place for knob in knobs(contract)]
    assert places[:2] == [f"{TIERS}/0/below", f"{TIERS}/0/credit"]
    assert f"{TIERS}/3/below" in places  # room for one more
    assert places[-2:] == ["fee/minor", "caps/period_percent"]


def test_tiers_are_changed_added_and_taken_out() -> None:
    contract = a_contract(a_clause(remedies=[AWS_TIERS]))
    changed = tried(
        contract,
        values_of(
            contract,
            clauses__0__remedies__0__tiers__0__below="99.5", clauses__0__remedies__0__tiers__1__below=None,
            clauses__0__remedies__0__tiers__1__credit=None, clauses__0__remedies__0__tiers__3__below="90",
            clauses__0__remedies__0__tiers__3__credit="110.50",
        ),
    )  # fmt: skip
    (remedy,) = changed.model_dump()["clauses"][0]["remedies"]
    assert [(tier["below"], tier["credit"]) for tier in remedy["tiers"]] == [
        ("99.5", "10"), ("95", "100"), ("90", "110.5"),
    ]  # fmt: skip


def test_a_remedy_without_tiers_is_gone_and_the_next_is_still_told_by_its_place() -> None:
    contract = a_contract(a_clause(remedies=[AWS_TIERS, STEPS]))
    empty = {f"{TIERS}/{number}/{name}".replace("/", "__"): None for number in range(3) for name in ("below", "credit")}
    (remedy,) = tried(contract, values_of(contract, **empty)).clauses[0].remedies
    assert remedy.kind == "steps"
    with pytest.raises(DocumentError) as refused:
        tried(contract, values_of(contract, **empty, clauses__0__remedies__1__per="0"))
    assert [one.place for one in refused.value.findings] == ["clauses/0/remedies/1/per"]


def test_steps_prices_and_caps() -> None:
    fee = {
        "kind": "metered", "unit": "h", "mode": "graduated",
        "tiers": [{"to": "100", "price": "3"}, {"to": None, "price": "2.5"}],
    }  # fmt: skip
    contract = a_contract(a_clause(remedies=[STEPS]), fee=fee)
    changed = tried(
        contract,
        values_of(
            contract, fee__tiers__1__price="2.125", caps__period_percent="15", clauses__0__remedies__0__cap=None,
            clauses__0__remedies__0__below="97",
        ),
    ).model_dump()  # fmt: skip
    assert [tier["price"] for tier in changed["fee"]["tiers"]] == ["3", "2.125"]
    assert changed["caps"]["period_percent"] == "15"
    assert (changed["clauses"][0]["remedies"][0]["cap"], changed["clauses"][0]["remedies"][0]["below"]) == (None, "97")


@pytest.mark.parametrize(
    ("currency", "text", "minor"), [("USD", "12.50", 1250), ("JPY", "1250", 1250), ("KWD", "1.250", 1250)]
)
def test_a_fee_is_entered_in_the_currency(currency: str, text: str, minor: int) -> None:
    contract = a_contract(currency=currency, fee={"kind": "flat", "minor": 7})
    changed = tried(contract, values_of(contract, fee__minor=text)).model_dump()
    assert changed["fee"]["minor"] == minor
    assert (major_text(minor, currency), minor_of(Decimal(text), currency)) == (text, minor)


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({f"{TIERS}/1/below": "99.9"}, "contract.tiers_overlap", "clauses/0/remedies/0"),
        ({f"{TIERS}/0/below": "0"}, "document.out_of_range", f"{TIERS}/0/below"),
        ({f"{TIERS}/2/credit": None}, "simulation.half_a_tier", f"{TIERS}/2/credit"),
        ({f"{TIERS}/3/credit": "5"}, "simulation.half_a_tier", f"{TIERS}/3/below"),
        ({f"{TIERS}/0/below": None, f"{TIERS}/0/credit": None, f"{TIERS}/1/below": "0"}, "document.out_of_range",
         f"{TIERS}/1/below"),
        ({"fee/minor": "0.005"}, "simulation.amount", "fee/minor"),
        ({"fee/minor": "1" + "0" * 17}, "simulation.amount", "fee/minor"),
        ({"caps/period_percent": "1" + "0" * 20}, "document.malformed", "caps/period_percent"),
    ],
)  # fmt: skip
def test_what_makes_no_contract_is_told_at_its_figure(changes: dict[str, str | None], code: str, place: str) -> None:
    contract = a_contract(a_clause(remedies=[AWS_TIERS]))
    with pytest.raises(DocumentError) as refused:
        tried(contract, values_of(contract, **{name.replace("/", "__"): value for name, value in changes.items()}))
    assert [(one.code, one.place) for one in refused.value.findings] == [(code, place)]
