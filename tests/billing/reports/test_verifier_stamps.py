"""Time-stamps in a report, by the verifier and by the page: what each is of, its time, and what somebody made of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response

from billing.reports.verifier import Check, RefusedError, read_stamp, verify_report
from tenants.record.domain.tree import consistency_proof
from tenants.record.schemas import Stamped, with_stamp
from tests.billing.reports.bundles import FINGERPRINT, OTHER_KEY, STATEMENT, Log, a_log, changed
from tests.billing.reports.computing import computed_by_the_page
from tests.billing.reports.test_verifier import run
from tests.billing.reports.test_verifier_keys import a_second
from tests.tenants.record.authority import Authority, integer, oid

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CLAIM = "A time-stamp is of a head with the statement in it"
SHA = {HashAlgorithm.SHA256: "sha256", HashAlgorithm.SHA512: "sha512"}
OPENSSL = "openssl ts -verify -data head-{0}.txt -in head-{0}.tsr -CAfile AUTHORITY.pem"
NO_ANSWER = "the time-stamp is not the answer of an authority (RFC 3161), or is cut off"
AUTHORITY = Authority(url="https://stamps.example/tsa", at=NOON)


def token_of(message: bytes, algorithm: HashAlgorithm = HashAlgorithm.SHA512, **lies: Any) -> bytes:
    """The answer of the test's authority to a query for some bytes."""
    query = TimestampRequestBuilder().data(message).hash_algorithm(algorithm).nonce(nonce=True).build()
    for name, value in lies.items():
        setattr(AUTHORITY, name, value)
    try:
        return AUTHORITY.answer(query.as_bytes())
    finally:
        AUTHORITY.garbles, AUTHORITY.at = False, NOON


def grown_log() -> tuple[Log, dict[int, Any]]:
    """A log of 16 entries; the statement is entry 10, and the report is made under the head of 13."""
    log, payloads = a_log()
    log.fill(3)
    return log, payloads


def stamped(size: int = 16, *, token: bytes | None = None, note: str | None = None) -> bytes:
    """A report under the head of 13 entries, with a time-stamp of the head of so many."""
    log, payloads = grown_log()
    head = log.head(size)
    proof = consistency_proof(log.store, min(size, 13), max(size, 13))
    answer = token_of(head.encode()) if token is None else token
    stamp = Stamped(note or head, proof, answer, AUTHORITY.url, NOON)
    return with_stamp(log.report(STATEMENT, payloads, 4, size=13), stamp)


def respell(change: Callable[[bytes], bytes]) -> Callable[[dict[str, Any]], None]:
    """Change the token of a report."""

    def done(report: dict[str, Any]) -> None:
        token = base64.b64decode(report["stamped"]["token"])
        report["stamped"]["token"] = base64.b64encode(change(token)).decode()

    return done


def check_of(data: bytes) -> Check:
    """What the verifier says of the time-stamp; all other checks hold."""
    checks = verify_report(data, trusted=FINGERPRINT)
    assert [check.claim for check in checks if not check.holds and check.claim != CLAIM] == []
    (found,) = (check for check in checks if check.claim == CLAIM)
    return found


def page_check_of(*reports: bytes) -> list[tuple[str, str]]:
    """What the page says of the time-stamp of each."""
    found = []
    for checks in computed_by_the_page({"checks": data.decode()} for data in reports):
        ((state, told),) = ((state, told) for state, claim, told in checks if claim == CLAIM)
        found.append((state, told))
    return found


@pytest.mark.parametrize("size", [11, 13, 16])
def test_a_time_stamp_of_a_head_with_the_statement_in_it(size: int) -> None:
    data = stamped(size)
    imprint = read_stamp(base64.b64decode(json.loads(data)["stamped"]["token"]))[1].hex()
    stamp = f"2026-11-20T12:00:00Z, by https://stamps.example/tsa: the head of {size} entries"
    assert check_of(data) == Check(
        CLAIM,
        f"{stamp}, sha512 {imprint}, and in it the statement. NOT checked here is that the authority signed it; "
        f"--stamp FOLDER writes both files for: {OPENSSL.format(size)}",
    )
    told = (
        f"{stamp}, SHA-512 {imprint}, and in it the statement. Not checked here is that the authority signed it. The "
        f"verifier writes both files, with --stamp and a folder, for: {OPENSSL.format(size)}"
    )
    assert page_check_of(data) == [("holds", told)]


@pytest.mark.parametrize("algorithm", SHA)
def test_each_hash_that_authorities_take(algorithm: HashAlgorithm) -> None:
    head = grown_log()[0].head(16)
    data = stamped(token=token_of(head.encode(), algorithm))
    assert SHA[algorithm] in check_of(data).found
    assert page_check_of(data)[0][0] == "holds"


def test_other_documents_keep_their_bytes() -> None:
    log, payloads = grown_log()
    plain = log.report(STATEMENT, payloads, 4, size=13)
    assert b'"bundle":1' in plain
    assert b"stamped" not in plain
    assert b"stamped" not in a_second()
    third = json.loads(stamped())
    assert (third["bundle"], third.pop("stamped")["authority"]) == (3, AUTHORITY.url)
    assert third == {**json.loads(plain), "bundle": 3, "handovers": [], "witnessed": None}


FORGERY = Log(OTHER_KEY)
FORGERY.fill(16)
SHA256, SHA1 = oid("2.16.840.1.101.3.4.2.1"), oid("2.16.840.1.101.3.4.2.9")
SHA512 = oid("2.16.840.1.101.3.4.2.3")


@pytest.mark.parametrize(
    ("forged", "reason"),
    [
        (lambda: stamped(token=token_of(grown_log()[0].head(15).encode())), "is of something else than the head"),
        (lambda: stamped(token=token_of(b"x", garbles=True)), "is of something else than the head beside it"),
        (lambda: stamped(10), "the head of 10 entries does not hold the statement, which is entry 10"),
        (lambda: stamped(note=FORGERY.head(16)), "the head is signed with another key"),
        (lambda: stamped(note=grown_log()[0].head(15)), "the log of 15 entries is not shown to begin with the 13"),
        (lambda: stamped(token=token_of(grown_log()[0].head(16).encode(), at=NOON.replace(hour=11))),
         "the time-stamp says 2026-11-20T11:00:00Z, the report 2026-11-20T12:00:00Z"),
        (lambda: stamped(token=b""), NO_ANSWER),
        (lambda: stamped(token=b"\x30"), NO_ANSWER),
        (lambda: stamped(token=b"garbage of some length, and no DER at all"), NO_ANSWER),
        (lambda: stamped(token=b"\x30\x80\x00\x00"), NO_ANSWER),
        (lambda: stamped(token=b"\x30\xff" + b"\xff" * 127), NO_ANSWER),
        (lambda: changed(respell(lambda token: token + b"\0"), stamped()), NO_ANSWER),
        (lambda: changed(respell(lambda token: token.replace(integer(0), integer(2), 1)), stamped()),
         "the answer of the authority is no time-stamp"),
        (lambda: changed(respell(lambda token: token.replace(b"20261120120000Z", b"20261120120000+")), stamped()),
         "the time in the time-stamp is not one in UTC"),
        (lambda: changed(lambda report: report["stamped"].update(at="2026-11-20T12:00:01Z"), stamped()),
         "the time-stamp says 2026-11-20T12:00:00Z, the report 2026-11-20T12:00:01Z"),
        (lambda: changed(lambda report: report["stamped"].update(token="%%%%"), stamped()), "is not base64"),
        (lambda: changed(lambda report: report["stamped"]["consistency"].pop(), stamped()), "is not shown to begin"),
    ],
)  # fmt: skip
def test_a_time_stamp_that_was_made_up(forged: Callable[[], bytes], reason: str) -> None:
    data = forged()
    check = check_of(data)
    assert (check.holds, check.known) == (False, True)
    assert reason in check.found
    assert page_check_of(data)[0][0] == "fails"


def test_a_time_stamp_by_a_hash_that_is_not_known() -> None:
    data = changed(respell(lambda token: token.replace(SHA512, SHA1, 1)), stamped())
    told = "is by another algorithm than SHA-256, SHA-384 and SHA-512"
    assert check_of(data) == Check(CLAIM, f"cannot read the time-stamp: the hash {told}", holds=False, known=False)
    assert page_check_of(data) == [("unknown", f"the hash in the time-stamp {told}")]


def cut(token: bytes, length: int) -> bytes:
    return token[:length]


def test_a_time_stamp_that_is_cut_off_anywhere() -> None:
    whole = base64.b64decode(json.loads(stamped())["stamped"]["token"])
    for length in range(len(whole)):
        with pytest.raises(RefusedError, match="cut off"):
            read_stamp(whole[:length])
    some = [changed(respell(partial(cut, length=length)), stamped()) for length in range(0, len(whole), 29)]
    assert set(page_check_of(*some)) == {("fails", NO_ANSWER)}


@pytest.mark.parametrize(
    "change",
    [
        lambda report: report.update(bundle=2),
        lambda report: report.update(stamped=None),
        lambda report: report.pop("stamped"),
        lambda report: report["stamped"].pop("authority"),
        lambda report: report["stamped"].update(token=7),
    ],
)
def test_another_form_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    data = changed(change, stamped())
    (check,) = verify_report(data)
    assert (check.claim, check.holds) == ("The report can be read in one way only", False)
    assert computed_by_the_page([{"checks": data.decode()}])[0][0][0] == "fails"


def test_the_program_writes_what_openssl_takes(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(stamped())
    done = run(tmp_path, "report.json", "--key", FINGERPRINT, "--stamp", ".")
    assert done.stderr == ""
    assert f"OK      {CLAIM}: 2026-11-20T12:00:00Z" in done.stdout
    note, token = (tmp_path / "head-16.txt").read_bytes(), (tmp_path / "head-16.tsr").read_bytes()
    assert note.decode() == grown_log()[0].head(16)
    verifier = VerifierBuilder().add_root_certificate(AUTHORITY.root).build()
    assert verifier.verify_message(decode_timestamp_response(token), note)


def test_a_report_without_one_has_nothing_to_write(tmp_path: Path) -> None:
    log, payloads = grown_log()
    (tmp_path / "report.json").write_bytes(log.report(STATEMENT, payloads))
    done = run(tmp_path, "report.json", "--stamp", ".")
    assert done.returncode == 1
    assert done.stdout.startswith("FAILED  The files can be read: there is no time-stamp in the report")
    assert not list(tmp_path.glob("head-*"))


def test_the_form_is_canonical() -> None:
    data = stamped()
    assert rfc8785.dumps(json.loads(data)) == data
