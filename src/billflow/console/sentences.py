"""What a customer has and what somebody should look at, as sentences for whoever is on the phone."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from billflow.console.pages import amount, counted, day, words
from billflow.models.contracts.customer_access import AccessRecord
from billflow.models.contracts.customers import CustomerRecord, CustomerStatus
from billflow.models.contracts.previews import ForecastResponse
from billflow.models.contracts.records import InvoiceRecord, PlanRecord


def plan_sentence(
    plan: PlanRecord, forecast: ForecastResponse | None, access: AccessRecord, bought: int | None = None
) -> str:
    """Return a plan in a sentence: `12 licenses of Pro, monthly; USD 96 on 3 March 2027; 2 seats free.`

    *bought* are the licenses of a purchase that waits for its payment.
    """
    licenses = counted(plan.licenses or bought or 0, "license")
    parts = [f"{licenses} of {plan.tier_name}, {words(plan.schedule)}", _next(plan, forecast)]
    here = access.plan
    if here is not None and here.plan_id == plan.plan_id:
        free = here.seats_left
        parts.append(
            counted(here.seats_in_use, "seat") + " in use" if free is None else counted(free, "seat") + " free"
        )
    return "; ".join(part for part in parts if part) + "."


def _next(plan: PlanRecord, forecast: ForecastResponse | None) -> str:
    if plan.awaiting_invoice_id and not plan.status.is_live:
        return "waits for its first payment"
    if forecast is None or not forecast.invoices:
        ends = plan.end_date or (forecast.ends_at if forecast else None)
        return f"ends on {day(ends)}" if ends else "nothing more to be billed"
    following = forecast.invoices[0]
    more = " plus tax" if following.automatic_tax else ""
    return f"{amount(following.total, following.currency)}{more} on {day(following.issued_at)}"


def attention_of(
    customer: CustomerRecord,
    plans: Sequence[PlanRecord],
    unpaid: Sequence[InvoiceRecord],
    now: datetime,
) -> list[str]:
    """Return what somebody should look at, the most urgent first."""
    return [*_of_customer(customer), *_of_plans(plans), *_of_invoices(unpaid, plans, now)]


def warnings_of(access: AccessRecord, plans: Sequence[PlanRecord], now: datetime) -> list[str]:
    """Return what one should know: there are few seats left, or another system bills a plan yet."""
    found, plan = list(_billed_elsewhere(plans, now)), access.plan
    if plan is not None and plan.seats_left is not None and plan.warn_about_seats:
        found.append(f"Only {counted(plan.seats_left, 'seat')} free of {counted(plan.licenses, 'license')}.")
    return found


def _billed_elsewhere(plans: Sequence[PlanRecord], now: datetime) -> Iterator[str]:
    for plan in plans:
        if plan.parallel_run_since and (plan.cutover_at is None or (plan.clock_at or now) < plan.cutover_at):
            until = f" until {day(plan.cutover_at)}" if plan.cutover_at else ""
            yield f"{plan.tier_name} is billed by another system{until}; here it is only computed what it would be."


def _of_customer(customer: CustomerRecord) -> Iterator[str]:
    if customer.status is CustomerStatus.SUSPENDED:
        yield f"Suspended since {day(customer.suspended_at)}: it is charged nothing and may change nothing."
    elif customer.status is CustomerStatus.INACTIVE:
        yield "Its account is closed."


def _of_plans(plans: Sequence[PlanRecord]) -> Iterator[str]:
    for plan in plans:
        if plan.attention:
            yield f"{plan.tier_name} is on hold since {day(plan.attention.since)}: {plan.attention.message}"


def _of_invoices(unpaid: Sequence[InvoiceRecord], plans: Sequence[PlanRecord], now: datetime) -> Iterator[str]:
    clocks = {plan.plan_id: plan.clock_at for plan in plans}
    for invoice in unpaid:
        name, sum_ = invoice.number or "An invoice without a number yet", amount(invoice.total, invoice.currency)
        if invoice.attention:
            why = (invoice.last_outcome or {}).get("message") or invoice.attention
            yield f"{name} over {sum_} needs attention: {why.rstrip('.')}."
        if invoice.due_at < (clocks.get(invoice.plan_id) or now):
            yield f"{name} over {sum_} is overdue since {day(invoice.due_at)}; {_what_follows(invoice)}."


def _what_follows(invoice: InvoiceRecord) -> str:
    """Return what came of the last attempt, and what follows."""
    last = invoice.last_outcome or {}
    tried = f"the last attempt: {last['message']}" if last.get("message") else counted(invoice.attempts, "attempt")
    if invoice.next_action and invoice.next_attempt_at:
        return f"{tried.rstrip('.')}; next: {words(invoice.next_action)} on {day(invoice.next_attempt_at)}"
    return tried.rstrip(".")
