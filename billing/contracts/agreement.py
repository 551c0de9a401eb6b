"""The agreement: the terms of an outcome contract with who, what, when and on which assumptions.

This is the document that a contract version is: canonical JSON, digested, logged, never changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from billing.contracts.fields import (
    Date,
    Document,
    DocumentError,
    Duration,
    LastingDuration,
    Minor,
    Name,
    Percentage,
    findings_of,
    refusal,
    without_repeats,
)
from billing.contracts.schemas import ContractDocument
from tenants.kernel.calendars import from_epoch_ms, local_ms, time_zone
from tenants.kernel.canonical import digest

_LATER = frozenset({"acceptance", "objection", "year_cap_minor", "grace"})
"""Fields that documents of before do not have: without a value they are not written."""
_ID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


def _id(text: str) -> str:
    if not re.fullmatch(_ID, text):
        raise refusal("document.malformed", "This is not an id.", "Write the UUID in lower case, with its hyphens.")
    return text


Id = Annotated[str, AfterValidator(_id), WithJsonSchema({"type": "string", "pattern": _ID})]
Title = Annotated[str, Field(min_length=1, max_length=120)]

_Document = TypeVar("_Document", bound=Document)


def read_document(kind: type[_Document], value: object) -> _Document:
    """A document of some kind in a JSON value.

    Raises:
        DocumentError: It does not fit; the findings say where.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise DocumentError(findings_of(error, value)) from None


class EffectiveDocument(Document):
    """The local days on which the contract holds; ``to`` is the first day on which it does not (null: no end)."""

    start: Date = Field(alias="from")
    end: Date | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise refusal("contract.effective", "It ends before it begins.", "Write a `to` after `from`, or null.")
        return self


class PartiesDocument(Document):
    """Who gives the guarantee and who receives it, as they are called in the contract."""

    provider: Name
    customer: Name


class AssumptionsDocument(Document):
    """What both sides took for granted: what plans and comparisons are reckoned with."""

    planned_visit: LastingDuration
    repair: LastingDuration
    bays: Annotated[int, Field(ge=1, le=1000)]


class PreapprovalDocument(Document):
    """A category whose exclusions the customer approves in advance.

    ``notice`` is how long before its start an exclusion must be claimed; null also approves what is claimed later.
    """

    category: Name
    notice: Duration | None = "PT0S"


class AgreementTerms(Document):
    """What people write of a contract; the rest of the agreement follows from it and from the twin.

    Attributes:
        acceptance: With ``required`` a version takes effect only once the customer has accepted it.
        objection: How long the customer may take to say something about an exclusion that is claimed; one about which
            nothing was said by then counts as approved at that moment. Without it only what is approved counts.
        year_cap_minor: The most that all credits of a contract year come to, in minor units; a year begins on each
            anniversary of the first day on which the contract held, on the clocks of its zone.
        grace: How long after its end a month is settled by itself; without it somebody settles it.
    """

    title: Title
    customer: Id
    twin: Id
    effective: EffectiveDocument
    terms: ContractDocument
    preapproved: list[PreapprovalDocument] = Field(default_factory=list)
    assumptions: AssumptionsDocument | None = None
    tax_percent: Percentage = "0"
    payment_days: Annotated[int, Field(ge=0, le=365)] = 30
    acceptance: Literal["required"] | None = None
    objection: LastingDuration | None = None
    year_cap_minor: Minor | None = None
    grace: Duration | None = None

    @model_validator(mode="after")
    def _billable(self) -> Self:
        without_repeats([rule.category for rule in self.preapproved])
        known = {rule.category for clause in self.terms.clauses for rule in clause.exclusions}
        for rule in self.preapproved:
            if rule.category not in known:
                raise refusal(
                    "contract.preapproved",
                    f"No clause excludes {rule.category}, so there is nothing to approve.",
                    "Add the category to the exclusions of a clause, or remove it here.",
                )
        if self.terms.caps.year_remaining_minor is not None:
            raise refusal(
                "contract.year_cap",
                "What is left of a year's limit changes from month to month and cannot stand in a contract.",
                "Write null, and the limit of a whole year as `year_cap_minor`.",
            )
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if name not in _LATER or value is not None}

    @classmethod
    def read(cls, value: object) -> Self:
        """The document in a JSON value.

        Raises:
            DocumentError: It does not fit; the findings say where.
        """
        return read_document(cls, value)

    def as_json(self) -> dict[str, Any]:
        """The JSON value, with every field written out but those of `_LATER` that say nothing."""
        return self.model_dump(mode="json", by_alias=True)


def _one_or_more(assets: dict[str, str]) -> dict[str, str]:
    if not assets:
        raise refusal("contract.no_assets", "The contract is about no asset.", "Choose a twin that has assets.")
    return assets


class AgreementDocument(AgreementTerms):
    """A version of a contract.

    Attributes:
        contract: The contract this is a version of.
        assets: What it is about, by id, with the names of that time.
    """

    agreement: Literal[1]
    contract: Id
    version: Annotated[int, Field(ge=1)]
    parties: PartiesDocument
    twin_name: Name
    assets: Annotated[dict[Id, Name], AfterValidator(_one_or_more)]

    @model_validator(mode="after")
    def _about_its_assets(self) -> Self:
        for at, clause in enumerate(self.terms.clauses):
            for asset in clause.assets:
                if asset not in self.assets:
                    raise refusal(
                        "contract.unknown_asset",
                        f"Clause {at + 1} speaks of {asset}, which the published twin does not have.",
                        "Take the ids of assets from the published twin.",
                    )
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return digest(self.as_json())

    @property
    def effective_from(self) -> datetime:
        """The first instant at which it holds."""
        return self._midnight(self.effective.start)

    @property
    def effective_to(self) -> datetime | None:
        """The first instant at which it does not hold any more; None is without end."""
        return None if self.effective.end is None else self._midnight(self.effective.end)

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether it holds throughout ``[start, end)``."""
        last = self.effective_to
        return self.effective_from <= start and (last is None or end <= last)

    def preapproval(self, category: str) -> PreapprovalDocument | None:
        """The rule by which exclusions of a category are approved in advance."""
        return next((rule for rule in self.preapproved if rule.category == category), None)

    def _midnight(self, day: str) -> datetime:
        zone = time_zone(self.terms.time_zone)
        return from_epoch_ms(local_ms(datetime.combine(date.fromisoformat(day), datetime.min.time()), zone))


def agreement_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a contract version, as published under ``docs/schemas``."""
    schema: Mapping[str, Any] = AgreementDocument.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Contract version"}
