"""Plans over years, in seconds."""

from datetime import timedelta

from billflow.domain.calendar import add_months
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.invoices import InvoiceStatus
from tests.environment import ANNUAL, MONTHLY
from tests.workflows.skipping import SkippingEnvironment


async def test_two_years_of_a_monthly_plan_make_twenty_five_paid_invoices(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, MONTHLY)

    await env.months(24)

    invoices = await env.invoices(customer)
    assert [(invoice.total, invoice.status) for invoice in invoices] == [(8000, InvoiceStatus.PAID)] * 25
    anchor = plan.billing_cycle_anchor
    assert [invoice.issued_at for invoice in invoices[1:]] == [add_months(anchor, month) for month in range(1, 25)]
    assert [held.total for held in await env.at_stripe(customer)] == [8000] * 25


async def test_two_years_of_an_annual_plan_bill_licenses_by_the_month_and_renew_with_all_of_them(
    env: SkippingEnvironment,
) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, ANNUAL)
    await env.months(6)
    await env.report(customer, 12, add_months(plan.billing_cycle_anchor, 6) + timedelta(minutes=1))

    await env.leap_to(add_months(plan.billing_cycle_anchor, 24) + timedelta(hours=1))

    invoices = await env.invoices(customer)
    purchase, extra, *renewals = [invoice.total for invoice in invoices]
    assert (purchase, renewals) == (80_000, [96_000, 96_000])
    assert 7_900 < extra < 8_100
    assert {invoice.status for invoice in invoices} == {InvoiceStatus.PAID}
    assert (await env.state(plan)).status is PlanStatus.ACTIVE
