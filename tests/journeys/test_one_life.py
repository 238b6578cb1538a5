"""One plan's whole life on a real server: tried, bought, switched, downgraded, ended."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import DowngradeAtEndOfCycle, SetCollectionMethod, SwitchToAnnual
from billflow.domain.errors import Refused
from billflow.domain.plan import CollectionMethod, PlanStatus, Schedule
from billflow.models.contracts.invoices import InvoiceStatus
from tests.accounts import differences
from tests.api_environment import until
from tests.databases import migrated_database
from tests.environment import MONTHLY, Environment, dev_server_environment, ref

BEGIN = datetime(2024, 1, 31, 16, 45, tzinfo=UTC)
TRIAL = replace(MONTHLY, trial_days=30)


@pytest.fixture
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield a world on a real server."""
    async with dev_server_environment(temporal_server, await migrated_database(postgres_url)) as env:
        yield env


@pytest.mark.journey
async def test_a_plan_is_tried_bought_switched_to_annual_paid_by_invoice_downgraded_and_ends(env: Environment) -> None:
    customer = await env.customer()
    await env.report(customer, 10, BEGIN)
    clock, tried = await env.plan_on_clock(customer, BEGIN, TRIAL)
    assert tried.status is PlanStatus.FREE_TRIAL

    paid_since = BEGIN + timedelta(days=30)
    await env.report(customer, 12, paid_since + timedelta(days=10))
    await env.advance(clock, paid_since + timedelta(days=20))
    assert [invoice.total for invoice in await env.invoices(customer)] == [8000]
    await env.command(tried, SetCollectionMethod(collection_method=CollectionMethod.SEND_INVOICE))
    await env.command(tried, SwitchToAnnual())

    switched_at = add_months(paid_since, 1)
    await env.advance(clock, switched_at)
    old, annual = await env.plans(customer)
    assert (old.status, annual.status, annual.schedule) == (PlanStatus.ENDED, PlanStatus.ACTIVE, Schedule.ANNUAL)
    first, *sent = await env.invoices(customer)
    assert (first.status, {invoice.status for invoice in sent}) == (InvoiceStatus.PAID, {InvoiceStatus.OPEN})
    assert max(invoice.total for invoice in sent) == 12 * 8000

    for invoice in sent:
        await env.engine.stripe.v1.invoices.pay_async(invoice.stripe_invoice_id or "", {"paid_out_of_band": True})
    await until(lambda: all_paid(env, customer.customer_id))

    await env.command(annual, DowngradeAtEndOfCycle())
    await env.advance(clock, add_months(switched_at, 13))

    assert (await env.workflow(annual).result()).status is PlanStatus.ENDED
    assert len(await env.invoices(customer)) == 1 + len(sent)
    assert await differences(env, customer, TRIAL, BEGIN) == ()
    with pytest.raises(Refused, match="ended"):
        await env.command(annual, SwitchToAnnual())
    told = [entry.name for entry in await env.engine.queries.plans.timeline(ref(annual)) if entry.kind == "event"]
    assert told[-1] == "plan.ended"


async def all_paid(env: Environment, customer_id: str) -> bool:
    """Tell whether the webhooks have brought news of every payment."""
    return await env.engine.queries.invoices.unpaid(env.org_id, customer_id=customer_id) == ()
