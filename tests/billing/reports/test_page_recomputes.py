"""The page computes outcomes again as the verifier does: any contract, any report, and whatever somebody made up."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785

from billing.reports.verifier import Check, RefusedError, UnknownError, recomputed, verify_report
from tests.billing.outcomes.documents import Json
from tests.billing.outcomes.drawn import drawn
from tests.billing.reports import test_verifier_dishonest as dishonest
from tests.billing.reports import test_verifier_figures as honest
from tests.billing.reports.computing import computed_by_the_page
from tests.billing.reports.settled import CLAIM, COMPARED, Case, figure_checks, report_of

Spoil = Callable[[Case], object]

UNLIKE = "a document is not of the form known here"


def by_the_verifier(document: Json) -> str:
    try:
        return rfc8785.dumps(recomputed(document)).decode()
    except UnknownError as error:
        return f"unknown: {str(error).removeprefix('cannot recompute: ')}"
    except RefusedError as error:
        return f"refused: {error}"


def mismatches(documents: list[Json]) -> list[int]:
    found = computed_by_the_page({"document": document} for document in documents)
    assert len(found) == len(documents)
    return [at for at, document in enumerate(documents) if found[at] != by_the_verifier(document)]


# --- the computation --------------------------------------------------------------------------------------------------


def test_every_figure_of_any_contract_is_the_verifier_s() -> None:
    assert mismatches([drawn(seed) for seed in range(1000)]) == []


def test_every_figure_of_what_contracts_name_is_the_verifier_s() -> None:
    assert mismatches([honest.with_names(drawn(seed), seed) for seed in range(1000)]) == []


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        ("Europe/Berlin", "2026-03-01", "2026-04-01"), ("Europe/Berlin", "2026-10-01", "2026-11-01"),
        ("America/St_Johns", "2026-11-01", "2026-11-02"), ("Australia/Lord_Howe", "2026-10-03", "2026-10-05"),
        ("Africa/Casablanca", "2026-02-14", "2026-03-23"), ("Pacific/Apia", "2011-12-28", "2012-01-02"),
        ("Asia/Kathmandu", "2026-01-01", "2026-01-08"), ("Pacific/Chatham", "2026-04-04", "2026-04-06"),
        ("America/Sao_Paulo", "2018-11-03", "2018-11-05"), ("UTC", "2024-02-28", "2024-03-02"),
    ],
)  # fmt: skip
def test_clocks_are_the_verifier_s(zone: str, start: str, end: str) -> None:
    documents = []
    for hour in range(24):
        document = drawn(hour) | {"period": {"start": start, "end": end}, "as_of": "2030-01-01"}
        document["contract"]["time_zone"] = zone
        window = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": f"{hour:02d}:30"}
        for clause in document["contract"]["clauses"]:
            clause["calendar"] = {"weekly": [window | {"to": f"{(hour * 7) % 24:02d}:15"}], "holidays": [end]}
        local = {"from": f"{start}T{hour:02d}:30:00.5", "to": f"{end}T{hour:02d}:15:00"}
        for one in document["evidence"].values():
            one["states"] = [local | {"state": "down", "received": f"{end}T{hour:02d}:00"}]
        documents.append(document)
    assert mismatches(documents) == []


def test_what_is_no_time_is_told_by_both() -> None:
    wrong = (
        "2026-02-29", "2026-13-01", "2026-03-01T24:00", "2026-03-01T12:60", "2026-03-01T12:00:60", "26-03-01", "",
        "2026-03-01T12", "2026-03-01 12:00", "2026-03-01T12:00+0100", "2026-03-01T12:00:00.1234Z", "9999-01-01",
    )  # fmt: skip
    found = computed_by_the_page({"document": drawn(3) | {"as_of": text}} for text in wrong)
    assert found == [f"unknown: {text} is not a time" for text in wrong]
    for text in wrong:
        with pytest.raises((RefusedError, ValueError)):
            recomputed(drawn(3) | {"as_of": text})


# --- reports ----------------------------------------------------------------------------------------------------------


def told(verdict: Json) -> str:
    """A verdict that does not hold, as the verifier tells it."""
    places = [
        f"{one['place']} is missing"
        if one["stated"] is None
        else f"{one['place']} is {one['stated']}, computed again it is {one['computed']}"
        for one in verdict["differences"]
    ]
    more = [f"and {len(places) - 3} more"] if len(places) > 3 else []
    return "; ".join([*places[:3], *more]) or verdict["reason"]


def the_same(verdict: Json, check: Check) -> bool:
    """Whether the page says what the verifier says."""
    state = "holds" if check.holds else "fails" if check.known else "unknown"
    found = check.found.removeprefix("cannot recompute: ")
    if verdict["state"] != state:
        return False
    if not check.known:  # how a machine of its own gets time zones is told by the verifier alone
        return found.startswith((told(verdict), UNLIKE))
    return check.holds or told(verdict) == found


def spoilt(test: Callable[..., None]) -> list[Spoil]:
    """The documents that a test of the verifier changes, one way after the other."""
    (marked,) = (mark for mark in vars(test)["pytestmark"] if mark.name == "parametrize")
    return [case[0] for case in marked.args[1]]


@pytest.mark.parametrize(
    "test",
    [
        dishonest.test_what_was_made_up_is_found_at_its_place,
        dishonest.test_what_it_is_compared_with_is_recomputed_too,
        dishonest.test_what_is_not_known_is_said,
    ],
)
def test_what_was_made_up_is_found_as_the_verifier_finds_it(test: Callable[..., None]) -> None:
    reports = [report_of(spoil) for spoil in spoilt(test)]
    found = computed_by_the_page({"report": data.decode()} for data in reports)
    for number, (verdicts, data) in enumerate(zip(found, reports, strict=True)):
        checks = figure_checks(data)
        assert any(verdict["state"] != "holds" for verdict in verdicts), number
        pairs = list(zip(verdicts, checks, strict=True))
        assert [told(one) for one, check in pairs if not the_same(one, check)] == [], (number, checks)


@pytest.mark.parametrize(
    "change",
    [
        lambda case: None, honest.corrected, honest.limited, honest.silent, honest.stood,
        lambda case: (case.adjust("uptime", -12_345), case.settle()),
        lambda case: case.__init__(currency="JPY", rounding="up"),
        lambda case: case.__init__(clauses=[]),
    ],
    ids=["plain", "corrected", "limited", "silent", "stood", "adjusted", "yen", "no clause"],
)  # fmt: skip
def test_an_honest_report_holds(change: Spoil) -> None:
    data = report_of(change)
    ((figures, compared),) = computed_by_the_page([{"report": data.decode()}])
    checks = figure_checks(data)
    assert [check.holds for check in checks] == [True, True]
    assert [figures["state"], compared["state"]] == ["holds", "holds"]
    assert figures["figures"]
    assert [one for one in figures["figures"] if one["stated"] != one["computed"]] == []
    assert figures["total"] == json.loads(data)["statement"]["total_minor"]


STRANGE: list[Any] = [
    None, 0, 1, -1, 1.5, True, "", "x", "1", "99.9", "2026-03-15", "PT1H", [], {}, [1], {"a": 1}, "__proto__", 10**14,
]  # fmt: skip


def disfigured(report: Json, seed: int) -> bytes:
    """The report with one value of any document that it rests on taken away, added or replaced by another."""
    chance, report = random.Random(seed), copy.deepcopy(report)
    documents = [leaf["payload"] for leaf in report["leaves"] if leaf["payload"] and "run" not in leaf["kind"]]
    inner: Any = chance.choice([*documents, report["statement"]])
    while True:
        name = chance.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        if isinstance(inner[name], dict | list) and inner[name] and chance.random() < 0.8:
            inner = inner[name]
            continue
        what = chance.random()
        if what < 0.25:
            del inner[name]
        elif what < 0.3 and isinstance(inner, dict):
            inner["new"] = 1
        else:
            inner[name] = chance.choice(STRANGE)
        return rfc8785.dumps(report)


def test_whatever_stands_in_a_report_the_page_is_never_content_where_the_verifier_is_not() -> None:
    report = json.loads(report_of())
    reports = [disfigured(report, seed) for seed in range(200)]
    found = computed_by_the_page({"report": data.decode()} for data in reports)
    content, told = 0, 0
    for seed, (verdicts, data) in enumerate(zip(found, reports, strict=True)):
        computed = [check for check in verify_report(data, figures=True) if check.claim in (CLAIM, COMPARED)]
        for verdict, check in zip(verdicts, computed, strict=False):
            assert check.holds or verdict["state"] != "holds", (seed, check)
            content += verdict["state"] == "holds"
            told += not check.holds
    assert content > 100
    assert told > 100
