"""``bench proof`` runs at toy size, and what it compares with is RFC 6962."""

from __future__ import annotations

import argparse
import hashlib
import random

import pytest

from deploy.benchmarks import proof, result
from deploy.benchmarks.proof import Definition, mismatches
from tenants.kernel.clock import utc_now
from tenants.record.schemas import NewEntry
from tenants.record.services import append_leaves
from tenants.scope.context import scope
from tenants.scope.models import Tenant
from tests.tenants.record.test_tree import REFERENCE_LEAVES, REFERENCE_ROOTS


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_runs_at_toy_size() -> None:
    stages: list[str] = []
    options = argparse.Namespace(toy=True, leaves=100_000)
    told = result("proof", proof.run(options, lambda _, what: stages.append(what)))
    assert list(dict.fromkeys(stages)) == ["appending", "proving", "comparing with the definition"]
    assert (told["leaves"], told["root_mismatches"]) == (300, 0)
    assert min(told["append_us"], told["inclusion_ms"], told["consistency_ms"], told["verify_us"]) > 0
    assert set(told["targets"]) < set(told)


@pytest.mark.django_db
def test_what_is_another_is_counted(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [NewEntry("measured", f"{number:064x}") for number in range(9)]
    with scope(tenant.id):
        logged = [one.leaf for one in append_leaves(entries=entries, now=utc_now())]
    assert mismatches(tenant.id, logged, 3, random.Random(1)) == 0
    monkeypatch.setattr(Definition, "mth", lambda *_: b"")
    assert mismatches(tenant.id, logged, 3, random.Random(1)) >= 5


def test_the_definition_gives_the_reference_roots() -> None:
    definition = Definition(REFERENCE_LEAVES)
    assert [definition.mth(0, size + 1).hex() for size in range(8)] == REFERENCE_ROOTS
    assert definition.mth(0, 0) == hashlib.sha256(b"").digest()


def test_the_definition_gives_the_proofs_of_the_example_in_the_text() -> None:
    """RFC 6962, section 2.1.3: a tree of seven entries."""
    entries = [f"d{number}".encode() for number in range(7)]
    a, b, c, d, e, f, j = (hashlib.sha256(b"\x00" + entry).digest() for entry in entries)
    g, h, i = node(a, b), node(c, d), node(e, f)
    k, last = node(g, h), node(i, j)
    definition = Definition(entries)
    assert definition.mth(0, 7) == node(k, last)
    assert definition.path(0, 0, 7) == [b, h, last]
    assert definition.path(3, 0, 7) == [c, g, last]
    assert definition.path(4, 0, 7) == [f, j, k]
    assert definition.path(6, 0, 7) == [i, k]
    assert definition.proof(3, 0, 7, known=True) == [c, d, g, last]
    assert definition.proof(4, 0, 7, known=True) == [last]
    assert definition.proof(6, 0, 7, known=True) == [i, j, k]


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
