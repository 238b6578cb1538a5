"""A running stack whose numbers are read as Prometheus reads them, and what can go wrong with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from temporalio.client import Client

from billflow.api.operations import Operations
from billflow.dev.postgres import RUNS, as_login
from billflow.store.session.pools import Pools
from billflow.store.session.url import sqlalchemy_url
from billflow.temporal import search_attributes
from billflow.temporal.sdk_metrics import CountingRuntime
from billflow.wiring.engine import Engine
from billflow.wiring.operations import operations_of
from tests.environment import Environment
from tests.namespaces import fresh_namespace


@dataclass(frozen=True)
class Monitored:
    """A stack with workers and API, and a database of its own in which nobody works."""

    env: Environment
    counted: CountingRuntime
    temporal_server: str
    idle_database: str

    def operations(self, engine: Engine | None = None) -> Operations:
        """Return what answers operators of this process, which is a worker and the API."""
        operations = operations_of(engine or self.env.engine, self.env.exposition)
        return replace(
            operations, sdk_exposition=self.counted.exposition, pollers=lambda: [self.env.engine.client.identity]
        )

    def engine_with(self, client: Client) -> Engine:
        """Return the engine with another client of Temporal."""
        return replace(self.env.engine, client=client)

    async def metrics(self, operations: Operations | None = None) -> str:
        """Return what `/metrics` says right after a look."""
        operations = operations or self.operations()
        await operations.look()
        return (await operations.numbers()).decode()

    @asynccontextmanager
    async def without_workers(self) -> AsyncIterator[tuple[Client, Operations]]:
        """Yield a namespace of Temporal's in which nobody works, and what operators are told of it."""
        client = await fresh_namespace(self.temporal_server, "idle")
        await search_attributes.ensure(client)
        yield client, self.operations(self.engine_with(client))

    @asynccontextmanager
    async def idle(self) -> AsyncIterator[Operations]:
        """Yield what operators are told of the database in which nobody works."""
        pools = Pools.on(sqlalchemy_url(as_login(self.idle_database, RUNS)))
        try:
            yield self.operations(replace(self.env.engine, pools=pools, database=pools.work))
        finally:
            await pools.close()
