"""The connections of one process in three pools, so that nobody waits behind work of another kind."""

import asyncio
from dataclasses import dataclass
from typing import Self

from sqlalchemy import URL

from billflow.models.keyring import Keyring
from billflow.store.session.database import Database

REQUEST_TIMEOUT = 20.0
"""Seconds that a request waits for a connection, less than proxies wait for us; then it is answered 503."""

WORK_POOL_SIZE = 8
"""More than one process keeps busy; each connection prepares and plans its statements anew (docs/performance.md)."""

BACKGROUND_POOL_SIZE = 5


@dataclass(frozen=True)
class Pools:
    """Three pools on one database; each opens connections when they are first needed.

    `requests` are HTTP requests, `work` is what workers and commands do, and `background` what nobody waits for: acting
    on Stripe's events, passing events on, and nightly work.
    """

    requests: Database
    work: Database
    background: Database

    @classmethod
    def on(cls, url: URL, keyring: Keyring | None = None) -> Self:
        """Return the pools of a database; made once per event loop."""
        return cls(
            requests=Database(url, pool_timeout=REQUEST_TIMEOUT, keyring=keyring),
            work=Database(url, pool_size=WORK_POOL_SIZE, keyring=keyring),
            background=Database(url, pool_size=BACKGROUND_POOL_SIZE, keyring=keyring),
        )

    async def close(self) -> None:
        """Give all connections back."""
        await asyncio.gather(self.requests.close(), self.work.close(), self.background.close())
