"""The plans of `midnight.py`: customers with cards at Stripe, rows, and workflows that wait."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx
import psycopg
from temporalio.client import Client

from billflow.models.contracts.plans import PlanInput
from billflow.temporal.queue_rates import queue
from billflow.temporal.queues import BILLFLOW
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import plan_workflow
from billflow.wiring.store import sell_as_example, sell_example

sys.path.append(str(Path(__file__).parent))
from midnight_progress import Progress
from midnight_site import OURS, Site
from midnight_workflow import BARE, BarePlan, MidnightBare

BOOK = Path(__file__).parent / "sql" / "midnight.sql"
AT_ONCE = 8
Start = Callable[[], Awaitable[object]]


async def payers(site: Site, count: int) -> list[str]:
    """Create customers with cards at Stripe, and return their ids."""
    settings = site.engine.settings
    key = settings.stripe_api_key.get_secret_value() if settings.stripe_api_key else ""
    left, made = iter(range(count)), list[str]()
    async with httpx.AsyncClient(
        base_url=str(settings.stripe_api_base), headers={"Authorization": f"Bearer {key}"}, trust_env=False
    ) as stripe:

        async def post(path: str, **body: str) -> str:
            return str((await stripe.post(path, data=body)).raise_for_status().json()["id"])

        async def make() -> None:
            for n in left:
                payer = await post("/v1/customers", name=f"Midnight {n}", email=f"{n}@midnight.example")
                card = await post("/v1/payment_methods/pm_card_visa/attach", customer=payer)
                await post(f"/v1/customers/{payer}", **{"invoice_settings[default_payment_method]": card})
                made.append(payer)

        await asyncio.gather(*(make() for _ in range(AT_ONCE)))
    return made


async def loaded(site: Site, slugs: Sequence[str], held: Sequence[str], due: datetime) -> list[BarePlan]:
    """Write organizations that share plans, due at one instant, and return the plans."""
    repositories, plans = site.engine.repositories, list[BarePlan]()
    async with await psycopg.AsyncConnection.connect(site.url) as connection:
        for n, slug in enumerate(slugs):
            org_id = await repositories.organizations.ensure(slug)
            await sell_example(repositories.catalogs, org_id)
            await sell_as_example(repositories.sellers, org_id)
            given = {"org": org_id, "due": due.isoformat(), "payers": json.dumps(list(held[n :: len(slugs)]))}
            for name, value in given.items():
                await connection.execute("SELECT set_config(%s, %s, false)", [f"midnight.{name}", value])
            await connection.execute(BOOK.read_bytes())
            found = await connection.execute(
                "SELECT p.id::text, a.stripe_customer_id FROM customer_plan AS p"
                " JOIN billing_account AS a USING (customer_id) WHERE p.org_id = %s",
                [org_id],
            )
            plans += [BarePlan(org_id, plan, payer, int(due.timestamp())) for plan, payer in await found.fetchall()]
            await connection.commit()
    async with await psycopg.AsyncConnection.connect(site.url, autocommit=True) as connection:
        await connection.execute("VACUUM ANALYZE")
    return plans


async def started(site: Site, name: str, plans: Sequence[BarePlan]) -> None:
    """Start the workflows of plans, and wait until all of them wait for their billing date."""
    starts = iter(await _of_billflow(site, plans) if name == OURS else await _bare(site, plans))

    async def start() -> None:
        for one in starts:
            await one()

    await asyncio.gather(*(start() for _ in range(AT_ONCE)))
    waiting = len(plans)

    async def what_is_open() -> str:
        return f"{waiting} workflow tasks wait for a worker of {name}."

    progress = Progress(what_is_open)
    while waiting:
        await progress.note(waiting)
        await asyncio.sleep(0.5)
        waiting = (await queue(site.engine.client, BILLFLOW if name == OURS else BARE)).workflows_waiting


async def _of_billflow(site: Site, plans: Sequence[BarePlan]) -> list[Start]:
    control, queries = WorkflowControl(site.engine.client), site.engine.queries.plans
    # Organizations one after the other, as they were written: the order in which their timers fire.
    org_ids = dict.fromkeys(plan.org_id for plan in plans)
    states = [one for org_id in org_ids for one in await queries.running(org_id)]
    return [partial(control.start, plan_workflow(PlanInput(state=state))) for state in states]


async def _bare(site: Site, plans: Sequence[BarePlan]) -> list[Start]:
    client = await Client.connect(site.environment["TEMPORAL_ADDRESS"])
    return [
        partial(client.start_workflow, MidnightBare.run, plan, id=f"bare/{plan.plan_id}", task_queue=BARE)
        for plan in plans
    ]
