"""What a billing date's step costs without a workflow: CPU of the worker and of PostgreSQL, and what is sent there.

Plans that are due at one instant take their steps in one process, in rounds of as many; medians of the rounds are
printed. With `--explain` the statements of one step follow, as PostgreSQL explains them.
"""

import argparse
import asyncio
import cProfile
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

sys.path.pop(0)  # where a file has the name of Stripe's package

import psycopg
import uvloop
from pydantic import SecretStr

from billflow.activities.steps import StepActivities
from billflow.dev.folder import claimed
from billflow.dev.postgres import RUNS, as_login, embedded_postgres
from billflow.models.contracts.invoices import InvoiceSummary, InvoiceToCollect
from billflow.models.contracts.steps import CloseCycleInput, PlanRef
from billflow.settings import Settings
from billflow.wiring.store import Store, migrate, open_store

sys.path.append(str(Path(__file__).parent))
from midnight_bare import Ids, Model, Recording, Statement, recorded
from midnight_plans import loaded
from midnight_site import Site
from midnight_workflow import BarePlan
from process_use import use_of

DUE = datetime(2026, 11, 1, tzinfo=UTC)


class Stepping:
    """A store whose plans take steps, beside the process of its server."""

    def __init__(self, store: Store, server: int) -> None:
        self.store, self.server = store, server
        self.steps = StepActivities(store.repositories.plans)

    async def take(self, plan: BarePlan) -> InvoiceSummary:
        """Take the step of a plan's billing date, and return the invoice that it made."""
        ref = PlanRef(org_id=plan.org_id, plan_id=plan.plan_id)
        return (await self.steps.close_cycle(CloseCycleInput(plan=ref, at=DUE))).invoices[0]

    async def measured(self, plans: Sequence[BarePlan]) -> dict[str, float]:
        """Take steps one after the other, and return milliseconds of CPU for each."""
        worker, server = time.process_time(), use_of(self.server).cpu
        for plan in plans:
            await self.take(plan)
        spent = {"worker": time.process_time() - worker, "postgresql": use_of(self.server).cpu - server}
        return {name: seconds * 1000 / len(plans) for name, seconds in spent.items()}

    async def recorded(self, plan: BarePlan) -> tuple[Recording, InvoiceSummary]:
        """Take a step, and return what it sent, and its invoice."""
        with recorded(self.store.database) as recording:
            invoice = await self.take(plan)
        return recording, invoice


def explained(url: str, model: Model, plans: Sequence[BarePlan]) -> str:
    """Send the statements of a model's step for other plans, and return what each costs PostgreSQL for the last one."""
    found = list[str]()
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        for plan in plans:
            ids, found = model.ids(plan), []
            cursor.execute(str(ids.put(model.step.statements[0][0])).encode())
            for statement in model.step.statements[1:]:
                text, parameters = _first(statement, ids)
                cursor.execute(b"EXPLAIN (ANALYZE, SUMMARY, COSTS OFF) " + text, parameters)
                found.append("\n".join([text.decode()[:1000], *(line for (line,) in cursor.fetchall())]))
            connection.commit()
    return "\n\n".join(found)


def _first(statement: Statement, ids: Ids) -> tuple[bytes, Any]:
    """Return a statement with the parameters that it is sent with first."""
    text, parameters, many = statement
    return text.encode(), ids.put(parameters[0] if many else parameters)


async def main(asked: argparse.Namespace) -> None:
    """Measure, and print what was found."""
    with tempfile.TemporaryDirectory(prefix="billflow-") as name:
        (folder := Path(name)).chmod(0o711)
        with claimed(folder) as lock:
            async with embedded_postgres(folder, lock, durable=True) as (url, server):
                settings = Settings(
                    database_url=SecretStr(as_login(url, RUNS)),
                    database_owner_url=SecretStr(url),
                    stripe_api_key=SecretStr("sk_test_none"),
                )
                await asyncio.to_thread(migrate, settings)
                async with open_store(settings) as store:
                    await run(asked, url, Stepping(store, server.pid))


async def run(asked: argparse.Namespace, url: str, stepping: Stepping) -> None:
    """Take a round of steps to fill the caches, and those that count."""
    site = cast("Site", SimpleNamespace(url=url, engine=stepping.store))
    payers = [f"cus_{uuid4().hex}" for _ in range(asked.steps * (asked.rounds + 2) + 23)]
    plans = iter(await loaded(site, ["stepping"], payers, DUE))
    for _ in range(2):
        recorded_step, _ = await stepping.recorded(next(plans))
    rounds = [await stepping.measured([next(plans) for _ in range(asked.steps)]) for _ in range(asked.rounds + 1)]
    figures: dict[str, Any] = {name: round(median(one[name] for one in rounds[1:]), 1) for name in rounds[0]}
    print(json.dumps({**figures, **recorded_step.counts}))
    if asked.profile:
        with cProfile.Profile(time.thread_time) as profile:
            await stepping.measured([next(plans) for _ in range(asked.steps)])
        profile.dump_stats(asked.profile)
    if asked.explain:
        plan = next(plans)
        recording, invoice = await stepping.recorded(plan)
        model = Model(plan, recording, recording, cast("InvoiceToCollect", invoice))
        print(explained(as_login(url, RUNS), model, [next(plans) for _ in range(20)]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("--profile", type=Path, help="a file for what cProfile finds")
    given = parser.parse_args()
    uvloop.run(main(given))
