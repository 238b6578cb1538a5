"""How many days ahead customers are told, as it is set and shown."""

from typing import Annotated

from pydantic import ConfigDict, Field

from billflow.domain.notices import MOST_DAYS
from billflow.models.contracts.base import RequestModel

Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]


class NoticeSettings(RequestModel):
    """Days before a trial ends, an invoice is made, and a plan renews for a year; 0 is never."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"trial_will_end": 3, "invoice_upcoming": 7, "plan_will_renew": 30}]}
    )

    trial_will_end: Days = 3
    invoice_upcoming: Days = 7
    plan_will_renew: Days = 30
