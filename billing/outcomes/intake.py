"""From the text of a rate document to what the engine rates: all of it fits, or nothing is rated.

1. strict JSON: no key twice, no NaN, no broken text;
2. the form: fields, types, ranges, and the terms of the contract;
3. meaning: times in the contract's zone, spans that run forward, assets and units that agree.

Of evidence that is plain, which is most of all that there is, the form is not asked (`plain_evidence`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from billing.contracts.fields import DocumentError, findings_of, place_of
from billing.contracts.strict_json import strict_json
from billing.outcomes.disagreements import disagreements
from billing.outcomes.domain.document import (
    AssetEvidence,
    CounterReading,
    ExclusionClaim,
    RateDocument,
    RateReport,
    StateReport,
)
from billing.outcomes.plain_evidence import decimal_ratio, plain_evidence
from billing.outcomes.schemas import (
    CounterForm,
    EvidenceForm,
    ExclusionForm,
    PeriodForm,
    RateDocumentForm,
    RateForm,
    ServiceForm,
    StateForm,
)
from tenants.kernel.calendars import Span, parse_moment
from tenants.kernel.errors import Finding

_NO_TIME = ("is no day and time of the calendar", "Write one that exists.")
_LEAP_SECOND = (
    "is a leap second, which the calendar that both sides reckon with does not have",
    "Write the last millisecond of the minute, such as 23:59:59.999, or the beginning of the next.",
)

_LONGEST_PERIOD_MS = 3660 * 86_400_000


def read_rate_document(text: bytes) -> RateDocument:
    """The document in a UTF-8 JSON text.

    Raises:
        DocumentError: It does not fit; the findings name every place that could be told apart.
    """
    return rate_document_of(strict_json(text))


def rate_document_of(tree: Any) -> RateDocument:
    """The document in a JSON value that no other can be mistaken for: read strictly, or made here.

    Raises:
        DocumentError: It does not fit; the findings name every place that could be told apart.
    """
    plain = plain_evidence(tree.get("evidence")) if isinstance(tree, dict) else {}
    try:
        form = RateDocumentForm.model_validate(_without(tree, plain) if plain else tree)
    except ValidationError as error:
        raise DocumentError(findings_of(error, tree)) from None
    return _Intake(form).document(plain, tree["evidence"])


def _without(tree: dict[str, Any], plain: Mapping[str, AssetEvidence]) -> dict[str, Any]:
    """A document without the evidence that is read already."""
    return {**tree, "evidence": {asset: known for asset, known in tree["evidence"].items() if asset not in plain}}


class _Intake:
    """Reads a form in the zone of its contract and gathers what has no meaning on the way."""

    def __init__(self, form: RateDocumentForm) -> None:
        self.form = form
        self.contract = form.contract.terms()
        self.findings: list[Finding] = []

    def document(self, plain: Mapping[str, AssetEvidence], order: Iterable[str]) -> RateDocument:
        """The document with the evidence that was read already, its assets in order; or all findings at once."""
        document = RateDocument(
            period=self.period(self.form.period),
            as_of=self.moment(self.form.as_of, "as_of"),
            contract=self.contract,
            evidence=self.evidence(plain, order),
            exclusions=tuple(self.claim(one, "exclusions", at) for at, one in enumerate(self.form.exclusions)),
        )
        self.findings += disagreements(document)
        if self.findings:
            raise DocumentError(self.findings)
        return document

    def moment(self, text: str, *place: str | int) -> int:
        try:
            return parse_moment(text, self.contract.zone)
        except ValueError:
            why, fix = _LEAP_SECOND if text[16:19] == ":60" else _NO_TIME
            self.complain("document.malformed", f"{text} {why}.", fix, *place)
            return 0

    def span(self, start: str, end: str, *place: str | int) -> Span:
        """Two moments in order; equal ones only where local times fell into a gap of the clocks."""
        known = len(self.findings)
        span = self.moment(start, *place, "from"), self.moment(end, *place, "to")
        if len(self.findings) == known and (span[1] < span[0] or start == end):
            self.complain(
                "evidence.reversed",
                f"It ends at {end}, which is not after its start at {start}.",
                "Swap or mend them; where the clocks are set back, write local times with their offset.",
                *place,
                "to",
            )
        return span

    def period(self, form: PeriodForm) -> Span:
        known = len(self.findings)
        start, end = self.moment(form.start, "period", "start"), self.moment(form.end, "period", "end")
        if len(self.findings) == known and not start < end <= start + _LONGEST_PERIOD_MS:
            self.complain(
                "rate.period",
                "The period must end after its start and within ten years of it.",
                "Write the first day of the period and the first day after it.",
                "period",
                "end",
            )
        return start, end

    def evidence(self, plain: Mapping[str, AssetEvidence], order: Iterable[str]) -> dict[str, AssetEvidence]:
        read = {asset: self.asset(asset, known) for asset, known in self.form.evidence.items()}
        return {asset: plain.get(asset) or read[asset] for asset in order}

    def asset(self, asset: str, form: EvidenceForm) -> AssetEvidence:
        place = ("evidence", asset)
        return AssetEvidence(
            in_service=self.service(form.in_service, *place, "in_service"),
            initial=form.initial or "unknown",
            states=tuple(self.state(one, *place, "states", at) for at, one in enumerate(form.states)),
            counters=tuple(self.counter(one, *place, "counters", at) for at, one in enumerate(form.counters)),
            rates=tuple(self.rate(one, *place, "rates", at) for at, one in enumerate(form.rates)),
            measures={
                name: tuple(self.counter(one, *place, "measures", name, at) for at, one in enumerate(some))
                for name, some in form.measures.items()
            },
            conditions={
                name: tuple(self.state(one, *place, "conditions", name, at) for at, one in enumerate(some))
                for name, some in form.conditions.items()
            },
        )

    def state(self, form: StateForm, *place: str | int) -> StateReport:
        start, end = self.span(form.start, form.end, *place)
        return StateReport(start, end, form.state, self.moment(form.received, *place, "received"))

    def counter(self, form: CounterForm, *place: str | int) -> CounterReading:
        at, received = self.moment(form.at, *place, "at"), self.moment(form.received, *place, "received")
        return CounterReading(form.id, at, decimal_ratio(form.value), received)

    def rate(self, form: RateForm, *place: str | int) -> RateReport:
        start, end = self.span(form.start, form.end, *place)
        received = None if form.received is None else self.moment(form.received, *place, "received")
        return RateReport(start, end, Fraction(form.value), received)

    def service(self, form: ServiceForm | None, *place: str | int) -> tuple[int | None, int | None]:
        if form is None:
            return None, None
        if form.start is not None and form.end is not None:
            return self.span(form.start, form.end, *place)
        start = None if form.start is None else self.moment(form.start, *place, "from")
        return start, None if form.end is None else self.moment(form.end, *place, "to")

    def claim(self, form: ExclusionForm, *place: str | int) -> ExclusionClaim:
        start, end = self.span(form.start, form.end, *place)
        approved = None if form.approved is None else self.moment(form.approved, *place, "approved")
        withdrawn = None if form.withdrawn is None else self.moment(form.withdrawn, *place, "withdrawn")
        return ExclusionClaim(form.category, tuple(form.assets), start, end, approved, withdrawn)

    def complain(self, code: str, message: str, fix: str, *place: str | int) -> None:
        self.findings.append(Finding(code, place_of(*place), message, fix))
