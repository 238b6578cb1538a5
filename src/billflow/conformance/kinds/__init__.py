"""Every kind of case there is; to add one, add its answer here."""

from collections.abc import Callable

from billflow.conformance.given import Answer, Given
from billflow.conformance.kinds import calendar, invoices, licenses, prices, start, transitions

Kind = Callable[[Given], Answer]

KINDS: dict[str, Kind] = {
    "add_months": calendar.add_months,
    "next_month": calendar.next_month,
    "next_billing_cycle": calendar.next_billing_cycle,
    "next_invoice_date": calendar.next_invoice_date,
    "price_per_license": prices.price_per_license,
    "plan_parameters": start.plan_parameters,
    "proration": prices.proration,
    "tier_change_credit": prices.tier_change_credit,
    "fixed_price": prices.fixed_price,
    "flat_discount": prices.flat_discount,
    "invoice_lines": invoices.invoice_lines,
    "seat_count": licenses.seat_count,
    "license_validation": licenses.license_validation,
    "ledger_update": licenses.ledger_update,
    "status_transition": transitions.status_transition,
}
