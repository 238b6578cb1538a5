"""Seats are counted by the whole engine, in a product that runs for real."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from billflow.api.server import serving
from billflow.demo.product import load_module
from billflow.dev.ports import LOOPBACK
from billflow.models.contracts.customers import ChangeContext, CustomerRecord
from billflow.models.contracts.seat_sources import NewSeatSource, SeatSourceKind
from tests.api_environment import ApiEnvironment, api, engine, env, env_database_url

__all__ = ["api", "engine", "env", "env_database_url"]

EXAMPLE = Path(__file__).parents[2] / "examples" / "seat-source" / "app.py"
TARGET = "/billflow/seats"


@dataclass
class Product:
    """A server that answers whatever it is told to; `asked` are the deployments of each request.

    As long as `awake` is not set it says nothing at all.
    """

    url: str = ""
    status: int = 200
    body: Any = None
    asked: list[list[str]] = field(default_factory=list)
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> Response:
        """Answer."""
        self.asked.append(request.query_params.getlist("deployment"))
        await self.awake.wait()
        return self.body if isinstance(self.body, Response) else Response(self.body, self.status)


@pytest.fixture
async def product() -> AsyncIterator[Product]:
    """Serve a product that says what a test wants."""
    product, app = Product(), FastAPI()
    app.add_api_route(TARGET, product.take)
    async with serving(app, LOOPBACK, 0) as url:
        product.url = f"{url}{TARGET}"
        product.awake.set()
        yield product
        product.awake.set()


@pytest.fixture
async def example() -> AsyncIterator[tuple[ModuleType, str]]:
    """Serve the example, and yield it with its address."""
    module = load_module(EXAMPLE)
    async with serving(module.app, LOOPBACK, 0) as url:
        yield module, f"{url}{TARGET}"


async def pulled_from(env: ApiEnvironment, customer: CustomerRecord, **source: Any) -> str | None:
    """Let the seats of a customer come from a source, and return its secret."""
    change = ChangeContext(actor="tests", at=datetime.now(UTC))
    new = NewSeatSource(customer_id=customer.customer_id, **{"kind": SeatSourceKind.HTTP, **source})
    made = await env.engine.seat_sources.set_source(env.org_id, new, change)
    return made.secret.get_secret_value() if made.secret else None
