"""The newest reading of each signal, however the rows come."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.twins.telemetry.sample import TENANT, delivery
from twins.telemetry.latest import Changed, Latest
from twins.telemetry.rows import rows_of

T0 = 1_735_689_600_000_000


def note(latest: Latest, commit: int, *rows: tuple[int, int, float]) -> None:
    latest.note(rows_of([delivery(*rows)]), {TENANT: commit})


def listed(changed: Changed | None) -> list[tuple[int, int, float, int]]:
    if changed is None:
        return []
    seconds = ((changed.at - T0) // 1_000_000).tolist()
    return list(zip(changed.signal.tolist(), seconds, changed.value.tolist(), changed.commit.tolist(), strict=True))


def test_newest_wins_and_is_taken_once() -> None:
    latest = Latest()
    note(latest, 1, (5, 1, 0.1), (3, 2, 0.2), (5, 0, 0.0))
    assert listed(latest.take()) == [(3, 2, 0.2, 1), (5, 1, 0.1, 1)]
    assert latest.take() is None
    note(latest, 2, (5, 0, 9.9), (4, 7, 0.4))
    assert listed(latest.take()) == [(4, 7, 0.4, 2)]
    note(latest, 3, (5, 1, 8.8))
    changed = latest.take()
    assert listed(changed) == [(5, 1, 8.8, 3)]
    assert changed is not None
    assert UUID(bytes=bytes(changed.tenant[0])) == TENANT


def test_what_could_not_be_flushed_is_taken_again_with_what_came_since() -> None:
    latest = Latest()
    note(latest, 1, (5, 1, 0.1), (6, 1, 0.2))
    taken = latest.take()
    assert taken is not None
    note(latest, 2, (6, 2, 0.3))
    latest.put_back(taken)
    assert listed(latest.take()) == [(5, 1, 0.1, 1), (6, 2, 0.3, 2)]


def test_nothing_noted() -> None:
    latest = Latest()
    note(latest, 1)
    assert latest.take() is None


BATCHES = st.lists(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4), st.floats(0, 1)), max_size=5), max_size=5)


@given(BATCHES)
def test_it_is_the_newest_of_all(batches: list[list[tuple[int, int, float]]]) -> None:
    latest = Latest()
    for commit, batch in enumerate(batches, 1):
        latest.note(rows_of([delivery(*batch)]), {TENANT: commit})
    newest: dict[int, tuple[int, float, int]] = {}
    for commit, batch in enumerate(batches, 1):
        for signal, second, value in batch:
            if signal not in newest or second >= newest[signal][0]:
                newest[signal] = (second, value, commit)
    assert listed(latest.take()) == [(signal, *newest[signal]) for signal in sorted(newest)]
