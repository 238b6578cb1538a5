"""Plans and terms as the domain takes them, and back into their rows."""

from datetime import datetime
from uuid import UUID

from billflow.domain.catalog import Hosting
from billflow.domain.coupons import AttachedCoupon
from billflow.domain.customer import CustomerTerms
from billflow.domain.cycle import TRIAL_WITHOUT_CARD
from billflow.domain.plan import Plan
from billflow.domain.seats import SeatObservation
from billflow.domain.tax.policy import Taxpayer
from billflow.models.contracts.customers import CustomerPricing, CustomerStatus
from billflow.models.contracts.taxpayers import taxpayer
from billflow.models.tables import BillingAccountRow, CustomerPlan, CustomerRow
from billflow.store.session.rows import field_names, from_row, put

_PRICING = frozenset(field_names(CustomerPricing)) & frozenset(field_names(CustomerTerms))
_PLAN_LINKS = frozenset({"customer_id", "predecessor_id", "offer_id"})


def plan_of(row: CustomerPlan) -> Plan:
    """Return the plan a row holds."""
    return from_row(Plan, row)


def write_plan(row: CustomerPlan, plan: Plan) -> None:
    """Put *plan* into its row; which row it is stays."""
    for name in field_names(Plan):
        value = getattr(plan, name)
        if name in _PLAN_LINKS and value is not None:
            value = UUID(value)
        if name != "id":
            put(row, name, value)


def in_parallel_run(row: CustomerPlan, moment: datetime) -> bool:
    """Tell the same of a row, which may still be to be filled, as `Plan.in_parallel_run`."""
    return row.parallel_run_since is not None and (row.cutover_at is None or moment < row.cutover_at)


def hosting_of(customer: CustomerRow) -> Hosting:
    """Return who runs the customer's deployment."""
    return Hosting.CLOUD if customer.realm_id else Hosting.SELF_HOSTED


def terms_of(
    customer: CustomerRow,
    account: BillingAccountRow,
    coupon: AttachedCoupon | None,
    *,
    plan: CustomerPlan | None = None,
    had_plan: bool = True,
) -> CustomerTerms:
    """Return what the customer is charged; a plan on hold after a suspension is still not charged."""
    return from_row(
        CustomerTerms,
        customer,
        hosting=hosting_of(customer),
        currency=account.currency,
        suspended_since=(plan.on_hold_since if plan else None) or customer.suspended_at,
        stripe_customer_id=account.stripe_customer_id,
        card_since=_card_since(account, plan),
        had_plan=had_plan,
        coupon=coupon,
        taxpayer=taxpayer_of(customer),
    )


def taxpayer_of(customer: CustomerRow) -> Taxpayer:
    """Return what decides on the customer's tax."""
    return taxpayer(customer.billing_address, customer.settings, is_exempt=customer.tax_exempt)


def _card_since(account: BillingAccountRow, plan: CustomerPlan | None) -> datetime | None:
    """Return since when a card is on file; one that no plan on a test clock waited for was there from its start."""
    since = account.card_since
    if since is None or plan is None or plan.test_clock_id is None or plan.attention_code == TRIAL_WITHOUT_CARD:
        return since
    return min(since, plan.billing_cycle_anchor)


def write_terms(customer: CustomerRow, plan: CustomerPlan, before: CustomerTerms, after: CustomerTerms) -> None:
    """Put what a step changed of the customer's terms into its rows.

    The end of a hold that lasts for the plan only leaves a newer suspension of the customer alone.
    """
    for name in _PRICING:
        put(customer, name, getattr(after, name))
    if before.suspended_since is None and after.suspended_since is not None:
        customer.status, customer.suspended_at = CustomerStatus.SUSPENDED, after.suspended_since
    if before.suspended_since is not None and after.suspended_since is None:
        if plan.on_hold_since is None:
            customer.status, customer.suspended_at = CustomerStatus.ACTIVE, None
        plan.on_hold_since = None


def seen_by(row: CustomerPlan) -> SeatObservation | None:
    """Return the newest observation the plan's ledger has taken in."""
    if row.seen_at is None:
        return None
    return SeatObservation(observed_at=row.seen_at, members=row.seen_members or 0, guests=row.seen_guests or 0)


def write_seen(row: CustomerPlan, seen: SeatObservation | None) -> None:
    """Note the newest observation the plan's ledger has taken in."""
    if seen is not None:
        row.seen_at, row.seen_members, row.seen_guests = seen.observed_at, seen.members, seen.guests
