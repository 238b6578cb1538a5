"""Plans over years, in seconds."""

from datetime import timedelta

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.invoices import InvoiceStatus
from tests.environment import ANNUAL, MONTHLY
from tests.sizes import sized
from tests.workflows.skipping import SkippingEnvironment

YEARS = sized(1, 2, 2)
MONTHS = 12 * YEARS


@pytest.mark.full
async def test_years_of_a_monthly_plan_make_a_paid_invoice_at_the_purchase_and_each_month(
    env: SkippingEnvironment,
) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, MONTHLY)

    await env.months(MONTHS)

    invoices = await env.invoices(customer)
    assert [(invoice.total, invoice.status) for invoice in invoices] == [(8000, InvoiceStatus.PAID)] * (MONTHS + 1)
    anchor = plan.billing_cycle_anchor
    assert [invoice.issued_at for invoice in invoices[1:]] == [
        add_months(anchor, month) for month in range(1, MONTHS + 1)
    ]
    assert [held.total for held in await env.at_stripe(customer)] == [8000] * (MONTHS + 1)


async def test_years_of_an_annual_plan_bill_licenses_by_the_month_and_renew_with_all_of_them(
    env: SkippingEnvironment,
) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, ANNUAL)
    await env.months(6)
    await env.report(customer, 12, add_months(plan.billing_cycle_anchor, 6) + timedelta(minutes=1))

    await env.leap_to(add_months(plan.billing_cycle_anchor, MONTHS) + timedelta(hours=1))

    invoices = await env.invoices(customer)
    purchase, extra, *renewals = [invoice.total for invoice in invoices]
    assert (purchase, renewals) == (80_000, [96_000] * YEARS)
    assert 7_900 < extra < 8_100
    assert {invoice.status for invoice in invoices} == {InvoiceStatus.PAID}
    assert (await env.state(plan)).status is PlanStatus.ACTIVE
