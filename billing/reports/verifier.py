"""Check an outcome report without trusting, or asking, whoever sent it.

    python verifier.py REPORT.json|REPORT.pdf [--key FINGERPRINT] [--previous HEAD] [--stamp FOLDER]

Needs Python 3.9 or later and one of the packages ``cryptography`` and ``PyNaCl``; this file is all there is. First it
checks that the documents in the report are those that were logged, then it computes the outcome again from the evidence
among them and holds it against the statement. The exit status is 0 only when every check holds, 1 when one fails, and 3
when all hold but the outcome could not be computed, because a document has something in it that is not known here.

The guide beside it, ``verifying.md``, says what each check means and what no check can show. The log is the tree of RFC
6962 and RFC 9162, its heads are C2SP checkpoints with Ed25519, and the report is canonical JSON (RFC 8785), so that one
report is one sequence of bytes.
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
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from itertools import chain, compress
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64

CONTRACT, RUN, EVIDENCE, STATEMENT = "contract_version", "outcome_run", "evidence_segment", "statement"
SITE, FIRST = "site_record", "0" * 64
CLAIM, DECISION, ASSUMED, WHAT_IF = "exclusion", "exclusion_decision", "assumed_evidence", "what_if_run"
CORRECTION = "evidence_correction"

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
REPORT = {"bundle": "[123]", "hashes": [HASH], "head": TEXT, "key": KEY, "leaves": [LEAF], "previous": None}
SECOND = {"handovers": [TEXT], "witnessed": None}  # what version 2 has besides
STAMPED = {**GROWTH, "at": TEXT, "authority": TEXT, "token": TEXT}
THIRD = {**SECOND, "stamped": STAMPED}  # what version 3 has
HANDOVER = r"(outturn log key handover v1\n([^\n]+)\n(0|[1-9][0-9]{0,14})\n([^\n]+)\n([^\n]+)\n)\n"
SIGNED = "\u2014 " + r"([^\s+]+) ([A-Za-z0-9+/]+={0,2})\n"
SIGNED_DATA, TST_INFO = bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d0109100104")
STAMP_HASHES = {
    bytes.fromhex(f"60864801650304020{number}"): f"sha{size}" for number, size in ((1, 256), (2, 384), (3, 512))
}

Document = dict[str, Any]
Step = tuple[str, Callable[[Document], str]]
"""What a check claims, and how it is made."""

Layers = list[tuple[int, int, Any]]
"""Spans of time (start, end), each with what holds in it."""


class RefusedError(Exception):
    """A check does not hold; the text says why."""


class Found(str):
    """What a check has found, in a sentence; code and values say the same to a program that tells it in other words."""

    __slots__ = ("code", "values")
    code: str
    values: Document

    def __new__(cls, sentence: str, code: str, **values: Any) -> Found:
        """The sentence, with what it is made of."""
        found = super().__new__(cls, sentence)
        found.code, found.values = code, values
        return found


class Check(NamedTuple):
    """One check: what it claims, what was found, whether the claim holds, and whether that could be found out."""

    claim: str
    found: str
    holds: bool = True
    known: bool = True


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
    hooks: Document = {"parse_int": _integer, "parse_float": _number, "parse_constant": _number}
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
    """The canonical bytes of a JSON value.

    Python's own encoder writes the same, at a tenth of the time, where doubles have their usual form and no letter lies
    beyond those of 16 bits, by which names would be in another order.
    """
    if type(value) in _HOLDERS and _is_usual(value):
        text: str = _encoded(value)
        if text.isascii() or len(_utf_16(text)) == 2 * len(text):
            return text.encode()
    return _text(value, 0).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, in hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


_encoded = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode
_quoted = json.encoder.encode_basestring
_HOLDERS = {dict, list}
_USUAL = _HOLDERS | {str, int, float, bool, type(None)}


def _is_usual(value: Any) -> bool:
    """Whether Python's encoder writes a value as it is written here, but for the order of names; level by level."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        kinds = list(map(type, level))
        met = set(kinds)
        doubles = [one for one in level if type(one) is float] if float in met else ()
        if not met <= _USUAL or any(_float(one) != repr(one) for one in doubles):
            return False
        holders = compress(level, map(_HOLDERS.__contains__, kinds))
        level = list(chain.from_iterable([item.values() if type(item) is dict else item for item in holders]))
        if not level:
            return True
    return False


def _text(value: Any, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise RefusedError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        names = sorted(value, key=None if "".join(value).isascii() else _utf_16)
        return "{" + ",".join([f"{_quoted(name)}:{_text(value[name], depth + 1)}" for name in names]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_text(item, depth + 1) for item in value]) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if type(value) is int:
        return str(value)
    return _float(value) if isinstance(value, float) else _encoded(value)


def _utf_16(name: str) -> bytes:
    """By what names are ordered; of everyday letters it is their own order."""
    return name.encode("utf-16-be", "surrogatepass")


def _float(value: float) -> str:
    """A double as ECMAScript writes it (ECMA-262, Number::toString)."""
    form = "f" if 1e-6 <= abs(value) < 1e21 else "e"
    return format(Decimal(repr(value)).normalize(), form) if value else "0"


def _integer(text: str) -> float:
    return int(text) if len(text) < 16 else _number(text)


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
    more = SECOND if data.startswith(b'{"bundle":2,') else THIRD if data.startswith(b'{"bundle":3,') else {}
    _fit(report, {**REPORT, **more, "statement": None}, "report")
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
        told = f"{fingerprint} (compare it with the one you were given in another way, or use --key)"
        return Found(told, "key_unknown", fingerprint=fingerprint)
    given = re.sub(r"[\s:]", "", trusted).lower()
    if given not in [hashlib.sha256(read_key(key)[1]).hexdigest() for _, key in _keys(report)]:
        raise RefusedError(f"its fingerprint is {fingerprint}, you gave another")
    if given == fingerprint:
        return Found(f"{fingerprint}, as you gave it", "key", fingerprint=fingerprint)
    return Found(f"{fingerprint}, to which yours handed over", "key_after", fingerprint=fingerprint)


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
    former, last = [(key, int(size)) for size, key in keys[:-1]], keys[-1][1]
    told = ", ".join(f"{key} up to {_entries_told(size)}" for key, size in former)
    return Found(f"{told}, then {last}", "handovers", former=former, last=last)


def _signed(report: Document, note: str) -> Head:
    """The head in a note, once that key of the log has signed it which signs heads of its size."""
    size = read_head(note).size
    return signed_head(note, next(key for largest, key in _keys(report) if size <= largest))


def _witnessed(report: Document) -> str:
    old, new = _signed(report, report["witnessed"]["head"]), read_head(report["head"])
    if old.signer != new.signer or not grown(old, new, list(map(bytes.fromhex, report["witnessed"]["consistency"]))):
        raise RefusedError(f"the {new.size} entries are not shown to begin with the {old.size} that were co-signed")
    if not report["witnessed"]["cosignatures"]:
        raise RefusedError("nobody has co-signed the head")
    found = []
    for each in report["witnessed"]["cosignatures"]:
        (name, public), match = read_key(each["key"], 4), re.fullmatch(SIGNED, each["signature"])
        raw = _base64(match[2]) if match else b""
        text = f"cosignature/v1\ntime {int.from_bytes(raw[4:12], 'big')}\n{old.text}"
        if not match or match[1] != name or raw[:4] != key_id(name, public, 4) or len(raw) != 76:
            raise RefusedError(f"a cosignature is not that of {name}")
        if not ed25519_holds(public, text.encode(), raw[12:]):
            raise RefusedError(f"the cosignature of {name} does not belong to this head")
        found.append((name, hashlib.sha256(public).hexdigest()))
    told = f"{_entries_told(old.size)}, by {', '.join(f'{name} with the key {key}' for name, key in found)}"
    return Found(told, "witnessed", count=old.size, witnesses=found)


def _stamped(report: Document) -> str:
    """A time-stamp is of a head with the statement in it; who signed the time-stamp is not looked at."""
    stamped, own, place = report["stamped"], read_head(report["head"]), report["leaves"][-1]["index"]
    head = _signed(report, stamped["head"])
    old, new = (head, own) if head.size <= own.size else (own, head)
    if old.signer != new.signer or not grown(old, new, list(map(bytes.fromhex, stamped["consistency"]))):
        raise RefusedError(f"the log of {new.size} entries is not shown to begin with the {old.size} of the other head")
    if head.size <= place:
        raise RefusedError(f"the head of {head.size} entries does not hold the statement, which is entry {place}")
    algorithm, imprint, at = read_stamp(_base64(stamped["token"]))
    if hashlib.new(algorithm, stamped["head"].encode()).digest() != imprint:
        raise RefusedError("the time-stamp is of something else than the head beside it")
    if at[:19] != stamped["at"][:19]:  # parts of a second are not kept everywhere
        raise RefusedError(f"the time-stamp says {at}, the report {stamped['at']:.40}")
    entries, authority = _entries_told(head.size), stamped["authority"]
    told = (
        f"{at}, by {authority}: the head of {entries}, {algorithm} {imprint.hex()}, and in it the "
        "statement. NOT checked here is that the authority signed it; --stamp FOLDER writes both files for: openssl ts "
        f"-verify -data head-{head.size}.txt -in head-{head.size}.tsr -CAfile AUTHORITY.pem"
    )
    of = {"algorithm": algorithm, "imprint": imprint.hex()}
    return Found(told, "stamped", at=at, authority=authority, count=head.size, **of)


# --- time-stamps (RFC 3161), as far as what they are of and their time goes -------------------------------------------


def read_stamp(token: bytes) -> tuple[str, bytes, str]:
    """The digest in an authority's answer, and its time; the authority's signature is not checked.

    Returns:
        The name of the hash, the hash of what was stamped, and the time in ISO 8601.
    """
    try:
        (answer,) = _der(token, 0x30)
        status, content = _der(answer, 0x30, 0x30)
        kind, data = _der(content, 0x06, 0xA0)
        (signed,) = _der(data, 0x30)
        _, _, inner = _der(signed, 0x02, 0x31, 0x30)
        what, wrapped = _der(inner, 0x06, 0xA0)
        (octets,) = _der(wrapped, 0x04)
        (info,) = _der(octets, 0x30)
        _, _, message, _, at = _der(info, 0x02, 0x06, 0x30, 0x02, 0x18)
        algorithm, imprint = _der(message, 0x30, 0x04)
        (name,) = _der(algorithm, 0x06)
        (granted,) = _der(status, 0x02)
    except (IndexError, ValueError):
        raise RefusedError("the time-stamp is not the answer of an authority (RFC 3161), or is cut off") from None
    if kind != SIGNED_DATA or what != TST_INFO or granted not in (b"\x00", b"\x01"):
        raise RefusedError("the answer of the authority is no time-stamp")
    if name not in STAMP_HASHES:
        raise UnknownError("the hash is by another algorithm than SHA-256, SHA-384 and SHA-512", "read the time-stamp")
    match = re.fullmatch(
        r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(\.[0-9]{1,6})?Z", at.decode("latin1")
    )
    if not match:
        raise RefusedError("the time in the time-stamp is not one in UTC")
    part = f".{match[7][1:]:0<6}" if match[7] else ""
    return STAMP_HASHES[name], imprint, "{}-{}-{}T{}:{}:{}".format(*match.groups()[:6]) + f"{part}Z"


def _der(data: bytes, *tags: int) -> list[bytes]:
    """The contents of the first values in some DER, which have these tags; all values have to be whole."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        tag, length, start = data[at], data[at + 1], at + 2
        if length >= 0x80:
            start, length = start + length - 0x80, int.from_bytes(data[start : start + length - 0x80], "big")
        at = start + length
        if at > len(data):
            raise ValueError
        found.append((tag, data[start:at]))
    if tuple(tag for tag, _ in found[: len(tags)]) != tags:
        raise ValueError
    return [content for _, content in found[: len(tags)]]


def _head(report: Document) -> str:
    """The key in force has signed it: reports made since the last handover have larger heads than the former keys'."""
    head, handed = _signed(report, report["head"]), [size for size, _ in _keys(report)[:-1]]
    if handed and head.size <= handed[-1]:
        told = f"the head of {_entries_told(head.size)} is a former key's; the last one handed over after {handed[-1]}"
        raise RefusedError(f"{told}, and reports made since have more")
    return Found(f"{head.signer}, {_entries_told(head.size)}", "head", log=head.signer, count=head.size)


def _entries(report: Document) -> str:
    head, hashes = read_head(report["head"]), [bytes.fromhex(value) for value in report["hashes"]]
    for leaf in report["leaves"]:
        if not included(leaf_hash(leaf), leaf["index"], head, [hashes[position] for position in leaf["path"]]):
            raise RefusedError(f"{_name(leaf)} is not what the log holds there")
    return _entries_found(len(report["leaves"]))


def _documents(report: Document) -> str:
    given = [leaf for leaf in report["leaves"] if leaf["payload"] is not None]
    for leaf in given:
        if digest(leaf["payload"]) != leaf["digest"]:
            raise RefusedError(f"{_name(leaf)} is another document")
    missing = len(report["leaves"]) - len(given)
    alone = f"{_entries_told(missing)} {'is given by its' if missing == 1 else 'are given by their'} digest alone"
    return Found(f"{_counted(len(given), 'document')}; {alone}", "documents", given=len(given), missing=missing)


def _statement(report: Document) -> str:
    last = report["leaves"][-1]
    if last["kind"] != STATEMENT or last["digest"] != digest(report["statement"]):
        raise RefusedError(f"{_name(last)}, the last one in the report, is another document")
    return Found(_name(last), "statement", index=last["index"])


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
    told = f"contract {', '.join(sorted(contracts))}; {_counted(len(evidence), 'evidence segment')}, {given} of them in"
    return Found(f"{told} the report", "basis", contracts=sorted(contracts), count=len(evidence), given=given)


def _reliance(report: Document) -> str:
    *earlier, last = report["leaves"]
    needed = dict.fromkeys(_relies_on(report["statement"]), _name(last))
    for leaf in reversed(earlier):
        if needed.pop((leaf["kind"], leaf["digest"]), None) is None:
            raise RefusedError(f"{_name(leaf)} is relied upon by no later entry")
        needed.update(dict.fromkeys(_relies_on(leaf["payload"]), _name(leaf)))
    for (kind, value), name in needed.items():
        raise RefusedError(f"{name} relies on {kind} {value}, which is not among the entries before it")
    return _entries_found(len(earlier))


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
    keys, missing = sorted({key for key, _ in seals}), len(leaves) - len(given)
    told = f"{_counted(len(seals), 'batch', 'batches')} of the keys {', '.join(keys) or '-'}"
    if missing:
        alone = "is given by its" if missing == 1 else "are given by their"
        told += f"; {_counted(missing, 'site record')} {alone} digest alone"
    return Found(told, "sites", count=len(seals), keys=keys, missing=missing)


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
    return Found(f"from {old.size} to {_entries_told(new.size)}", "growth", old=old.size, count=new.size)


def _kept(report: Document, kept: bytes) -> str:
    is_report = kept.startswith(b"{")
    note = read_report(kept)["head"] if is_report else kept.decode("utf-8", "replace").replace("\r\n", "\n")
    old = _signed(report, note)
    heads = [report["head"]] + ([report["previous"]["head"]] if report["previous"] else [])
    for head in map(read_head, heads):
        if head.size == old.size and head.root != old.root:
            raise RefusedError(f"the log has signed two histories of {old.size} entries; keep both heads")
        if head.size == old.size:
            return _entries_found(old.size)
    asked = f"ask for one that does: report.json?known={old.size}"
    raise RefusedError(f"this report does not reach back to your head of {old.size} entries; {asked}")


def _relies_on(document: Any) -> list[tuple[str, str]]:
    """The (kind, digest) of each document that a document says it relies on."""
    named = document.get("relies_on", {}) if isinstance(document, dict) else {}
    _fit(named, {kind: [HASH] for kind in named} if isinstance(named, dict) else {"kind": [HASH]}, "relies_on")
    return [(kind, value) for kind, digests in named.items() for value in digests]


def _name(leaf: Document) -> str:
    return f"{leaf['kind']} in entry {leaf['index']}"


# --- the outcome computed again: reading documents -------------------------------------------------------------------
#
# The rules are those of the contract; outcomes.md tells them in words. Instants and lengths are whole milliseconds,
# spans end where the next may start, all other numbers are exact fractions. A member, a kind or a word that is not
# known here stops the computation: nothing that may change an amount is passed over.

ENGINE = "outturn-outcomes-1"

EPOCH, MILLISECOND, HOUR_MS, DAY_S = (
    datetime(1970, 1, 1, tzinfo=timezone.utc),
    timedelta(milliseconds=1),
    3600000,
    86400,
)
CLOCK = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?"
MOMENT = rf"((?:19|20|21)[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}})(?:T{CLOCK}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?"
WITHIN_DAY = r"T(?=.)(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]{1,3}))?S)?"
DURATION = rf"P(?=.)(?:([0-9]+)W)?(?:([0-9]+)D)?(?:{WITHIN_DAY})?"
DECIMAL = r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,20})?"
CATEGORIES = (
    "out_of_service", "off_calendar", "excluded", "up", "down", "unknown_up", "unknown_down", "unknown_out"
)  # fmt: skip
ZONE = r"(?!posix/|right/)[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GRAVITY = {"up": 0, "unknown": 1, "down": 2}
AGGREGATES = ("pooled", "mean", "worst", "per_asset")
DECISIONS = ("approved", "declined", "withdrawn")
LINE = ("kind", "clause", "minor", "text")
COUNTED = ((EVIDENCE, "evidence segment"), (CORRECTION, "correction"), (CLAIM, "claimed exclusion"))
MINOR_UNITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
    "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
    "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE "
    "SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW "
    "ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS = {currency: digits for digits, currencies in MINOR_UNITS.items() for currency in currencies.split()}
FORMS = {
    "run": "run contract version assumption period as_of outcome year_cap relies_on",
    "what a run relies on": "contract_version contract_acceptance evidence_segment evidence_correction exclusion "
    "exclusion_decision assumed_evidence statement",
    "year": "from to cap_minor credited remaining_minor",
    "correction": "correction dispute contract asset of from to state consent decided_by decided_at",
    "segment": "asset name start end rule relies_on in_service initial states counters rates measures conditions",
    "claim": "exclusion contract category assets from to evidence side claimed_by claimed_at objection_until",
    "decision": "exclusion decision why side consent decided_by decided_at relies_on",
    "rate": "rate period as_of contract evidence exclusions",
    "contract": "currency time_zone rounding correction_window fee clauses caps",
    "fee flat": "kind minor",
    "fee per_asset": "kind minor prorate",
    "fee metered": "kind of unit mode tiers minimum_minor",
    "clause": "id indicator assets aggregate calendar outages gaps minimum_coverage exclusions remedies",
    "indicator availability": "kind of",
    "indicator throughput": "kind of unit target per hours",
    "indicator ratio": "kind of per unit target better",
    "indicator mean_rate": "kind interval",
    "indicator response": "kind of within",
    "calendar": "weekly holidays",
    "window": "days from to",
    "outages": "minimum quantum",
    "gaps": "policy carry then",
    "rule": "category allowance",
    "price tier": "to price",
    "remedy tiers": "kind tiers",
    "tier": "below credit",
    "remedy steps": "kind below above credit bonus per step cap",
    "caps": "period_percent year_remaining_minor",
    "evidence": "in_service initial states counters rates measures conditions",
    "span": "from to",
    "state": "from to state received",
    "reading": "id at value received",
    "rate of errors": "from to value received",
    "exclusion": "category assets from to approved withdrawn",
    "statement": "statement version replaces contract title parties period as_of sealed_at currency lines total_minor "
    "clauses comparisons relies_on",
}
KNOWN = {form: frozenset(names.split()) for form, names in FORMS.items()}


class UnknownError(RefusedError):
    """Something stands in a document that is not known here, so that nothing can be said of the outcome."""

    def __init__(self, what: str, task: str = "recompute") -> None:
        super().__init__(f"cannot {task}: {what}")


def _object_of(form: str, value: Any, place: str) -> Document:
    """An object with no other members than those of a form."""
    if not isinstance(value, dict):
        raise UnknownError(f"{place} is not an object")
    for name in value.keys() - KNOWN[form]:
        raise UnknownError(f"unknown field {place}/{name}")
    return value


def _kind_of(sort: str, value: Any, place: str) -> Document:
    """An object of a sort that has kinds, each with members of its own."""
    kind = value.get("kind") if isinstance(value, dict) else None
    if f"{sort} {kind}" not in KNOWN:
        raise UnknownError(f"unknown {sort} {kind!s:.60} in {place}")
    return _object_of(f"{sort} {kind}", value, place)


def _word(value: Any, place: str, *words: Any) -> Any:
    """A word, which has to be one of those that are known."""
    if value not in words:
        raise UnknownError(f"unknown {place} {value!s:.60}")
    return value


def _exact(text: str) -> Fraction:
    """A decimal as it is written."""
    if not re.fullmatch(DECIMAL, text):
        raise UnknownError(f"{text!s:.60} is not a decimal")
    return Fraction(text)


def _length(text: str) -> int:
    """A duration; its days have 24 hours."""
    match = re.fullmatch(DURATION, text)
    if not match:
        raise UnknownError(f"{text!s:.60} is not a duration")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:5])
    whole = ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
    return 1000 * whole + int((match[6] or "").ljust(3, "0"))


def _zone(name: str) -> ZoneInfo:
    """A time zone, as this machine knows it."""
    try:
        if re.fullmatch(ZONE, name) and name != "Factory":
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    raise UnknownError(f"no time zone {name!s:.60} is here; python -m pip install tzdata brings those of the world")


@lru_cache(maxsize=65536)
def _instant(text: str, zone: ZoneInfo) -> int:
    """A time; without an offset it is one on the clocks of the zone, and a day is its midnight."""
    match = re.fullmatch(MOMENT, text)
    if not match:
        raise UnknownError(f"{text!s:.60} is not a time")
    hours, minutes, seconds, part, offset = match.groups()[1:]
    clock = time(int(hours or 0), int(minutes or 0), int(seconds or 0), 1000 * int((part or "").ljust(3, "0")))
    shown = datetime.combine(date.fromisoformat(match[1]), clock)
    if offset is None:
        return _local(shown, zone)
    ahead = 0 if offset == "Z" else int(offset[0] + "1") * (60 * int(offset[1:3]) + int(offset[4:]))
    return (shown.replace(tzinfo=timezone.utc) - EPOCH) // MILLISECOND - 60000 * ahead


def _local(wall: datetime, zone: ZoneInfo) -> int:
    """The first instant at which the clocks of a zone show a time or, where they skip it, a later one."""

    def behind(instant: int) -> bool:
        return (EPOCH + instant * MILLISECOND).astimezone(zone).replace(tzinfo=None) < wall

    low, high = sorted((wall.replace(tzinfo=zone, fold=fold) - EPOCH) // MILLISECOND for fold in (0, 1))
    if not behind(low):
        return low
    low, high = low // 1000, -(-high // 1000)  # clocks are set at full seconds
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if behind(1000 * middle) else (low, middle)
    return 1000 * high


def _span(value: Document, zone: ZoneInfo, place: str) -> tuple[int, int]:
    """The start and the end of something; both are the same only where its local times were skipped."""
    start, end = _instant(value["from"], zone), _instant(value["to"], zone)
    if end < start or value["from"] == value["to"]:
        raise RefusedError(f"{place} ends before it starts")
    return start, end


# --- the outcome computed again: time ---------------------------------------------------------------------------------
#
# A period is cut wherever anything begins or ends. In each of the cells between two cuts nothing changes, so that all
# questions are asked of whole cells.


def _cells(bounds: tuple[int, int], *layered: Layers) -> list[tuple[Any, ...]]:
    """The cells of a span: start, end, and what lies on top there in each list of layers (None: nothing).

    A layer is start, end and what it says; later ones lie over earlier ones.
    """
    edges = {edge for layers in layered for start, end, _ in layers for edge in (start, end)}
    cuts = sorted({*bounds, *(edge for edge in edges if bounds[0] < edge < bounds[1])})
    return list(zip(cuts, cuts[1:], *(_seen_from_above(cuts, layers) for layers in layered)))


def _seen_from_above(cuts: list[int], layers: Layers) -> list[Any]:
    """What the topmost layer says in each cell: from the top down, each layer takes the cells that are still free."""
    cells: list[Any] = [None] * (len(cuts) - 1)
    free = list(range(len(cuts)))  # of each cell the next one that is free
    for start, end, says in reversed(layers):
        stop = min(bisect_left(cuts, end), len(cells))
        at = _next(free, bisect_left(cuts, start))
        while at < stop:
            cells[at], free[at] = says, at + 1
            at = _next(free, at)
    return cells


def _next(free: list[int], at: int) -> int:
    at = min(at, len(free) - 1)
    while free[at] != at:
        free[at] = free[free[at]]
        at = free[at]
    return at


def _joined(pieces: Iterable[tuple[Any, ...]]) -> Layers:
    """Pieces of time in their order, neighbours that say the same as one."""
    joined: Layers = []
    for start, end, says in pieces:
        if joined and joined[-1][1:] == (start, says):
            joined[-1] = (joined[-1][0], end, says)
        elif start < end:
            joined.append((start, end, says))
    return joined


# --- the outcome computed again: evidence -----------------------------------------------------------------------------


class Case(NamedTuple):
    """What all clauses share. Evidence that was received after ``as_of`` or ``closing`` goes to ``unrated``."""

    terms: Document
    zone: ZoneInfo
    period: tuple[int, int]
    as_of: int
    closing: int
    unrated: set[tuple[Any, ...]]

    def is_rated(self, told: tuple[str, str, int, int, str], received: int | None) -> bool:
        """Whether a piece of evidence (asset, kind, start, end, content) came in time."""
        if received is None or received <= min(self.as_of, self.closing):
            return True
        limit = "the correction window" if received > self.closing else "as_of"
        self.unrated.add((*told, received, f"received after {limit}"))
        return False


class Volume(NamedTuple):
    """What a counter rose by in the period, from which reading on, and each rise."""

    total: Fraction
    base: tuple[int, int, Fraction, str] | None
    rises: list[list[Any]]


class Seen(NamedTuple):
    """What was seen of one asset: time in service, states, counters, error rates."""

    present: Layers
    states: Layers
    volume: Volume
    measures: dict[str, Volume]
    conditions: dict[str, Layers]
    rates: Layers

    def quantity(self, of: str | None) -> Fraction:
        """What a name stands for: what a counter rose by, or the hours in service in which a condition held."""
        if of is None or of in self.measures:
            return (self.volume if of is None else self.measures[of]).total
        return Fraction(_overlap(self.held(of), self.present), HOUR_MS)

    def held(self, of: str | None) -> Layers:
        """When a condition held, also beyond the period."""
        return [(start, end, True) for start, end, says in self.conditions.get(of or "", ()) if says[0] == "up"]


def _overlap(some: Layers, others: Layers) -> int:
    """How long some disjoint spans last within others."""
    return sum(max(0, min(end, until) - max(start, since)) for start, end, _ in some for since, until, _ in others)


def _look(case: Case, asset: str, known: Document) -> Seen:
    """What was seen of an asset, from its evidence as far as it came in time."""
    place = f"evidence/{asset}"
    _object_of("evidence", known, place)
    measures, conditions = known.get("measures", {}), known.get("conditions", {})
    for name in measures.keys() & conditions.keys():
        raise RefusedError(f"{place} has a measure and a condition of the name {name}")
    initial = _word(known.get("initial"), f"{place}/initial", "up", "down", "unknown", None) or "unknown"
    return Seen(
        present=_in_service(case, known.get("in_service"), f"{place}/in_service"),
        states=_states(case, asset, known.get("states", []), f"{place}/states", initial=initial),
        volume=_volume(case, asset, known.get("counters", []), f"{place}/counters"),
        measures={name: _volume(case, asset, some, f"{place}/measures/{name}") for name, some in measures.items()},
        conditions={
            name: _states(case, asset, some, f"{place}/conditions/{name}", name=name)
            for name, some in conditions.items()
        },
        rates=_rates(case, asset, known.get("rates", []), f"{place}/rates"),
    )


def _in_service(case: Case, service: Any, place: str) -> Layers:
    """The part of the period in which an asset was in service: one span or none."""
    bounds = _object_of("span", service or {}, place)
    since, until = (bounds.get(side) for side in ("from", "to"))
    start = case.period[0] if since is None else max(case.period[0], _instant(since, case.zone))
    end = case.period[1] if until is None else min(case.period[1], _instant(until, case.zone))
    return [(start, end, True)] if start < end else []


def _states(case: Case, asset: str, rows: list[Any], place: str, *, initial: str = "unknown", name: str = "") -> Layers:
    """The states over the period, and as far beyond it as reports reach, each with when it was received (None: never).

    Of several reports of a moment the one received last holds; of those, the one that starts later, then the one that
    ends earlier, then the graver state.
    """
    reports = []
    for number, row in enumerate(rows):
        start, end = _span(_object_of("state", row, f"{place}/{number}"), case.zone, f"{place}/{number}")
        said = _word(row["state"], f"{place}/{number}/state", *GRAVITY)
        received = _instant(row["received"], case.zone)
        if case.is_rated((asset, "state", start, end, f"{name} {said}".strip()), received) and start < end:
            reports.append((received, start, -end, GRAVITY[said], said))
    layers = [(one[1], -one[2], (at, one[4], one[0])) for at, one in enumerate(sorted(reports))]
    first = min([case.period[0], *(start for start, _, _ in layers)])
    last = max([case.period[1], *(end for _, end, _ in layers)])
    pieces = _joined(_cells((first, last), layers))
    return [(start, end, (initial, None) if top is None else top[1:]) for start, end, top in pieces]


def _volume(case: Case, asset: str, rows: list[Any], place: str) -> Volume:
    """What a counter rose by. A rise belongs to the period of its later reading; a fall is a counter that began anew.

    Of readings with the same id the one received last counts; those of one instant come as they were received.
    """
    readings = []
    for number, row in enumerate(rows):
        _object_of("reading", row, f"{place}/{number}")
        at, value, received = _instant(row["at"], case.zone), _exact(row["value"]), _instant(row["received"], case.zone)
        if case.is_rated((asset, "counter", at, at, f"{row['id']} at {value}"), received):
            readings.append((received, at, value, row["id"]))
    last = {reading[3]: reading for reading in sorted(readings)}
    line = sorted(
        (one for one in last.values() if one[1] <= case.period[1]), key=lambda one: (one[1], one[0], *one[2:])
    )
    before = max(0, sum(at <= case.period[0] for _, at, _, _ in line) - 1)
    rises = []
    for (_, _, was, _), (_, at, value, name) in zip(line[before:], line[before + 1 :]):
        rises.append([name, at, value, value if value < was else value - was, value < was])
    return Volume(sum((rise[3] for rise in rises), Fraction(0)), line[before] if line else None, rises)


def _rates(case: Case, asset: str, rows: list[Any], place: str) -> Layers:
    """The error shares in the period; of several of a moment the one received last holds."""
    reports = []
    for number, row in enumerate(rows):
        start, end = _span(_object_of("rate of errors", row, f"{place}/{number}"), case.zone, f"{place}/{number}")
        received = None if row.get("received") is None else _instant(row["received"], case.zone)
        value = _exact(row["value"])
        if value > 1:
            raise RefusedError(f"{place}/{number} is more than the whole")
        if case.is_rated((asset, "rate", start, end, str(value)), received) and start < end:
            reports.append((-1 if received is None else received, start, -end, value))
    reports.sort()
    reached: tuple[int, int, Fraction] | None = None
    for known, start, until, value in reports:
        if reached and reached[0] == known and start < reached[1] and reached[2] != value:
            raise RefusedError(f"{place} has two error shares of the same time, and nothing says which holds")
        if not reached or reached[0] != known or reached[1] < -until:
            reached = (known, -until, value)
    layers = [(one[1], -one[2], (at, one[3])) for at, one in enumerate(reports)]
    pieces = _joined(_cells(case.period, layers))
    return [(start, end, top[1]) for start, end, top in pieces if top is not None]


def _claims(case: Case, claims: list[Any]) -> dict[tuple[str, str], Layers]:
    """What was excluded, by asset and category: claims that the other side had approved, and nobody withdrawn."""
    found: dict[tuple[str, str], Layers] = {}
    for number, claim in enumerate(claims):
        place = f"exclusions/{number}"
        start, end = _span(_object_of("exclusion", claim, place), case.zone, place)
        approved, withdrawn = (
            None if claim.get(name) is None else _instant(claim[name], case.zone) for name in ("approved", "withdrawn")
        )
        refused: tuple[int | None, str]
        if withdrawn is not None and withdrawn <= case.as_of:
            refused = (withdrawn, "withdrawn")
        elif approved is None or approved > case.as_of:
            refused = (approved, "not approved" if approved is None else "approved after as_of")
        else:
            for asset in claim["assets"]:
                found.setdefault((asset, claim["category"]), []).append((start, end, True))
            continue
        case.unrated.add((", ".join(sorted(claim["assets"])), "exclusion", start, end, claim["category"], *refused))
    return found


# --- the outcome computed again: one clause ---------------------------------------------------------------------------


class Ledger(NamedTuple):
    """The period of one asset under one clause, and what the indicator measured.

    ``parts`` are start, end and (category, detail, number), each millisecond in one of them. ``top`` over ``bottom`` is
    the ratio; with 0 below there is nothing to measure against.
    """

    totals: dict[str, int]
    parts: Layers
    outages: list[list[int]]
    gaps: list[list[Any]]
    exclusions: list[Document]
    top: Fraction
    bottom: Fraction
    hours: Fraction | None
    rates: list[list[Any]]
    incidents: list[list[Any]] | None

    @property
    def ratio(self) -> Fraction | None:
        """Top over bottom."""
        return self.top / self.bottom if self.bottom else None


def _keep(case: Case, clause: Document, owed: Layers, one: Seen, claims: list[Layers]) -> Ledger:
    """Where every millisecond goes: service, calendar, exclusions by priority, then states and gaps."""
    indicator = clause["indicator"]
    of = indicator.get("of") if indicator["kind"] == "availability" else None
    counts, outages, gaps, treated = _counting(case, clause, one.states if of is None else one.conditions[of])
    shares = [[*rate, 0] for rate in one.rates] if indicator["kind"] == "mean_rate" else []
    numbered = [(share[0], share[1], at) for at, share in enumerate(shares)]
    uses = [_use(rule) for rule in clause.get("exclusions", [])]
    parts: Layers = []
    for start, end, there, is_owed, said, share, *claimed in _cells(
        case.period, one.present, owed, counts, numbered, *claims
    ):
        if not there or not is_owed:
            parts.append((start, end, ("off_calendar" if there else "out_of_service", "", 0)))
            continue
        taken = _exclude(uses, claimed, start, end)
        since = taken[-1][1] if taken else start
        parts += [*taken, (since, end, said)]
        if share is not None:
            shares[share][3] += end - since
    parts, totals = _joined(parts), dict.fromkeys(CATEGORIES, 0)
    for start, end, (category, detail, _) in parts:
        totals[f"unknown_{detail.replace('unknown', 'out')}" if category == "unknown" else category] += end - start
    for use in uses:
        use["used"] = [[start, end] for start, end, said in parts if said[:2] == ("excluded", use["category"])]
    incidents = None
    if indicator["kind"] == "response":
        committed = [part for part in parts if part[2][0] in ("up", "down", "unknown")]
        incidents = _incidents(case, clause, treated, committed, one.held(indicator.get("of")))
    measured = _measured(indicator, totals, one, shares, incidents or [])
    return Ledger(totals, parts, outages, gaps, uses, *measured, incidents)


def _use(rule: Document) -> Document:
    """A category that a clause excludes: how much of it may be, is claimed and is left in the period."""
    allowance = _object_of("rule", rule, "exclusions").get("allowance")
    length = None if allowance is None else _length(allowance)
    return {"category": rule["category"], "allowance": length, "claimed": 0, "left": length}


def _exclude(uses: list[Document], claimed: list[Any], start: int, end: int) -> Layers:
    """What is excluded of a cell, from its start on; what a spent allowance leaves may fall to a later category."""
    taken: Layers = []
    for use, is_claimed in zip(uses, claimed):
        if is_claimed:
            until = end if use["left"] is None else min(end, start + use["left"])
            use["claimed"] += end - start
            use["left"] = None if use["left"] is None else use["left"] - (until - start)
            taken.append((start, until, ("excluded", use["category"], 0)))
            start = until
    return taken


def _calendar(case: Case, clause: Document) -> Layers:
    """When the service is owed: always, or in windows that belong to the day on which they start."""
    calendar = clause.get("calendar")
    if calendar is None:
        return [(*case.period, True)]
    _object_of("calendar", calendar, "calendar")
    day, last = ((EPOCH + at * MILLISECOND).astimezone(case.zone).date() for at in case.period)
    day -= timedelta(days=1)
    owed: Layers = []
    while day <= last:
        for window in calendar["weekly"] if day.isoformat() not in calendar.get("holidays", []) else ():
            _object_of("window", window, "calendar/weekly")
            if DAYS[day.weekday()] in window["days"]:
                opens, closes = (_second(window[side]) for side in ("from", "to"))
                opening = datetime.combine(day, time()) + timedelta(seconds=opens)
                closing = opening + timedelta(seconds=(closes - opens - 1) % DAY_S + 1)
                owed.append((_local(opening, case.zone), _local(closing, case.zone), True))
        day += timedelta(days=1)
    return owed


def _second(clock: str) -> int:
    """A time of day in seconds; 24:00 is the end of the day."""
    match = re.fullmatch(CLOCK, clock)
    if not match:
        raise UnknownError(f"{clock!s:.60} is not a time of day")
    return 3600 * int(match[1]) + 60 * int(match[2]) + int(match[3] or 0)


def _counting(case: Case, clause: Document, states: Layers) -> tuple[Layers, list[Any], list[Any], Layers]:
    """What each state counts as, the outages and the gaps that touch the period, and the states with gaps treated.

    An outage is whole, also beyond the period: dropped when it is shorter than the minimum, else cut at its end to
    whole quanta. A gap counts from its start to a turn as one thing, then as another.
    """
    rule = _object_of("outages", clause.get("outages", {}), "outages")
    minimum, quantum = (_length(rule.get(name, "PT0S")) for name in ("minimum", "quantum"))
    counts: Layers = []
    treated: Layers = []
    outages: list[list[Any]] = []
    gaps: list[list[Any]] = []
    before = "unknown"
    for start, end, state in _joined((start, end, says[0]) for start, end, says in states):
        first, turn, then = state, end, state
        if state == "down":
            turn = start if end - start < minimum else end - ((end - start) % quantum if quantum else 0)
            outages.append([start, end, turn])
            counts += [(start, turn, ("down", "", 0)), (turn, end, ("up", "", 0))]
            turn = end
        elif state == "unknown":
            first, turn, then = _gap(clause["gaps"], start, end, before)
            gaps.append([start, end, first, turn, then])
            counts += [(start, turn, ("unknown", first, 0)), (turn, end, ("unknown", then, 1))]
        else:
            counts.append((start, end, ("up", "", 0)))
        treated += [piece for piece in ((start, turn, first), (turn, end, then)) if piece[0] < piece[1]]
        before = state

    def touching(some: list[list[Any]]) -> list[list[Any]]:
        return [one for one in some if one[1] > case.period[0] and one[0] < case.period[1]]

    return counts, touching(outages), touching(gaps), treated


def _gap(rule: Document, start: int, end: int, before: str) -> tuple[str, int, str]:
    """What a gap counts as until it turns, when that is, and what it counts as then; ``unknown`` is not at all."""
    policy = _word(
        _object_of("gaps", rule, "gaps")["policy"], "gap policy", "as_up", "as_down", "exclude", "carry_forward"
    )
    if policy == "carry_forward":
        then = _word(rule["then"], "gaps/then", "up", "down")
        return before, start if before == "unknown" else min(end, start + _length(rule["carry"])), then
    state = {"as_up": "up", "as_down": "down", "exclude": "unknown"}[policy]
    return state, end, state


def _incidents(case: Case, clause: Document, treated: Layers, committed: Layers, held: Layers) -> list[list[Any]]:
    """The incidents of a response time: start, end (None: open), clock and verdict.

    An incident is down time until the asset is up again. Its clock runs in committed time, until the asset is up or the
    condition holds that stops it.
    """
    troubles: list[tuple[Layers, int]] = []
    down: Layers = []
    for piece in [*treated, (treated[-1][1], treated[-1][1], "up")]:
        if piece[2] == "down":
            down.append(piece)
        elif piece[2] == "up" and down:
            troubles.append((down, piece[0]))
            down = []
    minimum, within = (
        _length(text) for text in (clause.get("outages", {}).get("minimum", "PT0S"), clause["indicator"]["within"])
    )
    found = []
    for down, until in troubles:
        if not _overlap(down, committed) or sum(end - start for start, end, _ in down) < minimum:
            continue
        start, end = max(down[0][0], case.period[0]), min(until, case.period[1])
        answers = [max(since, start) for since, to, _ in held if max(since, start) < min(to, end)]
        stopped = answers[0] if answers else end if end < case.period[1] else None
        running = [(since, to if stopped is None else min(to, stopped), True) for since, to, _ in down]
        clock = _overlap(running, committed)
        found.append([start, stopped, clock, "missed" if clock > within else "open" if stopped is None else "met"])
    return found


def _measured(
    indicator: Document, totals: dict[str, int], one: Seen, shares: list[list[Any]], incidents: list[list[Any]]
) -> tuple[Fraction, Fraction, Fraction | None, list[list[Any]]]:
    """Top and bottom of the ratio of one asset, the hours of a throughput, the shares of a mean rate."""
    committed, kind = _committed(totals), indicator["kind"]
    if kind == "availability":
        up = totals["up"] + totals["unknown_up"]
        return Fraction(up), Fraction(up + totals["down"] + totals["unknown_down"]), None, []
    if kind == "throughput":
        stated = _word(indicator["per"], "indicator/per", "h") and indicator["hours"]
        hours = Fraction(committed, HOUR_MS) if stated == "committed" or not committed else _exact(stated)
        return one.quantity(indicator.get("of")), hours * _exact(indicator["target"]), hours, []
    if kind == "ratio":
        quantity, aimed = one.quantity(indicator["of"]), _exact(indicator["target"]) * one.quantity(indicator["per"])
        if not committed:
            quantity = aimed = Fraction(0)
        better = _word(indicator["better"], "indicator/better", "higher", "lower")
        return (quantity, aimed, None, []) if better == "higher" else (aimed, quantity, None, [])
    if kind == "response":
        met, missed = (Fraction(sum(incident[3] == verdict for incident in incidents)) for verdict in ("met", "missed"))
        return met, met + missed, None, []
    in_error = sum((value * counted for _, _, value, counted in shares), Fraction(0))
    return committed - in_error, Fraction(committed), None, shares


def _committed(totals: dict[str, int]) -> int:
    """The time that counts: service time that no exclusion took."""
    return sum(totals[name] for name in CATEGORIES[3:])


# --- the outcome computed again: money --------------------------------------------------------------------------------


def _rounded(exact: Fraction, mode: str) -> int:
    """Whole minor units of an amount that is not negative."""
    whole, rest = divmod(exact, 1)
    away = {
        "down": False,
        "up": rest > 0,
        "half_up": 2 * rest >= 1,
        "half_even": 2 * rest > 1 or (2 * rest == 1 and whole % 2 == 1),
    }
    return int(whole) + away[_word(mode, "rounding", *away)]


def _minor(value: Any) -> int:
    """A whole number of minor units, as it is written."""
    if type(value) is not int:
        raise UnknownError(f"{value!s:.60} is not a whole number of minor units")
    return value


def _fee(case: Case, seen: dict[str, Seen]) -> Document:
    """The fee, what it is made of, and its exact amount, of which credits and bonuses are percentages."""
    fee = _kind_of("fee", case.terms["fee"], "contract/fee")
    parts: list[Document] = []
    volumes: dict[str, Fraction] = {}
    if fee["kind"] == "flat":
        exact = Fraction(_minor(fee["minor"]))
    elif fee["kind"] == "per_asset":
        price, is_prorated = Fraction(_minor(fee["minor"])), fee.get("prorate") is not None
        _word(fee.get("prorate"), "contract/fee/prorate", "seconds", None)
        for asset, one in sorted(seen.items()):
            share = Fraction(sum(end - start for start, end, _ in one.present), case.period[1] - case.period[0])
            parts.append({"name": asset, "quantity": share if is_prorated else Fraction(share > 0), "price": price})
    else:
        _refuse_unnamed(fee.get("of"), seen.values(), any, "contract/fee/of")
        volumes = {asset: one.quantity(fee.get("of")) for asset, one in seen.items()}
        parts = _price_parts(fee, sum(volumes.values(), Fraction(0)), 10 ** DIGITS[case.terms["currency"]])
        taken = sum((part["quantity"] * part["price"] for part in parts), Fraction(0))
        if fee.get("minimum_minor") is not None and taken < _minor(fee["minimum_minor"]):
            lacking = fee["minimum_minor"] - taken
            parts.append({"name": "up to the minimum", "quantity": Fraction(1), "price": lacking})
    if fee["kind"] != "flat":
        exact = sum((part["quantity"] * part["price"] for part in parts), Fraction(0))
    minor = _rounded(exact, case.terms.get("rounding", "half_even"))
    return {"kind": fee["kind"], "parts": parts, "exact": exact, "minor": minor, "volumes": volumes}


def _price_parts(fee: Document, volume: Fraction, units: int) -> list[Document]:
    """A volume at the prices of its tiers, each with its end in it, or all of it at that of the last it reaches."""
    ends = [None if tier["to"] is None else _exact(tier["to"]) for tier in fee["tiers"]]
    prices = [_exact(_object_of("price tier", tier, "contract/fee/tiers")["price"]) * units for tier in fee["tiers"]]
    bounds = [Fraction(0), *(end for end in ends if end is not None)]
    if len(bounds) != len(ends) or ends[-1] is not None or bounds != sorted(set(bounds)):
        raise RefusedError("the price tiers of the contract overlap, or leave something without a price")
    reached = sum(bound < volume for bound in bounds[1:])
    parts = []
    for low, end, price in list(zip(bounds, ends, prices))[: reached + 1]:
        name = f"above {low}" if end is None else f"{low} to {end}"
        parts.append({"name": name, "quantity": (volume if end is None else min(volume, end)) - low, "price": price})
    if _word(fee["mode"], "contract/fee/mode", "graduated", "volume") == "graduated":
        return parts
    return [{**parts[-1], "quantity": volume}]


def _shares(fee: Document, assets: list[str], seen: dict[str, Seen]) -> dict[str, Fraction]:
    """What each asset of a clause has of the fee: its own, by its volume, or by its time in service."""
    if fee["kind"] == "per_asset":
        own = {part["name"]: part["quantity"] * part["price"] for part in fee["parts"]}
        return {asset: own[asset] for asset in assets}
    weights = fee["volumes"]
    if not any(weights.values()):  # a flat fee, or a minimum that is paid for no volume
        sharing = assets if fee["kind"] == "flat" else list(seen)
        weights = {asset: Fraction(sum(end - start for start, end, _ in seen[asset].present)) for asset in sharing}
    pool = sum(weights.values(), Fraction(0))
    return {asset: fee["exact"] * weights[asset] / pool if pool else Fraction(0) for asset in assets}


def _verdict(remedy: Document, percent: Fraction, place: str) -> Document:
    """What a remedy makes of an outcome, in percent of the fee base."""
    _kind_of("remedy", remedy, place)
    if remedy["kind"] == "tiers":
        rows = (_object_of("tier", tier, place) for tier in remedy["tiers"])
        tiers = sorted(
            ({name: _exact(row[name]) for name in ("below", "credit")} for row in rows), key=lambda tier: -tier["below"]
        )
        if len({tier["below"] for tier in tiers}) < len(tiers):
            raise RefusedError(f"two tiers in {place} have the same threshold")
        holding = [tier for tier in tiers if percent < tier["below"]][-1:]
        credit = holding[0]["credit"] if holding else Fraction(0)
        return {"tiers": tiers, "holding": holding[0] if holding else None, "credit": credit, "bonus": Fraction(0)}
    side, effect = (_either(remedy, pair, place) for pair in (("below", "above"), ("credit", "bonus")))
    threshold, each, per = _exact(remedy[side]), _exact(remedy[effect]), _exact(remedy["per"])
    is_started = _word(remedy["step"], f"{place}/step", "full", "started") == "started"
    cap = None if remedy.get("cap") is None else _exact(remedy["cap"])
    distance = max(Fraction(0), threshold - percent if side == "below" else percent - threshold)
    steps = math.ceil(distance / per) if is_started else math.floor(distance / per)
    reached = steps * each if cap is None else min(steps * each, cap)
    terms = {
        "side": side, "threshold": threshold, "effect": effect, "percent": each, "per": per, "started": is_started,
        "cap": cap,
    }  # fmt: skip
    verdict = {"remedy": terms, "distance": distance, "steps": steps, "uncapped": steps * each, "percent": reached}
    return {**verdict, "credit": Fraction(0), "bonus": Fraction(0), effect: reached}


def _either(value: Document, names: tuple[str, str], place: str) -> str:
    """Which of two members is there; it has to be one of them."""
    given = [name for name in names if value.get(name) is not None]
    if len(given) != 1:
        raise RefusedError(f"{place} has not one of {' and '.join(names)}")
    return given[0]


def _capped(case: Case, fee_minor: int, asked: list[int]) -> Document:
    """What the caps leave of the credits, shared by largest remainder, the earlier clause first."""
    caps = _object_of("caps", case.terms.get("caps", {}), "contract/caps")
    percent, year = caps.get("period_percent"), caps.get("year_remaining_minor")
    period_limit = None if percent is None else math.floor(_exact(percent) * fee_minor / 100)
    year_limit = None if year is None else _minor(year)
    granted = min([sum(asked), *(limit for limit in (period_limit, year_limit) if limit is not None)])
    exact = [Fraction(granted * one, sum(asked) or 1) for one in asked]
    shares = [math.floor(one) for one in exact]
    for at in sorted(range(len(exact)), key=lambda at: (shares[at] - exact[at], at))[: granted - sum(shares)]:
        shares[at] += 1
    return {
        "asked": sum(asked), "period_limit": period_limit, "year_limit": year_limit, "granted": granted,
        "shares": shares, "forfeited": sum(asked) - granted,
    }  # fmt: skip


# --- the outcome computed again: all of it ----------------------------------------------------------------------------


def recomputed(document: Document) -> Document:
    """The outcome of a rate document, with all figures that a run has of it; only the text of its trace is left out."""
    _object_of("rate", document, "rate document")
    case = _case(document)
    seen = {asset: _look(case, asset, known) for asset, known in sorted(document["evidence"].items())}
    claims, fee = _claims(case, document.get("exclusions", [])), _fee(case, seen)
    rated = [_clause(case, clause, document["evidence"], seen, claims, fee) for clause in case.terms["clauses"]]
    caps = _capped(case, fee["minor"], [working["credit_minor"] for _, working in rated])
    total = fee["minor"]
    for (clause, working), granted in zip(rated, caps["shares"]):
        working["granted_minor"] = granted
        clause["amount_minor"] = working["bonus_minor"] - granted if clause["status"] == "settled" else None
        total += clause["amount_minor"] or 0
    unrated = sorted(case.unrated, key=lambda one: (*one[:5], -1 if one[5] is None else one[5]))
    names = ("asset", "kind", "start", "end", "content", "known", "reason")
    outcome = {
        "engine": ENGINE,
        "currency": case.terms["currency"],
        "period": {side: _utc(at) for side, at in zip(("start", "end"), case.period)},
        "as_of": _utc(case.as_of),
        "fee_minor": fee["minor"],
        "total_minor": total,
        "clauses": [clause for clause, _ in rated],
        "workings": {
            "unrated": [dict(zip(names, one)) for one in unrated],
            "assets": [_seen_as_json(asset, one) for asset, one in seen.items()],
            "fee": fee,
            "clauses": [working for _, working in rated],
            "caps": caps,
        },
    }
    plain: Document = _plain_of(outcome)
    return plain


def _case(document: Document) -> Case:
    """What all clauses share."""
    terms = _object_of("contract", document["contract"], "contract")
    _word(terms["currency"], "contract/currency", *DIGITS)
    zone, sides = _zone(terms["time_zone"]), document["period"]
    start, end, as_of = (_instant(text, zone) for text in (sides["start"], sides["end"], document["as_of"]))
    if not start < end:
        raise RefusedError("the period ends before it starts")
    return Case(terms, zone, (start, end), as_of, end + _length(terms["correction_window"]), set())


def _clause(
    case: Case,
    clause: Document,
    evidence: Document,
    seen: dict[str, Seen],
    claims: dict[tuple[str, str], Layers],
    fee: Document,
) -> tuple[Document, Document]:
    """A clause as an outcome shows it, and its workings; what it grants is not known before all clauses are."""
    place = f"clause {_object_of('clause', clause, 'contract/clauses')['id']}"
    _check_indicator(case, clause, evidence, seen, f"{place}/indicator")
    owed, categories = _calendar(case, clause), [rule["category"] for rule in clause.get("exclusions", [])]
    ledgers = {
        asset: _keep(case, clause, owed, seen[asset], [claims.get((asset, category), []) for category in categories])
        for asset in clause["assets"]
    }
    totals = {name: sum(one.totals[name] for one in ledgers.values()) for name in CATEGORIES}
    committed, unknown = _committed(totals), sum(totals[name] for name in CATEGORIES[5:])
    coverage = Fraction(committed - unknown, committed) if committed else None
    ratio = _aggregate(_word(clause["aggregate"], f"{place}/aggregate", *AGGREGATES), list(ledgers.values()))
    ratio = _without_cause(clause, ratio, committed)
    gate = clause.get("minimum_coverage")
    is_low = gate is not None and coverage is not None and 100 * coverage < _exact(gate)
    judgements = [] if ratio is None or is_low else _judgements(clause, ratio, ledgers, seen, fee)
    mode = case.terms.get("rounding", "half_even")
    credit, bonus = (sum((one[name] for one in judgements), Fraction(0)) for name in ("credit", "bonus"))
    shown = {
        "id": clause["id"],
        "status": "indeterminate" if ratio is None or is_low else "settled",
        "ratio": ratio,
        "percent": _percent(ratio),
        "period_s": _seconds(case.period[1] - case.period[0]),
        "excluded_s": _seconds(totals["excluded"]),
        "committed_s": _seconds(committed),
        "down_s": _seconds(totals["down"]),
        "unknown_s": _seconds(unknown),
        "coverage_percent": _percent(coverage),
    }
    return shown, {
        "id": clause["id"],
        "totals": totals,
        "assets": [_ledger_as_json(asset, one) for asset, one in ledgers.items()],
        "judgements": judgements,
        "credit_minor": _rounded(credit, mode),
        "bonus_minor": _rounded(bonus, mode),
    }


def _check_indicator(case: Case, clause: Document, evidence: Document, seen: dict[str, Seen], place: str) -> None:
    """Refuse an indicator that is not known, or names what the evidence has not."""
    indicator = _kind_of("indicator", clause["indicator"], place)
    some = [seen[asset] for asset in clause["assets"]]
    if indicator["kind"] in ("availability", "response") and indicator.get("of") is not None:
        if not all(indicator["of"] in one.conditions for one in some):
            raise RefusedError(f"{place}/of names no condition of each asset")
    elif indicator["kind"] in ("throughput", "ratio"):
        for name in ("of", "per")[: 1 + (indicator["kind"] == "ratio")]:
            _refuse_unnamed(indicator.get(name), some, all, f"{place}/{name}")
    elif indicator["kind"] == "mean_rate":
        interval = _length(indicator["interval"])
        spans = (_span(row, case.zone, place) for asset in clause["assets"] for row in evidence[asset].get("rates", []))
        if any((end - start) % interval for start, end in spans):
            raise RefusedError(f"{place}/interval does not part the error shares into whole intervals")


def _refuse_unnamed(
    name: str | None, some: Iterable[Seen], which: Callable[[Iterable[bool]], bool], place: str
) -> None:
    if name is not None and not which(name in one.measures or name in one.conditions for one in some):
        raise RefusedError(f"{place} names nothing that the evidence has")


def _aggregate(kind: str, ledgers: list[Ledger]) -> Fraction | None:
    """The ratio of a clause; an asset with nothing to measure against has no say."""
    counted = [(one.top, one.bottom) for one in ledgers if one.bottom]
    if not counted:
        return None
    if kind == "worst":
        return min(top / bottom for top, bottom in counted)
    if kind == "mean":
        return sum((top / bottom for top, bottom in counted), Fraction(0)) / len(counted)
    return sum((top for top, _ in counted), Fraction(0)) / sum((bottom for _, bottom in counted), Fraction(0))


def _without_cause(clause: Document, ratio: Fraction | None, committed: int) -> Fraction | None:
    """A ratio; of a response time it is whole where time was committed and nothing happened."""
    return Fraction(1) if ratio is None and committed and clause["indicator"]["kind"] == "response" else ratio


def _judgements(
    clause: Document, ratio: Fraction, ledgers: dict[str, Ledger], seen: dict[str, Seen], fee: Document
) -> list[Document]:
    """What the remedies make of the ratio of the clause, or of each asset's on its own share of the fee."""
    judged = [("", ratio, fee["exact"])]
    if clause["aggregate"] == "per_asset":
        bases = _shares(fee, clause["assets"], seen)
        own_of = {asset: _without_cause(clause, one.ratio, _committed(one.totals)) for asset, one in ledgers.items()}
        judged = [(asset, own, bases[asset]) for asset, own in own_of.items() if own is not None]
    found = []
    for asset, own, base in judged:
        verdicts = [_verdict(remedy, 100 * own, f"clause {clause['id']}/remedies") for remedy in clause["remedies"]]
        sums = {name: base * sum((one[name] for one in verdicts), Fraction(0)) / 100 for name in ("credit", "bonus")}
        found.append({"asset": asset, "percent": 100 * own, "base": base, "verdicts": verdicts, **sums})
    return found


def _seen_as_json(asset: str, one: Seen) -> Document:
    """What was seen of an asset, as a run writes it."""
    shown: Document
    states = [[start, end, *says] for start, end, says in one.states]
    present = [span[:2] for span in one.present]
    shown = {"asset": asset, "present": present, "states": states, "volume": _volume_as_json(one.volume)}
    if one.measures:
        shown["measures"] = {name: _volume_as_json(volume) for name, volume in one.measures.items()}
    if one.conditions:
        shown["conditions"] = {
            name: [[start, end, *says] for start, end, says in some] for name, some in one.conditions.items()
        }
    return shown


def _volume_as_json(volume: Volume) -> Document:
    base = None
    if volume.base is not None:
        received, at, value, name = volume.base
        base = {"id": name, "at": at, "value": value, "received": received}
    return {"total": volume.total, "base": base, "increases": volume.rises}


def _ledger_as_json(asset: str, one: Ledger) -> Document:
    uses = [{name: use[name] for name in ("category", "allowance", "claimed", "used")} for use in one.exclusions]
    return {
        "asset": asset, "totals": one.totals, "segments": [[start, end, *said[:2]] for start, end, said in one.parts],
        "outages": one.outages, "gaps": one.gaps, "exclusions": uses, "numerator": one.top, "denominator": one.bottom,
        "hours": one.hours, "rates": one.rates, "ratio": one.ratio,
        **({} if one.incidents is None else {"incidents": one.incidents}),
    }  # fmt: skip


def _plain_of(value: Any) -> Any:
    """JSON, in which a fraction is a text."""
    if isinstance(value, dict):
        return {name: _plain_of(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_of(item) for item in value]
    return str(value) if isinstance(value, Fraction) else value


def _percent(ratio: Fraction | None) -> str | None:
    """A ratio in percent with six digits, the rest cut off."""
    if ratio is None:
        return None
    millionths = math.floor(ratio * 10**8)
    return f"{millionths // 10**6}.{millionths % 10**6:06d}"


def _seconds(milliseconds: int) -> int | float:
    return milliseconds / 1000 if milliseconds % 1000 else milliseconds // 1000


def _utc(instant: int) -> str:
    return (EPOCH + instant * MILLISECOND).isoformat().replace("+00:00", "Z")


def _money(minor: int, currency: str) -> str:
    """An amount for people, such as ``-1,234.50 EUR``."""
    digits = DIGITS[currency]
    whole, part = divmod(abs(minor), 10**digits)
    return f"{'-' * (minor < 0)}{whole:,}{f'.{part:0{digits}d}' * (digits > 0)} {currency}"


# --- the outcome computed again: from the report ----------------------------------------------------------------------


def _given(report: Document) -> dict[tuple[str, str], Document]:
    """The documents of a report by kind and digest, without those that are given by their digest alone."""
    return {(leaf["kind"], leaf["digest"]): leaf["payload"] for leaf in report["leaves"] if leaf["payload"] is not None}


def _rate_document(run: Document, given: dict[tuple[str, str], Document]) -> Document:
    """What a run was computed from: the contract, the evidence, and the exclusions with what was decided on them."""
    (agreement,) = _relied(run, CONTRACT, given)
    if agreement.get("agreement") != 1:
        raise UnknownError("the contract is of another form")
    if (run["contract"], run["version"]) != (agreement["contract"], agreement["version"]):
        raise RefusedError("the run names another version of the contract than it rests on")
    zone, period = _zone(agreement["terms"]["time_zone"]), run["period"]
    start, end = (_instant(period[side], zone) for side in ("start", "end"))
    since, until = agreement["effective"]["from"], agreement["effective"]["to"]
    if start < _instant(since, zone) or (until is not None and end > _instant(until, zone)):
        raise RefusedError("the contract does not hold throughout the period")
    return {
        "rate": 1,
        "period": period,
        "as_of": run["as_of"],
        "contract": _terms(run, agreement),
        "evidence": _evidence(run, agreement, (start, end), given),
        "exclusions": _exclusions(run, agreement, given),
    }


def _terms(run: Document, agreement: Document) -> Document:
    """The terms of the contract, with what the other periods of its year left of the limit of the year."""
    terms: Document = agreement["terms"]
    cap = agreement.get("year_cap_minor")
    if run.get("year_cap") is None and cap is None:
        return terms
    year = _object_of("year", run.get("year_cap"), f"{RUN}/year_cap")
    credited = year["credited"]
    left = max(0, _minor(cap) - sum(_minor(one["credits_minor"]) for one in credited))
    named = [one["statement"] for one in credited]
    if (year["cap_minor"], year["remaining_minor"]) != (cap, left) or named != run["relies_on"].get(STATEMENT):
        raise RefusedError("what is left of the year's limit is not the limit less what the statements named credited")
    return {**terms, "caps": {**terms["caps"], "year_remaining_minor": left}}


def _relied(run: Document, kind: str, given: dict[tuple[str, str], Document]) -> list[Document]:
    """The documents of a kind that a run rests on."""
    for name in run["relies_on"].get(kind, []):
        if (kind, name) not in given:
            raise UnknownError(f"{kind} {name} is given by its digest alone")
    return [given[kind, name] for name in run["relies_on"].get(kind, [])]


def _evidence(
    run: Document, agreement: Document, period: tuple[int, int], given: dict[tuple[str, str], Document]
) -> Document:
    """What is known of each asset of the contract; of one without a segment nothing is."""
    known: Document = {asset: {"initial": None} for asset in agreement["assets"]}
    told = set()
    kind, zone = EVIDENCE if run["assumption"] is None else ASSUMED, _zone(agreement["terms"]["time_zone"])
    for segment in _relied(run, kind, given):
        place = f"{kind} of {_object_of('segment', segment, kind)['asset']}"
        if segment["asset"] in told:
            raise RefusedError(f"there are two: {place}")
        if kind == EVIDENCE and tuple(_instant(segment[side], zone) for side in ("start", "end")) != period:
            raise RefusedError(f"{place} is of another period than the run")
        told.add(segment["asset"])
        if segment["asset"] in known:
            known[segment["asset"]] = {name: segment[name] for name in segment.keys() & KNOWN["evidence"]}
    for correction in _relied(run, CORRECTION, given):
        if _object_of("correction", correction, CORRECTION)["contract"] != run["contract"]:
            raise RefusedError(f"a correction is about another contract, {correction['contract']!s:.60}")
        known[correction["asset"]] = _corrected(known[correction["asset"]], correction)
    return known


def _corrected(known: Document, correction: Document) -> Document:
    """What is known of an asset with what a dispute found: one more report, received when that was decided."""
    report = {name: correction[name] for name in ("from", "to", "state")}
    report["received"], of = correction["decided_at"], correction["of"]
    if of is None:
        return {**known, "states": [*known.get("states", []), report]}
    conditions = known.get("conditions", {})
    return {**known, "conditions": {**conditions, of: [*conditions.get(of, []), report]}}


def _exclusions(run: Document, agreement: Document, given: dict[tuple[str, str], Document]) -> list[Document]:
    """The exclusions that were claimed, with when each was approved or withdrawn."""
    zone = _zone(agreement["terms"]["time_zone"])
    claims, used = _relied(run, CLAIM, given), run["relies_on"].get(CLAIM, [])
    claimed: dict[str, str] = {}  # by exclusion the digest of its claim
    for name, claim in zip(used, claims):
        if claim["exclusion"] in claimed:
            raise RefusedError(f"there are two claims of the exclusion {claim['exclusion']}")
        claimed[claim["exclusion"]] = name
    decided, counted = _decided(run, claimed, given), set(used)
    left_out = decided.keys() - claimed.keys()
    if run["assumption"] is None:
        others = (claim for (kind, name), claim in given.items() if kind == CLAIM and name not in counted)
        left_out |= {claim["exclusion"] for claim in others}
    if left_out:
        raise RefusedError(f"the run leaves out the exclusion {min(left_out)}")
    found = []
    for claim in claims:
        if _object_of("claim", claim, CLAIM)["contract"] not in (None, run["contract"]):
            raise RefusedError(f"the exclusion {claim['exclusion']} is another contract's")
        verdicts = decided.get(claim["exclusion"], {})
        assets = [asset for asset in claim["assets"] if asset in agreement["assets"]]
        spans = {name: claim[name] for name in ("category", "from", "to")}
        silent = _approved_by_silence(claim, list(verdicts.values()), run["as_of"], zone)
        verdicts = {name: verdicts[name] for name in ("approved", "withdrawn") if name in verdicts}
        found.append({**spans, "assets": assets, "approved": silent, **verdicts})
    return found


def _decided(run: Document, claimed: dict[str, str], given: dict[tuple[str, str], Document]) -> dict[str, Any]:
    """By exclusion each verdict and when it was given; on the claim that counts, and not on another of its name."""
    decided: dict[str, dict[str, str]] = {}
    for decision in _relied(run, DECISION, given):
        verdict = _word(_object_of("decision", decision, DECISION)["decision"], "decision", *DECISIONS)
        exclusion = decision["exclusion"]
        if exclusion in claimed and (CLAIM, claimed[exclusion]) not in _relies_on(decision):
            raise RefusedError(f"what was decided on the exclusion {exclusion} is of another claim than the run's")
        decided.setdefault(exclusion, {})[verdict] = decision["decided_at"]
    return decided


def _approved_by_silence(claim: Document, decided: list[str], as_of: str, zone: ZoneInfo) -> str | None:
    """Since when a claim counts as approved because nothing was said of it while the customer could object."""
    until: str | None = claim.get("objection_until")
    if until is None or _instant(as_of, zone) < _instant(until, zone):
        return None
    return None if any(_instant(at, zone) < _instant(until, zone) for at in decided) else until


def _differences(found: Any, computed: Any, place: str) -> Iterator[str]:
    """Where a document says something else than what was computed."""
    if isinstance(found, dict) and isinstance(computed, dict):
        for name in found.keys() - computed.keys():
            raise UnknownError(f"unknown field {place}/{name}")
        for name in computed:
            if name in found:
                yield from _differences(found[name], computed[name], f"{place}/{name}")
            else:
                yield f"{place}/{name} is missing"
    elif isinstance(found, list) and isinstance(computed, list) and len(found) == len(computed):
        for at, (one, other) in enumerate(zip(found, computed)):
            yield from _differences(one, other, f"{place}/{at}")
    elif (type(found), found) != (type(computed), computed) and canonical(found) != canonical(computed):
        yield f"{place} is {_short(found)}, computed again it is {_short(computed)}"


def _short(value: Any) -> str:
    text = canonical(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."


def _recompute(run: Document, given: dict[tuple[str, str], Document], place: str) -> tuple[Document, Iterator[str]]:
    """The outcome of a run computed again, and where the run says something else."""
    _object_of("run", run, place)
    _object_of("what a run relies on", run["relies_on"], f"{place}/relies_on")
    _word(run["outcome"].get("engine"), f"{place}/outcome/engine", ENGINE)
    computed = recomputed(_rate_document(run, given))
    told = {name: value for name, value in run["outcome"].items() if name != "trace"}
    return computed, _differences(told, computed, f"{place}/outcome")


def _figures(report: Document) -> str:
    """The outcome computed again is that of the run, and that of the statement line by line."""
    statement, given = _object_of("statement", report["statement"], STATEMENT), _given(report)
    run = _run_of(statement, given)
    outcome, differences = _recompute(run, given, RUN)
    (agreement,) = _relied(run, CONTRACT, given)
    adjustments = _adjustments(statement)
    standing = _standing(statement, outcome)
    lines = [("fee", "fee", outcome["fee_minor"], "Fee")]
    lines += [
        ("clause", one["id"], one["amount_minor"], f"{one['id']} {one['percent'][:-4]} %:")
        if one["status"] == "settled"
        else ("clause", one["id"], standing[one["id"]], f"{one['id']}: indeterminate, ")
        for one in outcome["clauses"]
        if one["status"] == "settled" or one["id"] in standing
    ]
    lines += [("adjustment", line["clause"], _minor(line["minor"]), "") for line in adjustments]
    total = sum(minor for _, _, minor, _ in lines)
    stated = [(line["kind"], line["clause"], line["minor"], line["text"]) for line in statement["lines"]]
    expected = {
        "total_minor": total,
        "lines": [dict(zip(LINE, line)) for line in lines],
        **{name: outcome[name] for name in ("currency", "clauses")},
        **{name: run[name] for name in ("contract", "as_of")},
        **{name: agreement[name] for name in ("title", "parties")},
        "period": {**run["period"], "time_zone": agreement["terms"]["time_zone"]},
    }
    told = {name: statement[name] for name in expected}
    texts = [line[3] for line in lines] + [""] * len(stated)
    told["lines"] = [dict(zip(LINE, (*line[:3], line[3][: len(text)]))) for line, text in zip(stated, texts)]
    _refuse([*differences, *_differences(told, expected, STATEMENT)])
    counts = [(len(run["relies_on"].get(kind, [])), kind, word) for kind, word in COUNTED]
    found = ", ".join(_counted(count, word) for count, kind, word in counts if count or kind != CORRECTION)
    if run.get("year_cap"):
        left = _money(run["year_cap"]["remaining_minor"], outcome["currency"])
        found += f"; {left} were left of the year's limit, as the statements say that are named"
    if standing:
        sum_of_them = _money(sum(standing.values()), outcome["currency"])
        found += f"; {sum_of_them} of it stand as they were settled before, as the statements say that are named"
    if adjustments:
        sum_of_them = _money(sum(line["minor"] for line in adjustments), outcome["currency"])
        found += f"; {sum_of_them} of it adjust earlier periods, as the statements say that are named"
    return f"{_money(total, outcome['currency'])}, from {found}"


def _adjustments(statement: Document) -> list[Document]:
    """The lines that adjust earlier periods: each is the difference of two statements, which are both named."""
    found = [line for line in statement["lines"] if line["kind"] == "adjustment"]
    for line in found:
        of = line.get("of")
        old, new = (None, None) if of is None else (of["from"]["digest"], of["to"]["digest"])
        if old == new or not {old, new} <= set(statement["relies_on"].get("statement", [])):
            raise RefusedError(f"what adjusts {line['clause']} is the difference of no two statements that are named")
    return found


def _standing(statement: Document, outcome: Document) -> dict[str, int]:
    """What a later version says stands of each clause that is indeterminate now: settled by a version that it names."""
    found = {}
    undecided = {one["id"] for one in outcome["clauses"] if one["status"] != "settled"}
    for line in statement["lines"]:
        if line["kind"] == "clause" and line["clause"] in undecided and "of" in line:
            settled = line["of"]["settled"]
            if statement["replaces"] is None or settled["digest"] not in statement["relies_on"]["statement"]:
                raise RefusedError(f"what stands of {line['clause']} was settled by no earlier version that is named")
            found[line["clause"]] = _minor(line["minor"])
    return found


def _run_of(statement: Document, given: dict[tuple[str, str], Document]) -> Document:
    """The one run that a statement was made of."""
    names = statement["relies_on"][RUN]
    if len(names) != 1 or given[RUN, names[0]]["assumption"] is not None:
        raise RefusedError("the statement rests on several outcome runs, or on one of assumed evidence")
    return given[RUN, names[0]]


def _rated_by(run: Document, zone: ZoneInfo) -> tuple[Any, ...]:
    """The contract and the period of a run, not what was known by then."""
    period = [_instant(run["period"][side], zone) for side in ("start", "end")]
    return run["contract"], run["version"], run["relies_on"][CONTRACT], period


def _comparisons(report: Document) -> str:
    """What the statement is compared with was computed by the same contract, on evidence that is assumed."""
    statement, given = report["statement"], _given(report)
    own = _run_of(statement, given)
    (agreement,) = _relied(own, CONTRACT, given)
    zone = _zone(agreement["terms"]["time_zone"])
    for one in statement["comparisons"]:
        run = given[WHAT_IF, one["what_if_run"]]
        if _rated_by(run, zone) != _rated_by(own, zone):
            raise RefusedError(f"{WHAT_IF} {one['assumption']} is of another contract or period than the statement")
        outcome, differences = _recompute(run, given, f"{WHAT_IF} {one['assumption']}")
        figures = {name: outcome[name] for name in ("currency", "fee_minor", "total_minor", "clauses")}
        expected = {"assumption": run["assumption"], "what_if_run": one["what_if_run"], **figures}
        _refuse([*differences, *_differences(one, expected, f"{STATEMENT}/comparisons")])
    return f"{_counted(len(statement['comparisons']), 'outcome')} of assumed evidence"


def _counted(count: int, word: str, many: str = "") -> str:
    return f"{count} {word if count == 1 else many or word + 's'}"


def _entries_told(count: int) -> str:
    return _counted(count, "entry", "entries")


def _entries_found(count: int) -> str:
    return Found(_entries_told(count), "entries", count=count)


def _refuse(differences: list[str]) -> None:
    if differences:
        more = f"; and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise RefusedError("; ".join(differences[:3]) + more)


# --- the program ------------------------------------------------------------------------------------------------------


def verify_report(
    data: bytes, *, trusted: str | None = None, kept: bytes | None = None, figures: bool = False
) -> list[Check]:
    """The checks of a report; it is verified when every one holds.

    Args:
        data: The bytes of the report.
        trusted: The fingerprint of the key, as the reader was told it in another way.
        kept: A head of the same log, or an earlier report, that the reader has kept.
        figures: Whether the outcome is computed again too, besides what proves that the documents are those logged.
    """
    claim = "The report can be read in one way only"
    try:
        report = read_report(data)
    except RefusedError as error:
        return [Check(claim, str(error), holds=False)]
    steps = [*_proofs(report, claim, len(data), trusted, kept), *(_computations(report) if figures else ())]
    return [_run(claim, step, report) for claim, step in steps]


def _proofs(report: Document, claim: str, size: int, trusted: str | None, kept: bytes | None) -> list[Step]:
    steps: list[Step] = [
        (claim, lambda _: Found(_counted(size, "byte"), "bytes", count=size)),
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
    if report.get("stamped"):
        steps.append(("A time-stamp is of a head with the statement in it", _stamped))
    if report["previous"]:
        steps.append(("The log only grew since the earlier head in the report", _growth))
    if kept is not None:
        steps.append(("The head you kept is one of those in the report", partial(_kept, kept=kept)))
    return steps


def _computations(report: Document) -> list[Step]:
    steps: list[Step] = [("The outcome recomputed from the evidence segments equals the statement", _figures)]
    if isinstance(report["statement"], dict) and report["statement"].get("comparisons"):
        steps.append(("What it is compared with, recomputed, equals the statement", _comparisons))
    return [(claim, partial(_computed, step)) for claim, step in steps]


def _computed(step: Callable[[Document], str], report: Document) -> str:
    try:
        return step(report)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        what = f"a document is not of the form known here ({type(error).__name__}: {error!s:.100})"
        raise UnknownError(what) from None


def _run(claim: str, step: Callable[[Document], str], report: Document) -> Check:
    try:
        return Check(claim, step(report))
    except UnknownError as error:
        return Check(claim, str(error), holds=False, known=False)
    except RefusedError as error:
        return Check(claim, str(error), holds=False)


def read_file(path: Path) -> bytes:
    """The bytes of a file; of a PDF those of the report attached to it."""
    data = path.read_bytes()
    if not data.startswith(b"%PDF-"):
        return data
    found = set()
    for match in re.finditer(rb"stream\r?\n", data):
        opening = data[match.end() : match.end() + 9]
        if opening == b'{"bundle"':
            found.add(data[match.end() : data.find(b"endstream", match.end())].rstrip(b"\r\n"))
        elif opening[:1] == b"\x78":
            found.add(_inflated(data, match.end()))
    reports = [each for each in found if each.startswith(b'{"bundle"')]
    if len(reports) != 1:
        raise OSError(f"{len(reports)} reports are attached to {path}")
    return reports[0]


def _inflated(data: bytes, start: int) -> bytes:
    """What was compressed from a place on; nothing where it is no report or too large for one."""
    try:
        opened = zlib.decompressobj()
        first = opened.decompress(data[start : start + 4096], 9)
        if first != b'{"bundle"':
            return b""
        return first + opened.decompress(opened.unconsumed_tail + data[start + 4096 :], MAX_BYTES + 1)
    except zlib.error:
        return b""


def write_stamp(data: bytes, folder: Path) -> None:
    """Write the stamped head of a report and its time-stamp as the files that ``openssl ts -verify`` takes."""
    try:
        stamped = read_report(data)["stamped"]
        size, token = read_head(stamped["head"]).size, _base64(stamped["token"])
    except (KeyError, RefusedError):
        raise OSError("there is no time-stamp in the report") from None
    (folder / f"head-{size}.txt").write_bytes(stamped["head"].encode())
    (folder / f"head-{size}.tsr").write_bytes(token)


def _printed(line: str) -> str:
    """A line as every terminal shows it, whatever stands in a report: nothing in it steers one, or begins another."""
    return re.sub("[^ -~]", lambda found: found[0].encode("unicode_escape").decode(), line)


def main() -> int:
    """Print the checks of the report named on the command line."""
    parser = argparse.ArgumentParser(description="Check an outcome report without trusting whoever sent it.")
    parser.add_argument("report", type=Path, help="the report: the JSON file, or the PDF to which it is attached")
    parser.add_argument(
        "--key", metavar="FINGERPRINT", help="the key's fingerprint, as you were told it in another way"
    )
    parser.add_argument("--previous", type=Path, metavar="HEAD", help="a head you kept, or an earlier report")
    parser.add_argument(
        "--stamp", type=Path, metavar="FOLDER", help="where to write what openssl checks a time-stamp by"
    )
    options = parser.parse_args()
    try:
        kept = read_file(options.previous) if options.previous else None
        data = read_file(options.report)
        checks = verify_report(data, trusted=options.key, kept=kept, figures=True)
        if options.stamp:
            write_stamp(data, options.stamp)
    except OSError as error:
        checks = [Check("The files can be read", str(error), holds=False)]
    for check in checks:
        word = "OK" if check.holds else "FAILED" if check.known else "UNKNOWN"
        print(_printed(f"{word:<8}{check.claim}: {check.found}"))
    failed, unknown = (sum(not check.holds and check.known is known for check in checks) for known in (True, False))
    if failed:
        print(f"NOT VERIFIED: {failed} of {len(checks)} checks failed")
    elif unknown:
        print(f"NOT RECOMPUTED: {unknown} of {len(checks)} checks cannot be made by this verifier, the others hold")
    else:
        print(f"VERIFIED: all {len(checks)} checks hold")
    return 1 if failed else 3 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
