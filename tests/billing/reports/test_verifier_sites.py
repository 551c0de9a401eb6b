"""The verifier against batches that a site sealed: honest ones, and every way to pass off others."""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from billing.reports.verifier import verify_report
from tenants.kernel.canonical import digest
from tests.billing.reports.bundles import CONTRACT, Log, failures, the_failure
from tests.twins.gateways.edge_platform.site import Site
from twins.evidence.domain.sites import batch_count, site_record
from twins.gateways.edge.signing import SiteSeal

CLAIM = "Batches carry the site's signature, each naming the one before it"
NOVEMBER = 1_793_491_200_000, 1_796_083_200_000
PLANT, YARD = UUID(int=1), UUID(int=2)
Json = dict[str, Any]


def seals(site: Site, count: int, gateway: UUID = PLANT) -> list[SiteSeal]:
    made = []
    for number in range(1, count + 1):
        body = b'{"batch": "%d"}' % number
        seal = site.seal(body)
        made.append(
            SiteSeal(
                gateway, site.public, seal.key, seal.sequence, seal.previous, hashlib.sha256(body).hexdigest(),
                seal.signature,
            )
        )  # fmt: skip
    return made


def record(*some: SiteSeal) -> Json:
    return site_record(some, NOVEMBER)


def report(*records: Json, alone: tuple[int, ...] = ()) -> bytes:
    """A report on a segment for each record, which relies on it; of those in `alone` the digest is given alone."""
    log = Log()
    payloads: dict[int, Any] = {log.add("contract_version", CONTRACT): CONTRACT}
    segments = [
        {"asset": f"m{place}", "relies_on": {"site_record": [digest(one)]}} for place, one in enumerate(records)
    ]
    for place, (one, segment) in enumerate(zip(records, segments, strict=True)):
        payloads[log.add("site_record", one)] = None if place in alone else one
        payloads[log.add("evidence_segment", segment)] = segment
    run = {
        "relies_on": {
            "contract_version": [digest(CONTRACT)],
            "evidence_segment": [digest(segment) for segment in segments],
        }
    }
    payloads[log.add("outcome_run", run)] = run
    statement = {"relies_on": {"contract_version": [digest(CONTRACT)], "outcome_run": [digest(run)]}}
    payloads[log.add("statement", statement)] = None
    return log.report(statement, payloads)


def found(data: bytes) -> str:
    (check,) = [check for check in verify_report(data) if check.claim == CLAIM]
    return check.found


def test_a_record_is_by_gateway_and_key_in_the_order_of_numbers() -> None:
    one, two = Site(1), Site(2)
    first, second = seals(one, 2)
    (other,) = seals(two, 1, YARD)
    assert record(other, second, first) == {
        "site_record": 1,
        "start": "2026-11-01T00:00:00Z",
        "end": "2026-12-01T00:00:00Z",
        "gateways": [
            {
                "gateway": str(gateway),
                "keys": [
                    {
                        "fingerprint": site.fingerprint,
                        "public_key": base64.b64encode(site.public).decode(),
                        "batches": [
                            {
                                "sequence": seal.sequence,
                                "previous": seal.previous,
                                "body": seal.body,
                                "signature": base64.b64encode(seal.signature).decode(),
                            }
                            for seal in given
                        ],
                    }
                ],
            }
            for gateway, site, given in ((PLANT, one, [first, second]), (YARD, two, [other]))
        ],
    }
    assert batch_count(record(other, second, first)) == 3


def test_what_sites_sealed_holds() -> None:
    one, two = Site(1), Site(2)
    first, second, third, fourth = seals(one, 4)
    (other,) = seals(two, 1, YARD)
    data = report(record(first, second), record(second, fourth, other), record(third))
    assert failures(verify_report(data)) == []
    assert found(data) == f"5 batches of the keys {', '.join(sorted([one.fingerprint, two.fingerprint]))}"


def test_batches_may_be_left_out_that_gave_nothing() -> None:
    made = seals(Site(), 9)
    assert failures(verify_report(report(record(made[2], made[3], made[7])))) == []


def test_a_record_may_be_given_by_its_digest_alone() -> None:
    made = seals(Site(), 2)
    data = report(record(made[0]), record(made[1]), alone=(1,))
    assert failures(verify_report(data)) == []
    assert found(data) == f"1 batch of the keys {Site().fingerprint}; 1 site record is given by its digest alone"
    assert found(report(record(made[0]), alone=(0,))) == (
        "0 batches of the keys -; 1 site record is given by its digest alone"
    )


def spoilt(change: Callable[[Json], object]) -> str:
    """The failure of a report that was logged with a record that somebody changed."""
    forged = copy.deepcopy(record(*seals(Site(), 3)))
    change(forged["gateways"][0]["keys"][0])
    return the_failure(verify_report(report(forged))).removeprefix(f"{CLAIM}: ")


KEY = Site().fingerprint
OTHER = Site(2)


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (lambda key: key["batches"][1].update(body="0" * 64), f"the key {KEY} has not signed batch 2"),
        (lambda key: key["batches"][1].update(previous="0" * 64), f"the key {KEY} has not signed batch 2"),
        (lambda key: key["batches"][1].update(sequence=9), f"the key {KEY} has not signed batch 9"),
        (
            lambda key: key["batches"][2].update(signature=key["batches"][1]["signature"]),
            f"the key {KEY} has not signed batch 3",
        ),
        (lambda key: key["batches"][0].update(signature="AAAA"), f"the key {KEY} has not signed batch 1"),
        (
            lambda key: key["batches"][0].update(signature="A"),
            "a root, key or signature is not base64 in its one form",
        ),
        (lambda key: key.update(fingerprint="0" * 64), f"a site's key has not the fingerprint {'0' * 64}"),
        (
            lambda key: key.update(public_key=base64.b64encode(OTHER.public).decode()),
            f"a site's key has not the fingerprint {KEY}",
        ),
        (lambda key: key.update(public_key="AAAA"), f"a site's key has not the fingerprint {KEY}"),
    ],
)  # fmt: skip
def test_what_the_key_has_not_signed(change: Callable[[Json], object], failure: str) -> None:
    assert spoilt(change) == failure


def test_a_chain_that_was_cut_and_joined_again() -> None:
    site = Site()
    first, _ = seals(site, 2)
    other = Site()
    other.previous = "a" * 64
    forged = seals(other, 2)  # signed by the key itself, on another history
    assert the_failure(verify_report(report(record(first, forged[1])))) == (
        f"{CLAIM}: batch 2 of the key {KEY} does not follow the one before it"
    )
    assert the_failure(verify_report(report(record(forged[0])))) == (
        f"{CLAIM}: batch 1 of the key {KEY} does not follow the one before it"
    )


def test_two_histories_of_one_key_in_two_records() -> None:
    honest, other = seals(Site(), 2), Site()
    other.previous = "a" * 64
    forged = seals(other, 2)
    assert the_failure(verify_report(report(record(honest[1]), record(forged[1])))) == (
        f"{CLAIM}: the key {KEY} has signed two batches of the number 2"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.update(site_record=2),
        lambda one: one.pop("gateways"),
        lambda one: one["gateways"][0].update(more=1),
        lambda one: one["gateways"][0]["keys"][0]["batches"][0].pop("previous"),
        lambda one: one["gateways"][0]["keys"][0]["batches"][0].update(sequence=1.5),
        lambda one: one["gateways"][0]["keys"][0]["batches"].append(None),
        lambda one: one.update(gateways="none"),
    ],
)
def test_a_record_of_another_form_is_refused(change: Callable[[Json], object]) -> None:
    one = record(*seals(Site(), 2))
    change(one)
    assert "is not of the form" in the_failure(verify_report(report(one)))


def test_a_record_that_evidence_names_must_be_there() -> None:
    one = record(*seals(Site(), 1))
    log = Log()
    payloads: dict[int, Any] = {log.add("contract_version", CONTRACT): CONTRACT}
    segment = {"asset": "m1", "relies_on": {"site_record": [digest(one)]}}
    payloads[log.add("evidence_segment", segment)] = segment
    payloads[log.add("site_record", one)] = one  # logged only after what relies on it
    run = {"relies_on": {"contract_version": [digest(CONTRACT)], "evidence_segment": [digest(segment)]}}
    payloads[log.add("outcome_run", run)] = run
    statement = {"relies_on": {"contract_version": [digest(CONTRACT)], "outcome_run": [digest(run)]}}
    payloads[log.add("statement", statement)] = None
    assert "site_record in entry 2 is relied upon by no later entry" in the_failure(
        verify_report(log.report(statement, payloads))
    )
