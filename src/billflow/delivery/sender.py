"""One signed request per attempt, as Standard Webhooks describes it."""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import httpx
from standardwebhooks import Webhook

from billflow.delivery.addresses import AddressPolicy
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.endpoints import Attempt, EventRecord, Message
from billflow.ports.webhooks import WebhookSender

PATIENCE_SECONDS = 10.0
_STEP_MS = 100
"""How exactly an attempt's duration is told: who chose the address can't read our network from it."""

_AGENT = f"billflow/{version('billflow')}"


@dataclass(frozen=True)
class HttpSender(WebhookSender):
    """Sends webhooks over HTTP. Whatever is not a 2xx is a failure, redirects included."""

    client: httpx.AsyncClient
    address_policy: AddressPolicy

    async def send(self, message: Message, at: datetime) -> Attempt:
        begun = time.monotonic()
        status, error = await self._outcome(message, at)
        took = _STEP_MS * math.ceil((time.monotonic() - begun) * 1000 / _STEP_MS)
        return Attempt(message_id=message.message_id, at=at, duration_ms=took, status_code=status, error=error)

    async def _outcome(self, message: Message, at: datetime) -> tuple[int | None, str | None]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                status = await self._post(message, at)
        except TimeoutError:
            return None, f"no answer within {PATIENCE_SECONDS:.0f} seconds"
        except InvalidInput as error:
            return None, str(error)
        except httpx.HTTPError:
            return None, "no connection"
        return status, None if httpx.codes.is_success(status) else f"answered {status}"

    async def _post(self, message: Message, at: datetime) -> int:
        url, named, extensions = await self.address_policy.request(message.url)
        body = body_of(message.event)
        headers = {**named, **signed(message, body, at), "Content-Type": "application/json", "User-Agent": _AGENT}
        asked = self.client.stream("POST", url, content=body, headers=headers, extensions=extensions)
        async with asked as answer:
            return answer.status_code


def body_of(event: EventRecord) -> str:
    """Return what is sent of an event: its type, when it happened, and what it is about."""
    links = {name: getattr(event, name) for name in ("customer_id", "plan_id", "invoice_id")}
    told = {
        "id": event.event_id,
        "type": event.type,
        "timestamp": event.at.isoformat(),
        "data": {**links, **event.data},
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def signed(message: Message, body: str, at: datetime) -> dict[str, str]:
    """Return the headers that name and sign a body; the id is the event's, however often it is sent.

    While a secret is being changed there is a signature by each, and receivers accept either.
    """
    event_id = message.event.event_id
    secrets = [message.secret]
    if message.old_secret and message.old_secret_until and at < message.old_secret_until:
        secrets.append(message.old_secret)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(one.get_secret_value()).sign(event_id, at, body) for one in secrets),
    }


@asynccontextmanager
async def http_sender(address_policy: AddressPolicy) -> AsyncIterator[HttpSender]:
    """Open a sender that follows nobody's redirects and no proxy of ours."""
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=PATIENCE_SECONDS) as client:
        yield HttpSender(client, address_policy)
