"""What a customer's discounts come to: the price before and after a change, the next invoice, and what ends when."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import ceil

from billflow.domain.calendar import first_step_after
from billflow.domain.catalog import Hosting
from billflow.domain.commands import PlanCommand
from billflow.domain.coupons import Coupon, percent_text
from billflow.domain.currencies import format_amount
from billflow.domain.customer import CustomerTerms
from billflow.domain.errors import NeedsAttention, Refused
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.moments import check_near
from billflow.domain.preview import billing_dates_until, forecast, preview
from billflow.domain.projection import after
from billflow.domain.step import Facts, Outcome


class DiscountKind(StrEnum):
    """A kind of discount, in the order in which they stack (rules 34.1)."""

    AGREED_PRICE = "agreed_price"
    COUPON = "coupon"
    FLAT_DISCOUNT = "flat_discount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """A discount of a plan as it will go on: what it is called, what it takes off, and for how many months yet.

    `ends_at` begins the first cycle without it, if nothing changes; None where no end is known. One that is `waiting`
    takes nothing off the plan as it is now, because it is for another tier or currency.
    """

    kind: DiscountKind
    name: str
    off: str
    months_left: int | None = None
    ends_at: datetime | None = None
    waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceComparison:
    """What a change does to the price of a license and cycle, after a coupon's percentage, and to the next invoice.

    Amounts in minor units of the plan's currency; prices are None at a fixed price, invoices where none is to come.
    """

    price_before: int | None
    price_after: int | None
    next_invoice_before: InvoiceDraft | None
    next_invoice_after: InvoiceDraft | None
    discounts: tuple[Discount, ...]

    @property
    def is_same(self) -> bool:
        """Tell whether neither the price nor the next invoice is another one."""
        prices = self.price_before == self.price_after
        return prices and self.next_invoice_before == self.next_invoice_after


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do, and what it would make of the plan's price and discounts.

    `due` are the invoices of the billing dates that are due before it, such as those that a plan on hold has missed.
    """

    outcome: Outcome
    comparison: PriceComparison
    due: tuple[InvoiceDraft, ...] = ()


def preview_command(facts: Facts, command: PlanCommand | None, at: datetime, *, now: datetime | None = None) -> Preview:
    """Return what *command* would do at *at*, as `preview` does, and how price and discounts compare then."""
    if now is not None:
        check_near(at, now, "at")
    closed = [*billing_dates_until(facts, at, now=now)]
    known = closed[-1].facts if closed else facts
    outcome = preview(known, command, at)
    due = tuple(draft for one in closed for draft in one.invoices)
    return Preview(outcome, compare(known, after(known, outcome), at), due)


def preview_terms(facts: Facts, terms: CustomerTerms, command: PlanCommand | None, at: datetime) -> Preview:
    """Return what other *terms* of its customer would make of a plan, with the *command* that they entail, if any."""
    changed = replace(facts, customer=terms)
    outcome = preview(changed, command, at)
    return Preview(outcome, compare(facts, after(changed, outcome), at))


def compare(known: Facts, changed: Facts, at: datetime) -> PriceComparison:
    """Compare a plan as it is *known* with what a change makes of it, as both stand at *at*."""
    return PriceComparison(
        price_before=next_price(known),
        price_after=next_price(changed),
        next_invoice_before=_next_invoice(known, at),
        next_invoice_after=_next_invoice(changed, at),
        discounts=tuple(discounts(changed, at)),
    )


def next_price(facts: Facts) -> int | None:
    """Return what a license costs in the next cycle, in minor units, after the percentage of a coupon (rules 34.1)."""
    plan, coupon = facts.plan, facts.customer.coupon
    price = plan.price_per_license
    if price is None or coupon is None or coupon.coupon.percent_off is None:
        return price
    return price - coupon.off_cycle(price, plan)


def _next_invoice(facts: Facts, at: datetime) -> InvoiceDraft | None:
    plan = facts.plan
    if not plan.status.is_live:
        return None
    if plan.in_parallel_run(at):
        return _first_after_cutover(facts, at)
    return next(iter(forecast(facts, 1, now=at).invoices), None)


def _first_after_cutover(facts: Facts, at: datetime) -> InvoiceDraft | None:
    """Return the invoice of the cutover, None where none is planned: another system bills what comes before it."""
    if facts.plan.cutover_at is None:
        return None
    try:
        closed = [*billing_dates_until(facts, facts.plan.cutover_at, now=at)]
    except (NeedsAttention, Refused):
        return None
    return next((draft for one in closed for draft in one.invoices if not draft.parallel_run), None)


def discounts_of(terms: CustomerTerms) -> Iterator[Discount]:
    """Yield the discounts that a customer without a plan has for its next one, in the order in which they stack."""
    agreed = {"month": terms.monthly_discounted_price, "year": terms.annual_discounted_price}
    for cycle, price in agreed.items():
        if price:
            off = f"{format_amount(price, terms.currency)} per license and {cycle} for {terms.required_plan_tier}"
            yield Discount(kind=DiscountKind.AGREED_PRICE, name="agreed price", off=off, waiting=True)
    if attached := terms.coupon:
        left, off = attached.months_left, _off(attached.coupon)
        yield Discount(kind=DiscountKind.COUPON, name=attached.coupon.label, off=off, months_left=left, waiting=True)
    if terms.flat_discounted_months and terms.hosting is Hosting.SELF_HOSTED:
        yield replace(_flat(terms), waiting=True)


def _flat(terms: CustomerTerms) -> Discount:
    off = f"{format_amount(terms.flat_discount, terms.currency)} a month"
    months = terms.flat_discounted_months
    return Discount(kind=DiscountKind.FLAT_DISCOUNT, name="flat discount", off=off, months_left=months)


def _off(coupon: Coupon) -> str:
    if coupon.percent_off is not None:
        return f"{percent_text(coupon.percent_off)}% off"
    return " or ".join(f"{format_amount(amount, currency)} off" for currency, amount in coupon.amount_off.items())


def discounts(facts: Facts, at: datetime) -> Iterator[Discount]:
    """Yield the discounts that a plan has, in the order in which they stack, each with its end."""
    plan, customer = facts.plan, facts.customer
    agreed = customer.discounted_price(plan.tier, plan.schedule)
    if agreed is not None and plan.fixed_price is None:
        off = f"{format_amount(agreed, plan.currency)} per license"
        below = f", {plan.discount_percent}% below list price" if plan.discount_percent else ""
        yield Discount(kind=DiscountKind.AGREED_PRICE, name="agreed price", off=off + below)
    yield from _coupons(facts, at)
    months = customer.flat_discounted_months
    if months and customer.hosting is Hosting.SELF_HOSTED and plan.fixed_price is None:
        yield replace(_flat(customer), ends_at=_end_of(facts, months, at))


def _coupons(facts: Facts, at: datetime) -> Iterator[Discount]:
    """Yield what takes a percentage off the running cycle only, and the coupon of the cycles to come."""
    plan, attached = facts.plan, facts.customer.coupon
    if attached is None:
        if plan.cycle_coupon and plan.status.is_live:
            off, ends = f"{plan.cycle_percent_off}% off", _next_cycle(facts, at)
            yield Discount(kind=DiscountKind.COUPON, name=plan.cycle_coupon, off=off, months_left=0, ends_at=ends)
        return
    coupon, applies = attached.coupon, attached.discounts(plan)
    months = attached.months_left
    ends = None if months is None or not applies else _end_of(facts, months, at)
    waiting, off = not applies, _off(coupon)
    yield Discount(
        kind=DiscountKind.COUPON, name=coupon.label, off=off, months_left=months, ends_at=ends, waiting=waiting
    )


def _end_of(facts: Facts, months: int, at: datetime) -> datetime | None:
    """Return when the first cycle begins that has none of *months* left, None where the plan ends before."""
    plan, ends = facts.plan, _next_cycle(facts, at)
    if ends is None:
        return None
    for _ in range(ceil(months / plan.schedule.months)):
        ends = first_step_after(_anchor(facts), plan.schedule.months, ends)
    return None if plan.end_date is not None and plan.end_date < ends else ends


def _next_cycle(facts: Facts, at: datetime) -> datetime | None:
    """Return when the next cycle begins that is still to be billed; a trial's first one when the trial ends."""
    plan, anchor = facts.plan, _anchor(facts)
    if not plan.status.is_live:
        return None
    if plan.status.in_trial and facts.trial_invoice_paid is None:
        return anchor
    return first_step_after(anchor, plan.schedule.months, max(at, anchor))


def _anchor(facts: Facts) -> datetime:
    plan = facts.plan
    return plan.next_invoice_date or plan.billing_cycle_anchor if plan.status.in_trial else plan.billing_cycle_anchor
