"""The verifier against files meant to break it, and its own mathematics against ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from billing.reports import verifier
from billing.reports.verifier import Head, RefusedError, verify_report
from tenants.record.domain.tree import MemoryStore, append, consistency_proof, inclusion_proof, leaf_hash, root
from tests.billing.reports.bundles import REPORT, a_log, changed, failures

# --- files meant to break it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"\xef\xbb\xbf" + REPORT, "not JSON"),
        (b"\xff", "not JSON"),
        (b"%PDF-1.7", "not JSON"),
        (REPORT + b"\n", "not in the canonical form"),
        (b" " + REPORT, "not in the canonical form"),
        (REPORT.replace(b'"bundle":1', b'"bundle":1.0'), "not in the canonical form"),
        (REPORT.replace(b'"bundle":1', b'"bundle":1e0'), "not in the canonical form"),
        (REPORT.replace(b'"bundle":1', b'"bundle":-0'), "not in the canonical form"),
        (REPORT.replace(b'"EUR"', b'"\\u0045UR"'), "not in the canonical form"),
        (REPORT.replace(b'"EUR"', b'"\\ud800"'), "not JSON"),
        (REPORT.replace(b'"bundle":1', b'"bundle":1,"bundle":1'), "a member is named twice"),
        (REPORT.replace(b'"bundle":1', b'"bundle":NaN'), "the number NaN is out of range"),
        (REPORT.replace(b'"bundle":1', b'"bundle":-Infinity'), "the number -Infinity is out of range"),
        (REPORT.replace(b'"bundle":1', b'"bundle":1e999'), "the number 1e999 is out of range"),
        (b"[" * 100_000, "nested more than 64 deep"),
        (b"[" * 66 + b"]" * 66, "nested more than 64 deep"),
        (b'{"a":' * 100_000, "nested more than 64 deep"),
        (b"9" * 1_000_000, f"the number {'9' * 40} is out of range"),
        (b"1." + b"9" * 1_000_000, "the number 1."),
        (b"null", "report is not of the form"),
        (b"[]", "report is not of the form"),
        (b'"report"', "report is not of the form"),
        (b"{}", "report is not of the form"),
    ],
)
def test_a_file_that_is_no_report(data: bytes, reason: str) -> None:
    (check,) = verify_report(data)
    assert not check.holds
    assert check.found.startswith(reason)


def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "MAX_BYTES", len(REPORT) - 1)
    (check,) = verify_report(REPORT)
    assert check.found == "the file is larger than 0 MiB"


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_canonical_json_is_that_of_the_library(value: Any) -> None:
    written = rfc8785.dumps(value)
    assert verifier.canonical(value) == written
    read = verifier.read_json(written)
    assert rfc8785.dumps(read) == written
    with pytest.raises(RefusedError):
        verifier.read_json(b" " + written)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (333333333.33333329, "333333333.3333333"),
    ],
)
def test_numbers_as_ecmascript_writes_them(value: float, text: str) -> None:
    assert verifier.canonical(value) == text.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"\ue000": 1, "\U00010000": 2}, '{"\U00010000":2,"\ue000":1}'),
        ([{"\uffff": 1, "z\U0001f600": 2, "z\ufb33": 3}], '[{"z\U0001f600":2,"z\ufb33":3,"\uffff":1}]'),
        ({"ü": "\ue000", "z": ['\u2028\x7f\x1f\\"']}, '{"z":["\u2028\x7f\\u001f\\\\\\""],"ü":"\ue000"}'),
        ({"b": [1.5, True], "a": {"c": 0.25}}, '{"a":{"c":0.25},"b":[1.5,true]}'),
        ({"b": [1.5, True], "a": {"c": 1e-5}}, '{"a":{"c":0.00001},"b":[1.5,true]}'),
        ({"b": [1.5, False], "a": {"c": -0.0}}, '{"a":{"c":0},"b":[1.5,false]}'),
        ([{"a": 1e16}, 2.0], '[{"a":10000000000000000},2]'),
    ],
)
def test_what_python_writes_otherwise_is_written_canonically(value: Any, text: str) -> None:
    assert verifier.canonical(value) == text.encode() == rfc8785.dumps(value)
    assert rfc8785.dumps(verifier.read_json(text.encode())) == text.encode()


@given(JSON_VALUES, st.integers(0, 64))
def test_the_quick_way_writes_what_the_slow_one_does(value: Any, deep: int) -> None:
    for _ in range(deep):
        value = [value]
    try:
        written = verifier._text(value, 0).encode()
    except RefusedError:
        with pytest.raises(RefusedError, match="nested more than 64 deep"):
            verifier.canonical(value)
    else:
        assert verifier.canonical(value) == written


@pytest.mark.parametrize("text", ['{"a":1e-05}', '{"a":1.0}', '{"\ue000":1,"\U00010000":2}', '{"a":-0}', '{"a":1E3}'])
def test_what_only_python_writes_so_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="not in the canonical form"):
        verifier.read_json(text.encode())


def test_how_deep_a_file_may_go() -> None:
    assert verifier.read_json(b"[" * 64 + b"1" + b"]" * 64)
    for opened in (65, 5000):
        with pytest.raises(RefusedError, match="nested more than 64 deep"):
            verifier.read_json(b"[" * opened + b"1" + b"]" * opened)


@given(st.data())
def test_any_json_in_any_place_gives_a_verdict_and_no_traceback(data: st.DataObject) -> None:
    report = json.loads(REPORT)
    inner: Any = report
    while True:
        names = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        name = data.draw(st.sampled_from(names))
        if isinstance(inner[name], dict | list) and inner[name] and data.draw(st.booleans()):
            inner = inner[name]
            continue
        before, inner[name] = inner[name], data.draw(JSON_VALUES)
        break
    left_out = inner[name] is None and name in {"payload", "previous"}  # which makes a smaller report, not a false one
    if not left_out and rfc8785.dumps(inner[name]) != rfc8785.dumps(before):
        assert failures(verify_report(rfc8785.dumps(report), kept=rfc8785.dumps(report)))


@pytest.mark.parametrize(
    "relies_on", [None, 1, "x", [], [[]], {"contract_version": None}, {"outcome_run": ["00"]}, {"outcome_run": [1]}]
)
def test_a_reliance_that_is_none(relies_on: Any) -> None:
    log, payloads = a_log()
    statement = {"relies_on": relies_on}
    payloads.pop(10)
    payloads[log.add("statement", statement)] = None
    assert len(failures(verify_report(log.report(statement, payloads)))) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda report: report.update(leaves=[]),
        lambda report: report["leaves"].reverse(),
        lambda report: report["leaves"].append(report["leaves"][-1]),
        lambda report: report["leaves"][0].update(index=10**15),
        lambda report: report["leaves"][0].update(index=-1),
        lambda report: report["leaves"][0].update(index=True),
        lambda report: report["leaves"][0].update(index=2.5),
        lambda report: report["leaves"][0].update(index=999_999_999_999_999),
        lambda report: report["leaves"][0]["path"].append(0),
        lambda report: report["leaves"][0]["path"].append(10**9),
        lambda report: report["hashes"].append("00" * 32),
        lambda report: report["hashes"].reverse(),
        lambda report: report.update(head=""),
        lambda report: report.update(head=report["head"].replace("\n13\n", "\n999999999999999\n")),
        lambda report: report.update(head=report["head"].replace("\n13\n", "\n013\n")),
        lambda report: report.update(head=report["head"] + report["head"].split("\n\n")[1]),
        lambda report: report.update(head=report["head"].replace("—", "-")),
        lambda report: report.update(bundle=2),
        lambda report: report["key"].update(verifier="x+00000000+" + "A" * 44),
        lambda report: report["key"].update(verifier=""),
        lambda report: report["previous"]["consistency"].append("00" * 32),
        lambda report: report["previous"].update(consistency=[]),
        lambda report: report["previous"].update(head=report["head"]),
        lambda report: report.pop("statement"),
        lambda report: report.pop("previous"),
    ],
)
def test_a_report_that_was_rearranged(change: Callable[[dict[str, Any]], object]) -> None:
    assert failures(verify_report(changed(change)))


# --- its own tree, against ours --------------------------------------------------------------------------------------


def test_its_proofs_are_ours_at_all_sizes() -> None:
    store = MemoryStore()
    leaves = [leaf_hash(b"%d" % number) for number in range(70)]
    append(store, 0, leaves)
    heads = [Head("", size, root(store, size), "", b"") for size in range(71)]
    for new in heads:
        for index in range(new.size):
            path = list(inclusion_proof(store, index, new.size))
            assert verifier.included(leaves[index], index, new, path)
            assert not verifier.included(leaves[index], index + 1, new, path)
            assert not verifier.included(leaves[index], index, new, [*path, path[-1] if path else new.root])
        for old in heads[: new.size + 1]:
            path = list(consistency_proof(store, old.size, new.size))
            assert verifier.grown(old, new, path)
            assert not verifier.grown(old, new, [*path, new.root])
            assert old.size == new.size or not verifier.grown(new, old, path)
