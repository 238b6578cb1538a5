"""Cases about prices: per license, prorated, fixed, discounted, credited."""

from dataclasses import replace

from billflow.conformance.facts import DEFAULT_ANCHOR, PlanDefaults, customer_of, facts_of, plan_of
from billflow.conformance.given import Answer, Given
from billflow.conformance.reference import CURRENCY, SETTINGS, catalog_for
from billflow.domain import customer as terms
from billflow.domain.additions import ChargedLine
from billflow.domain.calendar import Period, add_months
from billflow.domain.catalog import Hosting, checked_schedule
from billflow.domain.changes.tier import tier_change_credit as credit_of
from billflow.domain.invoicing.rules import flat_discount_line, flat_discount_months, instalment
from billflow.domain.plan import Schedule
from billflow.domain.proration import prorated
from billflow.domain.step import Step

YEAR = Period(DEFAULT_ANCHOR, add_months(DEFAULT_ANCHOR, 12))
INSTALMENTS = {Schedule.ANNUAL: 1, Schedule.MONTHLY: 12}


def price_per_license(given: Given) -> Answer:
    """Answer what a new plan costs per license."""
    catalog, tier = catalog_for(given), given.text("tier")
    hosting = catalog.tier(tier).hosting
    customer = customer_of(given.maybe_part("customer"), hosting)
    price = terms.price_per_license(catalog, tier, checked_schedule(given.text("schedule")), CURRENCY, customer)
    return {"price_cents": price.amount, "percent_off": price.percent_off}


def proration(given: Given) -> Answer:
    """Answer the price of licenses for the rest of a cycle."""
    derivation = prorated(
        given.whole("price_per_license_cents"),
        given.whole("quantity"),
        charged=Period(given.moment("added_at"), given.moment("charged_until")),
        cycle=Period(given.moment("last_renewal"), given.moment("cycle_end")),
    )
    return {"unit_amount": derivation.unit_amount, "quantity": derivation.quantity, "amount": derivation.amount}


def tier_change_credit(given: Given) -> Answer:
    """Answer the credit for the unused rest of the renewal's charge."""
    paid = given.whole("licenses_at_last_renewal") * given.whole("price_per_license_cents")
    cycle, at = Period(given.moment("last_renewal"), given.moment("cycle_end")), given.moment("change_at")
    plan = plan_of(given, PlanDefaults(anchor=cycle.start))
    facts = replace(facts_of(Given({}), given, plan, at), charged=(ChargedLine(paid, cycle, paid=True),))
    return {"credit_cents": credit_of(Step.begin(facts, at))}


def fixed_price(given: Given) -> Answer:
    """Answer each invoice of a fixed price, and what a year adds up to."""
    yearly, schedule = given.whole("annual_price_cents"), checked_schedule(given.text("schedule"))
    amounts = [instalment(yearly, schedule, index, YEAR, SETTINGS).amount for index in range(INSTALMENTS[schedule])]
    return {"amount_per_invoice": amounts[0], "total_over_12_months": sum(amounts)}


def flat_discount(given: Given) -> Answer:
    """Answer what the agreed sum per month takes off one invoice."""
    schedule, before = checked_schedule(given.text("schedule")), given.whole("invoice_amount_before_discount")
    customer = terms.CustomerTerms(
        id="customer",
        hosting=Hosting.SELF_HOSTED,
        flat_discount=given.whole("flat_discount_cents"),
        flat_discounted_months=given.whole("months_left"),
    )
    months = flat_discount_months(schedule, customer) if given.flag("applies") else 0
    line = flat_discount_line(customer.flat_discount, months, YEAR, CURRENCY, at_most=before) if months else None
    return {
        "discount_line_amount": line.amount if line else None,
        "months_used": months,
        "months_left": customer.with_months_spent(months).flat_discounted_months,
        "invoice_total": before + (line.amount if line else 0),
    }
