"""The figures of the whole business: each is what its rows, or the customers' own reports, add up to (rules 38)."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import update

from billflow.domain.commands import EndNow
from billflow.domain.dunning import DunningAction
from billflow.domain.errors import NeedsAttention
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.step import Facts, Outcome
from billflow.models.contracts.adjustments import RefundInput
from billflow.models.contracts.coupons import CouponAttach, CouponCreate
from billflow.models.contracts.customers import CustomerPricing, CustomerRecord, CustomerUpdate
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus, Paid
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import CustomerFilter, InvoiceFilter, PlanFilter
from billflow.models.contracts.seller import SellerDocument
from billflow.models.contracts.steps import CloseCycleInput
from billflow.models.contracts.tax_rates import TaxDocument
from billflow.models.tables import CustomerPlan, InvoiceRow
from tests.store.conftest import BEGIN, MONTHLY, Company, by, ref

ANNUAL = StartPlan(tier="cloud_standard", schedule=Schedule.ANNUAL)
DAY = timedelta(days=1)
MAY = datetime(2026, 5, 10, tzinfo=UTC)
MONTH = 800 * 12
YEAR = 8000


async def bought(company: Company, members: int, asked: StartPlan = MONTHLY) -> tuple[CustomerRecord, PlanState]:
    """Let a customer with so many people buy a plan at `BEGIN`."""
    customer = await company.customer()
    await company.seats(customer, BEGIN - DAY, members)
    return customer, await company.bought(customer, asked)


async def closed(company: Company, plan: PlanState, times: int) -> PlanState:
    """Close the plan's next billing dates."""
    for _ in range(times):
        plan = (await company.close(plan)).state
    return plan


async def test_movements_add_up_and_say_when_a_customer_came_grew_and_went(company: Company) -> None:
    customer, plan = await bought(company, 10)
    await bought(company, 10, ANNUAL)
    plan = await closed(company, plan, 1)
    await company.seats(customer, datetime(2026, 2, 20, tzinfo=UTC), 12)
    plan = await closed(company, plan, 1)
    await company.command(plan, EndNow(), datetime(2026, 3, 20, tzinfo=UTC))

    report = await company.queries.business.report(company.org_id, MAY)

    moved = {one.since.month: one for one in report.months}
    assert {month: (one.new, one.expansion, one.churned, one.after) for month, one in moved.items()} == {
        1: (10 * MONTH + 10 * YEAR, 0, 0, 10 * MONTH + 10 * YEAR),
        2: (0, 2 * MONTH, 0, 12 * MONTH + 10 * YEAR),
        3: (0, 0, 12 * MONTH, 10 * YEAR),
        4: (0, 0, 0, 10 * YEAR),
    }
    assert (moved[3].customers, moved[3].churned_customers, moved[3].churn_percent) == (1, 1, "59.0")
    assert (moved[2].retention_percent, moved[3].retention_percent) == ("110.9", "41.0")
    for before, after in pairwise(report.months):
        assert (before.until, before.after) == (after.since, after.before)
    for one in (*report.months, *report.year):
        assert one.after == one.before + one.new + one.expansion - one.contraction - one.churned
    [year] = report.year
    assert (year.before, year.new, year.after, year.churn_percent) == (0, 10 * YEAR, 10 * YEAR, None)
    of_march = await company.queries.business.movements(company.org_id, moved[3].since, moved[3].until, "USD")
    assert [(one.customer_id, one.before, one.after) for one in of_march] == [(customer.customer_id, 12 * MONTH, 0)]


async def test_movements_know_what_a_coupon_takes_off_for_long_and_no_tax_in_prices(company: Company) -> None:
    seller = {
        "legal_name": "Muster AG",
        "address": {"street": "Gasse 1", "postal_code": "8001", "city": "Zürich", "country": "CH"},
    }
    await company.repositories.sellers.apply(company.org_id, SellerDocument.model_validate(seller), by())
    swiss = {"country": "CH", "name": "MWST", "percent": "8.1", "inclusive": True}
    await company.repositories.taxes.apply(
        company.org_id, TaxDocument.model_validate({"mode": "own_rates", "rates": [swiss]}), by()
    )
    for code, terms in (("EVER", {"duration": "forever"}), ("FIRST", {"duration": "once"})):
        new = CouponCreate.model_validate({"code": code, "percent_off": Decimal(25), **terms})
        await company.repositories.coupons.create(company.org_id, new, by())
        customer = await company.customer()
        address = CustomerUpdate.model_validate({"billing_address": {"country": "CH"}})
        await company.repositories.customers.update(customer.ref, address, by())
        await company.seats(customer, BEGIN - DAY, 10)
        await company.repositories.coupons.attach(customer.ref, CouponAttach(coupon=code), by())
        plan = await company.bought(customer)
        await company.seats(customer, datetime(2026, 1, 25, tzinfo=UTC), 13)
        await company.close(plan)

    report = await company.queries.business.report(company.org_id, datetime(2026, 2, 10, tzinfo=UTC))

    [january] = [one for one in report.months if one.since.month == 1]
    net = Decimal(100) / Decimal("108.1")
    exact = (2 * 13 * MONTH - Decimal("0.25") * 10 * MONTH) * net
    assert abs(january.after - exact) < 12 * 12
    again = await company.queries.business.report(company.org_id, datetime(2026, 3, 10, tzinfo=UTC))
    [february] = [one for one in again.months if one.since.month == 2]
    assert abs(february.after - (2 - Decimal("0.25")) * 13 * MONTH * net) < 12 * 12
    assert sum(one.yearly for one in again.revenue) == pytest.approx(february.after, abs=24)


async def test_what_recurs_is_what_the_reports_of_all_customers_say(company: Company) -> None:
    await bought(company, 10)
    await bought(company, 7, ANNUAL)
    away, _ = await bought(company, 9)
    await company.repositories.customers.suspend(away.ref, by())
    cheap = await company.customer()
    pricing = CustomerPricing(required_plan_tier="cloud_plus", monthly_discounted_price=1033)
    await company.repositories.customers.set_pricing(cheap.ref, pricing, by())
    await company.seats(cheap, BEGIN - DAY, 20)
    await company.bought(cheap, replace(ANNUAL, tier="cloud_plus", schedule=Schedule.MONTHLY))
    tried = await company.customer()
    await company.start(company.ask(tried, replace(MONTHLY, trial_days=30)))

    revenue = (await company.queries.business.report(company.org_id, MAY)).revenue

    said = Counter[str]()
    for customer in (await company.queries.customers.search(company.org_id, CustomerFilter())).rows:
        for amount in (await company.queries.reports.report(customer.ref)).monthly_recurring_revenue:
            said[amount.currency] += amount.amount
    assert {"USD": sum(one.monthly for one in revenue)} == dict(said)
    assert [(one.tier, one.plans, one.trials, one.licenses, one.monthly) for one in revenue] == [
        ("cloud_plus", 1, 0, 20, 20 * 1033),
        ("cloud_standard", 2, 1, 17, 10 * 800 + 4667),
    ]
    assert all(one.yearly == 12 * one.monthly for one in revenue)
    live = await company.queries.plans.search(
        company.org_id, PlanFilter(live=True, currency="USD", tier="cloud_standard")
    )
    assert live.total == 4


async def test_what_is_collected_and_left_to_pay_leads_to_the_invoices_it_is_of(company: Company) -> None:
    _, plan = await bought(company, 10)
    invoices = [(await company.close(plan)).invoices[0]]
    plan = await company.queries.plans.get(ref(plan))
    invoices.append((await company.close(plan)).invoices[0])
    paid, owed = (InvoiceRef(org_id=company.org_id, invoice_id=one.invoice_id) for one in invoices)
    march, april = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)
    await company.repositories.invoices.record_outcome(paid, Paid(amount_paid=8000), march)
    refund = {"amount": 1500, "out_of_band_reference": "bank 7", "actor": "ada", "key": "client:1", "at": april}
    await company.repositories.adjustments.create_refund(
        RefundInput.model_validate({"org_id": company.org_id, "invoice_id": paid.invoice_id, **refund})
    )
    await company.repositories.invoices.record_collection_plan(owed, MAY + DAY, DunningAction.REMIND)

    report = await company.queries.business.report(company.org_id, MAY)

    money = {one.month.month: (one.payments, one.paid, one.refunds, one.refunded, one.net) for one in report.collected}
    assert money[3] == (1, 8000, 0, 0, 8000)
    assert money[4] == (0, 0, 1, 1500, -1500)
    [debt] = report.debts
    assert (debt.next_action, debt.invoices, debt.amount) == (DunningAction.REMIND, 1, 8000)
    for one in report.unpaid:
        found = await company.queries.invoices.search(
            company.org_id,
            InvoiceFilter(unpaid=True, currency=one.currency, due_since=one.due_since, due_until=one.due_until),
        )
        assert found.total == one.invoices
        assert sum(invoice.total - invoice.amount_paid for invoice in found.rows) == one.amount
    assert sum(one.amount for one in report.unpaid) == 8000 + await _purchase(company)
    in_march = InvoiceFilter(paid_since=march.replace(day=1), paid_until=april.replace(day=1))
    found = await company.queries.invoices.search(company.org_id, in_march)
    assert [one.invoice_id for one in found.rows] == [paid.invoice_id]
    reminded = await company.queries.invoices.search(company.org_id, InvoiceFilter(next_action=DunningAction.REMIND))
    assert [one.invoice_id for one in reminded.rows] == [owed.invoice_id]


async def _purchase(company: Company) -> int:
    """Return what is left to pay of the first invoice, which the tests' purchase leaves open."""
    found = (await company.queries.invoices.search(company.org_id, InvoiceFilter())).rows[-1]
    return found.total - found.amount_paid


async def test_renewals_are_forecast_for_thirty_days_at_the_price_that_was_announced(company: Company) -> None:
    _, monthly = await bought(company, 10)
    await bought(company, 10, ANNUAL)
    _, dearer = await bought(company, 5)
    _, ended = await bought(company, 6)
    announced = {"next_price": 900, "next_price_from": datetime(2026, 2, 1, tzinfo=UTC)}
    async with company.database.unit_of_work(company.org_id) as session:
        await session.execute(update(CustomerPlan).where(CustomerPlan.id == dearer.plan_id).values(announced))
        last = {"end_date": datetime(2026, 2, 15, 9, 30, tzinfo=UTC)}
        await session.execute(update(CustomerPlan).where(CustomerPlan.id == ended.plan_id).values(last))

    soon = await company.queries.business.renewals(company.org_id, BEGIN + 5 * DAY)
    late = await company.queries.business.renewals(company.org_id, datetime(2026, 12, 20, tzinfo=UTC))
    report = await company.queries.business.report(company.org_id, BEGIN + 5 * DAY)

    assert {(one.plan_id, one.licenses, one.amount) for one in soon} == {
        (monthly.plan_id, 10, 8000),
        (dearer.plan_id, 5, 5 * 900),
    }
    assert {one.at for one in soon} == {datetime(2026, 2, 15, 9, 30, tzinfo=UTC)}
    assert sorted(one.amount for one in late) == [5 * 900, 8000, 10 * YEAR]
    assert [(one.plans, one.licenses, one.amount) for one in report.renewals] == [(2, 15, 8000 + 5 * 900)]


async def test_plans_on_hold_are_counted_by_their_reason_and_are_no_renewal(company: Company) -> None:
    _, plan = await bought(company, 10)
    await bought(company, 10)

    def stop(_: Facts) -> Outcome:
        raise NeedsAttention("The seats are too old; report them.", code="stale_seats")

    due = plan.due_at
    assert due
    await company.repositories.plans.take_step(CloseCycleInput(plan=ref(plan), at=due), stop)
    report = await company.queries.business.report(company.org_id, BEGIN + 2 * DAY)

    [held] = report.on_hold
    assert (held.code, held.plans) == ("stale_seats", 1)
    assert sum(one.plans for one in report.renewals) == 1
    found = await company.queries.plans.search(company.org_id, PlanFilter(attention="stale_seats"))
    assert [one.plan_id for one in found.rows] == [plan.plan_id]
    unsent = {one.queue: one.waiting for one in report.queues or ()}
    drafts = await company.queries.invoices.search(company.org_id, InvoiceFilter(status=InvoiceStatus.DRAFT))
    assert unsent["unsent_invoices"] == drafts.total > 0


async def test_a_report_of_nothing_is_empty(company: Company) -> None:
    report = await company.queries.business.report(company.org_id, MAY)

    assert not any((report.revenue, report.months, report.year, report.collected, report.unpaid, report.renewals))
    assert report.reconciled_at is None
    assert {one.waiting for one in report.queues or ()} == {0}


async def test_void_and_replaced_invoices_recur_no_month(company: Company) -> None:
    _, plan = await bought(company, 10)
    made = (await company.close(plan)).invoices[0]
    at = datetime(2026, 3, 10, tzinfo=UTC)
    before = (await company.queries.business.report(company.org_id, at)).months[-1].after
    async with company.database.unit_of_work(company.org_id) as session:
        gone = {"status": InvoiceStatus.VOID, "voided_at": at}
        await session.execute(update(InvoiceRow).where(InvoiceRow.id == made.invoice_id).values(gone))

    assert before == 10 * MONTH
    assert (await company.queries.business.report(company.org_id, at)).months[-1].after == 0
