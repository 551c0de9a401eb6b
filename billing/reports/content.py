"""What a report says, in the order in which it is read: the same for the page and for the document.

Everything is taken from the proof bundle, the invoice and the statements before, so that a report says nothing that is
not sealed. Times are those of the contract's zone; percentages are cut off, never rounded up. Words and figures are
those of the language that is spoken; only the sentences of the contract stay as both sides have signed them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, gettext_noop

from billing.contracts.agreement import AgreementDocument
from billing.contracts.schemas import MeteredFeeDocument
from billing.contracts.shown import hours_shown, moment_shown, money_shown, percent_shown, period_shown, span_shown
from billing.contracts.wording import describe
from billing.outcomes.assembly import silent_approval
from billing.outcomes.domain.fees import taken
from billing.outcomes.domain.figures import exact_text, percent_text
from billing.reports.bundles import Bundle
from billing.reports.corrections import correction_rows
from billing.reports.decisions import decided, why_decided
from billing.reports.incidents import incident_rows
from billing.reports.money import invoice_part, line_parts, told_of_version
from billing.reports.schemas import (
    AssetRow,
    ClausePart,
    Comparison,
    Content,
    ExclusionRow,
    Figure,
    History,
    Proof,
)
from billing.reports.signatures import signature_under
from billing.reports.timelines import Periods
from billing.statements.reached import guarantee_shown, percent_drawn, percent_or_word, target_of
from billing.statements.steps import cap_steps
from tenants.edge.formats import number_shown
from tenants.kernel.calendars import epoch_ms, time_zone
from tenants.kernel.canonical import digest

Json = Mapping[str, Any]
PLAN_NAME = gettext_noop("As it was")


def report_content(
    bundle: Bundle,
    invoice: Json | None,
    *,
    accepted: str | None = None,
    history: History | None = None,
    replaced_minor: int | None = None,
    page: str = "",
) -> Content:
    """The content of a report.

    Args:
        bundle: The proof bundle, verified.
        invoice: The document of the invoice; None when the statement has none of its own.
        accepted: The text that the customer accepted of the contract; None where it needed nobody to.
        history: The periods up to this one, from the statements of the contract; None for a first one.
        replaced_minor: The total of the version that this one takes the place of; None for a first one.
        page: Where the report stands on the web; empty where that is not told.
    """
    content = _Writer(bundle).content(invoice, accepted, history)
    return replace(content, replaced=told_of_version(bundle.statement, invoice, replaced_minor), page=page)


class _Writer:
    """Writes the parts of one report."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.statement, self.run = bundle.statement, bundle.run
        self.outcome: Json = self.run["outcome"]
        self.agreement: AgreementDocument = bundle.agreement
        self.zone: ZoneInfo = time_zone(self.agreement.terms.time_zone)
        self.start, self.end = (_moment(self.run["period"][side]) for side in ("start", "end"))
        self.names = self.agreement.assets

    def content(self, invoice: Json | None, accepted: str | None, history: History | None) -> Content:
        parties, periods = self.agreement.parties, Periods(self.bundle, self.agreement, (self.start, self.end))
        clauses = tuple(self.clauses())
        return Content(
            title=self.agreement.title,
            provider=parties.provider,
            customer=parties.customer,
            period=period_shown(self.start, self.end, self.zone),
            zone=self.zone.key,
            version=self.statement["version"],
            as_of=moment_shown(_moment(self.run["as_of"]), self.zone),
            sealed_at=moment_shown(_moment(self.statement["sealed_at"]), self.zone),
            figures=tuple(self.figures(clauses, invoice)),
            sentences=tuple(describe(self.agreement)),
            signature=signature_under(self.bundle, accepted, self.zone),
            unit=fee.unit if isinstance(fee := self.agreement.terms.fee, MeteredFeeDocument) else "",
            clauses=clauses,
            exclusions=tuple(self.exclusions()),
            corrections=tuple(correction_rows(self.bundle, self.names, self.zone)),
            unrated=len(self.outcome["workings"]["unrated"]),
            lines=tuple(line_parts(self.statement, self.outcome, self.agreement)),
            total=self.money(self.statement["total_minor"]),
            limits=cap_steps(self.outcome, self.agreement),
            replaced="",
            comparisons=tuple(self.comparisons()),
            invoice=None if invoice is None else invoice_part(invoice, self.outcome["currency"]),
            proof=self.proof(),
            timelines=tuple(periods.timelines()),
            days=tuple(periods.days()),
            history=history,
            page="",
        )

    def money(self, minor: int) -> str:
        return money_shown(minor, self.outcome["currency"])

    def figures(self, clauses: tuple[ClausePart, ...], invoice: Json | None) -> Iterator[Figure]:
        for clause in clauses:
            yield Figure(clause.title, clause.reached, clause.guarantee)
        credit = sum(line["minor"] for line in self.statement["lines"] if line["kind"] == "clause")
        yield Figure(gettext("Fee"), self.money(self.outcome["fee_minor"]), self.fee_note())
        name = gettext("Credits") if credit <= 0 else gettext("Bonus")
        yield Figure(name, self.money(credit), gettext("by the outcome"))
        number = gettext("no invoice of its own") if invoice is None else invoice["invoice"]
        yield Figure(gettext("Total"), self.money(self.statement["total_minor"]), number)

    def fee_note(self) -> str:
        fee = self.agreement.terms.fee
        if not isinstance(fee, MeteredFeeDocument):
            return gettext("for the period")
        parts = self.outcome["workings"]["fee"]["parts"]
        return f"{number_shown(exact_text(taken(parts)))} {fee.unit}"

    def clauses(self) -> Iterator[ClausePart]:
        terms = {clause.id: [one.model_dump() for one in clause.remedies] for clause in self.agreement.terms.clauses}
        workings = {clause["id"]: clause for clause in self.outcome["workings"]["clauses"]}
        for clause in self.outcome["clauses"]:
            amount, target = clause["amount_minor"], target_of(terms[clause["id"]])
            title, reached = _capitalised(clause["id"]), percent_or_word(clause)
            yield ClausePart(
                id=clause["id"],
                title=title,
                reached=f"{reached} %" if clause["status"] == "settled" else reached,
                percent=percent_shown(clause["percent"]),
                exact=clause["ratio"] or "–",
                target=target,
                guarantee=guarantee_shown(target),
                status=_status(clause["status"]),
                is_settled=clause["status"] == "settled",
                coverage=percent_shown(clause["coverage_percent"]),
                amount="–" if amount is None else self.money(amount),
                assets=tuple(self.assets(workings[clause["id"]])),
                incidents=incident_rows(workings[clause["id"]], self.names, self.zone),
            )

    def assets(self, workings: Json) -> Iterator[AssetRow]:
        volumes = self.outcome["workings"]["fee"]["volumes"]
        for one in workings["assets"]:
            totals = one["totals"]
            unknown = totals["unknown_up"] + totals["unknown_down"] + totals["unknown_out"]
            volume = volumes.get(one["asset"])
            yield AssetRow(
                name=self.names[one["asset"]],
                committed=hours_shown(totals["up"] + totals["down"] + unknown),
                down=hours_shown(totals["down"]),
                excluded=hours_shown(totals["excluded"]),
                unknown=hours_shown(unknown),
                percent="–" if one["ratio"] is None else percent_shown(percent_text(Fraction(one["ratio"]))),
                volume="–" if volume is None else number_shown(exact_text(Fraction(volume))),
            )

    def exclusions(self) -> Iterator[ExclusionRow]:
        for claim, decisions in self.bundle.claims():
            start, end = _moment(claim["from"]), _moment(claim["to"])
            decision = decisions[-1] if decisions else silent_approval(claim, self.run["as_of"], self.zone)
            yield ExclusionRow(
                category=claim["category"],
                assets=", ".join(self.names.get(asset, asset) for asset in claim["assets"]),
                span=span_shown(epoch_ms(start), epoch_ms(end), self.zone),
                claimed=f"{claim['claimed_by']}, {moment_shown(_moment(claim['claimed_at']), self.zone)}",
                decision=decided(claim, decision),
                why=why_decided(claim, decision, self.zone),
                excluded=gettext("yes") if self.is_excluded(claim, decision) else gettext("no"),
            )

    def is_excluded(self, claim: Json, decision: Json | None) -> bool:
        """Whether some time of a claim that is approved is excluded under its category, in any clause."""
        if decision is None or decision["decision"] != "approved":
            return False
        start, end = (epoch_ms(_moment(claim[side])) for side in ("from", "to"))
        return any(
            category == "excluded" and detail == claim["category"] and begins < end and start < ends
            for clause in self.outcome["workings"]["clauses"]
            for one in clause["assets"]
            if one["asset"] in claim["assets"]
            for begins, ends, category, detail in one["segments"]
        )

    def comparisons(self) -> Iterator[Comparison]:
        """How it was beside each world that did not happen, all computed by the same engine on the same terms."""
        others = self.statement["comparisons"]
        if others:
            yield self.comparison(gettext(PLAN_NAME), self.outcome)
        for other in others:
            yield self.comparison(_capitalised(other["assumption"]), other)

    def comparison(self, name: str, outcome: Json) -> Comparison:
        difference = outcome["total_minor"] - self.outcome["total_minor"]
        return Comparison(
            name=name,
            percents=tuple(percent_or_word(clause) for clause in outcome["clauses"]),
            drawn=next(map(percent_drawn, outcome["clauses"]), None),
            fee=self.money(outcome["fee_minor"]),
            total=self.money(outcome["total_minor"]),
            difference=self.money(difference) if difference else "–",
        )

    def proof(self) -> Proof:
        log, entries = self.bundle.head.split("\n")[:2]
        relies_on = self.statement["relies_on"]
        return Proof(
            fingerprint=self.bundle.fingerprint,
            log=log,
            entries=entries,
            statement=digest(self.statement),
            run=relies_on["outcome_run"][0],
            contract=relies_on["contract_version"][0],
            engine=self.outcome["engine"],
        )


def _status(status: str) -> str:
    return {"settled": gettext("settled"), "indeterminate": gettext("indeterminate")}.get(status, status)


def _capitalised(name: str) -> str:
    return name[:1].upper() + name[1:]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
