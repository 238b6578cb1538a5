"""The product of an example, running: it is told who uses it, and billflow pulls its seats."""

import importlib.util
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import httpx

from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.seat_sources import NewSeatSource, SeatSourceKind

if TYPE_CHECKING:
    from billflow.wiring.engine import Engine

SEATS = "/billflow/seats"
SECRET = "BILLFLOW_SEATS_SECRET"  # noqa: S105  (the variable's name)


@dataclass(frozen=True)
class Product:
    """A product that answers how many people use each deployment."""

    client: httpx.AsyncClient

    async def set_people(self, deployment_id: str, members: int, guests: int) -> None:
        """Let so many people use a deployment from now on."""
        people = dict.fromkeys((f"member-{n}" for n in range(members)), "member")
        people |= dict.fromkeys((f"guest-{n}" for n in range(guests)), "guest")
        (await self.client.put(f"/workspaces/{deployment_id}", json=people)).raise_for_status()


@asynccontextmanager
async def running_product(engine: "Engine", org_id: str, path: Path, change: ChangeContext) -> AsyncIterator[Product]:
    """Serve the app in the file *path*, and let the organization's seats be pulled from it."""
    async with serving(load_module(path).app, LOOPBACK, 0) as url, httpx.AsyncClient(base_url=url) as client:
        source = NewSeatSource(kind=SeatSourceKind.HTTP, target=f"{url}{SEATS}")
        made = await engine.seat_sources.set_source(org_id, source, change)
        os.environ[SECRET] = made.secret.get_secret_value() if made.secret else ""
        try:
            yield Product(client)
        finally:
            del os.environ[SECRET]


def load_module(path: Path) -> ModuleType:
    """Import a Python file by its path; raises `InvalidInput` where there is none."""
    spec = importlib.util.spec_from_file_location(f"billflow_example_{path.parent.name.replace('-', '_')}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise InvalidInput(f"{path} is no Python file; name that of the example's seat source.", field="seat_source")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
