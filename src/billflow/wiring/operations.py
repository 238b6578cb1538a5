"""What operators ask of one process, on the engine that it has."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypedDict, Unpack

from starlette.applications import Starlette

from billflow.api.metrics import process_exposition
from billflow.api.operations import CachedProbe, Operations, Probe, operations_app
from billflow.store.access.organizations import org_id_of
from billflow.temporal.queue_rates import look_at_queues
from billflow.temporal.workflow_tasks import WorkflowTasks
from billflow.wiring.engine import Engine

STRIPE_CACHED_FOR = 30.0
"""Seconds that Stripe is not asked again whether it is well: its rate is for invoices."""


class Terms(TypedDict, total=False):
    """How a process differs from one that only serves requests; see `Operations`."""

    sdk_exposition: Callable[[], Awaitable[bytes]] | None
    optional: frozenset[str]
    pollers: Callable[[], Sequence[str]] | None
    last_success: Callable[[], datetime | None]


OPTIONAL = frozenset({"stripe"})
"""What a process can do its work without: invoices wait for Stripe, and are sent when it is back."""


def build_operations(
    engine: Engine, exposition: Callable[[], bytes] = process_exposition, **terms: Unpack[Terms]
) -> Starlette:
    """Build the endpoints for operators; *exposition* is what the process counts itself, see `Operations`."""
    return operations_app(replace(operations_of(engine, exposition), **terms))


def operations_of(engine: Engine, exposition: Callable[[], bytes] = process_exposition) -> Operations:
    """Build what looks at the servers, and counts, on connections that no request waits for."""
    background = engine.on(engine.pools.background)
    waiting_work, on_hold = background.queries.monitoring.waiting_work, background.plans.control.needing_attention
    failing = WorkflowTasks(engine.client).count_failing
    waiting = partial(look_at_queues, engine.client)
    return Operations(_probes(background), waiting_work, on_hold, failing, waiting, exposition, optional=OPTIONAL)


def _probes(engine: Engine) -> dict[str, Probe]:
    async def postgresql() -> None:
        async with engine.database.unit_of_work(org_id_of(engine.settings.org)):
            pass

    async def temporal() -> None:
        await engine.client.service_client.check_health()

    async def stripe() -> None:
        await engine.stripe.v1.customers.list_async({"limit": 1})

    return {"postgresql": postgresql, "temporal": temporal, "stripe": CachedProbe(stripe, STRIPE_CACHED_FOR)}
