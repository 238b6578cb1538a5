"""From the words of a case to the facts a step starts from."""

from dataclasses import dataclass
from datetime import UTC, datetime

from billflow.conformance.given import Given
from billflow.conformance.reference import CURRENCY, REFERENCE, SETTINGS, catalog_for, renamed
from billflow.domain.catalog import Hosting, Role, checked_schedule
from billflow.domain.customer import DEFAULT_FLAT_DISCOUNT, CustomerTerms
from billflow.domain.ledger import LedgerEntry
from billflow.domain.plan import CollectionMethod, InvoicingStatus, LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.seats import SeatObservation
from billflow.domain.step import Facts

DEFAULT_ANCHOR = datetime(2012, 1, 2, 3, 4, 5, tzinfo=UTC)
DEFAULT_TIER = REFERENCE.in_role(Role.DEFAULT_TRIAL, Hosting.CLOUD)
DEFAULT_PRICE = 8000
SWITCH_PLAN_TIER_NOW = "switch_plan_tier_now"
"""The reference's name for a plan on its way to another tier, which takes a single step here (rules 8.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDefaults:
    """What a case may leave out of its plan."""

    tier: str = DEFAULT_TIER.code
    schedule: Schedule = Schedule.ANNUAL
    status: PlanStatus = PlanStatus.ACTIVE
    anchor: datetime = DEFAULT_ANCHOR
    price: int = DEFAULT_PRICE


def plan_of(given: Given, defaults: PlanDefaults | None = None) -> Plan:
    """Return the plan a case describes; without *defaults*, tier, schedule, status and anchor are needed."""
    base = defaults or PlanDefaults()
    strict = defaults is None
    fixed = given.maybe_whole("fixed_price_cents")
    price = given.maybe_whole("price_per_license_cents")
    anchor = given.moment("billing_cycle_anchor") if strict or given.has("billing_cycle_anchor") else base.anchor
    return Plan(
        id="plan",
        customer_id="customer",
        tier=given.text("tier") if strict else given.maybe_text("tier") or base.tier,
        schedule=checked_schedule(given.text("schedule")) if strict or given.has("schedule") else base.schedule,
        status=status_of(given, default=None if strict else base.status),
        currency=CURRENCY,
        price_per_license=None if fixed is not None else base.price if price is None else price,
        fixed_price=fixed,
        license_management=given.named(LicenseManagement, "license_management", default=LicenseManagement.AUTOMATIC),
        collection_method=collection_of(given, default=True),
        billing_cycle_anchor=anchor,
        next_invoice_date=given.maybe_moment("next_invoice_date"),
        end_date=given.maybe_moment("end_date"),
        invoicing_status=given.named(InvoicingStatus, "invoicing_status", default=InvoicingStatus.DONE),
        seats_observed_through=anchor,
    )


def status_of(given: Given, *, default: PlanStatus | None = None) -> PlanStatus:
    """Return where the plan stands; *default* makes the key optional."""
    if given.values.get("status") == SWITCH_PLAN_TIER_NOW:
        return PlanStatus.ACTIVE
    return given.named(PlanStatus, "status", default=default)


def collection_of(given: Given, *, default: bool | None = None) -> CollectionMethod:
    """Return how the case's invoices are paid."""
    by_card = given.flag("charge_automatically", default=default)
    return CollectionMethod.CHARGE_AUTOMATICALLY if by_card else CollectionMethod.SEND_INVOICE


def customer_of(
    given: Given | None, hosting: Hosting | None, *, minimum: int | None = None, exempt: bool = False
) -> CustomerTerms:
    """Return the customer's terms; *minimum* is the fewest licenses the case says its plan may have."""
    own = given or Given({})
    discount = own.maybe_whole("flat_discount_cents")
    self_hosted = own.flag("self_hosted", default=hosting is Hosting.SELF_HOSTED)
    return CustomerTerms(
        id="customer",
        hosting=Hosting.SELF_HOSTED if self_hosted else Hosting.CLOUD,
        currency=CURRENCY,
        required_plan_tier=own.maybe_text("discount_tier", "required_plan_tier"),
        monthly_discounted_price=own.maybe_whole("monthly_discounted_price") or 0,
        annual_discounted_price=own.maybe_whole("annual_discounted_price") or 0,
        minimum_licenses=own.maybe_whole("minimum_licenses") or minimum,
        exempt_from_license_number_check=own.flag("license_check_exempt", default=exempt),
        flat_discount=DEFAULT_FLAT_DISCOUNT if discount is None else discount,
        flat_discounted_months=own.maybe_whole("flat_discounted_months") or 0,
    )


def ledger_of(given: Given, plan: Given) -> tuple[LedgerEntry, ...]:
    """Return the case's ledger, settled up to the plan's `invoiced_through`; without that key, to its last renewal."""
    entries = given.parts("ledger")
    through = plan.maybe_whole("invoiced_through")
    if "invoiced_through" not in plan.values:
        through = max((entry.whole("seq") for entry in entries if entry.flag("is_renewal")), default=None)
    return tuple(
        LedgerEntry(
            seq=entry.whole("seq"),
            event_time=entry.moment("event_time"),
            is_renewal=entry.flag("is_renewal"),
            licenses=entry.whole("licenses"),
            licenses_at_next_renewal=entry.whole("licenses_at_next_renewal"),
            allocated=through is not None and entry.whole("seq") <= through,
        )
        for entry in entries
    )


def first_entry(anchor: datetime, licenses: int = 1, at_next_renewal: int = 1) -> LedgerEntry:
    """Return a ledger's first entry, billed: one license, bought at *anchor*, where a case says nothing else."""
    return LedgerEntry(
        seq=1,
        event_time=anchor,
        is_renewal=True,
        licenses=licenses,
        licenses_at_next_renewal=at_next_renewal,
        allocated=True,
    )


def seats_seen(users: int | None, at: datetime) -> SeatObservation | None:
    """Return an observation of that many people in use at *at*."""
    return None if users is None else SeatObservation(observed_at=at, members=users, guests=0)


def facts_of(given: Given, plan_given: Given, plan: Plan, at: datetime) -> Facts:
    """Return the facts for a case about a running plan."""
    catalog = renamed(catalog_for(given), plan.tier, plan_given.maybe_text("name", "plan_name"))
    hosting = catalog.tier(plan.tier).hosting
    exempt = plan_given.flag("license_check_exempt", default=given.flag("license_check_exempt", default=False))
    return Facts(
        plan=plan,
        customer=customer_of(
            given.maybe_part("customer"), hosting, minimum=given.maybe_whole("minimum_licenses"), exempt=exempt
        ),
        catalog=catalog,
        ledger=ledger_of(given, plan_given) if given.has("ledger") else (),
        last_observation=seats_seen(given.maybe_whole("current_billable_users"), at),
        settings=SETTINGS,
    )
