"""Plans whose invoices follow from others: in parts, issued again, taxed by Stripe, after a change of plan."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

from billflow.domain import suspension
from billflow.domain.commands import (
    AddItem,
    ApplyDiscount,
    PlanCommand,
    RemoveEndDate,
    Retry,
    ScheduleTierAtPlanEnd,
    SetAddOn,
    SetEndDate,
    SetLicenses,
    SetLicensesAtRenewal,
    SwitchToAnnual,
    UpgradeTierNow,
)
from billflow.domain.invoicing.stripe_tax import ComputedTax
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartPlan, start_after_trial
from billflow.domain.step import Facts, Outcome
from billflow.domain.tax.amounts import AppliedTax
from billflow.domain.tax.policy import TaxCategory
from billflow.models.contracts.coupons import CouponCreate
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.imports import CustomerImport, ImportCreate
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus, Issued, Paid
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, Paging
from billflow.models.contracts.steps import LateStartInput, ResumeInput
from tests.imports.openings import opening, with_plan
from tests.store.conftest import BEGIN, MONTHLY, Company, by, ref
from tests.store.proved_lives import DAY, HOME, RATES, Life, new_customer, taxed

ANNUAL = replace(MONTHLY, schedule=Schedule.ANNUAL)
BY_HAND = replace(MONTHLY, license_management=LicenseManagement.MANUAL, licenses=10)


async def invoices_of(company: Company, plan: PlanState) -> list[InvoiceDetail]:
    """Return the invoices of a plan's customer, the oldest first."""
    of_customer = InvoiceFilter(customer_id=plan.customer_id)
    found = await company.queries.invoices.search(company.org_id, of_customer, Paging(limit=100))
    return [await company.queries.invoices.get(company.org_id, one.invoice_id) for one in reversed(found.rows)]


async def paid(company: Company, plan: PlanState) -> PlanState:
    """Let Stripe hold each invoice of a plan's customer, paid, with the tax that it computed where it is to."""
    for one in await invoices_of(company, plan):
        if one.status in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN):
            taxes = _computed(one) if one.automatic_tax else None
            added = 0 if taxes is None else sum(of.tax for line in taxes.values() for of in line)
            due = max(one.total + (0 if RATE.inclusive else added), 0)
            held = Issued(
                stripe_invoice_id=f"in_{uuid4().hex}",
                status=InvoiceStatus.PAID,
                amount_due=due,
                amount_paid=due,
                taxes=taxes,
            )
            await company.repositories.invoices.record_issued(
                InvoiceRef(org_id=company.org_id, invoice_id=one.invoice_id), held
            )
    return plan


RATE = AppliedTax(category=TaxCategory.STANDARD, name="VAT", percent="19", jurisdiction="DE")
CITY = AppliedTax(category=TaxCategory.STANDARD, name="City tax", percent="1.125", jurisdiction="US-NY")


def _computed(invoice: InvoiceDetail) -> dict[str, tuple[ComputedTax, ...]]:
    """Return what Stripe would charge on each line: two rates, each rounded half up on the line."""
    return {
        line.line_id: tuple(
            ComputedTax(applied=rate, base=line.amount, tax=round(line.amount * float(rate.percent) / 100))
            for rate in (RATE, CITY)
        )
        for line in invoice.lines
    }


async def months(company: Company, plan: PlanState, count: int, commands: Mapping[int, PlanCommand]) -> PlanState:
    """Live a plan for some billing dates, with commands by their days, and pay what it bills."""
    waiting = dict(commands)
    for _ in range(count):
        for day in sorted(day for day in waiting if plan.due_at and BEGIN + day * DAY < plan.due_at):
            taken = await company.command(plan, waiting.pop(day), BEGIN + day * DAY)
            assert taken.refused is None, taken.refused
            plan = taken.successor or taken.state
            await paid(company, plan)
        closed = await company.close(plan)
        plan = closed.successor or closed.state
        await paid(company, plan)
    assert not waiting
    return plan


async def bought(company: Company, asked: StartPlan, **given: Any) -> PlanState:
    """Return a plan that a new customer bought and paid."""
    customer = await new_customer(company, 1, **given)
    return await paid(company, await company.bought(customer, asked))


async def a_coupon(company: Company, percent: str) -> str:
    """Return the code of a new coupon."""
    code = f"C{uuid4().hex[:10].upper()}"
    terms = {"code": code, "duration": "forever", "percent_off": percent}
    await company.repositories.coupons.create(company.org_id, CouponCreate.model_validate(terms), by())
    return code


async def divided_by_licenses(company: Company, random: Random) -> PlanState:
    """Bill a renewal that is too large for one charge, with a coupon, and additions beside it."""
    asked = replace(BY_HAND, coupon=await a_coupon(company, "12.5"))
    plan = await bought(company, asked)
    commands: dict[int, PlanCommand] = {
        3: SetLicenses(licenses=20 + random.randint(0, 9)),
        5: SetLicensesAtRenewal(licenses=300_000 + random.randint(0, 9_999)),
        6: AddItem(description="Set-up", unit_amount=40_000_001, quantity=3),
    }
    return await _in_parts(company, plan, commands)


async def divided_by_amounts(company: Company, random: Random) -> PlanState:
    """Bill licenses and items of which one is too large for one charge."""
    plan = await bought(company, BY_HAND)
    price = 250_000_000 + random.randint(0, 9)
    commands: dict[int, PlanCommand] = {
        4: ApplyDiscount(monthly_discounted_price=price, annual_discounted_price=0),
        5: SetLicensesAtRenewal(licenses=2),
        6: AddItem(description="Migration", unit_amount=150_000_000 + random.randint(0, 9), quantity=2),
    }
    return await _in_parts(company, plan, commands)


async def divided_with_tax(company: Company, random: Random) -> PlanState:
    """Bill a renewal in parts, each with its tax."""
    await taxed(company, mode="own_rates", rates=RATES)
    plan = await bought(company, BY_HAND, billing_address=HOME)
    return await _in_parts(company, plan, {5: SetLicensesAtRenewal(licenses=250_000 + random.randint(0, 99))})


async def _in_parts(company: Company, plan: PlanState, commands: Mapping[int, PlanCommand]) -> PlanState:
    for day, command in commands.items():
        plan = (await company.command(plan, command, BEGIN + day * DAY)).state
    due = plan.due_at
    assert due is not None
    plan = (await company.command(plan, Retry(in_parts=True), due + timedelta(hours=1))).state
    return await months(company, plan, 1, {})


async def taxed_by_stripe(company: Company, random: Random) -> PlanState:
    """Bill with the tax that Stripe computes, with a coupon, additions and an item."""
    await taxed(company, mode="stripe")
    asked = replace(BY_HAND, coupon=await a_coupon(company, "33.33"))
    plan = await bought(company, asked, billing_address=HOME)
    commands: dict[int, PlanCommand] = {
        3: SetLicenses(licenses=10 + random.randint(1, 9)),
        40: AddItem(description="Training", unit_amount=random.randint(1, 90_000)),
    }
    return await months(company, plan, 3, commands)


async def credited_by_stripe(company: Company, random: Random) -> PlanState:
    """Bill, taxed by Stripe, an end date that moves so that more is credited than charged."""
    await taxed(company, mode="stripe")
    return await _with_end_dates(company, random, billing_address=HOME)


async def with_end_dates_that_move(company: Company, random: Random) -> PlanState:
    """Bill licenses and add-ons that were added, while the end date moves."""
    return await _with_end_dates(company, random)


async def _with_end_dates(company: Company, random: Random, **given: Any) -> PlanState:
    plan = await bought(company, replace(BY_HAND, schedule=Schedule.ANNUAL), **given)
    early, late = (BEGIN + days * DAY for days in (random.randint(150, 200), random.randint(210, 300)))
    commands: dict[int, PlanCommand] = {
        3: SetLicenses(licenses=14),
        4: SetAddOn(add_on="storage", quantity=3),
        40: SetEndDate(end_date=early),
        70: SetEndDate(end_date=late),
        100: RemoveEndDate(),
        130: SetEndDate(end_date=early),
    }
    return await months(company, plan, 5, commands)


async def on_a_higher_tier(company: Company, random: Random) -> PlanState:
    """Bill a year of a higher tier, with the credit of what was kept of the lower one."""
    plan = await bought(company, replace(BY_HAND, schedule=Schedule.ANNUAL))
    commands: dict[int, PlanCommand] = {
        3: SetLicenses(licenses=13),
        random.randint(40, 200): UpgradeTierNow(tier="cloud_plus"),
    }
    return await months(company, plan, 8, commands)


async def on_another_schedule(company: Company, random: Random) -> PlanState:
    """Bill a month, and then a year."""
    plan = await bought(company, BY_HAND)
    return await months(company, plan, 2, {random.randint(3, 25): SwitchToAnnual()})


async def followed_by_another_tier(company: Company, random: Random) -> PlanState:
    """Bill a successor that waited for the plan's end."""
    plan = await bought(company, BY_HAND)
    assert plan.due_at is not None
    commands: dict[int, PlanCommand] = {
        4: SetEndDate(end_date=plan.due_at),
        5: SetLicensesAtRenewal(licenses=10 + random.randint(1, 9)),
        6: ScheduleTierAtPlanEnd(tier="cloud_plus", schedule=Schedule.ANNUAL),
    }
    return await months(company, plan, 2, commands)


async def at_a_yearly_price(company: Company, random: Random) -> PlanState:
    """Bill a fixed price of a year at once."""
    asked = replace(ANNUAL, tier="cloud_enterprise", fixed_price=random.randint(10_000, 900_000), licenses=50)
    return await bought(company, asked)


async def after_a_trial(company: Company, _: Random) -> PlanState:
    """Bill the first cycle after a trial by card."""
    customer = await new_customer(company, 3)
    trial = (await company.start(company.ask(customer, replace(BY_HAND, trial_days=14)))).state
    return await months(company, trial, 3, {3: SetLicensesAtRenewal(licenses=12)})


_SENT = replace(BY_HAND, collection_method=CollectionMethod.SEND_INVOICE, trial_days=20)


async def after_a_sent_trial(company: Company, random: Random) -> PlanState:
    """Bill a trial by invoice, whose invoice is replaced before it is paid, with seats that need more."""
    customer = await new_customer(company, 3)
    trial = (await company.start(company.ask(customer, _SENT))).state
    changed = await company.command(trial, SetLicensesAtRenewal(licenses=30), BEGIN + 2 * DAY)
    await company.seats(customer, BEGIN + 9 * DAY, 31 + random.randint(0, 9))
    return await months(company, await paid(company, changed.state), 2, {})


async def after_a_trial_paid_late(company: Company, _: Random) -> PlanState:
    """Bill a trial by invoice that is paid when it is over: a fresh plan begins."""
    customer = await new_customer(company, 3)
    started = await company.start(company.ask(customer, _SENT))
    ended = (await company.close(started.state)).state
    at, invoice_id = BEGIN + 30 * DAY, started.invoices[0].invoice_id
    money = Paid(amount_paid=started.invoices[0].total)
    held = InvoiceRef(org_id=company.org_id, invoice_id=invoice_id)
    await company.repositories.invoices.record_outcome(held, money, at)
    step = LateStartInput(plan=ref(ended), at=at, invoice_id=invoice_id)

    def decide(facts: Facts, plan_id: str, *, has_live_plan: bool) -> Outcome:
        return start_after_trial(facts, plan_id, at, has_live_plan=has_live_plan)

    late = await company.repositories.plans.start_after_trial(step, decide)
    assert late is not None
    plan = late.successor or late.state
    return await months(company, plan, 1, {})


async def with_more_seats_than_bought(company: Company, random: Random) -> PlanState:
    """Bill the seats that came between the purchase and its payment."""
    customer = await new_customer(company, 3)
    started = await company.start(company.ask(customer))
    await company.seats(customer, BEGIN - timedelta(hours=1), 50 + random.randint(0, 9))
    return (await company.activate(started)).state


async def after_a_suspension(company: Company, random: Random) -> PlanState:
    """Bill what was added before a suspension that outlasted the cycle, and the cycle that begins at the return."""
    plan = await bought(company, BY_HAND)
    plan = (await company.command(plan, SetLicenses(licenses=10 + random.randint(1, 9)), BEGIN + 3 * DAY)).state
    customer = CustomerRef(org_id=company.org_id, customer_id=plan.customer_id)
    await company.repositories.customers.suspend(customer, by(at=BEGIN + 5 * DAY))
    closed = (await company.close(plan)).state
    back = BEGIN + 50 * DAY
    await company.repositories.customers.activate(customer, by(at=back))
    step = ResumeInput(plan=ref(closed), at=back)
    resumed = await company.repositories.plans.take_step(step, lambda facts: suspension.resume(facts, back))
    return await months(company, resumed.state, 1, {})


async def moved_in(company: Company, random: Random) -> PlanState:
    """Bill a plan that another system billed until now."""
    plan = with_plan(opening(), licenses=6 + random.randint(0, 9), price_per_license=701)
    one = CustomerImport.model_validate(plan)
    at = BEGIN + 2 * DAY
    [taken] = await company.repositories.imports.take(company.org_id, ImportCreate(customers=(one,)), by(at=at))
    assert taken.plans, taken.rows
    return await months(company, taken.plans[0], 2, {5: SetLicenses(licenses=20)})


CHANGES: dict[str, Life] = {
    life.__name__: life
    for life in (
        divided_by_licenses,
        divided_by_amounts,
        divided_with_tax,
        taxed_by_stripe,
        credited_by_stripe,
        with_end_dates_that_move,
        on_a_higher_tier,
        on_another_schedule,
        followed_by_another_tier,
        at_a_yearly_price,
        after_a_trial,
        after_a_sent_trial,
        after_a_trial_paid_late,
        with_more_seats_than_bought,
        after_a_suspension,
        moved_in,
    )
}
