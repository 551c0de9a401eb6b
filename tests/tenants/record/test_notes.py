"""Signed notes against the example of the Go reference implementation, and everything that is not one."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenants.record.domain.notes import NoteError, Verifier, open_note, sign_note, verifier_of

# The example key, text and note of golang.org/x/mod/sumdb/note.
NAME = "PeterNeumann"
KEY = Ed25519PrivateKey.from_private_bytes(base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:])
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NOTE = f"{TEXT}\n{SIGNATURE}"
STRANGER = "— Stranger c/sWHPqTXjG0XHJBmHtTgD2X2UUrlBM8q0wrvXQMhQFhB0Kx8Mbl0w8/mXQN2z6FQ0gjcyQ7VxZZxAKCa8DtvZbnqAY=\n"


def test_the_reference_note() -> None:
    assert str(verifier_of(NAME, KEY)) == VERIFIER
    assert sign_note(TEXT, NAME, KEY) == NOTE
    assert open_note(NOTE, Verifier.parse(VERIFIER)) == TEXT


def test_the_parts_of_a_verifier() -> None:
    verifier = Verifier.parse(VERIFIER)
    assert verifier.name == NAME
    assert verifier.key_id.hex() == "c74f20a3"
    assert verifier.public_key == KEY.public_key().public_bytes_raw()
    assert verifier.fingerprint == "c7a9d541f116ae828b693ee8c89482bbe3ec786faa1df159677bd65150394f0f"


def test_signatures_of_others_are_ignored_and_own_ones_must_all_hold() -> None:
    verifier = Verifier.parse(VERIFIER)
    assert open_note(NOTE + STRANGER, verifier) == TEXT
    same_name = STRANGER.replace("Stranger", NAME)
    assert open_note(NOTE + same_name, verifier) == TEXT
    forged = f"— {NAME} {base64.b64encode(verifier.key_id + bytes(64)).decode()}\n"
    with pytest.raises(NoteError, match="does not hold"):
        open_note(NOTE + forged, verifier)
    with pytest.raises(NoteError, match="not signed by"):
        open_note(f"{TEXT}\n{STRANGER}", verifier)


def test_text_may_hold_empty_lines() -> None:
    text = "ognuno sta solo\n\ned è subito sera.\n"
    assert open_note(sign_note(text, NAME, KEY), verifier_of(NAME, KEY)) == text


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        f"{TEXT}\n",
        TEXT + SIGNATURE,
        NOTE.removesuffix("\n"),
        NOTE + "\n",
        NOTE.replace("—", "-"),
        NOTE.replace("— PeterNeumann ", "— PeterNeumann  "),
        NOTE.replace("nAM=", "nAN="),
        NOTE.replace("nAM=", "nAM"),
        f"{TEXT}\n— {NAME} x08go w==\n",
        f"{TEXT}\n— {NAME} x08gow==\n",
        NOTE.replace("then", "then\r"),
        NOTE.replace("then", "th\x00en"),
        NOTE.replace("then", "th\ud800en"),
        f"\n{SIGNATURE}",
        TEXT + "\n" + STRANGER * 101,
    ],
)
def test_what_is_not_a_note(note: str) -> None:
    with pytest.raises(NoteError) as refused:
        open_note(note, Verifier.parse(VERIFIER))
    assert refused.value.code == "record.bad_note"


def test_any_change_of_the_text_is_noticed() -> None:
    verifier = Verifier.parse(VERIFIER)
    for place in range(len(TEXT) - 1):
        changed = f"{TEXT[:place]}{'x' if TEXT[place] != 'x' else 'y'}{TEXT[place + 1 :]}"
        with pytest.raises(NoteError):
            open_note(f"{changed}\n{SIGNATURE}", verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        VERIFIER.replace("c74f20a3", "c74f20a4"),
        VERIFIER.replace("c74f20a3", "C74F20A3"),
        VERIFIER.replace("+ARpc", "+BRpc"),
        VERIFIER.replace("Peter", "Peter "),
        VERIFIER[:-4],
        VERIFIER + "+",
        "+" + VERIFIER.partition("+")[2],
    ],
)
def test_what_is_not_a_verifier(text: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(text)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\there", "half\ud800"])
def test_a_name_that_cannot_sign(name: str) -> None:
    with pytest.raises(NoteError) as refused:
        sign_note(TEXT, name, KEY)
    assert refused.value.place == "name"


@pytest.mark.parametrize("text", ["", "no newline", "bell\a\n"])
def test_a_text_that_cannot_be_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text, NAME, KEY)
