"""From stored evidence to invoice, report and proof: the worked examples with their exact figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from pypdf import PdfReader

from billing.contracts.models import Contract
from billing.invoices.models import Invoice
from billing.invoices.selectors import balances
from billing.outcomes.assembly import rated
from billing.outcomes.deciding import approve_exclusion
from billing.outcomes.models import OutcomeRun
from billing.outcomes.services import Assumption, claim_exclusion, run_outcome
from billing.reports.bundles import Bundle
from billing.reports.models import Report
from billing.reports.selectors import (
    ProofError,
    ReportNotFoundError,
    checks_of,
    content_of,
    document_of,
    proof_ok,
    proven_bundle,
    proven_pdf,
    report,
    reports,
)
from billing.reports.services import Settlement, make_report, restate_period, settle_period
from billing.reports.verifier import read_file, verify_report
from billing.statements.models import Statement
from billing.statements.services import NotBillableError, seal_statement
from tenants.customers.services import create_customer
from tenants.kernel.canonical import canonical_json, digest
from tenants.kernel.ids import new_id
from tenants.record.selectors import latest_head
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.billing.outcomes.documents import a_clause
from tests.billing.world import (
    BY,
    DECEMBER,
    NOVEMBER,
    SIGNED,
    Fleet,
    a_fleet,
    agreement,
    at,
    e01,
    fly_daily,
    published,
    say,
    visit,
)
from twins.catalog.services import publish_type
from twins.composer.publishing import publish_twin
from twins.composer.services import create_twin, edit_draft
from twins.evidence.models import EvidenceSegment

READER = "reader@northwind.example"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _meridian(tenant: Tenant) -> Iterator[None]:
    with scope(tenant.id):
        yield


def settle(contract: Contract, period: tuple[Any, Any] = NOVEMBER, now: str = "2026-12-05") -> Settlement:
    return settle_period(contract=contract.id, start=period[0], end=period[1], by=BY, now=at(now))


def clause_of(done: Settlement) -> dict[str, Any]:
    clause: dict[str, Any] = done.statement.document["clauses"][0]
    return clause


def net(done: Settlement) -> int:
    assert done.invoice is not None
    assert done.invoice.net_minor == done.statement.total_minor
    return done.invoice.net_minor


class TestWorkedExamples:
    def test_e01_from_evidence_to_invoice(self) -> None:
        _, contract = e01()
        done = settle(contract)
        clause = clause_of(done)
        assert (clause["ratio"], clause["percent"], clause["down_s"]) == ("863/864", "99.884259", 3000)
        assert [line["minor"] for line in done.statement.document["lines"]] == [1_200_000, -120_000]
        assert net(done) == 1_080_000
        assert balances() == {
            ("receivable", "USD"): 1_080_000,
            ("revenue.fees", "USD"): -1_200_000,
            ("revenue.outcomes", "USD"): 120_000,
        }
        assert proof_ok(done.report)

    def test_e05_a_month_of_743_hours_with_exclusions_that_overlap(self) -> None:
        fleet = a_fleet("2026-02-25", "2026-04-02")
        (engine,) = fleet.engines
        visit(engine, "2026-03-15T07:00", "2026-03-15T13:30", told="2026-03-16")
        visit(engine, "2026-03-29T03:00", "2026-03-29T10:00", told="2026-03-30")
        band = {"kind": "steps", "above": "98.5", "bonus": "1", "per": "0.1", "step": "full", "cap": "5"}
        malus = {"kind": "steps", "below": "97.0", "credit": "1", "per": "0.1", "step": "full", "cap": None}
        rules = [{"category": name, "allowance": None} for name in ("planned", "weather")]
        contract = published(
            agreement(
                fleet,
                a_clause(id="uptime", assets=fleet.ids, exclusions=rules, remedies=[band, malus]),
                preapproved=[{"category": "planned"}],
                currency="EUR",
                time_zone="Europe/Berlin",
                fee={"kind": "flat", "minor": 5_000_000},
            )
        )

        def claim(category: str, start: str, end: str, now: str) -> UUID:
            made = claim_exclusion(
                contract=contract.id, category=category, assets=fleet.engines, start=at(start), end=at(end),
                evidence={}, by="planner", now=at(now),
            )  # fmt: skip
            return made.id

        claim("planned", "2026-03-28T23:00", "2026-03-29T04:00", "2026-03-20")
        weather = claim("weather", "2026-03-29T02:00", "2026-03-29T08:00", "2026-03-30")
        word: dict[str, Any] = {"why": "storm, seen by both", "by": READER, "customer": contract.customer_id}
        approve_exclusion(exclusion=weather, now=at("2026-03-31"), **word)
        done = settle(contract, (at("2026-02-28T23:00"), at("2026-03-31T22:00")), "2026-04-05")
        clause = clause_of(done)
        assert clause == {
            "id": "uptime", "status": "settled", "ratio": "1451/1468", "percent": "98.841961", "period_s": 2_674_800,
            "excluded_s": 32_400, "committed_s": 2_642_400, "down_s": 30_600, "unknown_s": 0,
            "coverage_percent": "100.000000", "amount_minor": 150_000,
        }  # fmt: skip
        assert net(done) == 5_150_000
        content = content_of(done.report, bytes(done.report.bundle))
        assert content.period == "March 2026"
        assert [(row.category, row.span, row.decision, row.why) for row in content.exclusions] == [
            (
                "planned",
                "29 Mar 2026 00:00 to 29 Mar 2026 06:00",
                "approved by rules agreed in advance",
                "In advance, under version 1.",
            ),
            ("weather", "29 Mar 2026 04:00 to 29 Mar 2026 10:00", f"approved by {READER}", "storm, seen by both"),
        ]
        assert [(row.span, row.hours) for one in content.timelines for row in one.outages] == [
            ("15 Mar 2026 08:00 to 15 Mar 2026 14:30", "6.50"),
            ("29 Mar 2026 10:00 to 29 Mar 2026 12:00", "2.00"),
        ]

    def test_e08_volume_from_a_counter_with_a_reset(self) -> None:
        pump = a_pump()
        indicator = {"kind": "throughput", "unit": "m3", "target": "400", "per": "h", "hours": "395"}
        steps = {"kind": "steps", "below": "100", "credit": "1", "per": "1", "step": "full", "cap": None}
        prices = [{"to": "100000", "price": "1.20"}, {"to": "150000", "price": "1.05"}, {"to": None, "price": "0.95"}]
        contract = published(
            agreement(
                pump,
                a_clause(id="volume", assets=pump.ids, indicator=indicator, gaps={"policy": "as_up"}, remedies=[steps]),
                currency="EUR",
                fee={"kind": "metered", "unit": "m3", "mode": "graduated", "tiers": prices},
            )
        )
        done = settle(contract)
        assert (clause_of(done)["percent"], clause_of(done)["amount_minor"]) == ("95.253164", -691_900)
        assert [(line["text"], line["minor"]) for line in done.statement.document["lines"]] == [
            ("Fee for 150500 m3 by graduated tiers", 17_297_500),
            ("volume 95.25 %: credit", -691_900),
        ]
        assert net(done) == 16_605_600


def a_pump() -> Fleet:
    """A pump whose counter was read as E08 has it: sealed evidence of an asset that does not fly."""
    kind = {"key": "pump", "version": 1, "name": {"en": "Pump"}, "signals": {"volume": {"unit": "m3"}}}
    publish_type(document=kind, by=BY, now=SIGNED)
    twin, asset = create_twin(name="Waterworks", now=SIGNED), new_id()
    add = {"op": "add_asset", "asset": str(asset), "type": "pump@1", "name": "P-101", "at": [0, 0]}
    edit_draft(twin=twin.id, base_revision=0, operations=[add], by=BY, now=SIGNED)
    publish_twin(twin=twin.id, revision=1, note="", by=BY, now=SIGNED)
    readings = [
        ("e1", "2026-11-01T00:00:00Z", "1000.0"),
        ("e2", "2026-11-05T04:00:00Z", "61000.0"),
        ("e2", "2026-11-05T04:00:00Z", "61000.0"),
        ("e4", "2026-11-13T12:00:00Z", "90500.0"),
        ("e3", "2026-11-09T08:00:00Z", "500.0"),
    ]
    document = {
        "asset": str(asset),
        "name": "P-101",
        "start": "2026-11-01T00:00:00Z",
        "end": "2026-12-01T00:00:00Z",
        "rule": {"name": "counter", "version": 1},
        "in_service": None,
        "initial": "up",
        "states": [],
        "counters": [{"id": name, "at": when, "value": value, "received": when} for name, when, value in readings],
    }
    EvidenceSegment.objects.create(
        twin=twin, asset=asset, start=NOVEMBER[0], end=NOVEMBER[1], revision=1, document=document,
        digest=digest(document), watermark=0, sealed_at=at("2026-12-02"),
    )  # fmt: skip
    return Fleet(twin.id, [asset])


class TestSettling:
    def test_settling_again_gives_what_was_made(self) -> None:
        _, contract = e01()
        first, again = settle(contract), settle(contract, now="2027-03-01")
        assert first == again
        assert (Statement.objects.count(), Invoice.objects.count(), Report.objects.count()) == (1, 1, 1)
        assert OutcomeRun.objects.count() == 1

    def test_a_step_that_fails_undoes_all_of_them(self) -> None:
        _, contract = e01()
        with pytest.raises(NotBillableError):
            settle(contract, now="2026-11-30")
        assert not OutcomeRun.objects.exists()
        assert not EvidenceSegment.objects.exists()

    def test_restating_makes_a_report_that_reaches_back_to_the_last(self) -> None:
        fleet, contract = e01()
        first = settle(contract)
        assert restate_period(statement=first.statement.id, by=BY, now=at("2026-12-06")) is None
        say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-20")
        second = restate_period(statement=first.statement.id, by=BY, now=at("2026-12-21"))
        assert second is not None
        assert (second.statement.version, second.invoice) == (2, None)
        bundle = json.loads(proven_bundle(second.report))
        assert bundle["previous"]["head"] == json.loads(bytes(first.report.bundle))["head"]
        checks = verify_report(bytes(second.report.bundle), kept=bytes(first.report.bundle))
        assert all(check.holds for check in checks)
        assert len(checks) == 10
        assert content_of(second.report, bytes(second.report.bundle)).invoice is None

        fly_daily(fleet, "2026-12-02", "2026-12-31")
        december = settle(contract, DECEMBER, "2027-01-03")
        assert net(december) == 1_320_000
        given = {leaf["digest"]: leaf["payload"] for leaf in json.loads(bytes(december.report.bundle))["leaves"]}
        assert given[first.statement.digest] is given[second.statement.digest] is None
        assert proof_ok(december.report)

    def test_after_the_last_period_a_restated_one_has_its_own_invoice(self) -> None:
        fleet, _ = e01()
        contract = published(agreement(fleet, effective={"from": "2026-01-01", "to": "2026-12-01"}))
        first = settle(contract)
        say(fleet.engines[0], "shop_out", "2026-11-10T12:20", told="2026-12-20")
        second = restate_period(statement=first.statement.id, by=BY, now=at("2026-12-21"))
        assert second is not None
        assert second.invoice is not None
        assert (second.invoice.kind, second.invoice.net_minor) == ("invoice", 120_000)


class TestProof:
    @pytest.fixture
    def done(self) -> Settlement:
        fleet, contract = e01()
        claim_exclusion(
            contract=None, category="planned", assets=fleet.engines, start=at("2026-11-20"), end=at("2026-11-21"),
            evidence={"plan": "P-7"}, by="planner", now=at("2026-11-01"),
        )  # fmt: skip
        assumed = Assumption("without the plan", [{"asset": fleet.ids[0], "initial": "down"}])
        run_outcome(
            contract=contract.id, period_start=NOVEMBER[0], period_end=NOVEMBER[1], as_of=at("2026-12-01"), by=BY,
            now=at("2026-12-01"), assumption=assumed,
        )  # fmt: skip
        return settle(contract)

    def test_the_verifier_confirms_the_delivered_bytes(self, done: Settlement) -> None:
        data = proven_bundle(done.report)
        assert all(check.holds for check in verify_report(data, trusted=done.report.fingerprint))
        head = latest_head()
        assert head is not None
        assert json.loads(data)["head"] == head.note
        assert done.report.head_size == head.size
        assert checks_of(done.report)[0].claim == "The bytes are those that were kept"

    def test_the_verifier_computes_the_figures_again(self, done: Settlement, tmp_path: Path) -> None:
        """Also from the PDF, to which the report is attached."""
        file = tmp_path / "report.pdf"
        file.write_bytes(proven_pdf(done.report))
        data = read_file(file)
        assert data == proven_bundle(done.report)
        *_, figures, compared = verify_report(data, trusted=done.report.fingerprint, figures=True)
        assert figures.holds
        assert figures.found == "10,800.00 USD, from 1 evidence segment, 1 claimed exclusion"
        assert (compared.holds, compared.found) == (True, "1 outcome of assumed evidence")

    def test_any_changed_byte_fails(self, done: Settlement) -> None:
        data = proven_bundle(done.report)
        positions = range(0, len(data), max(1, len(data) // 60))
        for position in positions:
            changed = bytearray(data)
            changed[position] ^= 1
            checks = verify_report(bytes(changed), trusted=done.report.fingerprint)
            assert not all(check.holds for check in checks), position

    def test_a_report_that_was_changed_is_not_delivered(self, done: Settlement) -> None:
        changed = done.report
        data = bytes(changed.bundle)
        changed.bundle = data.replace(b"1080000", b"1080001")
        assert not proof_ok(changed)
        for deliver in (proven_bundle, proven_pdf):
            with pytest.raises(ProofError, match="not delivered: The bytes are those that were kept"):
                deliver(changed)
        changed.bundle, changed.pdf = data, bytes(changed.pdf) + b" "
        with pytest.raises(ProofError, match="not the one that was made"):
            proven_pdf(changed)

    def test_the_outcome_can_be_computed_again_from_the_bundle(self, done: Settlement) -> None:
        bundle = Bundle.read(proven_bundle(done.report))
        assert bundle.recomputes()
        assert rated(bundle.rate_document())["total_minor"] == 1_080_000
        assert [decisions for _, decisions in bundle.claims()] == [[]]
        run = next(iter(bundle.documents["outcome_run"].values()))
        run["outcome"]["total_minor"] += 1
        assert not bundle.recomputes()

    def test_a_report_without_an_invoice(self) -> None:
        _, contract = e01()
        run = run_outcome(
            contract=contract.id, period_start=NOVEMBER[0], period_end=NOVEMBER[1], as_of=at("2026-12-05"), by=BY,
            now=at("2026-12-05"),
        )  # fmt: skip
        statement = seal_statement(run=run.id, by=BY, now=at("2026-12-05"))
        made = make_report(statement=statement.id, by=BY, now=at("2026-12-05"))
        assert make_report(statement=statement.id, by=BY, now=at("2026-12-06")) == made
        assert content_of(made, bytes(made.bundle)).invoice is None

    def test_reports_stay_as_they_are(self, done: Settlement) -> None:
        attempts: list[Callable[[], object]] = [
            lambda: Report.objects.update(bundle=b"{}"),
            lambda: Report.objects.all()._raw_delete("default"),
        ]
        for attempt in attempts:
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                attempt()

    def test_a_customer_sees_their_own_reports_only(self, done: Settlement) -> None:
        other = create_customer(name="Southwind Air", now=SIGNED).id
        mine = done.report.customer_id
        assert [row.id for row in reports(None)] == [row.id for row in reports(mine)] == [done.report.id]
        assert list(reports(other)) == []
        assert report(done.report.id, mine) == report(done.report.id, None) == done.report
        for customer, wanted in ((other, done.report.id), (mine, new_id())):
            with pytest.raises(ReportNotFoundError):
                report(wanted, customer)


class TestDocument:
    @pytest.fixture
    def done(self) -> Settlement:
        return settle(e01()[1])

    def test_the_document_carries_the_proof_and_the_figures(self, done: Settlement) -> None:
        reader = PdfReader(BytesIO(proven_pdf(done.report)))
        assert reader.attachments["report.json"] == [proven_bundle(done.report)]
        text = " ".join(" ".join(page.extract_text().split()) for page in reader.pages)
        for words in (
            "Outcome report for Northwind Air, November 2026",
            "99.88 %",
            "10,800.00 USD",
            "ME-2026-0001",
            "Meridian Engines guarantees Northwind Air the outcome of one asset of Northwind fleet.",
            done.report.fingerprint,
            done.statement.digest,
        ):
            assert words in text, words
        root: Any = reader.trailer["/Root"]
        standards = root["/Metadata"].get_data().decode()
        for name in ("<pdfaid:part>3<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"):
            assert name in standards
        assert reader.metadata is not None
        assert reader.metadata.title == "Uptime, November 2026"

    def test_the_same_report_is_the_same_bytes(self, done: Settlement) -> None:
        data = proven_bundle(done.report)
        assert document_of(done.report, Bundle.read(data), data) == bytes(done.report.pdf)


def test_the_rate_document_is_the_whole_input() -> None:
    """What is handed out is what ``manage.py rate`` takes."""
    done = settle(e01()[1])
    document = Bundle.read(proven_bundle(done.report)).rate_document()
    assert json.loads(canonical_json(document)) == document
    assert rated(document) == done.statement.run.document["outcome"]
