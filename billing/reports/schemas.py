"""The parts of a report as they are shown: texts that are ready to be read, on the page and in the document."""

from __future__ import annotations

from dataclasses import dataclass

from billing.reports.corrections import CorrectionRow
from billing.reports.incidents import IncidentRow
from billing.reports.outages import OutageRow


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure on top of the report."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class AssetRow:
    """One asset under one clause: hours by what they count as, its own outcome in percent, its volume."""

    name: str
    committed: str
    down: str
    excluded: str
    unknown: str
    percent: str
    volume: str


@dataclass(frozen=True, slots=True)
class ClausePart:
    """One clause: what was reached, and on what; ``target`` in percent, ``incidents`` only of response times.

    ``reached`` is the percent with its sign, or that it cannot be said.
    """

    id: str
    title: str
    reached: str
    percent: str
    exact: str
    target: str | None
    guarantee: str
    status: str
    is_settled: bool
    coverage: str
    amount: str
    assets: tuple[AssetRow, ...]
    incidents: tuple[IncidentRow, ...] | None


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """An exclusion that was claimed, what was decided about it last, and whether any of its time is excluded."""

    category: str
    assets: str
    span: str
    claimed: str
    decision: str
    why: str
    excluded: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One way the period went or could have gone; ``drawn`` is the percent of the first clause where it has one."""

    name: str
    percents: tuple[str, ...]
    drawn: str | None
    fee: str
    total: str
    difference: str


@dataclass(frozen=True, slots=True)
class LinePart:
    """A line of the statement, and the steps by which it came about."""

    text: str
    amount: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InvoicePart:
    """The invoice of the statement."""

    title: str
    number: str
    issued: str
    due: str
    lines: tuple[tuple[str, str], ...]
    net: str
    tax: str
    tax_label: str
    gross: str


@dataclass(frozen=True, slots=True)
class Signature:
    """That the customer accepted the contract: by whom and when in a sentence, and the digest of what they accepted.

    Attributes:
        told: The sentence.
        digest: SHA-256 of the text that was accepted.
        text: That text, where the contract would be told in other words today; empty where it would not.
    """

    told: str
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What the reader checks the report by."""

    fingerprint: str
    log: str
    entries: str
    statement: str
    run: str
    contract: str
    engine: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of one category in the picture of the period, as shares of it from 0 to 1."""

    start: float
    end: float
    category: str


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """The period of one asset as spans, or of several whose time went alike."""

    names: tuple[str, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """An asset and the whole digest of its sealed segment of evidence."""

    asset: str
    digest: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The period as some clauses cut it.

    Attributes:
        title: Which clauses it holds for; empty where the contract has only one.
        clause: The one that is disputed with one of its outages; empty where it need not be said.
        rows: What is drawn.
        counts: Whether outages count under its clauses.
        outages: Those that count.
        sealed: The segments that they stand in.
    """

    title: str
    clause: str
    rows: tuple[TimelineRow, ...]
    counts: bool
    outages: tuple[OutageRow, ...]
    sealed: tuple[Sealed, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """One period of the contract in its newest version: what each clause reached, and what it came to.

    Attributes:
        name: The period in words.
        short: The same where there is little room.
        version: Which version of its statement.
        percents: What each clause of the history reached, cut off at two digits, or that it cannot be said; an en dash
            where it was no part of the contract.
        drawn: The percents with six digits; None where there is none.
        fee: The fee.
        credit: What the clauses added to it, less than nothing for credits.
        earlier: What differences of earlier periods added.
        total: All of it.
        fee_minor: The fee in minor units, to be drawn.
        total_minor: The total in minor units, to be drawn.
        currency: What both are in.
    """

    name: str
    short: str
    version: int
    percents: tuple[str, ...]
    drawn: tuple[str | None, ...]
    fee: str
    credit: str
    earlier: str
    total: str
    fee_minor: int
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class History:
    """The last periods of the contract up to that of the report, the first first; ``clauses`` names what they share."""

    clauses: tuple[str, ...]
    months: tuple[Month, ...]

    def rows(self) -> list[tuple[Month, list[tuple[str, str]]]]:
        """Each period with what was reached in it, clause by clause."""
        return [(month, list(zip(self.clauses, month.percents, strict=True))) for month in self.months]


@dataclass(frozen=True, slots=True)
class Content:
    """A whole report."""

    title: str
    provider: str
    customer: str
    period: str
    zone: str
    version: int
    as_of: str
    sealed_at: str
    figures: tuple[Figure, ...]
    sentences: tuple[str, ...]
    signature: Signature | None
    unit: str
    clauses: tuple[ClausePart, ...]
    exclusions: tuple[ExclusionRow, ...]
    corrections: tuple[CorrectionRow, ...]
    unrated: int
    lines: tuple[LinePart, ...]
    total: str
    limits: tuple[str, ...]
    replaced: str
    comparisons: tuple[Comparison, ...]
    invoice: InvoicePart | None
    proof: Proof
    timelines: tuple[Timeline, ...]
    days: tuple[tuple[float, str], ...]
    history: History | None
    page: str
