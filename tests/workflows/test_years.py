"""Plans over years, in seconds."""

from datetime import timedelta

from billflow.domain.calendar import add_months
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.invoices import InvoiceStatus
from tests.workflows.skipping import SkippingWorld
from tests.world import ANNUAL, MONTHLY


async def test_two_years_of_a_monthly_plan_make_twenty_five_paid_invoices(world: SkippingWorld) -> None:
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer, MONTHLY)

    await world.months(24)

    invoices = await world.invoices(customer)
    assert [(invoice.total, invoice.status) for invoice in invoices] == [(8000, InvoiceStatus.PAID)] * 25
    anchor = plan.billing_cycle_anchor
    assert [invoice.issued_at for invoice in invoices[1:]] == [add_months(anchor, month) for month in range(1, 25)]
    assert [held.total for held in await world.at_stripe(customer)] == [8000] * 25


async def test_two_years_of_an_annual_plan_bill_licenses_by_the_month_and_renew_with_all_of_them(
    world: SkippingWorld,
) -> None:
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer, ANNUAL)
    await world.months(6)
    await world.report(customer, 12, add_months(plan.billing_cycle_anchor, 6) + timedelta(minutes=1))

    await world.leap_to(add_months(plan.billing_cycle_anchor, 24) + timedelta(hours=1))

    invoices = await world.invoices(customer)
    purchase, extra, *renewals = [invoice.total for invoice in invoices]
    assert (purchase, renewals) == (80_000, [96_000, 96_000])
    assert 7_900 < extra < 8_100
    assert {invoice.status for invoice in invoices} == {InvoiceStatus.PAID}
    assert (await world.state(plan)).status is PlanStatus.ACTIVE
