"""A snapshot of all plans: one moment for every reader, of one organization, and for reading only."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from billflow.models.contracts.dry_run import DryRunFilter
from tests.store.conftest import BEGIN, MONTHLY, Company

NOW = BEGIN + timedelta(days=5)


async def test_every_reader_of_a_snapshot_sees_the_plans_as_they_were_when_it_began(company: Company) -> None:
    customer = await company.customer()
    await company.seats(customer, BEGIN - timedelta(days=1), 12)
    plan = await company.bought(customer)
    snapshots = company.queries.plan_snapshots
    facts = await company.queries.plans.facts(plan.ref, NOW)

    async with snapshots.exported(company.org_id, DryRunFilter()) as snapshot:
        await company.close(plan)
        [read] = await snapshots.facts(company.org_id, snapshot.name, snapshot.plan_ids, NOW)

    assert snapshot.plan_ids == [plan.plan_id]
    assert (read.now, read.facts) == (NOW, facts)
    assert (await company.queries.plans.facts(plan.ref, NOW)).plan != facts.plan
    with pytest.raises(DBAPIError, match="snapshot"):
        await snapshots.facts(company.org_id, snapshot.name, snapshot.plan_ids, NOW)


async def test_only_plans_that_run_and_fit_are_in_it(company: Company) -> None:
    monthly, annual = await company.customer(), await company.customer()
    for customer in (monthly, annual):
        await company.seats(customer, BEGIN - timedelta(days=1), 12)
    plan = await company.bought(monthly)
    await company.start(company.ask(annual, replace(MONTHLY, tier="cloud_plus")))
    snapshots = company.queries.plan_snapshots

    for wanted, expected in (
        (DryRunFilter(), [plan.plan_id]),
        (DryRunFilter(tier="cloud_standard", currency="USD", customer_id=monthly.customer_id), [plan.plan_id]),
        (DryRunFilter(plan_id=plan.plan_id, schedule=MONTHLY.schedule), [plan.plan_id]),
        (DryRunFilter(tier="cloud_plus"), []),
        (DryRunFilter(currency="EUR"), []),
    ):
        async with snapshots.exported(company.org_id, wanted) as snapshot:
            assert snapshot.plan_ids == expected


async def test_a_snapshot_writes_nothing(company: Company) -> None:
    with pytest.raises(DBAPIError, match="read-only"):
        async with company.database.snapshot(company.org_id) as session:
            await session.execute(text("DELETE FROM customer"))
