"""Cases about dates: months, cycles and the next invoice."""

from dataclasses import replace

from billflow.conformance.facts import PlanDefaults, plan_of, status_of
from billflow.conformance.given import Answer, Given
from billflow.conformance.reference import REFERENCE, SETTINGS
from billflow.conformance.results import time_text
from billflow.domain import billing_dates
from billflow.domain import calendar as months
from billflow.domain.catalog import Hosting
from billflow.domain.customer import CustomerTerms
from billflow.domain.errors import InvalidInput
from billflow.domain.step import Facts, Step

NO_NEXT_MONTH = "no_boundary_in_window"
"""The reference's name for a moment without a monthly billing date 21 to 39 days later (rules 4)."""


def add_months(given: Given) -> Answer:
    """Answer `start` moved by `months`."""
    moved = months.add_months(given.moment("start"), given.whole("months"), leap_february=SETTINGS.leap_february)
    return {"result": time_text(moved)}


def next_month(given: Given) -> Answer:
    """Answer the monthly billing date about a month after `after`."""
    anchor, after = given.moment("anchor"), given.moment("after")
    try:
        found = months.next_month(anchor, after, leap_february=SETTINGS.leap_february)
    except InvalidInput:
        return {"error": NO_NEXT_MONTH}
    return {"result": time_text(found)}


def next_billing_cycle(given: Given) -> Answer:
    """Answer the cycle start after `after`, and the renewal or end, whichever is earlier."""
    anchor, schedule = given.moment("billing_cycle_anchor", "anchor"), given.text("schedule")
    plan = plan_of(Given({**given.values, "schedule": schedule}), PlanDefaults(anchor=anchor))
    customer = CustomerTerms(id="customer", hosting=Hosting.CLOUD)
    after = given.moment("after")
    step = Step.begin(Facts(plan=plan, customer=customer, catalog=REFERENCE, settings=SETTINGS), after)
    return {"cycle_start": time_text(step.cycle_end(after)), "renewal_or_end": time_text(step.renewal_or_end(after))}


def next_invoice_date(given: Given) -> Answer:
    """Answer the invoice date that follows the current one."""
    anchor, status = given.moment("billing_cycle_anchor", "anchor"), status_of(given)
    current = given.maybe_moment("current_next_invoice_date", "current")
    plan = replace(plan_of(given, PlanDefaults(anchor=anchor, status=status)), next_invoice_date=current)
    return {"next_invoice_date": time_text(billing_dates.next_invoice_date(plan, SETTINGS))}
