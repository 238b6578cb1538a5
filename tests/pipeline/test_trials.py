"""Trials bought by invoice, and every way they end: through Stripe's webhooks, as in real life."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import DowngradeAtEndOfCycle, SetLicensesAtRenewal
from billflow.domain.ledger import Disposition
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.invoices import InvoiceStatus, InvoiceStatusChanged
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail
from tests.api_environment import until
from tests.pipeline.environment import BASIC, BEGIN, DAY, MONTHLY, PlanEnvironment, by_hand, by_invoice, ref

ANNUAL = replace(MONTHLY, schedule=Schedule.ANNUAL)
TRIAL_ENDS = BEGIN + 30 * DAY


async def begun_trial(plan_env: PlanEnvironment, licenses: int) -> tuple[PlanState, InvoiceDetail]:
    """Start a trial bought by invoice; return it with its invoice, once that is sent."""
    plan = await plan_env.plan(replace(by_invoice(licenses, ANNUAL), trial_days=30))
    [invoice] = await plan_env.sent()
    return plan, invoice


async def paid(plan_env: PlanEnvironment, invoice: InvoiceDetail) -> None:
    """Pay an invoice at Stripe, and wait until its webhook is in the records."""
    await plan_env.pay(invoice)

    async def is_known() -> bool:
        known = await plan_env.env.engine.queries.invoices.get(plan_env.org_id, invoice.invoice_id)
        return known.status is InvoiceStatus.PAID

    await until(is_known)


async def live_plan(plan_env: PlanEnvironment) -> PlanState:
    """Return the customer's live plan, once there is one."""

    async def is_there() -> bool:
        return any(plan.status.is_live for plan in await plan_env.plans())

    await until(is_there)
    [plan] = [plan for plan in await plan_env.plans() if plan.status.is_live]
    return plan


async def test_the_invoice_of_a_trial_is_for_the_first_paid_period_and_due_when_the_trial_ends(
    plan_env: PlanEnvironment,
) -> None:
    plan, invoice = await begun_trial(plan_env, 12)

    [line] = invoice.lines
    assert (plan.status, invoice.total, invoice.due_at) == (PlanStatus.FREE_TRIAL, 96_000, TRIAL_ENDS)
    assert (line.period_start, line.period_end) == (TRIAL_ENDS, add_months(TRIAL_ENDS, 12))


async def test_a_trial_that_is_paid_goes_on_and_only_licenses_beyond_it_are_billed(plan_env: PlanEnvironment) -> None:
    plan, invoice = await begun_trial(plan_env, 123)
    await paid(plan_env, invoice)
    await plan_env.seats(125, BEGIN + DAY)

    await plan_env.advance(TRIAL_ENDS + timedelta(hours=1))

    state = await plan_env.state(plan)
    assert (state.status, state.billing_cycle_anchor, state.licenses) == (PlanStatus.ACTIVE, TRIAL_ENDS, 125)
    first, extra = await plan_env.sent()
    assert (first.status, extra.total, extra.collection_method) == (InvoiceStatus.PAID, 2 * 8000, "send_invoice")


@pytest.mark.full
async def test_a_trial_that_is_not_paid_ends_and_its_invoice_stays_open(plan_env: PlanEnvironment) -> None:
    plan, _ = await begun_trial(plan_env, 12)

    await plan_env.advance(TRIAL_ENDS + timedelta(hours=1))

    assert (await plan_env.state(plan)).status is PlanStatus.ENDED
    assert [invoice.status for invoice in await plan_env.invoices()] == [InvoiceStatus.OPEN]


@pytest.mark.full
async def test_paying_after_the_end_of_the_trial_starts_a_fresh_plan_that_renews_by_itself(
    plan_env: PlanEnvironment,
) -> None:
    plan, invoice = await begun_trial(plan_env, 12)
    paid_at = TRIAL_ENDS + 9 * DAY
    await plan_env.advance(paid_at)

    await paid(plan_env, invoice)

    fresh = await live_plan(plan_env)
    assert (fresh.plan_id != plan.plan_id, fresh.predecessor_id) == (True, plan.plan_id)
    assert (fresh.status, fresh.billing_cycle_anchor, fresh.licenses) == (PlanStatus.ACTIVE, paid_at, 12)
    [entry] = await plan_env.ledger(fresh)
    assert (entry.disposition, entry.line_id) == (Disposition.BILLED, invoice.lines[0].line_id)
    await plan_env.advance(add_months(paid_at, 12) + DAY)
    assert [made.total for made in await plan_env.sent()] == [96_000, 96_000]


@pytest.mark.full
async def test_paying_late_bills_the_seats_that_came_meanwhile(plan_env: PlanEnvironment) -> None:
    _, invoice = await begun_trial(plan_env, 12)
    await plan_env.advance(TRIAL_ENDS + DAY)
    await plan_env.seats(15)

    await paid(plan_env, invoice)

    assert (await live_plan(plan_env)).licenses == 15
    assert [made.total for made in await plan_env.sent()] == [96_000, 3 * 8000]


@pytest.mark.full
async def test_paying_late_when_there_is_another_plan_keeps_the_money_and_asks_people_to_look(
    plan_env: PlanEnvironment,
) -> None:
    trial_plan, invoice = await begun_trial(plan_env, 12)
    await plan_env.advance(TRIAL_ENDS + DAY)
    other = await plan_env.plan(by_hand(12))

    await paid(plan_env, invoice)

    async def is_notified() -> bool:
        return bool(await plan_env.events("invoice.paid_without_plan"))

    await until(is_notified)
    [told] = await plan_env.events("invoice.paid_without_plan")
    assert (told["code"], told["invoice_id"]) == ("already_subscribed", invoice.invoice_id)
    assert [plan.plan_id for plan in await plan_env.plans()] == [trial_plan.plan_id, other.plan_id]
    assert (await plan_env.state(other)).status is PlanStatus.ACTIVE


@pytest.mark.full
async def test_an_event_of_a_payment_that_comes_again_after_the_plan_is_over_starts_nothing(
    plan_env: PlanEnvironment,
) -> None:
    plan, invoice = await begun_trial(plan_env, 12)
    await paid(plan_env, invoice)
    await plan_env.advance(TRIAL_ENDS + DAY)
    await plan_env.command(plan, DowngradeAtEndOfCycle())
    await plan_env.advance(add_months(TRIAL_ENDS, 12) + DAY)
    assert (await plan_env.state(plan)).status is PlanStatus.ENDED

    await plan_env.env.engine.collection.invoice_status_changed(
        InvoiceStatusChanged(
            plan=ref(plan), invoice_id=invoice.invoice_id, status=InvoiceStatus.PAID, at=await plan_env.now()
        )
    )

    assert len(await plan_env.plans()) == 1


@pytest.mark.full
async def test_changing_the_licenses_of_an_unpaid_trial_replaces_its_invoice_on_both_sides(
    plan_env: PlanEnvironment,
) -> None:
    plan, old = await begun_trial(plan_env, 12)
    await plan_env.advance(BEGIN + 10 * DAY)

    result = await plan_env.command(plan, SetLicensesAtRenewal(licenses=20))

    async def is_replaced() -> bool:
        return sorted(str(held.status) for held in await plan_env.at_stripe()) == ["open", "void"]

    await until(is_replaced)
    assert [voided.invoice_id for voided in result.voided] == [old.invoice_id]
    void, new = await plan_env.invoices()
    assert (void.status, new.status, new.total, new.due_at) == (
        InvoiceStatus.VOID,
        InvoiceStatus.OPEN,
        160_000,
        TRIAL_ENDS,
    )
    await paid(plan_env, new)
    await plan_env.advance(TRIAL_ENDS + DAY)
    assert ((await plan_env.state(plan)).status, (await plan_env.state(plan)).licenses) == (PlanStatus.ACTIVE, 20)


@pytest.mark.full
async def test_a_trial_whose_invoice_is_replaced_keeps_its_discounted_months(server_plan_env: PlanEnvironment) -> None:
    asked = replace(by_invoice(12, BASIC), schedule=Schedule.ANNUAL, trial_days=30)
    plan = await server_plan_env.plan(asked)
    await server_plan_env.sent()

    await server_plan_env.command(plan, SetLicensesAtRenewal(licenses=20))

    first, second = await server_plan_env.sent()
    assert [line.amount for line in first.lines] == [12 * 4200, -12 * 2000]
    assert [line.amount for line in second.lines] == [20 * 4200, -12 * 2000]
    assert await server_plan_env.discounted_months() == 0


@pytest.mark.full
async def test_growing_a_paid_trial_is_billed_when_it_ends(plan_env: PlanEnvironment) -> None:
    plan, invoice = await begun_trial(plan_env, 12)
    await paid(plan_env, invoice)

    await plan_env.command(plan, SetLicensesAtRenewal(licenses=20))
    await plan_env.advance(TRIAL_ENDS + DAY)

    assert [made.total for made in await plan_env.sent()] == [96_000, 8 * 8000]
