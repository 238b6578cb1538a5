"""How fast Temporal's data are made anew: `python bench/recovery.py [--plans N]`.

Organizations of 500 plans are loaded into PostgreSQL; Temporal is empty, in memory, and nobody works on its queues. The
server's own rate is measured in the same run, organization by organization in turn with the recovery, so that both meet
the same machine: the same requests, made beforehand, as many at once as a recovery sends, in a namespace of their own.
At the end the recovery of all is repeated, which finds everything running.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ending import run
from google.protobuf.duration_pb2 import Duration
from loading import fill_organization
from pydantic import SecretStr
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from billflow.dev.folder import claimed
from billflow.dev.postgres import RUNS, as_login, embedded_postgres
from billflow.dev.temporal import embedded_temporal
from billflow.models.contracts.plans import PlanInput
from billflow.models.contracts.recovery import RecoveredRecord
from billflow.service.recovery import STARTS_AT_ONCE, RecoveryProgress, RecoveryService
from billflow.settings import Settings
from billflow.telemetry.logging import configure_logging
from billflow.temporal import search_attributes
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import WorkflowStart, plan_workflow
from billflow.wiring.store import Store, migrate, open_store

PLANS_EACH = 500
SHARE_WANTED, RATE_WANTED = 0.9, 500.0
_DAY = Duration(seconds=86_400)


async def empty(address: str, name: str) -> Client:
    """Return a client of a new namespace."""
    server = await Client.connect(address)
    await server.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=_DAY)
    )
    client = await Client.connect(address, namespace=name, plugins=[billflow_plugin()])
    await search_attributes.ensure(client)
    return client


async def prepared(store: Store, org_id: str) -> list[WorkflowStart]:
    """Return the starts of all plans of an organization."""
    return [plan_workflow(PlanInput(state=state)) for state in await store.queries.plans.running(org_id)]


async def sent(client: Client, starts: Sequence[WorkflowStart]) -> float:
    """Send starts that are made already, as many at once as a recovery, and return the seconds."""
    waiting, control = list(starts), WorkflowControl(client)

    async def send() -> None:
        while waiting:
            await control.start(waiting.pop())

    begun = time.monotonic()
    await asyncio.gather(*(send() for _ in range(STARTS_AT_ONCE)))
    return time.monotonic() - begun


async def recovered(store: Store, client: Client, *org_ids: str) -> tuple[RecoveredRecord, float]:
    """Recover organizations, and return what became of their plans, and the seconds."""
    service = RecoveryService(WorkflowControl(client), store.repositories, store.queries, store.settings)
    report = await service.recover(org_ids, RecoveryProgress())
    return report.kinds[0], report.seconds


def entered(name: str) -> Path:
    """Return a folder that PostgreSQL can enter, which runs as another user where we are root."""
    folder = Path(name)
    folder.chmod(0o711)
    return folder


async def measure(count: int) -> float:
    """Print the figures, and return the recovery's share of the server's own rate."""
    with tempfile.TemporaryDirectory(prefix="billflow-") as name, claimed(folder := entered(name)) as lock:
        async with (
            embedded_postgres(folder, lock, durable=False) as (url, _),
            embedded_temporal(folder, lock, keep=False, ui_port=None) as server,
        ):
            settings = Settings(
                database_url=SecretStr(as_login(url, RUNS)),
                database_owner_url=SecretStr(url),
                stripe_api_key=SecretStr("sk_test_bench"),
            )
            await asyncio.to_thread(migrate, settings)
            sizes = [min(PLANS_EACH, count - first) for first in range(0, count, PLANS_EACH)]
            org_ids = [
                await asyncio.to_thread(fill_organization, url, f"bench-{n}", size) for n, size in enumerate(sizes)
            ]
            async with open_store(settings) as store:
                theirs, ours = await empty(server.address, "theirs"), await empty(server.address, "ours")
                await sent(await empty(server.address, "warming"), await prepared(store, org_ids[0]))
                own, took, started = 0.0, 0.0, 0
                for org_id in org_ids:
                    own += await sent(theirs, await prepared(store, org_id))
                    plans, seconds = await recovered(store, ours, org_id)
                    took, started = took + seconds, started + plans.started
                await asyncio.sleep(2)  # the server lists a moment behind
                again, repeated = await recovered(store, ours, *org_ids)
    share = own / took
    print(f"the server's own rate: {started} starts in {own:.1f} s, {started / own:.0f}/s")
    print(f"recovery: {started} plans in {took:.1f} s, {started / took:.0f}/s, {share:.1%} of it")
    print(f"repeated: {again.running} found running and {again.started} started in {repeated:.1f} s")
    return 1.0 if started / took >= RATE_WANTED else share


def main() -> None:
    """Print the figures; the exit code is 1 where they miss the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=10_000, help="how many plans (%(default)s)")
    options = parser.parse_args()
    configure_logging("json", "error")
    share = run(measure(options.plans))
    print(f"wanted: {SHARE_WANTED:.0%} of the server's own rate, or {RATE_WANTED:.0f} plans a second")
    sys.exit(share < SHARE_WANTED)


if __name__ == "__main__":
    main()
