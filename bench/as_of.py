"""What it costs to keep former rows: `python bench/as_of.py [--plans N] [--rounds N]`.

Billing dates are closed in PostgreSQL, without Temporal and Stripe: a round with the triggers that keep former rows,
one without, in turn and in either order, so that both meet the same machine. Printed are the times as a ratio, and by
how much `row_version` grows with a billing date.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import psycopg
from ending import run
from loading import fill_organization
from psycopg import sql
from pydantic import SecretStr

from billflow.dev.folder import claimed
from billflow.dev.postgres import RUNS, as_login, embedded_postgres
from billflow.domain import billing_dates
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.steps import CloseCycleInput
from billflow.models.tables.versions import VERSIONED
from billflow.settings import Settings
from billflow.telemetry.logging import configure_logging
from billflow.wiring.store import Store, migrate, open_store, sell_example

TABLE = "SELECT count(*), pg_total_relation_size('row_version'), pg_relation_size('row_version') FROM row_version"


def keep(url: str, *, kept: bool) -> None:
    """Let the triggers work, or not."""
    with psycopg.connect(url) as connection:
        for table in VERSIONED:
            verb = sql.SQL("ENABLE" if kept else "DISABLE")
            names = sql.Identifier(table), verb, sql.Identifier(f"{table}_versions")
            connection.execute(sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(*names))


def grown(url: str) -> tuple[int, int, int]:
    """Return how many former rows there are, and how many bytes they take with their indexes, and without."""
    with psycopg.connect(url) as connection:
        rows, whole, alone = connection.execute(TABLE).fetchall()[0]
        return int(rows), int(whole), int(alone)


async def closed(store: Store, plans: list[PlanState]) -> tuple[list[PlanState], float]:
    """Close the next billing date of each plan, and return the plans and the seconds."""
    begun = time.perf_counter()
    after = [await _close(store, plan) for plan in plans]
    return after, time.perf_counter() - begun


async def _close(store: Store, plan: PlanState) -> PlanState:
    due = plan.due_at
    if due is None:
        return plan
    step = CloseCycleInput(plan=plan.ref, at=due)
    taken = await store.repositories.plans.take_step(step, lambda facts: billing_dates.process_billing_date(facts, due))
    if taken.state.attention is not None:
        raise RuntimeError(taken.state.attention.message)
    return taken.state


def entered(name: str) -> Path:
    """Return a folder that PostgreSQL can enter, which runs as another user where we are root."""
    folder = Path(name)
    folder.chmod(0o711)
    return folder


async def measure(count: int, rounds: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="billflow-") as name, claimed(folder := entered(name)) as lock:
        async with embedded_postgres(folder, lock, durable=False) as (url, _):
            settings = Settings(
                database_url=SecretStr(as_login(url, RUNS)),
                database_owner_url=SecretStr(url),
                stripe_api_key=SecretStr("sk_test_bench"),
            )
            await asyncio.to_thread(migrate, settings)
            org_id = await asyncio.to_thread(fill_organization, url, "bench", count)
            async with open_store(settings) as store:
                await sell_example(store.repositories.catalogs, org_id)
                plans, _ = await closed(store, list(await store.queries.plans.running(org_id)))
                await _in_turn(store, url, plans, rounds)


async def _in_turn(store: Store, url: str, plans: list[PlanState], rounds: int) -> None:
    ratios, before, dates = [], grown(url), 0
    for n in range(rounds):
        took = {}
        for kept in (True, False) if n % 2 else (False, True):
            keep(url, kept=kept)
            plans, took[kept] = await closed(store, plans)
        ratios.append(took[True] / took[False])
        dates += len(plans)
        print(f"round {n + 1}: {took[True]:.2f} s with former rows, {took[False]:.2f} s without")
    rows, whole, alone = (now - then for now, then in zip(grown(url), before, strict=True))
    print(f"with former rows a billing date takes {statistics.median(ratios):.2f} of the time without (median)")
    print(
        f"row_version grows by {rows / dates:.1f} rows and {whole / dates:.0f} bytes, "
        f"{alone / dates:.0f} of them without indexes"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=200, help="how many plans (%(default)s)")
    parser.add_argument("--rounds", type=int, default=6, help="how many rounds with and without (%(default)s)")
    options = parser.parse_args()
    configure_logging("json", "error")
    run(measure(options.plans, options.rounds))


if __name__ == "__main__":
    main()
