"""Work that makes many objects at once and drops them together, without the search for garbage in between."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """No search for cyclic garbage meanwhile; what nobody refers to any more is freed all the same.

    The collector looks through all young objects whenever 700 were made, and now and then through all there are. Work
    that fills large documents makes hundreds of thousands that stay, and spends a quarter of its time on being looked
    through. Threads may overlap: the first to end lets the collector go on.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
