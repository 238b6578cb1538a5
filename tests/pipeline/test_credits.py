"""What a customer is owed goes to its balance at Stripe, once, and the next invoice uses it up."""

from dataclasses import replace

import pytest
import stripe
from sqlalchemy import select

from billflow.activities.collection import CollectionActivities
from billflow.domain.calendar import add_months
from billflow.domain.commands import EndNow, UpgradeTierNow
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.adjustments import RefundInput
from billflow.models.contracts.customers import CustomerPricing
from billflow.models.contracts.invoices import InvoiceInput
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.tables import CreditPosting
from tests.api_environment import until
from tests.pipeline.environment import BASIC, BEGIN, DAY, MONTHLY, NO_DISCOUNT, PlanEnvironment, by_hand, by_invoice
from tests.sizes import further


async def agree(plan_env: PlanEnvironment) -> None:
    """Check that rows and Stripe hold the same invoices, to the cent, and the same balance."""
    held = {invoice.id: invoice for invoice in await plan_env.at_stripe()}
    invoices = await plan_env.invoices()
    assert len(held) == len(invoices)
    for invoice in invoices:
        assert invoice.stripe_invoice_id is not None
        theirs = held[invoice.stripe_invoice_id]
        ours = (invoice.total, invoice.amount_due, invoice.amount_paid, str(invoice.status))
        assert ours == (theirs.total, theirs.amount_due, theirs.amount_paid, theirs.status)
    assert await plan_env.credit_balance() == -await plan_env.stripe_balance()


async def balance_transactions(plan_env: PlanEnvironment) -> list[stripe.CustomerBalanceTransaction]:
    transactions = plan_env.env.engine.stripe.v1.customers.balance_transactions
    return (await transactions.list_async(await plan_env.stripe_id())).data


async def collected_again(plan_env: PlanEnvironment, invoice: InvoiceDetail) -> None:
    """Run the sending of an invoice once more, as a retry after a crash does."""
    engine = plan_env.env.engine
    again = InvoiceInput(org_id=plan_env.org_id, invoice_id=invoice.invoice_id, at=BEGIN)
    await CollectionActivities(engine.repositories.invoices, engine.gateway).collect(again)


@pytest.mark.full
async def test_a_tier_upgrade_at_the_start_of_the_cycle_credits_all_of_it_and_only_the_rest_is_charged(
    plan_env: PlanEnvironment,
) -> None:
    plan = await plan_env.plan(by_hand(9))
    assert plan.licenses == 9

    upgraded = await plan_env.command(plan, UpgradeTierNow(tier="cloud_plus"))

    assert upgraded.successor is not None
    purchase, successors = await plan_env.closed()
    assert (purchase.total, purchase.amount_due, purchase.amount_paid) == (7200, 7200, 7200)
    assert (successors.total, successors.amount_due, successors.amount_paid) == (12_000, 4800, 4800)
    assert successors.lines[0].quantity == 10
    assert [change.amount for change in await plan_env.credits()] == [7200, -7200]
    assert (await plan_env.credit_balance(), await plan_env.stripe_balance()) == (0, 0)
    await agree(plan_env)


@pytest.mark.full
async def test_a_credit_is_posted_once_however_often_its_invoice_is_sent(plan_env: PlanEnvironment) -> None:
    plan = await plan_env.plan(by_hand(9))
    await plan_env.command(plan, UpgradeTierNow(tier="cloud_plus"))
    _, successors = await plan_env.closed()

    await collected_again(plan_env, successors)

    posted = [held for held in await balance_transactions(plan_env) if held.type == "adjustment"]
    [granted] = [change for change in await plan_env.credits() if change.amount > 0]
    async with plan_env.env.engine.database.unit_of_work(plan_env.org_id) as session:
        [known] = await session.scalars(
            select(CreditPosting.stripe_balance_transaction_id).where(CreditPosting.credit_id == granted.credit_id)
        )
    assert [(held.id, held.amount) for held in posted] == [(known, -7200)]
    await agree(plan_env)


@pytest.mark.full
async def test_a_credit_larger_than_the_invoice_pays_the_next_ones_until_it_is_used_up(
    server_plan_env: PlanEnvironment,
) -> None:
    plan_env = server_plan_env
    await plan_env.price(NO_DISCOUNT)
    plan = await plan_env.plan(by_hand(10, replace(BASIC, schedule=Schedule.ANNUAL)))

    upgraded = await plan_env.command(plan, UpgradeTierNow(tier="self_hosted_business", schedule=Schedule.MONTHLY))
    for month in (1, 2):
        await plan_env.seats(25, add_months(BEGIN, month))
        await plan_env.months(month)

    assert upgraded.state.status is PlanStatus.ENDED
    invoices = await plan_env.closed()
    assert [(invoice.total, invoice.amount_due) for invoice in invoices] == [
        (42_000, 42_000),
        (20_000, 0),
        (20_000, 0),
        (20_000, 18_000),
    ]
    assert await plan_env.credit_balance() == 0
    await agree(plan_env)


@pytest.mark.full
async def test_a_voided_invoice_refunds_what_the_balance_paid_of_it(plan_env: PlanEnvironment) -> None:
    await plan_env.plan(by_invoice(9))
    [purchase] = await plan_env.sent()
    await plan_env.pay(purchase)
    upgraded = await plan_env.command(await running(plan_env), UpgradeTierNow(tier="cloud_plus"))
    assert upgraded.successor is not None
    await plan_env.sent()
    assert await plan_env.credit_balance() == 0

    await plan_env.command(upgraded.successor, EndNow(void_open_invoices=True))

    async def is_returned() -> bool:
        return await plan_env.stripe_balance() == -7200

    await until(is_returned)
    assert await plan_env.credit_balance() == 7200


async def paid_later(plan_env: PlanEnvironment, days: int) -> PlanState:
    """Buy ten licenses of an annual plan by invoice, and pay that so many days later."""
    await plan_env.start(by_invoice(10, replace(MONTHLY, schedule=Schedule.ANNUAL)))
    [purchase] = await plan_env.sent()
    await plan_env.advance(BEGIN + days * DAY)
    await plan_env.pay(purchase)
    await plan_env.closed()
    return await running(plan_env)


async def running(plan_env: PlanEnvironment) -> PlanState:
    """Return the customer's live plan, once there is one."""

    async def is_there() -> bool:
        return any(plan.status.is_live for plan in await plan_env.plans())

    await until(is_there)
    [plan] = [plan for plan in await plan_env.plans() if plan.status.is_live]
    return plan


async def granted(plan_env: PlanEnvironment) -> list[int]:
    """Return what was credited to the customer."""
    return [change.amount for change in await plan_env.credits() if change.amount > 0]


async def test_a_purchase_pays_for_the_cycle_that_its_payment_began_and_all_of_it_is_credited(
    plan_env: PlanEnvironment,
) -> None:
    plan = await paid_later(plan_env, days=40)
    assert plan.billing_cycle_anchor == BEGIN + 40 * DAY

    await plan_env.command(plan, UpgradeTierNow(tier="cloud_plus"))

    assert await granted(plan_env) == [80_000]


@pytest.mark.full
async def test_a_trial_paid_late_is_credited_to_the_plan_it_started(plan_env: PlanEnvironment) -> None:
    await plan_env.plan(replace(by_invoice(10, replace(MONTHLY, schedule=Schedule.ANNUAL)), trial_days=30))
    [invoice] = await plan_env.sent()
    await plan_env.advance(BEGIN + 45 * DAY)
    await plan_env.pay(invoice)
    plan = await running(plan_env)

    await plan_env.command(plan, UpgradeTierNow(tier="cloud_plus"))

    assert await granted(plan_env) == [80_000]


@pytest.mark.full
@pytest.mark.parametrize(("refunded", "credited"), [(20_000, 60_000), *further((None, 0))])
async def test_what_was_refunded_is_not_credited_again(
    plan_env: PlanEnvironment, refunded: int | None, credited: int
) -> None:
    plan = await plan_env.plan(by_hand(10, replace(MONTHLY, schedule=Schedule.ANNUAL)))
    [purchase] = await plan_env.closed()
    key = KeyNamespace.CLIENT.key("back", purchase.invoice_id)
    ask = RefundInput(
        org_id=plan_env.org_id, invoice_id=purchase.invoice_id, key=key, actor="tests", amount=refunded, at=BEGIN
    )
    await plan_env.env.engine.adjustments.refund(ask)

    await plan_env.command(plan, UpgradeTierNow(tier="cloud_plus"))

    assert sum(await granted(plan_env)) == credited


@pytest.mark.full
async def test_a_discount_larger_than_the_bill_takes_the_bill_and_no_more(
    server_plan_env: PlanEnvironment,
) -> None:
    plan_env = server_plan_env
    await plan_env.price(CustomerPricing(flat_discounted_months=1, exempt_from_license_number_check=True))
    await plan_env.seats(1, BEGIN - DAY)
    await plan_env.start(BASIC)
    await plan_env.seats(1, add_months(BEGIN, 1))
    await plan_env.months(1)

    first, second = await plan_env.closed()
    assert [line.amount for line in first.lines] == [350, -350]
    assert [(first.total, first.amount_due), (second.total, second.amount_due)] == [(0, 0), (350, 350)]
    assert await plan_env.credit_balance() == 0
    await agree(plan_env)
