"""Check an outcome report without trusting, or asking, whoever sent it.

    python verifier.py REPORT.json [--key FINGERPRINT] [--previous HEAD]

Needs Python 3.9 or later and one of the packages ``cryptography`` and ``PyNaCl``; this file is all there is. The exit
status is 0 only when every check holds. The guide beside it, ``verifying.md``, says what each check means and what no
check can show. The log is the tree of RFC 6962 and RFC 9162, its heads are C2SP checkpoints with Ed25519, and the
report is canonical JSON (RFC 8785), so that one report is one sequence of bytes.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import importlib
import json
import math
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64

CONTRACT, RUN, EVIDENCE, STATEMENT = "contract_version", "outcome_run", "evidence_segment", "statement"
SITE, FIRST = "site_record", "0" * 64

# Shapes: {member: shape}, [shape of each item], a pattern of the canonical JSON, None for anything.
HASH, SALT, KIND, TEXT = '"[0-9a-f]{64}"', '"[0-9a-f]{32}"', '"[a-z][a-z0-9_]{0,63}"', '(?s:".*")'
WHOLE = "[0-9]{1,15}"
KEY = {"fingerprint": HASH, "verifier": TEXT}
LEAF = {"digest": HASH, "index": WHOLE, "kind": KIND, "path": [WHOLE], "payload": None, "salt": SALT}
GROWTH = {"consistency": [HASH], "head": TEXT}
BATCH = {"body": HASH, "previous": HASH, "sequence": WHOLE, "signature": TEXT}
SITE_KEY = {"batches": [BATCH], "fingerprint": HASH, "public_key": TEXT}
SITE_RECORD = {"end": TEXT, "gateways": [{"gateway": TEXT, "keys": [SITE_KEY]}], SITE: "1", "start": TEXT}
COSIGNATURE = {"key": TEXT, "signature": TEXT}
WITNESSED = {**GROWTH, "cosignatures": [COSIGNATURE]}
REPORT = {"bundle": "[12]", "hashes": [HASH], "head": TEXT, "key": KEY, "leaves": [LEAF], "previous": None}
SECOND = {"handovers": [TEXT], "witnessed": None}  # what version 2 has besides
HANDOVER = r"(outturn log key handover v1\n([^\n]+)\n(0|[1-9][0-9]{0,14})\n([^\n]+)\n([^\n]+)\n)\n"
SIGNED = "\u2014 " + r"([^\s+]+) ([A-Za-z0-9+/]+={0,2})\n"

Document = dict[str, Any]


class RefusedError(Exception):
    """A check does not hold; the text says why."""


class Check(NamedTuple):
    """One check: what it claims, what was found, and whether the claim holds."""

    claim: str
    found: str
    holds: bool = True


class Head(NamedTuple):
    """What a log was at one moment (number of entries, root of the tree), and the signature over that text."""

    text: str
    size: int
    root: bytes
    signer: str
    signature: bytes


# --- canonical JSON (RFC 8785) ---------------------------------------------------------------------------------------


def read_json(data: bytes) -> Any:
    """Read canonical JSON; anything that two programs could read differently is refused."""
    if len(data) > MAX_BYTES:
        raise RefusedError(f"the file is larger than {MAX_BYTES // 1024**2} MiB")
    hooks: Document = {"parse_int": _number, "parse_float": _number, "parse_constant": _number}
    try:
        value = json.loads(data.decode(), object_pairs_hook=_object, **hooks)
        same = canonical(value) == data
    except ValueError as error:
        raise RefusedError(f"not JSON: {error}") from None
    except RecursionError:
        raise RefusedError(f"nested more than {MAX_DEPTH} deep") from None
    if not same:
        raise RefusedError("not in the canonical form of JSON (RFC 8785); a program may have rewritten the file")
    return value


def canonical(value: Any) -> bytes:
    """The canonical bytes of a JSON value."""
    parts: list[str] = []
    _write(value, parts.append, 0)
    return "".join(parts).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


_plain = json.JSONEncoder(ensure_ascii=False).encode


def _write(value: Any, out: Callable[[str], None], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise RefusedError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for number, name in enumerate(sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))):
            out(f"{',' if number else '{'}{_plain(name)}:")
            _write(value[name], out, depth + 1)
        out("}" if value else "{}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            out("," if number else "[")
            _write(item, out, depth + 1)
        out("]" if value else "[]")
    else:
        out(_float(value) if isinstance(value, float) else _plain(value))


def _float(value: float) -> str:
    """A double as ECMAScript writes it (ECMA-262, Number::toString)."""
    form = "f" if 1e-6 <= abs(value) < 1e21 else "e"
    return format(Decimal(repr(value)).normalize(), form) if value else "0"


def _number(text: str) -> float:
    if re.fullmatch("-?[0-9]{1,15}", text):
        return int(text)
    if len(text) > 32 or not math.isfinite(float(text)):
        raise RefusedError(f"the number {text:.40} is out of range")
    return float(text)


def _object(pairs: list[tuple[str, Any]]) -> Document:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RefusedError("a member is named twice in one object")
    return members


def _fit(value: Any, shape: Any, place: str) -> None:
    """Refuse a value that has not the shape."""
    if isinstance(shape, list) and isinstance(value, list):
        shape, value = dict.fromkeys(range(len(value)), shape[0]), dict(enumerate(value))
    if isinstance(shape, dict) and isinstance(value, dict) and shape.keys() == value.keys():
        for name in shape:
            _fit(value[name], shape[name], f"{place}/{name}")
    elif shape and not (isinstance(shape, str) and re.fullmatch(shape, canonical(value).decode())):
        raise RefusedError(f"{place} is not of the form {shape!s:.150}")


# --- the tree (RFC 6962, RFC 9162) -----------------------------------------------------------------------------------


def leaf_hash(leaf: Document) -> bytes:
    """SHA-256(0x00 || canonical JSON of kind, digest and salt)."""
    return hashlib.sha256(b"\x00" + canonical({name: leaf[name] for name in ("kind", "digest", "salt")})).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def included(leaf: bytes, index: int, head: Head, path: list[bytes]) -> bool:
    """Whether an inclusion proof (RFC 9162, section 2.1.3) ties a leaf hash to a head."""
    turns, _ = _turns(index + 1, head.size, to_leaf=True)
    if index >= head.size or len(turns) != len(path):
        return False
    value = leaf
    for right, sibling in zip(turns, path):
        value = node_hash(sibling, value) if right else node_hash(value, sibling)
    return value == head.root


def grown(old: Head, new: Head, path: list[bytes]) -> bool:
    """Whether a consistency proof (RFC 9162, section 2.1.4) shows the old log to be the beginning of the new."""
    if old.size in (0, new.size):
        return not path and old.root == (new.root if old.size else hashlib.sha256(b"").digest())
    turns, at_left_edge = _turns(old.size, new.size, to_leaf=False)
    steps = [old.root, *path] if at_left_edge else path
    if old.size > new.size or len(steps) != len(turns) + 1:
        return False
    old_value = new_value = steps[0]
    for right, sibling in zip(turns, steps[1:]):
        old_value = node_hash(sibling, old_value) if right else old_value
        new_value = node_hash(sibling, new_value) if right else node_hash(new_value, sibling)
    return (old_value, new_value) == (old.root, new.root)


def _turns(count: int, size: int, *, to_leaf: bool) -> tuple[list[bool], bool]:
    """The turns (True: right), from below, on the way from the root to the last of the first ``count`` leaves.

    The way ends at that leaf, or at the first subtree that ends with it; then, whether it ends at the tree's left edge.
    """
    turns: list[bool] = []
    start, end = 0, size
    while end > count or (to_leaf and end - start > 1):
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        turns.append(count > middle)
        start, end = (middle, end) if count > middle else (start, middle)
    return turns[::-1], start == 0


# --- signed heads (C2SP signed note, checkpoint) ---------------------------------------------------------------------


def signed_head(note: str, verifier: str) -> Head:
    """The head in a note, once the key (``name+id+base64``) has signed it."""
    head = read_head(note)
    name, public = read_key(verifier)
    if head.signer != name or head.signature[:4] != key_id(name, public):
        raise RefusedError("the head is signed with another key")
    if not ed25519_holds(public, head.text.encode(), head.signature[4:]):
        raise RefusedError("the signature does not belong to this head")
    return head


def read_head(note: str) -> Head:
    """The parts of a head; its signature is not checked yet."""
    text = r"(([^\s+]+)\n(0|[1-9][0-9]{0,14})\n([A-Za-z0-9+/]{43}=)\n)"
    match = re.fullmatch(f"{text}\n{SIGNED}", note)
    if not match or match[2] != match[5]:
        raise RefusedError("a head is a line each for log, size and root, an empty line, and its log's signature")
    return Head(match[1], int(match[3]), _base64(match[4]), match[5], _base64(match[6]))


def read_key(verifier: str, kind: int = 1) -> tuple[str, bytes]:
    """The name and the 32 bytes of a verifier key; ``kind`` is 1 for a log's and 4 for a witness's."""
    match = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})", verifier)
    raw = _base64(match[3]) if match else b""
    if not match or raw[0] != kind or key_id(match[1], raw[1:], kind).hex() != match[2]:
        raise RefusedError("the key is not an Ed25519 key under its own id")
    return match[1], raw[1:]


def key_id(name: str, public: bytes, kind: int = 1) -> bytes:
    """The first 4 bytes of SHA-256(name || 0x0A || kind || public key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's, by ``cryptography`` or else by ``PyNaCl``."""
    try:
        keys = importlib.import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
        wrong = importlib.import_module("cryptography.exceptions").InvalidSignature
        verify = partial(keys.Ed25519PublicKey.from_public_bytes(public).verify, signature, message)
    except ImportError:
        try:
            keys, wrong = (
                importlib.import_module("nacl.signing"),
                importlib.import_module("nacl.exceptions").CryptoError,
            )
        except ImportError:
            raise RefusedError("no Ed25519 library is here; run: python -m pip install cryptography") from None
        verify = partial(keys.VerifyKey(public).verify, message, signature)
    try:
        verify()
    except (wrong, ValueError):
        return False
    return True


def _base64(text: str) -> bytes:
    """Strict base64: exactly one text for each byte string."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raw = b""
    if base64.b64encode(raw).decode() != text:
        raise RefusedError("a root, key or signature is not base64 in its one form")
    return raw


# --- the checks: each returns what it found, or refuses --------------------------------------------------------------


def read_report(data: bytes) -> Document:
    """The report, once it is canonical JSON of the right shape with its entries and hashes in order."""
    report: Document = read_json(data)
    second = SECOND if data.startswith(b'{"bundle":2,') else {}
    _fit(report, {**REPORT, **second, "statement": None}, "report")
    for name, shape in (("previous", GROWTH), ("witnessed", WITNESSED)):
        if report.get(name) is not None:
            _fit(report[name], shape, f"report/{name}")
    indexes = [leaf["index"] for leaf in report["leaves"]]
    if not indexes or indexes != sorted(set(indexes)):
        raise RefusedError("report/leaves are not entries in the order of the log")
    uses = [position for leaf in report["leaves"] for position in leaf["path"]]
    if list(dict.fromkeys(uses)) != list(range(len(report["hashes"]))):
        raise RefusedError("report/hashes are not those of the paths, in the order of their first use")
    return report


def _key(report: Document, trusted: str | None) -> str:
    fingerprint = hashlib.sha256(read_key(report["key"]["verifier"])[1]).hexdigest()
    if report["key"]["fingerprint"] != fingerprint:
        raise RefusedError(f"its fingerprint is {fingerprint}, the report gives another")
    if trusted is None:
        return f"{fingerprint} (compare it with the one you were given in another way, or use --key)"
    given = re.sub(r"[\s:]", "", trusted).lower()
    if given not in [hashlib.sha256(read_key(key)[1]).hexdigest() for _, key in _keys(report)]:
        raise RefusedError(f"its fingerprint is {fingerprint}, you gave another")
    return f"{fingerprint}, as you gave it" if given == fingerprint else f"{fingerprint}, to which yours handed over"


def _keys(report: Document) -> list[tuple[float, str]]:
    """The log's keys, each with the size of the largest head it signs; each has signed over to the next."""
    keys: list[tuple[float, str]] = []
    following = None
    for note in report.get("handovers", []):
        match = re.fullmatch(HANDOVER + SIGNED * 2, note)
        if not match:
            raise RefusedError("a handover is not five lines, an empty line, and the signatures of both keys")
        for verifier, signer, signature in zip(match.group(4, 5), match.group(6, 8), match.group(7, 9)):
            (name, public), raw = read_key(verifier), _base64(signature)
            if (name, raw[:4]) != (signer, key_id(name, public)) or name != match[2]:
                raise RefusedError("a handover is signed with another key than those it names")
            if not ed25519_holds(public, match[1].encode(), raw[4:]):
                raise RefusedError("a signature does not belong to this handover")
        if match[4] == match[5] or (keys and (match[4] != following or int(match[3]) <= keys[-1][0])):
            raise RefusedError(f"the handover after {match[3]} entries does not follow the one before it")
        keys, following = [*keys, (int(match[3]), match[4])], match[5]
    if keys and following != report["key"]["verifier"]:
        raise RefusedError("the last handover is to another key than the report's")
    return [*keys, (math.inf, report["key"]["verifier"])]


def _handovers(report: Document) -> str:
    keys = [(size, hashlib.sha256(read_key(key)[1]).hexdigest()) for size, key in _keys(report)]
    return ", ".join(f"{key} up to {size} entries" for size, key in keys[:-1]) + f", then {keys[-1][1]}"


def _signed(report: Document, note: str) -> Head:
    """The head in a note, once that key of the log has signed it which signs heads of its size."""
    size = read_head(note).size
    return signed_head(note, next(key for largest, key in _keys(report) if size <= largest))


def _witnessed(report: Document) -> str:
    old, new = _signed(report, report["witnessed"]["head"]), read_head(report["head"])
    if old.signer != new.signer or not grown(old, new, list(map(bytes.fromhex, report["witnessed"]["consistency"]))):
        raise RefusedError(f"the {new.size} entries are not shown to begin with the {old.size} that were co-signed")
    found = []
    for each in report["witnessed"]["cosignatures"]:
        (name, public), match = read_key(each["key"], 4), re.fullmatch(SIGNED, each["signature"])
        raw = _base64(match[2]) if match else b""
        text = f"cosignature/v1\ntime {int.from_bytes(raw[4:12], 'big')}\n{old.text}"
        if not match or match[1] != name or raw[:4] != key_id(name, public, 4) or len(raw) != 76:
            raise RefusedError(f"a cosignature is not that of {name}")
        if not ed25519_holds(public, text.encode(), raw[12:]):
            raise RefusedError(f"the cosignature of {name} does not belong to this head")
        found.append(f"{name} with the key {hashlib.sha256(public).hexdigest()}")
    return f"{old.size} entries, by {', '.join(found) or 'nobody'}"


def _head(report: Document) -> str:
    head = _signed(report, report["head"])
    return f"{head.signer}, {head.size} entries"


def _entries(report: Document) -> str:
    head, hashes = read_head(report["head"]), [bytes.fromhex(value) for value in report["hashes"]]
    for leaf in report["leaves"]:
        if not included(leaf_hash(leaf), leaf["index"], head, [hashes[position] for position in leaf["path"]]):
            raise RefusedError(f"{_name(leaf)} is not what the log holds there")
    return f"{len(report['leaves'])} entries"


def _documents(report: Document) -> str:
    given = [leaf for leaf in report["leaves"] if leaf["payload"] is not None]
    for leaf in given:
        if digest(leaf["payload"]) != leaf["digest"]:
            raise RefusedError(f"{_name(leaf)} is another document")
    return f"{len(given)} documents; {len(report['leaves']) - len(given)} entries are given by their digest alone"


def _statement(report: Document) -> str:
    last = report["leaves"][-1]
    if last["kind"] != STATEMENT or last["digest"] != digest(report["statement"]):
        raise RefusedError(f"{_name(last)}, the last one in the report, is another document")
    return _name(last)


def _basis(report: Document) -> str:
    documents = {leaf["digest"]: leaf["payload"] for leaf in report["leaves"] if leaf["payload"] is not None}
    basis = _relies_on(report["statement"])
    contracts, runs = ({value for kind, value in basis if kind == wanted} for wanted in (CONTRACT, RUN))
    if not contracts or not runs or not contracts | runs <= documents.keys():
        raise RefusedError("the statement names no contract or no outcome run, or they are not in the report")
    uses = [use for run in runs for use in _relies_on(documents[run])]
    if {value for kind, value in uses if kind == CONTRACT} != contracts:
        raise RefusedError("the outcome runs rest on another contract than the statement")
    evidence = {value for kind, value in uses if kind == EVIDENCE}
    given = len(evidence & documents.keys())
    return f"contract {', '.join(sorted(contracts))}; {len(evidence)} evidence segments, {given} of them in the report"


def _reliance(report: Document) -> str:
    *earlier, last = report["leaves"]
    needed = dict.fromkeys(_relies_on(report["statement"]), _name(last))
    for leaf in reversed(earlier):
        if needed.pop((leaf["kind"], leaf["digest"]), None) is None:
            raise RefusedError(f"{_name(leaf)} is relied upon by no later entry")
        needed.update(dict.fromkeys(_relies_on(leaf["payload"]), _name(leaf)))
    for (kind, value), name in needed.items():
        raise RefusedError(f"{name} relies on {kind} {value}, which is not among the entries before it")
    return f"{len(earlier)} entries"


def _sites(report: Document) -> str:
    leaves = [leaf for leaf in report["leaves"] if leaf["kind"] == SITE]
    given = [leaf for leaf in leaves if leaf["payload"] is not None]
    seals: dict[tuple[str, int], tuple[str, str]] = {}
    for leaf in given:
        _fit(leaf["payload"], SITE_RECORD, _name(leaf))
        for key in (key for gateway in leaf["payload"]["gateways"] for key in gateway["keys"]):
            for number, seal in _sealed(key):
                if seals.setdefault((key["fingerprint"], number), seal) != seal:
                    raise RefusedError(f"the key {key['fingerprint']} has signed two batches of the number {number}")
    for (key, number), (_, previous) in seals.items():
        before = FIRST if number == 1 else seals.get((key, number - 1), (previous,))[0]
        if previous != before:
            raise RefusedError(f"batch {number} of the key {key} does not follow the one before it")
    found = f"{len(seals)} batches of the keys {', '.join(sorted({key for key, _ in seals})) or '-'}"
    missing = len(leaves) - len(given)
    return f"{found}; {missing} site records are given by their digest alone" if missing else found


def _sealed(key: Document) -> list[tuple[int, tuple[str, str]]]:
    """Of each batch of a site's key its number, the digest of its seal and that of the seal before, all signed."""
    public = _base64(key["public_key"])
    if len(public) != 32 or hashlib.sha256(public).hexdigest() != key["fingerprint"]:
        raise RefusedError(f"a site's key has not the fingerprint {key['fingerprint']}")
    seals = []
    for batch in key["batches"]:
        signed = canonical({**{name: batch[name] for name in ("body", "previous", "sequence")}, "v": 1})
        if not ed25519_holds(public, signed, _base64(batch["signature"])):
            raise RefusedError(f"the key {key['fingerprint']} has not signed batch {batch['sequence']}")
        seals.append((batch["sequence"], (hashlib.sha256(signed).hexdigest(), batch["previous"])))
    return seals


def _growth(report: Document) -> str:
    old, new = _signed(report, report["previous"]["head"]), read_head(report["head"])
    if old.signer != new.signer or not grown(
        old, new, [bytes.fromhex(value) for value in report["previous"]["consistency"]]
    ):
        raise RefusedError(f"its {new.size} entries are not shown to begin with the {old.size} it had; keep both heads")
    return f"from {old.size} to {new.size} entries"


def _kept(report: Document, kept: bytes) -> str:
    is_report = kept.startswith(b"{")
    note = read_report(kept)["head"] if is_report else kept.decode("utf-8", "replace").replace("\r\n", "\n")
    old = _signed(report, note)
    heads = [report["head"]] + ([report["previous"]["head"]] if report["previous"] else [])
    for head in map(read_head, heads):
        if head.size == old.size and head.root != old.root:
            raise RefusedError(f"the log has signed two histories of {old.size} entries; keep both heads")
        if head.size == old.size:
            return f"{old.size} entries"
    raise RefusedError(f"this report does not reach back to your head of {old.size} entries; ask for one that does")


def _relies_on(document: Any) -> list[tuple[str, str]]:
    """The (kind, digest) of each document that a document says it relies on."""
    named = document.get("relies_on", {}) if isinstance(document, dict) else {}
    _fit(named, {kind: [HASH] for kind in named} if isinstance(named, dict) else {"kind": [HASH]}, "relies_on")
    return [(kind, value) for kind, digests in named.items() for value in digests]


def _name(leaf: Document) -> str:
    return f"{leaf['kind']} in entry {leaf['index']}"


def verify_report(data: bytes, *, trusted: str | None = None, kept: bytes | None = None) -> list[Check]:
    """All checks of a report; it is verified when every one holds.

    Args:
        data: The bytes of the report.
        trusted: The fingerprint of the key, as the reader was told it in another way.
        kept: A head of the same log, or an earlier report, that the reader has kept.
    """
    claim = "The report can be read in one way only"
    try:
        report = read_report(data)
    except RefusedError as error:
        return [Check(claim, str(error), holds=False)]
    steps: list[tuple[str, Callable[[Document], str]]] = [
        (claim, lambda _: f"{len(data)} bytes"),
        ("The key has the fingerprint", partial(_key, trusted=trusted)),
        ("The head of the log is signed with the key", _head),
        ("The entries are in the log under the head", _entries),
        ("The documents are those that were logged", _documents),
        ("The statement is the one that was logged", _statement),
        ("The statement and its outcome runs rest on the contract", _basis),
        ("What is relied upon is there, and was logged before", _reliance),
    ]
    if any(leaf["kind"] == SITE for leaf in report["leaves"]):
        steps.append(("Batches carry the site's signature, each naming the one before it", _sites))
    if report.get("handovers"):
        steps.insert(2, ("The log's keys have handed over to one another", _handovers))
    if report.get("witnessed"):
        steps.append(("Witnesses have co-signed a head that this one grew from", _witnessed))
    if report["previous"]:
        steps.append(("The log only grew since the earlier head in the report", _growth))
    if kept is not None:
        steps.append(("The head you kept is one of those in the report", partial(_kept, kept=kept)))
    return [_run(claim, step, report) for claim, step in steps]


def _run(claim: str, step: Callable[[Document], str], report: Document) -> Check:
    try:
        return Check(claim, step(report))
    except RefusedError as error:
        return Check(claim, str(error), holds=False)


def main() -> int:
    """Print the checks of the report named on the command line."""
    parser = argparse.ArgumentParser(description="Check an outcome report without trusting whoever sent it.")
    parser.add_argument("report", type=Path, help="the report, a JSON file")
    parser.add_argument(
        "--key", metavar="FINGERPRINT", help="the key's fingerprint, as you were told it in another way"
    )
    parser.add_argument("--previous", type=Path, metavar="HEAD", help="a head you kept, or an earlier report")
    options = parser.parse_args()
    try:
        kept = options.previous.read_bytes() if options.previous else None
        checks = verify_report(options.report.read_bytes(), trusted=options.key, kept=kept)
    except OSError as error:
        checks = [Check("The files can be read", str(error), holds=False)]
    for check in checks:
        line = f"{'OK' if check.holds else 'FAILED':<8}{check.claim}: {check.found}"
        print(line.encode("ascii", "backslashreplace").decode())
    failed = sum(not check.holds for check in checks)
    print(
        f"NOT VERIFIED: {failed} of {len(checks)} checks failed"
        if failed
        else f"VERIFIED: all {len(checks)} checks hold"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
