"""What every payload that goes from one process to another has in common."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from billflow.domain.commands import PlanCommand
from billflow.domain.errors import InvalidInput

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _checked(moment: datetime) -> datetime:
    if not EARLIEST <= moment < LATEST:
        message = f"A moment must lie between {EARLIEST:%Y-%m-%d} and {LATEST:%Y-%m-%d}."
        raise InvalidInput(message, code="bad_moment")
    return moment.astimezone(UTC)


Moment = AwareDatetime
"""A moment in UTC; pydantic refuses one without a zone."""

RequestMoment = Annotated[AwareDatetime, AfterValidator(_checked)]
"""A moment that somebody names, with its zone."""

Command = Annotated[PlanCommand, Field(discriminator="type")]
"""A `PlanCommand`, told apart by its `type`."""


class Contract(BaseModel):
    """A frozen payload; unknown fields are ignored, so that an old worker survives a newer message.

    What is wrong with one is told without its values: they would stand in logs.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class RequestModel(Contract):
    """The body of a request; a field we don't know is refused, for it would be ignored."""

    model_config = ConfigDict(extra="forbid")
