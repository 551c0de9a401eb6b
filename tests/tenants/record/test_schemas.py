from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from tenants.kernel.canonical import digest
from tenants.record.domain.heads import Head, sign_head
from tenants.record.domain.leaves import Leaf
from tenants.record.domain.notes import verifier_of
from tenants.record.domain.tree import MemoryStore, append, consistency_proof, inclusion_proofs, root
from tenants.record.schemas import Growth, ProofBundle, ProvenLeaf, proof_bundle_schema

PUBLISHED = Path(__file__).parents[3] / "docs" / "schemas" / "proof-bundle.schema.json"
ORIGIN = "outturn.example/log/1"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
STATEMENT = {"number": 7, "total_minor": 108_000}


def a_bundle() -> ProofBundle:
    store = MemoryStore()
    leaves = [Leaf.of("evidence_segment", {"hour": number}, bytes([number] * 16)) for number in range(10)]
    leaves.append(Leaf.of("statement", STATEMENT, bytes(16)))
    append(store, 0, [leaf.hash for leaf in leaves])
    wanted = [10, 3, 2]
    return ProofBundle.assemble(
        statement=STATEMENT,
        leaves=[
            ProvenLeaf(index, leaves[index], path, {"hour": index} if index < 10 else None)
            for index, path in zip(wanted, inclusion_proofs(store, wanted, 11), strict=True)
        ],
        head=sign_head(Head(ORIGIN, 11, root(store, 11)), KEY),
        verifier=verifier_of(ORIGIN, KEY),
        previous=Growth(sign_head(Head(ORIGIN, 4, root(store, 4)), KEY), consistency_proof(store, 4, 11)),
    )


def test_the_bundle_puts_entries_in_order_and_shares_hashes() -> None:
    bundle = a_bundle()
    assert [leaf.index for leaf in bundle.leaves] == [2, 3, 10]
    assert [leaf.path for leaf in bundle.leaves] == [(0, 1, 2, 3), (4, 1, 2, 3), (5, 6)]
    assert len(set(bundle.hashes)) == len(bundle.hashes) == 7
    assert bundle.hashes[0] == Leaf.of("evidence_segment", {"hour": 3}, bytes([3] * 16)).hash.hex()
    assert bundle.leaves[2].digest == digest(STATEMENT)
    assert bundle.leaves[2].payload is None


def test_the_file_is_canonical_json_and_reads_back() -> None:
    bundle = a_bundle()
    data = bundle.to_bytes()
    assert data.startswith(b'{"bundle":1,"hashes":["')
    assert ProofBundle.model_validate_json(data) == bundle
    jsonschema.validate(json.loads(data), json.loads(PUBLISHED.read_text()))


def test_a_member_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError):
        ProofBundle.model_validate({**a_bundle().model_dump(mode="json"), "extra": 1})


def test_the_published_schema_is_the_one_of_the_code() -> None:
    assert PUBLISHED.read_text() == proof_bundle_schema()
