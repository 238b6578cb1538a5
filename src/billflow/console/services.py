"""What the console is given beside the API's services: sessions, and where other pages are."""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

from billflow.api.rate_limits import RateLimiters
from billflow.models.contracts.access import Mode
from billflow.models.contracts.console import ConsoleRole
from billflow.ports.mail import Mailer
from billflow.store.access.console_sessions import PostgresConsoleSessionRepository

if TYPE_CHECKING:
    from billflow.console.identity_provider import IdentityProvider


@dataclass(frozen=True)
class ConsoleService:
    """The console's own parts: `temporal_ui` and `stripe_dashboard` are addresses, None where there is no such page.

    `refund_limits` are the most that a role gives back at once, in minor units; a role without one has no limit.
    `return_url` is where customers come back to from Stripe's pages; `mailer` is None where there is no mail server.
    `url` is where people reach the console, where that is set. `identity_provider` signs them in, where there is one.
    `running` is what goes on after its request was answered.
    """

    sessions: PostgresConsoleSessionRepository
    mode: Mode
    temporal_ui: str | None = None
    stripe_dashboard: str | None = None
    url: str | None = None
    return_url: str = ""
    mailer: Mailer | None = None
    refund_limits: Mapping[ConsoleRole, int] = field(default_factory=dict)
    identity_provider: "IdentityProvider | None" = None
    wrong_tokens: RateLimiters = field(default_factory=lambda: RateLimiters(time.monotonic))
    running: set[asyncio.Task[None]] = field(default_factory=set)

    def in_background(self, work: Coroutine[None, None, None]) -> None:
        """Do something beyond the request that began it; *work* tells of its own failures."""
        task = asyncio.create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)


async def console_of(request: Request) -> ConsoleService:
    """Return what the running console was given."""
    return cast("ConsoleService", request.app.state.console)


ConsoleHere = Annotated[ConsoleService, Depends(console_of)]
