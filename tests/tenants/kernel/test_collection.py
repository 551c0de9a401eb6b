"""The search for garbage rests while work is done, and goes on whatever becomes of it."""

from __future__ import annotations

import gc

import pytest

from tenants.kernel.collection import collection_paused


def test_it_rests_and_goes_on() -> None:
    assert gc.isenabled()
    with collection_paused():
        assert not gc.isenabled()
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error() -> None:
    with pytest.raises(KeyError), collection_paused():
        raise KeyError
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    try:
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_it_may_stand_before_a_function() -> None:
    @collection_paused()
    def is_resting() -> bool:
        return not gc.isenabled()

    assert [is_resting(), is_resting()] == [True, True]
    assert gc.isenabled()
