"""The bare routes of `compared.py`: FastAPI that sends the same SQL by psycopg, and answers the rows.

Each request is first answered by billflow's own API in this process, which records what is sent to PostgreSQL for it;
the bare route sends that again, message by message, with the id of whoever is asked about in place of the model's, and
the present moment in place of the one it was recorded at; it answers all rows that it was given. Neither side looks up
the key, which billflow does every five seconds. It prints its address, and serves until SIGTERM.
"""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import structlog
from fastapi import FastAPI, Response
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel
from sqlalchemy import event

from billflow.api.garbage_collection import set_apart
from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK
from billflow.settings import load_settings
from billflow.store.session.database import POOL_SIZE
from billflow.telemetry.logging import configure_logging
from billflow.temporal.worker import stop_on_signals
from billflow.wiring.api import build_api
from billflow.wiring.engine import Engine, open_engine
from billflow.wiring.store import required

Statement = tuple[str, Any]
Transaction = list[Statement]


@dataclass
class Recording:
    """What one request sent to PostgreSQL: transactions of statements."""

    request_id: str
    transactions: list[Transaction] = field(default_factory=list)

    def begin(self, _connection: object) -> None:
        """Note that a transaction begins."""
        if self._is_ours():
            self.transactions.append([])

    def sent(self, _connection: object, _cursor: object, text: str, parameters: Any, *_: object) -> None:
        """Note a statement."""
        if self._is_ours():
            self.transactions[-1].append((text, parameters))

    def _is_ours(self) -> bool:
        return structlog.contextvars.get_contextvars().get("request_id") == self.request_id


@contextmanager
def recorded(engine: Engine) -> Iterator[Recording]:
    """Record what is sent inside by the request of that id."""
    recording, pools = Recording(uuid4().hex), engine.pools
    with ExitStack() as stack:
        for pool in (pools.requests, pools.work):
            for name, listener in (("begin", recording.begin), ("before_cursor_execute", recording.sent)):
                event.listen(pool.engine.sync_engine, name, listener)
                stack.callback(event.remove, pool.engine.sync_engine, name, listener)
        yield recording


@dataclass(frozen=True)
class Model:
    """A route as billflow answers it: how it was asked, about whom, and what that sent."""

    name: str
    about: str
    body: Any
    transactions: Sequence[Transaction]

    def statements(self, about: str) -> Iterator[Sequence[Statement]]:
        """Yield the transactions of the same request about somebody else, now."""
        now = datetime.now(UTC)
        for transaction in self.transactions:
            yield [(text, self._put(parameters, about, now)) for text, parameters in transaction]

    def _put(self, value: Any, about: str, now: datetime) -> Any:
        if isinstance(value, dict):
            return {name: self._put(one, about, now) for name, one in value.items()}
        if isinstance(value, list):
            return [now if isinstance(one, datetime) else one for one in value]
        if isinstance(value, UUID) and str(value) == self.about:
            return UUID(about)
        return value.replace(self.about, about) if isinstance(value, str) and self.about else value


async def models_of(engine: Engine, asked: Sequence[dict[str, Any]], key: str) -> list[Model]:
    """Ask each route twice, the first time to fill the caches, and return what the second time sent.

    The key is left out: it is looked up every few seconds.
    """
    models, headers = [], {"Authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(app=build_api(engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://model", headers=headers) as client:
        for one in asked:
            for _ in range(2):
                with recorded(engine) as recording:
                    named = {"X-Request-Id": recording.request_id}
                    answer = await client.request(one["method"], one["path"], json=one["body"], headers=named)
                    answer.raise_for_status()
            asked_for = [one for one in recording.transactions if not any(" api_key" in text for text, _ in one)]
            models.append(Model(one["name"], one["about"], one["body"], asked_for))
    return models


class Seats(BaseModel):
    """What the bare route of a seat report takes."""

    members: int
    guests: int = 0


def bare_app(models: Sequence[Model], pool: AsyncConnectionPool) -> FastAPI:
    """Build the routes `/0/{about}`, `/1/{about}` and so on, in the order of the models."""
    app = FastAPI()

    def route(model: Model) -> Callable[..., Awaitable[Response]]:
        async def answer(about: str) -> Response:
            rows: list[Any] = []
            async with pool.connection() as connection:
                for statements in model.statements(about):
                    cursor = connection.cursor()
                    for text, parameters in statements:
                        await cursor.execute(text.encode(), parameters)
                        if cursor.description:
                            rows += await cursor.fetchall()
                    await connection.commit()
            return Response(json.dumps(rows, default=str), media_type="application/json")

        async def report(about: str, _seats: Seats) -> Response:
            return await answer(about)

        return report if model.body else answer

    for number, model in enumerate(models):
        app.add_api_route(f"/{number}/{{about}}", route(model), methods=["POST" if model.body else "GET"])
    return app


@asynccontextmanager
async def prepared(asked: Sequence[dict[str, Any]], key: str) -> AsyncIterator[list[Model]]:
    """Yield the models, with the engine closed that made them."""
    async with open_engine(load_settings()) as engine:
        models = await models_of(engine, asked, key)
    yield models


async def main(asked: Sequence[dict[str, Any]], key: str) -> None:
    """Record, say how much each route sends, and serve."""
    stop = stop_on_signals()
    configure_logging("json", "error")
    async with prepared(asked, key) as models:
        url = required(load_settings().database_url, "DATABASE_URL")
        async with (
            AsyncConnectionPool(url, min_size=4, max_size=POOL_SIZE, kwargs={"autocommit": True}) as pool,
            serving(bare_app(models, pool), LOOPBACK, 0) as address,
        ):
            set_apart()
            sent = {one.name: [len(transaction) for transaction in one.transactions] for one in models}
            print(json.dumps({"address": address, "statements": sent}), flush=True)
            await stop.wait()


if __name__ == "__main__":
    from billflow.api.event_loop import run

    run(main(json.loads(sys.argv[1]), sys.argv[2]))
