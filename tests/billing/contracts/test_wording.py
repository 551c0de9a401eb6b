"""The contract in plain words: one line for each field, and each field in a line."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from billing.contracts.agreement import AgreementDocument
from billing.contracts.wording import describe, replacement, sections
from tests.billing.outcomes.documents import a_clause

Json = dict[str, Any]
ENGINE, SPARE = "0198c0de-0000-7000-8000-000000000081", "0198c0de-0000-7000-8000-000000000082"
NORTHWIND, FLEET = "0198c0de-0000-7000-8000-00000000c001", "0198c0de-0000-7000-8000-00000000f001"
BY_LAW = (
    "Where a legal entity of Meridian Engines issues the invoice, it is the tax that the law asks for on the last day "
    "of the period instead."
)


def a_contract(*clauses: Json, outer: Json | None = None, **terms: Any) -> AgreementDocument:
    """Northwind's contract about two engines, with one clause, changed where said."""
    return AgreementDocument.read(
        {
            "agreement": 1,
            "contract": "0198c0de-0000-7000-8000-00000000a001",
            "version": 1,
            "title": "Uptime",
            "customer": NORTHWIND,
            "twin": FLEET,
            "parties": {"provider": "Meridian Engines", "customer": "Northwind Air"},
            "twin_name": "Northwind fleet",
            "assets": {ENGINE: "Engine 081", SPARE: "Engine 082"},
            "effective": {"from": "2026-09-01"},
            "terms": {
                "currency": "EUR",
                "time_zone": "Europe/Berlin",
                "correction_window": "P35D",
                "fee": {"kind": "flat", "minor": 5_000_000},
                "clauses": [copy.deepcopy(clause) for clause in clauses],
            }
            | terms,
        }
        | (outer or {})
    )


def clause(**changes: Any) -> Json:
    return a_clause(**{"id": "uptime", "assets": [ENGINE, SPARE]} | changes)


def said(contract: AgreementDocument, words: str) -> bool:
    return any(words in sentence for sentence in describe(contract))


POOLED = "taken together over all of them"
LATER = "what comes later is recorded and changes nothing"


def test_a_whole_contract_in_words() -> None:
    contract = a_contract(
        clause(
            exclusions=[{"category": "planned", "allowance": "P5D"}, {"category": "weather", "allowance": None}],
            remedies=[{"kind": "tiers", "tiers": [{"below": "95", "credit": "10"}, {"below": "97.0", "credit": "5"}]}],
            minimum_coverage="98",
        ),
        caps={"period_percent": "25", "year_remaining_minor": None},
        outer={
            "effective": {"from": "2026-09-01", "to": "2027-09-01"},
            "preapproved": [{"category": "planned"}],
            "assumptions": {"planned_visit": "P5D", "repair": "P14D", "bays": 2},
            "tax_percent": "19",
            "payment_days": 14,
        },
    )
    assert describe(contract) == [
        "Meridian Engines guarantees Northwind Air the outcome of 2 assets of Northwind fleet.",
        "It holds from 1 September 2026 up to but not including 1 September 2027.",
        "Days and times are those of Europe/Berlin; amounts are in EUR.",
        "The fee is 50,000.00 EUR for each period.",
        f"uptime: the share of committed time in which the assets are not down, {POOLED}, for all assets.",
        "uptime: service is owed at all hours of all days.",
        "uptime: every outage counts from its first to its last moment.",
        "uptime: time of which nothing is known counts as down.",
        "uptime: when less than 98 % of the time is known, nothing is settled, in either direction.",
        "uptime: time of the category planned does not count, up to 5 days per asset and period, once approved.",
        "uptime: time of the category weather does not count, without limit, once approved.",
        "uptime: below 97.0 % the customer is credited 5 % of the fee.",
        "uptime: below 95 % the customer is credited 10 % of the fee.",
        "The credits of a period are together at most 25 % of its fee.",
        f"Evidence counts when it is received up to 35 days after the end of the period; {LATER}.",
        "Exclusions of the category planned are approved in advance when they are claimed before they start.",
        "A planned visit to the shop is taken to last 5 days.",
        "An unscheduled repair is taken to last 14 days.",
        "The shop is taken to have 2 bays.",
        "Each amount is rounded once, to the nearest minor unit, a half to the even one.",
        f"Tax of 19 % is added to the sum. {BY_LAW}",
        "What corrects an earlier period has the tax that was charged for that period.",
        "The sum is due 14 days after the invoice.",
    ]


FEES = [
    ({"kind": "per_asset", "minor": 100}, "The fee is 1.00 EUR for each asset in service."),
    (
        {"kind": "per_asset", "minor": 100, "prorate": "seconds"},
        "The fee is 1.00 EUR for each asset in service, in proportion to its time in service.",
    ),
    (
        {"kind": "metered", "unit": "h", "mode": "graduated", "tiers": [{"to": None, "price": "350"}]},
        "The fee is 350 EUR for each hour that the counters of the assets show.",
    ),
]


@pytest.mark.parametrize(("fee", "sentence"), FEES)
def test_fees_in_words(fee: Json, sentence: str) -> None:
    assert sentence in describe(a_contract(clause(), fee=fee))


@pytest.mark.parametrize(
    ("mode", "which"),
    [
        ("graduated", "each part of it at the price of its own tier"),
        ("volume", "all of it at the price of the tier it ends in"),
    ],
)
def test_price_tiers_in_words(mode: str, which: str) -> None:
    tiers = [{"to": "100000", "price": "1.20"}, {"to": "150000", "price": "1.05"}, {"to": None, "price": "0.95"}]
    sentences = describe(a_contract(clause(), fee={"kind": "metered", "unit": "m3", "mode": mode, "tiers": tiers}))
    assert sentences[3:7] == [
        f"The fee is charged on the volume that the counters of the assets show, {which}.",
        "Volume from 0 to 100000 m3 costs 1.20 EUR for each m3.",
        "Volume from 100000 to 150000 m3 costs 1.05 EUR for each m3.",
        "Volume above 150000 m3 costs 0.95 EUR for each m3.",
    ]


def test_a_minimum_in_words() -> None:
    fee = {"kind": "metered", "unit": "t", "mode": "graduated", "tiers": [{"to": None, "price": "2"}]}
    sentence = "The fee of a period is at least 1,500.00 EUR, whatever the counters show."
    assert not said(a_contract(clause(), fee=fee), "at least")
    assert describe(a_contract(clause(), fee=fee | {"minimum_minor": 150_000}))[4] == sentence


WEEKDAYS = {"weekly": [{"days": ["mon", "sat"], "from": "06:00", "to": "22:00"}], "holidays": ["2026-12-25"]}
STEPS = {"kind": "steps", "per": "0.1", "step": "full"}
REPAIR = (
    "uptime: the share of incidents in which an asset that is down is back within 4 hours of committed time, taken "
    "together over all of them, for all assets."
)
RESPONSE = (
    "the share of incidents in which an asset that is down is back, or technician on site begins to hold, within 1 "
    "hour 30 minutes of committed time"
)
WHAT_AN_INCIDENT_IS = (
    "uptime: an incident is the time from which an asset is down until it is up again, when some of it is committed "
    "time; a period without an incident is 100 %."
)
WHAT_IS_OPEN = (
    "uptime: an incident that is open at the end of the period is missed when it has taken longer by then, else it is "
    "left for the next period, in which its time starts anew."
)
CLAUSES: list[tuple[Json, str]] = [
    (
        {"indicator": {"kind": "throughput", "unit": "m3", "target": "400", "per": "h", "hours": "committed"}},
        "volume per committed hour against a target of 400 m3",
    ),
    (
        {"indicator": {"kind": "throughput", "unit": "m3", "target": "400", "per": "h", "hours": "395"}},
        "volume per hour of 395 hours against a target of 400 m3",
    ),
    (
        {"indicator": {"kind": "mean_rate", "interval": "PT5M"}},
        "100 % less the mean error rate of intervals of 5 minutes",
    ),
    ({"indicator": {"kind": "response", "within": "PT4H"}}, REPAIR),
    ({"indicator": {"kind": "response", "within": "PT1H30M", "of": "technician_on_site"}}, RESPONSE),
    (
        {"indicator": {"kind": "response", "within": "PT4H"}, "outages": {"minimum": "PT5M", "quantum": "PT1M"}},
        "uptime: outages of less than 5 minutes do not count.",
    ),
    ({"assets": [SPARE]}, "for Engine 082."),
    ({"aggregate": "worst"}, "as that of the worst of them"),
    ({"aggregate": "mean"}, "as the mean over all of them"),
    ({"aggregate": "per_asset"}, "for each of them on its own share of the fee"),
    ({"calendar": WEEKDAYS}, "service is owed Monday, Saturday from 06:00 to 22:00, not on 25 December 2026."),
    ({"outages": {"minimum": "PT1M", "quantum": "PT0S"}}, "outages of less than 1 minute do not count."),
    (
        {"outages": {"minimum": "PT1M30S", "quantum": "PT1M"}},
        "outages of less than 1 minute 30 seconds do not count, longer ones in whole steps of 1 minute.",
    ),
    ({"gaps": {"policy": "as_up"}}, "time of which nothing is known counts as up."),
    ({"gaps": {"policy": "exclude"}}, "time of which nothing is known counts not at all."),
    (
        {"gaps": {"policy": "carry_forward", "carry": "PT1H", "then": "down"}},
        "time of which nothing is known counts as the state before it for up to 1 hour, then as down.",
    ),
    (
        {"remedies": [STEPS | {"above": "98.5", "bonus": "1", "cap": "5"}]},
        "for each full 0.1 percentage points above 98.5 % the customer pays a bonus of 1 % of the fee, at most 5 %.",
    ),
    (
        {"remedies": [STEPS | {"below": "99.0", "credit": "2", "step": "started"}]},
        "for each started 0.1 percentage points below 99.0 % the customer is credited 2 % of the fee.",
    ),
]


@pytest.mark.parametrize(("changes", "words"), CLAUSES)
def test_clauses_in_words(changes: Json, words: str) -> None:
    assert said(a_contract(clause(**changes)), words)


def test_what_an_incident_is_stands_in_a_contract_on_response_time_and_in_no_other() -> None:
    contract = a_contract(clause(indicator={"kind": "response", "within": "PT4H"}))
    assert [sentence for sentence in describe(contract) if sentence.startswith("uptime: an incident")] == [
        WHAT_AN_INCIDENT_IS,
        WHAT_IS_OPEN,
    ]
    assert not said(a_contract(clause()), "incident")


@pytest.mark.parametrize(
    ("notice", "words"),
    [
        (None, "Exclusions of the category planned are approved in advance."),
        ("P2D", "approved in advance when they are claimed at least 2 days before they start."),
    ],
)
def test_approval_in_advance_in_words(notice: str | None, words: str) -> None:
    outer = {"preapproved": [{"category": "planned", "notice": notice}], "payment_days": 0}
    contract = a_contract(clause(exclusions=[{"category": "planned"}]), outer=outer)
    assert said(contract, words)
    assert said(contract, "The sum is due on the day of the invoice.")
    assert said(contract, "The credits of a period have no limit.")
    assert not said(contract, "bays")


def test_each_sentence_says_what_it_tells() -> None:
    contract = a_contract(
        clause(
            exclusions=[{"category": "planned", "allowance": None}],
            remedies=[
                {"kind": "tiers", "tiers": [{"below": "95", "credit": "10"}, {"below": "97", "credit": "5"}]},
                STEPS | {"above": "98.5", "bonus": "1"},
            ],
            minimum_coverage="98",
        ),
        outer={
            "preapproved": [{"category": "planned"}],
            "assumptions": {"planned_visit": "P5D", "repair": "P14D", "bays": 1},
        },
    )
    told = [(one.title, one.place, [line.places for line in one.lines]) for one in sections(contract)]
    uptime = "terms/clauses/0"
    assert told == [
        (
            "Parties and time",
            "customer",
            [("title", "customer", "twin"), ("effective",), ("terms/time_zone", "terms/currency")],
        ),
        ("Fee", "terms/fee", [("terms/fee",)]),
        (
            "Clause uptime",
            uptime,
            [
                (f"{uptime}/id", f"{uptime}/indicator", f"{uptime}/aggregate", f"{uptime}/assets"),
                (f"{uptime}/calendar",),
                (f"{uptime}/outages",),
                (f"{uptime}/gaps",),
                (f"{uptime}/minimum_coverage",),
                (f"{uptime}/exclusions/0",),
                (f"{uptime}/remedies/0/tiers/1",),
                (f"{uptime}/remedies/0/tiers/0",),
                (f"{uptime}/remedies/1",),
            ],
        ),
        ("Limits and evidence", "terms/caps", [("terms/caps",), ("terms/correction_window",), ("preapproved/0",)]),
        (
            "Assumptions",
            "assumptions",
            [("assumptions/planned_visit",), ("assumptions/repair",), ("assumptions/bays",)],
        ),
        (
            "Rounding, tax and payment",
            "terms/rounding",
            [("terms/rounding",), ("tax_percent",), ("tax_percent",), ("payment_days",)],
        ),
    ]
    assert [line.text for one in sections(contract) for line in one.lines] == describe(contract)


def test_acceptance_objection_and_the_limit_of_a_year() -> None:
    plain = a_contract(clause())
    outer = {"acceptance": "required", "objection": "P14D", "year_cap_minor": 12_000_050}
    added = [one for one in describe(a_contract(clause(), outer=outer)) if one not in describe(plain)]
    assert added == [
        "It takes effect only once Northwind Air has accepted it electronically.",
        (
            "The credits of a contract year are together at most 120,000.50 EUR; a contract year begins on each "
            "anniversary of the first day on which the contract held."
        ),
        (
            "An exclusion about which Northwind Air has said nothing within 14 days after it was claimed counts as "
            "approved from then on."
        ),
    ]


@pytest.mark.parametrize(
    ("before", "start", "sentence"),
    [
        (
            {"from": "2026-09-01"}, "2026-09-01",
            "It takes the place of version 1 from the same day, 1 September 2026: version 1 then holds for no day.",
        ),
        (
            {"from": "2026-09-01"}, "2027-01-01",
            "It takes the place of version 1 from 1 January 2027 on; up to then version 1 holds.",
        ),
        (
            {"from": "2026-09-01", "to": "2027-02-01"}, "2027-01-01",
            "It takes the place of version 1 from 1 January 2027 on; up to then version 1 holds.",
        ),
        (
            {"from": "2026-09-01", "to": "2027-01-01"}, "2027-01-01",
            "It follows version 1, which has ended by 1 January 2027.",
        ),
    ],
)  # fmt: skip
def test_what_a_version_does_to_the_one_before_it(before: Json, start: str, sentence: str) -> None:
    old = a_contract(clause(), outer={"effective": before})
    new = a_contract(clause(), outer={"version": 2, "effective": {"from": start}})
    assert replacement(new, old) == sentence
