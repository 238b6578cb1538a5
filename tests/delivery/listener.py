"""Somebody else's server, which takes our events and answers as it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook

from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK
from tests.waiting import PATIENCE

OK = 204


@dataclass
class Listener:
    """What came, in order, and what is answered to it: `answer` maps a body to a status; nothing while it is `deaf`."""

    url: str = ""
    answer: Callable[[dict[str, Any]], int] = lambda _: OK
    accepted: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    deaf: bool = False
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: Request) -> Response:
        """Take one event."""
        body = await request.body()
        self.arrived.set()
        if self.deaf:
            await asyncio.Event().wait()
        event = json.loads(body)
        status = self.answer(event)
        async with self._arrived:
            self.requests.append((dict(request.headers), body))
            (self.accepted if status == OK else self.refused).append(event)
            self._arrived.notify_all()
        return Response(status_code=status, headers={"Location": self.url} if status == 302 else {})

    async def until(self, seen: Callable[["Listener"], bool]) -> None:
        """Wait until enough came; fails after `PATIENCE`."""
        async with asyncio.timeout(PATIENCE), self._arrived:
            await self._arrived.wait_for(lambda: seen(self))

    def types(self, customer_id: str) -> list[str]:
        """Return the types of what was taken about one customer, in order."""
        return [event["type"] for event in self.accepted if event["data"]["customer_id"] == customer_id]

    def has_refused(self, customer_id: str) -> bool:
        """Tell whether something about one customer was refused, however often: it is tried again."""
        return any(event["data"]["customer_id"] == customer_id for event in self.refused)

    async def received_events(self) -> None:
        """Wait until a request came, answered or not; fails after `PATIENCE`."""
        async with asyncio.timeout(PATIENCE):
            await self.arrived.wait()

    def verified(self, secret: str) -> list[str]:
        """Return the ids of all requests whose signature is right; raises for the first that isn't."""
        hook = Webhook(secret)
        for headers, body in self.requests:
            hook.verify(body, headers)
        return [headers["webhook-id"] for headers, _ in self.requests]


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """Serve a listener on a free port."""
    listener, app = Listener(), FastAPI()
    app.add_api_route("/hooks", listener.take, methods=["POST"])
    async with serving(app, LOOPBACK, 0) as url:
        listener.url = f"{url}/hooks"
        yield listener
