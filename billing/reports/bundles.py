"""What stands in a proof bundle, found again: the documents by kind, the rate document, the outcome recomputed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from billing.contracts.acceptance import ACCEPTANCE
from billing.contracts.agreement import AgreementDocument
from billing.outcomes.assembly import rate_document, rated
from billing.outcomes.years import left_of_year
from tenants.kernel.canonical import canonical_json

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bundle:
    """The documents of a bundle.

    Attributes:
        statement: The statement.
        documents: All that are given with it, by kind and digest, in the order of the log.
        head: The signed head of the log.
        fingerprint: That of the log's key.
    """

    statement: Json
    documents: dict[str, dict[str, Json]]
    head: str
    fingerprint: str

    @classmethod
    def read(cls, data: bytes) -> Bundle:
        """The bundle in the bytes of a report that has been verified."""
        tree = msgspec.json.decode(data)
        documents: dict[str, dict[str, Json]] = {}
        for leaf in tree["leaves"]:
            if leaf["payload"] is not None:
                documents.setdefault(leaf["kind"], {})[leaf["digest"]] = leaf["payload"]
        return cls(tree["statement"], documents, tree["head"], tree["key"]["fingerprint"])

    @property
    def agreement(self) -> AgreementDocument:
        """The contract the statement rests on."""
        (name,) = self.statement["relies_on"]["contract_version"]
        return AgreementDocument.read(self.documents["contract_version"][name])

    @property
    def acceptance(self) -> Json | None:
        """How the customer accepted the contract, as it was logged; None where the contract needed nobody to."""
        (accepted,) = self.relied_upon(ACCEPTANCE) or (None,)
        return accepted

    @property
    def run(self) -> Json:
        """The run the statement was made of."""
        (name,) = self.statement["relies_on"]["outcome_run"]
        return self.documents["outcome_run"][name]

    def relied_upon(self, kind: str) -> list[Json]:
        """The documents of a kind that the run rests on, in its order."""
        return [self.documents[kind][name] for name in self.run["relies_on"].get(kind, ())]

    def claims(self) -> list[tuple[Json, list[Json]]]:
        """The exclusions the run looked at, each with the decisions about it."""
        decided: dict[str, list[Json]] = {}
        for decision in self.relied_upon("exclusion_decision"):
            decided.setdefault(decision["exclusion"], []).append(decision)
        return [(claim, decided.get(claim["exclusion"], [])) for claim in self.relied_upon("exclusion")]

    def rate_document(self) -> Json:
        """What the outcome is computed from: anybody's engine gives the same for it."""
        return rate_document(
            self.agreement,
            self.run["period"],
            self.run["as_of"],
            self.relied_upon("evidence_segment"),
            self.claims(),
            self.year_remaining(),
            self.relied_upon("evidence_correction"),
        )

    def year_remaining(self) -> int | None:
        """What the run was left of the limit of its contract year, minor units; None without such a limit."""
        year: Json | None = self.run.get("year_cap")
        cap = self.agreement.year_cap_minor
        if year is None or cap is None:
            return None
        return left_of_year(cap, (one["credits_minor"] for one in year["credited"]))

    def recomputes(self) -> bool:
        """Whether the outcome in the run is what the engine gives for the evidence in the bundle, byte for byte."""
        outcome: Json = self.run["outcome"]
        return canonical_json(rated(self.rate_document())) == canonical_json(outcome)
