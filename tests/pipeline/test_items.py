"""One-off items on the whole engine: rows, Stripe, ledger, documents and reports agree (rules 35.1)."""

from dataclasses import replace

import pytest

from billflow.domain.adjustments import RefundMethod
from billflow.domain.commands import AddItem
from billflow.domain.invoicing.explain import explain
from billflow.domain.items import ItemStatus
from billflow.models.contracts.adjustments import CreditNoteInput, CreditNoteLineCreate, RefundInput
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.items import ItemRecord
from billflow.models.contracts.plans import PlanState
from tests.pipeline.conftest import Typed
from tests.pipeline.environment import BEGIN, DAY, PlanEnvironment, by_hand
from tests.pipeline.reconciled import findings
from tests.pipeline.reissues import BY_MAIL, corrected, reissued, shown, void
from tests.pipeline.test_adjusted_end_dates import of
from tests.pipeline.test_credits import agree

SET_UP = AddItem(description="Set-up", unit_amount=50_000)
TRAINING = AddItem(description="Additional training", unit_amount=12_000, quantity=3, own_invoice=True)


async def items(plan_env: PlanEnvironment, plan: PlanState) -> tuple[ItemRecord, ...]:
    return await plan_env.env.engine.queries.plans.items(plan.ref)


@pytest.mark.full
async def test_an_item_is_collected_at_once_or_with_the_next_invoice_and_credited_like_any_line(
    plan_env: PlanEnvironment,
) -> None:
    plan = await plan_env.plan(by_hand(10))
    await plan_env.advance(BEGIN + DAY)
    await plan_env.command(plan, SET_UP, "once")
    await plan_env.command(plan, SET_UP, "once")
    made = await plan_env.command(plan, TRAINING)

    assert [invoice.total for invoice in made.invoices] == [36_000]
    _, own = await plan_env.closed()
    assert [one.status for one in await items(plan_env, plan)] == [ItemStatus.PENDING, ItemStatus.BILLED]
    await plan_env.months(2)
    _, _, renewal, last = await plan_env.closed()

    assert [line.amount for line in renewal.lines] == [8000, 50_000]
    assert [line.amount for line in last.lines] == [8000]
    assert [one.invoice_id for one in await items(plan_env, plan)] == [renewal.invoice_id, own.invoice_id]
    assert explain(renewal.lines[1].line, "USD").sentence == "Set-up, on 2026-02-15: 1 x USD 500 = USD 500."
    await agree(plan_env)

    adjustments = plan_env.env.engine.adjustments
    credited = [CreditNoteLineCreate(line_id=renewal.lines[1].line_id, amount=20_000)]
    to_balance = await of(plan_env, renewal, lines=credited, refund_method=RefundMethod.BALANCE)
    await adjustments.credit(CreditNoteInput(**to_balance))
    await adjustments.refund(RefundInput(**await of(plan_env, own, amount=6_000)))
    ref = CustomerRef(org_id=plan_env.org_id, customer_id=plan_env.customer_id)
    report = await plan_env.env.engine.queries.reports.report(ref)
    assert [money.amount for money in report.lifetime_value] == [3 * 8000 + 50_000 + 36_000 - 20_000 - 6_000]
    assert [money.amount for money in report.monthly_recurring_revenue] == [8000]
    assert await plan_env.credit_balance() == 20_000 == -await plan_env.stripe_balance()
    assert await findings(plan_env, *await plan_env.invoices()) == []


@pytest.mark.full
async def test_a_void_item_is_found_and_issued_again_with_fewer_units(plan_env: PlanEnvironment) -> None:
    plan = await plan_env.plan(by_hand(10))
    await plan_env.command(plan, BY_MAIL)
    await plan_env.command(plan, TRAINING)
    own = (await plan_env.sent())[-1]
    await void(plan_env, own)
    assert [one.kind for one in await findings(plan_env, own)] == ["cycle_not_billed"]

    new = await reissued(plan_env, own, lines=corrected(of=own, licenses=2, price=10_000))

    assert (new.total, new.lines[0].description) == (20_000, "Additional training")
    assert "corrected, 3 x USD 120 before" in explain(new.lines[0].line, "USD").sentence
    assert await findings(plan_env, own, new) == []
    assert (await shown(plan_env, own.invoice_id)).replaced_by_invoice_id == new.invoice_id
    assert [one.status for one in await items(plan_env, plan)] == [ItemStatus.BILLED]
    await agree(plan_env)


@pytest.mark.full
async def test_items_are_typed_listed_and_told_of(plan_env: PlanEnvironment, terminal: Typed) -> None:
    plan = await plan_env.plan(by_hand(10))
    await plan_env.command(plan, SET_UP)
    await plan_env.command(plan, replace(SET_UP, description="Training"))
    listed = await terminal("plan", "items", plan.plan_id, "--json")
    withdrawn = await terminal("plan", "command", plan.plan_id, "withdraw-item", "--item", "1", "--json")
    again = await terminal("plan", "command", plan.plan_id, "withdraw-item", "--item", "1")
    coming = await terminal("plan", "forecast", plan.plan_id, "--count", "1")

    assert [(one["item"], one["description"], one["status"]) for one in listed.data["items"]] == [
        (1, "Set-up", "pending"),
        (2, "Training", "pending"),
    ]
    assert (withdrawn.code, again.code) == (0, 1)
    assert again.err == "The plan has no item 1 to withdraw; name one of 2.\n"
    assert "Training, on 2026-02-15: 1 x USD 500 = USD 500." in coming.out
    names = [entry.name for entry in await plan_env.env.engine.queries.plans.timeline(plan.ref)]
    assert names.count("plan.item_added") == 2
    assert names.count("plan.item_withdrawn") == 1
