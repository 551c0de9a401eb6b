from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.kernel.sealing import SealBrokenError, reseal, seal, unseal


@given(st.text(max_size=200))
def test_a_secret_comes_back_as_it_was(text: str) -> None:
    assert unseal(seal(text, keys=["new", "old"], purpose="oidc"), keys=["new", "old"], purpose="oidc") == text


def test_a_former_key_still_opens_and_a_reseal_moves_to_the_newest() -> None:
    sealed = seal("s3cret", keys=["old"], purpose="oidc")
    assert unseal(sealed, keys=["new", "old"], purpose="oidc") == "s3cret"
    moved = reseal(sealed, keys=["new", "old"], purpose="oidc")
    assert unseal(moved, keys=["new"], purpose="oidc") == "s3cret"
    assert reseal(moved, keys=["new", "old"], purpose="oidc") == moved
    with pytest.raises(SealBrokenError):
        unseal(sealed, keys=["new"], purpose="oidc")


def test_a_seal_opens_for_its_own_purpose_only_and_not_when_changed() -> None:
    sealed = seal("s3cret", keys=["key"], purpose="oidc")
    assert b"s3cret" not in sealed
    with pytest.raises(SealBrokenError) as caught:
        unseal(sealed, keys=["key"], purpose="webhook")
    assert "s3cret" not in str(caught.value)
    with pytest.raises(SealBrokenError):
        unseal(sealed[:-2] + b"AA", keys=["key"], purpose="oidc")
