"""Who sends: what is looked up, and what is remembered of it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from twins.gateways.credentials import Credentials
from twins.gateways.errors import UnknownTokenError


@pytest.mark.parametrize(
    "token", ["", "x" * 60_000, "ot_gateway_short", "ot_key_" + "a" * 43, "ot_gateway_" + "a" * 49]
)
async def test_what_has_not_the_form_of_a_token_costs_neither_a_query_nor_memory(token: str) -> None:
    credentials = Credentials(cast("Any", None))
    with pytest.raises(UnknownTokenError):
        await credentials.of_token(token)
    assert len(credentials._tokens) == 0
