"""Tokens: known by their form, found under any of the installation's secrets."""

from __future__ import annotations

import zlib

from tenants.kernel.secrets import is_same_digest, is_token, new_token, token_digest, token_digests

OLD = "ot_key_" + "a-_9" * 10 + "xyz"


def test_a_token_has_a_word_and_a_checksum() -> None:
    token = new_token("key")
    assert token.text.startswith("ot_key_")
    assert token.prefix == token.text[:13]
    assert len(token.text) == 7 + 43 + 6
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = sum(letters.index(digit) * 62**place for place, digit in enumerate(reversed(token.text[-6:])))
    assert number == zlib.crc32(token.text[:-6].encode())
    assert is_token(token.text, "key")
    assert not is_token(token.text, "gateway")


def test_a_mistyped_token_is_none() -> None:
    text = new_token("key").text
    for place in range(7, len(text)):
        other = "A" if text[place] != "A" else "B"
        assert not is_token(text[:place] + other + text[place + 1 :], "key")


def test_old_tokens_without_a_checksum_are_tokens() -> None:
    assert is_token(OLD, "key")
    assert not is_token(OLD + "x", "key")
    assert not is_token(OLD[:-1], "key")


def test_other_texts_are_none() -> None:
    for text in ("", "ot_key_", "x" * 10_000, "ot_key_wrong", OLD + "\n", OLD.replace("9", "é"), "\x7f", " " + OLD):
        assert not is_token(text, "key")


def test_a_digest_for_each_secret_the_newest_first() -> None:
    digests = token_digests("text", keys=["new", "old"])
    assert digests == (token_digest("text", secret="new"), token_digest("text", secret="old"))
    assert is_same_digest(digests[0], token_digest("text", secret="new"))
    assert not is_same_digest(*digests)
