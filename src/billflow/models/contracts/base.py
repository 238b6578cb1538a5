"""What every payload that goes from one process to another has in common."""

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from billflow.domain.commands import PlanCommand
from billflow.domain.moments import checked_moment

Moment = AwareDatetime
"""A moment in UTC; pydantic refuses one without a zone."""

RequestMoment = Annotated[AwareDatetime, AfterValidator(checked_moment)]
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
