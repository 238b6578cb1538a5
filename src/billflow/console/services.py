"""What the console is given beside the API's services: sessions, and where other pages are."""

import time
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from billflow.api.rate_limits import RateLimiters
from billflow.models.contracts.access import Mode
from billflow.store.access.console_sessions import PostgresConsoleSessionRepository


@dataclass(frozen=True)
class ConsoleService:
    """The console's own parts: `temporal_ui` and `stripe_dashboard` are addresses, None where there is no such page.

    `refund_limit` is the most that the role support gives back at once, in minor units; None is no limit.
    """

    sessions: PostgresConsoleSessionRepository
    mode: Mode
    temporal_ui: str | None = None
    stripe_dashboard: str | None = None
    refund_limit: int | None = None
    wrong_tokens: RateLimiters = field(default_factory=lambda: RateLimiters(time.monotonic))


async def console_of(request: Request) -> ConsoleService:
    """Return what the running console was given."""
    return cast("ConsoleService", request.app.state.console)


ConsoleHere = Annotated[ConsoleService, Depends(console_of)]
