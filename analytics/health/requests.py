"""What is asked of training and of predicting."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _near(moment: datetime) -> datetime:
    if not EARLIEST < moment < LATEST:
        raise ValueError("the moment must lie between 1970 and 2100")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_near)]


class TrainRequest(BaseModel):
    """A model to be trained.

    Attributes:
        twin: Whose assets all ran to failure; the history of each ends with its last reading.
        fleet: A twin to predict for with the model as soon as it is there, as of `as_of`.
        as_of: Only readings before it count, for the fleet.
        seed: Of the training.
        cap: Remaining life beyond this many flights is not told apart.
        folds: Groups of assets for the cross-validation.
        rounds: Trees of each member.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    twin: UUID
    fleet: UUID | None = None
    as_of: Moment | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    cap: Annotated[float, Field(ge=10, le=10_000)] = 125.0
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    rounds: Annotated[int, Field(ge=1, le=5000)] = 300


class PredictRequest(BaseModel):
    """Predictions to be made for every asset of a twin.

    Attributes:
        twin: Whose assets.
        model: Which model; the newest for their type when None.
        as_of: Only readings strictly before it count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    twin: UUID
    model: UUID | None = None
    as_of: Moment
