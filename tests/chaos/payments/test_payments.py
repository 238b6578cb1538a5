"""Stripe at its worst and workers that die: afterwards every debt was asked for exactly once, to the cent."""

import asyncio
import contextlib
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.reconciliation import ReconciliationInput, ReconciliationReport, ReconciliationScope
from billflow.telemetry.logging import configure_logging
from billflow.temporal.workflow_starts import reconciliation_workflow
from tests.chaos.payments.debts import EXPECTED, Debtor, Payer, all_run_up, debtors, unsent
from tests.chaos.payments.trouble import all_trouble
from tests.chaos.workers import Workers, killing, running_workers
from tests.databases import migrated_database
from tests.environment import Environment, dev_server_environment, stripe_in_process
from tests.sizes import sized

HERE = Path(__file__).parent
SEED = int(os.environ.get("BILLFLOW_CHAOS_SEED") or random.randrange(1_000_000))
DEBTS = sized(2, 80, 2_000)
KILLS = sized(1, 3, 40)
WORKERS = sized(1, 2, 2)
BAD_SECONDS = sized(3, 20, 700)
"""How long things go wrong at most; what is unsent then is left to reconciliation."""

ROUNDS = 30
"""How often it may find something, a second apart: what it handed to a collection is on its way meanwhile."""

LONGEST = sized(1_500, 1_500, 7_200)


@pytest.fixture
async def env(
    postgres_url: str, temporal_server: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> AsyncIterator[Environment]:
    """Yield a world whose workers are processes of their own, and whose Stripe goes wrong by the seed."""
    record_property("BILLFLOW_CHAOS_SEED", SEED)
    configure_logging("json", "error")
    database_url, stripe_at = await migrated_database(postgres_url), stripe_in_process(tmp_path, SEED)
    async with dev_server_environment(temporal_server, database_url, working=False, stripe_at=stripe_at) as env:
        yield env


async def bad_days(env: Environment, workers: Workers, buying: asyncio.Task[None]) -> None:
    """Let Stripe fail and workers be killed until all is bought and sent, or it has lasted long enough."""
    await env.control("POST", "/faults", **all_trouble())
    async with killing(workers, SEED, KILLS):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BAD_SECONDS):
                await asyncio.wait([buying])
                while await unsent(env):  # noqa: ASYNC110  (it happens in a database, which sets no event)
                    await asyncio.sleep(0.5)
    await env.control("DELETE", "/faults")


async def one_reconciliation(env: Environment) -> ReconciliationReport:
    """Compare and repair once, and return what was found, none of which may need a person."""
    run = ReconciliationInput(org_id=env.org_id, scope=ReconciliationScope(grace_minutes=0))
    run_id = await env.engine.control.run(reconciliation_workflow(run, datetime.now(UTC)))
    report = await env.engine.repositories.reconciliation.report(env.org_id, run_id)
    assert [finding for finding in report.findings if finding.needs_a_person] == []
    return report


async def reconciled(env: Environment) -> ReconciliationReport:
    """Reconcile until nothing is left to find: what was handed to a collection is on its way for a while."""
    while (report := await one_reconciliation(env)).findings:  # noqa: ASYNC110  (only a comparison can tell)
        await asyncio.sleep(1.0)
    return report


@pytest.mark.chaos
@pytest.mark.timeout(LONGEST + 60)
async def test_every_debt_is_asked_for_once_whatever_stripe_and_the_workers_do(
    env: Environment, tmp_path: Path
) -> None:
    program, log = HERE / "impatient_worker.py", tmp_path / "workers.log"
    async with asyncio.timeout(LONGEST), running_workers(env, log, program, WORKERS) as workers:
        owing = await debtors(env, SEED, DEBTS)
        await workers.working()
        buying = asyncio.create_task(all_run_up(env, owing))
        await bad_days(env, workers, buying)
        await reconciled(env)
        await buying
        found = await reconciled(env)

    assert found.invoices_compared == DEBTS
    outcomes = Counter([await outcome(env, debtor) for debtor in owing])
    assert outcomes == Counter((debtor.payer, EXPECTED[debtor.payer]) for debtor in owing)
    assert (await env.control("GET", "/invariants?unique=billflow_invoice"))["broken"] == []
    customers = (await env.control("GET", "/state?kind=customer"))["objects"]
    assert len({one["metadata"]["billflow_customer"] for one in customers}) == len(customers) == DEBTS


async def outcome(env: Environment, debtor: Debtor) -> tuple[Payer, InvoiceStatus]:
    """Return how a debt ended, where rows and Stripe say the same of it to the cent."""
    [invoice] = await env.invoices(debtor.customer)
    held = await env.at_stripe(debtor.customer)
    standing = [one for one in held if one.status not in ("void", "draft")]
    if invoice.status is InvoiceStatus.VOID:
        assert standing == []
    else:
        [one] = standing
        assert (one.id, one.status, one.total) == (invoice.stripe_invoice_id, invoice.status, invoice.total)
        assert one.amount_remaining == (0 if invoice.status is InvoiceStatus.PAID else invoice.total)
    return debtor.payer, invoice.status
