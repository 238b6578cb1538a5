"""Recurring add-ons on the whole engine: rows, Stripe, ledger, reports and what follows agree (rules 35.2)."""

import pytest

from billflow.domain.adjustments import RefundMethod
from billflow.domain.commands import RemoveEndDate, SetAddOn, SetEndDate, SwitchToAnnual, UpgradeTierNow
from billflow.domain.errors import Refused
from billflow.models.contracts.adjustments import CreditNoteInput, CreditNoteLineCreate
from billflow.models.contracts.catalog import CatalogDocument
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.plans import PlanState
from tests.pipeline.conftest import Typed
from tests.pipeline.environment import BEGIN, DAY, PlanEnvironment, by_hand
from tests.pipeline.reconciled import findings
from tests.pipeline.reissues import ANNUAL, corrected, reissued
from tests.pipeline.test_adjusted_end_dates import of
from tests.pipeline.test_credits import agree

TWO, ONE, NONE = (SetAddOn(add_on="storage", quantity=quantity) for quantity in (2, 1, 0))


async def revenue(plan_env: PlanEnvironment) -> list[int]:
    """Return the customer's monthly recurring revenue."""
    ref = CustomerRef(org_id=plan_env.org_id, customer_id=plan_env.customer_id)
    report = await plan_env.env.engine.queries.reports.report(ref)
    return [money.amount for money in report.monthly_recurring_revenue]


async def kinds_and_amounts(plan_env: PlanEnvironment) -> list[list[tuple[str, int]]]:
    return [[(str(line.kind), line.amount) for line in one.lines] for one in await plan_env.closed()]


async def held(plan_env: PlanEnvironment, plan: PlanState) -> list[tuple[str, int, int]]:
    rows = await plan_env.env.engine.queries.plans.add_ons(plan.ref)
    return [(row.add_on, row.quantity, row.quantity_at_next_renewal) for row in rows]


@pytest.mark.full
async def test_an_add_on_is_prorated_renewed_lowered_switched_and_counted_as_revenue(plan_env: PlanEnvironment) -> None:
    plan = await plan_env.plan(by_hand(10))
    await plan_env.advance(BEGIN + 31 * DAY / 2)
    await plan_env.command(plan, TWO, "once")
    await plan_env.command(plan, TWO, "once")
    assert await held(plan_env, plan) == [("storage", 2, 2)]
    assert await revenue(plan_env) == [8000 + 1000]

    await plan_env.months(1)
    await plan_env.command(plan, ONE)
    assert (await held(plan_env, plan), await revenue(plan_env)) == ([("storage", 2, 1)], [8000 + 500])
    await plan_env.months(2)
    await plan_env.command(plan, SwitchToAnnual())
    await plan_env.months(3)

    assert (await kinds_and_amounts(plan_env))[1:] == [
        [("renewal", 8000), ("add_on", 1000), ("additional_add_on", 500)],
        [("renewal", 8000), ("add_on", 500)],
        [("renewal", 80_000), ("add_on", 5000)],
    ]
    [_, successor] = await plan_env.plans()
    assert await held(plan_env, successor) == [("storage", 1, 1)]
    assert await revenue(plan_env) == [7083]  # 85000 / 12
    entries = [(one.seq, one.add_on, one.licenses, one.is_renewal) for one in await plan_env.ledger(plan)]
    assert entries == [
        (1, None, 10, True),
        (2, "storage", 2, False),
        (3, None, 10, True),
        (4, "storage", 2, True),
        (5, "storage", 2, False),
        (6, None, 10, True),
        (7, "storage", 1, True),
    ]
    assert (await plan_env.state(plan)).licenses == 10
    await agree(plan_env)
    assert await findings(plan_env, *await plan_env.invoices()) == []


@pytest.mark.full
async def test_a_change_of_tier_credits_the_rest_of_an_add_on_as_far_as_it_was_not_credited(
    plan_env: PlanEnvironment,
) -> None:
    plan = await plan_env.plan(by_hand(10))
    await plan_env.command(plan, TWO)
    await plan_env.months(1)
    renewal = (await plan_env.closed())[-1]
    add_on = next(line for line in renewal.lines if line.kind == "add_on")
    whole = [CreditNoteLineCreate(line_id=add_on.line_id)]
    credit = await of(plan_env, renewal, lines=whole, refund_method=RefundMethod.BALANCE)
    await plan_env.env.engine.adjustments.credit(CreditNoteInput(**credit))
    await plan_env.advance(BEGIN + 45 * DAY)

    result = await plan_env.command(plan, UpgradeTierNow(tier="cloud_plus"))

    assert result.successor is not None
    assert await held(plan_env, result.successor) == [("storage", 2, 2)]
    last = (await plan_env.closed())[-1]
    assert [line.amount for line in last.lines] == [12_000, 1000]
    used = [credit.amount for credit in await plan_env.credits() if credit.amount > 0]
    assert used == [1000, 4000]  # 8000 x 14 of 28 days, and nothing of the add-on
    await agree(plan_env)


@pytest.mark.full
async def test_an_end_date_that_moves_adjusts_an_addition_and_a_reissue_corrects_it(plan_env: PlanEnvironment) -> None:
    plan = await plan_env.plan(by_hand(10, ANNUAL))
    await plan_env.command(plan, SetEndDate(end_date=BEGIN + 182 * DAY))
    await plan_env.advance(BEGIN + DAY)
    await plan_env.command(plan, TWO)
    await plan_env.months(1)
    added = (await plan_env.closed())[-1]
    again = await reissued(plan_env, added, lines=corrected(of=added, licenses=1))
    await plan_env.command(plan, RemoveEndDate())
    await plan_env.months(2)
    moved = (await plan_env.closed())[-1]

    unit = (5000 * 181 * 2 + 365) // (2 * 365)
    whole = (5000 * 364 * 2 + 365) // (2 * 365)
    assert [line.amount for line in added.lines] == [2 * unit]
    assert again.total == unit
    assert [(line.kind, line.description, line.amount) for line in moved.lines] == [
        ("add_on_end_date_change", "Additional Extra storage, 100 GB, end date moved", whole - unit)
    ]
    await agree(plan_env)


@pytest.mark.full
async def test_add_ons_are_typed_and_listed_and_keep_their_place_in_the_catalogue(
    plan_env: PlanEnvironment, terminal: Typed
) -> None:
    plan = await plan_env.plan(by_hand(10))
    told = await terminal("plan", "preview", plan.plan_id, "set-add-on", "--add-on", "storage", "--quantity", "2")
    await terminal("plan", "command", plan.plan_id, "set-add-on", "--add-on", "storage", "--quantity", "2")
    listed = await terminal("plan", "add-ons", plan.plan_id, "--json")
    wrong = await terminal("plan", "command", plan.plan_id, "set-add-on", "--add-on", "space", "--quantity", "2")
    catalogs = plan_env.env.engine.repositories.catalogs
    _, document = await catalogs.version(plan_env.org_id)
    with pytest.raises(Refused) as refused:
        await catalogs.check(plan_env.org_id, CatalogDocument(tier=document.tier))

    assert "2, 2 at renewal" in told.out
    [row] = listed.data["add_ons"]
    assert (row["add_on"], row["quantity"], row["price"], row["amount_at_next_renewal"]) == ("storage", 2, 500, 1000)
    assert (wrong.code, wrong.err) == (1, "There is no add-on 'space'; the add-ons are storage.\n")
    assert refused.value.code == "add_on_in_use"
    assert "add_on.storage is not in the catalogue, but " in refused.value.message
    await plan_env.command(plan, NONE)
