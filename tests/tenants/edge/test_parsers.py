"""Bodies of requests that no parser should choke on."""

from __future__ import annotations

import io

import pytest
from rest_framework.exceptions import ParseError

from tenants.edge.parsers import StrictJSONParser


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000])
def test_a_body_nested_too_deeply_is_said(body: bytes) -> None:
    with pytest.raises(ParseError, match="nested too deeply"):
        StrictJSONParser().parse(io.BytesIO(body))


@pytest.mark.parametrize("body", [b'"\\u0000"', b'{"\\ud800": 1}', b'[["\\udfff"]]'])
def test_text_that_could_not_be_kept_is_said(body: bytes) -> None:
    with pytest.raises(ParseError, match="NUL characters or lone surrogates"):
        StrictJSONParser().parse(io.BytesIO(body))
