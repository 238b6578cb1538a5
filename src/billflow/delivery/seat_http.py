"""Asking a product for its seats over HTTP: a signed GET for a batch of deployments."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from billflow.delivery.addresses import AddressPolicy
from billflow.delivery.seat_counts import WAY_OUT, checked_counts
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.seat_sources import CountedDeployment, SeatCounts, SeatSource
from billflow.ports.seats import BadSeatCounts, SeatSourceAway

PATIENCE_SECONDS = 10.0
AWAY = "nothing was applied; it is asked again by the next run, or by `billflow seats pull`."
MOST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class HttpSeats:
    """Asks over HTTP; what is not a 200 is no answer, redirects included."""

    client: httpx.AsyncClient
    address_policy: AddressPolicy

    async def read(self, source: SeatSource, asked: Sequence[CountedDeployment]) -> SeatCounts:
        """Return the counts; raises `SeatSourceAway` or `BadSeatCounts`."""
        url = httpx.URL(source.target or "")
        params = [*url.params.multi_items(), *(("deployment", one.deployment_id) for one in asked)]
        body, _ = await self.get(
            url.copy_with(params=params), source.secret.get_secret_value() if source.secret else None
        )
        where = f"{url.host} answered 200, but"
        try:
            told = json.loads(body)
        except ValueError:
            raise BadSeatCounts(f"{where} not with JSON; {WAY_OUT}") from None
        if not isinstance(told, dict) or not isinstance(told.get("deployments"), list):
            raise BadSeatCounts(f"{where} without a list `deployments`; {WAY_OUT}")
        return SeatCounts(counts=checked_counts(told["deployments"], asked, where.removesuffix(", but")))

    async def get(self, url: httpx.URL, secret: str | None) -> tuple[bytes, datetime | None]:
        """Return what is there, and when it was written, signed by *secret*; raises `SeatSourceAway`."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._get(url, secret)
        except TimeoutError:
            raise SeatSourceAway(f"{url.host} gave no answer within {PATIENCE_SECONDS:.0f} seconds; {AWAY}") from None
        except InvalidInput as error:
            raise SeatSourceAway(f"{url.host} can't be asked: {error}") from None
        except httpx.HTTPError:
            raise SeatSourceAway(f"{url.host} can't be reached; {AWAY}") from None

    async def _get(self, url: httpx.URL, secret: str | None) -> tuple[bytes, datetime | None]:
        called, named, extensions = await self.address_policy.request(str(url))
        headers = {**named, "Accept": "application/json", **(_signed(secret, url) if secret else {})}
        async with self.client.stream("GET", called, headers=headers, extensions=extensions) as answer:
            if answer.status_code != HTTPStatus.OK:
                raise SeatSourceAway(f"{url.host} answered {answer.status_code}; it must answer 200; {AWAY}")
            body = b""
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise SeatSourceAway(f"{url.host} answers more than {MOST_BYTES // 1024**2} MiB.")
            return body, _modified_at(answer)


def _signed(secret: str, url: httpx.URL) -> dict[str, str]:
    """Return the headers that sign a request as webhooks are signed, with its path and query in place of a body."""
    request_id, at = f"seats_{uuid4().hex}", datetime.now(UTC)
    signature = Webhook(secret).sign(request_id, at, url.raw_path.decode())
    timestamp = str(int(at.timestamp()))
    return {"webhook-id": request_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def _modified_at(answer: Any) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers["last-modified"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
