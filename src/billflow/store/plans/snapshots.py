"""A plan as everyone else sees it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, true

from billflow.domain.catalog import Catalog
from billflow.domain.ledger import LicenseCount
from billflow.domain.plan import InvoicingStatus
from billflow.models.contracts.invoices import InvoiceSummary
from billflow.models.contracts.plans import Attention, PlanState
from billflow.models.tables import CustomerPlan, CustomerRow, InvoiceRow, LicenseLedger, TestClock
from billflow.store.plans.mapping import plan_of

_NOT_YET = LicenseCount(0, 0)
_NEWEST = (
    select(LicenseLedger.licenses, LicenseLedger.licenses_at_next_renewal)
    .where(LicenseLedger.plan_id == CustomerPlan.id)
    .order_by(LicenseLedger.seq.desc())
    .limit(1)
    .lateral()
)
STATES = (
    select(
        CustomerPlan, CustomerRow.suspended_at, TestClock.now_at, _NEWEST.c.licenses, _NEWEST.c.licenses_at_next_renewal
    )
    .join(CustomerRow, CustomerRow.id == CustomerPlan.customer_id)
    .outerjoin(TestClock, TestClock.id == CustomerPlan.test_clock_id)
    .outerjoin(_NEWEST, true())
)
"""Plans with all that their snapshot takes; read as `StateRows`."""


class StateRows(NamedTuple):
    """One row of `STATES`."""

    plan: CustomerPlan
    suspended_at: datetime | None
    clock_at: datetime | None
    licenses: int | None
    licenses_at_next_renewal: int | None


def state_of(rows: StateRows, catalog: Catalog) -> PlanState:
    """Return the snapshot of a plan as lists show it."""
    count = LicenseCount(rows.licenses or 0, rows.licenses_at_next_renewal or 0)
    return plan_state(rows.plan, catalog, count=count, suspended_at=rows.suspended_at, clock_at=rows.clock_at)


def plan_state(
    row: CustomerPlan,
    catalog: Catalog,
    *,
    count: LicenseCount | None,
    suspended_at: datetime | None,
    clock_at: datetime | None,
) -> PlanState:
    """Return the snapshot of a plan; *count* is its newest ledger entry's, `suspended_at` its customer's."""
    held = count or _NOT_YET
    tier = catalog.tiers.get(row.tier)
    attention = attention_of(row)
    return PlanState(
        org_id=str(row.org_id),
        plan_id=str(row.id),
        customer_id=str(row.customer_id),
        tier=row.tier,
        tier_name=tier.name if tier else row.tier,
        schedule=row.schedule,
        status=row.status,
        currency=row.currency,
        price_per_license=row.price_per_license,
        fixed_price=row.fixed_price,
        license_management=row.license_management,
        collection_method=row.collection_method,
        licenses=held.licenses,
        licenses_at_next_renewal=held.licenses_at_next_renewal,
        billing_cycle_anchor=row.billing_cycle_anchor,
        next_invoice_date=row.next_invoice_date,
        end_date=row.end_date,
        due_at=plan_of(row).due_at,
        invoicing_status=InvoicingStatus.NEEDS_ATTENTION if attention else row.invoicing_status,
        attention=attention,
        awaiting_invoice_id=str(row.awaiting_invoice_id) if row.awaiting_invoice_id else None,
        suspended=suspended_at is not None,
        resume_due=row.on_hold_since is not None and suspended_at is None and row.status.is_live,
        predecessor_id=str(row.predecessor_id) if row.predecessor_id else None,
        test_clock_id=str(row.test_clock_id) if row.test_clock_id else None,
        clock_at=clock_at,
        version=row.version,
    )


def attention_of(row: CustomerPlan) -> Attention | None:
    """Return why the plan is on hold, None where it goes on."""
    if row.attention_code is None or row.attention_message is None or row.attention_since is None:
        return None
    return Attention(code=row.attention_code, message=row.attention_message, since=row.attention_since)


def summary(invoice: InvoiceRow) -> InvoiceSummary:
    """Return the little that answers need to know of an invoice."""
    return InvoiceSummary(
        org_id=str(invoice.org_id),
        invoice_id=str(invoice.id),
        plan_id=str(invoice.plan_id),
        kind=invoice.kind,
        status=invoice.status,
        collection_method=invoice.collection_method,
        total=invoice.total,
        currency=invoice.currency,
        issued_at=invoice.issued_at,
    )
