"""The rate document, version 1: one self-contained document that holds all an outcome is computed from.

Times without offset are local to the contract's zone. ``billing.outcomes.intake`` turns its text into what the engine
rates, or into findings.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from billing.contracts.domain import State
from billing.contracts.fields import Decimal, Document, Moment, Name, Names, Share, refusal
from billing.contracts.schemas import ContractDocument


def _version(number: int) -> int:
    if number != 1:
        raise refusal("rate.unknown_version", f"There is no version {number} of this document.", "Write 1.")
    return number


class PeriodForm(Document):
    """The billing period; a date is its local midnight, the end is the first instant after."""

    start: Moment
    end: Moment


class ServiceForm(Document):
    """When an asset was in service; null on a side is without end."""

    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")


class StateForm(Document):
    """The state of an asset over a span."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    state: State
    received: Moment


class CounterForm(Document):
    """A reading of a cumulative counter; the same id is the same reading."""

    id: Name
    at: Moment
    value: Decimal
    received: Moment


class RateForm(Document):
    """The error share of an asset over one interval or several."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    value: Share
    received: Moment | None = None


class EvidenceForm(Document):
    """What is known about one asset; ``initial`` is its state wherever no report says another, null is unknown.

    ``measures`` are further counters by name, ``conditions`` tell by name when something held (``up``) and when not.
    """

    in_service: ServiceForm | None = None
    initial: State | None = None
    states: list[StateForm] = Field(default_factory=list)
    counters: list[CounterForm] = Field(default_factory=list)
    rates: list[RateForm] = Field(default_factory=list)
    measures: dict[Name, list[CounterForm]] = Field(default_factory=dict)
    conditions: dict[Name, list[StateForm]] = Field(default_factory=dict)


class ExclusionForm(Document):
    """A span that is not to count for some assets, and when the other side approved that (null: it has not).

    One that was ``withdrawn`` by then counts as if it had never been asked for (null: it was not).
    """

    category: Name
    assets: Names
    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    approved: Moment | None
    withdrawn: Moment | None = None


class RateDocumentForm(Document):
    """A contract, the evidence, the exclusions, the period and the moment of knowledge."""

    rate: Annotated[int, AfterValidator(_version), Field(json_schema_extra={"const": 1})]
    period: PeriodForm
    as_of: Moment
    contract: ContractDocument
    evidence: dict[Name, EvidenceForm]
    exclusions: list[ExclusionForm] = Field(default_factory=list)


def rate_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a rate document, as published under ``docs/schemas``."""
    schema = RateDocumentForm.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Rate document"}
