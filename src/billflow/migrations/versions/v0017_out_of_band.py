"""Invoices are paid, and refunds given, outside Stripe too, under a reference of that payment."""

from billflow.migrations.ddl import run_sql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for the references."""
    run_sql(
        "ALTER TABLE invoice ADD COLUMN out_of_band_reference text",
        "ALTER TABLE refund ADD COLUMN out_of_band_reference text",
    )


def downgrade() -> None:
    """Forget them."""
    run_sql(
        "ALTER TABLE invoice DROP COLUMN out_of_band_reference",
        "ALTER TABLE refund DROP COLUMN out_of_band_reference",
    )
