"""What a customer is owed goes to its balance at Stripe, once, and the next invoice uses it up."""

from dataclasses import replace

import pytest
import stripe

from billflow.activities.collection import CollectionActivities
from billflow.domain.calendar import add_months
from billflow.domain.commands import EndNow, UpgradeTierNow
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.customers import CustomerPricing
from billflow.models.contracts.invoices import CollectAsk
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.settling import RefundAsk
from tests.engine_fixtures import until
from tests.pipeline.story import BASIC, BEGIN, DAY, MONTHLY, NO_DISCOUNT, Story, by_hand, by_invoice


async def agree(story: Story) -> None:
    """Check that rows and Stripe hold the same invoices, to the cent, and the same balance."""
    held = {invoice.id: invoice for invoice in await story.at_stripe()}
    invoices = await story.invoices()
    assert len(held) == len(invoices)
    for invoice in invoices:
        assert invoice.stripe_invoice_id is not None
        theirs = held[invoice.stripe_invoice_id]
        ours = (invoice.total, invoice.amount_due, invoice.amount_paid, str(invoice.status))
        assert ours == (theirs.total, theirs.amount_due, theirs.amount_paid, theirs.status)
    assert (await story.credits()).balance == -await story.stripe_balance()


async def balance_transactions(story: Story) -> list[stripe.CustomerBalanceTransaction]:
    transactions = story.house.engine.stripe.v1.customers.balance_transactions
    return (await transactions.list_async(await story.stripe_id())).data


async def collected_again(story: Story, invoice: InvoiceDetail) -> None:
    """Run the sending of an invoice once more, as a retry after a crash does."""
    engine = story.house.engine
    again = CollectAsk(org_id=story.org_id, invoice_id=invoice.invoice_id, at=BEGIN)
    await CollectionActivities(engine.books, engine.gateway).collect(again)


async def test_a_tier_upgrade_at_the_start_of_the_cycle_credits_all_of_it_and_only_the_rest_is_charged(
    story: Story,
) -> None:
    plan = await story.plan(by_hand(9))
    assert plan.licenses == 9

    upgraded = await story.command(plan, UpgradeTierNow(tier="cloud_plus"))

    assert upgraded.successor is not None
    purchase, successors = await story.settled()
    assert (purchase.total, purchase.amount_due, purchase.amount_paid) == (7200, 7200, 7200)
    assert (successors.total, successors.amount_due, successors.amount_paid) == (12_000, 4800, 4800)
    assert successors.lines[0].quantity == 10
    owed = await story.credits()
    assert [change.amount for change in owed.credits] == [7200, -7200]
    assert (owed.balance, await story.stripe_balance()) == (0, 0)
    await agree(story)


async def test_a_credit_is_posted_once_however_often_its_invoice_is_sent(story: Story) -> None:
    plan = await story.plan(by_hand(9))
    await story.command(plan, UpgradeTierNow(tier="cloud_plus"))
    _, successors = await story.settled()

    await collected_again(story, successors)

    posted = [held for held in await balance_transactions(story) if held.type == "adjustment"]
    [granted] = [change for change in (await story.credits()).credits if change.amount > 0]
    assert [(held.id, held.amount) for held in posted] == [(granted.stripe_balance_transaction_id, -7200)]
    await agree(story)


async def test_a_credit_larger_than_the_invoice_pays_the_next_ones_until_it_is_used_up(server_story: Story) -> None:
    story = server_story
    await story.price(NO_DISCOUNT)
    plan = await story.plan(by_hand(10, replace(BASIC, schedule=Schedule.ANNUAL)))

    upgraded = await story.command(plan, UpgradeTierNow(tier="self_hosted_business", schedule=Schedule.MONTHLY))
    for month in (1, 2):
        await story.seats(25, add_months(BEGIN, month))
        await story.months(month)

    assert upgraded.state.status is PlanStatus.ENDED
    invoices = await story.settled()
    assert [(invoice.total, invoice.amount_due) for invoice in invoices] == [
        (42_000, 42_000),
        (20_000, 0),
        (20_000, 0),
        (20_000, 18_000),
    ]
    assert (await story.credits()).balance == 0
    await agree(story)


async def test_a_voided_invoice_gives_back_what_the_balance_paid_of_it(story: Story) -> None:
    await story.plan(by_invoice(9))
    [purchase] = await story.sent()
    await story.pay(purchase)
    upgraded = await story.command(await running(story), UpgradeTierNow(tier="cloud_plus"))
    assert upgraded.successor is not None
    await story.sent()
    assert (await story.credits()).balance == 0

    await story.command(upgraded.successor, EndNow(void_open_invoices=True))

    async def is_given_back() -> bool:
        return await story.stripe_balance() == -7200

    await until(is_given_back)
    assert (await story.credits()).balance == 7200


async def paid_later(story: Story, days: int) -> PlanState:
    """Buy ten licences of an annual plan by invoice, and pay that so many days later."""
    await story.start(by_invoice(10, replace(MONTHLY, schedule=Schedule.ANNUAL)))
    [purchase] = await story.sent()
    await story.advance(BEGIN + days * DAY)
    await story.pay(purchase)
    await story.settled()
    return await running(story)


async def running(story: Story) -> PlanState:
    """Return the customer's live plan, once there is one."""

    async def is_there() -> bool:
        return any(plan.status.is_live for plan in await story.plans())

    await until(is_there)
    [plan] = [plan for plan in await story.plans() if plan.status.is_live]
    return plan


async def granted(story: Story) -> list[int]:
    """Return what was credited to the customer."""
    return [change.amount for change in (await story.credits()).credits if change.amount > 0]


async def test_a_purchase_pays_for_the_cycle_that_its_payment_began_and_all_of_it_is_credited(story: Story) -> None:
    plan = await paid_later(story, days=40)
    assert plan.billing_cycle_anchor == BEGIN + 40 * DAY

    await story.command(plan, UpgradeTierNow(tier="cloud_plus"))

    assert await granted(story) == [80_000]


async def test_a_trial_paid_late_is_credited_to_the_plan_it_started(story: Story) -> None:
    await story.plan(replace(by_invoice(10, replace(MONTHLY, schedule=Schedule.ANNUAL)), trial_days=30))
    [invoice] = await story.sent()
    await story.advance(BEGIN + 45 * DAY)
    await story.pay(invoice)
    plan = await running(story)

    await story.command(plan, UpgradeTierNow(tier="cloud_plus"))

    assert await granted(story) == [80_000]


@pytest.mark.parametrize(("refunded", "credited"), [(20_000, 60_000), (None, 0)])
async def test_what_was_refunded_is_not_credited_again(story: Story, refunded: int | None, credited: int) -> None:
    plan = await story.plan(by_hand(10, replace(MONTHLY, schedule=Schedule.ANNUAL)))
    [purchase] = await story.settled()
    key = f"back/{purchase.invoice_id}"
    ask = RefundAsk(
        org_id=story.org_id, invoice_id=purchase.invoice_id, key=key, actor="tests", amount=refunded, at=BEGIN
    )
    await story.house.engine.invoices.refund(ask)

    await story.command(plan, UpgradeTierNow(tier="cloud_plus"))

    assert sum(await granted(story)) == credited


async def test_a_discount_larger_than_the_bill_goes_to_the_balance_and_pays_the_next_ones(server_story: Story) -> None:
    story = server_story
    await story.price(CustomerPricing(flat_discounted_months=1, exempt_from_license_number_check=True))
    await story.seats(1, BEGIN - DAY)
    await story.start(BASIC)
    await story.seats(1, add_months(BEGIN, 1))
    await story.months(1)

    first, second = await story.settled()
    assert [line.amount for line in first.lines] == [350, -2000]
    assert [(first.total, first.amount_due), (second.total, second.amount_due)] == [(-1650, 0), (350, 0)]
    assert (await story.credits()).balance == 1300
    await agree(story)
