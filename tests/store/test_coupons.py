"""Coupons in the records: redeemed as often as they may be, given back by what came to nothing, attached by support."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from billflow.domain.commands import SetLicensesAtRenewal
from billflow.domain.coupons import CouponDuration, CouponEnd
from billflow.domain.errors import Refused
from billflow.domain.plan import CollectionMethod, Schedule
from billflow.domain.plan_start import StartPlan, abandon
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.coupons import CouponAttach, CouponCreate, RedemptionRecord
from billflow.models.contracts.customers import CustomerRecord, Deployment, DeploymentKind
from billflow.models.contracts.endpoints import EventFilter
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus
from billflow.models.contracts.plans import StepResult
from billflow.models.contracts.records import InvoiceDetail, Paging
from billflow.models.contracts.steps import AbandonInput
from billflow.store.audit.queries import PostgresAuditQueries
from billflow.store.webhooks.outbox import PostgresOutboxRepository
from tests.store.conftest import BEGIN, MONTHLY, Company, by, ref

DAY = timedelta(days=1)
ASKED = replace(MONTHLY, coupon="spring25")
THREE_MONTHS: dict[str, Any] = {"duration": CouponDuration.REPEATING, "duration_in_months": 3}


async def a_coupon(company: Company, percent: int | None = 25, **terms: Any) -> None:
    off = {"percent_off": Decimal(percent)} if percent else {}
    new = CouponCreate.model_validate({"code": "SPRING25", **off, **terms})
    await company.repositories.coupons.create(company.org_id, new, by())


async def a_customer(company: Company, members: int = 10) -> CustomerRecord:
    customer = await company.customer()
    await company.seats(customer, BEGIN - DAY, members)
    return customer


async def given_up(company: Company, started: StepResult) -> None:
    step = AbandonInput(plan=ref(started.state), at=BEGIN, invoice_id=started.invoices[0].invoice_id, reason="declined")
    await company.repositories.plans.take_step(step, lambda facts: abandon(facts, "declined", BEGIN))


async def redeemed(company: Company) -> int:
    return (await company.repositories.coupons.get(company.org_id, "Spring25")).times_redeemed


async def of(company: Company, customer: CustomerRecord) -> list[tuple[int | None, CouponEnd | None]]:
    found = await company.repositories.coupons.of_customer(customer.ref)
    return [(one.months_left, one.end_reason) for one in found]


async def attached(company: Company, customer: CustomerRecord, reason: str | None = None) -> RedemptionRecord:
    asked = CouponAttach(coupon="SPRING25", reason=reason)
    return await company.repositories.coupons.attach(customer.ref, asked, by("ada"))


async def invoice_of(company: Company, step: StepResult) -> InvoiceDetail:
    return await company.queries.invoices.get(company.org_id, step.invoices[0].invoice_id)


async def test_a_purchase_that_names_a_coupon_costs_less_and_uses_it_up_by_its_cycles(company: Company) -> None:
    await a_coupon(company, **THREE_MONTHS)
    customer = await a_customer(company)
    started = await company.start(company.ask(customer, ASKED))
    bought = await invoice_of(company, started)
    assert [(line.kind, line.amount) for line in bought.lines] == [("initial_upgrade", 8000), ("coupon", -2000)]
    assert (bought.total, bought.coupon_months) == (6000, 1)
    assert await of(company, customer) == [(2, None)]

    plan = (await company.activate(started)).state
    totals: list[int] = []
    for _ in range(3):
        closed = await company.close(plan)
        plan, totals = closed.state, [*totals, closed.invoices[0].total]

    assert totals == [6000, 6000, 8000]
    assert await of(company, customer) == [(0, CouponEnd.USED_UP)]
    events = await PostgresOutboxRepository(company.database).list(company.org_id, EventFilter(), Paging())
    told = [event.type for event in events.rows if event.type.startswith("coupon.")]
    assert sorted(told) == ["coupon.attached", "coupon.created", "coupon.ended"]


async def test_ten_customers_at_once_redeem_a_coupon_as_often_as_it_may_be(company: Company) -> None:
    await a_coupon(company, max_redemptions=3)
    customers = [await a_customer(company) for _ in range(10)]

    answers = await asyncio.gather(
        *(company.start(company.ask(one, ASKED)) for one in customers), return_exceptions=True
    )

    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert [one.code for one in refused] == ["coupon_used_up"] * 7
    assert sum(isinstance(answer, StepResult) for answer in answers) == 3
    assert await redeemed(company) == 3


async def test_a_purchase_asked_for_twice_redeems_once(company: Company) -> None:
    await a_coupon(company)
    customer = await a_customer(company)
    ask = company.ask(customer, ASKED)

    first, second = await asyncio.gather(company.start(ask), company.start(ask))

    assert first == second
    assert await redeemed(company) == 1


async def test_a_purchase_that_came_to_nothing_gives_the_coupon_to_the_next(company: Company) -> None:
    await a_coupon(company, max_redemptions=1)
    one, other = await a_customer(company), await a_customer(company)
    await given_up(company, await company.start(company.ask(one, ASKED)))

    assert await of(company, one) == [(1, CouponEnd.PURCHASE_FAILED)]
    assert await redeemed(company) == 0
    started = await company.start(company.ask(other, ASKED))
    assert started.invoices[0].total == 6000


async def test_a_coupon_that_support_attached_outlives_a_purchase_that_came_to_nothing(company: Company) -> None:
    await a_coupon(company, **THREE_MONTHS)
    customer = await a_customer(company)
    await attached(company, customer)
    await given_up(company, await company.start(company.ask(customer)))

    assert await of(company, customer) == [(3, None)]
    assert await redeemed(company) == 1


async def test_support_attaches_a_coupon_for_the_cycles_to_come_and_takes_it_back(company: Company) -> None:
    await a_coupon(company, duration=CouponDuration.FOREVER)
    customer = await a_customer(company)
    plan = await company.bought(customer)
    given = await attached(company, customer, "outage of May")
    assert (given.code, given.actor, given.reason, given.months_left) == ("SPRING25", "ada", "outage of May", None)

    closed = await company.close(plan)
    assert closed.invoices[0].total == 6000
    await company.seats(customer, BEGIN + 40 * DAY, 12)
    await company.repositories.coupons.detach(customer.ref, by("bob"))
    last = await invoice_of(company, await company.close(closed.state))

    kinds = [(line.kind, line.amount < 0) for line in last.lines]
    assert kinds == [("renewal", False), ("additional_licenses", False), ("coupon", True)]
    assert await of(company, customer) == [(None, CouponEnd.DETACHED)]
    entries = await PostgresAuditQueries(company.database).list(
        company.org_id, AuditFilter(subject_type="coupon_redemption"), Paging()
    )
    assert [(entry.action, entry.actor) for entry in entries.rows] == [
        ("coupon.ended", "bob"),
        ("coupon.attached", "ada"),
    ]


async def test_a_void_invoice_returns_its_months(company: Company) -> None:
    await a_coupon(company)
    customer = await a_customer(company)
    plan = await company.bought(customer)
    await attached(company, customer)
    closed = await company.close(plan)
    assert (closed.invoices[0].total, await of(company, customer)) == (6000, [(0, CouponEnd.USED_UP)])

    invoice = InvoiceRef(org_id=company.org_id, invoice_id=closed.invoices[0].invoice_id)
    await company.repositories.invoices.record_closed(invoice, InvoiceStatus.VOID, BEGIN + 32 * DAY)
    assert await of(company, customer) == [(1, None)]

    again = await company.close(closed.state)
    assert (again.invoices[0].total, await of(company, customer)) == (6000, [(0, CouponEnd.USED_UP)])


async def test_money_for_a_void_invoice_takes_its_months_back(company: Company) -> None:
    await a_coupon(company)
    customer = await a_customer(company)
    plan = await company.bought(customer)
    await attached(company, customer)
    made = (await company.close(plan)).invoices[0]
    invoice = InvoiceRef(org_id=company.org_id, invoice_id=made.invoice_id)
    for status in (InvoiceStatus.VOID, InvoiceStatus.PAID):
        await company.repositories.invoices.record_closed(invoice, status, BEGIN + 32 * DAY, 6000)

    assert await of(company, customer) == [(0, CouponEnd.USED_UP)]


async def test_a_trials_invoice_that_is_replaced_leaves_its_months_to_the_new_one(company: Company) -> None:
    await a_coupon(company, **THREE_MONTHS)
    customer = await a_customer(company)
    by_invoice = replace(ASKED, trial_days=30, collection_method=CollectionMethod.SEND_INVOICE, licenses=10)
    started = await company.start(company.ask(customer, by_invoice))
    assert await of(company, customer) == [(2, None)]

    changed = await company.command(started.state, SetLicensesAtRenewal(licenses=12), BEGIN + DAY)

    new = await invoice_of(company, changed)
    assert ([line.amount for line in new.lines], new.coupon_months) == ([9600, -2400], 1)
    assert await of(company, customer) == [(2, None)]


async def test_what_recurs_each_month_is_after_a_coupon_that_recurs(company: Company) -> None:
    await a_coupon(company, duration=CouponDuration.FOREVER)
    once = CouponCreate(code="ONCE", percent_off=Decimal(50))
    await company.repositories.coupons.create(company.org_id, once, by())
    one, other = await a_customer(company), await a_customer(company)
    for customer, code in ((one, "SPRING25"), (other, "ONCE")):
        await company.bought(customer)
        await company.repositories.coupons.attach(customer.ref, CouponAttach(coupon=code), by())

    reports = [await company.queries.reports.report(customer.ref) for customer in (one, other)]

    assert [[amount.amount for amount in report.monthly_recurring_revenue] for report in reports] == [[6000], [8000]]


async def test_a_code_is_taken_whatever_its_case(company: Company) -> None:
    await a_coupon(company)
    with pytest.raises(Refused) as refusal:
        await company.repositories.coupons.create(
            company.org_id, CouponCreate(code="spring25", percent_off=Decimal(5)), by()
        )

    assert (refusal.value.code, refusal.value.field) == ("coupon_code_taken", "code")


async def test_the_flat_discount_is_taken_of_what_a_coupon_left(company: Company) -> None:
    await a_coupon(company, 50)
    customer = await company.customer(
        Deployment(kind=DeploymentKind.REMOTE_SERVER, name="chat.example.com", uuid=uuid4())
    )
    await company.seats(customer, BEGIN - DAY, 20)
    asked = StartPlan(tier="self_hosted_basic", schedule=Schedule.MONTHLY, coupon="SPRING25")
    bought = await invoice_of(company, await company.start(company.ask(customer, asked)))

    assert [line.amount for line in bought.lines] == [7000, -3500, -2000]
