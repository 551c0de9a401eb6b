"""What a dishonest supplier signs and logs is found at its place; what the program that customers run says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from billing.reports.verifier import Check, verify_report
from tests.billing.reports import settled
from tests.billing.reports.bundles import FINGERPRINT, REPORT, the_failure
from tests.billing.reports.settled import CLAIM, COMPARED, PERIOD, Case, figure_checks, report_of
from tests.billing.reports.test_verifier import run

# --- a dishonest one, who signs and logs what he made up --------------------------------------------------------------


def change(*way: Any, to: Any) -> Callable[[Case], None]:
    """A value of the documents in place of another."""

    def done(case: Case) -> None:
        *steps, last = way
        inner = getattr(case, steps[0])
        for step in steps[1:]:
            inner = inner[step]
        inner[last] = to(inner[last]) if callable(to) else to

    return done


def charge_more(case: Case) -> None:
    """A total that is consistent through run and statement."""
    for document in (case.run["outcome"], case.statement):
        document["total_minor"] += 100
    case.run["outcome"]["fee_minor"] += 100
    case.statement["lines"][0]["minor"] += 100


def stands(spoil: Callable[[Case], object]) -> Callable[[Case], None]:
    """Something made up of what stands of a clause of which too little is known."""

    def done(case: Case) -> None:
        case.stand(0, -50_000)
        spoil(case)

    return done


def approved_another(case: Case) -> None:
    """The customer approved five hours; what the run counts under that name is the whole month."""
    case.approved = [case.claims[0]]
    case.claims[0] = case.claims[0] | {"category": "weather", "from": PERIOD["start"], "to": PERIOD["end"]}
    case.settle()


def claimed_twice(case: Case) -> None:
    """Beside the claim that was approved the run counts another one of its name."""
    case.claims.insert(0, case.claims[0] | {"category": "weather", "from": PERIOD["start"], "to": PERIOD["end"]})
    case.settle()


def adjusts(*way: Any, to: Any) -> Callable[[Case], None]:
    """An earlier period is adjusted, by something else than the difference of two statements that are named."""

    def done(case: Case) -> None:
        case.adjust("uptime", -12_345)
        case.settle()
        change("statement", "lines", -1, *way, to=to)(case)

    return done


def unnamed(case: Case) -> None:
    """A line that adjusts an earlier period by 123,456.00, and names no statement."""
    line = {"kind": "adjustment", "clause": "uptime", "text": "February 2026", "minor": 12_345_600}
    case.adjustments.append(line)
    case.settle()


NOTHING_ADJUSTED = "what adjusts uptime is the difference of no two statements that are named"
STANDING = ("statement", "lines", 1)
FIRST = settled.CLAIMS[0]["exclusion"]
OUTCOME, CLAUSE = ("run", "outcome"), ("contract", "terms", "clauses")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (charge_more, "outcome_run/outcome/fee_minor is 2835813, computed again it is 2835713; outcome_run/outcome"),
        (change("statement", "total_minor", to=2_353_643), "statement/total_minor is 2353643, computed again it"),
        (change("statement", "lines", 1, "minor", to=0), "statement/lines/1/minor is 0, computed again it is -109228"),
        (change("statement", "lines", 1, "text", to="uptime 99.99 %: no credit"),
         'statement/lines/1/text is "uptime 99.99 %:", computed again it is "uptime 99.05 %:"'),
        (change("statement", "lines", to=lambda lines: lines[:-1]), "statement/lines is ["),
        (change("statement", "clauses", 0, "percent", to="99.900000"), 'statement/clauses/0/percent is "99.900000"'),
        (change("statement", "currency", to="USD"), 'statement/currency is "USD", computed again it is "EUR"'),
        (change("statement", "period", "end", to="2026-04-30T22:00:00Z"), "statement/period/end is "),
        (change("statement", "title", to="Other"), 'statement/title is "Other", computed again it is "Excavators"'),
        (change(*OUTCOME, "clauses", 0, "excluded_s", to=0), "outcome_run/outcome/clauses/0/excluded_s is 0, computed"),
        (change(*OUTCOME, "workings", "clauses", 0, "totals", "up", to=1),
         "outcome_run/outcome/workings/clauses/0/totals/up is 1, computed again it is "),
        (change(*OUTCOME, "workings", "clauses", 0, "assets", 0, "segments", 3, 1, to=0),
         "outcome_run/outcome/workings/clauses/0/assets/0/segments/3/1 is 0, computed again it is "),
        (change(*OUTCOME, "workings", "clauses", 0, "bonus_minor", to=1),
         "outcome_run/outcome/workings/clauses/0/bonus_minor is 1, computed again it is 0"),
        (change(*OUTCOME, "workings", "caps", "forfeited", to=0),
         "outcome_run/outcome/workings/caps/forfeited is 0, computed again it is 251222"),
        (change(*OUTCOME, "workings", "unrated", to=[]), "outcome_run/outcome/workings/unrated is [], computed again "),
        (lambda case: case.run["outcome"].pop("currency"), "outcome_run/outcome/currency is missing"),
        (change("segments", 0, "states", 0, "to", to="2026-03-15T08:30:00Z"), "outcome_run/outcome/"),
        (change("segments", 0, "measures", "volume", 3, "value", to="7000"),
         "outcome_run/outcome/fee_minor is 2835713, computed again it is 2830437"),
        (change("segments", 0, "start", to="2026-03-01T23:00:00Z"),
         f"evidence_segment of {settled.ASSETS[0]} is of another period than the run"),
        (lambda case: case.segments.pop(), "clause loading/indicator/of names nothing that the evidence has"),
        (lambda case: case.segments.append(case.segments[0] | {"initial": "down"}),
         f"there are two: evidence_segment of {settled.ASSETS[0]}"),
        (lambda case: case.hidden.add(case.claims[0]["exclusion"]), f"the run leaves out the exclusion {FIRST}"),
        (approved_another, f"what was decided on the exclusion {FIRST} is of another claim than the run's"),
        (claimed_twice, f"there are two claims of the exclusion {FIRST}"),
        (lambda case: case.decisions.pop(1), "outcome_run/outcome/"),
        (change("decisions", 0, "decision", to="declined"), "outcome_run/outcome/"),
        (change("claims", 0, "contract", to="another"), f"the exclusion {FIRST} is another contract's"),
        (change(*CLAUSE, 0, "remedies", 1, "tiers", 0, "credit", to="9"), "outcome_run/outcome/"),
        (change(*CLAUSE, 0, "remedies", 0, "credit", to="1"),
         "clause uptime/remedies has not one of credit and bonus"),
        (change(*CLAUSE, 0, "remedies", 1, "tiers", 1, "below", to="99.00"),
         "two tiers in clause uptime/remedies have the same threshold"),
        (change("contract", "terms", "fee", "tiers", 0, "to", to=None), "the price tiers of the contract overlap"),
        (change("contract", "terms", "fee", "of", to="tonnes"), "contract/fee/of names nothing that the evidence has"),
        (change(*CLAUSE, 2, "indicator", "per", to="tonnes"),
         "clause energy/indicator/per names nothing that the evidence has"),
        (change(*CLAUSE, 3, "indicator", "of", to="warm"),
         "clause cold/indicator/of names no condition of each asset"),
        (change("contract", "effective", to={"from": "2026-03-02", "to": None}),
         "the contract does not hold throughout the period"),
        (change("contract", "version", to=3), "the run names another version of the contract than it rests on"),
        (change("run", "assumption", to="a better world"),
         "the statement rests on several outcome runs, or on one of assumed evidence"),
        (change("segments", 0, "states", 0, "to", to="2026-03-14T08:30:00Z"),
         f"evidence/{settled.ASSETS[0]}/states/0 ends before it starts"),
        (stands(change("statement", "replaces", to=None)),
         "what stands of uptime was settled by no earlier version that is named"),
        (stands(change(*STANDING, "of", "settled", "digest", to="0" * 64)),
         "what stands of uptime was settled by no earlier version that is named"),
        (stands(change(*STANDING, "minor", to=-40_000)), "statement/total_minor is 2303642, computed again it is 2313"),
        (stands(change(*STANDING, "text", to="uptime 98.00 %: credit")), 'statement/lines/1/text is "uptime 98.00 %:'),
        (stands(lambda case: case.statement["lines"].insert(2, case.statement["lines"][1])), "statement/lines is ["),
        (stands(lambda case: case.statement["lines"][1].pop("of")), "statement/total_minor is 2303642, computed"),
        (adjusts("of", to=None), NOTHING_ADJUSTED),
        (adjusts("of", "from", "digest", to="0" * 64), NOTHING_ADJUSTED),
        (adjusts("of", "to", "digest", to="0" * 64), NOTHING_ADJUSTED),
        (adjusts("of", to=lambda of: {**of, "to": of["from"]}), NOTHING_ADJUSTED),
        (unnamed, NOTHING_ADJUSTED),
        (change("segments", 0, "conditions", to={"cold": [], "volume": []}),
         f"evidence/{settled.ASSETS[0]} has a measure and a condition of the name volume"),
    ],
)  # fmt: skip
def test_what_was_made_up_is_found_at_its_place(spoil: Callable[[Case], object], reason: str) -> None:
    check = figure_checks(report_of(spoil))[0]
    assert (check.claim, check.holds, check.known) == (CLAIM, False, True)
    assert check.found.startswith(reason)


def compared_with(period: dict[str, str] = PERIOD, **contract: Any) -> Callable[[Case], None]:
    """What could have been is told of another period, or under another contract."""

    def done(case: Case) -> None:
        case.compared = ({**case.contract, **contract} if contract else case.contract, period, settled.AS_OF)
        case.settle()

    return done


OTHERS = "what_if_run a worse world is of another contract or period than the statement"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (compared_with({**PERIOD, "end": "2026-03-10T23:00:00Z"}), OTHERS),
        (compared_with({**PERIOD, "start": "2026-03-01T23:00:00Z"}), OTHERS),
        (compared_with(version=9), OTHERS),
        (compared_with(terms=settled.TERMS | {"rounding": "up"}), OTHERS),
        (compared_with(contract="00000000-0000-4000-8000-0000000000c1"), OTHERS),
        (change("statement", "comparisons", 0, "total_minor", to=1), "statement/comparisons/total_minor is 1"),
        (change("assumed", 0, "initial", to="up"), "what_if_run a worse world/outcome/"),
        (change("what_if", "outcome", "fee_minor", to=7), "what_if_run a worse world/outcome/fee_minor is 7, computed"),
    ],
)  # fmt: skip
def test_what_it_is_compared_with_is_recomputed_too(spoil: Callable[[Case], object], reason: str) -> None:
    figures, compared = figure_checks(report_of(spoil))
    assert figures.holds
    assert (compared.claim, compared.holds, compared.known) == (COMPARED, False, True)
    assert compared.found.startswith(reason)


def test_documents_changed_on_the_way_fail_twice() -> None:
    """Somebody between supplier and customer cannot log anything: then proofs fail as well as figures."""
    report = json.loads(report_of())
    report["statement"]["total_minor"] -= 1
    data = json.dumps(report, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    failed = [check.claim for check in verify_report(data, figures=True) if not check.holds]
    assert failed == ["The statement is the one that was logged", CLAIM]


# --- what is not known is never passed over ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (change(*CLAUSE, 0, "indicator", to={"kind": "mood"}), "unknown indicator mood in clause uptime/indicator"),
        (change(*CLAUSE, 0, "indicator", "over", to=1), "unknown field clause uptime/indicator/over"),
        (change(*CLAUSE, 0, "aggregate", to="median"), "unknown clause uptime/aggregate median"),
        (change(*CLAUSE, 0, "outages", "grace", to="PT1H"), "unknown field outages/grace"),
        (change(*CLAUSE, 0, "gaps", to={"policy": "guess"}), "unknown gap policy guess"),
        (change(*CLAUSE, 0, "calendar", "shifts", to=[]), "unknown field calendar/shifts"),
        (change(*CLAUSE, 0, "remedies", 0, to={"kind": "lottery"}), "unknown remedy lottery in clause uptime/remedies"),
        (change(*CLAUSE, 0, "remedies", 0, "step", to="half"), "unknown clause uptime/remedies/step half"),
        (change(*CLAUSE, 0, "remedies", 1, "tiers", 0, "bonus", to="1"), "unknown field clause uptime/remedies/bonus"),
        (change(*CLAUSE, 0, "minimum_coverage", to="1e2"), "1e2 is not a decimal"),
        (change(*CLAUSE, 0, "exclusions", 0, "allowance", to="P1M"), "P1M is not a duration"),
        (change("contract", "agreement", to=2), "the contract is of another form"),
        (change("contract", "terms", "fee", "kind", to="gift"), "unknown fee gift in contract/fee"),
        (change("contract", "terms", "fee", "mode", to="dynamic"), "unknown contract/fee/mode dynamic"),
        (change("contract", "terms", "rounding", to="bankers"), "unknown rounding bankers"),
        (change("contract", "terms", "currency", to="XXX"), "unknown contract/currency XXX"),
        (change("contract", "terms", "time_zone", to="../../etc/localtime"), "no time zone ../../etc/localtime"),
        (change("contract", "terms", "time_zone", to="Europe/Atlantis"), "no time zone Europe/Atlantis is here"),
        (change("contract", "terms", "caps", "week_percent", to="1"), "unknown field contract/caps/week_percent"),
        (change("segments", 0, "moods", to=[]), "unknown field evidence_segment/moods"),
        (change("segments", 0, "states", 0, "state", to="idle"),
         f"unknown evidence/{settled.ASSETS[0]}/states/0/state idle"),
        (change("segments", 0, "states", 0, "weight", to=2),
         f"unknown field evidence/{settled.ASSETS[0]}/states/0/weight"),
        (change("segments", 0, "states", 0, "from", to="yesterday"), "yesterday is not a time"),
        (change("segments", 0, "states", to=7),
         "a document is not of the form known here (TypeError: 'int' object is not iterable)"),
        (change("decisions", 0, "decision", to="objected"), "unknown decision objected"),
        (change("claims", 0, "weight", to=2), "unknown field exclusion/weight"),
        (change("run", "discount", to=1), "unknown field outcome_run/discount"),
        (change("run", "outcome", "engine", to="outturn-outcomes-9"),
         "unknown outcome_run/outcome/engine outturn-outcomes-9"),
        (change("run", "outcome", "clauses", 0, "mood", to="good"), "unknown field outcome_run/outcome/clauses/0/mood"),
        (change("statement", "discount_minor", to=5), "unknown field statement/discount_minor"),
        (lambda case: case.statement.pop("lines"), "a document is not of the form known here (KeyError: 'lines')"),
        (change("run", "period", to=[]), "a document is not of the form known here (TypeError: "),
    ],
)  # fmt: skip
def test_what_is_not_known_is_said(spoil: Callable[[Case], object], reason: str) -> None:
    check = figure_checks(report_of(spoil))[0]
    assert (check.claim, check.holds, check.known) == (CLAIM, False, False)
    assert check.found.startswith(f"cannot recompute: {reason}")


def test_evidence_that_is_not_given() -> None:
    data = json.loads(report_of())
    for leaf in data["leaves"]:
        if leaf["kind"] == "evidence_segment":
            leaf["payload"] = None
            break
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    assert figure_checks(written)[0] == Check(
        CLAIM,
        f"cannot recompute: evidence_segment {leaf['digest']} is given by its digest alone",
        holds=False,
        known=False,
    )


# --- as the customer runs it -----------------------------------------------------------------------------------------


def test_the_program_recomputes(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(report_of())
    done = run(tmp_path, "report.json", "--key", FINGERPRINT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-3:] == [
        f"OK      {CLAIM}: 23,536.42 EUR, from 2 evidence segments, 4 claimed exclusions",
        f"OK      {COMPARED}: 1 outcome of assumed evidence",
        "VERIFIED: all 10 checks hold",
    ]


def test_the_program_finds_what_was_made_up(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(report_of(charge_more))
    done = run(tmp_path, "report.json", "--key", FINGERPRINT)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"FAILED  {CLAIM}: outcome_run/outcome/fee_minor is 2835813, computed again" in done.stdout
    assert done.stdout.splitlines()[-1] == "NOT VERIFIED: 1 of 10 checks failed"


def test_the_program_says_when_it_cannot_know(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(REPORT)
    done = run(tmp_path, "report.json", "--key", FINGERPRINT)
    assert (done.returncode, done.stderr) == (3, "")
    assert f"UNKNOWN {CLAIM}: cannot recompute: unknown field statement/number" in done.stdout
    assert done.stdout.splitlines()[-1] == (
        "NOT RECOMPUTED: 1 of 10 checks cannot be made by this verifier, the others hold"
    )


def test_a_failure_counts_more_than_what_cannot_be_known(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(REPORT)
    done = run(tmp_path, "report.json", "--key", "0" * 64)
    assert done.returncode == 1
    assert the_failure(verify_report(REPORT, trusted="0" * 64)).startswith("The key has the fingerprint")
    assert done.stdout.splitlines()[-1] == "NOT VERIFIED: 1 of 10 checks failed"


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"%PDF-1.7\nstream\nx\xda", "0 reports are attached"), (b"%PDF-1.7", "0 reports are attached")],
)
def test_a_document_without_its_report(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "report.pdf").write_bytes(data)
    done = run(tmp_path, "report.pdf")
    assert done.returncode == 1
    assert done.stdout.startswith(f"FAILED  The files can be read: {reason} to report.pdf")
