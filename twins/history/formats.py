"""The forms in which a history is told, and its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twins.telemetry.query import History
from twins.telemetry.series import Series

ARROW, CSV, PARQUET = "application/vnd.apache.arrow.stream", "text/csv", "application/vnd.apache.parquet"


def columns_of(history: History) -> Mapping[str, np.ndarray[Any, Any]]:
    """The columns of one signal's history under the names that answers give them; NaN for no figure."""
    data = history.data
    if isinstance(data, Series):
        return {"at": data.at, "value": data.value, "quality": data.quality}
    return {
        "start": data.start, "end": data.end, "count": data.count, "min": data.low, "avg": data.mean, "max": data.high,
        "last": data.last, "sum": data.sum, "doubtful": data.doubtful,
    }  # fmt: skip
