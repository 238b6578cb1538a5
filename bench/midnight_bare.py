"""The worker of `midnight.py`'s bare workflow: billflow's own SQL of a step and its four requests, with nothing around.

It takes the step of a model plan by billflow and records what is sent to PostgreSQL and Stripe; every bare plan sends
that again with ids of its own, by psycopg and aiohttp. It prints what it counted, and works until SIGTERM.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import event
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from billflow.activities.collection import CollectionActivities
from billflow.activities.steps import StepActivities
from billflow.api.garbage_collection import set_apart
from billflow.models.contracts.invoices import InvoiceSummary, InvoiceToCollect
from billflow.models.contracts.steps import CloseCycleInput, PlanRef
from billflow.payments.client import API_VERSION
from billflow.payments.requests import invoice_params, line_params
from billflow.settings import load_settings
from billflow.store.session.database import Database
from billflow.store.session.pools import WORK_POOL_SIZE
from billflow.telemetry.logging import configure_logging
from billflow.temporal.worker import WORKFLOW_TASKS, stop_on_signals
from billflow.wiring.engine import Engine, open_engine
from billflow.wiring.store import required
from billflow.wiring.workers import AT_STRIPE, activity_classes

sys.path.append(str(Path(__file__).parent))
from midnight_ids import Ids
from midnight_workflow import BARE, BARE_STRIPE, BarePlan, MidnightBare

_PAID = (
    "UPDATE invoice SET status = 'paid', paid_at = now(), amount_paid = total, sent_first_at = now(),"
    " stripe_invoice_id = %(held)s WHERE id = %(id)s"
)

Statement = tuple[str, Any, bool]


@dataclass
class Recording:
    """What a piece of work sent to PostgreSQL: texts, parameters, and whether those are many rows of them."""

    statements: list[Statement] = field(default_factory=list)
    commits: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Return how much that is; a transaction's first statement begins it, a commit is a round trip too."""
        statements = len(self.statements)
        return {"statements": statements, "round_trips": statements + self.commits}


@contextmanager
def recorded(database: Database) -> Iterator[Recording]:
    """Record what is sent inside."""
    recording = Recording()

    def note(_connection: object, _cursor: object, text: str, parameters: Any, *_: object) -> None:
        recording.statements.append((text, parameters, isinstance(parameters, list)))

    def count(_connection: object) -> None:
        recording.commits += 1

    listeners = {"before_cursor_execute": note, "commit": count}
    for name, listener in listeners.items():
        event.listen(database.engine.sync_engine, name, listener)
    yield recording
    for name, listener in listeners.items():
        event.remove(database.engine.sync_engine, name, listener)


@dataclass(frozen=True)
class Model:
    """One boundary as billflow does it: its step's statements, the invoice it makes, and what collecting that sends."""

    plan: BarePlan
    step: Recording
    collecting: Recording
    invoice: InvoiceToCollect

    def ids(self, plan: BarePlan) -> Ids:
        """Return what stands for the model's ids where *plan* does the same."""
        return Ids(self.plan, self.invoice.invoice_id, plan)


async def model_of(engine: Engine, plan: BarePlan) -> Model:
    """Take the step of a plan by billflow and collect its invoice, and return what was sent."""
    steps = next(one for one in activity_classes(engine) if isinstance(one, StepActivities))
    collection = next(one for one in activity_classes(engine) if isinstance(one, CollectionActivities))
    ref = PlanRef(org_id=plan.org_id, plan_id=plan.plan_id)
    with recorded(engine.database) as step:
        result = await steps.close_cycle(CloseCycleInput(plan=ref, at=datetime.fromtimestamp(plan.due_at, UTC)))
    invoice: InvoiceSummary = result.invoices[0]
    with recorded(engine.database) as collecting:
        await collection.collect(invoice.as_of(datetime.now(UTC)))
    return Model(plan, step, collecting, await collection.invoices.invoice_to_collect(invoice.ref))


class BareActivities:
    """What a bare plan does: the model's statements, and the four requests of an invoice."""

    def __init__(self, model: Model, pool: AsyncConnectionPool, stripe: aiohttp.ClientSession) -> None:
        self._model, self._pool, self._stripe = model, pool, stripe
        self._create = dict(form("", invoice_params(model.invoice, model.plan.payer)))
        self._lines = dict(form("", {"lines": line_params(model.invoice)}))

    @activity.defn
    async def write_step(self, plan: BarePlan) -> None:
        """Send the statements of a step in one transaction."""
        ids = self._model.ids(plan)
        async with self._pool.connection() as connection, connection.cursor() as cursor:
            await cursor.execute(self._beginning(ids))
            for text, parameters, many in self._model.step.statements[1:]:
                if many:
                    await cursor.executemany(text.encode(), [ids.put(one) for one in parameters])
                else:
                    await cursor.execute(text.encode(), ids.put(parameters))
                    if cursor.description:
                        await cursor.fetchall()

    @activity.defn
    async def send_invoice(self, plan: BarePlan) -> None:
        """Create the invoice, add its lines, finalize and pay it, and write that it is paid."""
        ids = self._model.ids(plan)
        create = ids.put(self._create) | {"customer": plan.payer, "number": f"BARE-{plan.plan_id}"}
        held = await self._post("/v1/invoices", create, plan)
        for act, body in (("add_lines", ids.put(self._lines)), ("finalize", {}), ("pay", {"off_session": "true"})):
            await self._post(f"/v1/invoices/{held}/{act}", body, plan)
        async with self._pool.connection() as connection:
            await connection.execute(self._beginning(ids))
            done = await connection.execute(_PAID, {"held": held, "id": ids[self._model.invoice.invoice_id]})
            if not done.rowcount:
                raise RuntimeError(f"The plan {plan.plan_id} has no invoice.")

    def _beginning(self, ids: Ids) -> bytes:
        """Return what begins a transaction for the organization of a plan."""
        return str(ids.put(self._model.step.statements[0][0])).encode()

    async def _post(self, path: str, body: Mapping[str, str], plan: BarePlan) -> str:
        key = {"Idempotency-Key": f"{plan.plan_id}/{plan.due_at}/{path}"}
        async with self._stripe.post(path, data=dict(body), headers=key) as answer:
            answer.raise_for_status()
            return str((await answer.json())["id"])


def form(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield a request as the fields of a form."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from form(f"{name}[{key}]" if name else key, one)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from form(f"{name}[{number}]", one)
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


@asynccontextmanager
async def bare_workers(model: Model, client: Client) -> AsyncIterator[None]:
    """Run the workers of both queues, with as many slots as billflow's own have."""
    settings = load_settings()
    database = required(settings.database_url, "DATABASE_URL")
    key = required(settings.stripe_api_key, "STRIPE_API_KEY")
    headers = {"Authorization": f"Bearer {key}", "Stripe-Version": API_VERSION}
    runner = SandboxedWorkflowRunner(SandboxRestrictions.default.with_passthrough_all_modules())
    async with (
        AsyncConnectionPool(database, min_size=4, max_size=WORK_POOL_SIZE, kwargs={"autocommit": True}) as pool,
        aiohttp.ClientSession(str(settings.stripe_api_base), headers=headers) as stripe,
    ):
        activities = BareActivities(model, pool, stripe)
        async with (
            Worker(
                client,
                task_queue=BARE,
                workflows=[MidnightBare],
                activities=[activities.write_step],
                workflow_runner=runner,
                max_concurrent_workflow_tasks=WORKFLOW_TASKS,
                max_concurrent_local_activities=settings.max_activities,
            ),
            Worker(
                client,
                task_queue=BARE_STRIPE,
                activities=[activities.send_invoice],
                max_concurrent_activities=AT_STRIPE,
            ),
        ):
            yield


async def main(models: list[BarePlan]) -> None:
    """Record the last of the models, the first having filled the caches, and work."""
    stop = stop_on_signals()
    configure_logging("json", "warning")
    async with open_engine(load_settings()) as engine:
        recordings = [await model_of(engine, plan) for plan in models]
        client = await Client.connect(engine.client.service_client.config.target_host)
    model = recordings[-1]
    async with bare_workers(model, client):
        set_apart()
        print(json.dumps({"step": model.step.counts, "collecting": model.collecting.counts}), flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main([BarePlan(**one) for one in json.loads(sys.argv[1])]))
