"""What reconciliation compared and found."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from billflow.domain.reconciliation import FindingKind, Repair, Severity
from billflow.models.tables.base import Base, Identified, Owned, Written, belongs_to, in_org


class ReconciliationRunRow(Identified, Owned, Written, Base):
    """One comparison of rows, Stripe and workflows; `workflow_run_id` makes beginning it twice begin it once."""

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("workflow_run_id"),
        Index("ix_reconciliation_run_org_id_started_at", "org_id", "started_at"),
    )

    workflow_run_id: Mapped[str]
    repair: Mapped[bool]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    invoices_compared: Mapped[int] = mapped_column(server_default="0")


class ReconciliationStripeInvoice(Owned, Base):
    """An invoice that Stripe listed during a run; gone when the run is finished. `total` is in Stripe's units."""

    __table_args__ = (
        belongs_to("reconciliation_run", "run_id"),
        Index("ix_reconciliation_stripe_invoice_invoice_id", "run_id", "invoice_id"),
    )

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    stripe_invoice_id: Mapped[str] = mapped_column(primary_key=True)
    invoice_id: Mapped[str]
    status: Mapped[str]
    total: Mapped[int]
    currency: Mapped[str]


class ReconciliationStripeCustomer(Owned, Base):
    """A customer that Stripe listed during a run; gone when the run is finished. `balance` is as Stripe has it."""

    __table_args__ = (belongs_to("reconciliation_run", "run_id"),)

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    stripe_customer_id: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int]
    currency: Mapped[str | None]


class ReconciliationFinding(Identified, Owned, Written, Base):
    """One disagreement, kept once per run however often it is found; `subject_id` is ours or Stripe's."""

    __table_args__ = (
        belongs_to("reconciliation_run", "run_id"),
        Index("uq_reconciliation_finding", "run_id", "kind", "subject_id", unique=True),
    )

    run_id: Mapped[UUID]
    kind: Mapped[FindingKind]
    severity: Mapped[Severity]
    subject_id: Mapped[str]
    message: Mapped[str]
    repair: Mapped[Repair | None]
    stripe_invoice_ids: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    closed_as: Mapped[str | None]
    repaired_at: Mapped[datetime | None]
    problem: Mapped[str | None]
