"""Invoices are found by when they were paid, refunds by when they were asked for."""

from billflow.migrations.ddl import run_sql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    run_sql(
        "CREATE INDEX ix_invoice_paid_at ON invoice (org_id, paid_at) WHERE paid_at IS NOT NULL",
        "CREATE INDEX ix_refund_org_id_at ON refund (org_id, at)",
    )


def downgrade() -> None:
    """Drop them."""
    run_sql("DROP INDEX ix_invoice_paid_at", "DROP INDEX ix_refund_org_id_at")
