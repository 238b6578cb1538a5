"""What every payload that goes from one process to another has in common."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from billflow.domain.commands import PlanCommand

Moment = AwareDatetime
"""A moment in UTC; pydantic refuses one without a zone."""

Command = Annotated[PlanCommand, Field(discriminator="type")]
"""A `PlanCommand`, told apart by its `type`."""


class Contract(BaseModel):
    """A frozen payload; unknown fields are ignored, so that an old worker survives a newer message.

    What is wrong with one is told without its values: they would stand in logs.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
